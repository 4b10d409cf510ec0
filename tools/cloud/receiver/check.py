# Compares index and storage: what has a row and no object, what has an object and no row.

import contextlib
import hashlib
import itertools
import sqlite3
import time
from dataclasses import dataclass, field

from ..index import Found
from ..index.pictures import taken_in
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
        while rows := self._index.pictures.after(last, _AT_ONCE):
            last = rows[-1].id
            self._report.pictures += len(rows)
            lost = {row.name: row.taken_in for row in rows}
            for table in ("there", "begun"):
                for name in _those_in(there, table, list(lost)):
                    del lost[name]
            for name, at in lost.items():
                # One that came after the list was made is there all the same.
                if at < self._before or not self._is_there(name):
                    there.execute("INSERT INTO lost VALUES (?)", (name,))

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
        wrong = count > max(_FEW, self._report.pictures // 2)
        if self._mend and wrong:
            raise WrongStorageError(
                f"{self._objects.shown}: {count:,} of {self._report.pictures:,} pictures are not"
                " there: is it the right storage? Nothing was changed"
            )
        for batch in _batches(there.execute("SELECT name FROM lost ORDER BY name")):
            # Each is asked for once more; of the wrong storage that would take hours.
            names = [name for (name,) in batch if wrong or not self._is_there(name)]
            for name in names:
                done = ": forgotten" if self._mend else ""
                self._report.note("lost", name, "is in the index, but not in the storage" + done)
            if self._mend:
                self._index.pictures.begin_delete(names)
                self._index.pictures.end_delete(names)

    def _settle_alone(self, there):
        # By device: its pictures are searched for copies once for all of a batch.
        query = "SELECT name, size FROM alone ORDER BY substr(name, instr(name, '-')), name"
        for batch in _batches(there.execute(query)):
            # Some may have come to have a row by now.
            known = self._index.pictures.known([name for name, _ in batch])
            devices = self._index.projects.names({_device(name) for name, _ in batch})
            whole = []
            for name, size in batch:
                if name not in known:
                    whole += self._look_at(name, size, devices)
            new = []
            for device, few in itertools.groupby(whole, key=lambda found: _device(found.name)):
                new += self._without_copies(device, list(few))
            if self._mend:
                self._index.pictures.adopt(sorted(new, key=lambda found: found.name))

    def _look_at(self, name, size, devices):
        """Return a list with the Found of an object without a row, or an empty one: it is none
        to be made known."""
        if _device(name) not in devices:
            self._report.note("strange", name, "is a picture of a device that is not known: left")
            return []
        if taken_in(name) is None:
            self._report.note("strange", name, "has a time that there is not in its name: left")
            return []
        try:
            data = self._objects.get(name)
            judge(data)
        except FileNotFoundError:  # it went away just now
            return []
        except PictureError:
            self._report.note("strange", name, "is no whole picture: left")
            return []
        return [Found(name, size, hashlib.sha256(data).hexdigest(), **vars(details(data)))]

    def _without_copies(self, device, whole):
        """Return those of `whole`, Founds of a device, that are no second copies; these go."""
        first = self._index.pictures.same(device, [found.sha256 for found in whole])
        new = []
        for found in whole:
            # A camera that got no answer has sent it again, and that one was kept.
            if same := first.get(found.sha256):
                done = ": deleted" if self._mend else ""
                text = f"has the bytes of {same} of the same device{done}"
                self._report.note("copies", found.name, text)
                if self._mend:
                    self._objects.delete(found.name)
                continue
            first[found.sha256] = found.name
            new.append(found)
            done = ": made known" if self._mend else ""
            text = "is in the storage, but not in the index" + done
            self._report.note("adopted", found.name, text)
        return new


def _those_in(there, table, names):
    """Return those of `names` (a list) that a table has, as a list."""
    places = ", ".join("?" * len(names))
    found = there.execute(f"SELECT name FROM {table} WHERE name IN ({places})", names)
    return [name for (name,) in found]


def _device(name):
    return name.split("-")[1]


def _batches(rows):
    rows = iter(rows)
    while batch := list(itertools.islice(rows, _AT_ONCE)):
        yield batch
