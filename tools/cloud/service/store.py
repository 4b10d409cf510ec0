# Pictures on disk, and the records of the devices; all survives a restart.

import datetime
import itertools
import os
import time
from dataclasses import dataclass

from ..names import PICTURE, taken_in
from .files import remove_unfinished, write_whole
from .records import RecordError, Records


class StoreError(Exception):
    """The folder cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Stored:
    """One picture on disk: when it was taken in, the Device's label, its size in bytes."""

    name: str
    taken_in: datetime.datetime
    device: str
    size: int


class Store:
    """Keeps pictures in `folder`/images, and `records` (Records) in `folder`/devices.

    `now` gives the nanoseconds since 1970 for file names; `kept` counts the pictures kept by
    this object. Raises StoreError when the folder cannot be made, or a file in it is not
    what it should be.
    """

    def __init__(self, folder, now=time.time_ns):
        self.folder = folder
        self._images = folder / "images"
        self._now = now
        self._watchers = []
        self.kept = 0
        try:
            self._images.mkdir(parents=True, exist_ok=True)
            remove_unfinished(self._images)
            self.records = Records(folder / "devices", now)
            names = self.names()
        except OSError as error:
            raise StoreError(f"{error.filename}: cannot be used: {error.strerror}") from error
        except RecordError as error:
            raise StoreError(str(error)) from error
        self._counter = itertools.count(_counter(names[0]) + 1 if names else 1)

    def watch(self, callback):
        """Have `callback` called, without arguments, after each picture that is kept."""
        self._watchers.append(callback)

    def keep(self, data, ending, device):
        """Write a picture (bytes) and return its name, unique and sortable by time.

        `ending` is that of the name ("jpg"), `device` a Device's label. Raises OSError.
        """
        seconds, nanoseconds = divmod(self._now(), 1_000_000_000)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
        counter = next(self._counter)
        name = f"{stamp}.{nanoseconds // 1000:06d}Z-{device}-{counter:06d}.{ending}"
        write_whole(self._images / name, data)
        self.kept += 1
        for callback in self._watchers:
            callback()
        return name

    def path(self, name):
        """Return the path of the picture `name`, or None if there is none of that name."""
        # No other name can be one of ours; so there is no way out of the folder.
        if not PICTURE.fullmatch(name):
            return None
        path = self._images / name
        return path if path.is_file() else None

    def names(self):
        """Return the names of all pictures as a list, the last to arrive first. Raises OSError.

        The order is that of the counter: a computer's clock may be set back.
        """
        try:
            found = [name for name in os.listdir(self._images) if PICTURE.fullmatch(name)]
        except FileNotFoundError:
            return []  # someone took the whole folder away
        return sorted(found, key=_counter, reverse=True)

    def older(self, names, before):
        """Return those of `names` that arrived before the picture `before`.

        It need not be there any more; what cannot be a picture's name leaves all of them.
        """
        if not PICTURE.fullmatch(before):
            return names
        return [name for name in names if _counter(name) < _counter(before)]

    def stored(self, name):
        """Return the Stored of this name, or None if there is none of that name (any more)."""
        match = PICTURE.fullmatch(name)
        try:
            if match:
                size = os.stat(self._images / name).st_size
                return Stored(name, taken_in(name), match[2], size)
        except (FileNotFoundError, ValueError):
            pass
        return None


def _counter(name):
    return int(name.rpartition("-")[2].partition(".")[0])
