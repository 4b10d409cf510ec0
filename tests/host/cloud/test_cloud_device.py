# The device interface of the stand-in: attributes reported, read and set, events, limits, faults.

import concurrent.futures
import contextlib
import sqlite3
import threading
import time

import pytest
import requests

from tests.support.board import until
from tests.support.cloud import (
    ATTRIBUTES,
    EVENT,
    KEY,
    LABEL,
    TOKEN,
    WRITE,
    demo_accounts,
    picture,
    running,
)
from tools.cloud.index import Index
from tools.cloud.index.projects import Projects
from tools.cloud.index.records import EVENT_SIGNS, EVENTS
from tools.cloud.service import accounts as accounts_file

TAKEN = {"result": 1}


def errcode(answer):
    found = answer.json()
    assert found["result"] == 0
    return found["errcode"]


@contextlib.contextmanager
def kept(folder, now=time.time_ns):
    """Open what a stand-in keeps in `folder`, for its device; the value is a Records."""
    with Index(f"sqlite:///{folder}/index.db", now=now) as index:
        index.projects.replace(accounts_file.default())
        yield index.records


@pytest.fixture
def cloud(tmp_path):
    with running(tmp_path) as found:
        yield found


def test_what_is_reported_is_read_back_and_lasts(tmp_path):
    with running(tmp_path) as cloud:
        assert cloud.message({"rssi": -60, "card": True, "t": 21.5, "v": "1.0"}).json() == TAKEN
        assert cloud.message({"rssi": -61}, Content_Type="Application/JSON; charset=utf-8").ok
        found = cloud.attributes().json()
        assert found == {
            "result": 1,
            "attributes": {"card": True, "t": 21.5, "v": "1.0", "rssi": -61},
        }
        assert cloud.attributes("rssi,nothing,t").json()["attributes"] == {"rssi": -61, "t": 21.5}
    with running(tmp_path) as cloud:
        assert cloud.attributes("v").json()["attributes"] == {"v": "1.0"}


def test_who_set_an_attribute_and_when_is_known(tmp_path):
    now = [1_700_000_000_000_000_000]
    with kept(tmp_path, lambda: now[0]) as records:
        records.set(LABEL, {"rssi": -60, "trigger_every_s": 60}, "device").result(10)
        now[0] += 5_000_000_000
        records.set(LABEL, {"trigger_every_s": 30, "rssi": None}, "person").result(10)
        there = records.details(LABEL)
    with kept(tmp_path) as records:
        again = records.details(LABEL)
    for found in (there, again):
        (name, details), *others = found.items()
        assert (name, others) == ("trigger_every_s", [])
        assert (details.value, details.at, details.by) == (30, 1_700_000_005, "person")


def test_an_app_sets_and_removes_attributes(cloud):
    assert (
        cloud.message({"trigger_every_s": 60, "log_level": "debug"}, WRITE, "PUT").json() == TAKEN
    )
    assert cloud.message({"log_level": None}, WRITE, "PUT").json() == TAKEN
    assert cloud.attributes().json()["attributes"] == {"trigger_every_s": 60}


def test_an_event_becomes_no_attribute_and_the_newest_stay(tmp_path):
    with running(tmp_path) as cloud:
        event = {"method": "stopped", "params": {"why": "errcode 1022"}}
        assert cloud.message(event, EVENT).json() == TAKEN
        assert cloud.message({"method": "recovered"}, EVENT).json() == TAKEN
        assert cloud.attributes().json()["attributes"] == {}
    with kept(tmp_path) as records:
        assert [(event.method, event.params) for event in records.events(LABEL)] == [
            ("recovered", {}),
            ("stopped", {"why": "errcode 1022"}),
        ]
        for number in range(EVENTS + 5):
            records.tell(LABEL, "count", {"number": number}).result(10)
        found = [event.params["number"] for event in records.events(LABEL)]
        assert found[:: EVENTS - 1] == [104, 5]
        for number in range(9):
            records.tell(LABEL, "log", {"number": number, "text": "x" * 60000}).result(10)
        assert len(records.events(LABEL)) == EVENT_SIGNS // 60000 - 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[1]",
        b'"text"',
        b"{}",
        b'{"a": NaN}',
        b'{"a": [1]}',
        b'{"a": {"b": 1}}',
        b'{"a": "\\ud83d"}',
        b'{"\xff": 1}',
        b'{"": 1}',
        b'{"a\\nb": 1}',
        b'{"a": ' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a": ' + b"9" * 5000 + b"}",
        b'{"a": 18446744073709551616}',
        b'{"%s": 1}' % (b"a" * 65),
        b'{"a": "%s"}' % (b"a" * 8193),
        b'{"a": "%s"}' % (b"a" * 66000),
        {str(number): 1 for number in range(201)},
    ],
)
def test_402_for_what_are_no_attributes(body, cloud):
    cloud.message({"rssi": -60})
    for path, method in ((ATTRIBUTES, "POST"), (WRITE, "PUT")):
        assert errcode(cloud.message(body, path, method)) == 402
        assert errcode(cloud.message({"a": 1}, path, method, Content_Type="text/plain")) == 402
    assert cloud.attributes().json()["attributes"] == {"rssi": -60}


@pytest.mark.parametrize(
    "body",
    [{}, {"method": 1}, {"method": ""}, {"method": "a", "params": [1]}, {"method": "a\n"}],
)
def test_402_for_what_is_no_event(body, cloud):
    assert errcode(cloud.message(body, EVENT)) == 402


def test_402_for_another_data_type_than_the_account_has(tmp_path):
    accounts = demo_accounts()
    types = {"n": "number", "t": "text", "b": "boolean", "o": "object"}
    accounts["projects"][KEY]["devices"][TOKEN]["device_type"] = types
    with running(tmp_path, accounts) as cloud:
        assert cloud.message({"n": 1.5, "t": "1", "b": False, "new": 1}).json() == TAKEN
        for wrong in ({"n": "1"}, {"n": True}, {"t": 1}, {"b": 0}, {"o": "{}"}):
            assert errcode(cloud.message(wrong)) == 402


@pytest.mark.parametrize(
    ("changed", "code"),
    [({}, 401), ({"Project_Key": "wrong"}, 401), ({"Project_Key": None}, 401)],
)
def test_401_for_a_stranger(changed, code, cloud):
    token = TOKEN if changed else "stranger"
    for path, method in (
        (ATTRIBUTES, "POST"),
        (EVENT, "POST"),
        (WRITE, "PUT"),
        (ATTRIBUTES, "GET"),
    ):
        assert errcode(cloud.message({"a": 1}, path, method, token, **changed)) == code


@pytest.mark.parametrize(("change", "code"), [("enabled", 451), ("report_error", 413)])
def test_what_the_account_forbids(change, code, tmp_path):
    accounts = demo_accounts()
    value = False if change == "enabled" else code
    accounts["projects"][KEY]["devices"][TOKEN][change] = value
    with running(tmp_path, accounts) as cloud:
        assert errcode(cloud.message({"a": 1})) == code
        assert errcode(cloud.message({"method": "a"}, EVENT)) == code


def test_messages_keep_their_interval_and_reading_does_not(tmp_path):
    with running(tmp_path, message_interval=30) as cloud:
        assert cloud.message({"a": 1}).json() == TAKEN
        cloud.clock.now += 29.9
        assert errcode(cloud.message({"a": 2})) == 403
        assert errcode(cloud.message({"method": "a"}, EVENT)) == 403
        assert cloud.attributes().json()["attributes"] == {"a": 1}
        assert cloud.message({"b": 1}, WRITE, "PUT").json() == TAKEN
        assert cloud.upload(picture()).json()["result"] == 1
        cloud.clock.now += 0.1  # what was refused opened no window
        assert cloud.message({"method": "a"}, EVENT).json() == TAKEN


def test_pictures_keep_it_too_where_told(tmp_path):
    with running(tmp_path, message_interval=30, pictures_as_messages=True) as cloud:
        assert cloud.upload(picture()).json()["result"] == 1
        assert errcode(cloud.upload(picture())) == 403
        assert errcode(cloud.message({"a": 1})) == 403
        assert len(list((tmp_path / "images").iterdir())) == 2


def test_the_messages_of_a_day_end_with_the_day(tmp_path):
    now = [86400 * 20000 - 1.0]
    with running(tmp_path, daily_messages=2, date=lambda: now[0]) as cloud:
        assert cloud.message({"a": 1}).json() == TAKEN
        assert cloud.upload(picture()).json()["result"] == 1
        assert errcode(cloud.message({"a": 1})) == 413
        assert errcode(cloud.upload(picture())) == 413
        now[0] += 1
        assert cloud.message({"a": 1}).json() == TAKEN


def test_faults_are_for_the_kind_they_name(cloud):
    cloud.fault([{"errcode": 5001, "on": "report"}, {"html": True, "on": "any"}, {"errcode": 413}])
    assert cloud.upload(picture()).headers["Content-Type"].startswith("text/html")
    assert errcode(cloud.upload(picture())) == 413
    assert cloud.attributes().json()["attributes"].keys() == set()
    assert errcode(cloud.message({"a": 1})) == 5001
    assert cloud.message({"a": 1}).json() == TAKEN
    cloud.fault([{"reset_after": 3, "on": "event"}, {"garbage": 30, "on": "read"}])
    with pytest.raises(requests.ConnectionError):
        cloud.message({"method": "a"}, EVENT)
    with pytest.raises(requests.RequestException):
        cloud.attributes()
    assert cloud.attributes().json()["attributes"] == {"a": 1}


def test_other_shapes_of_what_is_read(cloud):
    cloud.message({"a": 1})
    cloud.fault([{"shape": "data", "on": "read"}, {"shape": "top", "on": "read"}])
    assert cloud.attributes("a").json() == {"result": 1, "data": {"a": 1}}
    assert cloud.attributes("a").json() == {"a": 1}


@pytest.mark.parametrize(
    "fault", [{"shape": "data"}, {"shape": "x", "on": "read"}, {"on": "read"}]
)
def test_a_wrong_fault_is_told(fault, cloud):
    answer = requests.post(cloud.url + "/_faults", json=fault, timeout=10)
    assert answer.status_code == 400, answer.text


def logged(cloud, count):
    """Return the lines logged, once there are so many: each comes behind its answer."""
    until(lambda: len(cloud.lines) >= count)
    return cloud.lines


def test_messages_are_seen_apart_from_uploads_and_without_secrets(cloud):
    cloud.upload(picture())
    cloud.message({"a": 1})
    cloud.message({"b": 1}, WRITE, "PUT")
    cloud.attributes("a")
    found = cloud.get("/_requests").json()
    assert len(found["requests"]) == 1
    assert [(m["kind"], m["number"], m["body"], m["status"]) for m in found["messages"]] == [
        ("report", 1, '{"a": 1}', 200),
        ("write", 2, '{"b": 1}', 200),
        ("read", 3, None, 200),
    ]
    assert cloud.get("/_faults").json()["requests"] == {"seen": 1, "answered": {"accepted": 1}}
    text = "\n".join(logged(cloud, 6))
    assert "POST /device/v1/***/attributes 200 - 8 bytes" in text
    assert "PUT /app/device/v1/***/attributes 200 - 8 bytes" in text
    assert TOKEN not in text
    cloud.message({"a": 1}, token="strange-device")
    cloud.message({"a": 1}, WRITE, "PUT", token="strange-device")
    *_, reported, written = logged(cloud, 8)
    assert reported.startswith("POST /device/v1/str***/attributes 400 401 ")
    assert written.startswith("PUT /app/device/v1/str***/attributes 400 401 ")


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", ATTRIBUTES), ("POST", WRITE), ("GET", WRITE), ("GET", EVENT), ("DELETE", ATTRIBUTES)],
)
def test_4041_for_other_methods(method, path, cloud):
    assert errcode(cloud.message({"a": 1}, path, method)) == 4041


def test_5001_when_the_disk_fails(cloud, tmp_path, caplog):
    with contextlib.closing(sqlite3.connect(tmp_path / "index.db")) as other:
        # Nothing more can be written, though what is there can be read.
        for table in ("attributes", "events"):
            other.execute(
                f"CREATE TRIGGER broken_{table} BEFORE INSERT ON {table}"
                " BEGIN DELETE FROM disk; END"
            )
        other.commit()
    assert errcode(cloud.message({"a": 1})) == 5001
    assert errcode(cloud.message({"method": "a"}, EVENT)) == 5001
    assert cloud.attributes().json()["attributes"] == {}
    assert f"Demo camera: errcode 5001: {tmp_path}/index.db: no such table" in caplog.text


def test_who_waits_for_the_index_holds_up_no_picture(cloud, monkeypatch):
    asked, answered = threading.Semaphore(0), threading.Event()
    real = Projects.known

    def known(*given):
        asked.release()
        assert answered.wait(20)
        return real(*given)

    monkeypatch.setattr(Projects, "known", known)
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        waiting = [pool.submit(cloud.message, {"a": number}) for number in range(40)]
        try:
            for _ in range(6):
                assert asked.acquire(timeout=10)
            assert cloud.upload(picture()).status_code == 200
        finally:
            answered.set()
        assert {each.result().status_code for each in waiting} == {200}
