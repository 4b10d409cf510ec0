# Pictures that fail again and again: others go first, and which of them it is the picture's fault.

import struct

from thingscam.board import chip as board
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_ROW = const(3)  # failures in a row until another picture is tried
_ALONE = const(6)  # times that it failed and others did not, until it is given up
_ALONE_SILENT = const(20)  # the same where nobody answered: that may be the network
_UNCLEAR = const(3)  # answers that cannot be read
_MOST = const(24)
_PAUSE_S = const(60)  # until one that failed alone is tried again; doubles each time
_PAUSE_MOST_S = const(3600)
_RECORD = "<IHBB"  # number, clock in minutes when it is due, times alone, unclear * 16 + in a row
_KEPT = const(3)  # records


class Stubborn:
    """Numbers of pictures that failed; `number in stubborn` tells whether it is to be passed by.

    One that fails three times in a row, once where many do, is passed by until another one was
    tried. If that is accepted it was the picture, which is tried again after growing pauses; if
    all fail it is the service. The worst three are kept over deep sleep and resets.
    """

    def __init__(self):
        self._found = {}  # number -> [failures since anyone's success, alone, unclear, due, local]
        self._kept = board.recall(board.STUBBORN)
        now = board.clock_ms() // 60000
        for i in range(_KEPT if self._kept else 0):
            number, due, alone, more = struct.unpack_from(_RECORD, self._kept, 8 * i)
            if alone or more:
                left = (due - now) & 0xFFFF
                if left > _PAUSE_MOST_S // 60:  # past, or senseless
                    left = 0
                due = ticks_add(ticks_ms(), left * 60000) if left else None
                row = min(more & 15, _ROW)
                self._found[number] = [
                    row,
                    min(alone, _ALONE_SILENT),
                    min(more >> 4, _UNCLEAR - 1),
                    due,
                    0,
                ]

    def __contains__(self, number):
        found = self._found.get(number)
        if found is None:
            return False
        if found[0] >= _ROW or (found[0] and self._another(number)):
            return True
        return self._left_ms(found) > 0

    def __len__(self):
        """Return how many there are: with none nothing has to be passed by."""
        return len(self._found)

    def failed(self, number, answered, local=False, unclear=0):
        """Take note of a failure; return None, or why to give the picture up, a text.

        `answered`: by whoever; `local`: its file could not be read; `unclear`: how many
        answers of this try said yes, perhaps, and could not be read.
        """
        found = self._found.get(number)
        if found is None:
            if len(self._found) >= _MOST:
                self._forget_one()
            found = self._found[number] = [0, 0, 0, None, 0]
        # Where more than three fail the next one shows no more by a second try.
        once = local or found[1] or len(self._found) > _ROW
        found[0] = _ROW if once else min(found[0] + 1, _ROW)
        found[2] += unclear
        found[3] = None
        if local:
            found[4] += 1
        if local or found[1]:
            self._put_off(found, max(found[4] - 1, found[1]))
        if found[2] >= _UNCLEAR:
            return "%d answers to it could not be read, it is probably stored" % found[2]
        if found[1] >= (_ALONE if answered or local else _ALONE_SILENT):
            return "it failed %d times while others did not" % found[1]
        self._keep()
        return None

    def succeeded(self, number=None):
        """Take note that a picture was accepted; `number` None: one that was not kept."""
        self._found.pop(number, None)
        failed = [each for each in self._found if self._found[each][0]]
        for each in failed:
            found = self._found[each]
            # Where many fail it is the service that does, now and then.
            found[1] += len(failed) <= 2
            found[0] = found[4] = 0
            if not self._left_ms(found):
                self._put_off(found, max(found[1] - 1, 0))
        self._keep()

    def forget(self, number):
        """Forget a picture: it is no longer there."""
        self._found.pop(number, None)
        self._keep()

    def known(self):
        """Return the numbers of all that failed once one just has: others go first; else ()."""
        if any(found[0] >= _ROW for found in self._found.values()):
            return self._found
        return ()

    def start_over(self):
        """Offer all again that are not put off: nothing else is left. Return whether there are."""
        failed = False
        for found in self._found.values():
            if found[0] and not self._left_ms(found):
                failed = True
                found[0] = 0
        return failed

    def left_ms(self):
        """Return the milliseconds until the first of those put off is due."""
        return min([self._left_ms(found) for found in self._found.values()] or [0])

    def _another(self, number):
        # Whether another one has failed so often that this one was tried in its place.
        return any(self._found[each][0] >= _ROW for each in self._found if each != number)

    def _put_off(self, found, times):
        pause_s = min(_PAUSE_S << min(times, 6), _PAUSE_MOST_S)
        found[3] = ticks_add(ticks_ms(), pause_s * 1000)

    def _left_ms(self, found):
        if found[3] is None:
            return 0
        left = ticks_diff(found[3], ticks_ms())
        if 0 < left <= _PAUSE_MOST_S * 1000:
            return left
        found[3] = None  # for good: the ticks wrap
        return 0

    def _forget_one(self):
        self._found.pop(min(self._found, key=self._weight))

    def _weight(self, number):
        return 4 * self._found[number][1] + self._found[number][2] + self._found[number][0]

    def _keep(self):
        worst = sorted(self._found, key=self._weight)[-_KEPT:]
        now = board.clock_ms()
        data = b""
        for number in worst:
            row, alone, unclear, _, _ = found = self._found[number]
            left = self._left_ms(found)
            due = (now + left + (59999 if left else 0)) // 60000 & 0xFFFF
            data += struct.pack(_RECORD, number, due, min(alone, 255), unclear * 16 + row)
        data += bytes(8 * _KEPT - len(data))
        if data != self._kept and (self._kept is not None or worst):
            self._kept = data
            board.remember(board.STUBBORN, data)
