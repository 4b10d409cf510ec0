# How long to wait after a failed upload: longer each time, never in step with others.

import random

from thingscam import errcodes

# First and longest wait in seconds, by what failed. Our reading of the service's
# documentation, which only asks for patience.
_BY_ERRCODE = {403: (60, 900), 413: (3600, 3600), 4291: (10, 10), 4292: (10, 10)}
_BY_ACTION = {errcodes.RETRY: (10, 900), errcodes.WAIT: (60, 900), errcodes.STOP: (600, 3600)}


class Backoff:
    """Counts failures in a row and tells how long to wait after each.

    `jitter()` returns a number from 0 to 1; a fleet that lost its network together must
    not come back together.
    """

    def __init__(self, jitter=random.random):
        self._jitter = jitter
        self._bounds = None
        self._wait_s = 0

    def success(self):
        """Forget the failures: an upload was accepted."""
        self._bounds = None

    def failure(self, error):
        """Return how many seconds to wait after an UploadError, a whole number.

        0 for "drop": that picture will not be sent again, and the next may go at once.
        """
        if error.action == errcodes.DROP:
            return 0
        bounds = _BY_ERRCODE.get(error.errcode) or _BY_ACTION[error.action]
        if bounds != self._bounds:
            # Another kind of trouble, another patience.
            self._bounds = bounds
            self._wait_s = bounds[0]
        else:
            self._wait_s = min(2 * self._wait_s, bounds[1])
        spread = min(self._wait_s // 4, self._wait_s - bounds[0])
        return self._wait_s - int(spread * self._jitter())
