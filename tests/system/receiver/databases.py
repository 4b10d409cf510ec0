# Databases that are locked, full, restarted, cut off, frozen: what the receiver makes of it.

import contextlib
import signal
import sqlite3

from tests.system.receiver.trouble import Trouble

# The index gives up after so long, and so does what waits for it; with some to spare.
_WITHIN_S = 25.0


class _Lock:
    """Holds SQLite's lock as another program would."""

    def __init__(self, file):
        self._file = file
        self._connection = None

    def take(self):
        self._connection = sqlite3.connect(
            self._file, timeout=20, isolation_level=None, check_same_thread=False
        )
        self._connection.execute("BEGIN IMMEDIATE")

    def give_back(self):
        self._connection.execute("ROLLBACK")
        self._connection.close()


def of_sqlite(file, lasts_s):
    """Return the Trouble that somebody holds the lock of the database in `file`."""
    lock = _Lock(file)
    return Trouble(
        f"SQLite: locked by another program for {lasts_s:g} s",
        lock.take,
        lock.give_back,
        lasts_s,
        within_s=_WITHIN_S,
        hurts=True,
        may_pass=lasts_s < 10,
    )


def of_disk(disk, lasts_s=1.0):
    """Return the Trouble of a full Disk under the database."""
    return Trouble(
        "SQLite: disk full",
        disk.fill,
        disk.free,
        lasts_s,
        within_s=_WITHIN_S,
        hurts=True,
        may_pass=True,  # its log has room left in it
    )


def of_postgres(postgres, url, frozen_s=3.0, lasts_s=1.0):
    """Return the Troubles of a server (tests.support.postgres) with the database at `url`."""
    standing = contextlib.ExitStack()

    def broken_off():
        postgres._end(signal.SIGQUIT)

    def trouble(name, begin, end, lasts_s=lasts_s, may_pass=False):
        return Trouble(name, begin, end, lasts_s, (5001,), _WITHIN_S, True, may_pass)

    return [
        trouble("PostgreSQL: stopped, started again", postgres.stop, postgres.start),
        trouble("PostgreSQL: stopped at once", broken_off, postgres.start),
        trouble("PostgreSQL: kill -9", postgres.kill, postgres.start),
        trouble(
            "PostgreSQL: connections ended",
            lambda: postgres.cut(url),
            lambda: postgres.cut(url),
            may_pass=True,
        ),
        trouble(
            "PostgreSQL: stands still",
            lambda: standing.enter_context(postgres.frozen()),
            standing.close,
            frozen_s,
        ),
    ]
