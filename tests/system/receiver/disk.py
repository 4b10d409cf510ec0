# Disks that fill up, and that nobody may write to: a small tmpfs, mounted where root runs this.

import contextlib
import os
import pathlib
import subprocess
import tempfile

_FILLER = ".filler"


def is_possible():
    """Return whether a disk can be mounted here."""
    if os.geteuid() != 0:
        return False
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(OSError):
        done = subprocess.run(["mount", "-t", "tmpfs", "tmpfs", folder], capture_output=True)
        if done.returncode == 0:
            subprocess.run(["umount", "-l", folder], capture_output=True)
            return True
    return False


class Disk:
    """A disk of so many bytes, mounted at `folder` (made if need be) until the block ends."""

    def __init__(self, folder, size=8_000_000):
        self._folder = pathlib.Path(folder)
        self._size = size

    def __enter__(self):
        self._folder.mkdir(parents=True, exist_ok=True)
        self._mount("-t", "tmpfs", "-o", f"size={self._size}", "tmpfs")
        return self

    def __exit__(self, *_):
        subprocess.run(["umount", "-l", str(self._folder)], check=True)

    def _mount(self, *options):
        subprocess.run(["mount", *options, str(self._folder)], check=True, capture_output=True)

    def fill(self):
        """Leave no byte free."""
        with open(self._folder / _FILLER, "ab", buffering=0) as file:
            with contextlib.suppress(OSError):
                while file.write(bytes(65536)) == 65536:
                    pass
            with contextlib.suppress(OSError):
                while file.write(bytes(1)):
                    pass

    def free(self):
        """Take away what fill() has written."""
        (self._folder / _FILLER).unlink(missing_ok=True)

    def allow_writing(self, allowed):
        """Let the disk be written to, or not."""
        self._mount("-o", "remount," + ("rw" if allowed else "ro"))
