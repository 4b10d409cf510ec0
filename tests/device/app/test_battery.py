# battery: what is measured, what is saved, and that no broken wire silences a camera.

import thingscam.schedule.hours  # noqa: F401 - so that the played board is in its place there too
from fakeboard import Board, on_board
from house import House, arrived
from support import raises, uploads
from thingscam.board import adc

HOUR_MS = 3600000
PIN = 33


def camera(mode, mv, trigger=None, **options):
    """Return a House with a cell of `mv` millivolts behind two equal resistors."""
    house = House(
        power={"mode": mode},
        trigger=trigger or {"pir_pin": 13, "every_s": 0},
        battery=dict({"pin": PIN}, **options),
    )
    house.esp.volts[PIN] = mv / 2
    return house


def causes(house):
    """Return the causes, with their notes, of the pictures that were sent."""
    found = [each for each in house.lines() if each.startswith("INFO upload")]
    return [each.split(" bytes ")[1].split(" -> ")[0] for each in found]


# What the pin reads


def test_the_median_of_noisy_readings():
    for version in ((1, 22), (1, 24), (1, 27), (1, 29)):
        with Board(micropython=version) as esp:
            for mv in (250, 1000, 1750, 2100, 2400, 3000):
                esp.volts[PIN] = mv
                assert abs(adc.read_mv(PIN) - mv) <= 12, (version, mv)
            esp.air.active(True)  # which takes nothing from ADC1
            assert abs(adc.read_mv(PIN) - 3000) <= 12


@on_board
def test_a_chip_whose_fuses_were_never_burnt_is_taken_as_it_is_by_design(esp):
    esp.fuses = False
    esp.volts[PIN] = 1800
    assert abs(adc.read_mv(PIN) - 1800) <= 20


def test_what_nothing_is_wired_to():
    for version in ((1, 22), (1, 27)):
        with Board(micropython=version) as esp:
            for mv, word in ((0, "reads 0"), (4000, "the most"), (None, "in turn")):
                esp.volts[PIN] = mv
                assert word in str(raises(adc.NoVoltageError, adc.read_mv, PIN))
            esp.volts[13] = 1000
            assert abs(adc.read_mv(13) - 1000) < 12  # ADC2, while the radio is off
            esp.air.active(True)
            raises(adc.NoVoltageError, adc.read_mv, 13)
            raises(adc.NoVoltageError, adc.read_mv, 23)


# Awake


def test_each_picture_tells_what_there_was():
    with camera("awake", 3910) as house:
        house.start()
        house.turns(until=house.online)
        house.esp.pulse()
        house.turns(until=lambda: len(arrived()) == 1)
        assert causes(house)[0] in ("pir 3.91V", "pir 3.90V", "pir 3.92V")
        assert house.app.status()["battery"] == "good"
        assert abs(house.app.status()["battery_mv"] - 3910) < 25
        house.esp.volts[PIN] = 3850 / 2
        house.turns(ms=61000)
        house.esp.pulse()
        house.turns(until=lambda: len(arrived()) == 2)
        assert causes(house)[1][:7] == "pir 3.8"
        assert house.count("INFO battery 3.9", "good") == 1


def test_low_and_awake_pictures_go_once_an_hour():
    with camera("awake", 3550) as house:
        house.start()
        assert house.count("WARNING battery low, 3.5") == 1
        house.turns(until=house.online)
        house.esp.pulse()
        house.turns(until=lambda: len(arrived()) == 1)  # the first hour begins
        for _ in range(3):
            house.turns(ms=600000, apart_ms=500)
            house.esp.pulse()
        assert len(uploads()) == 1
        assert "the battery is low, 3.5" in house.app.status()["blocked_reason"]
        house.turns(ms=24 * 60000, apart_ms=500)
        assert len(uploads()) == 1
        house.turns(ms=150000)
        assert len(uploads()) == 4 and causes(house)[-1].endswith("V low")
        # Between the levels it stays as it is, and above them it is good again.
        house.esp.volts[PIN] = 3700 / 2
        house.turns(ms=61000)
        assert house.app.status()["battery"] == "low"
        house.esp.volts[PIN] = 3850 / 2
        house.turns(ms=61000)
        assert house.app.status()["battery"] == "good"
        assert house.count("INFO battery charged") == 1
        house.esp.pulse()
        house.turns(ms=20000)
        assert len(uploads()) == 5


def test_critical_and_awake_a_last_picture_and_then_a_look_each_six_hours():
    with camera("awake", 3900, {"pir_pin": 13, "every_s": 1800}) as house:
        esp = house.esp
        frames = []
        # It falls while the app runs.
        house.camera.on_capture = lambda: frames.append(esp.ticks)

        def falls():
            if esp.ticks > 100000:
                esp.volts[PIN] = 3350 / 2

        esp.on_ticks = falls
        assert house.sleep() == 6 * HOUR_MS
        esp.on_ticks = None
        assert esp.wake_pin is None
        assert house.count("upload", "battery 3.3", "V critical") == 1
        assert causes(house)[-1].endswith("V critical")
        assert house.count("WARNING battery critical, 3.3", "until it has 3.6 V") == 1
        taken = len(frames)
        for _ in range(3):  # as long as it is no better
            house.wake()
            assert house.sleep() == 6 * HOUR_MS
            assert esp.ticks < 3000 and esp.air.calls[-1] != "connect"
        assert len(frames) == taken and house.count("INFO start:") == 1
        # Charged: it is the camera of before.
        esp.volts[PIN] = 3900 / 2
        house.wake()
        house.start()
        house.turns(until=house.online)
        assert house.app.status()["battery"] == "good"
        house.turns(ms=15000)
        esp.pulse()
        house.turns(until=lambda: house.count("upload", "pir 3.9") == 1)


def test_one_bad_moment_is_not_believed():
    with camera("awake", 3900) as house:
        house.start()
        sags = house.esp.ticks + 60000, house.esp.ticks + 60150

        def sag():
            low = sags[0] < house.esp.ticks < sags[1]
            house.esp.volts[PIN] = (3300 if low else 3900) / 2

        house.esp.on_ticks = sag
        house.turns(ms=180000)
        assert house.count("WARNING") == 0


# In deep sleep


def deep(mv, every_s=300, **options):
    return camera("deepsleep", mv, {"pir_pin": 13, "every_s": every_s}, **options)


def test_low_and_in_deep_sleep_pictures_go_once_an_hour():
    with deep(3550) as house:
        house.sleep()
        assert len(arrived()) == 1
        at, sent = 0, []
        while at < 3.5 * HOUR_MS:
            at += house.esp.slept
            house.wake()
            begin = len(uploads())
            calls = len(house.esp.air.calls)
            house.sleep()
            at += house.esp.ticks
            if len(uploads()) > begin:
                sent.append((at, len(uploads()) - begin))
            else:
                assert house.esp.ticks < 3000 and "connect" not in house.esp.air.calls[calls:]
        assert len(sent) == 3, sent
        assert all(11 <= count <= 13 for _, count in sent), sent


def test_low_and_in_deep_sleep_it_wakes_for_no_sending_alone():
    with deep(3550, every_s=2700) as house:
        house.sleep()
        wakes = [house.esp.slept]
        for _ in range(8):
            house.wake()
            house.sleep()
            wakes.append(house.esp.slept)
        assert all(2600000 < each <= 2700000 for each in wakes), wakes
        assert len(arrived()) == 9
    with deep(3550, every_s=0) as house:
        house.sleep()
        house.wake(by_pin=True, after_ms=60000)
        house.sleep()
        house.wake(by_pin=True, after_ms=60000)
        assert 3400000 < house.sleep() < 3600000 and len(arrived()) == 1
        house.wake()
        house.sleep()
        assert len(arrived()) == 2


def test_low_and_without_a_network_one_try_an_hour():
    with deep(3550) as house:
        house.esp.air.vanish("home")
        house.sleep()
        tries = 0
        for _ in range(26):  # more than two hours
            house.wake()
            calls = len(house.esp.air.calls)
            house.sleep()
            tries += "connect" in house.esp.air.calls[calls:]
        assert tries == 2


def test_critical_and_in_deep_sleep():
    with deep(3900) as house:
        house.sleep()
        house.esp.volts[PIN] = 3350 / 2
        house.wake()
        assert house.sleep() == 6 * HOUR_MS  # the picture that was due, and it is sent
        assert house.esp.wake_pin is None
        assert len(arrived()) == 2 and causes(house)[-1].endswith("V critical")
        frames = house.camera.frames
        for mv in (3300, 3500):  # hysteresis: the second would do to be low
            house.esp.volts[PIN] = mv / 2
            house.wake()
            assert house.sleep() == 6 * HOUR_MS and house.esp.ticks < 3000
        assert house.camera.frames == frames
        # A person has 8 s, and a picture says why there are none.
        house.esp.restart("reset")
        assert house.sleep() == 6 * HOUR_MS and house.esp.ticks > 8000
        assert house.camera.frames > frames
        house.esp.volts[PIN] = 3650 / 2
        house.wake()
        assert house.sleep() < 300000 and house.esp.wake_pin == 13
        assert house.count("WARNING battery low, 3.6") == 1


def test_critical_where_no_picture_is_due_one_tells_all_the_same():
    with deep(3550, every_s=0) as house:
        house.sleep()
        house.wake(by_pin=True, after_ms=60000)
        house.sleep()
        house.esp.volts[PIN] = 3350 / 2
        house.wake()  # to send what waits
        assert house.sleep() == 6 * HOUR_MS
        first, last = causes(house)
        assert first.startswith("pir 3.5") and last.startswith("battery 3.3"), last
        assert last.endswith("V critical")


def test_no_window_of_time_wakes_a_board_whose_battery_is_critical():
    with deep(3350) as house:
        house.sections["schedule"] = {"windows": [{"from": "10:00", "to": "10:01"}]}
        house.sleep()  # the clock is set
        assert house.esp.slept == 6 * HOUR_MS and house.esp.wake_pin is None


# What is no battery


def test_a_broken_wire_silences_no_camera():
    for mv in (0, 8000, None, 2000):
        with deep(3350) as house:
            house.sleep()
            house.esp.volts[PIN] = mv and mv / 2
            for _ in range(2):
                house.wake()
                assert house.sleep() <= 300000 and house.esp.wake_pin == 13
            assert house.count("WARNING no battery is measured, GPIO33") == 1, house.lines()
            assert causes(house)[-1] == "timer"
            assert len(arrived()) == 3


def test_the_status_led_is_left_alone_where_it_was_taken_off():
    with camera("awake", 3900) as house:
        house.start()
        house.turns(ms=1000)
        assert PIN not in house.esp.outputs and house.app._config.profile.led is None
    with camera("awake", 3900, pin=None, low_v=3.5) as house:
        house.start()
        house.turns(ms=1000)
        assert PIN in house.esp.outputs and "battery" not in house.app.status()
