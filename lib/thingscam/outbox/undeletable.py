# What was sent and cannot be deleted: it must not be sent again, whatever happens.

import struct

from thingscam.util.compat import const

_RANGE = "<III"
_MOST = const(16)


class Stuck:
    """Numbers of pictures that lie on a Shelf and were sent, as ranges.

    The last range is in `memory` too, if there is one, in 12 bytes: see Outbox.
    """

    def __init__(self, memory):
        self._memory = memory
        kept = memory and memory.load()
        # [first number, last number, CRC of the last one's picture]
        self._ranges = [list(struct.unpack(_RANGE, kept))] if kept else []

    def look(self, shelf):
        """Forget what is not on the shelf: it may lie on another card now."""
        self._ranges = [one for one in self._ranges if _is_there(shelf, one)]

    def of(self, number):
        """Return the (first, last) number of the range that holds a number; or None."""
        for first, last, _ in self._ranges:
            if first <= number <= last:
                return first, last
        return None

    def add(self, shelf, kept):
        """Take in a Kept: into a range, if nothing waits between it and that."""
        number = kept.number
        for one in self._ranges:
            try:
                if shelf.search(one[1] + 1, True) == number:
                    one[1:] = number, kept.crc
                    break
                if shelf.search(one[0] - 1, False) == number:
                    one[0] = number
                    break
            except OSError:
                # Then it has a range of its own.
                pass
        else:
            one = [number, number, kept.crc]
            self._ranges = self._ranges[1 - _MOST :] + [one]
        if self._memory:
            self._memory.save(struct.pack(_RANGE, *one))


def _is_there(shelf, one):
    try:
        last = shelf.load(None, one[1], False)
    except OSError:
        return False
    return last is not None and last.crc == one[2]
