# The process that is the running chip: MicroPython on a terminal of its own.

import functools
import importlib.util
import os
import pathlib
import signal
import subprocess
import sys
import termios
import time

_DEVICE = pathlib.Path(__file__).parent / "device"
MICROPYTHON = pathlib.Path(sys.executable).parent / "micropython"
# The package is CPython with MicroPython in it, and its script starts all of CPython: without
# `site`, and without an orderly end, it takes half as long. Its name is the script's.
_RUN = """
import os, sys
open("/proc/self/comm", "w").write("micropython")
sys.path.append(sys.argv[1])
from micropython_run import run_main
os._exit(run_main(["micropython", *sys.argv[2:]]))
"""
_CTRL_C = b"\x03"
_BUFFER = 65536  # bytes of input kept for a program that does not read it
# A second SIGINT before MicroPython has seen the first ends it; on a board it does nothing.
_BETWEEN_INTERRUPTS_S = 0.2


@functools.cache
def command():
    """Return the command (a tuple) that runs MicroPython; its options and arguments follow."""
    found = importlib.util.find_spec("micropython_run")
    if found is None or found.origin is None:
        return (str(MICROPYTHON),)
    folder = os.path.dirname(found.origin)
    return sys.executable, "-I", "-S", "-c", _RUN, folder


class Process:
    """One start of MicroPython, until it ends or is killed.

    Its terminal's other end is in its hands alone: when this process dies, even by a
    SIGKILL, the kernel hangs up and MicroPython dies too.
    """

    def __init__(self, heap, arguments):
        self.fd, other = os.openpty()
        self.interrupted = False
        self._next_interrupt = 0.0
        self._last = b""  # byte of the output
        self._unsent = b""
        try:
            _set_up(other)
            os.set_blocking(self.fd, False)
            self._popen = subprocess.Popen(
                [*command(), "-X", "heapsize={}".format(heap), "-i", "start.py"]
                + [os.ttyname(other), *arguments],
                stdin=other,
                stdout=other,
                stderr=other,
                start_new_session=True,
                # A board knows no time zone; the unix port's mktime() does.
                env={"MICROPYPATH": ".frozen", "TZ": "UTC0"},
                cwd=_DEVICE,
            )
        except OSError:
            os.close(self.fd)
            raise
        finally:
            os.close(other)
        self.binary = False

    def read(self):
        """Return output, b"" for none so far, None when it has ended."""
        try:
            data = os.read(self.fd, 65536)
        except BlockingIOError:
            return b""
        except OSError:
            return None
        return data if self.binary else self._cooked(data)

    def send(self, data):
        """Give it input; a Ctrl-C interrupts a running program."""
        if self.binary or _CTRL_C not in data:
            self._write(data)
            return
        first, *rest = data.split(_CTRL_C)
        self._write(first)
        for part in rest:
            if self.is_busy():
                self._interrupt()
            else:
                self._write(_CTRL_C)
            self._write(part)

    def flush(self):
        """Give it what it had no room for."""
        self._write(b"")

    def is_behind(self):
        """Return whether flush() has something to do."""
        return bool(self._unsent)

    def kill(self):
        """Kill it; what it has written can still be read."""
        self._popen.kill()
        self._popen.wait()

    def end(self):
        """Kill it, if it has not ended; returns its exit code (negative: the signal's number)."""
        self._popen.kill()
        code = self._popen.wait()
        os.close(self.fd)
        return code

    def wait(self):
        """Return the exit code of a process that has ended by itself."""
        try:
            # Its terminal is closed, so it is about to end.
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            pass
        return self.end()

    def _write(self, data):
        self._unsent = (self._unsent + data)[:_BUFFER]
        while self._unsent:
            try:
                self._unsent = self._unsent[os.write(self.fd, self._unsent) :]
            except BlockingIOError:
                return
            except OSError:
                self._unsent = b""

    def is_busy(self):
        """Return whether it runs a program, and does not wait at its prompt."""
        # There MicroPython takes Ctrl-C as a character and has no signal handler.
        with open("/proc/{}/status".format(self._popen.pid)) as file:
            for line in file:
                if line.startswith("SigCgt:"):
                    return bool(int(line.split()[1], 16) >> signal.SIGINT - 1 & 1)
        return False

    def _interrupt(self):
        now = time.monotonic()
        if now >= self._next_interrupt:
            self._next_interrupt = now + _BETWEEN_INTERRUPTS_S
            self.interrupted = True
            self._popen.send_signal(signal.SIGINT)

    def _cooked(self, data):
        # A board sends a return before each new line, where there is none.
        text = data.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        if self._last == b"\r" and data[:1] == b"\n":
            text = text[1:]
        self._last = data[-1:]
        return text


def _set_up(fd):
    mode = termios.tcgetattr(fd)
    mode[0] = mode[1] = mode[3] = 0
    termios.tcsetattr(fd, termios.TCSANOW, mode)
