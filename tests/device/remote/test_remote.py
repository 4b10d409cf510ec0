# remote.Remote: the whole firmware takes settings and commands from the stand-in, and undoes them.

import json
import os
import sys

import thingscam.board.wifi  # noqa: F401 - so that the played board is in its place there too
import thingscam.remote.remote  # noqa: F401
import thingscam.report  # noqa: F401
import thingscam.sender  # noqa: F401
from fakeboard import Board, Gone
from photocamera import Photographer
from support import (
    KEY,
    TOKEN,
    Heard,
    env,
    fault,
    new_folder,
    no_faults,
    request,
    told,
    uploads,
)
from thingscam import crashes, extras, loop, safemode, sleeper
from thingscam.board.counters import Counters
from thingscam.config import config
from thingscam.remote import state as states

HOME = ("home", "the home password")
PATH = "/device/v1/" + TOKEN
ASKED_SETUP = "setup by telephone was asked for"
HEADERS = "Content-Type: application/json\r\nProject-Key: {}\r\n".format(KEY)


class Yard:
    """A camera on a played board, and the attributes of its device at the service."""

    def __init__(self, mode="awake", **sections):
        self.esp = Board()
        self.camera = Photographer()
        self.mode = mode
        self.setups = 0
        self.sections = sections
        self._heard = Heard()

    def __enter__(self):
        self._home = os.getcwd()
        folder = new_folder()
        os.chdir(folder)
        cloud = {
            "endpoint": env("SERVICE"),
            "device_endpoint": env("SERVICE"),
            "access_token": TOKEN,
            "identifier": "image",
            "project_key": KEY,
            "region": "demo",
            "timeout_s": 15,
        }
        data = {
            "wifi": [{"ssid": HOME[0], "password": HOME[1]}],
            "cloud": cloud,
            "power": {"mode": self.mode},
            "outbox": {"path": folder + "/outbox"},
            "remote": {"every_s": 60, "insecure": True, "trial_s": 600},
        }
        data.update(self.sections)
        with open("config.json", "w") as file:
            json.dump(data, file)
        self.esp.air.add(*HOME)
        self._heard.__enter__()
        no_faults()
        self.ask(**dict.fromkeys(self.all()))
        self.esp.__enter__()
        self.camera.__enter__()
        self._begin = len(self.pictures(0))
        return self

    def __exit__(self, *_):
        self._heard.__exit__()
        self.camera.__exit__()
        self.esp.__exit__()
        os.chdir(self._home)

    # At the service

    def ask(self, **values):
        """Set attributes as a person does."""
        if values:
            url = env("SERVICE") + "/app" + PATH + "/attributes"
            assert request("PUT", url, json.dumps(values).encode(), HEADERS)[0] == 200

    def all(self):
        """Return the device's attributes."""
        return told(PATH + "/attributes", HEADERS)["attributes"]

    def settings(self):
        return json.loads(self.all()["settings"])

    def messages(self, kind):
        return [each for each in told("/_requests")["messages"] if each["kind"] == kind]

    def pictures(self, begin=None):
        """Return how many uploads there were."""
        found = [each for each in uploads() if each["stored"]]
        return found[self._begin if begin is None else begin :]

    # At the board

    def start(self):
        """Start as boot.py and main.py do."""
        reason = safemode.reason()
        assert reason in (None, ASKED_SETUP)
        self.setups += reason is not None  # it is open, and over
        crashes.begin()
        found = config.load("config.json", True)
        kind = loop.App if self.mode == "awake" else sleeper.Sleeper
        self.app = (extras.loop(kind) if found.extras else kind)(found)
        return self

    def turns(self, s=0, until=None):
        """Go round for so many seconds, or until something holds; restart where it does.

        Returns how often it has restarted.
        """
        restarts = 0
        end = self.esp.real_ms + (s or 7200) * 1000
        while self.esp.real_ms < end:
            try:
                self.app.turn()
                self.esp.go(480)  # fewer turns than a board's
            except Gone as e:
                assert str(e) == "reset"
                restarts += 1
                self.esp.restart("reset")
                self.start()
            if until and until():
                return restarts
        assert until is None, self.lines()
        return restarts

    def wake(self):
        """Run a deep sleeper from its wake or start to its sleep, over restarts; return those."""
        restarts = 0
        while True:
            try:
                self.start().app.run()
            except Gone as e:
                if str(e) == "asleep":
                    return restarts
            restarts += 1
            self.esp.restart("reset")

    def sleep(self, s=3600):
        self.esp.wake(s * 1000)

    def hurry(self, ms):
        """Have each wait of the board last so much longer."""

        def longer():
            for name in ("ticks", "wall_ms", "real_ms"):
                setattr(self.esp, name, getattr(self.esp, name) + ms)

        self.esp.on_ticks = longer

    def break_on_trial(self):
        """Have the camera fail with what is on trial."""

        def capture():
            if kept() and kept().status == "on trial":
                raise OSError("no frame with that")

        self.camera.on_capture = capture

    def power_cut(self):
        self.esp.power_cut()
        self.esp.go(15000)
        self.start()

    def lines(self):
        found = []
        for name in ("log.old.txt", "log.txt"):
            try:
                with open(name, "rb") as file:
                    found += [str(line)[22:] for line in file]
            except OSError:
                pass
        return found + [line[20:] for line in self.app._log._lines]

    def told(self, **values):
        """Return whether the service knows these attributes."""
        found = self.all()
        return all(found.get(name) == values[name] for name in values)


def kept():
    return states.load()


def is_kept(status, **on):
    """Return whether these settings are kept, in this state."""
    found = kept()
    return found and found.status == status and all(found.on.get(key) == on[key] for key in on)


def test_a_wish_is_in_force_after_a_picture_with_it_is_accepted():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        yard.ask(trigger_cooldown_s="77", camera_quality=300, take_photo=0)
        assert yard.turns(until=lambda: kept().status == "on trial") <= 1
        fault(errcode=403, on="report")  # too soon behind the last message: once more
        yard.turns(until=lambda: is_kept("in force", trigger={"cooldown_s": 77}))
        assert yard.app._config.trigger.cooldown_s == 77
        assert kept().good is None and kept().on == {"trigger": {"cooldown_s": 77}}
        # What is wrong was not taken, and is told.
        words = "camera_quality: must be from 1 to 100"
        yard.turns(until=lambda: words in yard.all().get("settings_error", ""))
        assert yard.told(settings_state="in force")
        assert yard.settings()["trigger_cooldown_s"] == 77
        assert yard.settings()["camera_quality"] == 85
        assert [line.split()[4] for line in yard.lines() if "INFO upload" in line] == ["trial"]
        # And that is all: no more restarts, no more pictures.
        assert yard.turns(3600) == 0
        assert len(yard.pictures()) == 1
        # Deleted at the service: back to config.json.
        yard.ask(trigger_cooldown_s=None, camera_quality="")
        yard.turns(until=lambda: yard.told(settings_state="in force", settings_error=""))
        assert yard.app._config.trigger.cooldown_s == 10 and kept().on == {}


def test_no_picture_accepted_and_the_last_good_ones_come_back():
    with Yard() as yard:
        yard.start()
        yard.ask(sensor_effect="sepia")
        yard.turns(until=lambda: is_kept("in force", sensor={"effect": "sepia"}))
        yard.break_on_trial()
        yard.ask(camera_frame_size="QVGA")
        yard.turns(until=lambda: kept().status == "on trial")
        begin = yard.esp.real_ms
        yard.turns(until=lambda: yard.told(settings_state="rolled back"))
        assert 600 <= (yard.esp.real_ms - begin) // 1000 <= 900
        assert "no picture was accepted in 600 s" in yard.all()["settings_error"]
        assert kept().on == {"sensor": {"effect": "sepia"}} and kept().good is None
        # Not again, until it changes.
        assert yard.turns(1800) == 0
        yard.camera.on_capture = None
        yard.ask(camera_frame_size="VGA")
        yard.turns(until=lambda: is_kept("in force", camera={"frame_size": "VGA"}))
        assert yard.app._config.camera.frame_size == "VGA"


def test_an_outage_is_no_failure_of_the_settings():
    with Yard() as yard:
        yard.start()
        yard.ask(log_level="debug")
        yard.turns(until=lambda: kept() and kept().status == "on trial")
        yard.esp.air.vanish(HOME[0])
        yard.turns(3600)
        assert kept().status == "on trial"
        # Nor is a service that answers nothing.
        yard.esp.air.add(*HOME)
        fault(*[{"html": True, "status": 502, "on": "any"}] * 500)
        yard.turns(3600)
        assert kept().status == "on trial"
        no_faults()
        # Nor pictures that are held back, for the battery.
        yard.app._held_back = lambda: "the battery is low"
        yard.turns(3600)
        assert kept().status == "on trial"
        yard.app._held_back = lambda: None
        yard.turns(until=lambda: yard.told(settings_state="in force"))


def test_a_crash_undoes_what_is_on_trial():
    with Yard() as yard:
        yard.start()
        yard.ask(trigger_cooldown_s=77)
        yard.turns(until=lambda: kept() and kept().status == "on trial")
        fault(*[{"errcode": 5001}] * 50)
        yard.turns(5)
        yard.esp.restart("watchdog")
        yard.start()
        assert yard.app._config.trigger.cooldown_s == 10
        no_faults()
        yard.turns(until=lambda: yard.told(settings_state="rolled back"))
        assert "crashed" in yard.all()["settings_error"]
        assert yard.turns(600) == 0


def test_a_deep_sleeper_asks_in_a_wake_that_is_online_anyway():
    with Yard("deepsleep", trigger={"every_s": 3600}) as yard:
        yard.wake()
        yard.sleep()
        asked = len(yard.messages("read"))
        assert yard.wake() == 0
        assert len(yard.messages("read")) == asked + 1
        # Not without a picture to send.
        yard.sleep(5)
        yard.wake()
        assert len(yard.messages("read")) == asked + 1
        yard.ask(trigger_every_s=7200)
        yard.sleep()
        assert yard.wake() == 1
        assert yard.esp.slept > 3000000 and kept().status == "in force", yard.lines()
        yard.sleep()
        assert yard.wake() == 0
        assert yard.esp.slept > 7000000
        # On trial over deep sleeps: nothing is accepted, and the service answers.
        yard.ask(camera_frame_size="QVGA")
        yard.break_on_trial()
        restarts = 0
        for _ in range(4):
            yard.sleep(7200)
            restarts += yard.wake()
        assert kept().status == "rolled back", (kept().__dict__, yard.lines())
        assert restarts == 2


def test_commands_are_done_once():
    with Yard() as yard:
        yard.ask(take_photo=3, restart=8)
        yard.start()
        # What was there before the board knew of it is not done.
        assert yard.turns(300) == 0 and not yard.pictures()
        yard.ask(take_photo=4)
        yard.turns(until=lambda: len(yard.pictures()) == 1)
        yard.power_cut()
        assert yard.turns(300) == 0 and len(yard.pictures()) == 1
        assert [line for line in yard.lines() if "bytes asked 4" in line]
        yard.ask(restart=9, take_photo=5)
        assert yard.turns(300) == 1
        assert len(yard.pictures()) == 2
        assert Counters().as_dict()["crash"] == 0
        # Each once, also where both restart the board.
        yard.ask(restart=10, setup=1)
        assert yard.turns(300) == 2 and yard.setups == 1
        # Back to nothing is noted, not done.
        yard.ask(restart=None, take_photo="")
        assert yard.turns(300) == 0 and len(yard.pictures()) == 2
        yard.ask(take_photo=True)
        yard.turns(until=lambda: len(yard.pictures()) == 3)


def test_the_power_fails_between_the_picture_and_its_note():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        fault(*[{"errcode": 5001}] * 20)
        yard.ask(take_photo=1)
        yard.turns(until=lambda: len(yard.app._outbox))
        # As if it had not been noted any more: or as if it had been before the picture.
        for frames in (1, 2):
            os.remove("remote.%d.json" % (kept().number & 1))
            assert kept().photo == "1"
            if frames == 2:
                yard.app._outbox.remove(yard.app._outbox.newest())
            yard.power_cut()
            yard.turns(60)
            assert yard.camera.frames == 3 * frames and kept().photo is None  # two are dark
        no_faults()
        yard.turns(600)
        assert len(yard.pictures()) == 1


def test_sends_the_log_and_no_secret():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        with open("log.txt", "a") as file:
            for _ in range(99):
                file.write("2026-01-01T00:00:00 WARNING {} {}\n".format("x" * 60, HOME[1]))
        yard.ask(send_log=1)
        begin = len(yard.messages("event"))
        fault({"errcode": 5001, "on": "event"})
        yard.turns(until=lambda: len(yard.messages("event")) == begin + 2)
        yard.turns(300)
        assert len(yard.messages("event")) == begin + 2
        body = json.loads(yard.messages("event")[-1]["body"])
        assert body["method"] == "log" and body["params"]["count"] == 1
        assert 3000 < len(body["params"]["text"]) <= 4096
        assert HOME[1] not in body["params"]["text"] and "***" in body["params"]["text"]


def test_a_command_that_cannot_be_noted_is_not_done_each_time():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        name = "remote.%d.json" % (kept().number + 1 & 1)
        if name in os.listdir():
            os.remove(name)
        os.mkdir(name)  # the flash is full, say
        begin = len(yard.messages("event"))
        yard.ask(send_log=7, take_photo=7)
        yard.turns(600)
        assert len(yard.messages("event")) <= begin + 1 and not yard.pictures()
        assert [line for line in yard.lines() if "settings from afar cannot be kept" in line]
        os.rmdir(name)
        yard.turns(until=lambda: yard.pictures())
        assert len(yard.messages("event")) == begin + 1 and yard.turns(300) == 0


def test_a_deep_sleeper_is_kept_awake_for_hours():
    with Yard("deepsleep", trigger={"every_s": 3600}) as yard:
        yard.wake()
        yard.ask(safe_mode_hours=2)
        yard.sleep()
        yard.hurry(400)
        begin, frames = yard.esp.real_ms, yard.camera.frames
        yard.wake()
        assert 2 <= (yard.esp.real_ms - begin) / 3600000 < 2.1
        assert yard.camera.frames >= frames + 2  # it goes on
        yard.hurry(0)
        yard.sleep()
        begin = yard.esp.real_ms
        yard.wake()
        assert yard.esp.real_ms - begin < 120000


def test_what_is_not_the_services_answer_changes_nothing():
    with Yard() as yard:
        yard.start()
        yard.ask(log_level="debug")
        yard.turns(until=lambda: is_kept("in force", log={"level": "debug"}))
        number = kept().number
        for each in (
            {"html": True},
            {"raw": "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"},
            {"raw": 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"result": 1}'},
            {"raw": "HTTP/1.1 302 Go\r\nLocation: http://x/\r\nContent-Length: 0\r\n\r\n"},
            {"cut": 40},
        ):
            fault(dict(each, on="read"))
            yard.turns(700)
        assert kept().number == number and yard.app._config.log.level == "debug"


def test_a_question_never_goes_before_a_picture():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        fault(*[{"delay": {"before_answer": 0.5}, "on": "read"}] * 2)
        asked = len(yard.messages("read"))
        shots = []
        asking = []
        remote = yard.app._extras[-1]
        ask = remote._ask

        def watched(ms):
            asking.append(1)
            ask(ms)
            asking.pop()

        remote._ask = watched
        yard.camera.on_capture = lambda: asking and shots.append(yard.esp.ticks)
        pulsed = []

        def meanwhile():
            if len(yard.messages("read")) > asked and not pulsed:
                pulsed.append(yard.esp.ticks)
                yard.esp.pulse()

        yard.app._status.sending = meanwhile  # called while something is sent or waited for
        yard.turns(until=lambda: pulsed)
        assert shots[0] - pulsed[0] < 1000


def test_no_value_of_a_command_ends_the_app():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        with open("log.txt", "ab") as file:
            file.write(b"\xff\xfe\xc3 damaged " + HOME[1].encode() + b"\n")
        begin = len(yard.messages("event"))
        answer = '{"result": 1, "attributes": {"settings_state": "x", %s}}'
        for command in (
            '"safe_mode_hours": 1e999',
            '"take_photo": -1e999',
            '"send_log": {"a": [1]}',
            '"restart": [1, 2]',
            '"take_photo": "\\u4e00\\u4e8c"',
            '"send_log": "now"',
            '"send_log": "again"',
        ):
            text = (answer % command).encode()
            head = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(text)
            fault({"raw": head + text.decode(), "on": "read"})
            yard.turns(200)
            assert states.load() is not None and Counters().as_dict()["crash"] == 0, command
        yard.turns(until=lambda: len(yard.messages("event")) > begin)
        body = yard.messages("event")[-1]["body"]
        assert "damaged" in body and HOME[1] not in body


def test_an_answer_without_attributes_is_no_first_sight():
    with Yard(report={"every_s": 0}) as yard:
        yard.ask(take_photo=3, restart=8)
        begin = len(yard.messages("read"))
        fault({"raw": 'HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n{"result": 1}', "on": "read"})
        yard.start()
        assert yard.turns(300) == 0 and not yard.pictures()
        assert kept().seen["take_photo"] == 3 and len(yard.messages("read")) > begin + 1
        yard.turns(until=lambda: yard.told(settings_state="in force"))


def test_what_the_service_does_not_know_is_told_again():
    bad = {"errcode": 5001}
    with Yard(report={"every_s": 0}) as yard:
        # The first question was for nothing, and so was the first word.
        fault(dict(bad, on="read"), {"html": True, "status": 502, "on": "report"})
        yard.start()
        yard.turns(300)
        assert yard.told(settings_state="in force")
        # Deleted at the service.
        yard.ask(settings_state=None)
        yard.turns(until=lambda: yard.told(settings_state="in force"))
        yard.ask(camera_quality=300)
        fault(dict(bad, on="report"))
        yard.turns(until=lambda: yard.told(settings_state="refused"))
        # Where it is never known it is not told for ever.
        yard.turns(120)
        yard.ask(settings_state=None)
        fault(*[dict(bad, on="report")] * 20)
        yard.turns(1800)
        _, found = request("GET", env("SERVICE") + "/_faults")
        assert 20 - len(json.loads(found)["queued"]) == 3
        no_faults()


def test_a_deep_sleeper_tells_again_what_the_service_does_not_know():
    sections = {"trigger": {"every_s": 3600}, "report": {"every_s": 0}}
    with Yard("deepsleep", **sections) as yard:
        yard.wake()
        yard.ask(camera_quality=300)
        fault({"errcode": 5001, "on": "report"})
        for _ in range(3):
            yard.sleep()
            yard.wake()
        assert yard.told(settings_state="refused")
        begin = len(yard.messages("report"))
        yard.sleep()
        yard.wake()
        assert len(yard.messages("report")) == begin


def test_nothing_that_judges_settings_stays_in_memory():
    sections = {"setup": {"pin": 12}, "update": {"url": env("SERVICE") + "/latest.json"}}
    with Yard(**sections) as yard:
        yard.start()
        before = set(sys.modules)
        yard.ask(trigger_cooldown_s="77", camera_quality=300)
        yard.turns(until=lambda: yard.told(settings_state="in force"))
        yard.turns(120)
        if sys.implementation.name == "micropython":  # CPython keeps all
            more = [name for name in set(sys.modules) - before if ".config." in name]
            assert not more, more


def test_the_same_count_in_another_form_is_done_once():
    with Yard() as yard:
        yard.start()
        yard.turns(until=lambda: kept() is not None)
        for count in (1764212345678901234, "tonight", " tonight ", True, 1, 1.0):
            yard.ask(take_photo=count)
            yard.turns(200)
        assert len(yard.pictures()) == 3


def test_a_deep_sleeper_asks_once_a_day_whatever_was_set():
    with Yard("deepsleep", trigger={"every_s": 500000}, report={"every_s": 0}) as yard:
        yard.wake()
        asked = len(yard.messages("read"))
        for day in range(3):
            yard.sleep(yard.esp.slept // 1000)
            yard.wake()
            assert len(yard.messages("read")) == asked + 1 + day
            assert 86000000 < yard.esp.slept <= 88000000
        # Where there is no network it does not look for one for long.
        yard.esp.air.vanish(HOME[0])
        yard.sleep(yard.esp.slept // 1000)
        begin = yard.esp.real_ms
        yard.wake()
        assert yard.esp.real_ms - begin < 100000 and yard.esp.slept > 80000000
        # Nor does a power cut then make it forget to.
        yard.power_cut()
        yard.wake()
        yard.esp.air.add(*HOME)
        asked = len(yard.messages("read"))
        yard.sleep(yard.esp.slept // 1000)
        yard.wake()
        assert len(yard.messages("read")) == asked + 1
