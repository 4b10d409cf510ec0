# Pictures in a folder.
#
# Without fsspec: its local filesystem flushes nothing to the disk, leaves half a file behind when
# the disk is full, and takes 0.1 s to import, which the stand-in has no use for.

import os
import pathlib
import time
import urllib.parse
import urllib.request

from ..service.files import UNFINISHED, remove_unfinished, write_all
from .errors import SettingError, StorageError, shown

# What another instance writes into the folder at this moment is not ours to remove.
_UNFINISHED_S = 600


class Folder:
    """Objects at a file URL; makes the folder. Raises SettingError."""

    together = 64  # they wait for one disk

    def __init__(self, url):
        self._folder = _path(url)
        self.shown = url
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            remove_unfinished(self._folder, older_s=_UNFINISHED_S)
        except OSError as error:
            raise SettingError(
                f"{self._folder}: cannot be used: {error.strerror}: name another folder, or "
                "allow writing to this one"
            ) from error

    def put_all(self, pictures):
        """Write the files, to the disk; their media types are left to their endings."""
        # A folder that has gone is not made again: where a disk was mounted, its pictures would
        # go to another one.
        errors = write_all([(self._folder / name, data) for name, data, _ in pictures])
        return [error and self._failed("cannot be written to", error) for error in errors]

    def get(self, name):
        """Return the bytes of the file."""
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._failed("cannot be read", error) from error

    def path(self, name):
        """Return the file's path, or None if there is no such file."""
        path = self._folder / name
        return path if path.is_file() else None

    def delete(self, name):
        """Remove the file."""
        try:
            (self._folder / name).unlink(missing_ok=True)
        except OSError as error:
            raise self._failed("cannot be written to", error) from error

    def entries(self):
        """Yield name, size, time of change of each file."""
        try:
            with os.scandir(self._folder) as found:
                for entry in found:
                    try:
                        about = entry.stat()
                    except FileNotFoundError:
                        continue  # deleted since
                    if entry.is_file():
                        yield entry.name, about.st_size, about.st_mtime
        except OSError as error:
            raise self._failed("cannot be read", error) from error

    def check_signed(self, signed_s):
        """Raise SettingError: nobody else could check a signature."""
        raise SettingError(
            f"{self.shown}: a folder has no signed URLs: have pictures read through the receiver, "
            "or name the base of their public URLs"
        )

    def signed(self, name, seconds):
        """Raise SettingError, as check_signed() does."""
        self.check_signed(seconds)

    def probe(self):
        """Write a small file and remove it."""
        path = self._folder / f"probe-{os.getpid()}-{time.monotonic_ns()}{UNFINISHED}"
        try:
            path.write_bytes(b"probe")
            path.unlink()
        except OSError as error:
            raise self._failed("cannot be written to", error) from error

    def _failed(self, what, error):
        return StorageError(f"{self._folder}: {what}: {error.strerror}")


def _path(url):
    parts = urllib.parse.urlsplit(url)
    path = pathlib.Path(urllib.request.url2pathname(parts.path))
    if parts.netloc not in ("", "localhost") or not path.is_absolute() or "\0" in str(path):
        raise SettingError(
            f"storage: {shown(url)}: expected a whole path behind file://, as in "
            "file:///srv/pictures"
        )
    if parts.query or parts.fragment:
        raise SettingError(f"storage: {shown(url)}: in a path, write %3F for ? and %23 for #")
    return path
