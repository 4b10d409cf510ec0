# Any config.json ends in a Config or a ConfigError, within 100 KB of heap and soon.

import json
import pathlib
import random
import subprocess
import sys

import pytest

from tests.support.world import ROOT

MICROPYTHON = pathlib.Path(sys.executable).parent / "micropython"
MOST = 16384
FREE = 100 * 1024  # of this machine's words, which are twice a board's
GOOD = {
    "wifi": [{"ssid": "home", "password": "wifi-password"}],
    "cloud": {
        "endpoint": "https://images.example",
        "access_token": "t0ken-value",
        "identifier": "image",
        "project_key": "pr0ject-key",
        "region": "demo",
    },
}
# With the app imported, as on a board. The second number is ms.
READ = """
import gc, sys, time
sys.path.insert(0, {lib!r})
gc.threshold(16384)  # as main.py
from thingscam import app, loop, sender
from thingscam.board import wifi
from thingscam.config import config
gc.threshold(-1)
gc.collect()
ballast = []
while gc.mem_free() > {free}:
    ballast.append(bytearray(1024))
for path in sys.argv[1:]:
    gc.collect()
    begin = time.ticks_ms()
    try:
        config.load(path, True)
        found = "read"
    except config.ConfigError as e:
        found = "ConfigError %d %s" % (len(str(e)), str(e)[-80:].replace("\\n", " "))
    print(path, time.ticks_diff(time.ticks_ms(), begin), found)
"""


def filled(begin, piece, end):
    """Return `piece` as often as it goes in between, `{}` in it counting."""
    found, number = begin, 0
    while len(found) + len(piece) + 8 + len(end) < MOST:
        found += piece.replace("{}", str(number))
        number += 1
    return found.rstrip(",") + end


def random_files():
    chance = random.Random(11)
    text = json.dumps(GOOD, indent=1)
    for _ in range(40):
        parts = [text[: chance.randrange(len(text))] for _ in range(chance.randrange(1, 60))]
        yield "".join(parts)[:MOST]


HOSTILE = {
    "unknown keys": filled("{", '"k{}":0,', "}"),
    "unknown keys in a section": filled('{"cloud":{', '"acess_tokn{}":0,', "}}"),
    "100 unknown keys": "{"
    + ",".join('"an unknown key {}": "text"'.format(i) for i in range(100))
    + "}",
    "long keys": filled("{", '"' + "k{}" * 200 + '":0,', "}"),
    "one long key": '{"' + "a" * 16000 + '":0}',
    "lists": filled('{"wifi":', "[", "").ljust(9) + "]",
    "empty lists": filled('{"wifi":[', "[],", "]}"),
    "empty objects": filled('{"camera":{}, "wifi":[', "{},", "]}"),
    "numbers": filled('{"wifi":[', "0,", "]}"),
    "floats": filled('{"wifi":[', "1.5,", "]}"),
    "networks": filled('{"wifi":[', '{"ssid":"a{}"},', "]}"),
    "wrong networks": filled('{"wifi":[', '{"sid":"a{}"},', "]}"),
    "a long number": '{"power":{"watchdog_s":' + "9" * 4000 + "}}",
    "a long text": '{"camera":{"board":"' + "b" * 16000 + '"}}',
    "long secrets": json.dumps({"cloud": {"access_token": "s" * 7000, "s" * 7000: 1}}),
    "many secrets": filled('{"wifi":[', '{"password":"pass-wo-rd{}"},', "]}"),
    "backslashes": '{"wifi": "' + "\\\\" * 8000 + '"}',
    "nested": "[" * MOST,
    "nested objects": '{"a":' * 3000,
    "zeros": "\0" * MOST,
    "too large": " " * (MOST + 1),
} | {"random {}".format(i): text for i, text in enumerate(random_files())}


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What became of each hostile file, by its name: (ms, what)."""
    folder = tmp_path_factory.mktemp("hostile")
    (folder / "good").write_text(json.dumps(GOOD))
    for name, text in HOSTILE.items():
        (folder / name).write_text(text)
    (folder / "read.py").write_text(READ.format(lib=str(ROOT / "lib"), free=FREE))
    names = ["good", *HOSTILE]
    command = [MICROPYTHON, "-X", "heapsize=1M", "read.py", *names]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    found = {}
    for name, line in zip(names, done.stdout.splitlines(), strict=True):
        ms, what = line.removeprefix(name + " ").split(" ", 1)
        found[name] = int(ms), what
    return found


def test_a_good_file_is_read(told):
    assert told["good"][1] == "read"


@pytest.mark.parametrize("name", [name for name in HOSTILE if not name.startswith("random")])
def test_a_hostile_file_is_a_configuration_error(told, name):
    ms, what = told[name]
    assert what.startswith("ConfigError "), what
    assert int(what.split()[1]) < 4000, "bounded, whatever the file"
    assert ms < 1000


def test_a_hundred_unknown_keys_are_told(told):
    assert "more" in told["100 unknown keys"][1]


def test_so_is_what_chance_makes(told):
    assert all(told[name][1].startswith("ConfigError") for name in HOSTILE if "random" in name)
