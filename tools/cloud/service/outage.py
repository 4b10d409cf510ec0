# The service fails for a while: errcode 5001 for every request of a device, for some seconds.

import asyncio

from .faults import ANY, Fault

SECONDS = 30

# More requests than can come in that time.
_MANY = 1_000_000_000


def _in_seconds(seconds, callback):
    return asyncio.get_running_loop().call_later(seconds, callback)


class Outage:
    """Fails requests by way of `faults` (Faults) until its seconds are over.

    `changed` is called without arguments whenever `left` is another; `later` is called
    with seconds and a callback and returns something with cancel().
    """

    def __init__(self, faults, changed, later=_in_seconds):
        self._faults = faults
        self._changed = changed
        self._later = later
        self._fault = Fault(errcode=5001, times=_MANY, on=ANY)
        self._next = None
        self.left = 0

    def begin(self, seconds=SECONDS):
        """Fail from now on, for so many whole seconds."""
        self.end()
        self._fault = Fault(errcode=5001, times=_MANY, on=ANY)
        self._faults.add([self._fault])
        self._set(seconds)

    def end(self):
        """Fail no longer."""
        if self._next is not None:
            self._next.cancel()
        self._faults.withdraw(self._fault)
        self._set(0)

    def _set(self, left):
        self.left = left
        self._next = self._later(1, self._second) if left else None
        self._changed()

    def _second(self):
        # The queue may have been cleared meanwhile, by way of /_faults.
        if self.left > 1 and self._faults.waits(self._fault):
            self._set(self.left - 1)
        else:
            self.end()
