# What an older version of the stand-in kept is taken over, once, and nothing of it is lost.

import hashlib
import json

from tests.support.cloud import ATTRIBUTES, CAMERA, LABEL, UPLOAD, picture, running
from tests.support.page import keep_many, photo
from tools.cloud.service.store import Store

STRANGER = "2a97516c"
KEPT = {
    "attributes": {
        "image": ["http://127.0.0.1:8080/images/x.jpg", 1_700_000_000.5, "device"],
        "trigger_every_s": [60, 1_700_000_100.0, "person"],
        "card": [True, 1_700_000_000.5, "device"],
    },
    "events": [
        [1_700_000_200.0, "recovered", {}],
        [1_700_000_150.0, "stopped", {"why": "errcode 1022"}],
    ],
}


def older(folder):
    """Make the folder of an older version: three pictures, one device's file."""
    names = keep_many(folder, 2)
    names.append(f"20260101T000100.000000Z-{LABEL}-000003.jpg")
    (folder / "images" / names[-1]).write_bytes(photo((40, 30), cause="pir"))
    (folder / "devices").mkdir()
    (folder / "devices" / f"{LABEL}.json").write_text(json.dumps(KEPT, indent=1))
    return names


def files(folder):
    found = (path for path in folder.rglob("*") if path.is_file())
    return {p.name: p.read_bytes() for p in found if not p.name.startswith("index.db")}


def test_an_older_folder_is_taken_over_once(tmp_path):
    names = older(tmp_path)
    before = files(tmp_path)
    store = Store(tmp_path)
    assert store.said == "taken over from an older version: 3 pictures, 1 devices"
    pictures = store.index.pictures.page().pictures
    assert [each.name for each in pictures] == names[::-1]
    newest, *_, first = pictures
    assert (newest.device, newest.width, newest.height, newest.cause) == (LABEL, 40, 30, "pir")
    assert newest.sha256 == hashlib.sha256(before[newest.name]).hexdigest()
    assert (first.device, first.taken_in.isoformat()) == (STRANGER, "2026-01-01T00:00:10+00:00")
    found = store.index.records.details(LABEL)
    assert {name: [a.value, a.at, a.by] for name, a in found.items()} == KEPT["attributes"]
    events = store.index.records.events(LABEL)
    assert [[each.at, each.method, each.params] for each in events] == KEPT["events"]
    assert store.index.records.heard(LABEL) == 1_700_000_200
    store.close()
    assert files(tmp_path) == before
    again = Store(tmp_path)
    assert again.said is None and again.index.pictures.count() == 3
    again.close()


def test_a_stand_in_goes_on_where_an_older_one_ended(tmp_path):
    names = older(tmp_path)
    with running(tmp_path) as cloud:
        known = cloud.attributes().json()["attributes"]
        assert known == {name: three[0] for name, three in KEPT["attributes"].items()}
        assert cloud.upload(picture()).json()["image_url"].endswith(f"Z-{LABEL}-000004.jpg")
        text = cloud.get("/").text
        assert "4 pictures" in text and "device " + STRANGER in text and "Demo camera" in text
        assert all(name in text for name in names)
        assert "errcode 1022" in cloud.get(CAMERA).text
        assert cloud.message({"card": False}, ATTRIBUTES).json() == {"result": 1}
    with running(tmp_path) as cloud:  # the older file says no more what is so
        assert cloud.attributes("card").json()["attributes"] == {"card": False}
        assert cloud.upload(picture(), UPLOAD).json()["result"] == 1
