# Everything that goes wrong, at once and for long, in both power modes; and very many uploads.

import dataclasses
import time

from tests.system.soak import rounds
from tests.system.soak.judge import Faults, deaf, judge, still, wears
from tests.system.soak.rig import PIR_PIN, Rig
from tests.system.soak.troubles import Troubles


@dataclasses.dataclass
class Kind(rounds.Kind):
    """One kind of board, which is not asked for more pictures than can go out between faults."""

    rough: bool = True

    @property
    def every_s(self):
        """Seconds from picture to picture."""
        return 60


KINDS = (
    Kind("PSRAM", "awake", tls=True),
    Kind("no PSRAM", "deepsleep"),
    Kind("PSRAM", "awake", card=True),
    Kind("PSRAM", "deepsleep", tls=True),
    Kind("no PSRAM", "awake", "newest"),
    Kind("PSRAM", "deepsleep", "newest", tls=True, card=True),
)
ROUND_S = (60, 480)  # of board time
_TROUBLE_S = 20  # from one trouble to the next, on an average
_PULSE_S = 90
_FULL = 0.25  # of the rounds begin with a flash, or a card, that is full
_CLOCK_FAST = 0.05  # of the chip's clock in a deep sleep, at the most
_DRAIN_S = 6 * 3600  # many wait after so much trouble, and new ones come meanwhile
_COOLDOWN_S = 1


def soak(kind, count, seed, length_s=ROUND_S):
    """Run `count` rounds of a Kind; return a rounds.Result."""

    def run(rig, chance):
        return _Long(rig, chance, length_s, kind)

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
        rig.run(300, lambda: not ledger.waiting and not ledger.phases)
        timers = rig.board.state()["timer_starts"]
        rig.cut()
        verdict = judge(ledger, rig.service)
        if timers:  # the 254th would stop the ticks
            verdict.broken.append("timers were started {} times".format(timers))
        if not done:
            verdict.broken.append("{} of {} sent".format(len(ledger.acknowledged), count))
        if ledger.starts != 1:
            verdict.broken.append("{} restarts".format(ledger.starts - 1))
        verdict.broken += still(ledger, 11) + wears(ledger)
        return verdict, time.monotonic() - start, ledger.lines


class _Long(rounds.Rounds):
    def __init__(self, rig, chance, length_s, kind):
        super().__init__(rig, chance, _DRAIN_S)
        self._length_s = length_s
        self._kind = kind
        self.faults = Faults(lambda: rig.board.steady_ms, strict=True)
        self._troubles = Troubles(rig, chance, self.faults, rounds.FAULTS)
        self._names = self._troubles.names(kind.tls, kind.card)
        rig.board.ntp(True)

    @property
    def troubles(self):
        """How often each trouble was played, by name."""
        return self._troubles.count

    def round(self):
        """Power on, minutes of all troubles at once, power off."""
        rig, chance = self._rig, self._random
        length = chance.uniform(*self._length_s)
        if chance.random() < _FULL:
            media = ("flash", "card") if self._kind.card else ("flash",)
            self._troubles.fill(chance.choice(media))
        rig.board.clock_fast(chance.uniform(-_CLOCK_FAST, _CLOCK_FAST))
        rig.power_on()
        self._troubles.firewall()
        for _ in range(round(length / _TROUBLE_S)):
            self._later(chance.uniform(0, length), lambda: self._troubles.play(self._names))
        for _ in range(round(length / _PULSE_S)):
            self._later(chance.uniform(0, length), self._pulse)
        rig.run(length)
        rig.forget_plan()
        self.cuts[rig.cut() or "else"] += 1
        self._troubles.fix()

    def more(self, kind):
        """Return what else was not as promised, a text each."""
        ledger = self._rig.ledger
        return still(ledger, kind.every_s) + wears(ledger) + deaf(ledger)
