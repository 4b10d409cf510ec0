# The service's pace: one request in 10 seconds, counted from the end of the last one.

import struct

from thingscam import board
from thingscam.port import const, ticks_add, ticks_diff, ticks_ms

try:
    from machine import Timer
except ImportError:  # a computer: the ticks alone open the gate
    Timer = None

_TIMER_ID = const(0)
_YEAR_MS = const(31557600000)


class Interval:
    """A gate that opens `period_ms` after the last request ended.

    A stamp in RTC memory carries it over deep sleep and resets. While the board is awake
    only the ticks count, so a clock that is set meanwhile changes nothing; who sets it
    calls clock_set(), so that the stamp stays true as well.
    """

    def __init__(self, period_ms=10000):
        self._period = period_ms
        self._open = True
        self._ended = ticks_ms()
        self._timer = None if Timer is None else Timer(_TIMER_ID)
        self._callback = self._on_timer  # bound once: an interrupt must not allocate
        left = self._left_by_stamp()
        if left > 0:
            self._close_for(left)

    def restart(self):
        """Close the gate for one period.

        Call it before a request, for the board may be reset in the middle of it, and again
        when it has ended, however it did.
        """
        self._close_for(self._period)
        self._stamp()

    def ready(self):
        """Return whether the next request may start."""
        return self.left_ms() == 0

    def left_ms(self):
        """Return the milliseconds until the next request may start, 0 when it may now."""
        if self._open:
            return 0
        gone = ticks_diff(ticks_ms(), self._ended)
        # The ticks have the last word: a timer's callback is dropped when its queue is full.
        # They only seem to run backwards when they have wrapped, days later.
        if 0 <= gone < self._period:
            return self._period - gone
        self._open = True
        return 0

    def clock_set(self):
        """Renew the stamp: call it when the real-time clock has been set."""
        self._stamp()

    def _close_for(self, left):
        self._open = False
        self._ended = ticks_add(ticks_ms(), left - self._period)
        if self._timer is not None:
            self._timer.init(mode=Timer.ONE_SHOT, period=left, callback=self._callback)

    def _on_timer(self, _timer):
        self.left_ms()  # opens it, unless the callback is a late one for the request before

    def _stamp(self):
        gone = self._period - self.left_ms()
        stamp = struct.pack("<qq", board.clock_ms() - gone, self._ended)
        board.remember(board.INTERVAL, stamp)

    def _left_by_stamp(self):
        stamp = board.recall(board.INTERVAL)
        if stamp is None:
            return 0
        clock, ticks = struct.unpack("<qq", stamp)
        if board.start_cause() == "soft_reset":
            # The ticks go on over a soft reset, and no clock setting touches them.
            gone = ticks_diff(ticks_ms(), ticks)
        else:
            gone = board.clock_ms() - clock
        if not 0 <= gone < _YEAR_MS:
            # A stamp from the future, or from before the clock was set: one interval is safe.
            gone = 0
        return self._period - gone
