# How long to wait after a failed upload: longer each time, never in step with others.

import random
import struct

from thingscam.board import rtc
from thingscam.cloud import errcodes
from thingscam.util.compat import const

# First and longest wait in seconds, by what failed, and how many pictures may fail in a row
# until new ones wait as well. Our reading of the service's documentation, which only asks for
# patience.
_BOUNDS = (
    (10, 900, 0),  # retry: no answer
    (10, 10, 0),  # 4291, 4292: one more interval
    (60, 900, 0),  # 403 and any other wait
    (3600, 3600, 0),  # 413: the day's quota
    (600, 3600, 0),  # stop: one picture probes whether somebody has fixed it
    (10, 900, 16),  # retry, for a stranger's answer: it may be the picture's fault
    (600, 3600, 2),  # stop, for the same: a redirect
)
_BY_ERRCODE = {4291: 1, 4292: 1, 403: 2, 413: 3}
_BY_ACTION = {errcodes.RETRY: 0, errcodes.WAIT: 2, errcodes.STOP: 4}
_RECORD = const("<iI")  # row of _BOUNDS (-1: no failure), wait in s
_MAX_MS = const(4500000)  # the longest wait, and a fourth


class Backoff:
    """Counts failures in a row and tells how long to wait; kept over deep sleep.

    `jitter()` returns a number from 0 to 1: a fleet that lost its network together must
    not come back together.
    """

    def __init__(self, jitter=None):
        self._jitter = jitter or random.random
        self._row = -1
        self._base_s = 0
        self._wait = rtc.Deadline(rtc.RETRY, _MAX_MS)
        kept = rtc.recall(rtc.BACKOFF)
        if kept:
            row, base_s = struct.unpack(_RECORD, kept)
            if 0 <= row < len(_BOUNDS) and _BOUNDS[row][0] <= base_s <= _BOUNDS[row][1]:
                self._row = row
                self._base_s = base_s

    def success(self):
        """Forget the failures: an upload was accepted."""
        if self._row >= 0:
            self._row = -1
            self._keep()

    def failure(self, error):
        """Take note of an UploadError; return how many whole seconds to wait now.

        0 for "drop": that picture will not be sent again, and the next may go at once.
        """
        if error.action == errcodes.DROP:
            return 0
        row = _BY_ERRCODE.get(error.errcode, _BY_ACTION[error.action])
        if _is_strange(error):
            row = 5 if error.action == errcodes.RETRY else 6
        first, longest, _ = _BOUNDS[row]
        # Another kind of trouble, another patience.
        same = self._row >= 0 and _BOUNDS[self._row][:2] == (first, longest)
        self._base_s = min(2 * self._base_s, longest) if same else first
        self._row = row
        spread = int(self._base_s // 4 * self._jitter())
        # The first wait is the least there may be; a fleet must be spread all the same.
        wait_s = self._base_s + (spread if self._base_s == first else -spread)
        self._wait.set(wait_s * 1000)
        self._keep()
        return wait_s

    def left_ms(self):
        """Return the milliseconds until the next try, 0 when it may be made now."""
        return self._wait.left_ms() if self._row >= 0 else 0

    def bears(self, run):
        """Return whether new pictures need not wait, `run` having failed in a row."""
        return run < _BOUNDS[self._row][2]

    def _keep(self):
        rtc.remember(rtc.BACKOFF, struct.pack(_RECORD, self._row, self._base_s))


def is_of_picture(error):
    """Return whether an UploadError may be one picture's fault, and not that of all."""
    return error.action == errcodes.RETRY or _is_strange(error)


def _is_strange(error):
    # Whether somebody answered, and not in the service's words.
    return error.status is not None and error.errcode is None
