# Several pictures for one motion, and one more each time that the sensor's line stays high.

from thingscam.board import places, rtc
from thingscam.cloud.errcodes import PACE
from thingscam.extra import Extra
from thingscam.trigger import Trigger
from thingscam.util.compat import const, sleep_ms, ticks_add, ticks_diff, ticks_ms

_LOOP_MS = const(20)
_REST_MS = const(1000)  # as in trigger.py: the loop's share


class Bursts(Trigger):
    """A Trigger that asks for `burst` pictures, `burst_ms` apart, for one motion.

    Their causes are "pir 1/5", "pir 2/5" and so on. A camera that takes longer is asked again
    at once; what it missed is not made up. While the line stays high, one more picture is asked
    for every `retrigger_s` seconds, over deep sleep too; not while the line bounces. The
    cooldown counts from the last of all these.
    """

    def __init__(self, settings, log):
        self._burst = settings.burst
        self._burst_ms = settings.burst_ms
        self._again_ms = settings.retrigger_s * 1000
        self._taken = 0  # of the burst under way; 0: none is
        self._next = 0  # ticks: when the next one of it is due
        super().__init__(settings, log)
        self._again = rtc.Deadline(places.AGAIN, self._again_ms)
        if not self._again.length_ms:
            self._wait()

    def cause(self):
        """Return as Trigger does, and which of a burst it is behind the word."""
        if self._taken:
            if self.follows_ms():
                return None
            self.pending()  # the line is looked at all the same
            return self._member()
        cause = super().cause()
        if cause == "pir" and self._burst > 1:
            return self._member()
        if cause is None and self._stays():
            self._cooling.set(self._cooldown_ms)
            cause = "pir"
        if cause is not None:
            self._wait()
        return cause

    def follows_ms(self):
        """Return the milliseconds until the next picture of a burst; -1 while there is none."""
        return max(ticks_diff(self._next, ticks_ms()), 0) if self._taken else -1

    def sleep_plan(self):
        """Return as Trigger does; at a high line it is the next picture that ends the sleep."""
        ms, pin = super().sleep_plan()
        if self._again_ms and self._pin is not None and pin is None and not self._bounces:
            ms = min(ms, max(self._again.left_ms(), 1))
        return ms, pin

    def _member(self):
        self._taken += 1
        cause = "pir %d/%d" % (self._taken, self._burst)
        self._next = ticks_add(ticks_ms(), self._burst_ms)
        if self._taken == self._burst:
            self._taken = 0
        self._cooling.set(self._cooldown_ms)
        self._wait()
        return cause

    def _wait(self):
        if self._again_ms:
            self._again.set(self._again_ms)

    def _stays(self):
        # Whether the line has been high for so long that it is time for one more.
        if not self._again_ms or not self._high or self._bounces or self._cooling.left_ms():
            return False
        return self._again.left_ms() <= 0 and not self._is_resting(_REST_MS)

    def _is_wanted(self, now):
        return bool(self._taken) or self._stays() or super()._is_wanted(now)


class Pause(Extra):
    """Lets nothing be sent while a burst is taken: what is under way goes on."""

    def __init__(self, trigger):
        self._trigger = trigger

    def blocked_reason(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return the pace: the pictures wait, and nothing is wrong."""
        return PACE if self._trigger.follows_ms() >= 0 else None


def finish(capture, feed):
    """Have `capture` take the rest of a burst that is under way; call feed() meanwhile."""
    while capture.trigger.follows_ms() >= 0:
        feed()
        sleep_ms(min(capture.trigger.follows_ms(), _LOOP_MS))
        capture.photograph()
