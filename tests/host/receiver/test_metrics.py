# /metrics for Prometheus, and /health: what they tell, and to whom.

import contextlib
import threading

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.cloud import Clock, picture, running, settled
from tools.cloud.receiver.metrics import Counted, Health, Metrics
from tools.cloud.receiver.proxies import Networks, Proxies
from tools.cloud.receiver.surround import surround

COUNTED = Counted(devices=3, heard=2, pictures=41)
QUEUES = {"judging": 5, "writing": 0}


class BrokenError(Exception):
    """What a part raises that does not work."""


@contextlib.contextmanager
def measured(folder, count=lambda: COUNTED, deadline=5.0):
    """Run a stand-in with figures; the value is it and figures(): {name and labels: value}."""
    metrics = Metrics(Networks([]), count, lambda: QUEUES, [BrokenError], deadline)

    with running(folder, around=lambda app: surround(app, metrics=metrics)) as cloud:

        def figures():
            answer = cloud.get("/metrics")
            assert answer.status_code == 200
            return {
                " ".join([sample.name, *sample.labels.values()]): sample.value
                for family in text_string_to_metric_families(answer.text)
                for sample in family.samples
            }

        yield cloud, figures


def test_what_was_uploaded_and_what_there_is(tmp_path):
    with measured(tmp_path) as (cloud, figures):
        body = picture()
        cloud.upload(body)
        cloud.upload(body)
        cloud.upload(b"no picture")
        cloud.message({"version": "1"})
        settled(lambda: figures().get("thingscam_messages_total 0 report"))
        found = figures()
    assert found["thingscam_uploads_total 0"] == 2
    assert found["thingscam_uploads_total 4004"] == 1
    assert found["thingscam_upload_bytes_total"] == 2 * len(body) + len(b"no picture")
    assert found["thingscam_upload_seconds_count"] == 3
    assert found["thingscam_upload_seconds_sum"] > 0
    assert found["thingscam_devices"] == 3 and found["thingscam_devices_heard"] == 2
    assert found["thingscam_pictures"] == 41
    assert found["thingscam_queue judging"] == 5 and found["thingscam_queue writing"] == 0
    assert found["process_resident_memory_bytes"] > 1e6


def test_two_receivers_in_one_process_count_for_themselves(tmp_path):
    with measured(tmp_path / "a") as (one, _), measured(tmp_path / "b") as (_, figures):
        one.upload(picture())
        assert "thingscam_uploads_total 0" not in figures()


def test_what_cannot_be_counted_is_left_out(tmp_path):
    def broken():
        raise BrokenError("SELECT of secret")

    with measured(tmp_path, broken) as (cloud, figures):
        cloud.upload(picture())
        settled(lambda: figures().get("thingscam_uploads_total 0"))
        assert "thingscam_devices" not in figures()


def test_a_count_that_hangs_holds_up_nothing_and_is_not_begun_twice(tmp_path):
    go, begun = threading.Event(), []

    def hang():
        begun.append(1)
        go.wait(20)
        return COUNTED

    with measured(tmp_path, hang, deadline=0.05) as (_, figures):
        try:
            assert "thingscam_devices" not in figures() and "thingscam_devices" not in figures()
            assert len(begun) == 1
        finally:
            go.set()
        settled(lambda: "thingscam_devices" in figures())


@pytest.mark.parametrize(
    "named, headers, status",
    [
        ([], {}, 200),
        # From outside, through a proxy on this computer that nobody has named.
        ([], {"X-Forwarded-For": "203.0.113.5"}, 403),
        ([], {"Via": "1.1 proxy"}, 403),
        (["10.0.0.0/8"], {"X-Forwarded-For": "203.0.113.5"}, 403),
        (["10.0.0.0/8"], {"X-Forwarded-For": "10.0.0.5"}, 403),
        (["127.0.0.1"], {}, 200),
    ],
)
def test_figures_are_for_those_who_are_named(tmp_path, named, headers, status):
    metrics = Metrics(Networks(named), lambda: COUNTED, lambda: QUEUES)
    with running(tmp_path, around=lambda app: surround(app, metrics=metrics)) as cloud:
        assert cloud.get("/metrics", headers=headers).status_code == status


def test_behind_a_named_proxy_the_client_counts(tmp_path):
    def around(app):
        metrics = Metrics(Networks(["10.0.0.0/8"]), lambda: COUNTED, lambda: QUEUES)
        surround(app, proxies=Proxies(Networks(["127.0.0.1"])), metrics=metrics)

    with running(tmp_path, around=around) as cloud:
        for client, status in (("10.1.1.1", 200), ("203.0.113.5", 403), ("127.0.0.1", 403)):
            answer = cloud.get("/metrics", headers={"X-Forwarded-For": client})
            assert answer.status_code == status, client


class Part:
    """A part that may fail, or hang, and counts how often it was asked."""

    def __init__(self):
        self.error = None
        self.asked = 0
        self.hang = threading.Event()
        self.hang.set()

    def __call__(self):
        self.asked += 1
        self.hang.wait(20)
        if self.error:
            raise BrokenError(self.error)


def test_health_says_which_part_fails_and_no_more(tmp_path):
    database, storage, clock, told = Part(), Part(), Clock(), []
    parts = {"database": database, "storage": storage}
    health = Health(parts, [BrokenError], lambda *what: told.append(what), clock=clock)
    with running(tmp_path, around=lambda app: surround(app, health=health)) as cloud:
        answer = cloud.get("/health")
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        storage.error = "access denied for key 4711"
        assert cloud.get("/health").status_code == 200  # of the second before
        assert storage.asked == 1
        clock.now += 1
        answer = cloud.get("/health")
        expected = {"status": "failing", "failing": ["storage"]}
        assert (answer.status_code, answer.json()) == (503, expected)
        storage.error = None
        clock.now += 1
        assert cloud.get("/health").status_code == 200
    assert told == [("storage", "access denied for key 4711"), ("storage", None)]
    assert database.asked == 3


def test_a_part_that_hangs_fails_and_is_asked_once(tmp_path):
    storage, clock = Part(), Clock()
    health = Health({"storage": storage}, [BrokenError], deadline=0.05, clock=clock)
    with running(tmp_path, around=lambda app: surround(app, health=health)) as cloud:
        storage.hang.clear()
        for _ in range(3):
            clock.now += 1
            assert cloud.get("/health").status_code == 503
        assert storage.asked == 1
        storage.hang.set()

        def works():
            clock.now += 1
            return cloud.get("/health").status_code == 200

        settled(works)
