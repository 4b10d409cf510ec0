# Power cuts at random moments, round after round, while triggers come and the service misbehaves.

import collections
import concurrent.futures
import contextlib
import dataclasses
import pathlib
import random
import tempfile
import time

from tests.system.soak.judge import judge
from tests.system.soak.rig import Rig

# Fractions of a real second in which to cut, once the board has begun the step.
MOMENTS = {"capture": 0.006, "put": 0.006, "upload": 0.02, "remove": 0.004}
_SHORT_S = (0, 4)  # now and then: hardly a start
_CAMERA_TROUBLE = 0.05  # of the captures
DRAIN_S = 1800
_PROFILES = {"PSRAM": "ai-thinker", "no PSRAM": "ttgo-t-journal"}

# What the service does wrong; seconds are real ones, of which a board sees twenty times as many.
FAULTS = (
    {"errcode": 5001},
    {"errcode": 4009},
    {"errcode": 5001, "status": 503, "close": True},
    {"early": 5001},
    {"errcode": 4291},
    {"errcode": 4292},
    {"errcode": 403},
    {"html": True},
    {"html": True, "status": 502},
    {"garbage": 300},
    {"raw": "HTTP/1.1 500 Oh\r\n\r\n"},
    {"no_answer": "close"},
    {"no_answer": "hold"},
    {"reset_after": 0},
    {"reset_after": 3000},
    {"cut": 9},
    {"cut": 150},
    {"content_length": -5},
    {"content_length": 5},
    {"slow": 0.001},
    {"delay": {"before_read": 0.1}},
    {"delay": {"before_answer": 0.3}},
    {"delay": {"before_answer": 1.0}},
    {"stored_but_lost": "close"},
    {"stored_but_lost": "hold"},
    {"close": True},
)
_QUOTA = {"errcode": 413}  # an hour of silence: rarely


@dataclasses.dataclass
class Kind:
    """One kind of board: rounds of it follow one another on one flash."""

    memory: str = "PSRAM"
    mode: str = "awake"
    order: str = "oldest"
    tls: bool = False
    card: bool = False
    rough: bool = False  # of Rig
    reports: bool = False

    @property
    def every_s(self):
        """Seconds from picture to picture: only where nothing waits one is sent from memory."""
        return 40 if self.memory == "PSRAM" else 20

    def __str__(self):
        words = [self.memory, self.mode, self.order + " first", "TLS" if self.tls else "plain"]
        return ", ".join(words + ["SD card"] * self.card + ["reports"] * self.reports)


KINDS = (
    Kind(),
    Kind("no PSRAM", "deepsleep", "newest", reports=True),
    Kind("PSRAM", "deepsleep"),
    Kind("no PSRAM", "awake"),
    Kind("PSRAM", "awake", "newest"),
    Kind("no PSRAM", "deepsleep"),
    Kind("PSRAM", "deepsleep", "newest", True),
    Kind("no PSRAM", "awake", "oldest", True, reports=True),
)


@dataclasses.dataclass
class Result:
    """What came of the rounds of one Kind."""

    kind: Kind
    rounds: int
    verdict: object
    cuts: collections.Counter
    starts: int
    lines: list  # what the board has printed
    troubles: collections.Counter
    took_s: float

    @property
    def broken(self):
        """The promises not kept, a text each."""
        return self.verdict.broken


@contextlib.contextmanager
def folder():
    """Make a folder for one rig, and take it away again."""
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        yield pathlib.Path(name)


def soak(kind, rounds, seed, files=None, drain_s=DRAIN_S, make=None, **sections):
    """Run `rounds` of a Kind and return the Result; the same `seed` plans the same.

    `sections` are more of config.json, `files` change the firmware; `drain_s`: for so long the
    board may send what waits; `make(rig, chance)` makes other Rounds.
    """
    start = time.monotonic()
    with contextlib.ExitStack() as stack:
        settings = {
            "outbox": {"order": kind.order, "max_bytes": 1500000},
            "power": {"mode": kind.mode, "watchdog_s": 120},
            "trigger": {"cooldown_s": 1, "every_s": kind.every_s},
            **sections,
        }
        if kind.reports:
            settings["report"] = {"every_s": 60}
        rig = stack.enter_context(
            Rig(
                stack.enter_context(folder()),
                settings,
                profile=_PROFILES[kind.memory],
                tls=kind.tls,
                files=files,
                slow_flash=True,
                trouble=_CAMERA_TROUBLE,
                card=kind.card,
                rough=kind.rough,
            )
        )
        chance = random.Random("{} {}".format(kind, seed))
        run = make(rig, chance) if make else Rounds(rig, chance, drain_s)
        for _ in range(rounds):
            run.round()
        left = run.drain()
        verdict = judge(rig.ledger, rig.service, run.faults)
        verdict.broken += left + run.more(kind)
        return Result(
            kind,
            rounds,
            verdict,
            run.cuts,
            rig.ledger.starts,
            rig.ledger.lines,
            run.troubles,
            time.monotonic() - start,
        )


class Rounds:
    """Rounds of one board in a rig: power on, trouble, power off."""

    faults = None  # of flash and card: there are none
    moments = MOMENTS
    steps = ("any", "any", *MOMENTS)  # to cut in, by lot
    length_s = (10, 80)  # of board time
    troubles = collections.Counter()

    def __init__(self, rig, chance, drain_s):
        self._rig = rig
        self._random = chance
        self._drain_s = drain_s
        self.cuts = collections.Counter()
        self._during = False  # somebody is to walk by while it sends

    def round(self):
        """Power on, trouble, power off."""
        rig, chance = self._rig, self._random
        length = chance.uniform(*(_SHORT_S if chance.random() < 0.1 else self.length_s))
        rig.power_on()
        if chance.random() < 0.3:
            self._wait_for_nothing()
            rig.run(10)  # the next one may be sent from memory
        self._plan_faults()
        self._plan_triggers(length)
        self._plan_network(length)
        phase = chance.choice(self.steps)
        moment = self._moment(phase)
        if rig.run(length, moment):
            time.sleep(chance.uniform(0, self.moments[phase]))
        rig.forget_plan()
        self.cuts[rig.cut() or "else"] += 1
        self._mend()

    def more(self, kind):
        """Return what else was not as promised, a text each."""
        return []

    def _mend(self):
        rig = self._rig
        rig.service.clear()
        rig.board.wifi(True)
        rig.board.internet(True)
        rig.board.ntp(True)
        rig.board.pin(rig.pir_pin, 0)

    def drain(self):
        """Have all that waits sent; return what is wrong with what is left."""
        rig = self._rig
        rig.power_on()
        self._wait_for_nothing()
        rig.cut()
        files = rig.board.files()
        if rig.board.state()["card"] is not None:
            files |= rig.board.card_files()
        waiting = [
            path
            for path in files
            if path.startswith("outbox/") and files[path] and "/rejected/" not in path
        ]
        return ["left in the outbox: " + path for path in waiting]

    def _wait_for_nothing(self):
        # Until all is sent: pictures come meanwhile, but more can be sent.
        ledger = self._rig.ledger
        begin = len(ledger.acknowledged)
        self._rig.run(
            self._drain_s,
            lambda: (
                ledger.ready
                and not ledger.waiting
                and not ledger.phases
                and len(ledger.acknowledged) > begin
            ),
        )

    def _plan_faults(self):
        chance = self._random
        faults = chance.choices(FAULTS, k=chance.choice((0, 0, 1, 1, 2, 3)))
        if chance.random() < 0.03:
            faults.append(_QUOTA)
        if faults:
            self._rig.service.fault(*faults)

    def _plan_triggers(self, length):
        chance = self._random
        for _ in range(chance.choice((0, 0, 1, 1, 2, 3))):
            self._later(chance.uniform(0, length), self._pulse)
        self._during = chance.random() < 0.5

    def _plan_network(self, length):
        chance, board = self._random, self._rig.board
        for switch, likely in ((board.wifi, 0.15), (board.internet, 0.15), (board.ntp, 0.1)):
            if chance.random() < likely:
                begin = chance.uniform(0, length)
                self._later(begin, lambda switch=switch: switch(False))
                if chance.random() < 0.7:
                    self._later(begin + chance.uniform(1, 15), lambda switch=switch: switch(True))

    def _later(self, seconds, action):
        self._rig.at(self._rig.now_ms + seconds * 1000, action)

    def _pulse(self):
        self._rig.board.pulse(self._rig.pir_pin, 2)

    def _moment(self, phase):
        # Returns what tells that the step has begun, some time from now.
        seen = self._rig.ledger.seen
        uploads = seen.get("upload", 0)
        wanted = seen.get(phase, 0) + self._random.choice((1, 1, 2, 3))

        def come():
            if self._during and seen.get("upload", 0) > uploads:
                self._during = False
                self._pulse()  # somebody walks by while it sends
            return phase in self.moments and seen.get(phase, 0) >= wanted

        return come


def together(rounds, seed, kinds=KINDS, workers=2, said=lambda result: None, run=soak):
    """Run so many rounds, divided among the kinds, some at a time; return the Results."""

    def one(at):
        result = run(kinds[at], rounds // len(kinds) + (at < rounds % len(kinds)), seed)
        said(result)
        return result

    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(one, range(min(rounds, len(kinds)))))
