# `python -m tools doctor` on the virtual board, in health and with each fault.

import base64
import io
import json
import os
import re
import ssl
import subprocess
import threading
from types import SimpleNamespace

import pytest
import requests
import trustme
from PIL import Image

from tests.support.quick import PYTHON
from tests.support.world import ROOT, service
from thingscam import __version__
from thingscam.remote.state import State
from thingscam.update import choose
from tools.cli.doctor import device, steps
from tools.host import boardlink, bundle, filesystem, slots
from tools.virtualboard.air import Network
from tools.virtualboard.board import VirtualBoard

CLOUD = {
    "access_token": "demo-camera",
    "identifier": "image",
    "project_key": "demo-project-key",
    "region": "demo",
}
PASSWORD = "wifi-pass-word"
SPEED = 4  # joining Wi-Fi takes two seconds of the board
ALL = [name for name, _, _ in steps.STEPS]
LOOKED_AT = ("led", "light", "sensor")


@pytest.fixture(scope="module")
def services(tmp_path_factory):
    """Base URLs of the stand-in, plain and TLS, and the TLS one's CA."""
    plain, secure = tmp_path_factory.mktemp("plain"), tmp_path_factory.mktemp("secure")
    with (
        service(plain, "--interval", "0", "--faults") as http,
        service(secure, "--interval", "0", "--tls") as s,
    ):
        https = s.replace("127.0.0.1", "localhost")
        yield http, https, (secure / "ca.der").read_bytes()


def config(endpoint, **sections):
    data = {
        "wifi": [{"ssid": "garden", "password": PASSWORD}],
        "cloud": CLOUD | {"endpoint": endpoint},
        "camera": {"board": "ai-thinker"},
    }
    for name, section in sections.items():
        data[name] = data.get(name, {}) | section if isinstance(section, dict) else section
    return json.dumps(data)


def board(endpoint, ca=b"", files=None, options=None, **sections):
    """A virtual board with thingscam on it and no program running."""
    options = {"speed": SPEED} | (options or {})
    found = filesystem.firmware_files() | {"main.py": b"", "ca.der": ca}
    found |= {"config.json": config(endpoint, **sections)} | (files or {})
    return VirtualBoard(found, **options)


def looked_over(board, picture=None, upload=True, source=None, person=None):
    """Each step's Result by its name."""
    with boardlink.Board(board.port) as link:
        results = list(steps.examine(link, picture, upload, source, person))
    assert [result.step for result in results] == ALL
    for result in results:
        told = "{} {}".format(result.text, result.remedy)
        assert PASSWORD not in told and CLOUD["project_key"] not in told
        assert (result.ok is False) == bool(result.remedy), result
    return {result.step: result for result in results}


def wrong(results):
    return [name for name, result in results.items() if result.ok is False]


def test_a_healthy_board(services, tmp_path):
    _, https, ca = services
    with board(https, ca) as it:
        found = looked_over(it, tmp_path / "picture.jpg")
    assert all(result.ok for result in found.values() if result.step not in LOOKED_AT), found
    assert found["card"].text == "not used: outbox.path is on the flash"
    # For what only a person can see nobody was there.
    assert [found[name].ok for name in LOOKED_AT] == [None] * 3
    assert found["sensor"].text.startswith("GPIO13 is low, and nobody was asked")
    assert found["setup"].text == (
        "Wi-Fi thingscam-0203, no password yet: it is made as setup opens; while it runs: no pin,"
        " for setup.password or setup.pin is not set; at its start: GPIO14 held for 3 to 10 s"
    )
    assert found["files"].text == __version__ + ", as on this computer, as source"
    assert "micropython-camera-API" in found["camera"].text
    assert found["wifi"].text == "Wi-Fi garden, -60 dBm, by wifi[0]"
    assert found["dns"].text == "localhost is at 127.0.0.1"
    data = (tmp_path / "picture.jpg").read_bytes()
    with Image.open(tmp_path / "picture.jpg") as picture:
        assert picture.size == (800, 600)
    # What arrived at the service is the picture that was saved here.
    url = found["upload"].text.split("-> ")[1]
    (tmp_path / "ca.pem").write_text(ssl.DER_cert_to_PEM_cert(ca))
    assert requests.get(url, timeout=5, verify=tmp_path / "ca.pem").content == data


@pytest.mark.parametrize("driver", ["lemariva", "openmv"])
def test_other_drivers_and_compiled_files(services, driver):
    http, _, _ = services
    files = filesystem.firmware_files(compiled=True) | {
        "main.py": b"", "config.json": config(http)
    }  # fmt: skip
    with VirtualBoard(files, driver=driver, speed=SPEED) as it:
        found = looked_over(it, upload=False)
    assert wrong(found) == []
    assert found["files"].text == __version__ + ", as on this computer, compiled"
    assert found["tls"].text == "not used: cloud.endpoint is http"
    assert found["hours"].text == "none: pictures are taken at all hours"
    assert found["upload"].ok is None


def faulty(services, step, fault=None, options=None, tls=True, **more):
    """Look a board over that has one fault; its Result, and that nothing else is wrong."""
    http, https, ca = services
    more = {"ca": ca} | more
    with board(https if tls else http, options=options, **more) as it:
        if fault:
            fault(it)
        found = looked_over(it)
    assert wrong(found) == [step], [found[name] for name in wrong(found)]
    return found


def untried(found):
    return [name for name in found if found[name].ok is None and name not in LOOKED_AT]


def test_no_thingscam(services):
    files = {"boot.py": b"", "config.json": config(services[0])}
    with VirtualBoard(files) as it:
        found = looked_over(it)
    assert wrong(found) == ["files"]
    assert "deploy" in found["files"].remedy
    # What does not need it is looked at all the same.
    assert found["filesystem"].ok and found["config"].ok is None


def test_files_of_another_day(services):
    name = "lib/thingscam/cloud/errcodes.py"
    old = {name: filesystem.firmware_files()[name] + b"# changed\n"}
    found = faulty(services, "files", files=old)
    assert found["files"].text.startswith("1 of ")
    assert "tools deploy /dev/" in found["files"].remedy
    assert found["upload"].ok


@pytest.mark.parametrize("free", [-3, 2**32 - 3])
def test_more_blocks_in_use_than_there_are_are_a_full_filesystem(monkeypatch, free):
    # As littlefs says it, in 32-bit and 64-bit words.
    monkeypatch.setattr(device.os, "statvfs", lambda path: (4096, 4096, 512, free))
    with pytest.raises(device.Trouble, match="0 of 2048 KB free"):
        device.filesystem()


def test_a_full_filesystem(services, tmp_path):
    image = tmp_path / "image"
    http, _, _ = services
    files = filesystem.firmware_files(compiled=True)
    files |= {"main.py": b"", "config.json": config(http)}
    filesystem.make_image(image, files, 1 << 20)
    filesystem.fill(image, 112 << 10)  # of which MicroPython counts some 80, for folders, twice
    with VirtualBoard(image=image, speed=SPEED) as it:
        found = looked_over(it)
    assert wrong(found) == ["filesystem"]
    assert "remove old pictures" in found["filesystem"].remedy


def test_a_wrong_configuration(services):
    found = faulty(services, "config", cloud={"region": ""})
    assert "cloud.region: is empty" in found["config"].text
    assert untried(found) == [n for n in ALL[ALL.index("updates") :] if n not in LOOKED_AT]
    found = faulty(services, "config", camera={"board": "ai-tinker"})
    assert "ai-thinker" in found["config"].text
    # Pins that chip and PSRAM leave to nobody, where only the firmware knows the board.
    for pin in (40, 16):
        sections = {"camera": {"board": "firmware"}, "trigger": {"pir_pin": pin}}
        found = faulty(services, "config", **sections)
        assert "GPIO{} ".format(pin) in found["config"].text


def test_no_psram_where_it_should_be(services):
    source = steps._DEVICE.read_text().replace("_LEAST_PSRAM = 1000000", "_LEAST_PSRAM = 1 << 40")
    with board(services[0]) as it:
        found = looked_over(it, source=source)
    assert wrong(found) == ["psram"]
    assert "SPIRAM" in found["psram"].remedy and found["camera"].ok


def test_a_board_without_psram_has_memory_enough_for_it(services):
    name = "ttgo-t-journal"
    files = filesystem.firmware_files(compiled=True) | {
        "main.py": b"",
        "ca.der": services[2],
        "config.json": config(
            services[1], camera={"board": name}, trigger={"pir_pin": None, "every_s": 60}
        ),
    }
    with VirtualBoard(files, profile=name, driver="lemariva", speed=SPEED) as it:
        found = looked_over(it)
    assert wrong(found) == [], [found[name] for name in wrong(found)]
    assert found["psram"].text.startswith("none")
    # It says what it has got, and not what it was asked for.
    assert "in QVGA: the memory holds no CIF now, 320x240" in found["camera"].text


def test_a_micropython_that_is_too_old(services):
    card = {"outbox": {"path": "/sd/outbox"}, "trigger": {"pir_pin": 12}}
    for version, sections, step in (("1.21", {}, "micropython"), ("1.22", card, "config")):
        with board(services[0], options={"micropython": version}, **sections) as it:
            found = looked_over(it, upload=False)
        assert wrong(found) == [step]
        assert "flash" in found[step].remedy and "1.2" in found[step].text


def test_no_camera_and_no_driver(services):
    found = faulty(services, "camera", lambda it: it.camera_fault("start", 9))
    assert "ribbon cable" in found["camera"].text + found["camera"].remedy
    assert untried(found) == ["upload"]
    found = faulty(services, "camera", options={"driver": "none"})
    assert "driver" in found["camera"].text


def test_a_camera_that_gives_damaged_frames(services):
    found = faulty(services, "camera", lambda it: it.camera_fault("truncated", 40))
    assert "cut short" in found["camera"].text


def test_a_sensor_that_lacks_a_setting_that_came_from_afar(services, tmp_path):
    kept = State()
    kept.on = {"sensor": {"sharpness": 1}}
    kept.save(str(tmp_path) + "/")
    files = {"remote.1.json": (tmp_path / "remote.1.json").read_bytes()}
    remote = {"every_s": 600, "insecure": True}
    cloud = {"device_endpoint": services[0]}
    sensor = {"vflip": True, "saturation": 3}
    with board(services[0], files=files, sensor=sensor, remote=remote, cloud=cloud) as it:
        found = looked_over(it, upload=False)
    assert wrong(found) == []
    assert found["config"].text.endswith("--forget-remote: sensor.sharpness"), found["config"]
    text = ", does not take sensor.saturation (-2...2), sensor.sharpness,"
    assert "(OV2640), " in found["camera"].text and text in found["camera"].text


def test_what_came_over_the_air(services, monkeypatch, tmp_path):
    record = choose.Record()
    record.good, record.mpy, record.number, record.refused = 2, bundle.MPY, 1, "9.9.9"
    compiled = filesystem.firmware_files(compiled=True)
    files = {"slot/b" + name[3:]: compiled[name] for name in compiled if name.startswith("lib/")}
    files |= {slots.CHOOSE[1:]: slots.choose_mpy(), "slot/1": choose.packed(record)}
    with board(services[0], files=files) as it:
        found = looked_over(it, upload=False)
    assert wrong(found) == []
    assert found["files"].text == __version__ + ", from /slot/b"
    assert found["updates"].text.startswith(
        __version__ + " runs, from /slot/b; 9.9.9 did not work"
    )
    # On trial, of another firmware, and without what boot.py asks.
    asked = SimpleNamespace(extras=("update",))
    monkeypatch.setitem(device.have, "config", asked)
    monkeypatch.setattr(device.os, "listdir", lambda path: ["__init__.mpy"])
    monkeypatch.setattr(choose, "FOLDER", str(tmp_path))
    for trial, text in ((1, "9.1.0 is on trial in "), (0, "runs, which came by cable")):
        record.good, record.trial, record.version, record.mpy = 0, trial, "9.1.0", choose.mpy()
        choose.write(record)
        assert text in device.updates()
    record.trial, record.mpy = 1, 99
    choose.write(record)
    with pytest.raises(device.Trouble, match="for another MicroPython"):
        device.updates()
    monkeypatch.setattr(device.os, "listdir", lambda path: [])
    with pytest.raises(device.Trouble, match="none are taken"):
        device.updates()


def test_the_device_endpoint(services):
    cloud = {"device_endpoint": services[1]}
    with board(services[0], services[2], cloud=cloud) as it:
        found = looked_over(it, upload=False)
    assert wrong(found) == []
    assert re.fullmatch("https://.* knows the device, [0-9]+ ms", found["reports"].text)
    found = faulty(services, "reports", tls=False, cloud={"device_endpoint": "http://127.0.0.1:9"})
    assert found["reports"].text.startswith("http://127.0.0.1:9: ECONNREFUSED")
    cloud = {"device_endpoint": services[0], "project_key": "another-key"}
    with board(services[1], services[2], cloud=cloud) as it:
        found = looked_over(it, upload=False)
    assert "errcode 401" in found["reports"].text


def test_the_lens_cap_is_on(services, tmp_path):
    black = io.BytesIO()
    Image.new("RGB", (640, 480), (3, 3, 3)).save(black, "JPEG")
    text = base64.b64encode(black.getvalue()).decode()
    source = steps._DEVICE.read_text()
    source += "\ndef camera():\n have['frame'] = binascii.a2b_base64({!r})\n".format(text)
    source += " return 'a driver'\n"
    with board(services[0]) as it:
        found = looked_over(it, tmp_path / "black.jpg", source=source)
    assert wrong(found) == ["camera"]
    assert "640x480" in found["camera"].text and "lens" in found["camera"].remedy
    assert (tmp_path / "black.jpg").read_bytes() == black.getvalue()


@pytest.mark.parametrize(
    "networks, words",
    [
        ([Network("garden", "another-password")], "password"),
        ([Network("elsewhere", PASSWORD)], "does not answer"),
        ([Network("garden", PASSWORD, up=False)], "does not answer"),
    ],
    ids=["wrong password", "no such network", "out of reach"],
)
def test_wifi_that_cannot_be_joined(services, networks, words):
    found = faulty(services, "wifi", options={"networks": networks, "speed": 30})
    assert words in found["wifi"].text
    assert untried(found) == ["dns", "clock", "hours", "tcp", "tls", "upload", "reports"]


def test_what_was_joined_before_proves_nothing(services):
    # A soft reset keeps the association: by a password, and in a network, of yesterday.
    joined = (
        "import network, time\nw = network.WLAN(network.STA_IF)\nw.active(True)\n"
        "w.connect('garden', {!r})\nwhile not w.isconnected():\n time.sleep(0.1)\n"
        "print('joined')\n"
    )
    wrong_one = {"ssid": "garden", "password": "of-last-week"}
    shed = {"ssid": "shed", "password": "of-the-shed"}
    networks = [Network("garden", PASSWORD), Network("shed", "of-the-shed", rssi=-70)]
    for entries, told in (
        ([wrong_one], "seems to refuse the password"),
        ([shed], "Wi-Fi shed, -70 dBm, by wifi[0]"),
        ([wrong_one, shed], "Wi-Fi shed, -70 dBm, by wifi[1] (Wi-Fi garden seems to refuse"),
    ):
        options = {"networks": networks, "speed": 15}
        with board(services[0], options=options, wifi=entries) as it:
            with boardlink.Board(it.port) as link:
                assert "joined" in link.exec(joined.format(PASSWORD))
            found = looked_over(it, upload=False)
        assert told in found["wifi"].text, found["wifi"]
        assert found["wifi"].ok == (shed in entries)


def test_weak_wifi(services):
    networks = [Network("garden", PASSWORD, rssi=-87)]
    found = faulty(services, "wifi", options={"networks": networks})
    assert "-87 dBm" in found["wifi"].text and "too weak" in found["wifi"].remedy


def test_no_name_no_service(services):
    http, https, ca = services
    found = faulty(services, "dns", cloud={"endpoint": "https://no-such-host.invalid"})
    assert "no-such-host.invalid" in found["dns"].text
    found = faulty(services, "tcp", cloud={"endpoint": "https://localhost:9"})
    assert "port 9" in found["tcp"].text


def no_time(it):
    it.ntp(False)
    it.set_speed(15)  # the time servers are waited for


def test_no_time(services):
    found = faulty(services, "clock", no_time, tls=False)
    assert "pictures have no time" in found["clock"].text and "123" in found["clock"].remedy
    assert found["upload"].ok
    with board(services[1], services[2], schedule=HOURS) as it:
        no_time(it)
        found = looked_over(it)
    # Without the time no certificate is valid yet.
    assert "no certificate can be checked" in found["clock"].text
    assert found["hours"].text == "the clock is not set: pictures are taken at all hours"


HOURS = {
    "windows": [{"from": "00:00", "to": "23:59"}, {"from": "sunset", "to": "sunrise"}],
    "timezone": "CST-8",
    "latitude": 25.04,
    "longitude": 102.71,
}


def test_the_hours_of_today(services):
    http, _, _ = services
    with board(http, schedule=HOURS) as it:
        found = looked_over(it, upload=False)
    day = "(mon|tue|wed|thu|fri|sat|sun)"
    text = "{0} [0-9:]+ here, within the hours for a week; today: {0} 00:00 - {0} 23:59, "
    assert re.match(
        text.format(day) + "{0} (17|18|19|20):.. - {0} 0[5678]:..$".format(day),
        found["hours"].text,
    )


def test_certificates(services):
    found = faulty(services, "tls", ca=filesystem.firmware_files()["main.py"] + b"x")
    assert "DER" in found["tls"].text and "--fetch-ca" in found["tls"].remedy
    found = faulty(services, "tls", files={"ca.der": other_ca()})
    assert "refused" in found["tls"].text
    found = faulty(services, "tls", cloud={"verify": False})
    assert "not verified" in found["tls"].text


def other_ca():
    return ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())


def test_a_service_that_refuses(services):
    found = faulty(services, "upload", cloud={"project_key": "another-key"})
    assert "1022" in found["upload"].text
    assert "cloud.project_key" in found["upload"].text + found["upload"].remedy


def test_too_soon_is_tried_again(services):
    # What the app sent before the doctor came may have been taken in late.
    too_soon = {"errcode": 4291}
    for faults, ok in (([too_soon], True), ([too_soon, too_soon], False)):
        for fault in faults:
            requests.post(services[0] + "/_faults", json=fault, timeout=5)
        with board(services[0], options={"speed": 15}) as it:
            found = looked_over(it)
        assert found["upload"].ok == ok and ("4291" in found["upload"].text) != ok


class Person:
    """Stands before the board, and sees or does not see, waves or does not."""

    def __init__(self, board, sees=True, wave=None):
        self.board, self.sees, self.wave = board, sees, wave
        self.questions = []

    def tell(self, text):
        if text.startswith("wave now"):
            self.board.set_speed(10)
            if self.wave:
                threading.Timer(0.3, self.wave, (self.board,)).start()

    def ask(self, question):
        assert self.board.output
        self.questions.append(question)
        return self.sees


def test_what_people_wire(services):
    no_network = {"networks": [Network("garden", PASSWORD, up=False)], "speed": 30}
    for wave, sees, ok, told in (
        (lambda it: it.pulse(13, 3), True, True, "GPIO13 went high after "),
        (None, True, False, "GPIO13 stayed low"),
        (lambda it: it.bounce(13, 20, 30), False, False, "nothing drives it"),
    ):
        with board(services[0], options=no_network) as it:
            person = Person(it, sees, wave)
            found = looked_over(it, person=person)
        assert found["sensor"].ok == ok and told in found["sensor"].text, found["sensor"]
        assert found["led"].ok == found["light"].ok == sees
        assert "GPIO33" in person.questions[0] and "GPIO4" in person.questions[1]
    stuck = {"trigger": {"pir_pin": 14}}
    with board(services[0], options=no_network, **stuck) as it:
        it.pin(14, 1)
        found = looked_over(it, person=Person(it))
    assert found["sensor"].text == "GPIO14 stayed high" and "Tx" in found["sensor"].remedy


def test_a_battery(services):
    section = {"battery": {"pin": 33}, "power": {"mode": "deepsleep"}}
    section["setup"] = {"password": "label-pass-1"}
    options = {"networks": [Network("garden", PASSWORD, up=False)], "speed": 30}
    for mv, ok, told in (
        (1950, True, "3.9"),
        (1780, True, ": low"),
        (1650, False, ": critical"),
        (2900, False, "no battery of these levels has that"),
        (None, False, "in turn"),
    ):
        with board(services[0], options=options, **section) as it:
            it.voltage(33, mv)
            found = looked_over(it)
        assert found["battery"].ok == ok and told in found["battery"].text, found["battery"]
        assert found["led"].text == "none is known on this board"  # it was taken off
        told = "password as in setup.password; while it runs: GPIO14 held to GND for 3 s;"
        assert told in found["setup"].text and "label-pass-1" not in found["setup"].text


def test_an_sd_card(services, tmp_path):
    sections = {"outbox": {"path": "/sd/outbox"}, "trigger": {"pir_pin": 12}}
    sections["setup"] = {"password": "label-pass-1"}
    for card, ok, told in (
        (None, False, "no SD card"),
        (1 << 24, True, " of 15 MB free, 0 waiting"),
    ):
        with board(services[0], options={"card": card, "speed": 15}, **sections) as it:
            found = looked_over(it, upload=False)
        assert found["card"].ok == ok and told in found["card"].text, found["card"]
        # The card has GPIO14.
        assert "it runs: no pin, for setup.pin is null, or sensor" in found["setup"].text


def test_a_board_that_restarts_in_the_middle(services):
    source = steps._DEVICE.read_text()
    source += "\ndef psram():\n import machine\n machine.reset()\n while True:\n  pass\n"
    with board(services[0]) as it, pytest.raises(boardlink.PortError) as caught:
        looked_over(it, source=source)
    assert "PSRAM" in str(caught.value) and "brown-out" in str(caught.value)


def doctor(port, folder, *options, env=None):
    command = [*PYTHON, "-m", "tools", "doctor", "--port", port]
    command += ["--picture", folder / "picture.jpg", *options]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=100, stdin=subprocess.DEVNULL,
        env=dict(os.environ, **(env or {})),
    )  # fmt: skip


def test_the_command(services, tmp_path):
    http, _, _ = services
    wifi = [{"ssid": "Гараж", "password": PASSWORD}]
    with board(http, files={"main.py": b"print('app runs')\n"}, wifi=wifi) as it:
        it.wait_for("app runs")
        done = doctor(it.port, tmp_path)
        assert (done.returncode, done.stderr) == (0, "") and "Гараж" in done.stdout
        lines = done.stdout.splitlines()[1:]
        assert [line[0] for line in lines] == ["-" if n in LOOKED_AT else "✓" for n in ALL]
        assert "\x1b" not in done.stdout
        assert (tmp_path / "picture.jpg").exists()
        # The board's program runs again.
        it.wait_for("app runs", count=2)
        no_time(it)
        done = doctor(it.port, tmp_path, env={"PYTHONIOENCODING": "ascii"})
        # The clock was set by the first examination, and goes on over a soft reset.
        assert done.returncode == 0 and done.stdout.splitlines()[1][0] == "+"
        assert r"\u0413\u0430" in done.stdout
        it.camera_fault("failed", 40)
        done = doctor(it.port, tmp_path, "--json", "--no-upload")
        assert done.returncode == 1
        found = {step["step"]: step["ok"] for step in json.loads(done.stdout)}
        nobody = dict.fromkeys(("upload", *LOOKED_AT))
        assert found == dict.fromkeys(ALL, True) | {"camera": False} | nobody


def test_no_board(tmp_path):
    assert doctor("/dev/ttyNone", tmp_path, "--ask").returncode == 2
    done = doctor("/dev/ttyNone", tmp_path)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "no such port" in done.stderr
    done = doctor("/dev/ttyNone", tmp_path / "none")
    assert done.returncode == 1 and "none: no such folder" in done.stderr
