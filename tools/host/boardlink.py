# A board on a serial port, real or virtual: its REPL and its files, by mpremote.

import base64
import contextlib
import errno
import io
import json
import math
import os
import struct
import time

import serial
from mpremote.transport import TransportError, TransportExecError
from mpremote.transport_serial import SerialTransport

from . import port as ports
from .attention import catch
from .bounds import BoundedLine, OverError
from .errors import ToolError
from .harmless import one_line
from .port import PortError

_TIMEOUT_S = 2  # between two bytes
_SHORT_S = 15  # what needs no network and no camera
_TRY_S = 6  # to get to the prompt, where the board talks all the time
WAIT_S = 20  # a board may be in the middle of an upload, or of its start
_SLOWEST_S = 120  # a step of the doctor that prints nothing
_CHUNK = 1024  # bytes a command: one is held in the board's memory three times over
_RATE = 4000  # bytes a second: what comes so fast may take longer; 115200 baud are 11520
_MOST = 1 << 18  # bytes that a command may print
_LONGEST_LINE = 4096  # bytes

_QUIET_S = 30
_QUIET = (
    "(silent for {} s: nothing happens, or the board sleeps between pictures, by power.mode. To "
    "see that it lives, press RST: a start prints lines. If it does not: are TX and RX crossed, "
    "is GPIO0 off GND, is it this board's port?)"
)
_BUSY = (
    "{}: the board talks, but does not come to MicroPython's prompt in {:.0f} s: press RST and "
    "try again; if it stays so, flash the firmware anew"
)
_SILENT = (
    "{}: the board does not answer: press RST (or, if it sleeps, give --wait longer than that), "
    "check that GPIO0 is not at GND, that it has MicroPython on it and that TX and RX are crossed"
)

# Sizes and sums of the files named or in the folders named, one a line; nothing for what is
# not there. 512 bytes at a time, for boards without PSRAM.
_SUMS = """
import os, hashlib, binascii, json
b = bytearray(512)
v = memoryview(b)
def one(p):
    s = hashlib.sha256()
    n = 0
    with open(p, "rb") as f:
        while True:
            k = f.readinto(b)
            if not k:
                break
            s.update(v[:k])
            n += k
    print(json.dumps([p, n, binascii.hexlify(s.digest()).decode()]))
def walk(p):
    try:
        d = os.stat(p)[0] & 0x4000
    except OSError:
        return
    if not d:
        return one(p)
    for e in os.ilistdir(p):
        walk(p + "/" + e[0])
"""


# A file in base64; its errno where it cannot be opened.
_READ = """
import binascii
try:
    f = open({!r}, "rb")
except OSError as e:
    print("-", e.args[0])
else:
    while True:
        b = f.read(384)
        if not b:
            break
        print(binascii.b2a_base64(b).decode(), end="")
    f.close()
"""


class BoardError(ToolError):
    """The board refused or failed at something; says what, and what to do."""


class Board:
    """The board behind the serial port `port`, its program stopped, in its raw REPL.

    Use it in a `with`: its end starts the program again, whatever went wrong, unless
    run() did so before.

    Raises PortError when the port cannot be used, or no MicroPython has answered after `wait`
    seconds. What it does and says after that has an end too: beyond it, PortError.
    """

    def __init__(self, port, wait=WAIT_S):
        self.port = port
        self._wait = wait
        self._transport = _opened(port)
        self._line = self._transport.serial = BoundedLine(self._transport.serial)
        self._stopped = True
        done = False
        try:
            self._enter()
            done = True
        finally:
            if not done:
                self.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Start the board's program, unless run() did, and close the port."""
        if self._stopped:
            self._start_anyhow()
        with contextlib.suppress(OSError, TransportError):
            self._transport.serial = self._line.raw
            self._transport.close()

    def exec(self, code, on_line=None, seconds=_SLOWEST_S, most=_MOST):
        """Run `code` (text) on the board and return what it prints.

        `on_line(text)` is called with each line as it comes. It may take `seconds` and print
        `most` bytes.

        Raises BoardError with the board's last line when it raises; PortError when it
        restarts meanwhile, or is gone.
        """
        watch = _Watch(on_line)
        try:
            _, error = self._quietly(
                self._transport.exec_raw, code, seconds, watch.feed, within=(seconds, most, _RATE)
            )
        except _RestartError as e:
            raise PortError("{}: the board restarted".format(self.port)) from e
        watch.end()
        if error:
            raise BoardError(_last_line(error.decode("utf-8", "replace")))
        return watch.data.decode("utf-8", "replace").replace("\r\n", "\n")

    def sums(self, paths):
        """Return {path: (size, SHA-256 in hex)} of the files `paths`, and those in folders."""
        code = _SUMS + "for p in {!r}:\n walk(p)\n".format(list(paths))
        return dict(map(_sum_in, self.exec(code).splitlines()))

    def free_bytes(self):
        """Return how many bytes the board's filesystem has left."""
        text = self.exec("import os\ns = os.statvfs('/')\nprint(s[0] * s[3])", seconds=60).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise BoardError(_SENSELESS.format("its free space", one_line(text, 60)))
        return int(text)

    def read(self, path, most=_MOST):
        """Return the bytes of the file `path`, `most` at the most.

        Raises FileNotFoundError, BoardError.
        """
        text = self.exec(_READ.format(path), seconds=self._wait, most=2 * most)
        if text.startswith("- "):
            number = text[2:].strip()
            number = int(number) if number.isdecimal() and len(number) < 4 else 0
            if number == errno.ENOENT:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
            raise BoardError("{}: cannot be read (error {})".format(path, number))
        try:
            return b"".join(base64.b64decode(line, validate=True) for line in text.split())
        except ValueError as e:
            raise BoardError(_SENSELESS.format(path, one_line(text, 60))) from e

    def write(self, path, data, progress=None):
        """Write `data` to `path`, whole or not at all; `progress(bytes)` tells how far it is.

        Raises BoardError when there is no room.
        """
        self._make_folders(path)
        new = path + ".new"
        told = (lambda done, _total: progress(done)) if progress else None
        try:
            within = (60 + len(data) / 500, 2 * len(data) + _MOST)
            self._quietly(self._transport.fs_writefile, new, data, _CHUNK, told, within=within)
            self.exec(_RENAME.format(new, path), seconds=_SHORT_S)
        except KeyboardInterrupt:
            # Half a configuration holds secrets too.
            with contextlib.suppress(OSError, ToolError, TransportError):
                self._enter()
                self._forget(new)
            raise
        except OSError as e:
            self._forget(new)
            if e.errno == errno.ENOSPC:
                text = "{}: the board's filesystem is full: no room for {} bytes"
                raise BoardError(text.format(path, len(data))) from e
            raise BoardError("{}: {}".format(path, os.strerror(e.errno or 0))) from e

    def remove(self, path):
        """Remove the file `path`, if it is there."""
        with contextlib.suppress(FileNotFoundError):
            self._quietly(self._transport.fs_rmfile, path)

    def run(self):
        """Start the board's program again, by a soft reset; follow() shows what it prints."""
        self._quietly(self._transport.exit_raw_repl)
        self._quietly(self._line.write, b"\x04")
        self._quietly(self._transport.read_until, 1, b"soft reboot\r\n", timeout=5)
        self._stopped = False

    def follow(self, on_line, seconds=None, on_silence=None):
        """Do what the function follow() does, on this connection."""
        _follow(self._line.raw, self.port, on_line, seconds, self._line.rest(), on_silence)

    def _enter(self):
        end = time.monotonic() + self._wait
        self._quietly(catch, self._line, end, within=(math.inf, math.inf))
        # What is sent while the board starts is lost: soon again, and then more patiently.
        patience = 1
        while True:
            left = max(0.5, min(_TRY_S, end - time.monotonic()))
            try:
                self._quietly(
                    self._transport.enter_raw_repl,
                    soft_reset=True,
                    timeout_overall=min(patience, left),
                    within=(left, _MOST),
                )
                return
            except TransportError as e:
                if time.monotonic() > end:
                    busy = (
                        _BUSY.format(self.port, self._wait) if isinstance(e, OverError) else None
                    )
                    raise PortError(busy or _SILENT.format(self.port)) from e
                patience = min(2 * patience, 5)

    def _start_anyhow(self):
        # In the middle of who knows what: interrupt that, leave the raw REPL, soft reset.
        with contextlib.suppress(OSError):
            for keys in (b"\r\x03\x03", b"\r\x02", b"\x04"):
                self._line.raw.write(keys)
                time.sleep(0.1)

    def _make_folders(self, path):
        parts = path.strip("/").split("/")[:-1]
        code = "import os\n"
        for end in range(1, len(parts) + 1):
            folder = "/" + "/".join(parts[:end])
            code += "try:\n os.mkdir({!r})\nexcept OSError:\n pass\n".format(folder)
        self.exec(code, seconds=_SHORT_S)

    def _forget(self, path):
        # The file stayed open where writing it failed.
        with contextlib.suppress(BoardError):
            self.exec("f.close()", seconds=_SHORT_S)
        with contextlib.suppress(OSError, BoardError, TransportError):
            self.remove(path)

    def _quietly(self, call, *args, within=(_SHORT_S, _MOST), **kwargs):
        # mpremote prints what it cannot make sense of; a port that vanishes is an OSError.
        # `within`: so many seconds and bytes, whatever comes.
        self._line.limit(*within)
        try:
            with contextlib.redirect_stdout(io.StringIO()):
                return call(*args, **kwargs)
        except TransportExecError as e:
            raise BoardError(_last_line(e.error_output)) from e
        except TransportError as e:
            if call == self._transport.enter_raw_repl:
                raise
            text = "{}: the board does not answer as it should: {}: press RST and try again"
            raise PortError(text.format(self.port, one_line(str(e), 120))) from e
        except _HALF as e:
            raise PortError("{}: the board restarted, or lost its way".format(self.port)) from e
        except OSError as e:
            if isinstance(e, serial.SerialTimeoutException):
                raise PortError(_DEAF.format(self.port)) from e
            # The board's own come the same way.
            if isinstance(e, serial.SerialException) or ports.is_gone(self.port):
                raise PortError(_UNPLUGGED.format(self.port)) from e
            raise


# Raised by mpremote on half an answer, which is what a reset in the middle leaves, and on
# one that makes no sense.
_HALF = (IndexError, SyntaxError, ValueError, TypeError, RecursionError, struct.error)

_SENSELESS = "{}: the board's answer makes no sense: {}: flash the firmware anew"
_DEAF = "{}: the board takes nothing in: press RST and try again"

_UNPLUGGED = "{}: the connection was lost: is it unplugged?"

_RENAME = """
import os
try:
    os.rename({0!r}, {1!r})
except OSError:  # FAT does not replace
    os.remove({1!r})
    os.rename({0!r}, {1!r})
"""


def follow(port, on_line, seconds=None, on_silence=None, quiet_s=_QUIET_S):
    """Call on_line(text) with each line that the board prints, until `seconds` are over.

    on_silence(text) is called when nothing has come for `quiet_s` seconds, once until
    something comes. The program on the board is not disturbed. Raises PortError.
    """
    transport = _opened(port)
    try:
        _follow(transport.serial, port, on_line, seconds, b"", on_silence, quiet_s)
    finally:
        with contextlib.suppress(OSError):
            transport.close()


def _follow(line, port, on_line, seconds, first=b"", on_silence=None, quiet_s=_QUIET_S):
    heard, told = time.monotonic(), on_silence is None
    end = None if seconds is None else time.monotonic() + seconds
    lines = _Lines(on_line)
    line.timeout = 0.1
    try:
        lines.feed(first)
        while end is None or time.monotonic() < end:
            data = line.read(max(1, line.in_waiting))
            lines.feed(data)
            now = time.monotonic()
            if data:
                heard, told = now, on_silence is None
            elif on_silence is not None and not told and now - heard > quiet_s:
                told = True
                on_silence(_QUIET.format(quiet_s))
    except OSError as e:
        raise PortError(_UNPLUGGED.format(port)) from e
    finally:
        lines.end()


def _opened(port):
    ports.reject_missing(port)
    try:
        # The timeout is between bytes: without one a silent board would be waited for for ever.
        return SerialTransport(port, timeout=_TIMEOUT_S)
    except (TransportError, OSError, ValueError) as e:
        reason = None if isinstance(e, TransportError) else e
        raise PortError(ports.why_not(port, reason)) from e


def _sum_in(line):
    # (path, (size, SHA-256 in hex)) in a line of _SUMS.
    try:
        path, size, total = json.loads(line)
        if (type(path), type(size), type(total)) != (str, int, str):
            raise ValueError
    except (ValueError, TypeError, RecursionError) as e:
        raise BoardError(_SENSELESS.format("its files", one_line(line, 60))) from e
    return path, (size, total)


def _last_line(text):
    lines = text.strip().split("\n")
    return "on the board: {}".format(one_line(lines[-1]) or "an error without a text")


class _RestartError(Exception):
    """The board started again, in the middle of what it was asked for."""


# What the chip's ROM and MicroPython say first.
_STARTS = (b"rst:0x", b"MPY: soft reboot", b'Type "help()"')


class _Watch:
    # Collects what the board prints, and notices when it starts again.

    def __init__(self, on_line):
        self.data = bytearray()
        self._lines = _Lines(on_line) if on_line else None

    def feed(self, data):
        self.data += data.replace(b"\x04", b"")
        if data[-1:] == b"\n" and any(start in self.data[-200:] for start in _STARTS):
            raise _RestartError
        if self._lines:
            self._lines.feed(data)

    def end(self):
        if self._lines:
            self._lines.end()


class _Lines:
    # Bytes as they come, given on as whole lines.

    def __init__(self, on_line):
        self._on_line = on_line
        self._rest = b""

    def feed(self, data):
        *lines, self._rest = (self._rest + data.replace(b"\x04", b"")).split(b"\n")
        for line in lines:
            self._on_line(line.removesuffix(b"\r").decode("utf-8", "replace"))
        while len(self._rest) >= _LONGEST_LINE:  # one without an end
            self._on_line(self._rest[:_LONGEST_LINE].decode("utf-8", "replace"))
            self._rest = self._rest[_LONGEST_LINE:]

    def end(self):
        if self._rest:
            self.feed(b"\n")
