# A board on a pseudo-terminal that says what a test tells it: MicroPython's raw REPL, and floods.

import contextlib
import os
import select
import threading
import time
import tty

_PROMPT = b"raw REPL; CTRL-B to exit\r\n>"


class Talker:
    """Plays a board; `port` is its port. Use it in a `with`.

    `answer(code)` returns what the program `code` (text) prints, bytes or an iterable of them,
    or those and the bytes of its error as a tuple. `start` is what the board says once the port
    is open, before it hears anything: an iterable too. `hears(data)` returns what it says to
    each piece it hears, in place of MicroPython.
    """

    def __init__(self, answer=lambda code: b"", start=(), hears=None):
        self._answer = answer
        self._hears = hears
        self._start = start
        self._stop = threading.Event()
        self._raw = False
        self._code = bytearray()

    def __enter__(self):
        self._fd, self._slave = os.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._fd, False)
        self.port = os.ttyname(self._slave)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(10)
        os.close(self._fd)
        os.close(self._slave)

    def _run(self):
        with contextlib.suppress(_StoppedError):
            self._say(self._start)
            while True:
                heard = self._hear()
                if self._hears:
                    self._say(self._hears(heard))
                else:
                    for code in heard:
                        self._take(code)

    def _hear(self):
        self._go_on()
        if not select.select([self._fd], [], [], 0.05)[0]:
            return b""
        return os.read(self._fd, 4096)

    def _take(self, code):
        if code == 1 and self._code == b"\x05A":
            self._say([b"R\x00"])  # raw paste: known, not supported
            self._code.clear()
        elif code == 1:
            self._raw = True
            self._code.clear()
            self._say([_PROMPT])
        elif code == 2:
            self._raw = False
            self._say([b"\r\n>>> "])
        elif code == 3:
            self._code.clear()
        elif code == 4:
            self._end()
        else:
            self._code.append(code)

    def _end(self):
        code, self._code = bytes(self._code).strip(b"\r"), bytearray()
        if not self._raw:
            self._say([b"MPY: soft reboot\r\n"])
        elif not code:
            self._say([b"OK\r\nMPY: soft reboot\r\n", _PROMPT])
        else:
            found = self._answer(code.decode())
            printed, error = found if isinstance(found, tuple) else (found, b"")
            printed = [printed] if isinstance(printed, bytes) else printed
            self._say([b"OK"])
            self._say(printed)
            self._say([b"\x04" + error + b"\x04>"])

    def _go_on(self):
        if self._stop.is_set():
            raise _StoppedError

    def _say(self, pieces):
        for piece in pieces:
            self._go_on()
            while piece:
                self._go_on()
                if select.select([], [self._fd], [], 0.05)[1]:
                    with contextlib.suppress(BlockingIOError):
                        piece = piece[os.write(self._fd, piece) :]


class _StoppedError(Exception):
    pass


def for_ever(piece, pause=0.0):
    """Yield `piece` (bytes) without end, with a `pause` in seconds behind each."""
    while True:
        yield piece
        time.sleep(pause)
