# All cameras in one table: what the database counts, finds and sorts is what each tells by itself.

import itertools
import json

import pytest

from tests.support.index import Time, fleet
from tools.cloud.index import DEVICE, Index
from tools.cloud.index.fleet import KINDS, Wish
from tools.cloud.index.standing import version_number
from tools.cloud.page import reports

NEWEST = "1.10.0"
TOLD = {
    "version": (None, "1.9.9", "1.10.0", "2.0.0", "none", 7),
    "settings": (None, '{"report_every_s": 600}', '{"report_every_s": 0}', "{", "[1]"),
    "blocked_reason": (None, "stopped: Errcode 1022", "no Wi-Fi", ""),
    "battery": (None, "low", "critical", "good", 3.7),
    "waiting": (None, 0, 3, 12, 1e30, -1, "many", True),
    "settings_state": (None, "refused", "in force"),
    "wifi": (None, "Home_Net", "100%", "a\0b\ud800"),
}


@pytest.fixture
def index(index_url):
    """An index with a hundred cameras, each of which tells something else."""
    accounts, _ = fleet(120)
    time = Time()
    with Index(index_url, now=time) as found:
        found.projects.replace(accounts)
        pools = [itertools.cycle(values) for values in TOLD.values()]
        for device in found.projects.devices()[:100]:
            time.go(40)
            values = dict(zip(TOLD, map(next, pools), strict=True))
            told = {name: value for name, value in values.items() if value is not None}
            found.records.set(device.label, told, DEVICE).result(20)
        yield found


def by_themselves(index, now, monkeypatch):
    """Return (label, name, heard, attributes, Health) of each camera, from what it told."""
    monkeypatch.setattr(reports, "VERSION", version_number(NEWEST))
    heard = index.records.heard_of_all()
    found = []
    for device in index.projects.devices():
        label = device.label
        health = reports.health(index.records.details(label), heard[label], now)
        values = index.records.attributes(label)
        found.append((label, device.name, heard[label], values, health))
    return found


def text_of(camera):
    _, name, _, values, health = camera
    texts = [name, *(text for text, _ in health.troubles)]
    texts += [str(values[n]) for n in ("version", "blocked_reason", "wifi") if n in values]
    return " ".join(texts).lower()


def test_what_is_counted_found_and_sorted(index, monkeypatch):
    now = max(filter(None, index.records.heard_of_all().values())) + 600
    everyone = by_themselves(index, now, monkeypatch)
    order = {
        "": lambda each: [kind not in each[4].kinds for kind in KINDS],
        "name": lambda each: 0,
        "heard": lambda each: each[2] or 0,
        "waiting": lambda each: -number(each[3].get("waiting")),
    }
    finds = ("", "old version", "silent", "_", "%", "net 1", "refused low", "\0")
    for find, kind, sort in itertools.product(finds, ("", *KINDS), order):
        words = tuple(find.split(" ")) if find else ()
        wish = Wish(now, version_number(NEWEST), words, kind, sort)
        wanted = [
            each
            for each in everyone
            if (not kind or kind in each[4].kinds)
            and all(word in text_of(each) for word in words if word != "\0")
            and "\0" not in find
        ]
        wanted.sort(key=lambda each: each[1])
        wanted.sort(key=order[sort])
        labels = [camera.label for camera in index.fleet.page(wish, 0, 1000)]
        assert labels == [each[0] for each in wanted], wish
        if sort:
            continue
        few = index.fleet.page(wish, 5, 7)
        assert [camera.label for camera in few] == labels[5:12]
        counts = index.fleet.counts(wish)
        assert counts["wanted"] == len(wanted) and counts[""] == 120
        for each in KINDS:
            assert counts[each] == sum(each in camera[4].kinds for camera in everyone)
    assert all(any(kind in each[4].kinds for each in everyone) for kind in KINDS)


def number(value):
    return min(value, 1e15) if isinstance(value, (int, float)) else 0


def test_what_is_told_no_more_counts_no_more(index):
    label = index.projects.devices()[0].label
    settings = json.dumps({"report_every_s": 600})
    told = {"version": "1.0.0", "settings": settings, "battery": "low", "waiting": 5}
    index.records.set(label, told, DEVICE).result(20)
    wish = Wish(2e9, version_number(NEWEST), ("camera-0",))
    before = index.fleet.counts(wish)
    index.records.set(label, dict.fromkeys(told), DEVICE).result(20)
    after = index.fleet.counts(wish)
    assert {kind: before[kind] - after[kind] for kind in KINDS} == {
        "silent": 1, "stopped": 0, "low": 1, "old": 1, "waiting": 1,
    }  # fmt: skip
    index.projects.remove(label)
    assert index.fleet.counts(wish)[""] == 119
