# clock.Clock: NTP with fallback servers, and whether the time can be trusted.

import sys

from fakeboard import NOW, PERIOD, Board, Notes, on_board
from thingscam import clock

DAY_MS = 86400000
FIRST, SECOND, THIRD = clock.SERVERS


class Watch:
    """A Clock on a board, with its log."""

    def __init__(self, kind=None):
        self.notes = Notes()
        self.changes = []
        self.busy = False
        self.clock = (kind or clock.Clock)(self.notes, lambda: self.busy, self.changes.append)


@on_board
def test_an_unset_clock_is_not_trusted(esp):
    watch = Watch()
    assert not watch.clock.is_set()
    assert watch.clock.now() is None
    esp.wall_ms = 0  # 1970
    assert not watch.clock.is_set() and watch.clock.now() is None


@on_board
def test_is_set_at_once(esp):
    watch = Watch()
    watch.clock.step()
    assert esp.asked == [FIRST]
    assert watch.clock.is_set()
    assert watch.clock.now() == NOW
    assert watch.changes == [NOW - 946684800]
    assert watch.notes.lines == ["INFO clock set by " + FIRST]


@on_board
def test_waits_while_a_picture_is_wanted(esp):
    watch = Watch()
    watch.busy = True
    watch.clock.step()
    assert esp.asked == []
    watch.busy = False
    watch.clock.step()
    assert esp.asked == [FIRST]


@on_board
def test_is_set_daily(esp):
    watch = Watch()
    for _ in range(3 * 24 * 60 + 1):
        watch.clock.step()
        esp.go(60000)
        esp.wall_ms += 2  # it goes a little wrong
    assert esp.asked == [FIRST] * 4
    assert len(watch.changes) == 4 and {-3, -2} >= set(watch.changes[1:])
    assert watch.clock.now() - esp.real_ms // 1000 in (-1, 0, 1)


@on_board
def test_is_set_hourly_with_deep_sleep(esp):
    # The chip's slow oscillator is percents wrong; but not each wake-up is to ask.
    Watch().clock.step()
    asked = []
    for _ in range(24):
        esp.wake(600000)
        watch = Watch()
        before = len(esp.asked)
        watch.clock.step()
        assert watch.clock.is_set()
        asked.append(len(esp.asked) - before)
    assert sum(asked) == 4 and asked[5] == asked[11] == 1, asked
    # Long sleeps, other starts, and a clock that somebody set: it asks.
    esp.wake(7200000)
    Watch().clock.step()
    esp.restart("reset")
    Watch().clock.step()
    esp.wake(1000)
    esp.wall_ms -= 5000000
    Watch().clock.step()
    assert len(esp.asked) == 1 + 4 + 3


@on_board
def test_other_servers_when_one_fails(esp):
    esp.ntp = {FIRST: OSError(110), SECOND: OSError(-202)}
    watch = Watch()
    while not watch.clock.is_set():
        before = len(esp.asked)
        watch.clock.step()
        assert len(esp.asked) == before + 1  # one server a step
        assert len(esp.asked) < 4
    assert esp.asked == [FIRST, SECOND, THIRD]
    assert watch.notes.count("WARNING no time from " + FIRST) == 1
    # The next day it begins with the one that answered.
    esp.go(DAY_MS)
    watch.clock.step()
    assert esp.asked[3:] == [THIRD]


@on_board
def test_all_servers_down_is_no_storm(esp):
    esp.ntp = {server: OSError(110) for server in clock.SERVERS}
    watch = Watch()
    for _ in range(600):
        watch.clock.step()
        esp.go(100)
    assert 6 <= len(esp.asked) <= 9
    assert not watch.changes and watch.clock.now() is None
    esp.ntp = {}
    for _ in range(400):
        watch.clock.step()
        esp.go(100)
    assert watch.clock.is_set()


@on_board
def test_broken_answers(esp):
    # What ntptime makes of an empty or short datagram, of a name that is none, of no memory.
    for error in (ValueError("buffer too small"), IndexError(), OverflowError(), MemoryError()):
        esp.power_cut()
        esp.ntp = {FIRST: error}
        watch = Watch()
        watch.clock.step()
        assert watch.notes.count("WARNING no time from " + FIRST) == 1
        watch.clock.step()
        assert watch.clock.is_set()


@on_board
def test_a_server_that_was_asked_too_often(esp):
    # Its answer holds no time, and sets the clock to 2036 for that.
    esp.ntp = {FIRST: "kiss"}
    watch = Watch()
    watch.clock.step()
    assert esp.time.gmtime()[0] == 2036
    assert not watch.clock.is_set() and watch.clock.now() is None
    assert watch.changes == []
    watch.clock.step()
    assert watch.clock.now() == NOW


@on_board
def test_asked_after_weeks_offline(esp):
    # Wi-Fi came late, or was away: the ticks have wrapped by then.
    for offline_ms in (7 * DAY_MS, PERIOD - 1000, 20 * DAY_MS):
        esp.power_cut()
        watch = Watch()
        esp.go(offline_ms)
        watch.clock.step()
        assert watch.clock.is_set(), offline_ms
        esp.go(offline_ms)
        before = len(esp.asked)
        for _ in range(25):
            watch.clock.step()
            esp.go(3600000)
        assert len(esp.asked) > before, offline_ms


@on_board
def test_a_computer_has_the_time(esp):
    clock.ntptime = None
    esp.set_clock()
    watch = Watch()
    watch.clock.step()
    assert esp.asked == []
    assert watch.clock.now() == NOW


def test_both_epochs():
    # The epoch is looked at when the module is imported.
    kept = {name: sys.modules.get(name) for name in ("time", "thingscam.clock")}
    for epoch in (1970, 2000):
        with Board(epoch=epoch) as esp:
            try:
                sys.modules["time"] = esp.time
                del sys.modules["thingscam.clock"]
                from thingscam.clock import Clock
            finally:
                for name in kept:
                    if kept[name] is not None:
                        sys.modules[name] = kept[name]
                    else:
                        del sys.modules[name]
            watch = Watch(Clock)
            assert watch.clock.now() is None
            esp.set_clock()
            assert watch.clock.is_set()
            assert watch.clock.now() == NOW, epoch
            if epoch == 2000:
                assert esp.time.time() == NOW - 946684800


@on_board
def test_a_deep_sleeper_asks_hourly_not_at_each_start(esp):
    watch = Watch()
    watch.clock.step()
    for _ in range(11):
        esp.wake(600000)
        watch = Watch()
        watch.clock.step()
    assert len(esp.asked) == 2
    esp.power_cut()
    Watch().clock.step()
    assert len(esp.asked) == 3
