# The index: what is known of projects, devices and pictures, in one database.

import contextlib
import threading
import time

from sqlalchemy import select

from .database import Database
from .errors import DuplicateError, UnavailableError
from .fleet import Fleet
from .pictures import Pictures
from .projects import Projects
from .records import Records
from .scene import Settings
from .surplus import Surplus
from .tables import facts
from .users import Users
from .writer import Writer

# What another instance has changed is noticed so much later at most.
MARK_SECONDS = 1.0


class Index:
    """What is known, in the database at `url` (see Database): `projects`, `pictures`, `records`,
    `users`, `fleet`.

    `clock` returns the seconds that paces are measured in (None: those since 1970, by the
    database's clock where several computers may use it), `now` the nanoseconds since 1970.
    What takes much longer than `timeout_s` (seconds) is given up with UnavailableError.
    All may be called by any thread; it waits for the answer, except where it says that it returns
    a Future: `await` it once, or wait for its `.result()` as of one of concurrent.futures. Raises
    DatabaseError.
    """

    def __init__(self, url, *, clock=None, now=time.time_ns, timeout_s=8.0):
        self._database = Database(url, timeout_s)
        is_sqlite = self._database.is_sqlite
        settings = Settings(clock or (time.time if is_sqlite else None), now, is_sqlite)
        threads = 1 if is_sqlite else 2
        self._writer = Writer(self._database, settings, threads, self._changed, timeout_s)
        self._watchers = []
        self._changes = 0
        self._changing = threading.Lock()
        self._marking = threading.Lock()
        self._marked = None, 0.0, None
        self.projects = Projects(self._database, self._writer, now, self._changed)
        self.pictures = Pictures(self._database, self._writer, now, self._changed)
        self.records = Records(self._database, self._writer)
        self.users = Users(self._database, self._writer, now)
        self.fleet = Fleet(self._database)
        self.surplus = Surplus(self._database, now)

    @property
    def waiting(self):
        """How many jobs wait to be written."""
        return self._writer.waiting

    @property
    def shown(self):
        """The database's URL without secrets."""
        return self._database.shown

    def watch(self, callback):
        """Have `callback` called after each change made here: without arguments, by any thread."""
        self._watchers.append(callback)

    def unwatch(self, callback):
        """Call `callback` no more."""
        with contextlib.suppress(ValueError):
            self._watchers.remove(callback)

    def mark(self):
        """Return a value that is another one when anything was changed, by any instance.

        It may be MARK_SECONDS old. What cannot be told now was not changed.
        """
        with self._marking:
            changes, until, mark = self._marked
            if changes != self._changes or time.monotonic() >= until:
                changes = self._changes
                with contextlib.suppress(UnavailableError):
                    mark = self._database.mark()
                self._marked = changes, time.monotonic() + MARK_SECONDS, mark
            return mark

    def fact(self, name):
        """Return the text kept under `name`, or None. Raises UnavailableError."""
        query = select(facts.c.value).where(facts.c.name == name)
        return self._database.read(lambda connection: connection.scalar(query))

    def set_fact(self, name, value):
        """Keep a text under `name`, where there is none yet. Raises UnavailableError."""
        row = {"name": name, "value": value}
        with contextlib.suppress(DuplicateError):
            self._database.write(lambda connection: connection.execute(facts.insert(), row))

    def probe(self):
        """Return if the database answers. Raises UnavailableError."""
        self._database.read(lambda connection: connection.exec_driver_sql("SELECT 1").scalar())

    def close(self):
        """Finish what is being written, and close the database."""
        self._writer.close()
        self._database.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _changed(self):
        with self._changing:
            self._changes += 1
        for callback in tuple(self._watchers):
            callback()
