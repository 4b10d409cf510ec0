# The board's filesystem: what is in it, and as an image, the same that flashing writes.

import contextlib
import hashlib
import pathlib

from littlefs import LittleFS, LittleFSError, UserContext

from .. import ROOT
from . import mpy
from .errors import ToolError

BLOCK = 4096  # the flash's sector, which MicroPython takes for its block

# MicroPython refuses an image that is newer than its own littlefs, which had 2.0 until
# October 2023 (micropython pull request 12731); an older one it takes, and renews as it writes.
_DISK_VERSION = 0x00020000

LIBRARY = "lib/"  # thingscam's place on a board, and in a checkout
_FILLER = "filler"
_PROGRAMS = ("boot.py", "main.py")


class FilesystemError(ToolError):
    """The files do not make an image, or the data is none; the text says why."""


def firmware_files(root=ROOT, compiled=False):
    """Return {path on the board: bytes} of boot.py, main.py and lib/ of the folder `root`.

    `compiled` makes lib/ .mpy files, which load faster and in less memory; boot.py and
    main.py stay as they are, for MicroPython looks for them by these names.

    Raises mpy.CompileError.
    """
    files = {name: (root / name).read_bytes() for name in _PROGRAMS}
    found = library(root, compiled)
    return files | {LIBRARY + name: data for name, data in found.items()}


def library(root=ROOT, compiled=False):
    """Return {path below lib/: bytes} of thingscam alone, as firmware_files() has it."""
    folder = root / LIBRARY
    files = {}
    for path in sorted(folder.rglob("*.py")):
        name = path.relative_to(folder).as_posix()
        if compiled:
            files[name.removesuffix(".py") + ".mpy"] = mpy.compiled(path, folder)
        else:
            files[name] = path.read_bytes()
    return files


def image(files, size):
    """Return a littlefs image of `size` bytes that holds `files`.

    `files` maps paths on the board ("lib/thingscam/app.py") to bytes or text.

    Raises FilesystemError when they need more room.
    """
    system = _system(bytearray(b"\xff") * size, _DISK_VERSION)
    system.format()
    system.mount()
    name, made = "lib", {"."}
    try:
        for name, data in files.items():
            folder = str(pathlib.PurePosixPath(name).parent)
            if folder not in made:
                system.makedirs(folder, exist_ok=True)
                made.add(folder)
            with system.open(name, "wb") as file:
                file.write(data.encode() if isinstance(data, str) else data)
    except LittleFSError as e:
        text = "{}: no room for it in a filesystem of {} KB: {}"
        raise FilesystemError(text.format(name, size // 1024, e)) from e
    system.unmount()
    return bytes(system.context.buffer)


def total(data):
    """Return (size, SHA-256 in hex) of `data` (bytes), as boardlink.Board.sums() has it."""
    return len(data), hashlib.sha256(data).hexdigest()


def make_image(path, files, size):
    """Write image(files, size) to the file `path`."""
    pathlib.Path(path).write_bytes(image(files, size))


@contextlib.contextmanager
def opened(path):
    """Open the image in the file `path` for reading; the value is a littlefs.LittleFS."""
    yield _mounted(pathlib.Path(path).read_bytes())


def fill(path, room):
    """Leave `room` bytes free in the image in the file `path`, by a file; None: without it.

    Raises FilesystemError when it is no image.
    """
    path = pathlib.Path(path)
    system = _mounted(path.read_bytes())
    with contextlib.suppress(FileNotFoundError):
        system.remove(_FILLER)
    if room is not None:
        with system.open(_FILLER, "wb") as file:
            count = system.block_count - system.used_block_count - room // BLOCK
            # In each block of a file are pointers to others, of 8 bytes on the average.
            file.write(bytes(max(0, count) * (BLOCK - 8)))
    system.unmount()
    path.write_bytes(system.context.buffer)


def contents(data):
    """Return {path on the board: bytes} of all files in the image `data` (bytes).

    Raises FilesystemError when it is none.
    """
    system = _mounted(data)
    found = {}
    for folder, _, names in system.walk("/"):
        for name in names:
            path = "/".join((folder.rstrip("/"), name))
            with system.open(path, "rb") as file:
                found[path.lstrip("/")] = file.read()
    return found


def _mounted(data):
    system = _system(bytearray(data), 0)  # whichever version a board has made of it
    try:
        system.mount()
    except LittleFSError as e:
        raise FilesystemError("no littlefs filesystem in it: {}".format(e)) from e
    return system


class _Memory(UserContext):
    # littlefs-python's own, which is thousands of calls an image, without a line of log for each.

    def read(self, cfg, block, off, size):
        start = block * BLOCK + off
        return self.buffer[start : start + size]

    def prog(self, cfg, block, off, data):
        start = block * BLOCK + off
        self.buffer[start : start + len(data)] = data
        return 0

    def erase(self, cfg, block):
        self.buffer[block * BLOCK : (block + 1) * BLOCK] = b"\xff" * BLOCK
        return 0


def _system(buffer, version):
    return LittleFS(
        context=_Memory(buffer=buffer),
        block_size=BLOCK,
        block_count=len(buffer) // BLOCK,
        mount=False,
        disk_version=version,
    )
