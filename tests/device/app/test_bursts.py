# bursts: several pictures for one motion, and more while the sensor's line stays high.

from fakeboard import Names, Notes, on_board
from thingscam import bursts


def start(burst=1, burst_ms=500, retrigger_s=0, cooldown_s=10, every_s=0):
    settings = Names(pir_pin=13, every_s=every_s, cooldown_s=cooldown_s)
    settings.burst, settings.burst_ms, settings.retrigger_s = burst, burst_ms, retrigger_s
    return bursts.Bursts(settings, Notes())


def taken(esp, watcher, ms, takes_ms=0, step=20):
    """Let `ms` go by; return [(ms since the beginning, cause)] of the pictures asked for."""
    found = []
    begin = esp.ticks
    while esp.ticks - begin < ms:
        cause = watcher.cause()
        if cause:
            found.append((esp.ticks - begin, cause))
            esp.go(takes_ms)
            watcher.ended()
        esp.go(step)
    return found


@on_board
def test_a_motion_is_so_many_pictures(esp):
    watcher = start(burst=3, every_s=3600)
    assert taken(esp, watcher, 2000) == [(0, "timer")]
    esp.go(10000)
    esp.pulse()
    assert taken(esp, watcher, 9000) == [(0, "pir 1/3"), (500, "pir 2/3"), (1000, "pir 3/3")]


@on_board
def test_tells_when_the_next_one_follows(esp):
    watcher = start(burst=2)
    assert watcher.follows_ms() < 0 and not watcher.wanted()
    esp.pulse()
    assert watcher.cause() == "pir 1/2"
    esp.drive(13, 0)
    assert watcher.follows_ms() == 500
    esp.go(400)
    assert watcher.follows_ms() == 100 and watcher.cause() is None and watcher.wanted()
    esp.go(700)
    assert watcher.follows_ms() == 0
    assert watcher.cause() == "pir 2/2"
    assert watcher.follows_ms() < 0 and not watcher.wanted()


@on_board
def test_a_slow_camera_makes_nothing_up(esp):
    watcher = start(burst=4, burst_ms=1000)
    esp.pulse()
    found = taken(esp, watcher, 1, takes_ms=2500)
    found += [(2520 + at, cause) for at, cause in taken(esp, watcher, 4000)]
    assert found == [(0, "pir 1/4"), (2520, "pir 2/4"), (3520, "pir 3/4"), (4520, "pir 4/4")]


@on_board
def test_the_cooldown_counts_from_the_last_of_them(esp):
    watcher = start(burst=3, burst_ms=4000)
    esp.pulse()
    taken(esp, watcher, 8020)
    esp.go(9000)
    esp.pulse()
    assert watcher.cause() is None
    esp.go(1100)
    esp.pulse()
    assert watcher.cause() == "pir 1/3"


@on_board
def test_motion_and_period_wait_for_the_end_of_a_burst(esp):
    watcher = start(burst=3, cooldown_s=0, every_s=10)
    assert watcher.cause() == "timer"
    watcher.ended()
    esp.go(9500)
    esp.pulse()
    found = taken(esp, watcher, 600)
    esp.pulse()
    found += taken(esp, watcher, 5000)
    words = "pir 1/3,pir 2/3,pir 3/3,pir 1/3,pir 2/3,pir 3/3,timer"
    assert ",".join(cause for _, cause in found) == words


@on_board
def test_one_more_while_the_line_stays_high(esp):
    watcher = start(burst=2, retrigger_s=30)
    esp.drive(13, 1)
    found = taken(esp, watcher, 100000)
    assert [cause for _, cause in found] == ["pir 1/2", "pir 2/2", "pir", "pir", "pir"]
    assert [at // 1000 for at, _ in found] == [0, 0, 30, 60, 90]
    esp.drive(13, 0)
    assert taken(esp, watcher, 100000) == []


@on_board
def test_a_line_that_was_high_before_has_its_turn_too(esp):
    esp.levels[13] = 1
    watcher = start(retrigger_s=30)
    assert [cause for _, cause in taken(esp, watcher, 70000)] == ["pir", "pir"]


@on_board
def test_a_line_that_bounces_is_not_one_that_stays(esp):
    watcher = start(retrigger_s=10)
    found = 0
    for i in range(6000):  # two minutes
        esp.drive(13, i % 2)
        if watcher.cause():
            found += 1
            watcher.ended()
        esp.go(20)
    assert found <= 6  # half a minute until it is known: then one a minute


@on_board
def test_it_goes_on_over_deep_sleep(esp):
    watcher = start(retrigger_s=300)
    esp.drive(13, 1)
    assert watcher.cause() == "pir"
    watcher.ended()
    slept = 1000
    for _ in range(3):
        esp.go(1000)
        found = []
        while not found:
            ms, pin = watcher.sleep_plan()
            assert pin is None and 0 < ms <= 60000  # whether it is low is looked at as ever
            esp.wake(ms)
            slept += ms
            watcher = start(retrigger_s=300)
            found = taken(esp, watcher, 20)
        assert found == [(0, "pir")]
        assert 299000 <= slept <= 310000
        slept = 1020
    esp.drive(13, 0)
    assert watcher.cause() is None and watcher.sleep_plan()[1] is not None
