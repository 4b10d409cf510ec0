# A database that is locked, full, read-only, not there, restarted, killed, or stands still.

import contextlib
import resource
import sqlite3
import threading

import pytest

from tests.support import needs
from tests.support.board import until
from tests.support.index import LABEL, accounts, admit, fleet, keep
from tools.cloud.index import DatabaseError, Index, UnavailableError

SECRET = "Geheim-77"


@pytest.fixture
def path(tmp_path):
    """A file with an index in it."""
    with Index(f"sqlite:///{tmp_path}/index.db") as index:
        index.projects.replace(accounts())
    return tmp_path / "index.db"


@pytest.fixture
def url(postgres):
    """A database of PostgreSQL with an index in it."""
    with postgres.database() as found:
        with Index(found) as index:
            index.projects.replace(accounts())
        yield found


def fails(index):
    """Return what is told when nothing can be written."""
    with pytest.raises(UnavailableError) as caught:
        index.records.set(LABEL, {"a": 2}, "person").result(20)
    return str(caught.value)


def works(index, value):
    index.records.set(LABEL, {"a": value}, "person").result(20)
    assert index.records.attributes(LABEL) == {"a": value}


def test_a_file_that_another_process_holds_is_waited_for_only_so_long(path):
    with Index(f"sqlite:///{path}", timeout_s=0.2) as index:
        works(index, 1)
        with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert f"{path}: database is locked" in fails(index)
            with pytest.raises(UnavailableError):
                index.projects.set_enabled(LABEL, False)
            assert index.records.attributes(LABEL) == {"a": 1}
            index.mark()
        works(index, 3)


def test_a_full_disk_takes_nothing_and_breaks_nothing(path):
    with Index(f"sqlite:///{path}") as index:
        works(index, 1)
        limit = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))
        try:
            assert str(path) in fails(index)
            assert index.records.attributes(LABEL) == {"a": 1}
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        works(index, 3)


def test_a_file_that_may_only_be_read_is_told(path):
    with Index(f"sqlite:///file:{path}?mode=ro&uri=true") as index:
        assert "readonly" in fails(index)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("sqlite:////nowhere/at/all/index.db", "/nowhere/at/all/index.db: unable to open"),
        ("sqlite://", "one without a file"),
        ("sqlite:///:memory:", "one without a file"),
        ("nonsense", "something else"),
        (f"mysql://user:{SECRET}@host/name", r"not mysql://"),
        (f"postgresql://user:{SECRET}@127.0.0.1:1/name", "user@127.0.0.1:1/name: "),
    ],
)
def test_what_cannot_be_opened_is_named_without_secrets(address, expected):
    with pytest.raises(DatabaseError, match=expected) as caught:
        Index(address, timeout_s=2)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@contextlib.contextmanager
def encoded(postgres, encoding):
    """Lend a database whose text is in another encoding than UTF-8."""
    name = "in_" + encoding.lower()
    postgres.sql(f"CREATE DATABASE {name} ENCODING '{encoding}' TEMPLATE template0", "postgres")
    try:
        yield postgres.url(name)
    finally:
        postgres.sql(f"DROP DATABASE {name} WITH (FORCE)", "postgres")


@needs.postgresql
def test_a_server_set_up_without_a_language_keeps_any_text(postgres, monkeypatch):
    monkeypatch.setenv("PGCLIENTENCODING", "LATIN1")
    with encoded(postgres, "SQL_ASCII") as url, Index(url) as index:
        index.projects.replace(accounts())
        index.records.set(LABEL, {"name": "花园"}, "person").result(20)
        assert index.records.attributes(LABEL) == {"name": "花园"}


@needs.postgresql
def test_a_database_that_cannot_keep_any_text_is_refused(postgres):
    with encoded(postgres, "LATIN1") as url:
        with pytest.raises(DatabaseError) as caught:
            Index(url)
        assert "its encoding is LATIN1, not UTF8" in str(caught.value)
        assert "ENCODING 'UTF8' TEMPLATE template0" in str(caught.value)


@needs.postgresql
def test_a_connection_that_was_cut_is_made_anew(postgres, url):
    with Index(url) as index:
        works(index, 1)
        assert postgres.cut(url)
        works(index, 2)
        assert postgres.cut(url)
        assert index.records.attributes(LABEL) == {"a": 2}
        before = index.mark()
        works(index, 3)
        assert index.mark() != before


@needs.postgresql
def test_a_server_that_stands_still_holds_nobody(postgres, url):
    with Index(url, timeout_s=1) as index:
        works(index, 1)
        with postgres.frozen():
            fails(index)
            with pytest.raises(UnavailableError):
                index.records.attributes(LABEL)
            with pytest.raises(UnavailableError):
                index.probe()
        # What was under way when it stood still may have come about.
        works(index, 3)
        index.probe()


@needs.postgresql
def test_a_lock_that_another_holds_is_waited_for_only_so_long(url):
    with Index(url, timeout_s=1) as index, Index(url) as other:
        held, end = threading.Event(), threading.Event()

        def hold(connection):
            connection.exec_driver_sql("SELECT * FROM devices FOR UPDATE")
            held.set()
            end.wait(20)

        thread = threading.Thread(target=other._database.write, args=(hold,))
        thread.start()
        try:
            assert held.wait(10)
            assert "lock" in fails(index)
        finally:
            end.set()
            thread.join()
        works(index, 3)


def more(found, count):
    """Wait until there are so many more in a list."""
    want = len(found) + count
    until(lambda: len(found) >= want)


@needs.postgresql
@pytest.mark.parametrize("end", ["stop", "kill"])
def test_a_server_that_ends_in_the_middle_has_all_that_was_answered(end, postgres, url):
    many, tokens = fleet(4)
    stored, failed, stop = [], [], threading.Event()

    def send(index, token):
        while not stop.is_set():
            name = None
            try:
                device = admit(index, 0, token=token)
                name = index.pictures.name(device, "jpg")
                stored.append((device.label, keep(index, device, name)))
            except UnavailableError:
                failed.append(name)
                stop.wait(0.01)

    with Index(url) as one, Index(url) as two:
        one.projects.replace(many)
        threads = [
            threading.Thread(target=send, args=(index, token))
            for index, token in zip((one, two) * 4, tokens, strict=False)
        ]
        for thread in threads:
            thread.start()
        try:
            for _ in range(3):
                more(stored, 20)
                getattr(postgres, end)()
                more(failed, 1)
                postgres.start()
            more(stored, 20)
        finally:
            stop.set()
            for thread in threads:
                thread.join(20)
        found = [picture.name for picture in one.pictures.after(0, 100_000)]
        assert len(found) == len(set(found)) == two.pictures.count()
        assert {name for _, name in stored} <= set(found)
        # What was not answered may be there, once; nothing else is.
        assert set(found) <= {name for _, name in stored} | set(failed)
        for label, name in dict(stored).items():
            url = one.records.attributes(label)["image"].removeprefix("http://x/")
            assert url == name or url in failed
