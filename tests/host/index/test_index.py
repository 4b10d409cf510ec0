# The index: who may upload, what is kept of it, what the pages read.

import datetime

import pytest

from tests.support.index import LABEL, Time, accounts, admit, errcode, keep
from tools.cloud.index import (
    AccountError,
    DatabaseError,
    DuplicateError,
    Index,
    Message,
)
from tools.cloud.service import accounts as accounts_file
from tools.cloud.service.rules import MOST_ATTRIBUTES


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def index(index_url, time):
    with Index(index_url, clock=time.clock, now=time) as found:
        found.projects.replace(accounts_file.default())
        yield found


def test_a_device_is_admitted_once_in_its_interval(index, time):
    assert admit(index).label == LABEL
    time.go(9.9)
    assert errcode(admit, index) == 4291
    time.go(0.1)
    assert admit(index).name == "Demo camera"


def test_a_clock_set_back_locks_no_camera_out(index, time):
    admit(index)
    time.go(-3600)
    admit(index)
    assert errcode(admit, index) == 4291


@pytest.mark.parametrize(
    ("changed", "asked", "code"),
    [
        ({}, {"region": "nowhere"}, 4008),
        ({}, {"key": "another"}, 1022),
        ({}, {"token": "another"}, 1480),
        ({"enabled": False}, {}, 1480),
        ({"device_type": None}, {}, 1424),
        ({}, {"identifier": "door"}, 1470),
        ({"device_type": {"image": "text"}}, {}, 1471),
    ],
)
def test_what_is_refused_opens_no_window(changed, asked, code, index):
    index.projects.replace(accounts(**changed))
    assert errcode(admit, index, **asked) == code
    index.projects.replace(accounts())
    admit(index)


def test_a_picture_is_kept_with_its_attribute_once(index, time):
    name = keep(index, admit(index), captured_at=datetime.datetime(2023, 11, 14, 22), cause="pir")
    assert name == f"20231114T221320.123456Z-{LABEL}-000001.jpg"
    found = index.pictures.get(name)
    assert (found.device, found.size, found.cause, found.width) == (LABEL, 1000, "pir", 64)
    assert found.captured_at == datetime.datetime(2023, 11, 14, 22)
    assert found.taken_in.timestamp() == pytest.approx(time.clock())
    assert index.records.attributes(LABEL) == {"image": f"http://x/{name}"}
    device = index.projects.device(LABEL)
    with pytest.raises(DuplicateError):
        keep(index, device, name, url="http://other")
    assert index.records.attributes(LABEL) == {"image": f"http://x/{name}"}
    assert index.pictures.page().pictures == [found]


def test_pages_go_from_the_newest_to_the_oldest(index, time):
    names = []
    for _ in range(5):
        time.go(10)
        names.insert(0, keep(index, admit(index)))
    pages = index.pictures
    first = pages.page(count=2)
    assert ([p.name for p in first.pictures], first.older, first.newer) == (names[:2], True, False)
    last = pages.page(before=names[1], count=3)
    assert ([p.name for p in last.pictures], last.older, last.newer) == (names[2:], False, True)
    pages.begin_delete([names[1]])
    assert pages.deleting() == [names[1]]
    assert pages.count() == 4
    pages.end_delete([names[1]])
    # The one that a reader has may be gone by then.
    assert pages.page(before=names[1], count=3) == last
    assert (pages.count(), pages.bytes(), pages.deleting()) == (4, 4000, [])


def test_the_messages_of_a_device_keep_interval_and_day(index, time):
    limits = Message(interval=30, daily=2)

    def report(value):
        index.records.set(LABEL, {"a": value}, "device", limits).result(10)

    report(1)
    time.go(29)
    assert errcode(report, 2) == 403
    assert index.records.attributes(LABEL) == {"a": 1}
    time.go(1)
    report(3)
    time.go(30)
    assert errcode(report, 4) == 413
    assert errcode(keep, index, admit(index), message=limits) == 413
    assert index.pictures.count() == 1
    assert index.records.attributes(LABEL) == {"a": 3}
    time.go(86400)
    report(5)
    assert index.records.heard(LABEL) == pytest.approx(time.clock())


def test_a_device_has_so_many_attributes_and_no_more(index):
    records = index.records
    records.set(LABEL, {f"a{n}": n for n in range(MOST_ATTRIBUTES)}, "device").result(10)
    change = records.set(LABEL, {"one more": 1}, "person")
    assert errcode(change.result, 10) == 402
    records.set(LABEL, {"a1": None, "a2": True}, "person").result(10)
    found = records.details(LABEL)
    assert len(found) == MOST_ATTRIBUTES - 1
    assert (found["a2"].value, found["a2"].by) == (True, "person")


def test_commands_change_accounts_without_a_restart(index):
    key = index.projects.add_project("mine", "home")
    token = index.projects.add_device("mine", "Garden", {"image": "picture-url"})
    device = admit(index, region="home", key=key, token=token)
    keep(index, device)
    assert index.projects.known(key, token).name == "Garden"
    index.projects.set_enabled(device.label, False)
    assert errcode(index.projects.known, key, token) == 451
    index.projects.set_enabled(device.label, True)
    other = index.projects.rotate_token(device.label)
    assert errcode(index.projects.known, key, token) == 401
    assert index.projects.known(key, other).label == device.label
    index.projects.remove(device.label)
    assert errcode(index.projects.known, key, other) == 401
    assert index.projects.device(device.label) is None
    assert index.pictures.count(device.label) == 1
    with pytest.raises(AccountError, match="no device"):
        index.projects.rotate_token(device.label)
    with pytest.raises(AccountError, match="mine already"):
        index.projects.add_project("mine", "home")
    for name in ("", " ", "x" * 41, "a\nb"):
        with pytest.raises(AccountError, match="1 to 40 signs"):
            index.projects.add_device("mine", name, None)


def test_accounts_are_replaced_and_what_is_known_stays(index):
    index.records.set(LABEL, {"a": 1}, "device").result(10)
    other = accounts_file.parse(accounts_file.fresh(["Garden", "Door"]), "test")
    index.projects.replace(other)
    assert [device.name for device in index.projects.devices()] == ["Garden", "Door"]
    assert errcode(admit, index) == 4008  # its region went with the project
    index.projects.replace(accounts(name="Shed"))
    assert [device.name for device in index.projects.devices()] == ["Shed"]
    assert index.records.attributes(LABEL) == {"a": 1}


def test_accounts_that_are_in_force_are_not_written_again(index):
    before = index.mark()
    index.projects.replace(accounts())
    assert index.mark() == before
    index.projects.set_enabled(LABEL, False)
    index.projects.replace(accounts())
    admit(index)


def test_others_changes_are_noticed(index, index_url):
    before = index.mark()
    with Index(index_url) as other:
        other.records.set(LABEL, {"a": 1}, "device").result(10)
        assert other.mark() == other.mark()
    index.records.hear(LABEL).result(10)
    assert index.mark() != before


def test_a_file_may_be_in_any_folder(tmp_path):
    path = tmp_path / "my?mode=ro#1 %20" / "index.db"
    path.parent.mkdir()
    with Index(path) as index:
        assert index.shown == str(path)
        index.projects.replace(accounts())
    assert path.is_file()


def test_what_is_no_index_is_named(tmp_path):
    (tmp_path / "index.db").write_bytes(b"nothing of the kind" * 100)
    with pytest.raises(DatabaseError, match="index.db: .*cannot be opened"):
        Index(f"sqlite:///{tmp_path}/index.db")
    with pytest.raises(DatabaseError, match="not mysql"):
        Index("mysql://user:secret@host/name")
