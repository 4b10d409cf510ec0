# schedule.hours: pictures within the hours alone, awake and asleep, by clocks that go wrong.

from test_app import HOUR_MS, House, arrived

import thingscam.board.clock  # noqa: F401 - so that the played board is in its place there too
import thingscam.bursts  # noqa: F401
import thingscam.schedule.hours  # noqa: F401
from fakeboard import NOW, Names, Notes, on_board
from support import fault
from thingscam.extras import trigger
from thingscam.schedule.windows import Windows

BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"
WEEKDAYS = {"days": "mon-fri", "from": "07:00", "to": "18:00"}
OPENS = 1790053200  # 22 September 2026, 7:00 in Berlin; NOW is the day before, 16:13 there
CLOSES = 1790006400  # 18:00 on that day
MINUTE_MS = 60000


class Time:
    """A Clock that somebody sets."""

    def __init__(self, esp):
        self._esp = esp

    def now(self):
        year = self._esp._gmtime()[0]
        return self._esp.wall_ms // 1000 + self._esp.offset_s if year > 2020 else None

    def is_set(self):
        return self.now() is not None


def start(
    esp, *windows, every_s=0, outside="nothing", notes=None, extras=("schedule",), retrigger_s=0
):
    settings = Names(
        windows=windows, outside=outside, timezone=BERLIN, latitude=None, longitude=None
    )
    config = Names(
        extras=extras,
        schedule=settings,
        power=Names(mode="awake"),
        trigger=Names(
            pir_pin=13,
            every_s=every_s,
            cooldown_s=0,
            burst=3,
            burst_ms=1000,
            retrigger_s=retrigger_s,
        ),
    )
    return trigger(config, notes or Notes(), Time(esp))


def taken(esp, watcher, ms, step=1000, moves=False):
    """Let `ms` go by; return the number of pictures asked for, by cause."""
    found = {"pir": 0, "timer": 0}
    for _ in range(0, ms, step):
        if moves:
            esp.pulse()
        cause = watcher.cause()
        if cause:
            found[cause] += 1
            watcher.ended()
        esp.go(step)
    return found


@on_board
def test_outside_the_hours_nothing_is_taken_and_it_is_said_once(esp):
    notes = Notes()
    watcher = start(esp, WEEKDAYS, every_s=600, notes=notes)
    esp.set_clock()
    to_close = CLOSES * 1000 - esp.real_ms
    found = taken(esp, watcher, to_close, 20000)
    assert found == {"pir": 0, "timer": 11}
    assert watcher.cause() is None and notes.lines == ["INFO outside the hours until tue 07:00"]
    to_open = OPENS * 1000 - esp.real_ms
    assert taken(esp, watcher, to_open, 60000, True) == {"pir": 0, "timer": 0}
    assert not esp.real_ms // 1000 < OPENS
    # What moved before is not photographed now; the period begins anew.
    assert taken(esp, watcher, 20 * MINUTE_MS, 10000) == {"pir": 0, "timer": 2}
    assert notes.lines[1:] == ["INFO within the hours until tue 18:00"]
    assert taken(esp, watcher, MINUTE_MS, 10000, True)["pir"] == 6


@on_board
def test_by_motion_alone_outside_the_hours(esp):
    watcher = start(esp, WEEKDAYS, every_s=600, outside="motion")
    esp.set_clock()
    esp.go(CLOSES * 1000 - esp.real_ms)
    assert taken(esp, watcher, HOUR_MS, 30000, True) == {"pir": 120, "timer": 0}


@on_board
def test_always_within_the_hours(esp):
    notes = Notes()
    watcher = start(esp, {}, every_s=6 * 3600, notes=notes)
    esp.set_clock()
    assert taken(esp, watcher, 9 * 24 * HOUR_MS, 60000)["timer"] == 36
    assert watcher.hours.status() == {"hours": "within the hours for a week"}
    assert not notes.lines


@on_board
def test_a_burst_is_taken_to_its_end_and_a_line_that_stays_high_is_nobody(esp):
    watcher = start(esp, WEEKDAYS, extras=("schedule", "bursts"), retrigger_s=10)
    esp.set_clock()
    esp.go(CLOSES * 1000 - esp.real_ms - 2000)
    esp.drive(13, 1)
    found = []
    for _ in range(100):
        found += [watcher.cause()]
        esp.go(1000)
    assert [each for each in found if each] == ["pir 1/3", "pir 2/3", "pir 3/3"]
    assert watcher.follows_ms() < 0
    esp.go(OPENS * 1000 - esp.real_ms)
    assert watcher.cause() == "pir"  # it is still high


@on_board
def test_somebody_there_is_nobody_outside_the_hours(esp):
    watcher = start(esp, WEEKDAYS, every_s=600)
    esp.set_clock()
    assert watcher.wanted()
    esp.go(CLOSES * 1000 - esp.real_ms)
    esp.drive(13, 1)
    assert not watcher.wanted() and not watcher.pending()


@on_board
def test_an_unset_clock_silences_nobody_and_a_set_one_counts_at_once(esp):
    notes = Notes()
    watcher = start(esp, WEEKDAYS, notes=notes)
    assert taken(esp, watcher, MINUTE_MS, moves=True)["pir"] > 20
    assert not notes.lines
    esp.go((CLOSES - NOW + 60) * 1000)
    esp.set_clock()
    assert taken(esp, watcher, MINUTE_MS, moves=True)["pir"] == 0
    assert notes.count("outside the hours until tue 07:00") == 1
    esp.wall_ms -= HOUR_MS  # by hand, or by a better time server
    assert taken(esp, watcher, MINUTE_MS, moves=True)["pir"] > 20
    esp.wall_ms += HOUR_MS
    assert taken(esp, watcher, MINUTE_MS, moves=True)["pir"] == 0


@on_board
def test_the_windows_are_looked_at_when_they_change_and_not_each_turn(esp):
    watcher = start(esp, WEEKDAYS)
    esp.set_clock()
    looks = []
    real = Windows.state
    Windows.state = lambda self, utc: looks.append(utc) or real(self, utc)
    try:
        taken(esp, watcher, 24 * HOUR_MS, 5000, True)
    finally:
        Windows.state = real
    assert len(looks) == 3


def sleeper(trigger=None, **sections):
    schedule = {"windows": [WEEKDAYS], "timezone": BERLIN}
    trigger = trigger or {"pir_pin": 13, "every_s": 3600, "cooldown_s": 0}
    return House(power={"mode": "deepsleep"}, trigger=trigger, schedule=schedule, **sections)


def night(house, drift):
    """Let it sleep from the evening to the first picture; return (wake-ups, when that was).

    Its clock goes wrong in a deep sleep by one part in 20, or by nothing.
    """
    esp, slept = house.esp, house.esp.slept
    frames = house.camera.frames
    for wakes in range(1, 40):
        assert esp.wake_pin is None
        esp.wake(slept)
        esp.real_ms += slept * drift // 20
        slept = house.sleep()
        if house.camera.frames > frames:
            return wakes, esp.real_ms // 1000
    raise AssertionError(house.lines())


def test_sleeps_through_the_night_and_is_never_late():
    for drift in (-1, 0, 1):
        with sleeper() as house:
            house.esp.real_ms = CLOSES * 1000 + 3 * HOUR_MS
            house.sleep()
            wakes, at = night(house, drift)
            assert OPENS - 60 <= at <= OPENS + 15, (drift, at - OPENS, wakes)
            assert wakes <= 6
            assert house.count("clock set") >= 2


def test_without_a_time_server_it_is_early_rather_than_late():
    with sleeper() as house:
        esp = house.esp
        esp.real_ms = CLOSES * 1000
        house.sleep()
        for name in list(esp.asked) + ["time.cloudflare.com", "ntp.aliyun.com"]:
            esp.ntp[name] = OSError(110)
        _, at = night(house, 1)
        assert OPENS - 2 * HOUR_MS // 1000 <= at <= OPENS + 60, at - OPENS


def test_a_sleeper_without_the_time_photographs_and_asks_again():
    with sleeper({"pir_pin": 13, "every_s": 0, "cooldown_s": 0}) as house:
        esp = house.esp
        esp.real_ms = CLOSES * 1000 + HOUR_MS
        for name in ("pool.ntp.org", "time.cloudflare.com", "ntp.aliyun.com"):
            esp.ntp[name] = OSError(110)
        assert 0 < house.sleep() <= HOUR_MS and esp.wake_pin == 13
        house.wake(by_pin=True, after_ms=MINUTE_MS)
        frames = house.camera.frames
        assert 0 < house.sleep() <= HOUR_MS and house.camera.frames > frames
        esp.ntp.clear()
        house.wake()
        house.sleep()
        # It had nothing to send, and has the time now.
        assert house.count("clock set by") == 1 and esp.wake_pin is None
        assert house.count("outside the hours until tue 07:00") == 1


def test_what_waits_is_sent_outside_the_hours():
    with sleeper() as house:
        esp = house.esp
        esp.real_ms = CLOSES * 1000 - 10 * MINUTE_MS
        house.sleep()
        count = len(arrived())
        fault(errcode=5001)
        house.wake(by_pin=True, after_ms=9 * MINUTE_MS)
        assert house.sleep() < MINUTE_MS
        esp.wake(2 * MINUTE_MS)
        assert house.sleep() > 10 * HOUR_MS
        assert len(arrived()) == count + 1
        assert house.count("outside the hours until tue 07:00") == 1


@on_board
def test_a_line_that_is_high_disturbs_no_night_and_who_has_work_to_do_does(esp):
    watcher = start(esp, WEEKDAYS, every_s=600)
    esp.set_clock()
    esp.go(CLOSES * 1000 - esp.real_ms)
    esp.drive(13, 1)
    ms, pin = watcher.hours.sleep_plan(*watcher.sleep_plan())
    assert 12 * HOUR_MS < ms < 13 * HOUR_MS and pin is None
    assert watcher.hours.sleep_plan(HOUR_MS, None) == (HOUR_MS, None)


def test_status_says_when_the_next_ones_begin():
    from thingscam import extras, loop

    with House(schedule={"windows": [WEEKDAYS], "timezone": BERLIN}) as house:
        house.esp.real_ms = CLOSES * 1000 + HOUR_MS
        house.app = extras.loop(loop.App)(house.config())
        assert house.app.status()["hours"] == "at all hours, for the clock is not set"
        house.turns(until=lambda: house.count("outside the hours until tue 07:00"))
        assert house.app.status()["hours"] == "outside the hours until tue 07:00"
        house.esp.pulse()
        house.turns(ms=30000)
        assert house.app.status()["captured"] == 0
