# What the pages docs/results/soak.md and docs/results/day.md say of where they were made.

import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

_MICROPYTHON = pathlib.Path(sys.executable).parent / "micropython"
_VERSION = "import sys; print('MicroPython %d.%d.%d-%s' % sys.implementation.version)"


def made_on():
    """Return date, machine and MicroPython, as one text."""
    done = subprocess.run([_MICROPYTHON, "-c", _VERSION], capture_output=True, text=True)
    machine = "{} cores of {}".format(os.cpu_count(), platform.machine())
    return ", ".join((time.strftime("%Y-%m-%d"), machine, done.stdout.strip().rstrip("-")))


def kept(lines):
    """Write lines to a new file and return its path."""
    with tempfile.NamedTemporaryFile("w", suffix=".log", delete=False) as file:
        file.write("\n".join(lines) + "\n")
    return file.name


def table(heads, rows):
    """Return a Markdown table; columns but the first are numbers."""
    lines = [heads, ["---"] + ["--:"] * (len(heads) - 1), *rows]
    return "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
