# Files that are there whole or not at all.

import contextlib
import os
import time

UNFINISHED = ".part"


def write_whole(path, data):
    """Write `data` (bytes) to `path` (pathlib.Path); readers see the old file or the new one.

    It is on the disk when this returns: the power may fail then. Raises OSError; nothing is left
    then of what was begun, but where all is written and only the folder cannot be flushed.
    """
    unfinished = path.with_name(path.name + UNFINISHED)
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            unfinished.unlink()
        raise
    _flush_folder(path.parent)


def remove_unfinished(folder, older_s=0):
    """Remove from `folder` what a power cut left of write_whole(), `older_s` seconds ago or more.

    Raises OSError.
    """
    for unfinished in folder.glob("*" + UNFINISHED):
        with contextlib.suppress(FileNotFoundError):  # finished, or removed by someone else
            if unfinished.stat().st_mtime <= time.time() - older_s:
                unfinished.unlink()


def _flush_folder(folder):
    # The new name is in the folder; Windows opens none, and needs no flush of it.
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
