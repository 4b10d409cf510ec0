# Follows a board's output: where the REPL begins, and whether it is the raw one.

_MARK = b"\x1eREPL\x1e"  # device/_boot.py prints it where the REPL begins
_RAW = b"raw REPL; CTRL-B to exit\r\n>"
_FRIENDLY = b'Type "help()" for more information.'


class ReplWatch:
    """What feed() is given comes from MicroPython, what it returns goes out.

    A soft reset leaves the REPL in its mode, but this MicroPython starts in the friendly
    one: enter_raw() is called when it has to be given a Ctrl-A, whose traces are hidden.
    """

    def __init__(self, enter_raw):
        self.raw = False
        self._enter_raw = enter_raw
        self.started()

    def started(self):
        """MicroPython has started: the mark is still to come."""
        self._began = False
        self._hiding = False
        self._held = b""  # what may be the begin of something
        self._tail = b""

    def feed(self, data):
        """Return what of the output is to be seen."""
        data = self._held + data
        self._held = b""
        if self._began:
            return self._shown(data)
        at = data.find(_MARK)
        if at < 0 and _FRIENDLY in self._tail + data:
            # Interrupted in the one moment when the mark could be left out.
            at, data = len(data), data + _MARK
        if at < 0:
            self._tail = (self._tail + data)[-len(_FRIENDLY) :]
            keep = _overlap(data, _MARK)
            self._held = data[len(data) - keep :]
            return data[: len(data) - keep]
        self._began = True
        if self.raw:
            self._hiding = True
            self._enter_raw()
        return data[:at] + self._shown(data[at + len(_MARK) :])

    def _shown(self, data):
        if self._hiding:
            at = data.find(_RAW)
            if at < 0:
                self._held = data
                return b""
            self._hiding = False
            return data[at:]
        tail = self._tail + data
        raw, friendly = tail.rfind(_RAW), tail.rfind(_FRIENDLY)
        if raw != friendly:
            self.raw = raw > friendly
        self._tail = tail[-len(_FRIENDLY) :]
        return data


def _overlap(data, mark):
    # How many of the last bytes are the first of the mark.
    for count in range(min(len(data), len(mark) - 1), 0, -1):
        if mark.startswith(data[-count:]):
            return count
    return 0
