# The database by its URL: opened, brought to this version's tables, read and written.

import contextlib
import os
import sqlite3
import threading
import time

import sqlalchemy
from sqlalchemy import event, exc

from . import tables
from .errors import DatabaseError, DuplicateError, UnavailableError
from .watch import Watch

_POOL = 8
_LOOK_MS = 4
# PostgreSQL's words for: another transaction was in the way, try again; it is there already.
_AGAIN = ("40001", "40P01")
_UNIQUE = "23505"
_UNIQUE_SQLITE = ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY")
_ENCODINGS = ("UTF8", "SQL_ASCII")  # SQL_ASCII: bytes as they come, and what comes is UTF-8
_LOCK_NUMBER = 0x7468696E6773  # of those that make or change tables and accounts, one at a time


class Database:
    """The database at `url`: `sqlite:////folder/index.db` or `postgresql://host/name`, or a Path.

    Makes the tables in an empty one, brings older ones up to date. Nothing takes much longer than
    `timeout_s`, in seconds. `shown` is the URL without secrets. Raises DatabaseError.
    """

    def __init__(self, url, timeout_s):
        parsed = _parsed(url)
        self.is_sqlite = parsed.drivername == "sqlite"
        if not self.is_sqlite and parsed.drivername not in ("postgresql", "postgres"):
            raise DatabaseError(_no_url(parsed.drivername + "://"))
        if self.is_sqlite and parsed.database in (None, "", ":memory:"):
            raise DatabaseError(_no_url("one without a file"))
        self.shown = _shown(parsed)
        self._watch = None if self.is_sqlite else Watch(timeout_s + 1)
        self._timeout_s = timeout_s
        self._marking = threading.Lock()
        self._observer = None
        try:
            self._engine = (_sqlite if self.is_sqlite else _postgresql)(parsed, timeout_s)
        except ImportError as error:
            raise DatabaseError(
                f"{self.shown}: PostgreSQL needs psycopg: install thingscam[receiver]"
            ) from error
        self._reading = self._engine
        if not self.is_sqlite:  # each statement for itself: no word to and fro for a transaction
            self._reading = self._engine.execution_options(isolation_level="AUTOCOMMIT")
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def read(self, function):
        """Return what `function(connection)` returns, which only reads. Raises UnavailableError.

        In PostgreSQL each of its statements may see another state.
        """
        return self._run(function)

    def write(self, function, patient=False):
        """Return what `function(connection)` returns, once all that it wrote is safe.

        It is called again if nothing can have been written the first time. `patient`: whatever
        time it takes. Raises UnavailableError, and DuplicateError for what is there already.
        """
        return self._run(function, writes=True, patient=patient)

    def alone(self, connection):
        """Wait until no other transaction is alone, until the end of this one."""
        if not self.is_sqlite:  # where one writes at a time anyway
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")

    def mark(self):
        """Return what is another value after each change by anyone. Raises UnavailableError."""
        if not self.is_sqlite:
            # It tells exactly which transactions are seen; asking for it writes nothing.
            query = "SELECT pg_current_snapshot()::text"
            return self.read(lambda connection: connection.exec_driver_sql(query).scalar())
        # It tells of changes by other connections: this one makes none.
        with self._marking, self._translated():
            if self._observer is None:
                self._observer = self._engine.raw_connection()
            cursor = self._observer.cursor()
            return cursor.execute("PRAGMA data_version").fetchone()[0]

    def close(self):
        """Close all connections that nobody uses."""
        with self._marking:
            if self._observer is not None:
                self._observer.close()
                self._observer = None
        self._engine.dispose()
        if self._watch:
            self._watch.close()

    def _run(self, function, writes=False, patient=False):
        for again in (True, False):
            try:
                return self._once(function, writes, patient)
            except _LostError as lost:
                if not again:
                    raise lost.error from lost.__cause__
        raise AssertionError

    def _once(self, function, writes, patient):
        engine = self._engine if writes else self._reading
        committing = False
        overdue = None
        try:
            with self._translated(), engine.connect() as connection, contextlib.ExitStack() as end:
                if self._watch and not patient:
                    raw = connection.connection.driver_connection
                    overdue = end.enter_context(self._watch.over(raw))
                with connection.begin() as transaction:
                    if self.is_sqlite:
                        _begin(connection.connection.driver_connection, writes, self._timeout_s)
                    found = function(connection)
                    committing = True
                    transaction.commit()
                return found
        except UnavailableError as error:
            late = overdue is not None and overdue.struck
            if not committing and not late and _is_passing(error.__cause__):
                raise _LostError(error) from error.__cause__
            raise

    @contextlib.contextmanager
    def _translated(self):
        try:
            yield
        except exc.IntegrityError as error:
            if not _is_duplicate(error.orig):
                raise
            raise DuplicateError(f"{self.shown}: it is there already") from error
        except (exc.DBAPIError, exc.TimeoutError, sqlite3.Error) as error:
            raise UnavailableError(f"{self.shown}: {_why(error)}") from error

    def _prepare(self):
        try:
            found = self.read(self._version)
            if found is None:
                found = self.write(self._make, patient=True)
        except UnavailableError as error:
            raise DatabaseError(f"{error}: the index cannot be opened") from error
        newest = tables.VERSIONS[-1]
        if found == newest:
            return
        if found not in tables.VERSIONS:
            raise DatabaseError(
                f"{self.shown}: its tables are of version {found}, newer than this program's"
                f" {newest}: update thingscam"
            )
        from .migrations import upgrade  # Alembic takes its time, and is rarely needed

        try:
            self.write(lambda connection: self._upgrade(connection, upgrade.upgrade), patient=True)
        except (UnavailableError, DuplicateError, exc.SQLAlchemyError) as error:
            raise DatabaseError(
                f"{self.shown}: its tables could not be brought from version {found} to {newest},"
                f" and are as they were: {_why(error)}"
            ) from error

    def _require_utf8(self, connection):
        info = connection.connection.driver_connection.info
        encoding = info.parameter_status("server_encoding")
        if encoding not in _ENCODINGS:
            raise DatabaseError(
                f"{self.shown}: its encoding is {encoding}, not UTF8: make another database,"
                " CREATE DATABASE name ENCODING 'UTF8' TEMPLATE template0"
            )

    def _version(self, connection):
        """Return the version of the tables; None: there are none. Raises DatabaseError."""
        if not self.is_sqlite:
            self._require_utf8(connection)
        names = sqlalchemy.inspect(connection).get_table_names()
        if not names:
            return None
        if tables.version.name in names and tables.devices.name in names:
            found = connection.scalar(sqlalchemy.select(tables.version.c.version_num))
            if found:
                return found
        raise DatabaseError(
            f"{self.shown}: holds another program's tables: choose an empty database"
        )

    def _make(self, connection):
        self.alone(connection)
        found = self._version(connection)  # another instance may have been faster
        if found is None:
            tables.metadata.create_all(connection, checkfirst=False)
            found = tables.VERSIONS[-1]
            connection.execute(tables.version.insert().values(version_num=found))
        return found

    def _upgrade(self, connection, upgrade):
        self.alone(connection)
        if not self.is_sqlite:
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        if self._version(connection) != tables.VERSIONS[-1]:
            upgrade(connection)


class _LostError(Exception):
    """The connection or a lock was lost while nothing can have been committed."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def _parsed(url):
    if isinstance(url, os.PathLike):
        return sqlalchemy.URL.create("sqlite", database=os.fspath(url))
    try:
        return sqlalchemy.make_url(url)
    except (exc.ArgumentError, ValueError):
        raise DatabaseError(_no_url("something else")) from None


def _sqlite(url, timeout_s):
    engine = sqlalchemy.create_engine(
        url,
        connect_args={"timeout": timeout_s, "isolation_level": None},
        pool_size=_POOL,
        max_overflow=-1,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection, record):
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute("PRAGMA " + pragma).close()

    return engine


def _begin(connection, writes, timeout_s):
    """Begin a transaction of SQLite; who writes waits here for the others, not in the middle."""
    if not writes:
        connection.execute("BEGIN")
        return
    until = time.monotonic() + timeout_s
    # Left alone, SQLite looks ever more seldom, up to each 100 ms (sqliteDefaultBusyCallback in
    # its main.c): who has just come would pass by.
    connection.execute(f"PRAGMA busy_timeout={_LOOK_MS}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except sqlite3.OperationalError as error:
                is_busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not is_busy or time.monotonic() >= until:
                    raise
    finally:
        connection.execute(f"PRAGMA busy_timeout={int(timeout_s * 1000)}")


def _postgresql(url, timeout_s):
    milliseconds = max(10, int(timeout_s * 1000))
    engine = sqlalchemy.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={
            "connect_timeout": max(2, int(timeout_s)),
            "tcp_user_timeout": milliseconds,
            "application_name": "thingscam",
            "client_encoding": "utf8",  # a server in SQL_ASCII, or PGCLIENTENCODING, says another
        },
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=timeout_s,
        use_native_hstore=False,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection, record):
        limits = {
            "lock_timeout": milliseconds * 3 // 4,  # first: it tells more
            "statement_timeout": milliseconds,
            "idle_in_transaction_session_timeout": milliseconds,
        }
        with connection.cursor() as cursor:
            for name, limit in limits.items():
                cursor.execute("SELECT set_config(%s, %s, false)", (name, str(limit)))
        connection.commit()

    return engine


def _is_passing(error):
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _AGAIN


def _is_duplicate(error):
    if getattr(error, "sqlstate", None) == _UNIQUE:
        return True
    return getattr(error, "sqlite_errorname", None) in _UNIQUE_SQLITE


def _why(error):
    if isinstance(error, exc.TimeoutError):
        return "all connections are in use"
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _shown(url):
    if url.drivername == "sqlite":
        return str(url.database)
    # Only what is no secret; options of the query may hold a password too.
    shown = sqlalchemy.URL.create(
        "postgresql", url.username, None, url.host, url.port, url.database
    )
    return shown.render_as_string()


def _no_url(found):
    return f"an index is sqlite:////folder/index.db or postgresql://user@host/name, not {found}"
