# Compares index and storage: what has a row and no object, what has an object and no row.

import contextlib
import hashlib
import itertools
import sqlite3
import time
from dataclasses import dataclass, field

from ..index import Found
from ..service.pictures import PictureError, details, judge

# What came so recently (seconds) may still be on its way.
GRACE = 600

_AT_ONCE = 1000
_SHOWN = 100  # findings of one kind that are named
# With so many pictures gone, it is rather the storage that is the wrong one.
_FEW = 10


class WrongStorageError(Exception):
    """So much is missing that it is hardly the right storage; the text is one sentence."""


@dataclass
class Report:
    """What was found, and counted: `lines` names the first of each kind."""

    pictures: int = 0
    lost: int = 0
    deleting: int = 0
    adopted: int = 0
    copies: int = 0
    strange: int = 0
    lines: list[str] = field(default_factory=list)

    @property
    def wrong(self):
        """How many pictures are not as they should be."""
        return self.lost + self.deleting + self.adopted + self.copies + self.strange

    def note(self, kind, name, text):
        """Count `name` as one of a `kind`; `text` tells a person what of it."""
        count = getattr(self, kind) + 1
        setattr(self, kind, count)
        if count <= _SHOWN:
            self.lines.append(f"{name}: {text}")
        elif count == _SHOWN + 1:
            self.lines.append("... and more like that one")


class Check:
    """Compares `index` (Index) with `objects` (Objects); `mend` puts right what can be.

    `now` returns the seconds since 1970, `grace` is in seconds. Nothing of it is held in memory:
    the names lie in a file of SQLite's own, that is gone at the end.
    """

    def __init__(self, index, objects, *, mend=False, grace=GRACE, now=time.time):
        self._index = index
        self._objects = objects
        self._mend = mend
        self._before = now() - grace
        self._report = Report()

    def run(self):
        """Return the Report.

        Raises UnavailableError, SettingError, StorageError: nothing is taken for gone that only
        could not be read; and WrongStorageError.
        """
        with contextlib.closing(sqlite3.connect("")) as there:
            there.execute("CREATE TABLE there (name TEXT PRIMARY KEY) WITHOUT ROWID")
            there.execute("CREATE TABLE alone (name TEXT PRIMARY KEY, size INTEGER)")
            there.execute("CREATE TABLE begun (name TEXT PRIMARY KEY)")
            there.execute("CREATE TABLE lost (name TEXT PRIMARY KEY)")
            self._list(there)
            self._find_begun(there)
            self._find_lost(there)
            # First, for it may say that nothing is to be mended here.
            self._settle_lost(there)
            self._settle_begun(there)
            self._settle_alone(there)
        return self._report

    def _list(self, there):
        for batch in _batches(self._objects.names()):
            known = self._index.pictures.known([name for name, *_ in batch])
            names = [(name,) for name, *_ in batch]
            there.executemany("INSERT OR IGNORE INTO there VALUES (?)", names)
            alone = [
                (name, size)
                for name, size, changed in batch
                if name not in known and changed < self._before
            ]
            there.executemany("INSERT OR IGNORE INTO alone VALUES (?, ?)", alone)

    def _find_begun(self, there):
        last = 0
        while rows := self._index.surplus.begun(last, _AT_ONCE):
            last = rows[-1][0]
            there.executemany("INSERT INTO begun VALUES (?)", [row[1:] for row in rows])

    def _find_lost(self, there):
        last = 0
        query = "SELECT name FROM there WHERE name = ? UNION SELECT name FROM begun WHERE name = ?"
        while rows := self._index.pictures.after(last, _AT_ONCE):
            last = rows[-1].id
            self._report.pictures += len(rows)
            for row in rows:
                found = there.execute(query, (row.name, row.name)).fetchone()
                # One that came after the list was made is there all the same.
                if not found and not self._is_there(row.name):
                    there.execute("INSERT INTO lost VALUES (?)", (row.name,))

    def _settle_begun(self, there):
        for batch in _batches(there.execute("SELECT name FROM begun ORDER BY name")):
            names = [name for (name,) in batch]
            for name in names:
                self._report.note("deleting", name, "its deletion was begun and not ended")
                if self._mend:
                    self._objects.delete(name)
            if self._mend:
                self._index.pictures.end_delete(names)

    def _is_there(self, name):
        try:
            self._objects.get(name)
        except FileNotFoundError:
            return name not in self._index.pictures.known([name])  # deleted meanwhile
        return True

    def _settle_lost(self, there):
        ((count,),) = there.execute("SELECT count(*) FROM lost")
        if self._mend and count > max(_FEW, self._report.pictures // 2):
            raise WrongStorageError(
                f"{self._objects.shown}: {count:,} of {self._report.pictures:,} pictures are not"
                " there: is it the right storage? Nothing was changed"
            )
        for batch in _batches(there.execute("SELECT name FROM lost ORDER BY name")):
            names = [name for (name,) in batch]
            for name in names:
                done = ": forgotten" if self._mend else ""
                self._report.note("lost", name, "is in the index, but not in the storage" + done)
            if self._mend:
                self._index.pictures.begin_delete(names)
                self._index.pictures.end_delete(names)

    def _settle_alone(self, there):
        for batch in _batches(there.execute("SELECT name, size FROM alone ORDER BY name")):
            # Some may have come to have a row by now.
            known = self._index.pictures.known([name for name, _ in batch])
            labels = {name.split("-")[1] for name, _ in batch}
            devices = self._index.projects.names(labels)
            found = {}
            for name, size in batch:
                if name not in known:
                    self._look_at(name, size, devices, found)
            if self._mend:
                self._index.pictures.adopt(list(found.values()))

    def _look_at(self, name, size, devices, found):
        """Put an object without a row into `found`, a dict of Found by device and SHA-256, if it
        is to be made known."""
        device = name.split("-")[1]
        if device not in devices:
            self._report.note("strange", name, "is a picture of a device that is not known: left")
            return
        try:
            data = self._objects.get(name)
            judge(data)
        except FileNotFoundError:  # it went away just now
            return
        except PictureError:
            self._report.note("strange", name, "is no whole picture: left")
            return
        key = device, hashlib.sha256(data).hexdigest()
        # A camera that got no answer has sent it again, and that one was kept.
        if same := found[key].name if key in found else self._index.pictures.same(*key):
            done = ": deleted" if self._mend else ""
            self._report.note("copies", name, f"has the bytes of {same} of the same device{done}")
            if self._mend:
                self._objects.delete(name)
            return
        done = ": made known" if self._mend else ""
        self._report.note("adopted", name, "is in the storage, but not in the index" + done)
        found[key] = Found(name, size, key[1], **vars(details(data)))


def _batches(rows):
    rows = iter(rows)
    while batch := list(itertools.islice(rows, _AT_ONCE)):
        yield batch
