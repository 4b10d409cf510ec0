# The pages about cameras without a browser: what they show, what a form may do, and who.

import contextlib
import html
import json
import re
import sqlite3
import time

import pytest
import requests

from tests.support.cloud import CAMERA, EVENT, TOKEN, WRITE, picture, running
from tests.support.page import REPORT, SETTINGS, devices
from tools.cloud.index import DEVICE, Index
from tools.cloud.page import settings


@pytest.fixture
def cloud(tmp_path):
    with running(tmp_path) as found:
        yield found


def text(cloud, path=CAMERA):
    """Return the words of a page."""
    found = cloud.get(path)
    assert found.status_code == 200
    return just(" ".join(html.unescape(re.sub(r"<[^>]*>", " ", found.text)).split()))


def just(words):
    """Return `words` as if no time had passed since: the computer may be busy."""
    return re.sub(r"\b\d s ago", "0 s ago", words)


def submit(cloud, values, what="settings", **changed):
    headers = {"Origin": cloud.url, **changed}
    url = f"{cloud.url}{CAMERA}/{what}"
    return requests.post(url, data=values, headers=headers, timeout=10, allow_redirects=False)


def stand(cloud, name):
    """Return (value, words, tone) of a setting, as the page is kept fresh with."""
    fields = cloud.get("/page" + CAMERA).json()["fields"]
    found = next(field for field in fields if field["name"] == name)
    return found["value"], just(found["stand"]), found["tone"]


def command(cloud, name):
    return just(cloud.get("/page" + CAMERA).json()["commands"][name])


def rows(cloud, query=""):
    table = cloud.get("/page/cameras" + query).json()["table"]
    return re.findall(r'<th scope="row"><a [^>]*>([^<]*)', table)


def test_a_report_in_groups_and_units(cloud):
    assert "A camera reports where cloud.device_endpoint is set" in text(cloud)
    cloud.message({**REPORT, "battery_mv": 3712, "waiting_bytes": 812345, "strange": True})
    cloud.upload(picture())
    found = text(cloud)
    for words in (
        "Pictures captured 12",
        "the oldest waits for 2 h",
        "signal -61 dBm",
        "its voltage 3.71 V",
        "793 KB",
        "Other strange yes",
        "all is well",
        "last report 0 s ago",
    ):
        assert words in found
    assert "http" not in found  # the picture's URL is no news
    assert "The newest picture of Demo camera" in cloud.get(CAMERA).text


def test_what_devices_tell_is_escaped(cloud):
    evil = "<script>alert(1)</script>\"'&"
    cloud.message({evil: evil, "last_error": evil, "wifi": evil, "settings_error": evil})
    cloud.message({"settings": json.dumps({"trigger_every_s": evil}), "settings_state": evil})
    cloud.message({"method": evil, "params": {evil: evil, "log": evil + "\n" + evil}}, EVENT)
    cloud.message({"camera_frame_size": evil, "trigger_every_s": evil}, WRITE, "PUT")
    news = cloud.get("/page" + CAMERA).json()
    del news["fields"]  # these become text on the page
    parts = [cloud.get(path).text for path in (CAMERA, "/cameras", "/cameras?find=last")]
    for found in (*parts, *map(str, news.values()), cloud.get("/page/cameras").json()["table"]):
        assert "<script>alert" not in found
        assert "\"'&" not in found
    assert f'"{evil}"' not in cloud.get("/cameras", params={"find": evil}).text


@pytest.mark.parametrize(
    "value", [10**18, -(10**18), 1.7e308, -0.0, 5e-324, 2**63], ids=lambda value: f"{value:g}"
)
def test_numbers_that_are_none_of_a_cameras(value, cloud):
    names = ("oldest_s", "waiting_bytes", "battery_mv", "rssi", "x_s", "x_at", "waiting")
    cloud.message({**dict.fromkeys(names, value), "report_every_s": value})
    assert cloud.get(CAMERA).status_code == 200
    assert cloud.get("/cameras").status_code == 200


def test_a_form_asks_for_settings_and_tells_how_they_stand(cloud):
    cloud.message(REPORT)
    assert stand(cloud, "trigger_every_s") == ("", "now 15", "")
    answer = submit(cloud, {"trigger_every_s": "60", "camera_exif": "true", "log_level": ""})
    assert (answer.status_code, answer.headers["Location"]) == (303, CAMERA + "#settings")
    wishes = cloud.attributes("trigger_every_s,camera_exif,log_level").json()["attributes"]
    assert wishes == {"trigger_every_s": 60, "camera_exif": True}
    assert stand(cloud, "trigger_every_s") == ("60", "asked for 0 s ago, now 15", "wait")
    assert stand(cloud, "camera_exif") == ("true", "asked for 0 s ago", "wait")
    windows = [{"from": "07:00", "to": "18:00"}]
    submit(cloud, {"schedule_windows": json.dumps(windows)})
    known = {**SETTINGS, "trigger_every_s": 60, "schedule_windows": windows}
    cloud.message({"settings": json.dumps(known), "settings_state": "on trial"})
    assert stand(cloud, "trigger_every_s") == ("60", "on trial", "wait")
    assert stand(cloud, "schedule_windows") == (json.dumps(windows), "on trial", "wait")
    cloud.message(
        {
            "settings_state": "refused",
            "settings_error": "camera_exif: no such thing; log_level: must be one of",
        }
    )
    assert stand(cloud, "camera_exif") == ("true", "refused: no such thing", "bad")
    assert stand(cloud, "trigger_every_s") == ("60", "in force", "ok")
    assert "settings refused" in text(cloud)
    # Nothing in its field takes a wish back.
    submit(cloud, {"trigger_every_s": "", "was.trigger_every_s": "60"})
    assert stand(cloud, "trigger_every_s") == ("", "now 60", "")


def test_a_wrong_value_is_told_at_its_field_and_nothing_is_kept(cloud):
    answer = submit(cloud, {"trigger_every_s": "1e9", "camera_quality": "70"})
    assert answer.status_code == 422
    found = html.unescape(answer.text)
    assert "Nothing was saved" in found
    assert 'name="trigger_every_s" value="1e9" aria-invalid="true"' in found
    assert "must be a whole number, found a text" in found
    assert 'name="camera_quality" value="70"' in found
    assert cloud.attributes().json()["attributes"] == {}


@pytest.mark.parametrize(
    ("name", "typed", "value"),
    [
        ("trigger_every_s", " 0 ", 0),
        ("trigger_every_s", "518401", None),
        ("camera_frame_size", "VGA", "VGA"),
        ("camera_frame_size", "huge", None),
        ("camera_rotate", "90", 90),
        ("camera_rotate", "45", None),
        ("camera_exif", "False", False),
        ("camera_exif", "maybe", None),
        ("camera_light", "true", True),
        ("camera_light", "auto", "auto"),
        ("sensor_exposure", "auto", "auto"),
        ("sensor_exposure", "300", 300),
        ("sensor_exposure", "long", None),
        ("outbox_order", "newest", "newest"),
        ("log_level", "x" * 2001, None),
        ("schedule_latitude", "52.5", 52.5),
        ("schedule_latitude", "NaN", None),
        ("schedule_timezone", "CET-1CEST,M3.5.0,M10.5.0/3", "CET-1CEST,M3.5.0,M10.5.0/3"),
        ("schedule_timezone", "CEST+", None),
        ("schedule_windows", '[{"from":"07:00"}]', '[{"from": "07:00"}]'),
        ("schedule_windows", '[{"from": "7 pm"}]', None),
        ("schedule_windows", "[" * 1500, None),
    ],
)
def test_what_is_typed_becomes_the_settings_kind_or_is_refused(name, typed, value):
    field = settings.fields()[name]
    if value is None:
        with pytest.raises(settings.WishError):
            field.parse(typed)
    else:
        assert field.parse(typed) == value
        assert type(field.parse(typed)) is type(value)


def test_what_may_be_set_is_no_secret_no_endpoint_and_no_pin():
    names = set(settings.fields())
    assert {"trigger_every_s", "camera_frame_size", "sensor_vflip", "log_level"} <= names
    forbidden = (
        "cloud_",
        "wifi_",
        "power_",
        "clock_",
        "outbox_path",
        "outbox_max",
        "camera_board",
    )
    assert not [name for name in names if name.startswith(forbidden) or name.endswith("_pin")]


def test_what_was_not_changed_in_the_form_is_not_written(cloud):
    cloud.message({"trigger_every_s": 30, "camera_quality": 50}, WRITE, "PUT")
    form = {"trigger_every_s": "60", "was.trigger_every_s": "60"}  # from before another's change
    submit(cloud, {**form, "camera_quality": "70", "was.camera_quality": "60"})
    found = cloud.attributes().json()["attributes"]
    assert found == {"trigger_every_s": 30, "camera_quality": 70}


def test_commands_are_counters(cloud):
    for _ in range(2):
        assert submit(cloud, {"name": "take_photo"}, "command").status_code == 303
    assert command(cloud, "take_photo") == "asked for 0 s ago, waits for the camera"
    assert cloud.attributes("take_photo").json()["attributes"] == {"take_photo": 2}
    assert command(cloud, "take_photo") == "the camera read it 0 s ago"
    values = []
    for hours in ("2", "2", "2", "8"):
        submit(cloud, {"name": "safe_mode_hours", "hours": hours}, "command")
        values.append(cloud.attributes().json()["attributes"]["safe_mode_hours"])
    assert values == [2, "2", 2, 8]  # each another one, for else nothing is asked for
    for wrong in ({"name": "explode"}, {}, {"name": "safe_mode_hours", "hours": "99"}):
        assert submit(cloud, wrong, "command").status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Sec-Fetch-Site": "cross-site"},
        {"Host": "evil.example", "Origin": "http://evil.example"},
    ],
    ids=str,
)
def test_no_other_page_sets_anything(changed, cloud):
    for what, form in (("settings", {"trigger_every_s": "60"}), ("command", {"name": "restart"})):
        assert submit(cloud, form, what, **changed).status_code == 403
    assert cloud.attributes().json()["attributes"] == {}


def test_another_name_is_let_in_where_it_is_told(tmp_path):
    host = {"Host": "camera.example"}
    with running(tmp_path, names=["camera.example"]) as cloud:
        assert cloud.get("/cameras", headers=host).status_code == 200
        assert cloud.get("/cameras", headers={"Host": "evil.example"}).status_code == 403


def test_nothing_can_be_set_where_that_is_off(tmp_path):
    with running(tmp_path, settings=False) as cloud:
        assert submit(cloud, {"trigger_every_s": "60"}).status_code == 403
        assert "<form" not in cloud.get(CAMERA).text


@pytest.mark.parametrize("path", ["/camera/00000000", "/page/camera/00000000", "/camera/" + TOKEN])
def test_a_camera_that_is_none(path, cloud):
    assert cloud.get(path).json()["errcode"] == 4041
    url = f"{cloud.url}{path}/settings"
    answer = requests.post(url, headers={"Origin": cloud.url}, timeout=10)
    assert answer.json()["errcode"] == 4041


def test_the_worst_come_first_and_can_be_found(tmp_path):
    now = time.time()
    old = {**REPORT, "version": "0.0.9"}
    told = {
        "token-1": ({**REPORT, "waiting": 3}, 0),
        "token-2": (REPORT, 3 * 600 + 10),
        "token-3": ({**REPORT, "battery": "low"}, 0),
        "token-4": (old, 0),
        "token-5": (
            {**REPORT, "blocked_reason": "stopped: errcode 1022: check cloud.project_key"},
            0,
        ),
        "token-6": (REPORT, 3 * 600 - 60),
    }
    with running(tmp_path, devices(8)) as cloud:
        for token, (report, _) in told.items():
            assert cloud.message(report, token=token).json() == {"result": 1}
        cloud.upload(picture(), "/device/v1/token-7/image/image")
        by_name = {f"Camera {token[-1]}": token for token in told}
    with contextlib.closing(sqlite3.connect(tmp_path / "index.db")) as index:
        # As if it had been told so long ago.
        for number, name in index.execute("SELECT id, name FROM devices").fetchall():
            token = by_name.get(name, "")
            at = now - told[token][1] if token else now - 90000
            index.execute("UPDATE attributes SET at = ? WHERE device_id = ?", (at, number))
            heard = "UPDATE devices SET heard_at = ? WHERE id = ? AND heard_at > 0"
            index.execute(heard, (at, number))
        index.commit()
    with running(tmp_path, devices(8)) as cloud:
        worst = ["Camera 2", "Camera 5", "Camera 3", "Camera 4", "Camera 1"]
        assert rows(cloud) == [*worst, "Camera 0", "Camera 6", "Camera 7"]
        assert rows(cloud, "?sort=name")[:3] == ["Camera 0", "Camera 1", "Camera 2"]
        assert rows(cloud, "?sort=waiting")[0] == "Camera 1"
        assert rows(cloud, "?sort=heard")[:3] == ["Camera 0", "Camera 7", "Camera 2"]
        for kind, name in zip(("silent", "stopped", "low", "old", "waiting"), worst, strict=True):
            assert rows(cloud, "?show=" + kind) == [name]
        assert rows(cloud, "?find=1022") == ["Camera 5"]
        assert rows(cloud, "?find=camera 4") == ["Camera 4"]
        found = text(cloud, "/cameras?show=silent")
        assert "8 cameras" in found
        assert "all (8) silent (1)" in found
        assert "Camera 2 30 min ago silent 0 -61 dBm" in found
        assert "sends pictures, no reports" in text(cloud, "/cameras?find=7")


def test_hundreds_of_cameras_are_shown_in_pages_at_once(tmp_path):
    accounts = devices(500)
    with running(tmp_path, accounts):
        pass
    with Index(f"sqlite:///{tmp_path}/index.db") as index:
        labels = [device.label for device in index.projects.devices()]
        for done in [index.records.set(label, REPORT, DEVICE) for label in labels]:
            done.result(20)
    with running(tmp_path, accounts) as cloud:
        found = []
        path = "/cameras?find=camera&show=&sort=name"
        begun = time.monotonic()
        while path:
            page = cloud.get(path).text
            few = re.findall(r'<th scope="row"><a [^>]*>([^<]*)', page)
            assert few == rows(cloud, path.removeprefix("/cameras"))
            found += few
            links = re.findall(r'<a class="button" href="([^"]*)">Next', page)
            path = html.unescape(links[0]) if links else None
        assert time.monotonic() - begun < 2 * 6
        assert found == sorted(f"Camera {number}" for number in range(500))
        assert "401 to 500 of 500" in page and "find=camera&amp;sort=name&amp;page=2" in page
        assert len(rows(cloud, "?page=99&find=camera 49")) == 15
