# report: how the camera is, told beside pictures, never before one; awake and asleep.

import json

from test_app import HOME, House, arrived

import thingscam.report  # noqa: F401 - so that the played board is in its place there too
from support import KEY, TOKEN, Script, env, fault, told
from thingscam import loop
from thingscam.board.counters import Counters
from thingscam.extras import loop as extended
from thingscam.remote import wishes
from thingscam.remote.commands import NAMES

HOUR_MS = 3600000


class Reporter(House):
    """A House that reports to the stand-in; `pir` or a period asks for its pictures."""

    def __init__(self, **sections):
        device = sections.pop("device", None)
        super().__init__(**sections)
        self.sections["cloud"]["device_endpoint"] = device or env("SERVICE")

    def start(self):
        house = self

        class Watched(extended(loop.App)):
            def progress(self, sent):
                if house.on_progress:
                    house.on_progress(sent)
                super().progress(sent)

        self.app = Watched(self.config())
        return self.app

    def told(self):
        return self.count("report sent")


def messages(kind):
    """Return the bodies of the last messages of a kind."""
    found = [each for each in told("/_requests")["messages"] if each["kind"] == kind]
    return [json.loads(each["body"]) if each["body"] else None for each in found]


def documented():
    with open(env("ROOT") + "/docs/report.md") as page:
        rows = [line.split("|")[1] for line in page if line.startswith("| `")]
    return {name.strip(" `") for row in rows for name in row.split(",")}


def test_reports_each_period():
    with Reporter(report={"every_s": 600}) as house:
        house.start()
        house.turns(until=house.told)
        (found,) = messages("report")
        assert found["version"] and found["board"] == "ai-thinker"
        assert found["waiting"] == found["oldest_s"] == found["sent"] == 0
        assert found["wifi"] == "home" and found["rssi"] == -60
        assert found["started"] == "power_on"
        settings = json.loads(found["settings"])
        assert (settings["report_every_s"], settings["camera_quality"]) == (600, 85)
        # What people set from afar stays theirs.
        assert not set(found) & (set(wishes.names()) | set(NAMES))
        assert not set(found) - documented()
        text = json.dumps(found)
        assert KEY not in text and TOKEN not in text
        house.turns(ms=590000, apart_ms=500)
        assert len(messages("report")) == 1
        house.turns(ms=20000)
        assert len(messages("report")) == 2


def test_no_secret_is_told_that_is_a_name_elsewhere():
    secret = "trapdoor-77"
    with Reporter(networks=((secret, secret),)) as house:
        house.start()
        house.app._log.error("camera %s is lost", secret)
        house.turns(until=house.told)
        (found,) = messages("report")
        assert found["wifi"] == "***" and "camera *** is lost" in found["last_error"]
        assert secret not in json.dumps(found)


def test_a_picture_goes_first():
    with Reporter() as house:
        house.start()
        house.esp.pulse()
        house.turns(until=house.told)
        (found,) = messages("report")
        assert (found["captured"], found["sent"], found["waiting"]) == (1, 1, 0)


def test_goes_in_the_pause_between_pictures():
    with Reporter(trigger={"cooldown_s": 0}) as house:
        house.esp.air.vanish("home")
        house.start()
        for _ in range(3):
            house.esp.pulse()
            house.turns(ms=3000)
        house.esp.air.add(*HOME)
        house.turns(until=house.told)
        (found,) = messages("report")
        assert (found["sent"], found["waiting"]) == (1, 2)
        assert found["oldest_s"] > 0
        assert found["blocked_reason"] == ""  # the pace is no trouble
        sent_at = house.esp.ticks
        house.turns(until=lambda: house.app.status()["sent"] == 2)
        assert house.esp.ticks - sent_at <= 10100


def test_nobody_who_answers_keeps_no_picture_waiting():
    script = Script([["head"], ["until_closed"]], [["head"], ["until_closed"]])
    with Reporter(device=script.url, report={"every_s": 600}) as house:
        begin = []

        def on_progress(sent):
            if not house.count("no report"):
                begin.append(house.esp.ticks)
                house.esp.go(500)
                if len(begin) == 2:
                    house.esp.pulse()

        house.start()
        house.on_progress = on_progress
        house.turns(until=lambda: house.count("no report: not done in time"))
        # Photographed at once, and what it waits for is over in two seconds.
        assert house.app.status()["captured"] == 1
        assert begin[-1] - begin[1] <= 3000
        house.turns(until=arrived)
        assert house.esp.ticks - begin[1] <= 15000
        # Without a picture it may take longer; the next is a period later, and none is in between.
        house.on_progress = lambda sent: house.esp.go(2000)
        house.turns(until=lambda: house.count("no report: not done in time") == 2, apart_ms=180)
        assert 595000 < house.esp.ticks - begin[1] < 650000
        house.on_progress = None
        house.turns(ms=300000, apart_ms=500)
    assert len(script.report()) == 2


def test_what_the_service_says_to_a_report():
    for errcode, again_s in ((5001, 600), (403, 600), (413, 3600), (1022, 3600)):
        with Reporter(report={"every_s": 600}) as house:
            fault(errcode=errcode, on="report")
            house.start()
            house.turns(until=lambda house=house: house.count("no report: errcode"))
            assert house.count("WARNING no report: errcode {}".format(errcode)) == 1
            house.turns(ms=again_s * 1000 - 20000, apart_ms=500)
            assert len(messages("report")) == 1
            # What is wrong there keeps no picture waiting.
            house.esp.pulse()
            house.turns(ms=10000)
            assert len(arrived()) == 1
            # Where messages were too often, it comes a minute behind a picture.
            house.turns(ms=50000 if errcode == 403 else 20000)
            assert len(messages("report")) == (1 if errcode == 403 else 2)
            house.turns(ms=30000)
            assert len(messages("report")) == 2


def test_tells_at_once_that_it_is_stopped_and_that_it_goes_on():
    with Reporter() as house:
        house.start()
        house.turns(until=house.told)
        fault(errcode=1470)
        house.esp.pulse()
        house.turns(until=lambda: messages("event"))
        (found,) = messages("event")
        assert found["method"] == "stopped"
        assert "check cloud.identifier" in found["params"]["what"]
        house.turns(900000, lambda: len(messages("event")) == 2, apart_ms=500)
        assert messages("event")[1] == {"method": "recovered", "params": {"what": "stopped"}}
        assert len(arrived()) == 1
        # Each at most once an hour.
        fault(errcode=1470)
        house.esp.pulse()
        house.turns(ms=900000, apart_ms=500)
        assert len(arrived()) == 2 and len(messages("event")) == 2


def test_tells_of_a_crash_by_its_last_line():
    with Reporter() as house:
        house.start()
        house.app.crashed(ValueError("it is " + KEY))
        Counters().add("crash")
        house.esp.restart("reset")
        house.start()
        house.turns(until=lambda: messages("event"))
        (found,) = messages("event")
        assert found["method"] == "crashed"
        assert found["params"]["what"].endswith(" ERROR crashed, ValueError: it is ***")
        house.turns(ms=2 * HOUR_MS, apart_ms=500)
        assert len(messages("event")) == 1
        assert "crashed" in messages("report")[0]["last_error"]


def test_a_damaged_log_keeps_no_report_back():
    with Reporter() as house:
        with open("log.txt", "wb") as file:
            file.write(b"2026-11-27T01:02:03 ERROR whole\n2026-11-27T01:02:04 ERROR \xff\xfe\n")
        house.start()
        house.turns(until=lambda: messages("report"))
        assert messages("report")[0]["last_error"] == "2026-11-27T01:02:03 ERROR whole"


def test_a_fault_of_ours_in_a_report_costs_no_picture():
    with Reporter() as house:
        house.start()
        house.app._config.outbox.path = None
        house.turns(until=lambda: house.count("WARNING no report: TypeError"))
        house.esp.pulse()
        house.turns(until=arrived)


def test_tells_that_no_picture_can_be_taken():
    with Reporter(trigger={"pir_pin": None, "every_s": 300}) as house:
        house.start()
        house.camera.broken = True
        house.turns(until=lambda: messages("event"), apart_ms=500)
        (found,) = messages("event")
        assert found["method"] == "camera_failed" and "camera" in found["params"]["what"]
        house.camera.broken = False
        house.turns(until=lambda: len(messages("event")) == 2, apart_ms=500)
        assert messages("event")[1] == {"method": "recovered", "params": {"what": "camera_failed"}}


def test_a_sleeper_reports_when_it_is_online_anyway():
    with Reporter(
        power={"mode": "deepsleep"}, trigger={"pir_pin": None, "every_s": 1800}
    ) as house:
        counts = []
        for _ in range(6):
            assert house.sleep() <= 1800000
            counts.append((len(arrived()), house.told()))
            house.wake()
        # At first, and then in the first wake an hour later.
        assert counts == [(1, 1), (2, 1), (3, 2), (4, 2), (5, 3), (6, 3)], counts
        found = messages("report")[1]
        assert found["started"] == "deep_sleep" and 1790 < found["next_wake_s"] <= 1800


def test_a_sleeper_that_nothing_wakes_goes_online_after_two_periods():
    with Reporter(power={"mode": "deepsleep"}) as house:
        for i in range(3):
            assert 7190000 < house.sleep() <= 7200000
            assert house.told() == i + 1
            house.wake()
        assert house.app is None and not arrived()
        # Without a network it looks for one as seldom.
        house.esp.air.vanish("home")
        for _ in range(3):
            slept = house.sleep()
            assert slept > 7100000 and house.esp.ticks < 60000
            house.wake()
        house.esp.air.add(*HOME)
        house.sleep()
        assert house.told() == 4
        # An event sends it there once an hour.
        house.esp.air.vanish("home")
        house.camera.broken = RuntimeError("no sensor")
        awake_ms = []
        for _ in range(3):
            house.wake(after_ms=600000, by_pin=True)
            house.sleep()
            awake_ms.append(house.esp.ticks)
        assert awake_ms[0] > 30000 > awake_ms[1] and awake_ms[2] < 30000, awake_ms


def test_a_sleeper_goes_online_to_tell_of_a_fault():
    with Reporter(power={"mode": "deepsleep"}) as house:
        house.sleep()
        house.wake(after_ms=600000, by_pin=True)
        house.camera.broken = RuntimeError("no sensor")
        house.sleep()
        (found,) = messages("event")
        assert found["method"] == "camera_failed"
        house.wake(after_ms=600000, by_pin=True)
        house.sleep()
        house.camera.broken = None
        house.wake(after_ms=600000, by_pin=True)
        house.sleep()
        assert [each["method"] for each in messages("event")] == ["camera_failed", "recovered"]
        assert len(arrived()) == 1


def test_where_messages_and_pictures_are_counted_together_a_sleeper_keeps_them_apart():
    with Reporter(
        power={"mode": "deepsleep"}, trigger={"pir_pin": None, "every_s": 1800}
    ) as house:
        house.sleep()
        house.wake()
        house.sleep()
        house.wake()
        fault(errcode=403, on="report")
        house.sleep()
        counts = []
        for _ in range(8):
            house.wake()
            house.sleep()
            counts.append((len(arrived()), house.told()))
        # In wakes without a picture.
        assert counts[-1][1] >= 2, counts
