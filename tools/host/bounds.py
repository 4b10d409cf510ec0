# A serial line whose every use has an end: a board may be silent, talk on for ever, or say a
# byte a minute.

import math
import time

from mpremote.transport import TransportError

_WRITE_S = 5  # until the board takes what is written


class OverError(TransportError):
    """The board has said more, or taken longer, than it may; the text says which."""


class Bounds:
    """How much may come, and how long it may take; check() raises OverError beyond limit()."""

    def __init__(self):
        self.limit(math.inf, math.inf)

    def limit(self, seconds, most, rate=math.inf):
        """From now on allow `seconds` and `most` bytes; a second more for each `rate` bytes."""
        self._seconds = seconds
        self._most = most
        self._rate = rate
        self._came = 0
        self._start = time.monotonic()

    def count(self, data):
        """Note that `data` came, and return it."""
        self._came += len(data)
        return data

    def check(self):
        """Raise OverError when it is over."""
        if self._came > self._most:
            raise OverError("it says more than {} KB".format(math.ceil(self._most / 1024)))
        if time.monotonic() - self._start > self._seconds + self._came / self._rate:
            raise OverError("it has not done in {:.0f} s what it was asked".format(self._seconds))


def bind(line):
    """Return Bounds for all that is read from pyserial's `line` from now on."""
    bounds = Bounds()
    read = line.read

    def bounded(size=1):
        bounds.check()
        return bounds.count(read(size))

    line.read = bounded
    return bounds


class BoundedLine(Bounds):
    """pyserial's `line` for mpremote, with bounds."""

    def __init__(self, line):
        super().__init__()
        self.raw = line
        self._kept, self._at = b"", 0  # what was taken, and how much of it has been read
        try:
            line.write_timeout = _WRITE_S
        except NotImplementedError:  # rfc2217:// has none
            line.write_timeout = None

    def read(self, size=1):
        """Read as pyserial does; mpremote reads byte by byte, so more is taken at once."""
        at, end = self._at, self._at + size
        if end > len(self._kept):
            self._take(size)
            at, end = 0, size
        self._at = end
        return self._kept[at:end]

    def _take(self, size):
        self.check()
        self._kept = self.rest()
        while len(self._kept) < size:
            data = self.raw.read(max(size - len(self._kept), min(self.raw.in_waiting, 4096)))
            if not data:
                break
            self._kept += self.count(data)

    def rest(self):
        """Return what was taken and not asked for yet."""
        data = self._kept[self._at :]
        self._kept, self._at = b"", 0
        return data

    def inWaiting(self):  # noqa: N802 mpremote calls it so
        """Return how many bytes are there, as pyserial does."""
        self.check()
        return max(0, len(self._kept) - self._at) or self.raw.in_waiting

    def write(self, data):
        """Write as pyserial does, but not for ever."""
        self.check()
        return self.raw.write(data)
