# config.load(): every mistake named, all at once, and no secret told.

import json
import sys

import thingscam
from fakeboard import Board, on_board
from support import OldJson, env, raises
from thingscam.board import chip, profiles, sensorpin  # noqa: F401 what Board() gives its machine to
from thingscam.config import config

GOOD = {
    "wifi": [{"ssid": "home", "password": "wifi-password"}],
    "cloud": {
        "endpoint": "https://images.example:8443",
        "access_token": "t0ken-value",
        "identifier": "image",
        "project_key": "pr0ject-key",
        "region": "demo",
    },
}


def changed(section, key, value):
    data = json.loads(json.dumps(GOOD))
    data.setdefault(section, {})[key] = value
    return data


def parse(data, **options):
    return config.parse(json.dumps(data).encode(), "my.json", **options)


def mistakes(data, **options):
    return raises(config.ConfigError, parse, data, **options).mistakes


def refused(section, key, value, *words):
    found = mistakes(changed(section, key, value))
    assert len(found) == 1, found
    for word in (section + "." + key,) + words:
        assert word in found[0], found
    return found[0]


def test_fills_in_the_defaults():
    found = parse(GOOD)
    assert found.cloud.endpoint == "https://images.example:8443"
    assert found.cloud.access_token == "t0ken-value"
    assert found.cloud.verify is True
    assert found.cloud.ca == "ca.der"
    assert found.cloud.limit_bytes == 512000
    assert found.cloud.timeout_s == 15
    assert found.camera.board == "ai-thinker"
    assert found.camera.frame_size == "SVGA"
    assert found.camera.quality == 85
    assert found.camera.warmup_frames == 2
    assert found.camera.light is False
    assert found.camera.exif is True
    assert found.trigger.pir_pin == found.profile.pir == 13
    assert found.trigger.every_s == 0
    assert found.trigger.cooldown_s == 10
    assert found.outbox.path == "/outbox"
    assert found.outbox.max_bytes == 1048576
    assert found.outbox.order == "oldest"
    assert found.outbox.policy == "drop_oldest"
    assert found.power.mode == "awake"
    assert found.power.watchdog_s == 60
    assert found.log.level == "info"
    assert found.wifi == [("home", "wifi-password")]
    assert set(found.secrets) == {"t0ken-value", "pr0ject-key", "wifi-password"}


def test_reads_a_file():
    path = env("FILES") + "/config.json"
    with open(path, "w") as file:
        json.dump(GOOD, file)
    assert config.load(path).cloud.region == "demo"
    e = raises(config.ConfigError, config.load, path + ".none")
    assert "config.json.none" in str(e) and "config.example.json" in str(e)
    raises(config.ConfigError, config.load, env("FILES"))


def test_only_wifi_on_a_board_and_five_settings_are_needed():
    bare = {"cloud": GOOD["cloud"]}
    assert parse(bare).wifi == []
    assert "wifi: missing" in mistakes(bare, wifi_needed=True)[0]
    found = mistakes({})
    keys = ("endpoint", "access_token", "identifier", "project_key", "region")
    assert found == ["cloud.{}: missing".format(key) for key in keys]


def test_names_every_mistake_at_once():
    data = changed("cloud", "endpoint", "images.example")
    data["cloud"]["tiemout_s"] = 3
    data["camera"] = {"quality": "high", "frame_size": "HUGE"}
    data["outbox"] = []
    data["wifi"].append(5)
    del data["cloud"]["region"]
    e = raises(config.ConfigError, parse, data)
    text = str(e)
    assert text.startswith("my.json: 7 mistakes\n")
    for name in (
        "cloud.endpoint",
        "cloud.'tiemout_s'",
        "cloud.region",
        "camera.quality",
        "camera.frame_size",
        "outbox",
        "wifi[1]",
    ):
        assert name + ":" in text, text
    assert len(e.mistakes) == 7


def test_unknown_keys_get_the_nearest_known_one():
    for section, key, nearest in (
        ("cloud", "acess_token", "cloud.access_token"),
        ("cloud", "Timeout", "cloud.timeout_s"),
        ("camera", "qualty", "camera.quality"),
        ("trigger", "every", "trigger.every_s"),
        ("power", "watchdog", "power.watchdog_s"),
        # In the wrong section.
        ("camera", "cooldown_s", "trigger.cooldown_s"),
    ):
        (found,) = mistakes(changed(section, key, 1))
        assert found.endswith("the nearest known one is " + nearest), found
    for key, nearest in (("cluod", "cloud"), ("wify", "wifi"), ("endpoint", "cloud.endpoint")):
        data = json.loads(json.dumps(GOOD))
        data[key] = {}
        (found,) = mistakes(data)
        assert found.endswith("the nearest known one is " + nearest), found
    data = json.loads(json.dumps(GOOD))
    data["wifi"][0]["pasword"] = data["wifi"][0].pop("password")
    (found,) = mistakes(data)
    assert found.endswith("the nearest known one is wifi[0].password"), found


def test_wrong_types():
    for value, name in (
        (True, "true or false"),
        ("60", "a text"),
        (1.5, "a number"),
        (None, "null"),
    ):
        refused("cloud", "timeout_s", value, "whole number", name)
    for value in (1, 0, "true", None, []):
        refused("cloud", "verify", value, "true or false")
        refused("camera", "light", value, 'true, false or "auto"')
    for value in (1, None, [], {}, True):
        refused("cloud", "region", value, "text")
    for value in (1, None, [], {}):
        refused("camera", "frame_size", value, "text")
    refused("trigger", "pir_pin", "13", "whole number")
    for value in ({}, None, "home", 1):
        data = dict(GOOD, wifi=value)
        assert "wifi: must be a list" in mistakes(data)[0]
        if not isinstance(value, dict):
            assert "camera: must be an object" in mistakes(dict(GOOD, camera=value))[0]


def test_numbers_out_of_range():
    for section, key, values in (
        ("cloud", "limit_bytes", (0, 4095, 512001, -1, 10**30)),
        ("cloud", "timeout_s", (0, 301)),
        ("camera", "quality", (0, 101)),
        ("camera", "warmup_frames", (-1, 31)),
        ("trigger", "pir_pin", (-1, 49)),
        ("trigger", "every_s", (-1, 2678401)),
        ("trigger", "cooldown_s", (-1, 86401)),
        ("outbox", "max_bytes", (32767,)),
        ("power", "watchdog_s", (-1, 3601)),
    ):
        for value in values:
            refused(section, key, value, "from", "to")
    parse(changed("cloud", "limit_bytes", 4096))
    parse(changed("cloud", "limit_bytes", 512000))
    assert parse(changed("cloud", "ca", None)).cloud.ca is None


def test_choices():
    refused("camera", "frame_size", "svga", "SVGA")
    refused("outbox", "order", "random", "oldest", "newest")
    refused("outbox", "policy", "drop_newest", "drop_oldest", "keep_oldest")
    refused("power", "mode", "sleep", "awake", "deepsleep")
    refused("log", "level", "loud", "info")


def test_endpoints():
    for value in ("http://a", "https://a.example:1", "http://127.0.0.1:65535", "http://a_b-c"):
        assert parse(changed("cloud", "endpoint", value)).cloud.endpoint == value
    for value, word in (
        ("images.example", "http://"),
        ("ftp://images.example", "http://"),
        ("HTTPS://images.example", "http://"),
        ("https://", "host name"),
        ("https://:80", "host name"),
        ("https://images.example/", "path"),
        ("https://images.example/device/v1/t0ken-value", "path"),
        ("https://images.example?x", "query"),
        ("https://images.example#x", "fragment"),
        ("https://me:pass@images.example", "login"),
        ("https://images example", "host name"),
        ("https://images.example\r\nA: b", "host name"),
        ("https://ima\xe9.example", "host name"),
        ("https://images.example:", "port"),
        ("https://images.example:0", "port"),
        ("https://images.example:65536", "port"),
        ("https://images.example:+1", "port"),
        ("https://a..b", "host name"),
        ("https://{}.example".format("a" * 64), "host name"),  # a token, say
        ("https://<endpoint>", "placeholder"),
        ("https://<e>", "host name"),
        ("https://...", "host name"),
        ("", "empty"),
    ):
        refused("cloud", "endpoint", value, word)


def test_the_device_endpoint_may_be_none():
    assert parse(GOOD).cloud.device_endpoint == ""
    for value in ("", "http://device.example"):
        assert parse(changed("cloud", "device_endpoint", value)).cloud.device_endpoint == value
    refused("cloud", "device_endpoint", "https://device.example/device", "path")


def test_words_that_would_break_the_url_or_smuggle_a_header():
    for key in ("access_token", "identifier", "project_key", "region"):
        for char in '\r\n\t\0 /?#%\\"<\x7f\xe9\u4e2d\U0001f4f7':
            refused("cloud", key, "abc" + char + "def", "character 4", "U+")
        refused("cloud", key, "a\r\nHost: b", "character 2")
        refused("cloud", key, "", "empty")
        refused("cloud", key, "..", "dot")
        refused("cloud", key, ".", "dot")
        refused("cloud", key, "<AccessToken>", "placeholder")
        refused("cloud", key, "...", "dots")
        for value in ("a", "A-b_c.d~9", "a=b", "a+b"):
            assert getattr(parse(changed("cloud", key, value)).cloud, key) == value


def test_wifi():
    def wifi(ssid, password):
        return dict(GOOD, wifi=[{"ssid": ssid, "password": password}])

    for ssid, password in (
        ("a", ""),
        ("x" * 32, "12345678"),
        ("\u4e2d" * 10, "p" * 63),
        ("a b/?<", "0" * 64),
        ("<home>", "<my pass word>"),
        ("<SSID>", "<12345678>..."),
    ):
        assert parse(wifi(ssid, password)).wifi == [(ssid, password)]
    assert parse(dict(GOOD, wifi=[{"ssid": "open"}])).wifi == [("open", "")]
    for digits in ("d0a1c3d7", "D0A1C3D7"):
        found = parse(dict(GOOD, wifi=[{"ssid_hex": digits, "password": "12345678"}])).wifi
        assert found == [(b"\xd0\xa1\xc3\xd7", "12345678")]
    for digits in ("", "d", "d0a", "0x", "00" * 33, 5, None):
        (found,) = mistakes(dict(GOOD, wifi=[{"ssid_hex": digits}]))
        assert found.startswith("wifi[0].ssid_hex: "), found
    (found,) = mistakes(dict(GOOD, wifi=[{"ssid": "a", "ssid_hex": "61"}]))
    assert found.startswith("wifi[0].ssid_hex: "), found
    assert mistakes(dict(GOOD, wifi=[{}])) == ["wifi[0].ssid: missing"]
    for ssid in ("", "x" * 33, "\u4e2d" * 11, "<ssid>", None, 5):
        (found,) = mistakes(wifi(ssid, ""))
        assert found.startswith("wifi[0].ssid: "), found
    for password in ("1234567", "x" * 64, "0" * 65, "<password>", None, 12345678):
        (found,) = mistakes(wifi("a", password))
        assert found.startswith("wifi[0].password: "), found


def test_time_servers():
    for servers in ([], ["10.1.2.3"], ["ntp.example", "a-b.c_d"] * 4):
        assert parse(dict(GOOD, clock={"servers": servers})).clock.servers == servers
    wrong = (
        "ntp.example",
        ["a b"],
        ["http://ntp.example"],
        [""],
        ["<host>"],
        [5],
        ["a"] * 9,
        None,
    )
    for servers in wrong:
        (found,) = mistakes(dict(GOOD, clock={"servers": servers}))
        assert found.startswith("clock.servers: "), found


def test_settings_that_disagree():
    data = changed("trigger", "pir_pin", None)
    assert "pir_pin or every_s" in mistakes(data)[0]
    data["trigger"]["every_s"] = 60
    parse(data)
    data = changed("power", "watchdog_s", 59)
    assert "power.watchdog_s" in mistakes(data)[0]
    parse(changed("power", "watchdog_s", 60))
    parse(changed("power", "watchdog_s", 0))
    data = changed("power", "watchdog_s", 44)
    data["cloud"]["timeout_s"] = 5
    assert "power.watchdog_s: 44 must be at least 45" in mistakes(data)[0]
    data["power"]["watchdog_s"] = 45
    parse(data)


def test_folders():
    refused("outbox", "path", "outbox", "must begin with /")
    for path in ("/", "//", "/a//b", "/a/./b", "/../a", "/sd/.."):
        refused("outbox", "path", path, "names between")
    for path in ("/sd", "/sd/"):
        refused("outbox", "path", path, "/sd/outbox")
    for path in ("/outbox", "/outbox/", "/a/b", "/sdcard", "/a.b"):
        assert parse(changed("outbox", "path", path)).outbox.path == path


def test_the_sensors_pin_is_the_boards_own():
    timed = {"every_s": 60}
    for name in profiles.names():
        pin = profiles.find(name).pir
        for sleeps in ("awake", "deepsleep"):
            data = dict(GOOD, camera={"board": name}, trigger=timed, power={"mode": sleeps})
            assert parse(data).trigger.pir_pin == pin
            # One without is no reason to take 13, which may be the camera's.
            if pin is None:
                (found,) = mistakes(dict(data, trigger={}))
                assert "set pir_pin or every_s" in found
            parse(dict(data, trigger={"every_s": 60, "pir_pin": None}))
    # In a wake from deep sleep, where nothing is checked, too.
    with Board() as esp:
        raw = json.dumps(dict(GOOD, camera={"board": "freenove-esp32s3"})).encode()
        for _ in range(2):
            assert config.parse(raw).trigger.pir_pin == 14
            esp.wake(1000)


def test_where_the_firmware_knows_the_board_the_chip_is_asked():
    board = profiles.find("firmware")
    for machine, good, wrong in (
        ("Generic ESP32 module with SPIRAM with ESP32", (13, 16, 34), (1, 6, 20, 40)),
        ("Generic ESP32S3 module with Octal-SPIRAM with ESP32S3", (1, 16, 40), (20, 22, 34)),
        ("OpenMV4 H7 with STM32H743", (1, 6, 20, 40), ()),
    ):
        chip_ = sensorpin.chip(machine)
        for pin in good:
            assert sensorpin.trouble(board, pin, on=chip_) is None
        for pin in wrong:
            found = sensorpin.trouble(board, pin, on=chip_)
            assert found.startswith("trigger.pir_pin: GPIO{} ".format(pin)), found
            assert found.endswith(" on the board firmware, set it to another"), found
    # A board's own chip is the one that counts.
    assert sensorpin.trouble(profiles.find("ai-thinker"), 1, on="esp32s3")


def test_settings_that_do_not_go_with_the_board():
    def together(**sections):
        return mistakes(dict(GOOD, **sections))

    card = {"path": "/sd/outbox"}
    (found,) = together(outbox=card)
    assert found.startswith("trigger.pir_pin: GPIO13 is the SD card's D3"), found
    parse(dict(GOOD, outbox=card, trigger={"pir_pin": 12}))
    timed = {"pir_pin": None, "every_s": 60}
    parse(dict(GOOD, outbox=card, trigger=timed))
    parse(dict(GOOD, outbox=card, trigger=timed, camera={"board": "firmware"}))
    for name in ("wrover-kit", "xiao-esp32s3-sense", "esp-eye"):
        (found,) = together(outbox=card, trigger=timed, camera={"board": name})
        assert found == (
            "outbox.path: no SD card can be used on the board {}: set it to /outbox".format(name)
        )
    parse(dict(GOOD, camera={"light": True}))
    (found,) = together(camera={"light": True, "board": "m5stack-wide"})
    assert found.startswith("camera.light: ") and "m5stack-wide" in found
    lamp = {"light": "auto", "light_pin": 13, "light_ms": 200}
    found = parse(dict(GOOD, camera=dict(lamp, board="m5stack-wide"), trigger=timed))
    assert found.profile.lamp == 13 and found.profile.light is None
    found = parse(dict(GOOD, camera={"light": True}))
    assert found.profile.lamp == found.profile.light == 4
    (found,) = together(camera=lamp)
    assert found.startswith("trigger.pir_pin: GPIO13 is the lamp's")
    assert found.endswith("set it to another")
    # A lamp's transistor holds its pin low, as a person would, and resistors a battery's.
    other = {"battery": {"pin": 32}, "camera": {"light_pin": 14, "board": "wrover-kit"}}
    for pin in (13, 14, 32):  # 13: the sensor's
        (found,) = together(setup={"pin": pin}, **other)
        assert found.startswith("setup.pin: GPIO{} is taken".format(pin))
    (found,) = together(camera={"light_pin": 34})
    assert found.startswith("camera.light_pin: GPIO34 is the camera's")
    motion = {"pir_pin": None, "every_s": 60, "burst": 2, "retrigger_s": 5}
    found = together(trigger=motion)
    assert [each.partition(":")[0] for each in found] == [
        "trigger.burst",
        "trigger.retrigger_s",
        "trigger.retrigger_s",
    ]
    parse(dict(GOOD, camera={"frame_size": "UXGA"}))
    camera = {"frame_size": "CIF", "board": "ttgo-t-journal"}
    parse(dict(GOOD, camera=camera, trigger=timed))
    small = parse(dict(GOOD, camera={"board": "ttgo-t-journal"}, trigger=timed))
    assert small.camera.frame_size == "CIF"
    for size in ("VGA", "SVGA", "XGA"):
        (found,) = together(camera=dict(camera, frame_size=size), trigger=timed)
        assert found.startswith("camera.frame_size: {} needs PSRAM".format(size)), found
        assert found.endswith("CIF at most"), found
    (found,) = together(camera={"board": "esp-ey"})
    assert "camera.board" in found and "perhaps esp-eye?" in found
    (found,) = together(
        power={"mode": "deepsleep"}, trigger={"pir_pin": 5}, camera={"board": "m5stack-psram"}
    )
    assert "is the camera's" in found
    (found,) = together(
        power={"mode": "deepsleep"}, trigger={"pir_pin": 42}, camera={"board": "freenove-esp32s3"}
    )
    assert "cannot wake the chip" in found


def test_files_of_ours_are_no_place_for_pictures_or_certificates():
    for path in ("/lib", "/lib/pictures", "/config.json", "/main.py/", "/log.txt", "/ca.der"):
        refused("outbox", "path", path, "is not for pictures")
    for name in ("config.json", "/main.py"):
        refused("cloud", "ca", name, "is a file of thingscam")
    parse(changed("cloud", "ca", "lib/ca.der"))


def test_a_board_has_no_certificates_of_its_own():
    data = changed("cloud", "ca", None)
    assert "cloud.ca: null" in mistakes(data, wifi_needed=True)[0]
    data["cloud"]["verify"] = False
    parse(data, wifi_needed=True)
    data = changed("cloud", "ca", None)
    data["cloud"]["endpoint"] = "http://images.example"
    parse(data, wifi_needed=True)
    data["cloud"]["device_endpoint"] = "https://device.example"
    assert "cloud.ca: null" in mistakes(data, wifi_needed=True)[0]


def test_what_spans_settings_is_told_beside_what_is_wrong_alone():
    data = dict(
        GOOD,
        cloud=dict(GOOD["cloud"], tiemout_s=5, timeout_s="15"),
        camera={"board": "esp-eye", "quality": 0},
        trigger={"every_s": -1, "pir_pin": 13},
        outbox={"path": "/sd/outbox", "order": "any"},
        power={"watchdog_s": 10},
    )
    found = mistakes(data)
    for part in (
        "cloud.timeout_s: must be a whole number",
        "cloud.'tiemout_s': unknown",
        "camera.quality: must be from",
        "trigger.every_s: must be from",
        "outbox.order: must be one of",
        "trigger.pir_pin: GPIO13 is the camera's on the board esp-eye",
        "outbox.path: no SD card",
    ):
        assert any(part in each for each in found), (part, found)
    # The watchdog goes with a timeout that is not known.
    assert len(found) == 7, found
    data["camera"]["board"] = 5
    assert not any("esp-eye" in each for each in mistakes(data))


def test_files_that_are_no_configuration():
    for raw, word in (
        (b"", "not JSON"),
        (b"{", "not JSON"),
        (b'{"cloud": oops}', "not JSON"),
        (b"\xef\xbb\xbf{}", "byte-order mark"),
        (b"\xff\xfe{\x00}\x00", "byte-order mark"),
        (b'{"a": "\xff\xfe"}', "UTF-8"),
        (b'{"a": "\xc3"}', "UTF-8"),
        (b"[]", "a list"),
        (b'"text"', "a text"),
        (b"5", "a number"),
        (b"null", "null"),
        (b"[" * 16000, "not JSON"),
        (b" " * 16385, "16384"),
        (b"\x00" * 100, "not JSON"),
    ):
        e = raises(config.ConfigError, config.parse, raw, "my.json")
        assert str(e).startswith("my.json: ") and word in str(e), (raw[:20], e)


def test_tells_line_and_column():
    e = raises(config.ConfigError, config.parse, b'{\n  "cloud": oops\n}')
    assert "line 2 column 12" in str(e)


def test_a_file_cut_short_is_none_on_any_version():
    raw = json.dumps(GOOD).encode()
    with OldJson():
        config.parse(raw)
        for size in range(len(raw)):
            e = raises(config.ConfigError, config.parse, raw[:size])
            assert "not JSON" in str(e), raw[:size]


@on_board
def test_what_has_passed_is_not_checked_again_when_the_board_wakes(esp):
    good = json.dumps(GOOD).encode()

    def looks(cause, raw):
        # Whether this start looks for mistakes; and how the file is taken, with them or without.
        if cause:
            esp.restart(cause)
        for name in ("checks", "reader"):
            if sys.modules.pop("thingscam.config." + name, None):
                delattr(thingscam.config, name)
        config.unload = lambda *names: None
        try:
            found = config.parse(raw, wifi_needed=True)
        finally:
            config.unload = unload
        assert (found.cloud.identifier, found.wifi) == ("image", [("home", "wifi-password")])
        assert found.outbox.path == "/outbox" and found.secrets and found.profile.led == 33
        return "thingscam.config.checks" in sys.modules

    unload = config.unload
    assert looks(None, good)
    assert not looks("deep_sleep", good) and not looks("deep_sleep", good)
    assert looks("deep_sleep", good + b" "), "another file"
    assert looks("deep_sleep", good), "the one that has passed last"
    for cause in ("reset", "soft_reset", "watchdog", "power_on"):
        assert looks(cause, good), cause
    # What is wrong is not taken for right at the next start.
    bad = json.dumps(changed("cloud", "identifier", "an image")).encode()
    esp.restart("deep_sleep")
    for _ in range(2):
        raises(config.ConfigError, config.parse, bad)
    # As little as a file that passed another version.
    assert not looks("deep_sleep", good)
    kept, thingscam.__version__ = thingscam.__version__, "another"
    try:
        assert looks("deep_sleep", good)
    finally:
        thingscam.__version__ = kept


def test_half_a_character():
    raw = json.dumps(GOOD)
    raw = raw.replace('"home"', '"\\ud800"').encode()
    e = raises(config.ConfigError, config.parse, raw)
    assert "wifi[0].ssid: holds half a character" in str(e)
    str(e).encode()


def test_ten_mistakes_are_told_and_the_others_counted():
    many = {"k%d" % i: 0 for i in range(100)}
    e = raises(config.ConfigError, parse, dict(GOOD, cloud=dict(GOOD["cloud"], **many)))
    lines = str(e).split("\n")
    assert lines[0] == "my.json: 100 mistakes" and len(lines) == 12
    assert lines[-1] == "  and 90 more" and len(e.mistakes) == 11
    e = raises(config.ConfigError, parse, dict(GOOD, wifi=[{"ssid": ""}] * 11))
    assert str(e).endswith("and 1 more") and len(e.mistakes) == 11
    e = raises(config.ConfigError, parse, dict(GOOD, wifi=[{"ssid": ""}] * 10))
    assert "more" not in str(e) and len(e.mistakes) == 10


def test_what_is_like_no_setting_is_not_quoted():
    # It may be a secret that was typed into the wrong place, and stands nowhere else.
    for secret in ("S3cret-of-a-device", "hunter2hunter2", "espthinker-0123456789"):
        for data in (
            changed("camera", "board", secret),
            changed("camera", secret, 1),
            changed("cloud", secret, "x"),
            dict(GOOD, **{secret: 1}),
            dict(GOOD, wifi=[{"ssid": "a", secret: ""}]),
        ):
            (found,) = mistakes(data)
            assert secret[:5] not in found, found
            assert "no known board" in found or "unknown" in found
    assert "'qualty'" in mistakes(changed("camera", "qualty", 1))[0]


def test_no_secret_is_ever_told():
    secrets = ("t0ken-value", "pr0ject-key", "wifi-password")
    for secret in secrets:
        for data in (
            changed("cloud", "endpoint", "https://x/" + secret),
            changed("cloud", "endpoint", secret),
            changed("cloud", secret, 1),
            changed("camera", "frame_size", secret),
            changed("power", "mode", secret),
            dict(GOOD, cloud=secret),
            dict(GOOD, wifi=secret),
            dict(GOOD, camera=[secret]),
            changed("cloud", "timeout_s", secret),
        ):
            assert secret not in str(raises(config.ConfigError, parse, data))


def battery(**values):
    return changed_sections(battery=dict({"pin": 33}, **values), trigger={"pir_pin": 12})


def changed_sections(**sections):
    data = json.loads(json.dumps(GOOD))
    data.update(sections)
    return data


def test_a_battery():
    assert parse(GOOD).extras == ()
    assert parse(changed_sections(battery={"pin": None, "divider": 2})).extras == ()
    found = parse(battery(divider=3, charged_v=4))
    assert found.extras == ("battery",)
    assert (found.battery.pin, found.battery.divider, found.battery.low_v) == (33, 3, 3.6)
    assert found.profile.led is None and found.profile.light == 4  # it was taken off
    board = {"board": "wrover-kit"}
    assert parse(changed_sections(battery={"pin": 32}, camera=board)).profile.led == 2
    board = {"board": "xiao-esp32s3-sense"}
    assert parse(changed_sections(battery={"pin": 2}, camera=board)).battery.pin == 2


def test_a_battery_that_cannot_be_measured():
    for pin, words in ((13, "cannot be measured while Wi-Fi is on"), (34, "is the camera's")):
        found = mistakes(battery(pin=pin))
        assert len(found) == 1 and found[0].startswith("battery.pin: GPIO%d %s" % (pin, words))
        assert "it can be 33 (docs/board.md" in found[0]
    (found,) = mistakes(battery(pin=38))
    assert found.startswith("battery.pin: GPIO38 is not led out")
    assert parse(changed_sections(battery={"pin": 38}, camera={"board": "m5stack-wide"}))
    found = mistakes(changed_sections(battery={"pin": 33}, trigger={"pir_pin": 33}))
    assert "battery.pin: GPIO33 is trigger.pir_pin too" in found
    for key, value, words in (
        ("low_v", 3.3, "battery.low_v: 3.3 must lie between critical_v 3.4 and charged_v 3.8"),
        ("divider", 1, "battery.divider: 1 leaves 3.80 V on the pin"),
        ("divider", 1.22, "battery.divider: 1.22 leaves 3.11 V on the pin"),
        ("divider", "2", "battery.divider: must be a number, found a text"),
        ("divider", True, "battery.divider: must be a number, found true or false"),
        ("charged_v", 99.5, "battery.charged_v: must be from 1 to 60, found 99.5"),
        ("pin", 3.5, "battery.pin: must be a whole number, found a number"),
    ):
        found = mistakes(battery(**{key: value}))
        assert len(found) == 1 and found[0].startswith(words), found
    found = mistakes(battery(pin=13, low_v=3.0, divider=1, volt=5))
    assert len(found) == 4, found
