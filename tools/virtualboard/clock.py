# Board time: real time, run faster or jumped over; and the time of the world around the board.

import time

EPOCH_2000 = 946684800  # 2000-01-01 in UNIX seconds


def now_us():
    """Return the microseconds of this computer's clock that MicroPython's ticks_us() goes by."""
    return time.monotonic_ns() // 1000


class Clock:
    """Time in milliseconds of the board's world, `speed` times as fast as real time."""

    def __init__(self, speed=1.0):
        self._speed = speed
        self._base_ms = 0.0
        self._since = time.monotonic()
        self._world_ms = (time.time() - EPOCH_2000) * 1000

    def now_ms(self):
        """Return the milliseconds since the clock was made."""
        return self._base_ms + (time.monotonic() - self._since) * 1000 * self._speed

    def world_ms(self):
        """Return the UTC time around the board, in milliseconds since 2000."""
        return int(self._world_ms + self.now_ms())

    def advance(self, ms):
        """Let `ms` pass at once."""
        self._base_ms += ms

    @property
    def speed(self):
        """How many times as fast as real time."""
        return self._speed

    @speed.setter
    def speed(self, value):
        self._base_ms = self.now_ms()
        self._since = time.monotonic()
        self._speed = value

    @property
    def changed_us(self):
        """When it began to go at this speed, in microseconds of now_us()."""
        return int(self._since * 1000000)

    def real_s(self, moment_ms):
        """Return the real seconds until `moment_ms`, 0 when it is over."""
        return max(0.0, (moment_ms - self.now_ms()) / 1000 / self._speed)
