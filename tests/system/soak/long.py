# Everything that goes wrong, at once and for long, in both power modes; and very many uploads.

import dataclasses
import time

from tests.system.soak import rounds
from tests.system.soak.ledger import judge
from tests.system.soak.rig import PIR_PIN, Rig
from tools.virtualboard.scenes import frame_of


@dataclasses.dataclass
class Kind(rounds.Kind):
    """One kind of board, which is not asked for more pictures than can go out between faults."""

    @property
    def every_s(self):
        """Seconds from picture to picture."""
        return 60


KINDS = (
    Kind("PSRAM", "awake", tls=True),
    Kind("no PSRAM", "deepsleep"),
    Kind("no PSRAM", "awake", "newest"),
    Kind("PSRAM", "deepsleep", tls=True),
)
# Beside those of the other rounds.
FAULTS = (
    {"gzip": True},
    {"gzip": True, "times": 3},
    {"html": "firewall", "status": 403},
    {"html": "gateway", "status": 502, "times": 4},
    {"html": "xml"},
    {"html": "text", "times": 2},
    {"html": "portal", "times": 5},
    {"raw": "HTTP/1.1 204 No Content\r\n\r\n"},
    {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n" + 9000 * "x"},
    {"delay": {"before_answer": 1.5}, "slow": 0.002},
)
ROUND_S = (60, 480)  # of board time
_ALWAYS = 1000000
_TIMERS = 8  # starts of the chip's timers in a power-on; the 254th may stop its clock
_DRAIN_S = 6 * 3600  # many wait after so much trouble, and new ones come meanwhile
_STILL_MS = 60000  # so long may photographing stop, beyond the period
_WRITES = 240  # of the log's files in an hour, each start among them
_HOUR_MS = 3600000
_COOLDOWN_S = 1


def soak(kind, count, seed, length_s=ROUND_S):
    """Run `count` rounds of a rounds.Kind; return a rounds.Result."""

    def run(rig, chance):
        return _Long(rig, chance, length_s)

    return rounds.soak(kind, count, seed, make=run)


def uploads(count):
    """Send `count` pictures in one power-on, awake; return (Verdict, seconds, lines)."""
    start = time.monotonic()
    settings = {
        "power": {"mode": "awake", "watchdog_s": 120},
        "trigger": {"pir_pin": PIR_PIN, "cooldown_s": _COOLDOWN_S, "every_s": 11},
    }
    with rounds.folder() as folder, Rig(folder, settings, slow_flash=True) as rig:
        ledger = rig.ledger
        rig.power_on()
        done = rig.run(count * 15 + 300, lambda: len(ledger.acknowledged) >= count)
        rig.run(60, lambda: not ledger.waiting and not ledger.phases)
        timers = rig.board.state()["timer_starts"]
        rig.cut()
        verdict = judge(ledger, rig.service)
        if not 1 <= timers <= _TIMERS:
            verdict.broken.append("timers were started {} times".format(timers))
        if not done:
            verdict.broken.append("{} of {} sent".format(len(ledger.acknowledged), count))
        if ledger.starts != 1:
            verdict.broken.append("{} restarts".format(ledger.starts - 1))
        verdict.broken += still(ledger, 11) + wears(ledger)
        return verdict, time.monotonic() - start, ledger.lines


def still(ledger, every_s):
    """Return a text for each time that no picture was tried for longer than it may be."""
    found = []
    for life, at_ms, before_ms in ledger.pauses():
        if at_ms - before_ms > every_s * 1000 + _STILL_MS:
            text = "life {}: no picture for {:.0f} s"
            found.append(text.format(life, (at_ms - before_ms) / 1000))
    return found


def wears(ledger):
    """Return a text if the log's files were written too often in some hour, else nothing."""
    writes = ledger.log_writes
    most = max(
        (sum(at <= each < at + _HOUR_MS for each in writes) for at in writes),
        default=0,
    )
    return ["{} writes of the log in an hour".format(most)] if most > _WRITES else []


class _Long(rounds.Rounds):
    def __init__(self, rig, chance, length_s):
        super().__init__(rig, chance, _DRAIN_S)
        self._length_s = length_s
        self.aside = set()  # frames that were found in rejected/

    def round(self):
        """Power on, minutes of all troubles at once, power off."""
        rig, chance = self._rig, self._random
        length = chance.uniform(*self._length_s)
        rig.power_on()
        self._firewall()
        for _ in range(int(length / 60)):
            self._later(chance.uniform(0, length), self._fault)
        for _ in range(int(length / 90)):
            self._later(chance.uniform(0, length), self._pulse)
        for _ in range(int(length / 120)):
            self._out(chance.uniform(0, length))
        if chance.random() < 0.3:
            self._bounce(chance.uniform(0, length))
        rig.run(length)
        rig.forget_plan()
        self.cuts[rig.cut() or "else"] += 1
        self._mend()
        for path, data in rig.board.files().items():
            if "/rejected/" in path:
                self.aside.add((frame_of(data) or (None,))[0])

    def more(self, kind):
        """Return what else was not as promised, a text each."""
        return still(self._rig.ledger, kind.every_s) + wears(self._rig.ledger)

    def _fault(self):
        self._rig.service.fault(self._random.choice(FAULTS + rounds.FAULTS))

    def _firewall(self):
        # Of some of the next pictures it cannot stand the bytes.
        last = max(self._rig.ledger.frames, default=0)
        for _ in range(2):
            mark = "frame {:06d}".format(last + self._random.randrange(2, 12))
            self._rig.service.fault(
                {"containing": mark, "html": "firewall", "status": 403, "times": _ALWAYS}
            )

    def _out(self, begin):
        board = self._rig.board
        switch = self._random.choice((board.wifi, board.internet, board.internet, board.ntp))
        self._later(begin, lambda: switch(False))
        self._later(begin + self._random.uniform(2, 120), lambda: switch(True))

    def _bounce(self, begin):
        for each in range(100):
            self._later(begin + each * 0.1, lambda: self._rig.board.pulse(PIR_PIN, 0.05))
