# The board's filesystem as an image file, the same that flashing writes.

import contextlib
import pathlib

from littlefs import LittleFS

BLOCK = 4096


def make_image(path, files, size):
    """Write a littlefs image of `size` bytes to `path`, holding `files`.

    `files` maps paths on the board ("lib/thingscam/app.py") to bytes or text.
    """
    system = LittleFS(block_size=BLOCK, block_count=size // BLOCK)
    for name, data in files.items():
        parent = pathlib.PurePosixPath(name).parent
        if str(parent) != ".":
            system.makedirs(str(parent), exist_ok=True)
        with system.open(name, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
    pathlib.Path(path).write_bytes(system.context.buffer)


@contextlib.contextmanager
def opened(path):
    """Open the image at `path` for reading; the value is a littlefs.LittleFS."""
    data = pathlib.Path(path).read_bytes()
    system = LittleFS(block_size=BLOCK, block_count=len(data) // BLOCK, mount=False)
    system.context.buffer = bytearray(data)
    system.mount()
    yield system


def read_files(path):
    """Return the files of the image at `path`, as make_image() takes them."""
    with opened(path) as system:
        return {
            (folder + "/" + name).lstrip("/"): system.open(folder + "/" + name, "rb").read()
            for folder, _, names in system.walk("/")
            for name in names
        }


def firmware_files(root):
    """Return boot.py, main.py and lib/ of the folder `root`, as make_image() takes them."""
    files = {name: (root / name).read_bytes() for name in ("boot.py", "main.py")}
    for path in sorted((root / "lib").rglob("*.py")):
        files[path.relative_to(root).as_posix()] = path.read_bytes()
    return files
