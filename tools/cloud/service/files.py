# Files that are there whole or not at all.

import contextlib
import os

UNFINISHED = ".part"


def write_whole(path, data):
    """Write `data` (bytes) to `path` (pathlib.Path); readers see the old file or the new one.

    Raises OSError; nothing is left then of what was begun.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        unfinished.write_bytes(data)
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise


def remove_unfinished(folder):
    """Remove from `folder` what a power cut left of write_whole(). Raises OSError."""
    for unfinished in folder.glob("*" + UNFINISHED):
        unfinished.unlink()
