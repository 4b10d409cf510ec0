# schedule: time zones as CPython's zoneinfo has them, and the sun in floats of 32 bits.

import ast
import datetime
import importlib.resources
import io
import json
import re
import struct
import zoneinfo

import pytest

from tests.support.world import ROOT
from thingscam.config import config
from thingscam.schedule import sun
from thingscam.schedule.zone import Zone

# By rules that hold for ten years: Cuba's do not in 2026, Morocco's in no year.
ZONES = [
    "Africa/Cairo",
    "America/Asuncion",
    "America/New_York",
    "America/Nuuk",
    "America/Santiago",
    "America/Sao_Paulo",
    "America/St_Johns",
    "Antarctica/Troll",
    "Asia/Beirut",
    "Asia/Jerusalem",
    "Asia/Kathmandu",
    "Asia/Shanghai",
    "Asia/Tehran",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Auckland",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
]
BEGIN = 1767225600  # 1 January 2026
HOUR = 3600
EPOCH = datetime.datetime(1970, 1, 1)
SECOND = datetime.timedelta(seconds=1)


@pytest.mark.parametrize("name", ZONES)
def test_ten_years_of_a_zone(name):
    raw = importlib.resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).read_bytes()
    zone = Zone(raw.rstrip(b"\n").rpartition(b"\n")[2].decode())
    real = zoneinfo.ZoneInfo.from_file(io.BytesIO(raw))

    def offset(utc):
        return datetime.datetime.fromtimestamp(utc, real).utcoffset() // SECOND

    before = offset(BEGIN)
    for utc in range(BEGIN, BEGIN + 3653 * 24 * HOUR, HOUR):
        found = offset(utc)
        assert zone.offset(utc) == found, utc
        if found != before:
            for minute in range(utc - 3 * HOUR, utc + 3 * HOUR, 60):
                assert zone.offset(minute) == offset(minute), minute
                for local in (minute + before, minute + found):
                    wall = EPOCH + local * SECOND
                    assert zone.utc(local) == wall.replace(tzinfo=real).timestamp(), local
        before = found


class _Single(ast.NodeTransformer):
    # Has each value rounded to 32 bits, as an ESP32's MicroPython has it.

    def _rounded(self, node):
        self.generic_visit(node)
        return ast.copy_location(ast.Call(ast.Name("single", ast.Load()), [node], []), node)

    def visit(self, node):
        rounded = isinstance(node, ast.BinOp | ast.UnaryOp | ast.Call | ast.Constant)
        return self._rounded(node) if rounded else self.generic_visit(node)


def single(value):
    return struct.unpack("f", struct.pack("f", value))[0] if isinstance(value, float) else value


def test_floats_of_32_bits_are_enough():
    path = ROOT / "lib/thingscam/schedule/sun.py"
    tree = ast.fix_missing_locations(_Single().visit(ast.parse(path.read_text())))
    names = {"single": single}
    exec(compile(tree, path, "exec"), names)
    worst = 0
    for day in range(20454, 25934, 53):  # 2026 to 2041
        for latitude in range(-64, 65, 8):
            place = latitude + 0.3, latitude * 2.7
            found = names["times"](day, *map(single, place))
            worst = max(
                worst, *(abs(a - b) for a, b in zip(found, sun.times(day, *place), strict=True))
            )
    assert worst <= 5
    assert worst > 0  # it was rounded


def test_the_manuals_examples_are_right():
    text = (ROOT / "docs/board.md").read_text().split("\n## Hours\n")[1].split("\n## ")[0]
    examples = re.findall(r"(?:^ {4}.*\n)+", text, re.M)
    assert len(examples) == 3
    cloud = {"endpoint": "http://a.b", "identifier": "image", "region": "demo"}
    cloud |= {"access_token": "t0ken-value", "project_key": "pr0ject-key"}
    for example in examples:
        data = json.loads("{" + example + "}") | {"cloud": cloud}
        assert config.parse(json.dumps(data).encode()).schedule.windows
