# The database by its URL: opened, brought to this version's tables, read and written.

import contextlib
import sqlite3
import threading

import sqlalchemy
from sqlalchemy import event, exc

from . import tables
from .errors import DatabaseError, DuplicateError, UnavailableError

# How long anything may take: waiting for another's lock, for a connection, for an answer.
BUSY_SECONDS = 5
STATEMENT_SECONDS = 8
_POOL = 8

_WRITES = "thingscam_writes"
# PostgreSQL's word for: another transaction was in the way, try again.
_AGAIN = ("40001", "40P01")
_LOCK_NUMBER = 0x7468696E6773  # of those that make or change tables, one at a time


class Database:
    """The database at `url` (text): `sqlite:////folder/index.db` or `postgresql://host/name`.

    Makes the tables in an empty one, brings older ones up to date. `shown` is the URL without
    secrets. Raises DatabaseError.
    """

    def __init__(self, url):
        try:
            parsed = sqlalchemy.make_url(url)
        except (exc.ArgumentError, ValueError):
            raise DatabaseError(_no_url("something else")) from None
        self.is_sqlite = parsed.drivername == "sqlite"
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        elif not self.is_sqlite:
            raise DatabaseError(_no_url(parsed.drivername + "://"))
        self.shown = _shown(parsed)
        if self.is_sqlite and not parsed.database:
            raise DatabaseError(_no_url("sqlite:// without a file"))
        try:
            self.engine = _sqlite(parsed) if self.is_sqlite else _postgresql(parsed)
        except ImportError as error:
            raise DatabaseError(
                f"{self.shown}: PostgreSQL needs psycopg: install thingscam[receiver]"
            ) from error
        self._marking = threading.Lock()
        self._observer = None
        self._writing = self.engine.execution_options(**{_WRITES: True})
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def read(self, function):
        """Return what `function(connection)` returns, in a transaction that only reads.

        Raises UnavailableError.
        """
        return self._run(self.engine, function)

    def write(self, function):
        """Return what `function(connection)` returns, once all that it wrote is safe.

        It is called again if the first time nothing can have been written. Raises
        UnavailableError, and DuplicateError for what is there already.
        """
        return self._run(self._writing, function)

    def mark(self):
        """Return what is another value after each change by anyone. Raises UnavailableError."""
        if not self.is_sqlite:
            # Tells exactly which transactions are seen; asking for it writes nothing.
            query = "SELECT pg_current_snapshot()::text"
            return self.read(lambda connection: connection.exec_driver_sql(query).scalar())
        with self._marking, self._translated():
            if self._observer is None:
                self._observer = self.engine.raw_connection()
            cursor = self._observer.cursor()
            return cursor.execute("PRAGMA data_version").fetchone()[0]

    def close(self):
        """Close all connections that nobody uses."""
        with self._marking:
            if self._observer is not None:
                self._observer.close()
                self._observer = None
        self.engine.dispose()

    def _run(self, engine, function):
        for again in (True, False):
            try:
                return self._once(engine, function)
            except _LostError as lost:
                if not again:
                    raise lost.error from lost.__cause__
        raise AssertionError

    def _once(self, engine, function):
        committing = False
        try:
            with self._translated(), engine.connect() as connection:
                with connection.begin() as transaction:
                    found = function(connection)
                    committing = True
                    transaction.commit()
                return found
        except UnavailableError as error:
            if not committing and _is_passing(error.__cause__):
                raise _LostError(error) from error.__cause__
            raise

    @contextlib.contextmanager
    def _translated(self):
        try:
            yield
        except exc.IntegrityError as error:
            raise DuplicateError(f"{self.shown}: it is there already") from error
        except (exc.DBAPIError, exc.TimeoutError, sqlite3.Error) as error:
            raise UnavailableError(f"{self.shown}: {_why(error)}") from error

    def _prepare(self):
        try:
            found = self.read(_version)
            if found is None:
                found = self.write(self._make)
        except UnavailableError as error:
            raise DatabaseError(f"{error}: cannot be opened") from error
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
            self.write(lambda connection: self._upgrade(connection, upgrade.upgrade))
        except UnavailableError as error:
            raise DatabaseError(f"{error}: its tables could not be brought up to date") from error

    def _make(self, connection):
        self._alone(connection)
        found = _version(connection)  # another instance may have been faster
        if found is None:
            tables.metadata.create_all(connection, checkfirst=False)
            found = tables.VERSIONS[-1]
            connection.execute(tables.version.insert().values(version_num=found))
        return found

    def _upgrade(self, connection, upgrade):
        self._alone(connection)
        if _version(connection) != tables.VERSIONS[-1]:
            upgrade(connection)

    def _alone(self, connection):
        if not self.is_sqlite:  # where one writes at a time anyway
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_NUMBER})")


class _LostError(Exception):
    """The connection or a lock was lost while nothing can have been committed."""

    def __init__(self, error):
        super().__init__(str(error))
        self.error = error


def _version(connection):
    """Return the version of the tables; None: there are none. Raises DatabaseError."""
    names = sqlalchemy.inspect(connection).get_table_names()
    if not names:
        return None
    if tables.version.name in names and tables.devices.name in names:
        found = connection.execute(sqlalchemy.select(tables.version.c.version_num)).scalar()
        if found:
            return found
    shown = _shown(connection.engine.url)
    raise DatabaseError(f"{shown}: holds another program's tables: choose an empty database")


def _sqlite(url):
    engine = sqlalchemy.create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS, "isolation_level": None},
        pool_size=_POOL,
        max_overflow=-1,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection, record):
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute("PRAGMA " + pragma).close()

    @event.listens_for(engine, "begin")
    def begin(connection):
        # Who writes waits here for the others, not in the middle.
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url):
    engine = sqlalchemy.create_engine(
        url,
        connect_args={
            "connect_timeout": BUSY_SECONDS,
            "tcp_user_timeout": STATEMENT_SECONDS * 1000,
            "application_name": "thingscam",
        },
        pool_size=_POOL,
        max_overflow=_POOL,
        pool_timeout=BUSY_SECONDS,
    )

    @event.listens_for(engine, "connect")
    def prepare(connection, record):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, false),"
                " set_config('lock_timeout', %s, false),"
                " set_config('idle_in_transaction_session_timeout', %s, false)",
                (f"{STATEMENT_SECONDS}s", f"{BUSY_SECONDS}s", f"{STATEMENT_SECONDS}s"),
            )
        connection.commit()

    return engine


def _is_passing(error):
    if not isinstance(error, exc.DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in _AGAIN


def _why(error):
    if isinstance(error, exc.TimeoutError):
        return "all connections are in use"
    text = str(getattr(error, "orig", None) or error).strip()
    return text.splitlines()[0] if text else type(error).__name__


def _shown(url):
    if url.drivername == "sqlite":
        return str(url.database)
    return url.set(drivername="postgresql", password=None, query={}).render_as_string()


def _no_url(found):
    return f"an index is sqlite:////folder/index.db or postgresql://user@host/name, not {found}"
