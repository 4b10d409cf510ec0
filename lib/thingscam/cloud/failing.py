# Pictures that fail: when each is tried again, and whether it is the picture's fault.

import struct

from thingscam.board import rtc
from thingscam.util.compat import const

_MAX_ROWS = const(16)
_SILENT = const(3)  # times in a row without an answer until it is another one's turn
_ALONE = const(6)  # times that it failed and others did not, until it is given up
_MAX_ALONE = const(20)  # the same where that may be chance, or the network
_UNCLEAR = const(3)  # answers that cannot be read
_MAX_PAUSE = const(60)  # minutes until one that failed alone is tried again: 1, 2, 4, ...
_SELDOM = const(1440)  # the same for one that may be stored
_MINUTE_MS = const(60000)
_HEAD = "<IIIBBBB"  # low, end, the last without an answer, how often, run, by chance, rows
_ROW = "<IHBB"  # number, when it is due in minutes of the clock, pauses, the rest
_NONE = bytes(13) + b"\2\0\0"  # after a loss of power: none was accepted yet, as it were two
_HEAD_BYTES = const(16)
_ROW_BYTES = const(8)


class Failing:
    """Pictures that failed, by their numbers; true while there may be some.

    Of those that wait all from `low` to below `end` have failed, and no other. New ones go
    before them; they take turns. Sixteen have a row each, which tells whose fault it is: the
    picture's, if others are accepted meanwhile; if all fail, the service's. `run` is how many
    failed for the first time since one was accepted. It all outlives deep sleep and resets.
    """

    def __init__(self):
        self._kept = rtc.recall(rtc.FAILING)
        data = self._kept or _NONE + bytes(rtc.FAILING[1] - _HEAD_BYTES)
        head = struct.unpack_from(_HEAD, data)
        self.low, self.end, self._silent, self._silences, self.run, self._chance, count = head
        self._rows = []  # first the one whose turn it is
        for i in range(min(count, _MAX_ROWS)):
            self._rows.append(_Row(*struct.unpack_from(_ROW, data, _HEAD_BYTES + i * _ROW_BYTES)))

    def __bool__(self):
        return self.low < self.end

    def cut(self, end):
        """Forget what is not below `end`, the number of the picture to come."""
        self.end = min(self.end, end)
        self._rows = [row for row in self._rows if row.number < self.end]
        self._keep()

    def suspects(self, number):
        """Return whether others were accepted since a picture failed: it tells of itself alone."""
        row = self._find(number)
        return row is not None and (row.passed or row.alone > 0)

    def failed(self, number, answered, local=False, unclear=0):
        """Take note of a failure; return None, or why to give the picture up, a text.

        `answered`: by whoever; `local`: its file could not be read; `unclear`: how many
        answers of this try said yes, perhaps, and could not be read.
        """
        row = self._find(number)
        if row is None:
            if not (answered or local) and self._is_first_silence(number):
                self._keep()
                return None
            row = _Row(number)
        else:
            self._rows.remove(row)
        self._take_in(number, unclear)
        row.unclear += unclear
        if row.passed:
            row.pauses = row.alone
            row.alone += 1
        if row.alone or local:
            row.put_off(min(1 << row.pauses, _MAX_PAUSE))
            row.pauses += 1
        limit = _ALONE if (answered or local) and not self._chance else _MAX_ALONE
        why = None
        if unclear and row.unclear >= _UNCLEAR:
            why = "%d answers to it could not be read, it is probably stored" % row.unclear
            row.put_off(_SELDOM)
        elif row.passed and row.alone >= limit:
            why = "it failed %d times while others did not" % row.alone
        row.passed = False
        if len(self._rows) < _MAX_ROWS:
            self._rows.append(row)
        self._keep()
        return why

    def succeeded(self, number=None):
        """Take note that a picture was accepted; `number` None: one that was not kept."""
        row = self._find(number)
        if row is not None and row.alone:
            self._chance = 1
        for row in self._rows:
            row.passed = True
            if row.unclear >= _UNCLEAR:
                row.put_off(0)  # answers can be read again
        self._silences = self.run = 0
        self.forget(number)

    def forget(self, number):
        """Forget a picture: it is no longer there."""
        self._rows = [row for row in self._rows if row.number != number]
        if not self._rows:
            self._chance = 0
        self._keep()

    def due(self):
        """Return the numbers of those that may be tried now, in turn."""
        return [row.number for row in self._rows if not row.left_ms()]

    def rows(self):
        """Return the numbers of all that have a row; None: no other can have one."""
        return None if len(self._rows) >= _MAX_ROWS else [row.number for row in self._rows]

    def left_ms(self):
        """Return the milliseconds until the first is due, 0 where none has a row."""
        return min([row.left_ms() for row in self._rows] or [0])

    def _find(self, number):
        for row in self._rows:
            if row.number == number:
                return row
        return None

    def _is_first_silence(self, number):
        # One that nobody answers may yet be the network's: it stays first twice.
        self._silences = self._silences + 1 if number == self._silent else 1
        self._silent = number
        return self._silences < _SILENT

    def _take_in(self, number, unclear):
        if not self:
            self.low, self.end = number, number + 1
        elif number < self.low:
            self.low = number
        elif number >= self.end:
            self.end = number + 1
        else:
            return
        if not unclear:
            self.run = min(self.run + 1, 255)

    def _keep(self):
        head = self.low, self.end, self._silent, self._silences, self.run, self._chance
        data = struct.pack(_HEAD, *head, len(self._rows))
        data += b"".join([row.packed() for row in self._rows])
        data += bytes(rtc.FAILING[1] - len(data))
        if data != self._kept and (self._kept is not None or self):
            self._kept = data
            rtc.remember(rtc.FAILING, data)


class _Row:
    # One that is looked at: `alone` is how often it failed while others did not, `passed` whether
    # another was accepted since it failed last.

    def __init__(self, number, due=0, pauses=0, rest=0):
        self.number = number
        self.due = due
        self.pauses = pauses & 15
        self.alone = min(rest >> 3, _MAX_ALONE - 1)
        self.unclear = rest >> 1 & 3
        self.passed = bool(rest & 1)

    def packed(self):
        rest = self.alone << 3 | min(self.unclear, 3) << 1 | self.passed
        return struct.pack(_ROW, self.number, self.due, min(self.pauses, 15), rest)

    def put_off(self, minutes):
        self.due = (rtc.steady_ms() + minutes * _MINUTE_MS) // _MINUTE_MS + (minutes > 0) & 0xFFFF

    def left_ms(self):
        now = rtc.steady_ms()
        left = self.due - now // _MINUTE_MS & 0xFFFF
        # More than there is: past.
        return left * _MINUTE_MS - now % _MINUTE_MS if 0 < left <= _SELDOM + 1 else 0
