# A serial line whose every use has an end: a board may be silent, talk on for ever, or say a
# byte a minute.

import math
import time

from mpremote.transport import TransportError

_WRITE_S = 5  # until the board takes what is written


class OverError(TransportError):
    """The board has said more, or taken longer, than it may; the text says which."""


class BoundedLine:
    """pyserial's `line` for mpremote; what is beyond limit() raises OverError."""

    def __init__(self, line):
        self.raw = line
        self._kept = b""
        line.write_timeout = _WRITE_S
        self.limit(math.inf, math.inf)

    def limit(self, seconds, most, rate=math.inf):
        """From now on allow `seconds` and `most` bytes; a second more for each `rate` bytes."""
        self._seconds = seconds
        self._most = most
        self._rate = rate
        self._came = 0
        self._start = time.monotonic()

    def read(self, size=1):
        """Read as pyserial does; mpremote reads byte by byte, so more is taken at once."""
        self._check()
        while len(self._kept) < size:
            data = self.raw.read(max(size - len(self._kept), min(self.raw.in_waiting, 4096)))
            if not data:
                break
            self._came += len(data)
            self._kept += data
        data, self._kept = self._kept[:size], self._kept[size:]
        return data

    def rest(self):
        """Return what was taken and not asked for yet."""
        data, self._kept = self._kept, b""
        return data

    def inWaiting(self):  # noqa: N802 mpremote calls it so
        """Return how many bytes are there, as pyserial does."""
        self._check()
        return len(self._kept) or self.raw.in_waiting

    def write(self, data):
        """Write as pyserial does, but not for ever."""
        self._check()
        return self.raw.write(data)

    def _check(self):
        if self._came > self._most:
            raise OverError("it says more than {} KB".format(math.ceil(self._most / 1024)))
        if time.monotonic() - self._start > self._seconds + self._came / self._rate:
            raise OverError("it has not done in {:.0f} s what it was asked".format(self._seconds))
