# Outboxes with a mistake in them: the proof must find every one (MicroPython).

import os

from scenario import SmallFolders

from thingscam.outbox import folder as folders
from thingscam.outbox import record as kept


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


class NoCheck(SmallFolders):
    """Hands out every file that is long enough, whatever its record says."""

    def __init__(self, path, max_bytes):
        kept.load = _load_anything
        super().__init__(path, max_bytes)


def _load_anything(outbox, path, number, buffer, load=kept.load):
    size = folders.size(path) - kept.RECORD_BYTES
    found = load(outbox, path, number, None)
    if found is None and size > 0:
        found = kept.Kept(outbox, path, number, size)
        found.captured_at = 1700000000
    return found


class RemovesLate(SmallFolders):
    """remove() notes in memory what is to be deleted with the next one."""

    _late = None

    def remove(self, kept):
        if self._late is not None:
            super().remove(self._late)
        self._late = kept
        self._bad.append(kept.number)


class RenamesOnFat(SmallFolders):
    """Writes under a temporary name, and renames: on FAT two writes, with a cut between."""

    def __init__(self, path, max_bytes):
        super().__init__(path, max_bytes)
        self._shelf.write = self._write

    def _write(self, view, before, captured_at, cause):
        shelf = self._shelf
        number = shelf.next
        data = kept.record(view, number, before, captured_at, cause)
        path = shelf._file(number)
        folders.make_path(path.rpartition("/")[0], self._warn)
        temporary = shelf._path + "/new.tmp"
        try:
            os.remove(temporary)
        except OSError:
            pass
        with open(temporary, "wb") as file:
            kept.write(file, view, data, True)
        os.rename(temporary, path)
        shelf.next = number + 1


class DropsTooEarly(SmallFolders):
    """Makes room before it must: drops a picture that would have fitted."""

    def put(self, image, captured_at, cause):
        if len(self) > 2:
            kept = self.oldest()
            if kept is not None:
                self.remove(kept)
        return super().put(image, captured_at, cause)
