# What was sent and cannot be deleted: it must not be sent again, whatever happens.

import struct

from thingscam.util.compat import const

_RANGE = "<III"
_MAX_RANGES = const(16)


class Undeletable:
    """Numbers of pictures that lie on a Store and were sent, as ranges.

    The last range is in `memory` too, if there is one, in 12 bytes: see Outbox.
    """

    def __init__(self, memory):
        self._memory = memory
        data = memory and memory.load()
        # [first number, last number, CRC of the last one's picture]
        self._ranges = [list(struct.unpack(_RANGE, data))] if data else []

    def look(self, store):
        """Forget what is not in the store: it may lie on another card now."""
        self._ranges = [one for one in self._ranges if _is_there(store, one)]

    def of(self, number):
        """Return the (first, last) number of the range that holds a number; or None."""
        for first, last, _ in self._ranges:
            if first <= number <= last:
                return first, last
        return None

    def add(self, store, entry):
        """Take in an Entry: into a range, if nothing waits between it and that."""
        number = entry.number
        for one in self._ranges:
            try:
                if store.search(one[1] + 1, True) == number:
                    one[1:] = number, entry.crc
                    break
                if store.search(one[0] - 1, False) == number:
                    one[0] = number
                    break
            except OSError:
                # Then it has a range of its own.
                pass
        else:
            one = [number, number, entry.crc]
            self._ranges = self._ranges[1 - _MAX_RANGES :] + [one]
        if self._memory:
            self._memory.save(struct.pack(_RANGE, *one))


def _is_there(store, one):
    try:
        last = store.load(None, one[1], False)
    except OSError:
        return False
    return last is not None and last.crc == one[2]
