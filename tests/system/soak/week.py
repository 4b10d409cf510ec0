# `python -m tests.system.soak.week`: a week of a camera that lives on the sun, in fast time.

import contextlib
import dataclasses
import datetime
import json
import pathlib
import random
import re
import sys
import tempfile
import threading
import time

import click

from docs.draw.week import week as drawn
from tests.support.world import ROOT
from tests.system.soak import page
from tests.system.soak.service import CONFIG, Service
from tools.host import filesystem
from tools.virtualboard.air import Network
from tools.virtualboard.board import VirtualBoard
from tools.virtualboard.clock import EPOCH_2000

PLACE = (52.5, 13.4)
_PIN = 33
_PIR_PIN = 13
_SPEED = 20.0
_CALM_S = 0.008
_SAMPLE_MS = 1200000  # the curve has a point so often at least
_DAY_MS = 86400000
_LINE = re.compile(r"INFO (kept|upload) \d+ bytes .*")
_WAITING = re.compile(r", (\d+) waiting")
_LEVEL = re.compile(r"(?:WARNING|INFO) battery (low|critical|charged), (\d\.\d\d) V")
# What the sun gives by the day, 1 is a clear sky.
WEATHER = (0.1, 0.06, 0.04, 0.04, 1.0, 0.9, 0.7)


@dataclasses.dataclass
class Point:
    """What there was at a moment, in ms since the begin; `charge` in percent, voltage in mV."""

    at_ms: int
    charge: float
    mv: int
    level: str
    taken: int
    sent: int
    waiting: int
    used_mah: float


class Week:
    """One board on a cell of `mah`, charged to `charge`, under a sky as `weather` says by the day.

    It takes a picture each `every_s`, and of `motions` a day. `points` is its curve, `levels`
    [(ms, level)]; `wakes`, `took`, `went` and `sessions` when it started, took a picture, sent
    one, and joined Wi-Fi; `lines` are what it has printed.
    """

    def __init__(self, folder, mah, charge, panel_ma, weather, every_s, motions, seed=1):
        self._service = Service(folder / "service")
        self._weather = weather
        self._motions = motions
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._rest = ""
        self._heard_at = 0.0
        self.lines, self.points, self.levels, self.wakes = [], [], [], []
        self.took, self.went, self.sessions = [], [], []
        self.waiting = 0
        files = filesystem.firmware_files(compiled=True)
        files["config.json"] = json.dumps(
            {
                "wifi": [{"ssid": "yard", "password": "correct horse"}],
                "cloud": {**CONFIG, "endpoint": self._service.url, "ca": None},
                "camera": {"frame_size": "QVGA"},
                "trigger": {"pir_pin": _PIR_PIN, "every_s": every_s},
                "power": {"mode": "deepsleep"},
                "battery": {"pin": _PIN},
            }
        )
        self.board = VirtualBoard(
            files,
            image=folder / "flash.img",
            speed=_SPEED,
            fair=True,
            networks=[Network("yard", "correct horse", -58)],
            sun=PLACE,
            battery={"mah": mah, "pin": _PIN, "panel_ma": panel_ma},
        )
        # A Monday in May at midnight UTC, whatever today is.
        self.board.advance((_next_may(self.board.world_ms) - self.board.world_ms) / 1000)
        self.board.charge(charge)
        self._begin = self.board.world_ms
        self._used = self.board.state()["battery"]["used_mah"]
        self._got = self.board.state()["battery"]["got_mah"]
        self._service.now_ms = self._service.steady_ms = lambda: self.board.world_ms
        self.board.on_output(self._heard)

    def run(self):
        """Let it pass."""
        plan = self._planned()
        self.board.start()
        end = len(self._weather) * _DAY_MS
        while self.now_ms < end:
            while plan and plan[0][0] <= self.now_ms:
                plan.pop(0)[1]()
            self._go(min([end] + [at for at, _ in plan[:1]]))
        self._point()

    def close(self):
        """Switch it off."""
        self.board.stop()
        self._service.stop()

    @property
    def now_ms(self):
        """Milliseconds since the begin."""
        return self.board.world_ms - self._begin

    @property
    def taken(self):
        """How many pictures it has taken."""
        return len(self.took)

    @property
    def sent(self):
        """How many it says that it has sent."""
        return len(self.went)

    @property
    def stored(self):
        """How many pictures the service has."""
        return len(list((self._service.folder / "images").glob("*.jpg")))

    def drawn_mah(self):
        """Return (mAh that the board has taken, mAh that the panel has put in)."""
        found = self.board.state()["battery"]
        return found["used_mah"] - self._used, found["got_mah"] - self._got

    def daily(self, spans):
        """Return the mAh a day that the board has drawn in `spans`, [(begin, end)] in ms."""
        used = hours = 0.0
        for a, b in zip(self.points, self.points[1:], strict=False):
            if any(begin <= a.at_ms and b.at_ms <= end for begin, end in spans):
                used += b.used_mah - a.used_mah
                hours += (b.at_ms - a.at_ms) / 3600000
        return used / hours * 24 if hours else 0.0

    def _planned(self):
        plan = []
        for day, clear in enumerate(self._weather):
            plan.append((day * _DAY_MS, lambda clear=clear: self.board.weather(clear)))
            for _ in range(self._motions):
                at = day * _DAY_MS + self._random.uniform(5, 21) * 3600000
                plan.append((at, lambda: self.board.pulse(_PIR_PIN, 3)))
        return sorted(plan, key=lambda each: each[0])

    def _go(self, due):
        state = self.board.state()
        left = state["wakes_in_ms"]
        if state["power"] == "running" or time.monotonic() - self._heard_at < _CALM_S:
            time.sleep(0.004)
            return
        if not self.points or self.now_ms - self.points[-1].at_ms >= _SAMPLE_MS:
            self._point()
        jump = min(due - self.now_ms, _SAMPLE_MS, *([] if left is None else [left]))
        self.board.advance(max(jump, 1) / 1000)
        time.sleep(0.004)

    def _point(self):
        found = self.board.state()["battery"]
        level = self.levels[-1][1] if self.levels else "good"
        self.points.append(
            Point(
                self.now_ms,
                found["charge"] * 100,
                found["mv"],
                level,
                len(self.took),
                len(self.went),
                self.waiting,
                found["used_mah"],
            )
        )

    def _heard(self, text):
        with self._lock:
            *lines, self._rest = (self._rest + text).split("\n")
            for line in lines:
                self._line(line.strip())
            self._heard_at = time.monotonic()

    def _line(self, line):
        self.lines.append(line)
        found = _LINE.match(line)
        if found:
            (self.took if found[1] == "kept" else self.went).append(self.now_ms)
        if line.startswith("INFO Wi-Fi "):
            self.sessions.append(self.now_ms)
        found = _WAITING.search(line)
        if found:
            self.waiting = int(found[1])
        found = _LEVEL.match(line)
        if found:
            level = {"charged": "good"}.get(found[1], found[1])
            self.levels.append((self.now_ms, level))
        if line.startswith("rst:"):
            self.wakes.append(self.now_ms)


def _next_may(world_ms):
    now = datetime.datetime.fromtimestamp(world_ms / 1000 + EPOCH_2000, datetime.UTC)
    first = datetime.datetime(now.year, 5, 11, tzinfo=datetime.UTC)
    if first <= now:
        first = first.replace(year=now.year + 1)
    first += datetime.timedelta(days=-first.weekday() % 7)
    return int((first.timestamp() - EPOCH_2000) * 1000)


def judged(found, levels=("low", "critical", "low", "good")):
    """Return what is wrong with a Week that is over, a list of texts."""
    wrong = []
    if tuple(level for _, level in found.levels) != levels:
        wrong.append("levels: {}".format(found.levels))
    if found.sent != found.stored or found.taken - found.waiting != found.sent:
        text = "taken {}, sent {}, stored {}, waiting {}"
        wrong.append(text.format(found.taken, found.sent, found.stored, found.waiting))
    wrong += [line for line in found.lines if "dropped" in line or "Traceback" in line]
    return wrong


@contextlib.contextmanager
def made(**options):
    """A Week in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="week-") as folder:
        found = Week(pathlib.Path(folder), **options)
        try:
            yield found
        finally:
            found.close()


_TABLE = """<!-- by `make week` -->

| level | hours | pictures taken | sent | times joined | wake-ups | mAh a day for the board |
|---|--:|--:|--:|--:|--:|--:|
{rows}

{made};
the week took {took:.0f} s. In all {used:.0f} mAh were drawn, {got:.0f} came from the panel.

<!-- end -->"""
WEEK = {"mah": 1000, "charge": 0.45, "panel_ma": 50, "every_s": 1800, "motions": 6}


def rows(found):
    """Return the table's rows, by level, as texts."""
    end = found.points[-1].at_ms
    parts = [(0, "good"), *found.levels, (end, None)]
    lines = []
    for wanted in ("good", "low", "critical"):
        spans = [(a, b) for (a, level), (b, _) in zip(parts, parts[1:], strict=False)
                 if level == wanted]  # fmt: skip
        hours = sum(b - a for a, b in spans) / 3600000

        def count(moments, spans=spans):
            return sum(any(a <= at < b for a, b in spans) for at in moments)

        lines.append([
            wanted, "{:.1f}".format(hours), count(found.took), count(found.went),
            count(found.sessions), count(found.wakes), "{:.0f}".format(found.daily(spans)),
        ])  # fmt: skip
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)


@click.command("week", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default=1, show_default=True)
@click.option(
    "--write", is_flag=True, help="Write docs/week.svg, and the table in docs/energy.md."
)
def main(seed, write):
    """Let a week by the sun pass in fast time, and draw it."""
    start = time.monotonic()
    with made(weather=WEATHER, seed=seed, **WEEK) as found:
        found.run()
        took = time.monotonic() - start
        wrong = judged(found)
        used, got = found.drawn_mah()
        click.echo("{} taken, {} sent, {:.0f} s".format(found.taken, found.sent, took))
        click.echo(rows(found))
        for line in wrong:
            click.echo("BROKEN {}".format(line), err=True)
        if wrong:
            click.echo("what the board printed: {}".format(page.kept(found.lines)), err=True)
            sys.exit(1)
        if write:
            (ROOT / "docs" / "week.svg").write_text(drawn(found, WEATHER), "utf-8")
            text = _TABLE.format(
                rows=rows(found), made=page.made_on(), took=took, used=used, got=got
            )
            path = ROOT / "docs" / "energy.md"
            before = path.read_text("utf-8")
            path.write_text(
                re.sub(
                    r"<!-- by `make week` -->.*<!-- end -->", lambda _: text, before, flags=re.S
                )
            )


if __name__ == "__main__":
    main()
