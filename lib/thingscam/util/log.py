# Short lines to the console and to a small ring of two files, repeats counted.

import os
import struct
import time

from thingscam.board import chip as board
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms
from thingscam.util.redact import MASKED_MOST, mask

LEVELS = ("debug", "info", "warning", "error")

# Together the two files hold the last `max_bytes`: when the newer is half of that,
# it takes the older one's place.
NEWER = "log.txt"
OLDER = "log.old.txt"

_WARNING = const(2)
_ERROR = const(3)
_FREE = const(5)  # so often a text is said; then after a minute, two, four, ...
_GAP_MS = const(60000)
_HOUR_MS = const(3600000)
_EVENT_GAP_MS = const(300000)  # the longest gap below warning: it tells of a picture, say
_TEXTS_MOST = const(24)
_DELAY_MS = const(20000)  # lines wait so long to be written together
_LINES_MOST = const(24)
# A deep sleeper writes at each sleep, this often at once and one more each two minutes.
_SLEEPS = const(8)
_SLEEP_S = const(120)
_RECORD = "<IH"  # clock in s when all of it may be used again; how often nothing was written


class Log:
    """Writes lines such as `INFO upload 48213 bytes pir -> https://... 412 ms`.

    `level` is the least of LEVELS to be written. `secrets` are texts to be masked in
    every line (None: those of the configuration read last). `folder` is where the ring files
    go (None: console only), `max_bytes` what they may hold together. `sparing`: this start is
    one of many, woken from a deep sleep, and its lines may be left out of the files. A full or
    missing file system never raises: a camera goes on without its log.

    A text that comes again and again, whatever its values, is said five times, then ever
    more seldom, up to once an hour, with how often it came since. Below warning the console
    has each, and the files one in five minutes.
    """

    def __init__(self, level="info", secrets=None, folder=None, max_bytes=16384, sparing=False):
        self._least = LEVELS.index(level)
        self._secrets = secrets
        self._half = max_bytes // 2
        self._newer = self._older = None
        if folder is not None:
            folder = folder.rstrip("/")
            self._newer = folder + "/" + NEWER
            self._older = folder + "/" + OLDER
        self._said = {}  # text -> [how often said, ticks when again, gap, count since, last ticks]
        self._lines = []  # for the files, not yet written
        self._written = None  # ticks
        self._writing = False
        self._sparing = sparing

    def debug(self, text, *values):
        """Write `text % values` at level debug; the others below likewise."""
        self._write(0, text, values)

    def info(self, text, *values):
        self._write(1, text, values)

    def warning(self, text, *values):
        self._write(2, text, values)

    def error(self, text, *values):
        self._write(3, text, values)

    def stopped(self, e):
        """Say by "STOPPED ..." that the app cannot start, for the exception `e`."""
        self._put("STOPPED " + str(e), True)
        self.flush()

    def step(self):
        """Write what has waited long enough to the files; call it often."""
        if self._lines and ticks_diff(ticks_ms(), self._written or 0) >= _DELAY_MS:
            self._flush(self._sparing)

    def flush(self):
        """Write to the files what waits: before a reset, or when a person comes."""
        self._flush(False)

    def sleep(self):
        """Write what waits, before a deep sleep; one of many is left out, see `sparing`."""
        self._flush(self._sparing)

    def _write(self, level, text, values):
        if level < self._least:
            return
        since = self._since(level, text)
        if since < 0 and level >= _WARNING:
            return
        if values:
            text = text % values
        more = ""
        if since > 0:
            more = " (%s since)" % ("once" if since == 1 else "%d times" % since)
        self._put(LEVELS[level].upper() + " " + text, since >= 0, more)
        if level >= _ERROR and not self._sparing:
            self.flush()

    def _put(self, line, keep, more=""):
        line = one_line(mask(line[:MASKED_MOST], self._secrets)) + more
        print(line)
        if keep and self._newer is not None:
            now = tuple(time.localtime()[:6])
            self._lines.append("%04d-%02d-%02dT%02d:%02d:%02d " % now + line)
            # The first at once: of a board that restarts again and again this is what is left.
            if len(self._lines) >= _LINES_MOST or (self._written is None and not self._sparing):
                self._flush(self._sparing)

    def _since(self, level, text):
        # How often this text came since it was said last, when it is to be said now; else -1.
        now = ticks_ms()
        found = self._said.get(text)
        if found is None or not 0 <= ticks_diff(now, found[4]) <= 2 * _HOUR_MS:
            if len(self._said) >= _TEXTS_MOST:
                self._said.clear()
            found = self._said[text] = [0, now, _GAP_MS, 0, now]
        found[4] = now
        found[0] += 1
        if found[0] > _FREE:
            if ticks_diff(found[1], now) > 0:
                found[3] += 1
                return -1
            found[1] = ticks_add(now, found[2])
            most = _HOUR_MS if level >= _WARNING else _EVENT_GAP_MS
            found[2] = min(2 * found[2], most)
        elif found[0] == _FREE:
            found[1] = ticks_add(now, found[2])
        since, found[3] = found[3], 0
        return since

    def _flush(self, sparing):
        # An interrupt may have something to say while lines are written: it waits.
        if self._writing or not self._lines:
            return
        self._writing = True
        lines, self._lines = self._lines, []
        self._written = ticks_ms()
        try:
            if sparing:
                left_out = _left_out()
                if left_out is None:
                    return
                if left_out:
                    lines.append("(the lines of %d starts are left out)" % left_out)
            with open(self._newer, "a") as file:
                for line in lines:
                    file.write(line)
                    file.write("\n")
                full = file.tell() >= self._half
            if full:
                self._turn_over()
        except (OSError, MemoryError):
            # Full, worn or unmounted: the console has the lines.
            pass
        finally:
            self._writing = False

    def _turn_over(self):
        try:
            os.remove(self._older)
        except OSError:
            # The first time there is none.
            pass
        os.rename(self._newer, self._older)


def _left_out():
    # Takes one of a deep sleeper's writes: how many starts have written nothing; None: nor this.
    kept = board.recall(board.LOG)
    now = board.clock_ms() // 1000 & 0x7FFFFFFF
    until, count = struct.unpack(_RECORD, kept) if kept else (now, 0)
    if not now < until <= now + _SLEEPS * _SLEEP_S:
        until = now  # past, or the clock was set back
    until += _SLEEP_S
    if until > now + _SLEEPS * _SLEEP_S:
        board.remember(board.LOG, struct.pack(_RECORD, until - _SLEEP_S, min(count + 1, 65535)))
        return None
    board.remember(board.LOG, struct.pack(_RECORD, until, 0))
    return count


def one_line(text, most=400):
    """Return `text` fit for one log line: control characters as ?, `most` characters."""
    if len(text) > most:
        text = text[:most] + "..."
    if all(" " <= char != "\x7f" for char in text):
        return text
    return "".join(char if " " <= char != "\x7f" else "?" for char in text)
