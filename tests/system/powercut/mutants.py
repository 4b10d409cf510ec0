# Outboxes with a mistake in them: the proof must find every one (MicroPython).

import os

from scenario import SmallFolders

from thingscam.outbox import folder as folders
from thingscam.outbox import record as records


class ReturnsEarly(SmallFolders):
    """put() returns at once; the picture is written with the next call."""

    _later = None

    def put(self, image, captured_at, cause):
        self._write()
        self._later = image, captured_at, cause
        return True

    def oldest(self):
        self._write()
        return super().oldest()

    def newest(self):
        self._write()
        return super().newest()

    def _write(self):
        later, self._later = self._later, None
        if later is not None:
            super().put(*later)


class OneFile(SmallFolders):
    """Of the settings from afar: both files are one."""

    settings = ("remote.0.json", "remote.0.json")


class NoCheck(SmallFolders):
    """Hands out every file that is long enough, whatever its record says."""

    def __init__(self, path, max_bytes):
        records.load = _load_anything
        super().__init__(path, max_bytes)


def _load_anything(outbox, path, number, buffer, load=records.load):
    size = folders.size(path) - records.RECORD_BYTES
    found = load(outbox, path, number, None)
    if found is None and size > 0:
        found = records.Entry(outbox, path, number, size)
        found.captured_at = 1700000000
    return found


class RemovesLate(SmallFolders):
    """remove() notes in memory what is to be deleted with the next one."""

    _late = None

    def remove(self, entry):
        if self._late is not None:
            super().remove(self._late)
        self._late = entry
        self._bad.append(entry.number)


class RenamesOnFat(SmallFolders):
    """Writes under a temporary name, and renames: on FAT two writes, with a cut between."""

    def __init__(self, path, max_bytes):
        super().__init__(path, max_bytes)
        self._store.write = self._write

    def _write(self, view, totals, captured_at, cause):
        store = self._store
        number = store.next
        data = records.record(view, number, totals, captured_at, cause)
        path = store._file(number)
        folders.make_path(path.rpartition("/")[0], self._warn)
        temporary = store._path + "/new.tmp"
        try:
            os.remove(temporary)
        except OSError:
            pass
        with open(temporary, "wb") as file:
            records.write(file, view, data, True)
        os.rename(temporary, path)
        store.next = number + 1


class DropsTooEarly(SmallFolders):
    """Makes room before it must: drops a picture that would have fitted."""

    def put(self, image, captured_at, cause):
        if len(self) > 2:
            entry = self.oldest()
            if entry is not None:
                self.remove(entry)
        return super().put(image, captured_at, cause)
