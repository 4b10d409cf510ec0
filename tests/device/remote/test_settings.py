# What is set from afar: which wishes are taken, where they are kept, and what a start makes of it.

import binascii
import json
import os

from fakeboard import on_board
from flash import Flash
from support import new_folder, raises
from thingscam import crashes
from thingscam.board import rtc
from thingscam.config import config
from thingscam.remote import state as states
from thingscam.remote import wishes

DATA = {
    "wifi": [{"ssid": "home", "password": "wifi-password"}],
    "cloud": {
        "endpoint": "https://images.example",
        "device_endpoint": "https://devices.example",
        "access_token": "t0ken-value",
        "identifier": "image",
        "project_key": "pr0ject-key",
        "region": "demo",
    },
    "trigger": {"every_s": 3600},
    "remote": {"every_s": 600},
}
# Where it lies: on the two file systems of boards, in memory.
FILE_SYSTEMS = (("VfsLfs2", 1024), ("VfsFat", 512)) if hasattr(os, "VfsLfs2") else ()


def settled(**asked):
    return wishes.settle(wishes.wanted(asked), DATA)


def test_a_wish_means_what_it_can_mean():
    for name, value, section, key, meant in (
        ("trigger_every_s", 60, "trigger", "every_s", 60),
        ("trigger_every_s", "60", "trigger", "every_s", 60),
        ("trigger_every_s", 60.0, "trigger", "every_s", 60),
        ("trigger_every_s", " 60.0", "trigger", "every_s", 60),
        ("camera_light", "true", "camera", "light", True),
        ("camera_light", "False", "camera", "light", False),
        ("camera_light", 1, "camera", "light", True),
        ("camera_light", "Auto ", "camera", "light", "auto"),
        ("camera_exif", "0", "camera", "exif", False),
        ("camera_frame_size", " vga", "camera", "frame_size", "VGA"),
        ("log_level", "debug", "log", "level", "debug"),
        ("outbox_order", "newest", "outbox", "order", "newest"),
        ("sensor_brightness", "-1", "sensor", "brightness", -1),
        ("sensor_vflip", "null", "sensor", "vflip", None),
        ("sensor_exposure", "AUTO", "sensor", "exposure", "auto"),
        ("sensor_exposure", "300", "sensor", "exposure", 300),
        ("vflip", True, "sensor", "vflip", True),
        ("schedule_latitude", "52.5", "schedule", "latitude", 52.5),
        ("schedule_windows", '[{"to": "18:00"}]', "schedule", "windows", [{"to": "18:00"}]),
    ):
        assert settled(**{name: value}) == ({section: {key: meant}}, []), name
    # The long name counts.
    assert settled(vflip=True, sensor_vflip=False) == ({"sensor": {"vflip": False}}, [])
    # What is not set.
    assert settled(trigger_every_s=None, log_level="") == ({}, [])


def test_what_is_wrong_is_not_taken_and_said_and_the_rest_is():
    on, errors = settled(
        trigger_every_s=-1, camera_quality="high", camera_light=2, log_level="loud", vflip="yes",
        trigger_cooldown_s=30, camera_exif=[1], schedule_windows="7 to 9",
    )  # fmt: skip
    assert on == {"trigger": {"cooldown_s": 30}}
    told = " ".join(errors)
    for words in (
        "trigger_every_s: must be from 0 to 518400, found -1",
        "camera_quality: must be a whole number",
        'camera_light: must be true, false or "auto"',
        "log_level: must be one of debug",
        "sensor_vflip: must be true",
        "camera_exif: must be true or false",
        "schedule_windows: must be a list of objects",
    ):
        assert words in told, told


def test_wishes_that_do_not_go_together():
    # A light that this board has, and what needs EXIF: fine with it, refused alone.
    assert settled(camera_rotate=90, camera_exif=True)[1] == []
    on, errors = settled(camera_rotate=90, camera_exif=False, log_level="debug")
    assert on["log"] == {"level": "debug"} and len(on["camera"]) == 1
    assert len(errors) == 1 and "camera.rotate: 90 is told by EXIF" in errors[0], errors
    # One needs another that comes later.
    data = dict(DATA, camera={"exif": False})
    asked = wishes.wanted({"camera_rotate": 90, "camera_exif": True, "camera_quality": 999})
    assert wishes.settle(asked, data)[0] == {"camera": {"rotate": 90, "exif": True}}
    # Nothing would ever take a picture.
    data = dict(DATA, trigger={"every_s": 5, "pir_pin": None})
    on, errors = wishes.settle(wishes.wanted({"trigger_every_s": 0}), data)
    assert on == {} and "nothing would ever take a picture" in errors[0], errors


def test_never_what_locks_out_or_burns():
    for name in wishes.names():
        for word in ("pin", "path", "board", "wifi", "cloud", "power", "token", "key", "remote"):
            assert word not in name, name
    assert {"trigger_every_s", "camera_quality", "log_level", "vflip"} <= set(wishes.names())


def test_numbers_that_are_none():
    for value in (1e300, float("inf"), float("nan"), "1e3", "", " ", {}, "9" * 400):
        on, _ = settled(trigger_every_s=value)
        assert on == {}, value


# Kept


def state(**values):
    found = states.State()
    for name in values:
        setattr(found, name, values[name])
    return found


def test_the_newer_file_that_is_whole_counts():
    folder = new_folder() + "/"
    assert states.load(folder) is None
    kept = state()
    for every_s in (1, 2, 3):
        kept.on = {"trigger": {"every_s": every_s}}
        kept.save(folder)
        assert states.load(folder).on == kept.on
    for text in (b"", b"{}", b"\xff" * 99, b'{"number": 9, "on": {}}00000000'):
        with open(folder + "remote.1.json", "wb") as file:  # the newer one
            file.write(text)
        assert states.load(folder).on == {"trigger": {"every_s": 2}}
    with open(folder + "remote.0.json", "wb") as file:
        file.write(b"{")
    assert states.load(folder) is None


def test_a_write_that_fails_leaves_what_was_there():
    folder = new_folder() + "/"
    kept = state(error="first")
    kept.save(folder)
    kept.save(folder)
    os.remove(folder + "remote.1.json")
    os.mkdir(folder + "remote.1.json")  # nothing can be written there
    for _ in range(2):
        kept.error = "second"
        raises(OSError, kept.save, folder)
        assert states.load(folder).error == "first"


def test_what_would_not_be_read_is_not_written():
    folder = new_folder() + "/"
    kept = state(error="first")
    kept.save(folder)
    kept.on = {"schedule": {"timezone": "x" * 9000}}
    raises(OSError, kept.save, folder)
    assert states.load(folder).error == "first"
    # Of another version, and sound: of no use, and no reason not to start.
    for text in (b"[]", b"5", b"{}", b'{"number": "9"}', b'{"number": null}'):
        with open(folder + "remote.0.json", "wb") as file:
            file.write(text + b"%08x" % binascii.crc32(text))
        assert states.load(folder).error == "first", text


def test_old_or_new_wherever_the_power_is_cut():
    for kind, block in FILE_SYSTEMS:
        for tear in ((0, False), (1, True), (2, False)) if kind == "VfsLfs2" else ((0, False),):
            cut = 0
            writes = 1
            while cut < writes:
                cut += 1
                writes = _cut(kind, block, tear, cut)


def _cut(kind, block, tear, cut):
    # Three saves with a cut in them; returns how many writes there were without it.
    flash = Flash(block, 65536 // block)
    vfs = getattr(os, kind)
    vfs.mkfs(flash)
    os.mount(vfs(flash), "/cut")
    kept = state()
    kept.save("/cut/")
    flash.writes = 0
    flash.cut_at = cut
    flash.torn, flash.garbage = tear
    may = [{}]
    for every_s in (1, 2, 3):
        kept.on = {"trigger": {"every_s": every_s}}
        may = [may[-1], kept.on]
        try:
            kept.save("/cut/")
        except OSError:
            break
    else:
        may = may[-1:]
    os.umount("/cut")
    after = Flash(block, flash.count, flash.data)
    flash.bury()
    os.mount(vfs(after), "/cut")
    found = states.load("/cut/")
    assert found is not None and found.on in may, (kind, tear, cut)
    found.on = {"trigger": {"every_s": 4}}  # and it goes on
    found.save("/cut/")
    assert states.load("/cut/").on == found.on
    os.umount("/cut")
    return flash.writes


# A start


class Place:
    """A config.json, and what was set from afar beside it."""

    def __init__(self, data=DATA, **values):
        self.folder = new_folder() + "/"
        self.write(data)
        if values:
            state(**values).save(self.folder)

    def write(self, data):
        with open(self.folder + "config.json", "w") as file:
            file.write(data if isinstance(data, str) else json.dumps(data))

    def load(self):
        return config.load(self.folder + "config.json", True)

    def kept(self):
        return states.load(self.folder)


ON = {"trigger": {"every_s": 60}, "sensor": {"vflip": True}}


def test_lies_over_config_json():
    place = Place(on=ON)
    found = place.load()
    assert found.trigger.every_s == 60 and found.camera.sensor == {"vflip": True}
    assert found.remote.state.on == ON
    assert found.cloud.region == "demo" and found.trigger.cooldown_s == 10
    # Only where config.json asks for it.
    for section in ({}, {"every_s": 0}):
        place.write(dict(DATA, remote=section))
        found = place.load()
        assert found.trigger.every_s == 3600 and not hasattr(found.remote, "state")
    assert place.kept().on == ON


def test_what_does_not_fit_is_dropped_and_config_json_starts():
    for on in (
        {"trigger": {"every_s": -1}},
        {"trigger": {"no_such": 1, "every_s": -1}},
        {"camera": 5},
        {"camera": {"rotate": 90, "exif": False}},
    ):
        place = Place(on=on, wish=7)
        assert place.load().trigger.every_s == 3600, on
        kept = place.kept()
        assert (kept.on, kept.status, kept.wish) == ({}, "refused", 0)
        assert kept.error.startswith("not with this config.json: "), kept.error
    # A mistake in config.json itself is told as without it.
    place = Place(on=ON)
    place.write(json.dumps(DATA).replace('"region"', '"reigon"'))
    e = raises(config.ConfigError, place.load)
    assert "cloud.region: missing" in e.mistakes
    place.write(json.dumps(DATA).replace("}", "", 1))
    assert "not JSON, line" in str(raises(config.ConfigError, place.load))
    for text in ("[]", '{"remote": 5}', '{"remote": {"every_s": 60}, "cloud": []}'):
        place.write(text)
        raises(config.ConfigError, place.load)


@on_board
def test_what_a_newer_version_has_kept_is_no_mistake(esp):
    newer = {"every_s": 60, "no_such": 1}
    more = {"trigger": newer, "novel": {"x": [1]}, "report": {"novel": 2}}
    place = Place(on=more, wish=7, status="novel", starts=3, novel={"x": 1})
    found = place.load()
    assert found.trigger.every_s == 60 and found.remote.state.wish == 7
    kept = place.kept()
    assert (kept.on, kept.error) == ({"trigger": {"every_s": 60}}, "")
    kept.copy().save(place.folder)  # and it goes on with a field that it does not know
    assert place.load().trigger.every_s == 60
    # Those before a trial, too.
    place = Place(on={"novel": {}}, good=more)
    crashes.keep(1, 1)
    assert place.load().trigger.every_s == 60
    assert place.kept().on == {"trigger": {"every_s": 60}}


def test_forgotten_by_a_number_in_config_json():
    place = Place(on=ON, wish=7, seen={"restart": 3})
    place.write(dict(DATA, remote={"every_s": 600, "forget": 1}))
    assert place.load().trigger.every_s == 3600
    kept = place.kept()
    # What is asked for now is not taken; and no command is done again.
    assert (kept.on, kept.status, kept.wish) == ({}, "rolled back", None)
    assert kept.seen == {"restart": 3}
    kept.on = ON
    kept.save(place.folder)
    assert place.load().trigger.every_s == 60
    # A board that had nothing has nothing to forget.
    place = Place(dict(DATA, remote={"every_s": 600, "forget": 1}))
    assert place.load().remote.state.wish == 0
    assert place.kept() is None


@on_board
def test_a_crash_on_trial_brings_the_last_good_ones_back(esp):
    place = Place(on=ON, good={"trigger": {"every_s": 90}})
    assert place.load().trigger.every_s == 60
    crashes.keep(1, 1)
    assert place.load().trigger.every_s == 90
    kept = place.kept()
    assert (kept.on, kept.good, kept.status) == ({"trigger": {"every_s": 90}}, None, "rolled back")
    assert "crashed" in kept.error
    # Off trial a crash is none of theirs.
    assert place.load().trigger.every_s == 90


@on_board
def test_many_starts_on_trial_are_too_many(esp):
    place = Place(on=ON, good={})
    for _ in range(8):
        assert place.load().trigger.every_s == 60
        esp.power_cut()
    assert place.load().trigger.every_s == 3600
    assert "8 starts" in place.kept().error
    # To wake from a deep sleep is no such start.
    place = Place(on=ON, good={})
    for _ in range(12):
        esp.wake(1000)
        assert place.load().trigger.every_s == 60


@on_board
def test_the_short_way_of_a_wake_looks_at_both_files(esp):
    place = Place(on=ON)
    place.load()
    esp.wake(1000)
    state(number=1, on={"trigger": {"every_s": -5}}).save(place.folder)
    assert place.load().trigger.every_s == 3600
    # And what has passed is not checked again.
    place = Place(on=ON)
    place.load()
    place.write(json.dumps(DATA).replace("600", "600 "))
    esp.wake(1000)
    mark = rtc.recall(rtc.CONFIG)
    assert mark and place.load().trigger.every_s == 60 and rtc.recall(rtc.CONFIG) == mark


def test_remote_needs_a_service_that_is_known():
    def mistakes(remote, **cloud):
        data = dict(DATA, remote=remote, cloud=dict(DATA["cloud"], **cloud))
        return raises(config.ConfigError, config.parse, json.dumps(data).encode()).mistakes

    assert "remote.every_s: 10 is too often" in mistakes({"every_s": 10})[0]
    assert "cloud.device_endpoint" in mistakes({"every_s": 60}, device_endpoint="")[0]
    for cloud in ({"device_endpoint": "http://devices.example"}, {"verify": False}):
        assert "remote.insecure: anybody" in mistakes({"every_s": 60}, **cloud)[0]
        data = dict(DATA, remote={"every_s": 60, "insecure": True})
        data["cloud"] = dict(DATA["cloud"], **cloud)
        config.parse(json.dumps(data).encode())
