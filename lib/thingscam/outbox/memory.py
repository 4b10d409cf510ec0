# Pictures that flash or card did not take: held in memory, and sent from there.

import gc

from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_MAX_PICTURES = const(4)  # with PSRAM
_TRIES = const(5)
_PAUSE_MS = const(10000)  # between two tries to keep them after all
# Places in an entry: the frame, when it was taken, why; whether it is a buffer that the next
# capture overwrites; how often it was offered.
_LENT = const(3)
_TRIED = const(4)


class Held:
    """At most four pictures, one on a board without PSRAM (`roomy` False). `log` is a Log.

    There it is the camera driver's own buffer, if memory for a copy is short: it must be sent
    before the next capture, and nothing is captured while it is.
    """

    def __init__(self, roomy, log):
        self._max = _MAX_PICTURES if roomy else 1
        self._log = log
        self._all = []
        self._again = ticks_add(ticks_ms(), _PAUSE_MS)
        self._offered = None

    def __len__(self):
        return len(self._all)

    def is_lending(self):
        """Return whether a driver's buffer is being sent."""
        return self._offered is not None and self._offered[_LENT]

    def add(self, frame, captured_at, cause):
        """Hold a picture; the oldest may have to give way."""
        if len(self._all) >= self._max and not self._lose(self._all[0]):
            return
        lent = not isinstance(frame, bytes)
        free = gc.mem_free() if hasattr(gc, "mem_free") else 0
        if lent and (self._max > 1 or free > 3 * len(frame)):
            try:
                frame = bytes(frame)
                lent = False
            except MemoryError:
                # It is lent then.
                pass
        self._all.append([frame, captured_at, cause, lent, 0])

    def give_back(self):
        """Forget what is the driver's: the next capture is about to overwrite it."""
        for one in [one for one in self._all if one[_LENT]]:
            self._lose(one)

    def offer(self, send):
        """Have the oldest sent by `send(frame, captured_at, cause)`, which says whether it was.

        Returns whether it is settled.
        """
        one = self._offered = self._all[0]
        accepted = False
        try:
            accepted = send(*one[:_LENT])
        finally:
            self._offered = None
            one[_TRIED] += 1
            if accepted:
                self._all.remove(one)
            elif one[_TRIED] >= _TRIES:
                self._lose(one)
        return accepted

    def keep(self, outbox):
        """Put them into an outbox, if it takes them again; return how many it took."""
        if outbox.fault is not None:
            if ticks_diff(self._again, ticks_ms()) > 0:
                return 0
            self._again = ticks_add(ticks_ms(), _PAUSE_MS)
        count = 0
        while self._all and outbox.refusal(*self._all[0][:_LENT]) is None:
            del self._all[0]
            count += 1
        return count

    def abandon(self):
        """Forget all: the board sleeps."""
        for one in self._all[:]:
            self._lose(one)

    def _lose(self, one):
        if one is self._offered:
            return False
        self._all.remove(one)
        self._log.error("picture of %d bytes lost: neither kept nor sent in time", len(one[0]))
        return True
