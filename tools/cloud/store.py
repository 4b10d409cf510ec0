# Pictures and attributes on disk; both survive a restart.

import itertools
import json
import os
import re
import time
from dataclasses import dataclass

# 20260131T235959.123456Z-1a2b3c4d-000042.jpg: time, device, counter.
_NAME = re.compile(r"(\d{8}T\d{6})\.\d{6}Z-([0-9a-f]{8})-(\d{6,})\.[a-z]{3,4}", re.ASCII)


class StoreError(Exception):
    """The folder cannot be used; the text says which and why."""


@dataclass(frozen=True)
class Stored:
    """One picture on disk; `taken_in` is UTC, `device` the Device's label."""

    name: str
    taken_in: time.struct_time
    device: str
    size: int


class Store:
    """Keeps pictures in `folder`/images and attributes in `folder`/attributes.json.

    `now` gives the nanoseconds since 1970 for file names. Raises StoreError when the folder
    cannot be made, or holds an attributes.json that is not one.
    """

    def __init__(self, folder, now=time.time_ns):
        self.folder = folder
        self._images = folder / "images"
        self._attributes_file = folder / "attributes.json"
        self._now = now
        try:
            self._images.mkdir(parents=True, exist_ok=True)
            self._attributes = self._read_attributes()
            pictures = self.pictures()
        except OSError as error:
            raise StoreError(f"{error.filename}: cannot be used: {error.strerror}") from error
        last = max((_counter(picture.name) for picture in pictures), default=0)
        self._counter = itertools.count(last + 1)

    def keep(self, data, ending, device):
        """Write a picture (bytes) and return its name, unique and sortable by time.

        `ending` is that of the name ("jpg"), `device` a Device's label. Raises OSError.
        """
        seconds, nanoseconds = divmod(self._now(), 1_000_000_000)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
        counter = next(self._counter)
        name = f"{stamp}.{nanoseconds // 1000:06d}Z-{device}-{counter:06d}.{ending}"
        _write_whole(self._images / name, data)
        return name

    def path(self, name):
        """Return the path of the picture `name`, or None if there is none of that name."""
        # No other name can be one of ours; so there is no way out of the folder.
        if not _NAME.fullmatch(name):
            return None
        path = self._images / name
        return path if path.is_file() else None

    def pictures(self):
        """Return all pictures as a list of Stored, newest first. Raises OSError."""
        found = []
        for entry in os.scandir(self._images):
            match = _NAME.fullmatch(entry.name)
            if match:
                taken_in = time.strptime(match[1], "%Y%m%dT%H%M%S")
                found.append(Stored(entry.name, taken_in, match[2], entry.stat().st_size))
        return sorted(found, key=lambda picture: picture.name, reverse=True)

    def set_attribute(self, device, identifier, value):
        """Set one attribute of a device (by its label), on disk too. Raises OSError."""
        attributes = {**self._attributes, device: {**self.attributes(device), identifier: value}}
        text = json.dumps(attributes, indent=1, sort_keys=True)
        _write_whole(self._attributes_file, text.encode())
        self._attributes = attributes

    def attributes(self, device):
        """Return the attributes of a device (by its label) as a dict."""
        return self._attributes.get(device, {})

    def _read_attributes(self):
        try:
            found = json.loads(self._attributes_file.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise StoreError(f"{self._attributes_file}: is not JSON: {error}") from error
        if not isinstance(found, dict) or not all(isinstance(v, dict) for v in found.values()):
            raise StoreError(f"{self._attributes_file}: is not a file of attributes")
        return found


def _counter(name):
    match = _NAME.fullmatch(name)
    return int(match[3]) if match else 0


def _write_whole(path, data):
    # Readers see the old file or the new one, never half of one.
    unfinished = path.with_name(path.name + ".part")
    unfinished.write_bytes(data)
    os.replace(unfinished, path)
