# The service's pace: one request in 10 seconds, counted from the end of the last one.

from thingscam.board import chip, rtc
from thingscam.util.compat import const, ticks_ms

_FAST = const(20)  # a clock in deep sleep is fast by one part in so many at most


class Interval:
    """A gate that opens `period_ms` after the last request ended, also over starts of the board.

    After another start than from a deep sleep or a soft reset nobody knows when the last request
    ended, so a period passes from the chip's start, as it does from a soft reset in the middle of
    one; `blind` tells so until a request has begun.
    """

    def __init__(self, period_ms=10000):
        self._period = period_ms
        self._closed = rtc.Deadline(rtc.INTERVAL, period_ms + 1, fast=_FAST)
        cut_off = self._closed.length_ms > period_ms  # a request had only begun
        self.blind = cut_off or chip.start_cause() not in ("soft_reset", "deep_sleep")
        if self.blind:
            # RTC memory may be lost by the button EN, and the clock jumps at a panic: ESP-IDF
            # brings it into line with the ticks at a planned restart only.
            since_ms = 0 if cut_off else ticks_ms()
            self._closed.set(max(0, period_ms - since_ms))  # pyright: ignore

    def restart(self, begins=False):
        """Close the gate for one period.

        Call it when a request begins, for the board may be reset in the middle of it, and again
        when it has ended, however it did.
        """
        self.blind = False
        self._closed.set(self._period + begins)

    def ready(self):
        """Return whether the next request may start."""
        return self.left_ms() == 0

    def left_ms(self):
        """Return the milliseconds until the next request may start, 0 when it may now."""
        return self._closed.left_ms()
