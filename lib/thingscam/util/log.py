# Short lines to the console and to a small ring of two files, repeats counted.

import os
import struct
import time

from thingscam.board import rtc
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms
from thingscam.util.redact import MAX_MASKED, mask

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
_MAX_TEXTS = const(24)
_DELAY_MS = const(20000)  # lines wait so long to be written together
_MAX_LINES = const(24)
# Flash wears: the files are written this often at once, twice that when it is urgent, and once
# more each two minutes, over resets and deep sleeps too. Not even a line each turn makes it more.
_WRITES = const(8)
_WRITE_S = const(120)
_RECORD = "<IH"  # clock in s when all of these may be made again; lines that were not kept since


class Log:
    """Writes lines such as `INFO upload 48213 bytes pir -> https://... 412 ms`.

    `level` is the least of LEVELS to be written. `secrets` are texts to be masked in
    every line (None: those of the configuration read last). `folder` is where the ring files
    go (None: console only), `max_bytes` what they may hold together. `sparing`: this start is
    one of many, woken from a deep sleep, and is never urgent. A full or missing file system
    never raises: a camera goes on without its log.

    A text that comes again and again, whatever its values, is said five times, then ever
    more seldom, up to once an hour, with how often it came since. Below warning the console
    has each, and the files one in five minutes. The files are written 46 times in an hour at
    most, whatever comes: what does not fit is counted, and they say how many lines that were.
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
        self._more = 0  # behind these, not kept
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
            self._flush(False)

    def flush(self, urgent=False):
        """Write what waits: before a reset or a deep sleep, or when a person comes.

        `urgent`: the last line will not come again.
        """
        if self._lines and not self._flush(urgent or not self._sparing):
            _lost(len(self._lines) + self._more)
            self._lines = []
            self._more = 0

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
            self._flush(True)

    def _put(self, line, keep, more=""):
        line = one_line(mask(line[:MAX_MASKED], self._secrets)) + more
        print(line)
        if keep and self._newer is not None:
            if len(self._lines) >= _MAX_LINES:
                self._more += 1
                return
            now = tuple(time.localtime()[:6])
            self._lines.append("%04d-%02d-%02dT%02d:%02d:%02d " % now + line)
            # The first at once: of a board that restarts again and again this is what is left.
            first = self._written is None and not self._sparing
            if first or len(self._lines) >= _MAX_LINES:
                self._flush(first)

    def _since(self, level, text):
        # How often this text came since it was said last, when it is to be said now; else -1.
        now = ticks_ms()
        found = self._said.get(text)
        if found is None or not 0 <= ticks_diff(now, found[4]) <= 2 * _HOUR_MS:
            if len(self._said) >= _MAX_TEXTS:
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

    def _flush(self, urgent):
        # An interrupt may have something to say while lines are written: it waits.
        if self._writing or not self._lines:
            return True
        self._writing = True
        self._written = ticks_ms()
        try:
            before = _may_write(urgent)
            if before is None:
                return False
            lines, self._lines = self._lines, []
            more, self._more = self._more, 0
            with open(self._newer, "a") as file:
                _write_lost(file, before)
                for line in lines:
                    file.write(line)
                    file.write("\n")
                _write_lost(file, more)
                full = file.tell() >= self._half
            if full:
                self._turn_over()
        except (OSError, MemoryError):
            # Full, worn or unmounted: the console has the lines.
            pass
        finally:
            self._writing = False
        return True

    def _turn_over(self):
        try:
            os.remove(self._older)
        except OSError:
            # The first time there is none.
            pass
        os.rename(self._newer, self._older)


def _may_write(urgent):
    # Takes one of the writes: how many lines were not kept since the last; None: there is none.
    now, until, count = _budget()
    if until - now > (2 * _WRITES - 1 if urgent else _WRITES - 1) * _WRITE_S:
        return None
    rtc.remember(rtc.LOG, struct.pack(_RECORD, until + _WRITE_S, 0))
    return count


def _lost(lines):
    _, until, count = _budget()
    rtc.remember(rtc.LOG, struct.pack(_RECORD, until, min(count + lines, 65535)))


def _budget():
    kept = rtc.recall(rtc.LOG)
    now = rtc.steady_ms() // 1000 & 0x7FFFFFFF
    until, count = struct.unpack(_RECORD, kept) if kept else (now, 0)
    if not now < until <= now + 2 * _WRITES * _WRITE_S:
        until = now  # past, or of another power-on
    return now, until, count


def _write_lost(file, lines):
    if lines:
        file.write("(%d lines are not kept)\n" % lines)


def one_line(text, most=400):
    """Return `text` fit for one log line: control characters as ?, `most` characters."""
    if len(text) > most:
        text = text[:most] + "..."
    if all(" " <= char != "\x7f" for char in text):
        return text
    return "".join(char if " " <= char != "\x7f" else "?" for char in text)
