# The service's pace: one request in 10 seconds, counted from the end of the last one.

import struct

from thingscam.board import chip as board
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

try:
    from machine import Timer
except ImportError:  # a computer: the ticks alone open the gate
    Timer = None

_TIMER_ID = const(0)
_TICKS = const(1 << 30)  # ticks_ms() stays below
_YEAR_MS = const(31557600000)
_KNOWN = ("soft_reset", "deep_sleep")  # starts over which the last request's end is known
_DRIFT = const(20)  # a clock in deep sleep is fast by one part in so many at most


class Interval:
    """A gate that opens `period_ms` after the last request ended.

    Awake and over a soft reset the ticks count, so a clock that is set changes nothing. Over
    a deep sleep the clock does, by a stamp in RTC memory; who sets the clock calls
    clock_set(). After any other start nobody knows when the last request ended, so a period
    passes from the chip's start; `blind` tells so until a request has begun.
    """

    def __init__(self, period_ms=10000):
        self._period = period_ms
        self._open = False
        self._ended = ticks_add(ticks_ms(), self._left_at_start() - period_ms)
        self.left_ms()
        self.blind = board.start_cause() not in _KNOWN
        if self.blind:
            self._stamp()  # for a deep sleep that comes before the period has passed
        if Timer is not None and board.may_start_timer():
            # Periodic, as it may not be started often. The ticks have the last word; it has them
            # looked at before they wrap, days later.
            timer = Timer(_TIMER_ID)
            timer.init(mode=Timer.PERIODIC, period=period_ms, callback=self._on_timer)

    def restart(self):
        """Close the gate for one period.

        Call it before a request, for the board may be reset in the middle of it, and again
        when it has ended, however it did.
        """
        self._ended = ticks_ms()  # first: a callback may come between
        self._open = self.blind = False
        self._stamp()

    def ready(self):
        """Return whether the next request may start."""
        return self.left_ms() == 0

    def left_ms(self):
        """Return the milliseconds until the next request may start, 0 when it may now."""
        if self._open:
            return 0
        gone = ticks_diff(ticks_ms(), self._ended)
        # They only seem to run backwards when they have wrapped, days later.
        if 0 <= gone < self._period:
            return self._period - gone
        self._open = True
        return 0

    def clock_set(self):
        """Renew the stamp: call it when the real-time clock has been set."""
        self._stamp()

    def _on_timer(self, _timer):
        # Without a jump, as Trigger._on_rise.
        self._open |= ticks_diff(ticks_ms(), self._ended) >= self._period

    def _stamp(self):
        gone = self._period - self.left_ms()
        stamp = struct.pack("<qq", board.clock_ms() - gone, self._ended)
        board.remember(board.INTERVAL, stamp)

    def _left_at_start(self):
        cause = board.start_cause()
        if cause not in _KNOWN:
            # RTC memory may be lost by the button EN, and the clock jumps at a panic: ESP-IDF
            # brings it into line with the ticks at a planned restart only.
            gone = ticks_ms()
        else:
            stamp = board.recall(board.INTERVAL)
            if stamp is None:
                return 0
            clock, ticks = struct.unpack("<qq", stamp)
            if cause == "deep_sleep":
                gone = board.clock_ms() - clock
                gone -= gone // _DRIFT
            else:
                gone = ticks_diff(ticks_ms(), ticks) if 0 <= ticks < _TICKS else -1
        if not 0 <= gone < _YEAR_MS:  # pyright: ignore[reportOperatorIssue]
            # A stamp from the future, or from before the clock was set: one interval is safe.
            gone = 0
        return max(0, self._period - gone)  # pyright: ignore[reportOperatorIssue]
