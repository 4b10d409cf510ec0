# Files that are there whole or not at all.

import contextlib
import os
import time

UNFINISHED = ".part"


def write_all(files):
    """Write each of `files`, a list of (pathlib.Path, bytes) in one folder; readers see an old
    file or the new one.

    They are on the disk when this returns: the power may fail then. It takes less time for many
    than for each alone. Returns a list with None for each that is written, an OSError for each
    that is not; nothing is left then of what was begun, but where all is written and only the
    folder cannot be flushed.
    """
    writing = [_writing(path, data) for path, data in files]
    errors: list = [None] * len(files)
    for _ in range(2):  # the disk has begun with the last one when the first is waited for
        for at, each in enumerate(writing):
            try:
                next(each, None)
            except OSError as error:
                errors[at] = error
    if None in errors:
        try:
            _flush_folder(files[0][0].parent)
        except OSError as error:
            errors = [each or error for each in errors]
    return errors


def _writing(path, data):
    """Write a file but for its folder; a generator that yields where others may be begun."""
    unfinished = f"{path}{UNFINISHED}"
    left = memoryview(data)
    try:
        with open(unfinished, "wb", buffering=0) as file:
            while left:  # a disk that is nearly full takes a part
                left = left[file.write(left) :]
            _begin_flush(file)
            yield
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(unfinished)
        raise


def remove_unfinished(folder, older_s=0):
    """Remove from `folder` what a power cut left of write_all(), `older_s` seconds ago or more.

    Raises OSError.
    """
    for unfinished in folder.glob("*" + UNFINISHED):
        with contextlib.suppress(FileNotFoundError):  # finished, or removed by someone else
            if unfinished.stat().st_mtime <= time.time() - older_s:
                unfinished.unlink()


def _begin_flush(file):
    # What is to leave the cache is sent to the disk now. On ext4 one commit then does for many
    # files; without it each has one of its own.
    if hasattr(os, "posix_fadvise"):
        with contextlib.suppress(OSError):  # a hint only: fsync tells what fails
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _flush_folder(folder):
    # The new name is in the folder; Windows opens none, and needs no flush of it.
    if os.name == "nt":
        return
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
