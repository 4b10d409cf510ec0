# app: the whole firmware on a played board against the stand-in: awake, asleep, stopped.

import json
import re
import time

from fakeboard import Board, Gone, Names
from house import HOME, House, arrived
from support import (
    KEY,
    TOKEN,
    Script,
    env,
    fault,
    photo,
    raises,
    uploads,
)
from thingscam import app, crashes, safemode
from thingscam.board import rtc, watchdog
from thingscam.board.counters import Counters
from thingscam.http import session
from thingscam.outbox import folder
from thingscam.util import log

HOUR_MS = 3600000
SHED = ("shed", "the shed password")
TIME_SERVERS = ("pool.ntp.org", "time.cloudflare.com", "ntp.aliyun.com", "192.168.4.1")


# Awake


def test_motion_becomes_a_picture_in_the_cloud():
    for psram in (False, True):
        with House(psram=psram) as house:
            esp = house.esp
            house.start()
            house.turns(until=house.online)
            # The first goes through the outbox: connecting may hang.
            for i in range(2):
                esp.pulse()
                house.turns(until=lambda i=i: len(arrived()) == i + 1)
                house.turns(ms=11000)
            line, _ = [each for each in house.lines() if each.startswith("INFO upload")]
            form = r"^INFO upload [0-9]+ bytes pir -> http://[0-9.:]+/images/\S+\.jpg [0-9]+ ms$"
            assert re.match(form, line), line
            # From memory only where there is room for it.
            assert house.count("INFO kept") == (1 if psram else 2), house.lines()


def test_a_slow_upload_from_memory_is_kept_meanwhile():
    with House(psram=True) as house:
        house.start()
        house.turns(until=house.online)
        house.esp.pulse()
        house.turns(until=arrived)
        house.turns(ms=11000)

        def on_progress(sent):
            house.esp.go(1500)
            waiting.append(house.app.status()["waiting"])

        waiting = []
        house.on_progress = on_progress
        fault(delay={"before_answer": 0.3})
        house.esp.pulse()
        house.turns(until=lambda: house.app.status()["sent"] == 2)
        assert waiting[0] == 0 and waiting[-1] == 1
        assert house.app.status()["waiting"] == 0
        assert len(set(arrived())) == len(uploads()) == 2
        # The service does not take it: it stays, once.
        house.turns(ms=11000)
        fault(errcode=5001, delay={"before_answer": 0.3})
        house.esp.pulse()
        house.turns(until=lambda: house.count("upload failed"))
        house.on_progress = None
        assert house.app.status()["waiting"] == 1
        house.turns(until=lambda: house.app.status()["sent"] == 3)
        assert len(set(arrived())) == 3 and house.app.status()["waiting"] == 0


def test_photographs_before_it_has_a_network():
    with House(trigger={"pir_pin": None, "every_s": 20}) as house:
        house.esp.air.vanish("home")
        taken = []
        house.camera.on_capture = lambda: taken.append(house.esp.ticks)
        house.start()
        begin = house.esp.ticks
        house.turns(ms=100000)
        assert taken[-1] - begin > 79000
        status = house.app.status()
        assert status["captured"] == status["waiting"] == 5
        assert status["blocked_reason"] == "no Wi-Fi"
        # It says so once, and what waits.
        assert house.count("waiting, the oldest for", "no Wi-Fi") == 1
        # Back again: all are sent, in order, ten seconds apart.
        house.esp.air.add(*HOME)
        house.turns(until=lambda: house.app.status()["sent"] >= 5)
        found = arrived()[:5]
        assert found == sorted(found)
        assert status["sent"] == 0


def test_ten_seconds_between_requests():
    with House(trigger={"pir_pin": None, "every_s": 1}) as house:
        house.start()
        house.turns(until=house.online)
        at = []
        for _ in range(2500):
            sent = house.app.status()["sent"]
            house.app.turn()
            if house.app.status()["sent"] > sent:
                at.append(house.esp.ticks)
        assert len(at) >= 4
        for a, b in zip(at, at[1:]):  # noqa: B905
            assert b - a >= 10000


def test_triggers_while_an_upload_is_under_way():
    # From memory and from the outbox: they are photographed at once, and no picture is damaged.
    for psram in (False, True):
        with House(psram=psram, trigger={"cooldown_s": 0}) as house:
            house.start()
            house.turns(until=house.online)
            house.esp.pulse()
            house.turns(until=arrived)  # the connection is open now
            house.turns(ms=11000)
            taken = []

            def on_progress(sent, house=house, taken=taken):
                if sent > 0 and len(taken) < 3:
                    taken.append(house.camera.frames)
                    house.esp.go(1000)
                    house.esp.pulse()

            house.on_progress = on_progress
            fault(delay={"before_answer": 0.3})
            house.esp.pulse()
            house.turns(until=lambda house=house: house.app.status()["sent"] == 2)
            assert len(taken) == 3
            assert house.app.status()["captured"] == 5
            assert house.app.status()["waiting"] == 3
            house.on_progress = None
            house.turns(until=lambda house=house: not house.app.status()["waiting"])
            found = arrived()
            assert len(set(found)) == 5 and found == sorted(found), found


def test_a_trigger_while_the_network_is_sought():
    with House(networks=(HOME, SHED)) as house:
        house.esp.air.on_scan = house.esp.pulse
        house.start()
        house.app.turn()
        assert house.esp.air.scans == 1
        house.app.turn()
        assert house.app.status()["captured"] == 1
        house.turns(until=arrived)


def test_a_sleeper_goes_to_sleep_whatever_the_sensor_does():
    for in_reach in (True, False):
        for cooldown_s in (0, 10):
            trigger = {"cooldown_s": cooldown_s}
            with House(power={"mode": "deepsleep"}, trigger=trigger) as house:
                hungriest, awake_ms, slept_ms = [0], [], []

                def bounce(house=house, hungriest=hungriest):
                    house.esp.pulse()
                    if house.esp.dog:
                        hungriest[0] = max(hungriest[0], house.esp.ticks - house.esp.dog.fed)

                if not in_reach:
                    house.esp.air.vanish("home")
                house.esp.on_ticks = bounce
                for _ in range(40):
                    slept_ms.append(house.sleep())
                    awake_ms.append(house.esp.ticks)
                    house.wake(after_ms=slept_ms[-1] or 1, by_pin=not slept_ms[-1])
                assert max(awake_ms) < 420000, awake_ms
                # At last it sleeps for most of the time, and does what it woke for.
                assert sum(slept_ms[-4:]) > 2 * sum(awake_ms[-4:]), (slept_ms, awake_ms)
                assert house.count("the sensor bounces") == 1
                assert not in_reach or len(arrived()) > 5
                assert hungriest[0] < 15000


def test_no_look_up_begins_while_somebody_is_there():
    with House(networks=(HOME, SHED)) as house:
        house.start()
        house.esp.drive(13, 1)
        house.turns(ms=20000)
        assert house.app.status()["captured"] == 1
        assert house.esp.air.scans == 0 and house.esp.asked == []
        house.esp.drive(13, 0)
        house.turns(until=arrived)
        # Where it stays high the network is not forgotten.
        house.esp.drive(13, 1)
        for name in ("home", "shed"):
            house.esp.air.vanish(name)
        house.turns(until=lambda: house.esp.air.scans > 1)


def test_a_trigger_while_the_clock_is_asked():
    with House() as house:
        house.start()
        house.esp.ntp = {}
        ask = house.esp.ntptime.time

        def slow():
            house.esp.pulse()
            house.esp.ntptime.time = ask
            return ask()

        house.esp.ntptime.time = slow
        house.turns(until=lambda: house.esp.asked)
        house.app.turn()
        assert house.app.status()["captured"] == 1
        house.turns(until=arrived)


def test_no_tls_while_the_clock_is_not_set():
    with House(endpoint="tls") as house:
        house.sections["cloud"]["endpoint"] = env("SERVICE_TLS")

        def no_time():
            raise OSError(110)

        ask, house.esp.ntptime.time = house.esp.ntptime.time, no_time
        house.start()
        house.esp.pulse()
        house.turns(ms=60000)
        assert "clock is not set" in house.app.status()["blocked_reason"]
        assert house.count("the clock is not set, no certificate can be checked") == 1
        assert house.count("no time from") >= 3
        assert house.count("stopped") == 0
        # The picture was kept without a time, and goes as soon as the clock is set.
        house.esp.ntptime.time = ask
        house.turns(until=lambda: house.app.status()["sent"])
        assert house.count("INFO upload", "https://") == 1


def test_a_lie_about_the_time_is_noticed_over_verified_tls():
    for verify in (True, False):
        with House(cloud={"verify": verify}) as house:
            house.sections["cloud"]["endpoint"] = env("SERVICE_TLS")
            house.esp.real_ms = int(time.time()) * 1000  # as the service tells it
            house.esp.ntp.update(dict.fromkeys(TIME_SERVERS[:2], 7200))
            house.start()
            house.turns(ms=90000)
            house.esp.pulse()
            house.turns(until=lambda house=house: house.app.status()["sent"])
            house.turns(ms=20000)
            assert house.count("the service says it is -72", "s later") == verify
            off_s = (house.esp.wall_ms - house.esp.real_ms) // 1000
            assert abs(off_s) < 60 if verify else 7190 < off_s < 7210, off_s


def test_a_wait_holds_over_the_setting_of_the_clock_and_a_reset():
    with House() as house:
        house.esp.ntp = dict.fromkeys(TIME_SERVERS, OSError(110))
        fault(errcode=4008)
        house.start()
        house.esp.pulse()
        house.turns(until=lambda: house.count("ERROR stopped"))
        house.esp.ntp = {}
        house.turns(until=lambda: house.count("clock set by"))
        house.esp.restart("reset")
        house.start()
        house.turns(ms=300000, apart_ms=180)
        assert len(uploads()) == 1 and house.app.status()["waiting"] == 1
        assert "before the last start" in house.app.status()["blocked_reason"]
        house.turns(until=arrived, apart_ms=180)


def test_no_room_for_camera_and_connection():
    # The camera gives way to the handshake, and comes back: it must not fail at the next motion.
    connection = session.Connection
    opened = []

    class Cramped(connection):
        def open(self, *arguments):
            if house.camera.running:
                raise MemoryError("memory allocation failed")
            opened.append(super().open(*arguments))
            return self

    with House(trigger={"cooldown_s": 0}) as house:
        session.Connection = Cramped
        try:
            house.start()
            house.turns(until=house.online)
            for i in range(3):
                house.esp.pulse()
                house.turns(until=lambda i=i: house.app.status()["sent"] == i + 1)
                assert len(opened) == i + 1  # the one before was closed
                assert house.camera.running
        finally:
            session.Connection = connection
        assert len(arrived()) == 3
        assert house.app.status()["capture_failed"] == 0


def test_no_answer_again_and_again_joins_afresh():
    with House() as house:
        house.start()
        fault(no_answer="close", times=5)
        house.esp.pulse()
        house.turns(until=house.online)
        house.turns(until=lambda: house.count("joining Wi-Fi afresh"))
        assert house.count("upload failed") == 5
        house.turns(until=lambda: house.app.status()["sent"])
        assert house.count("INFO Wi-Fi home") == 2


def test_a_lost_network_closes_the_connection():
    script = Script(
        [
            ["head"],
            ["body"],
            ["send", "HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n"],
            ["until_closed"],
        ]
    )
    with House(endpoint=script.url) as house:
        house.start()
        house.esp.pulse()
        house.turns(until=lambda: house.count("upload failed"))
        house.esp.air.vanish("home")
        house.turns(until=lambda: house.count("Wi-Fi lost"))
    (seen,) = script.report()
    assert seen["ended"] == "closed by the client"


def test_the_led():
    with House() as house:
        esp = house.esp
        house.start()
        assert esp.outputs[33] == 0  # starting: on, and lit when low

        def blinks(ms):
            seen = []
            for _ in range(ms // 20):
                house.app.turn()
                seen.append(1 - esp.outputs[33])
            return sum(seen) * 100 // len(seen)

        esp.air.vanish("home")
        house.turns(ms=1000)
        assert 45 <= blinks(10000) <= 55  # joining: evenly
        esp.air.add(*HOME)
        house.turns(until=house.online)
        house.turns(ms=1000)
        assert blinks(20000) <= 3  # waiting: a flash
        fault(errcode=4008)
        esp.pulse()
        house.turns(until=lambda: house.count("ERROR stopped"))
        assert 10 <= blinks(20000) <= 20  # stopped: two blinks and a pause


def test_the_watchdog_is_fed_by_progress_alone():
    with House() as house:
        esp = house.esp
        house.start()
        assert esp.dog.timeout == 60000
        house.turns(ms=120000)
        assert not esp.starving
        # An upload at a standstill: the callback comes, the bytes do not.
        house.app.progress(1000)
        for _ in range(100):
            esp.go(1000)
            house.app.progress(1000)
        assert esp.starving
        house.app.progress(2000)
        assert not esp.starving


def test_a_minute_awake_forgets_crashes():
    with House() as house:
        rtc.remember(rtc.CRASHES, bytes([2, 0]))
        house.start()
        house.turns(ms=59000)
        assert rtc.recall(rtc.CRASHES) == bytes([2, 0])
        house.turns(ms=2000)
        assert rtc.recall(rtc.CRASHES) == bytes([0, 0])
        # From then on an idle turn reads no RTC memory: each time it is a copy on the heap.
        recall = rtc.recall
        rtc.recall = None
        try:
            house.turns(ms=1000)
        finally:
            rtc.recall = recall


def test_status():
    with House() as house:
        house.start()
        house.turns(until=house.online)
        house.turns(ms=3000)
        fault(errcode=4008)
        house.esp.pulse()
        house.turns(until=lambda: house.count("ERROR stopped"))
        house.turns(ms=30000)
        found = house.app.status()
        assert (found["captured"], found["sent"], found["retried"]) == (1, 0, 1)
        assert found["waiting"] == 1
        assert found["waiting_bytes"] == len(photo("frame 0001"))
        assert 30 <= found["oldest_s"] <= 32
        assert "4008" in found["blocked_reason"]
        assert found["rssi"] == -60 and found["clock_set"] is True
        # From 2000 to now is no uptime.
        assert 30 <= found["uptime_s"] <= 60
        assert found["power_on"] == 1
    # At the REPL, with no app.
    with Board():
        assert app.status()["sent"] == 0


def test_the_secrets_reach_no_log():
    with House(networks=(("home", "another password"),)) as house:
        house.esp.air.add("home", "changed")
        house.sections["log"] = {"level": "debug"}
        house.start()
        house.esp.pulse()
        house.turns(ms=60000)
        house.esp.air.add("home", "another password")
        fault({"errcode": 4008}, {"redirect": env("SERVICE") + "/" + TOKEN}, {"errcode": 5001})
        house.turns(until=lambda: house.count("4008"))
        house.turns(ms=600000)
        house.turns(ms=600000)
        text = "\n".join(house.lines())
        assert "seems to refuse" in text and "redirected" in text
        for secret in (TOKEN, KEY, "another password", "changed"):
            assert secret not in text, secret


def everything_that_fails():
    """Yield (name, what is set for House, what breaks it) for each fault of stand-in and air."""
    codes = (1480, 4004, 4005, 4009, 403, 413, 4291, 5001, 9999)
    answers = [{"errcode": code} for code in codes] + [
        {"early": 4291},
        {"redirect": "http://x/"},
        {"garbage": 99},
    ]
    answers += [{"html": name} for name in ("portal", "firewall", "gateway", "xml", "text")]
    answers += [{"raw": "HTTP/1.1 200 OK\r\n\r\n"}, {"no_answer": "close"}, {"reset_after": 1000}]
    answers += [{"stored_but_lost": True}, {"cut": 40}, {"content_length": -5}, {"gzip": True}]
    for each in answers:
        yield str(each), {}, lambda house, each=each: fault(times=1000, **each)
    servers = dict.fromkeys(TIME_SERVERS, OSError(110))
    for name, what in (("no time", servers), ("no DNS", dict.fromkeys(servers, OSError(-202)))):
        for scheme in ("SERVICE", "SERVICE_TLS"):
            options = {"endpoint": env(scheme)}
            yield name + scheme, options, lambda house, what=what: house.esp.ntp.update(what)
    yield (
        "wrong CA",
        {"endpoint": env("SERVICE_TLS"), "cloud": {"ca": env("FILES") + "/ca.der"}},
        None,
    )
    yield "no host", {"endpoint": "http://127.0.0.1:9"}, None
    for name, air in (
        ("no Wi-Fi", lambda house: house.esp.air.vanish("home")),
        ("wrong password", lambda house: house.esp.air.add("home", "changed")),
        ("no address", lambda house: house.esp.air.add(*HOME, dhcp=False)),
        ("thrown out", lambda house: house.esp.air.add(*HOME, drops_ms=7000)),
    ):
        yield name, {}, air
    yield "no camera", {}, lambda house: setattr(house.camera, "broken", OSError("no frame"))
    yield "bounces", {}, None
    yield "full", {"outbox": {"max_bytes": 32768}}, None
    yield "storage", {}, None


def test_no_fault_wears_the_flash():
    # An hour of each.
    opened = []
    make_path, listing = folder.make_path, folder.ilistdir

    def fails(*_):
        raise OSError(5)

    def counted(*arguments):
        opened.append(arguments)
        return open(*arguments)

    log.open = counted
    log.print = lambda line: None
    most = {}
    try:
        for name, options, breaks in everything_that_fails():
            options = dict(options)
            options.setdefault("trigger", {"every_s": 180})
            with House(**options) as house:
                del opened[:]
                if breaks:
                    breaks(house)
                if name == "storage":
                    folder.make_path = folder.ilistdir = fails
                house.start()
                begin = house.esp.ticks
                while house.esp.ticks - begin < HOUR_MS:
                    if name == "bounces":
                        house.esp.pulse()
                    house.app.turn()
                    house.esp.go(3980)
                house.app._log.flush()
                assert not house.esp.starving
            folder.make_path, folder.ilistdir = make_path, listing
            most[name] = len(opened)
    finally:
        folder.make_path, folder.ilistdir = make_path, listing
        del log.open, log.print
    assert len(most) == 38 and min(most.values()) > 1 and max(most.values()) <= 46, most


def test_ctrl_c_leaves_the_board_to_a_person():
    with House() as house:
        esp = house.esp

        def interrupt():
            if esp.ticks > 20000:
                esp.on_ticks = None
                raise KeyboardInterrupt

        esp.on_ticks = interrupt
        raises(KeyboardInterrupt, app.run, house.config())
        # The watchdog waits for an hour, the sensor and the camera are left alone.
        assert not house.camera.running
        frames = house.camera.frames
        esp.pulse()
        assert house.camera.frames == frames
        esp.go(3600000)
        assert not esp.starving
        assert app.status()["captured"] == 0


def test_a_panic_is_counted_until_a_person_comes():
    # The chip reports it as a reset; so is what a person does who has interrupted the app.
    with House() as house:
        esp = house.esp
        with open("config.json", "w") as file:
            file.write(json.dumps(house.sections))

        def strike():
            if esp.ticks > 1000:
                rtc.append(esp.rtc)
                raise breaks

        for breaks, left in (
            (Gone(), [None, None, "3 starts"]),
            (KeyboardInterrupt(), [None] * 5),
        ):
            esp.power_cut()
            assert safemode.reason() is None
            for wanted in left:
                rtc = []
                esp.on_ticks = strike
                raises(type(breaks), app.main)
                esp.on_ticks = None
                if type(breaks) is Gone:
                    esp.rtc = rtc[0]  # a panic cleans nothing up
                esp.restart("reset")
                found = safemode.reason()
                assert found == wanted or wanted in found
        assert house.count("WARNING the last run ended in a panic") == 2


def test_a_watchdog_that_bites_in_the_network_is_said_and_leads_nowhere():
    with House() as house:
        esp = house.esp
        rtc = []

        def hang(*_):
            rtc.append(esp.rtc)
            raise Gone

        def run_until_it_hangs():
            crashes.begin()
            house.start()
            esp.pulse()
            raises(Gone, house.turns)
            esp.rtc = rtc.pop()
            esp.restart("watchdog")

        ask, esp.ntptime.time = esp.ntptime.time, hang
        for i in range(8):
            if i == 4:  # from here on it hangs in an upload
                esp.ntptime.time, house.on_progress = ask, hang
            run_until_it_hangs()
            assert safemode.reason() is None
            assert "while it waited for the network" in crashes.ended
        # Behind the wait it is a fault as any other.
        house.on_progress = None
        esp.on_ticks = lambda: arrived() and hang()
        for i in range(3):
            run_until_it_hangs()
            assert (safemode.reason() is None) == (i < 2)


def test_a_micropython_that_is_too_old_is_told_of():
    def interrupt():
        raise KeyboardInterrupt

    for version, card, wanted in (
        ((1, 21), False, "take 1.22 or later"),
        ((1, 22), False, None),
        ((1, 22), True, "take 1.24.1 or later"),
        ((1, 24), True, None),
        ((1, 29), True, None),
    ):
        with House(micropython=version) as house:
            if card:
                house.sections["outbox"]["path"] = "/sd/outbox"
                house.sections["trigger"] = {"pir_pin": 12}
            settings = house.config()
            house.esp.on_ticks = interrupt
            raises(KeyboardInterrupt, app.run, settings)
            assert house.count("WARNING MicroPython", "too old") == (wanted is not None), version
            assert wanted is None or house.count(wanted) == 1


def test_senseless_rtc_memory_of_the_right_form_delays_a_picture_at_most():
    # Of another firmware, or another version of this one: each check sum is right.
    places = [value for name, value in sorted(rtc.__dict__.items()) if isinstance(value, tuple)]
    assert (0, 16) in places and len(places) > 12
    turns = (bytes(44), b"\xff" * 44, b"\x7f" * 44, b"\x80" * 44, b"\1" * 44, b"\2\0\0\0" * 11)
    turns += (b"\0\0\0\0\xff\xff\xff\x7f" * 6, b"\3\0\0\0\xff\xff\xff\xff\xff\xff\xff\x7f" * 4)
    with House() as house:
        for number, pattern in enumerate(turns):
            for cause in ("deep_sleep", "soft_reset", "watchdog", "reset"):
                for place in places:
                    rtc.remember(place, pattern[: place[1]])
                house.esp.restart(cause)
                watchdog.started()
                safemode.reason()
                house.start()
                before = Counters().as_dict()["sent"]
                house.esp.go(20000)
                house.esp.pulse()
                house.turns(until=lambda before=before: Counters().as_dict()["sent"] != before)
                house.app.status()
                assert house.esp.ticks < 200000, (number, cause)
                house.app.close()


# Stopped


def said(house, *lines_of_config):
    """Run main() with a config.json; return what it printed."""
    printed = []
    with open("config.json", "w") as file:
        file.write(json.dumps(house.sections) if not lines_of_config else lines_of_config[0])
    log.print = printed.append
    try:
        app.main()
    finally:
        del log.print
    return printed


def test_what_a_person_must_mend_is_said_in_one_line():
    def no_region(house):
        del house.sections["cloud"]["region"]
        return "cloud.region: missing"

    def no_ca(house):
        house.sections["cloud"]["endpoint"] = env("SERVICE_TLS")
        house.sections["cloud"]["ca"] = "missing.der"
        return "missing.der"

    def no_board(house):
        house.sections["camera"] = {"board": "ai-tinker"}
        return "perhaps ai-thinker"

    def no_wifi(house):
        house.sections["wifi"] = []
        return "wifi"

    def sensor_on_the_camera(house):
        house.sections["camera"] = {"board": "esp-eye"}
        house.sections["trigger"] = {"pir_pin": 13}
        return "trigger.pir_pin: GPIO13 is the camera's on the board esp-eye, set it to null"

    def sensor_on_the_psram(house):
        house.sections["trigger"] = {"pir_pin": 16}
        return "GPIO16 belongs to flash or PSRAM, or is none, on the board ai-thinker"

    def sensor_that_cannot_wake_it(house):
        house.sections["camera"] = {"board": "xiao-esp32s3-sense"}
        house.sections["trigger"] = {"pir_pin": 42}
        house.sections["power"] = {"mode": "deepsleep"}
        return "GPIO42 cannot wake the chip on the board xiao-esp32s3-sense, set it to 1"

    sensors = (sensor_on_the_camera, sensor_on_the_psram, sensor_that_cannot_wake_it)
    for breaks in (no_region, no_ca, no_board, no_wifi) + sensors:
        with House() as house:
            wanted = breaks(house)
            (line,) = said(house)
            assert line.startswith("STOPPED ") and wanted in line, line
            assert TOKEN not in line and KEY not in line
            assert house.lines() == [line]
            # The LED tells of it, where the file says which board this is.
            if breaks in (no_region, no_ca, no_wifi, sensor_on_the_psram):
                assert house.esp.outputs[33] == 0
            elif breaks is no_board:
                assert 33 not in house.esp.outputs
            # Nothing restarts it for ever.
            assert house.esp.dog is None and house.esp.log == []


def test_what_a_person_must_mend_blinks():
    with House() as house:
        house.sections["wifi"] = []
        said(house)
        esp = house.esp
        (number,) = esp.timers
        shown = []
        for _ in range(40):
            shown.append(esp.outputs[33])
            esp.go(esp.timers[number].period)
            esp.fire(number)
        on, off = [0] * 3, [1] * 3
        assert shown == on + off + on + off + [1] * 28
        # Any number of starts leaves the ticks going: the 254th timer would stop them. Without
        # one the LED stays on; a restart of the chip gives all of them back.
        for start in range(300):
            assert (1 in esp.timers) == (start < 8)
            esp.restart("soft_reset")
            watchdog.started()
            said(house)
        assert not esp.still and not esp.timers and esp.outputs[33] == 0
        esp.restart("reset")
        watchdog.started()
        said(house)
        assert 1 in esp.timers


def test_no_configuration_at_all():
    with House() as house:
        (line,) = said(house, "")
        assert line.startswith("STOPPED config.json: not JSON")


def test_a_crash_restarts():
    with House() as house:
        house.camera.on_capture = lambda: 1 // 0  # no driver raises that
        with open("config.json", "w") as file:
            file.write(json.dumps(house.sections))
        raises(Gone, app.main)
        assert house.esp.log[-1] == "reset"
        assert Counters().as_dict()["crash"] == 1
        assert house.count("ERROR crashed, ZeroDivisionError") == 1


# Deep sleep


def deep(**options):
    trigger = options.pop("trigger", {"pir_pin": 13, "every_s": 300})
    return House(power={"mode": "deepsleep"}, trigger=trigger, **options)


def test_wakes_photographs_sends_and_sleeps():
    with deep() as house:
        esp = house.esp
        slept = house.sleep()
        # After power-on it stays up a little, for mpremote.
        assert esp.ticks >= 8000
        assert len(arrived()) == 1
        assert esp.wake_pin == 13 and 280000 < slept <= 300000
        for i in range(3):
            house.wake()
            order = []
            house.camera.on_capture = lambda order=order: order.append("capture")
            begin = len(esp.air.calls)
            house.sleep()
            assert order and esp.air.calls[begin:].count("connect") == 1
            assert esp.ticks < 4000  # no longer up than it must
            assert len(arrived()) == i + 2
        assert house.count("INFO asleep, 0 waiting, waking in", "or at motion") == 4
        assert Counters().as_dict()["deep_sleep"] == 3


def test_captures_first_then_joins():
    with deep(trigger={"pir_pin": 13, "every_s": 0}) as house:
        house.sleep()
        assert house.esp.slept == 0 and house.esp.wake_pin == 13
        house.wake(by_pin=True, after_ms=3600000)
        at = []
        house.camera.on_capture = lambda: at.append(len(house.esp.air.calls))
        calls = len(house.esp.air.calls)
        house.sleep()
        assert at and set(at) == {calls}  # the radio was not touched before
        assert len(arrived()) == 1
        assert house.count("upload", "pir") == 1


def test_the_pin_still_high_makes_no_wake_loop():
    with deep(trigger={"pir_pin": 13, "every_s": 0}) as house:
        house.sleep()
        house.esp.drive(13, 1)
        house.wake(by_pin=True, after_ms=60000)
        house.sleep()
        assert house.esp.wake_pin is None
        assert 1000 <= house.esp.slept <= 10000
        frames = house.camera.frames
        for _ in range(5):
            house.wake()
            assert house.sleep() == 10000
        assert house.camera.frames == frames  # nobody new
        house.esp.drive(13, 0)
        house.wake()
        assert house.sleep() == 0 and house.esp.wake_pin == 13


def test_the_cooldown_holds_over_sleep():
    with deep(trigger={"pir_pin": 13, "every_s": 0, "cooldown_s": 60}) as house:
        house.sleep()
        house.wake(by_pin=True, after_ms=100000)
        house.sleep()
        frames = house.camera.frames
        house.wake(by_pin=True, after_ms=20000)
        house.sleep()
        assert house.camera.frames == frames
        house.wake(by_pin=True, after_ms=60000)
        house.sleep()
        assert house.camera.frames > frames


def test_sleeps_no_longer_than_the_backoff():
    with deep(trigger={"pir_pin": 13, "every_s": 7200}) as house:
        fault(errcode=5001, times=3)
        slept = house.sleep()
        assert 0 < slept <= 10000  # a part of it was spent awake
        for low, high in ((15000, 20000), (30000, 40000)):
            house.wake()
            slept = house.sleep()
            assert low - 500 < slept <= high, slept
        house.wake()
        house.sleep()
        assert len(arrived()) == 1
        assert house.esp.slept > 7000000
        # No request before its time: each in the log 10 s after the last at least.
        assert house.count("upload failed") == 3


def test_a_shorter_period_than_the_backoff():
    with deep(trigger={"pir_pin": None, "every_s": 60}) as house:
        fault(errcode=4008, times=1)
        house.sleep()
        assert house.esp.slept <= 60000
        requests = len(uploads())
        for _ in range(3):
            house.wake()
            begin = len(house.esp.air.calls)
            house.sleep()
            assert "connect" not in house.esp.air.calls[begin:]  # why should it
        assert len(uploads()) == requests == 1
        assert house.count("INFO asleep, 4 waiting") == 1


def test_pictures_that_waited_keep_the_pace():
    with deep(trigger={"pir_pin": 13, "every_s": 0}) as house:
        house.sleep()
        house.esp.air.vanish("home")
        for _ in range(3):
            house.wake(by_pin=True, after_ms=60000)
            house.sleep()
        assert uploads() == []
        house.esp.air.add(*HOME)
        house.wake(after_ms=900000)
        assert house.sleep() == 0
        found = arrived()
        assert len(found) == 3 and found == sorted(found)
        assert 20000 <= house.esp.ticks <= 30000


def test_motion_at_the_last_moment():
    # While the camera is switched off: the line is high already when the board goes to sleep.
    with deep(trigger={"pir_pin": 13, "every_s": 0, "cooldown_s": 1}) as house:
        house.sleep()

        def on_close():
            house.camera.on_close = None
            house.esp.drive(13, 1)

        house.camera.on_close = on_close
        house.wake(by_pin=True, after_ms=60000)
        house.sleep()
        assert app.status()["captured"] == 2
        assert 0 < house.esp.slept <= 10000
        house.esp.drive(13, 0)
        house.wake()
        house.sleep()
        assert len(set(arrived())) == 2


def test_motion_while_it_decides_how_to_sleep():
    # Between the last look at the triggers and the look at the line, which is high then.
    with deep(trigger={"pir_pin": 13, "every_s": 0, "cooldown_s": 1}) as house:
        house.sleep()
        healthy = crashes.healthy

        def late():
            crashes.healthy = healthy
            house.esp.drive(13, 1)
            healthy()

        crashes.healthy = late
        house.wake(by_pin=True, after_ms=60000)
        house.sleep()
        house.esp.drive(13, 0)
        if house.esp.wake_pin is None:
            house.wake(after_ms=house.esp.slept)
        else:
            house.wake(by_pin=True)
        house.sleep()
        assert app.status()["captured"] == 2


def test_no_network_is_given_up_for_now():
    with deep(trigger={"pir_pin": 13, "every_s": 0}) as house:
        house.sleep()
        house.esp.air.vanish("home")
        house.wake(by_pin=True, after_ms=60000)
        slept = house.sleep()
        assert 25000 <= house.esp.ticks <= 45000
        assert slept <= 10000 and house.count("next try in 10 s: no Wi-Fi") == 1
        waits = []
        for _ in range(9):
            house.wake()
            waits.append(house.sleep())
        assert waits[-1] > 600000, waits  # a battery is not for looking around
        assert max(waits) <= 900000
        house.esp.air.add(*HOME)
        house.wake()
        house.sleep()
        assert len(arrived()) == 1 and house.esp.slept == 0


def test_an_outbox_that_cannot_be_read_lets_it_sleep():
    with deep(trigger={"pir_pin": 13, "every_s": 0}) as house:
        from thingscam.outbox.policy import Outbox

        kept = Outbox.oldest
        Outbox.oldest = lambda self: None
        try:
            house.esp.pulse()
            house.wake(by_pin=True, after_ms=60000)
            house.sleep()
        finally:
            Outbox.oldest = kept
        assert house.esp.ticks < 60000
        assert 0 < house.esp.slept <= 10000


def test_what_draws_current_is_switched_off():
    with deep() as house:
        house.sleep()
        esp = house.esp
        assert sorted(esp.held) == [4, 32]
        assert esp.outputs[32] == 1 and esp.outputs[4] == 0  # the camera's PWDN, the light
        assert esp.outputs[33] == 1  # the LED is off
        assert not esp.air.active() and not house.camera.running
        house.wake()
        house.camera.on_capture = lambda: esp.log.append(list(esp.held))
        house.sleep()
        assert [] in esp.log  # let go before the camera starts


def test_a_good_wake_up_forgets_crashes():
    with deep() as house:
        rtc.remember(rtc.CRASHES, bytes([2, 0]))
        house.sleep()
        assert rtc.recall(rtc.CRASHES) == bytes([0, 0])


# Flash or card fails


class Corrupt:
    """The flash cannot be listed any more, as littlefs says when it is corrupt."""

    def __enter__(self):
        self._kept = folder.ilistdir, folder.os
        folder.ilistdir = _corrupt
        folder.os = Names(mkdir=_corrupt, rmdir=_corrupt, rename=_corrupt, stat=_corrupt)
        return self

    def __exit__(self, *_):
        folder.ilistdir, folder.os = self._kept


def _corrupt(*_):
    raise OSError(84)


def test_pictures_that_the_flash_does_not_take_are_sent_from_memory():
    for psram in (True, False):
        with House(psram, trigger={"pir_pin": 13, "cooldown_s": 0}) as house:
            house.start()
            house.turns(until=house.online)
            seen = len(arrived())
            with Corrupt():
                for i in range(4):
                    house.esp.pulse()
                    house.turns(until=lambda n=seen + i: len(arrived()) > n)
                assert house.app.status()["dropped"] == 0
                house.turns(20000, apart_ms=180)
                lines = house.count("WARNING ")
                assert lines <= 4 and house.count("WARNING picture not kept: ") == lines
                assert house.count("WARNING", "84") == lines
                assert house.app._outbox.fault is not None
                # Without Wi-Fi there is no other way: what memory holds is kept when it can be.
                house.esp.air.vanish(HOME[0])
                house.turns(12000, apart_ms=180)
                house.esp.pulse()
                house.turns(2000)
            house.turns(20000, apart_ms=180)
            assert len(house.app._outbox) == 1 and house.app._outbox.fault is None
            assert house.app.status()["dropped"] == 0
            assert house.app.status()["captured"] == 5


def test_a_deep_sleeper_sends_what_the_flash_does_not_take():
    for psram in (True, False):
        with deep(psram=psram, trigger={"pir_pin": 13, "every_s": 0}) as house:
            house.sleep()
            seen = len(arrived())
            with Corrupt():
                for i in range(3):
                    house.esp.pulse()
                    house.wake(by_pin=True, after_ms=60000)
                    house.sleep()
                    assert len(arrived()) == seen + i + 1, house.lines()
                assert Counters().as_dict()["dropped"] == 0
                house.esp.air.vanish(HOME[0])
                house.esp.pulse()
                house.wake(by_pin=True, after_ms=60000)
                house.sleep()
            assert Counters().as_dict()["dropped"] == 1
            assert house.count("ERROR picture of", "lost: neither kept nor sent in time") == 1


def test_a_drivers_buffer_is_sent_before_the_next_capture_or_lost():
    with House(trigger={"pir_pin": 13, "cooldown_s": 0}) as house:
        house.start()
        house.esp.air.networks.clear()
        with Corrupt():
            for _ in range(3):
                house.esp.pulse()
                house.turns(2000)
            assert house.app._capture.holds()
            assert house.count("picture of", "lost: neither kept nor sent") == 2
            assert house.app.status()["dropped"] == 2
            house.esp.air.add(*HOME)

            def moved(sent):
                house.esp.pulse()  # while it is sent: that buffer must not be overwritten
                house.on_progress = None

            house.on_progress = moved
            seen = len(arrived())
            house.turns(until=lambda: len(arrived()) == seen + 2)
