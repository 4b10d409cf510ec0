# trigger.Trigger: the motion sensor, the period and the wake-up, over sleep, resets and clocks.

try:
    import dis
except ImportError:  # MicroPython; in CPython's code the same statements jump
    dis = None

from fakeboard import PERIOD, Names, Notes, on_board
from thingscam import trigger
from thingscam.board import chip, rtc

DAY_MS = 86400000


def start(pir_pin=13, every_s=0, cooldown_s=10, notes=None):
    settings = Names(pir_pin=pir_pin, every_s=every_s, cooldown_s=cooldown_s)
    return trigger.Trigger(settings, notes or Notes())


def taken(esp, watcher, ms, step=50):
    """Let `ms` go by; return [(ms since the beginning, cause)] of the pictures asked for."""
    found = []
    for at in range(0, ms, step):
        cause = watcher.cause()
        if cause:
            found.append((at, cause))
        esp.go(step)
    return found


@on_board
def test_motion_is_one_picture(esp):
    watcher = start()
    assert watcher.cause() is None
    esp.pulse()
    assert watcher.cause() == "pir"
    assert watcher.cause() is None


@on_board
def test_sees_what_no_interrupt_tells(esp):
    # As after esp_camera_deinit() of esp32-camera 2.0.4 to 2.0.9 on an ESP32.
    watcher = start(cooldown_s=0)
    for _ in range(3):
        esp.irqs.clear()
        esp.drive(13, 1)
        assert watcher.pending() and watcher.cause() == "pir"
        assert watcher.cause() is None  # the line is still high: one motion
        esp.drive(13, 0)
        assert watcher.cause() is None
    esp.pulse()  # it listens again
    assert watcher.cause() == "pir" and watcher.cause() is None


@on_board
def test_a_line_that_was_high_before_is_no_motion(esp):
    esp.levels[13] = 1
    watcher = start()
    assert watcher.cause() is None and not watcher.pending()


@on_board
def test_a_burst_within_the_cooldown_makes_one_picture(esp):
    watcher = start(cooldown_s=10)
    found = []
    for _ in range(99):
        esp.pulse()
        found += taken(esp, watcher, 100)
    assert found == [(0, "pir")]
    esp.go(100)  # 10 s after the picture
    assert watcher.cause() is None  # what came within it is one with it
    esp.pulse()
    assert watcher.cause() == "pir"


@on_board
def test_without_a_cooldown_each_motion_counts(esp):
    watcher = start(cooldown_s=0)
    for _ in range(3):
        esp.pulse()
        assert watcher.cause() == "pir"
        esp.go(1000)


@on_board
def test_a_second_lies_between_two_pictures(esp):
    # From the end of one: a capture and a write to flash may take longer than a second.
    watcher = start(cooldown_s=0, every_s=600)
    assert watcher.cause() == "timer"
    watcher.ended()
    for _ in range(3):
        esp.pulse()
        assert watcher.cause() is None and watcher.pending()
        esp.go(999)
        assert watcher.cause() is None
        esp.go(1)
        assert watcher.cause() == "pir"  # late, and not lost
        esp.go(2500)
        watcher.ended()
    # Also after days: the ticks wrap.
    for quiet_ms in (7 * DAY_MS, PERIOD + 500, 40 * DAY_MS):
        taken(esp, watcher, quiet_ms, step=3600000)
        esp.go(1000)
        esp.pulse()
        assert watcher.cause() in ("pir", "timer")
        watcher.ended()


def bounce(esp, watcher, hz, ms, blocked=False):
    """Let the line bounce, and look at it as the loop does; return the pictures asked for."""
    found = 0
    half_ms = 500 // hz
    for at in range(0, ms, 2 * half_ms):
        esp.drive(13, 1)
        esp.go(half_ms)
        esp.drive(13, 0)
        esp.go(half_ms)
        if not blocked and at % 20 == 0 and watcher.cause():
            found += 1
            watcher.ended()
    return found


@on_board
def test_a_line_that_bounces_is_one_picture_a_second_and_is_said_once(esp):
    notes = Notes()
    watcher = start(cooldown_s=0, notes=notes)
    assert 27 <= bounce(esp, watcher, 50, 29000) <= 30
    assert notes.lines == []
    # Then one a minute, and what waits can go.
    assert bounce(esp, watcher, 50, 240000) in (4, 5, 6)
    assert len(notes.lines) == 1 and notes.count("WARNING the sensor bounces", "GPIO13") == 1
    # It may be fixed.
    taken(esp, watcher, 120000)
    esp.go(2000)
    esp.pulse()
    assert watcher.cause() == "pir"


@on_board
def test_a_line_that_bounces_takes_nothing_from_the_period(esp):
    watcher = start(every_s=10)
    bounce(esp, watcher, 50, 60000)
    assert 12 <= bounce(esp, watcher, 50, 120000) <= 14


@on_board
def test_a_line_that_bounces_is_looked_at_seldom_in_deep_sleep(esp):
    # Each wake is too short to tell, and the line may be low as the sleep begins.
    notes = Notes()
    watcher = start(cooldown_s=10, notes=notes)
    for wakes in range(9):
        assert len(notes.lines) == (wakes > 4), wakes
        bounce(esp, watcher, 50, 7500)
        ms, pin = watcher.sleep_plan()
        assert (pin is None, ms) == ((True, 60000) if wakes >= 4 else (False, 0)), wakes
        esp.wake(ms or 5000, by_pin=pin is not None)
        watcher = start(cooldown_s=10, notes=notes)
    # A second without an edge, and it wakes the board again.
    assert taken(esp, watcher, 900) == [] and watcher.restless()
    esp.go(100)
    assert not watcher.restless() and watcher.sleep_plan()[1] is not None
    # What goes on later is not said again.
    bounce(esp, watcher, 50, 60000)
    assert watcher.sleep_plan()[1] is None and len(notes.lines) == 1


@on_board
def test_who_waits_for_a_sensor_that_never_rests_waits_a_minute(esp):
    watcher = start(cooldown_s=0)
    for _ in range(2):
        waited = 0
        while True:
            esp.pulse()
            if not watcher.wanted():
                break
            if watcher.cause():
                watcher.ended()
            esp.go(20)
            waited += 20
        assert 59000 <= waited <= 61000
        bounce(esp, watcher, 50, 9000)
        # Another question, a day later.


@on_board
def test_pictures_by_time_leave_the_loop_its_share(esp):
    watcher = start(pir_pin=None, every_s=1)
    found = []
    for _ in range(20):
        if watcher.cause():
            found.append(esp.ticks)
            esp.go(3000)  # a slow card, say
            watcher.ended()
        esp.go(500)
    assert len(found) > 4
    for i in range(1, len(found)):
        assert found[i] - found[i - 1] == 4000


@on_board
def test_a_storm_of_edges_leaves_the_processor_alone(esp):
    watcher = start(cooldown_s=0)
    watcher.cause()
    for _ in range(100):
        esp.pulse()
    assert watcher.cause() == "pir"
    assert esp.irqs[13] is None
    watcher.ended()
    # The line is looked at all the same, and it listens again a little later.
    esp.go(1100)
    esp.drive(13, 1)
    assert watcher.cause() == "pir"
    watcher.ended()
    esp.drive(13, 0)
    esp.go(1100)
    watcher.cause()
    esp.pulse()
    assert watcher.cause() == "pir"


@on_board
def test_a_busy_day_is_no_bouncing(esp):
    # As a PIR module does at its quickest: two seconds high, two seconds low.
    notes = Notes()
    watcher = start(cooldown_s=0, notes=notes)
    found = 0
    for _ in range(900):
        esp.drive(13, 1)
        found += len(taken(esp, watcher, 2000))
        esp.drive(13, 0)
        found += len(taken(esp, watcher, 2000))
    assert found == 900
    # Nor is what comes while nothing is let in for long.
    for _ in range(60):
        for _ in range(8):
            esp.pulse()
        esp.go(21000)
        watcher.cause()
    assert notes.lines == []


@on_board
def test_the_period_starts_at_once_and_does_not_drift(esp):
    watcher = start(every_s=7)
    # The loop comes round at odd times.
    found = taken(esp, watcher, 70 * 7000, step=64)
    assert len(found) == 70 and {cause for _, cause in found} == {"timer"}
    for i, (at, _) in enumerate(found):
        assert 0 <= at - i * 7000 < 64, (i, at)


@on_board
def test_missed_periods_are_not_made_up(esp):
    watcher = start(every_s=10)
    assert watcher.cause() == "timer"
    esp.go(95000)
    assert taken(esp, watcher, 25000) == [(0, "timer"), (10000, "timer"), (20000, "timer")]


@on_board
def test_motion_and_period_together(esp):
    watcher = start(every_s=60, cooldown_s=10)
    assert watcher.cause() == "timer"
    esp.go(3000)
    esp.pulse()
    assert watcher.cause() is None  # the picture of 3 s ago shows it
    esp.go(20000)
    esp.pulse()
    assert watcher.cause() == "pir"
    # The period does not mind.
    assert taken(esp, watcher, 97050) == [(37000, "timer"), (97000, "timer")]


@on_board
def test_without_a_sensor_nothing_is_watched(esp):
    watcher = start(pir_pin=None, every_s=5)
    assert esp.irqs == {}
    assert watcher.cause() == "timer"
    assert watcher.sleep_plan() == (5000, None)


@on_board
def test_works_on_a_computer(esp):
    chip.machine = None
    watcher = start(every_s=5)
    assert taken(esp, watcher, 11000) == [(0, "timer"), (5000, "timer"), (10000, "timer")]


@on_board
def test_close_leaves_the_sensor_alone(esp):
    watcher = start()
    watcher.close()
    esp.pulse()
    assert watcher.cause() is None


@on_board
def test_motion_after_quiet_weeks_is_seen_at_once(esp):
    # The ticks wrap after 12.4 days: 7 days look like the future, 12.43 like just now.
    for quiet_ms in (7 * DAY_MS, PERIOD - 1000, PERIOD + 3000, PERIOD + PERIOD // 2, 40 * DAY_MS):
        for cooldown_s in (10, 86400):
            watcher = start(cooldown_s=cooldown_s)
            esp.go(2 * DAY_MS)
            esp.pulse()
            assert watcher.cause() == "pir"
            taken(esp, watcher, quiet_ms, step=3600000)
            esp.pulse()
            assert watcher.cause() == "pir", (quiet_ms, cooldown_s)


@on_board
def test_the_longest_period_holds_over_the_wrap(esp):
    watcher = start(every_s=518400)  # 6 days
    found = taken(esp, watcher, 61 * DAY_MS, step=60000)
    assert [at for at, _ in found] == [i * 6 * DAY_MS for i in range(11)]


@on_board
def test_the_cooldown_holds_over_deep_sleep(esp):
    esp.pulse()
    watcher = start(cooldown_s=30)
    esp.pulse()
    assert watcher.cause() == "pir"
    esp.go(2000)
    esp.wake(9000, by_pin=True)
    assert start(cooldown_s=30).cause() is None
    esp.go(1000)
    esp.wake(17500, by_pin=True)  # 29.5 s after the picture
    assert start(cooldown_s=30).cause() is None
    esp.wake(600, by_pin=True)
    assert start(cooldown_s=30).cause() == "pir"


@on_board
def test_who_wakes_the_board_is_photographed(esp):
    start()
    esp.wake(60000, by_pin=True)
    watcher = start()
    assert watcher.cause() == "pir"
    assert watcher.cause() is None
    esp.wake(60000)  # by time
    assert start().cause() is None
    # The pin that woke it counts only if it is the sensor's.
    esp.wake(60000, by_pin=True)
    assert start(pir_pin=None, every_s=9000).cause() == "timer"


def nap(esp, watcher):
    # As the app does: sleep as planned, with the time that a start takes.
    ms, _ = watcher.sleep_plan()
    esp.wake(ms)
    esp.go(1700)
    return ms


@on_board
def test_the_period_does_not_drift_over_deep_sleep(esp):
    watcher = start(pir_pin=None, every_s=60)
    begin = esp.real_ms
    for i in range(50):
        assert watcher.cause() == "timer", i
        # The start of the board is in each, but they do not add up.
        late = esp.real_ms - begin - i * 60000
        assert 0 <= late <= 2100, (i, late)
        assert watcher.cause() is None
        esp.go(4300 + 37 * i)
        nap(esp, watcher)
        watcher = start(pir_pin=None, every_s=60)


@on_board
def test_a_wake_up_between_leaves_the_period_alone(esp):
    watcher = start(every_s=60)
    assert watcher.cause() == "timer"
    for slept in (20000, 15000, 20000):
        esp.wake(slept, by_pin=True)
        watcher = start(every_s=60)
        assert watcher.cause() in ("pir", None)
    left, _ = watcher.sleep_plan()
    assert 4000 <= left <= 5000, left


@on_board
def test_the_period_holds_over_resets(esp):
    for cause in ("reset", "watchdog", "soft_reset"):
        esp.power_cut()
        assert start(every_s=60).cause() == "timer"
        esp.go(20000)
        esp.restart(cause)
        watcher = start(every_s=60)
        assert watcher.cause() is None, cause
        left, _ = watcher.sleep_plan()
        assert 39000 <= left <= 40000, left
    # After a power cut nobody knows: one now.
    esp.power_cut()
    assert start(every_s=60).cause() == "timer"


@on_board
def test_the_clock_may_be_set(esp):
    # From 2000 to now, and a little forth and back, told and untold.
    # By NTP, from 2000 to now, and a little forth and back by a person.
    for off_s in (None, 30, -30):
        esp.power_cut()
        watcher = start(every_s=60, cooldown_s=20)
        esp.pulse()
        assert watcher.cause() == "pir"
        assert watcher.cause() == "timer"
        esp.go(5000)
        if off_s is None:
            rtc.set_clock(esp.real_time())
        else:
            esp.wall_ms += off_s * 1000
        assert watcher.cause() is None
        left, _ = watcher.sleep_plan()
        assert left == 55000
        esp.wake(5000, by_pin=True)
        watcher = start(every_s=60, cooldown_s=20)
        if off_s is None:
            assert watcher.cause() is None, off_s
        left, _ = watcher.sleep_plan()
        # No longer than it would be by itself, whatever the clock says.
        assert left == 50000 if off_s is None else 0 < left <= 60000, (off_s, left)


@on_board
def test_rubbish_in_rtc_memory_is_no_plan(esp):
    watcher = start(every_s=60)
    assert watcher.cause() == "timer"
    for junk in (b"", b"\xff" * 2048, bytes(300)):
        esp.rtc = junk
        assert start(every_s=60).cause() == "timer"


@on_board
def test_a_line_that_was_high_all_night_is_nobody(esp):
    # Each wake-up is a start: it must not take the line for news.
    watcher = start()
    esp.drive(13, 1)
    watcher.sleep_plan()
    esp.wake(10000)
    assert not start().wanted()
    esp.drive(13, 0)
    start().sleep_plan()
    esp.wake(10000)
    esp.drive(13, 1)
    assert start().wanted()


@on_board
def test_tells_when_a_picture_is_wanted(esp):
    # What lets nothing in for seconds asks that before it begins.
    watcher = start(every_s=600)
    assert watcher.wanted() and watcher.cause() == "timer"
    assert not watcher.wanted()
    esp.go(11000)
    esp.pulse()
    assert watcher.wanted() and watcher.cause() == "pir"
    esp.pulse()  # one with that picture
    assert not watcher.wanted()
    esp.drive(13, 1)  # somebody is there
    for _ in range(59):
        assert watcher.wanted()
        watcher.cause()
        esp.go(1000)
    # For a minute at most: a line may be high for hours.
    esp.go(1100)
    assert not watcher.wanted()
    esp.drive(13, 0)
    watcher.cause()
    assert not watcher.wanted()
    esp.drive(13, 1)
    assert watcher.wanted()
    esp.drive(13, 0)
    watcher.cause()
    esp.go(480000)
    assert not watcher.wanted()
    esp.go(60000)
    assert watcher.wanted() and watcher.cause() == "timer"


@on_board
def test_plans_the_sleep(esp):
    assert start().sleep_plan()[0] == 0
    ms, pin = start(every_s=60).sleep_plan()
    assert (ms, pin.number) == (1, 13)  # it is due
    watcher = start(every_s=60)
    watcher.cause()
    esp.go(12000)
    ms, pin = watcher.sleep_plan()
    assert (ms, pin.number) == (48000, 13)


@on_board
def test_motion_while_it_starts_by_time_is_a_picture(esp):
    watcher = start(every_s=60)
    watcher.cause()
    _, pin = watcher.sleep_plan()
    assert pin is not None
    esp.wake(60000)
    # The edge came too early for the interrupt, and too late to be why it woke.
    esp.drive(13, 1)
    watcher = start(every_s=60)
    assert watcher.pending() and watcher.cause() == "pir"
    # By any other start nobody knows what it was.
    esp.drive(13, 0)
    assert watcher.sleep_plan()[1] is not None
    esp.restart("reset")
    esp.drive(13, 1)
    assert not start().pending()


@on_board
def test_a_line_that_is_stuck_is_looked_at_seldom(esp):
    esp.drive(13, 1)
    slept = []
    for _ in range(40):
        watcher = start(cooldown_s=10)
        watcher.cause()
        ms, pin = watcher.sleep_plan()
        assert pin is None
        slept.append(ms)
        esp.wake(ms)
    assert slept == [10000] * 30 + [60000] * 10
    esp.drive(13, 0)
    assert start(cooldown_s=10).sleep_plan()[0] == 0
    esp.wake(5000, by_pin=True)
    esp.drive(13, 1)
    assert start(cooldown_s=10).sleep_plan()[0] == 10000


@on_board
def test_a_pin_still_high_makes_no_wake_loop(esp):
    watcher = start(cooldown_s=10)
    esp.drive(13, 1)
    assert watcher.cause() == "pir"
    assert watcher.sleep_plan() == (10000, None)
    # It is looked at again by time, and is no new picture as long as it stays.
    esp.wake(10000)
    watcher = start(cooldown_s=10)
    assert watcher.cause() is None
    assert watcher.sleep_plan() == (10000, None)
    esp.wake(10000)
    esp.drive(13, 0)
    watcher = start(cooldown_s=10)
    assert watcher.sleep_plan()[0] == 0
    assert watcher.sleep_plan()[1].number == 13
    # Without a cooldown it does not spin either; a nearer period is kept.
    esp.drive(13, 1)
    assert start(cooldown_s=0).sleep_plan() == (1000, None)
    watcher = start(cooldown_s=30, every_s=20)
    watcher.cause()
    assert watcher.sleep_plan() == (20000, None)


def test_no_callback_has_a_jump():
    # There MicroPython takes a Ctrl-C, and it is lost with what a callback raises.
    if dis is None:
        return
    names = [each.opname for each in dis.get_instructions(trigger.Trigger._on_rise)]
    assert names and not [name for name in names if "JUMP" in name], names
