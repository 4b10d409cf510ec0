# Short lines to the console and to a small ring of two files; secrets masked.

import os
import time

LEVELS = ("debug", "info", "warning", "error")

# Together the two files hold the last `max_bytes`: when the newer is half of that,
# it takes the older one's place.
NEWER = "log.txt"
OLDER = "log.old.txt"


class Log:
    """Writes lines such as `INFO upload 48213 bytes pir -> https://... 412 ms`.

    `level` is the least of LEVELS to be written. `secrets` are texts to be masked in
    every line. `folder` is where the ring files go (None: console only), `max_bytes`
    what they may hold together. A full or missing file system never raises: a camera
    goes on without its log.
    """

    def __init__(self, level="info", secrets=(), folder=None, max_bytes=16384):
        self._least = LEVELS.index(level)
        self._secrets = secrets
        self._half = max_bytes // 2
        self._newer = self._older = None
        if folder is not None:
            folder = folder.rstrip("/")
            self._newer = folder + "/" + NEWER
            self._older = folder + "/" + OLDER

    def debug(self, text, *values):
        """Write `text % values` at level debug; the others below likewise."""
        self._write(0, text, values)

    def info(self, text, *values):
        self._write(1, text, values)

    def warning(self, text, *values):
        self._write(2, text, values)

    def error(self, text, *values):
        self._write(3, text, values)

    def _write(self, level, text, values):
        if level < self._least:
            return
        if values:
            text = text % values
        line = LEVELS[level].upper() + " " + one_line(mask(text, self._secrets))
        print(line)
        if self._newer is not None:
            self._keep(line)

    def _keep(self, line):
        now = time.localtime()
        stamp = "%04d-%02d-%02dT%02d:%02d:%02d " % tuple(now[:6])
        try:
            with open(self._newer, "a") as file:
                file.write(stamp)
                file.write(line)
                file.write("\n")
                full = file.tell() >= self._half
            if full:
                self._turn_over()
        except OSError:
            # Full, worn or unmounted: the console has the line.
            pass

    def _turn_over(self):
        try:
            os.remove(self._older)
        except OSError:
            # The first time there is none.
            pass
        os.rename(self._newer, self._older)


def mask(text, secrets):
    """Return `text` with every one of `secrets` (texts) replaced by ***.

    One of less than four characters is left: it would blot out ordinary words.
    """
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) > 3:
            text = text.replace(secret, "***")
    return text


def one_line(text, most=400):
    """Return `text` fit for one log line: control characters as ?, `most` characters."""
    if len(text) > most:
        text = text[:most] + "..."
    if all(" " <= char != "\x7f" for char in text):
        return text
    return "".join(char if " " <= char != "\x7f" else "?" for char in text)
