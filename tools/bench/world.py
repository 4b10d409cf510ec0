# What every measurement needs: the server, MicroPython, pictures, and rows for the table.

import contextlib
import dataclasses
import json
import os
import pathlib
import platform
import random
import re
import statistics
import subprocess
import sys
import tempfile

from .. import ROOT
from ..host import mpy

LIB = ROOT / "lib"
DEVICE = pathlib.Path(__file__).parent / "device"
BIN = pathlib.Path(sys.executable).parent
MICROPYTHON = BIN / "micropython"
# Whole pieces of 4 KB each, and room for EXIF below the limit of 512,000 bytes.
SIZES = {"20 KB": 20480, "60 KB": 61440, "500 KB": 507904}


@dataclasses.dataclass
class Row:
    """One line of the table: `ours` and `other` as texts, `ratio` a number or None.

    `target` is a text; `met` tells whether it is reached, None where there is none; `note`
    says what the ratio alone does not.
    """

    what: str
    ours: str
    against: str
    other: str
    ratio: float | None = None
    target: str = ""
    met: bool | None = None
    note: str = ""


class Child:
    """A program that answers a line with a line, for as long as the block lasts."""

    def __init__(self, command, env=None, cwd=None):
        self._process = subprocess.Popen(
            command,
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        # It may wait for input, or for ever.
        self._process.kill()
        self._process.communicate()

    def line(self):
        """Return the next line, "" at the end."""
        assert self._process.stdout is not None
        return self._process.stdout.readline()

    def ask(self, text):
        """Send a line and return the next one; RuntimeError when the program has ended."""
        assert self._process.stdin is not None
        self._process.stdin.write(text + "\n")
        self._process.stdin.flush()
        answer = self.line()
        if not answer.startswith(("[", "{", "true")):
            rest = self._process.communicate()[0]
            raise RuntimeError("a contestant failed: " + answer + rest)
        return answer


class World:
    """The server and a folder, for as long as the block lasts."""

    def __init__(self):
        self._stack = contextlib.ExitStack()

    def __enter__(self):
        self.folder = pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-m", "tools.bench.service", str(self.folder)]
        self._service = self._stack.enter_context(Child(command, cwd=ROOT))
        self.ports = json.loads(self._service.line())
        self.ca = self.folder / "ca.der"
        self.pem = self.folder / "ca.pem"
        for name, size in SIZES.items():
            self.picture(name).write_bytes(_jpeg(size))
        return self

    def __exit__(self, *_):
        self._stack.close()

    def url(self, scheme):
        """Return the server's address, "http" or "https"."""
        return "{}://127.0.0.1:{}".format(scheme, self.ports[scheme])

    def picture(self, name):
        """Return the path of the picture of that size, one of SIZES."""
        return self.folder / (name.replace(" ", "") + ".jpg")

    def first_bytes(self):
        """Return when (ns since 1970) each new connection got its first byte; forgets them."""
        return json.loads(self._service.ask(""))

    def micropython(self, script, *args, heap="4M", lib=LIB, cwd=None):
        """Run a script of device/ and return what it prints, from JSON.

        None when it ends with an error and `heap` was too little.
        """
        done = subprocess.run(
            command(script, *args, heap=heap),
            env=environment(lib),
            cwd=cwd,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode or not done.stdout:
            if "memory" in (done.stdout + done.stderr).lower():
                return None
            raise RuntimeError("{}: {}".format(script, done.stdout + done.stderr))
        return json.loads(done.stdout.splitlines()[-1])

    def compiled(self):
        """Return a folder with the device code as .mpy, made on first use."""
        folder = self.folder / "mpy"
        if not folder.exists():
            for path in sorted((LIB / "thingscam").rglob("*.py")):
                target = (folder / path.relative_to(LIB)).with_suffix(".mpy")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(mpy.compiled(path, LIB))
        return folder


def command(script, *args, heap="4M"):
    """Return the command that runs a script of device/ under MicroPython."""
    return [str(MICROPYTHON), "-X", "heapsize=" + heap, str(DEVICE / script), *map(str, args)]


def environment(lib=LIB, *more):
    """Return the environment for it, with the device code in the folder `lib`."""
    folders = [*map(str, more), str(lib), str(DEVICE), ".frozen"]
    return dict(os.environ, MICROPYPATH=":".join(folders))


def machine():
    """Return one line: processor, cores, versions."""
    text = pathlib.Path("/proc/cpuinfo").read_text()
    name = re.search(r"model name\s*: (.*)", text)
    code = "import sys; print(sys.version.split('; ')[1])"
    version = subprocess.run([MICROPYTHON, "-c", code], capture_output=True, text=True).stdout
    return "{}, {} cores, {} {}, CPython {}, {}".format(
        name[1] if name else platform.machine(),
        os.cpu_count(),
        platform.system(),
        platform.release(),
        platform.python_version(),
        version.strip(),
    )


def median(values):
    """Return the median, for times of which a few are always far off."""
    return statistics.median(values)


def spread(values):
    """Return "median (quarter .. three quarters)" of times in microseconds, as ms."""
    low, middle, high = statistics.quantiles(values, n=4)
    return "{} ({} .. {})".format(ms(middle), ms(low), ms(high))


def ms(us):
    """Return microseconds as milliseconds, three digits."""
    value = us / 1000
    return "{:.3f}".format(value) if value < 1 else "{:.3g}".format(value)


def _jpeg(size):
    # What checks look at: a frame of 800x600, a scan, and noise in it that holds no marker.
    head = bytes.fromhex("ffd8 ffc0000b080258032001011100 ffda0008010100003f00")
    noise = random.Random(size).randbytes(size - len(head) - 2).replace(b"\xff", b"\xfe")
    return head + noise + b"\xff\xd9"
