# `python -m tests.system.soak.day`: a day of board time with all kinds of outages, by the hour.

import contextlib
import functools
import os
import pathlib
import random
import sys
import tempfile
import time

import click

from tests.support.board import children
from tests.support.world import ROOT
from tests.system.soak import page
from tests.system.soak.judge import judge
from tests.system.soak.rig import PIR_PIN, Rig
from tests.system.soak.rounds import FAULTS

# Bytes that a reading may be above the first one: the collector is conservative, and a stale
# word on the stack may keep one frame. A leak would be seen over the hours all the same.
_HEAP_SLACK = 20480
_DRAIN_S = 3 * 3600
_ALWAYS = 1000000  # times

# Minute, minutes, what. Nobody may be in the way of another of the service's own.
DAY = (
    (0, 15, "no NTP"),
    (60, 20, "5xx"),
    (120, 40, "no Wi-Fi"),
    (180, 30, "Wi-Fi flapping"),
    (240, 30, "no DNS, no way out"),
    (300, 20, "429"),
    (360, 70, "quota used up"),
    (490, 30, "captive portal"),
    (540, 25, "line flapping"),
    (600, 30, "redirect"),
    (720, 30, "wrong certificate"),
    (840, 60, "everything at random"),
    (940, 30, "no answer"),
    (1000, 30, "new addresses"),
    (1060, 30, "403"),
    (1110, 20, "answers lost"),
    (1140, 25, "no Wi-Fi"),
    (1150, 60, "everything at random"),
    (1270, 20, "Wi-Fi flapping"),
    (1275, 40, "5xx"),
)
HOUR = (
    (0, 1, "no NTP"),
    (4, 2, "5xx"),
    (8, 3, "no Wi-Fi"),
    (14, 3, "Wi-Fi flapping"),
    (19, 2, "429"),
    (22, 2, "no DNS, no way out"),
    (26, 1, "captive portal"),
    (30, 2, "answers lost"),
    (34, 1, "wrong certificate"),
    (46, 6, "everything at random"),
)
_FAULTS = {
    "5xx": [{"errcode": 5001}, {"html": True, "status": 502}, {"errcode": 5001, "status": 503}],
    "429": [{"errcode": 4291}, {"errcode": 4292}],
    "quota used up": [{"errcode": 413}],
    "captive portal": [{"html": True}],
    "redirect": [{"redirect": "https://elsewhere.example/"}],
    "no answer": [{"no_answer": "hold"}, {"no_answer": "close"}],
    "403": [{"errcode": 403}],
    "answers lost": [{"stored_but_lost": "close"}, {"stored_but_lost": "hold"}],
    "everything at random": FAULTS,
}


class Day:
    """A day, or another plan, on one board that stays awake; `said` gets a line an hour."""

    def __init__(self, rig, plan, minutes, seed, said):
        self._rig = rig
        self._plan = plan
        self._minutes = minutes
        self._random = random.Random(seed)
        self._said = said
        self._now = []  # what is out of order
        self.heap = []
        self.descriptors = []
        self.rows = []

    @property
    def lines(self):
        """What the board has printed."""
        return self._rig.ledger.lines

    def run(self, step):
        """Let it pass, with a reading each `step` minutes; returns the Verdict."""
        rig = self._rig
        begin = rig.now_ms
        for minute, length, what in self._plan:
            rig.at(begin + minute * 60000, functools.partial(self._out, what, length))
        self._plan_motion(begin)
        rig.power_on()
        for minute in range(0, self._minutes, step):
            rig.run((begin + (minute + step) * 60000 - rig.now_ms) / 1000)
            self._read(minute + step)
        rig.forget_plan()
        ledger = rig.ledger
        rig.run(_DRAIN_S, lambda: not ledger.waiting and not ledger.phases)
        self._read("end")
        # The period ends with the plan: its last picture comes now, and none before the cut.
        rig.run(60)
        drained = rig.run(_DRAIN_S, lambda: not ledger.waiting and not ledger.phases)
        rig.cut()
        verdict = judge(ledger, rig.service)
        verdict.broken += self._more(drained)
        return verdict

    def _more(self, drained):
        found = [] if drained else ["{} still wait".format(self._rig.ledger.waiting)]
        if self._rig.ledger.starts != 1:
            found.append("{} restarts".format(self._rig.ledger.starts - 1))
        if self.heap[-1] > self.heap[0] + _HEAP_SLACK:
            found.append("heap: {} bytes, then {}".format(self.heap[0], self.heap[-1]))
        if max(self.descriptors) > min(self.descriptors) + 1:  # a kept connection is one
            found.append("descriptors: {}".format(self.descriptors))
        return found

    def _read(self, minute):
        rig = self._rig
        self.heap.append(rig.heap())
        (pid,) = children()
        self.descriptors.append(len(os.listdir("/proc/{}/fd".format(pid))))
        ledger = rig.ledger
        row = [
            "end" if minute == "end" else "{}:{:02}".format(*divmod(minute, 60)),
            len(ledger.captured),
            len(ledger.acknowledged),
            ledger.waiting,
            len(rig.service.requests),
            self.heap[-1],
            self.descriptors[-1],
            ", ".join(dict.fromkeys(self._now)) or "-",
        ]
        self._now = []
        self.rows.append(row)
        self._said(row)

    def _plan_motion(self, begin):
        end = begin + self._minutes * 60000
        at = begin + 60000
        while at < end:
            self._rig.at(at, lambda: self._rig.board.pulse(PIR_PIN, 2))
            at += self._random.expovariate(1 / 240000)

    def _out(self, what, minutes):
        rig, board = self._rig, self._rig.board
        end = rig.now_ms + minutes * 60000
        self._now.append(what)
        if what in _FAULTS:
            self._faults(_FAULTS[what], end)
        elif what == "no NTP":
            self._switch(board.ntp, end)
        elif what == "no Wi-Fi":
            self._switch(board.wifi, end)
        elif what == "no DNS, no way out":
            self._switch(board.internet, end)
        elif what == "wrong certificate":
            rig.service.impostor(True)
            rig.at(end, lambda: rig.service.impostor(False))
        elif what == "new addresses":
            self._flap(lambda up: board.wifi(up, new_address=True), end)
        else:
            self._flap(board.wifi if what == "Wi-Fi flapping" else board.internet, end)

    def _switch(self, switch, end):
        switch(False)
        self._rig.at(end, lambda: switch(True))

    def _flap(self, switch, end, up=False):
        if self._rig.now_ms >= end:
            switch(True)
            return
        switch(up)
        self._rig.at(
            self._rig.now_ms + self._random.uniform(5, 90) * 1000,
            lambda: self._flap(switch, end, not up),
        )

    def _faults(self, kinds, end):
        faults = [self._random.choice(kinds) for _ in range(200)]
        self._rig.service.fault(*faults, {**kinds[0], "times": _ALWAYS})
        self._rig.at(end, self._rig.service.clear)


def day(plan, minutes, step, seed, said=lambda row: None):
    """Let a plan come to pass; return (Day, Verdict, seconds)."""
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="day-")))
        settings = {
            "outbox": {"max_bytes": 1500000},
            "trigger": {"pir_pin": PIR_PIN, "cooldown_s": 10, "every_s": 300},
            "power": {"mode": "awake", "watchdog_s": 60},
        }
        rig = stack.enter_context(Rig(folder, settings, tls=True))
        found = Day(rig, plan, minutes, seed, said)
        verdict = found.run(step)
    return found, verdict, time.monotonic() - start


_PAGE = """# Proof by a day of outages

Made by `make day`: a day of board time in {took:.0f} s, every promise kept.

A virtual board (real MicroPython, the whole firmware, PSRAM, TLS) stays awake, takes a picture
each 5 minutes, and one when somebody walks by, each 4 minutes by chance. Network and service fail
as the last column says. Time goes 20 times as fast while something is under way, and jumps by at
most 2.5 s while nothing is.

Captured {v.captured}, stored {v.sent}, lost {v.lost}, damaged {v.damaged}. Requests: {v.requests}.
Pictures stored once more because an answer got lost: {v.repeats_by_answer}. From one request's end
to the next one's begin: {board:.2f} s at least by the board's ticks, {service:.2f} s at the
service. Restarts: 0.

{table}

The heap is what `gc.mem_alloc()` says after a collection, in bytes. Descriptors are those of the
MicroPython process, a kept connection among them.

{made}, seed {seed}.
"""
_HEADS = ["time", "captured", "sent", "waiting", "requests", "heap", "descriptors", "out of order"]


@click.command("day", context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--seed", default=1, show_default=True)
@click.option("--write", is_flag=True, help="Write docs/results/day.md.")
def main(seed, write):
    """Let a day of outages pass in fast time, and count what becomes of each picture."""
    click.echo("  ".join(_HEADS))
    found, verdict, took = day(
        DAY, 24 * 60, 60, seed, lambda row: click.echo("  ".join(map(str, row)))
    )
    click.echo("{}\n{:.0f} s: {:.0f} times as fast".format(verdict, took, 24 * 3600 / took))
    for line in verdict.broken:
        click.echo("BROKEN {}".format(line), err=True)
    if verdict.broken:
        click.echo("what the board printed: {}".format(page.kept(found.lines)), err=True)
        sys.exit(1)
    if write:
        filled = _PAGE.format(
            took=took,
            v=verdict,
            board=verdict.closest_board_ms / 1000,
            service=verdict.closest_service_ms / 1000,
            table=page.table(_HEADS, found.rows),
            made=page.made_on(),
            seed=seed,
        )
        (ROOT / "docs" / "results" / "day.md").write_text(filled)


if __name__ == "__main__":
    main()
