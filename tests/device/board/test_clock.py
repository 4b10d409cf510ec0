# clock.Clock: NTP with fallback servers, and whether the time can be trusted.

import sys
import time

from fakeboard import NOW, PERIOD, Board, Notes, on_board
from thingscam.board import clock

DAY_MS = 86400000
SERVERS = ("pool.ntp.org", "time.cloudflare.com", "ntp.aliyun.com")
FIRST, SECOND, THIRD = SERVERS
GATEWAY = "192.168.4.1"


class Watch:
    """A Clock on a board, with its log."""

    def __init__(self, kind=None, servers=SERVERS, every_s=86400):
        self.notes = Notes()
        self.changes = []
        self.busy = False
        self.gateway = GATEWAY
        changed = self.changes.append
        parts = (self.notes, lambda: self.busy, changed, lambda: self.gateway)
        self.clock = (kind or clock.Clock)(servers, *parts, every_s)

    def live(self, esp, ms, step=100):
        """Go on for so long."""
        for _ in range(0, ms, step):
            self.clock.step()
            esp.go(step)

    def upload(self, esp, off_s=0):
        """The service answers over verified TLS; its own clock may be off."""
        self.clock.compare(http_date(esp.real_ms // 1000 + off_s))


def http_date(seconds):
    """Return the moment, in seconds since 1970, as an HTTP Date."""
    year, month, day, hour, minute, second, weekday = time.gmtime(seconds)[:7]
    name = "MonTueWedThuFriSatSun"[3 * weekday :][:3]
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * month - 3 :][:3]
    text = "{}, {:02d} {} {} {:02d}:{:02d}:{:02d} GMT"
    return text.format(name, day, month, year, hour, minute, second).encode()


def is_right(watch, esp):
    return abs(watch.clock.now() - esp.real_ms // 1000) <= 2


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
def test_is_set_daily(esp):
    watch = Watch()
    for _ in range(3 * 24 * 60 + 10):
        watch.clock.step()
        esp.go(60000)
        esp.wall_ms += 2  # it goes a little wrong
    # At first by two, for one alone may be wrong; then by the address that was good last.
    assert esp.asked == [FIRST, SECOND, SECOND, SECOND, SECOND], esp.asked
    assert esp.looked_up == [FIRST, SECOND]
    assert len(watch.changes) == 5 and {-3, -2, -1, 0} >= set(watch.changes[1:]), watch.changes
    assert watch.clock.now() - esp.real_ms // 1000 in (-1, 0, 1)


@on_board
def test_is_set_hourly_with_deep_sleep(esp):
    # The chip's slow oscillator is percents wrong; but not each wake-up is to ask.
    Watch(every_s=3600).clock.step()
    asked = []
    for _ in range(24):
        esp.wake(600000)
        watch = Watch(every_s=3600)
        before = len(esp.asked)
        watch.clock.step()
        assert watch.clock.is_set()
        asked.append(len(esp.asked) - before)
    assert asked[0] == 1, "by a second one"
    assert sum(asked[1:]) == 3 and asked[6] == asked[12] == 1, asked
    assert esp.looked_up == [FIRST, SECOND]
    # Long sleeps, and other starts: it asks.
    esp.wake(7200000)
    Watch(every_s=3600).clock.step()
    esp.restart("reset")
    Watch(every_s=3600).clock.step()
    assert len(esp.asked) == 1 + 4 + 2
    # A clock that somebody else has set is right again in an hour at most.
    esp.wake(1000)
    esp.wall_ms -= 5000000
    Watch(every_s=3600).live(esp, 3601000)
    assert len(esp.asked) == 1 + 4 + 3


@on_board
def test_other_servers_when_one_fails(esp):
    esp.ntp = {FIRST: OSError(110), SECOND: OSError(110)}
    watch = Watch()
    watch.live(esp, 30000)
    assert watch.clock.is_set()
    assert esp.asked == [FIRST, SECOND, THIRD]
    assert watch.notes.count("WARNING no time from " + FIRST) == 1
    # The next day it begins with the one that answered.
    esp.go(DAY_MS)
    esp.asked.clear()
    watch.clock.step()
    assert esp.asked == [GATEWAY]  # which has been asked for the same, and answers
    watch.live(esp, 10000)
    esp.go(DAY_MS)
    watch.clock.step()
    assert set(esp.asked) == {GATEWAY}


@on_board
def test_names_are_looked_up_seldom_and_never_in_a_row(esp):
    # An Internet that is gone: each look-up blocks for seven seconds, or three times that.
    esp.ntp = dict.fromkeys(SERVERS, OSError(-202))
    esp.ntp[GATEWAY] = OSError(110)
    watch = Watch()
    at = []
    for _ in range(8 * 36000):
        before = len(esp.looked_up)
        watch.clock.step()
        if len(esp.looked_up) > before:
            at.append(esp.ticks)
        esp.go(100)
    gaps = [(b - a) // 1000 for a, b in zip(at, at[1:])]  # noqa: B905
    assert min(gaps) >= 30 and 3600 <= max(gaps) <= 3620, gaps
    assert len(at) < 20, len(at)
    assert len(watch.notes.lines) < 25, watch.notes.lines
    # It was the network: in the next one it is asked soon.
    esp.ntp = {}
    watch.clock.joined()
    watch.live(esp, 31000)
    assert watch.clock.is_set()


@on_board
def test_no_server_answers_is_no_storm(esp):
    esp.ntp = dict.fromkeys(SERVERS + (GATEWAY,), OSError(110))
    watch = Watch()
    watch.live(esp, 3600000, step=1000)
    assert 20 <= len(esp.asked) <= 40, len(esp.asked)
    assert len(watch.notes.lines) <= 12, watch.notes.lines
    before = len(watch.notes.lines)
    watch.live(esp, 6 * 3600000, step=10000)
    assert len(watch.notes.lines) <= before + 7
    assert not watch.changes and watch.clock.now() is None
    esp.ntp = {}
    watch.live(esp, 3630000, step=1000)
    assert watch.clock.is_set()


@on_board
def test_the_gateway_is_asked_where_all_else_is_blocked(esp):
    esp.ntp = dict.fromkeys(SERVERS, OSError(-202))
    watch = Watch()
    watch.live(esp, 200000)
    assert watch.clock.now() is not None and esp.asked[-1] == GATEWAY
    # Without one, and with names of one's own.
    esp.power_cut()
    watch = Watch(servers=["10.1.2.3"])
    watch.gateway = None
    watch.live(esp, 1000)
    assert watch.clock.is_set() and esp.asked[-1] == "10.1.2.3"
    # And with none at all.
    esp.power_cut()
    watch = Watch(servers=[])
    watch.clock.step()
    assert watch.clock.is_set() and esp.asked[-1] == GATEWAY


@on_board
def test_the_address_is_kept_over_deep_sleep(esp):
    esp.ntp = {FIRST: OSError(110)}
    watch = Watch(every_s=3600)
    watch.live(esp, 200000)
    looked_up = list(esp.looked_up)
    # The names are not to be had any more, and need not be.
    esp.ntp = dict.fromkeys(SERVERS, OSError(-202))
    del esp.ntp[THIRD]
    for _ in range(3):
        esp.wake(2 * 3600000)
        Watch(every_s=3600).clock.step()
        assert esp.asked[-1] == THIRD
    assert esp.looked_up == looked_up
    # Other servers are configured: theirs is another.
    esp.wake(2 * 3600000)
    Watch(servers=[SECOND, THIRD]).clock.step()
    assert esp.looked_up == looked_up + [SECOND]


@on_board
def test_pauses_outlive_deep_sleep(esp):
    esp.ntp = dict.fromkeys(SERVERS, OSError(-202))
    esp.ntp[GATEWAY] = OSError(110)
    for _ in range(6 * 24):
        Watch().live(esp, 30000, step=1000)
        esp.wake(570000)
    # A day of wakes, ten minutes apart.
    assert len(esp.looked_up) < 36, len(esp.looked_up)
    esp.ntp = {}
    for _ in range(7):
        Watch().live(esp, 30000, step=1000)
        esp.wake(570000)
    assert Watch().clock.is_set()


@on_board
def test_waits_while_a_picture_is_wanted(esp):
    watch = Watch()
    watch.busy = True
    watch.live(esp, 60000)
    assert esp.asked == esp.looked_up == []
    watch.busy = False
    watch.clock.step()
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
        watch.live(esp, 6000)
        assert watch.clock.is_set()


@on_board
def test_a_server_that_was_asked_too_often(esp):
    # Its answer holds no time: to ntptime it is the year 2036.
    esp.ntp = {FIRST: "kiss"}
    watch = Watch()
    watch.clock.step()
    assert not watch.clock.is_set() and watch.clock.now() is None
    assert watch.changes == []
    watch.live(esp, 6000)
    assert esp.asked == [FIRST, SECOND] and watch.clock.is_set()


@on_board
def test_an_answer_that_was_read_late_is_none(esp):
    # A callback took its time meanwhile.
    esp.answers_late_ms = 4000
    watch = Watch()
    watch.clock.step()
    assert not watch.clock.is_set()
    esp.answers_late_ms = 1500
    watch.live(esp, 6000)
    assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2


@on_board
def test_one_server_alone_does_not_move_a_clock_that_was_set(esp):
    for wrong_s in (19 * 86400, -19 * 86400, 400, 29 * 365 * 86400):
        esp.power_cut()
        watch = Watch()
        watch.live(esp, 100000)
        good = esp.asked[-1]
        esp.ntp = {good: wrong_s}
        esp.go(DAY_MS)
        watch.live(esp, 30000)
        assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2, wrong_s
        assert watch.notes.count("WARNING", good, "not believed yet") == 1
        assert watch.notes.count("WARNING the time of " + good + " was wrong") == 1
        # And no other says otherwise: neither.
        esp.ntp = dict.fromkeys(SERVERS + (GATEWAY,), OSError(110))
        esp.ntp[THIRD] = wrong_s
        esp.go(DAY_MS)
        watch.live(esp, DAY_MS, step=10000)
        assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2, wrong_s
        esp.ntp = {}


@on_board
def test_two_servers_move_it(esp):
    watch = Watch()
    watch.live(esp, 100000)
    for off_s in (5000, -86400):
        esp.wall_ms += off_s * 1000  # somebody at the REPL
        esp.go(DAY_MS)
        watch.live(esp, 30000)
        assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2
        assert watch.changes[-1] in (-off_s - 1, -off_s, -off_s + 1)


@on_board
def test_a_first_answer_that_is_wrong_is_found_out(esp):
    for wrong_s in (19 * 86400, -86400, 3600):
        esp.power_cut()
        esp.ntp = {FIRST: wrong_s}
        watch = Watch()
        watch.clock.step()
        assert watch.clock.is_set()  # there is no other yet
        watch.live(esp, 120000)
        assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2, wrong_s
    # In deep sleep mode too.
    esp.power_cut()
    Watch().clock.step()
    for _ in range(4):
        esp.wake(60000)
        Watch().live(esp, 10000)
    assert abs(Watch().clock.now() - esp.real_ms // 1000) <= 2
    # 73 years are too many to begin with.
    esp.power_cut()
    esp.ntp = {FIRST: 73 * 365 * 86400}
    watch = Watch()
    watch.clock.step()
    assert not watch.clock.is_set()


@on_board
def test_of_two_that_differ_the_first_is_not_right_for_being_asked_first(esp):
    # A third does not answer yet: when it does, it tells.
    for wrong_s in (19 * 86400, -86400):
        esp.power_cut()
        esp.ntp = {FIRST: wrong_s, SECOND: OSError(110), GATEWAY: OSError(110)}
        watch = Watch()
        watch.live(esp, 1800000, step=1000)
        assert watch.clock.is_set() and len(esp.asked) >= 10, len(esp.asked)
        assert watch.notes.count("WARNING", "not believed yet") >= 1
        del esp.ntp[SECOND]
        watch.live(esp, 3600000, step=1000)
        assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2, wrong_s
        esp.asked.clear()
        watch.live(esp, DAY_MS // 2, step=10000)
        assert len(esp.asked) <= 1, esp.asked


@on_board
def test_what_deep_sleep_may_have_cost_is_believed(esp):
    Watch(every_s=3600).live(esp, 100000)
    # Five percents in twelve hours.
    esp.wake(12 * 3600000)
    esp.wall_ms += 12 * 180000
    watch = Watch(every_s=3600)
    watch.clock.step()
    assert abs(watch.clock.now() - esp.real_ms // 1000) <= 2


@on_board
def test_a_certificate_that_fails_has_it_asked_again(esp):
    watch = Watch()
    watch.live(esp, 100000)
    count = len(esp.asked)
    for _ in range(60):
        watch.clock.doubted()
        watch.live(esp, 60000, step=1000)
    assert 5 <= len(esp.asked) - count <= 7


@on_board
def test_senseless_records_are_none(esp):
    from thingscam.board import rtc

    for fill in (0, 1, 255):
        rtc.remember(rtc.NTP, bytes([fill]) * 14)
        rtc.remember(rtc.ASK_TIME, bytes([fill]) * 16)
        for start in ("power_on", "deep_sleep"):
            esp.cause = start
            watch = Watch()
            watch.live(esp, 31000)
            assert watch.clock.is_set()


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
    kept = {name: sys.modules.get(name) for name in ("time", "thingscam.board.clock")}
    for epoch in (1970, 2000):
        with Board(epoch=epoch) as esp:
            try:
                sys.modules["time"] = esp.time
                del sys.modules["thingscam.board.clock"]
                from thingscam.board.clock import Clock
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
def test_the_service_confirms_what_one_server_said(esp):
    watch = Watch()
    watch.clock.step()
    watch.upload(esp, 60)
    watch.live(esp, 3600000, step=1000)
    assert esp.asked == [FIRST] and len(watch.notes.lines) == 1
    # For two that agree the clock is not moved any more, for one neither.
    esp.ntp = dict.fromkeys(SERVERS + (GATEWAY,), 19 * 86400)
    esp.go(DAY_MS)
    watch.live(esp, DAY_MS // 2, step=1000)
    assert is_right(watch, esp) and len(watch.notes.lines) <= 24, watch.notes.lines
    # But where a certificate fails by its date it may be the service's clock that is wrong.
    watch.clock.doubted()
    watch.live(esp, 3700000, step=1000)
    assert watch.clock.now() - esp.real_ms // 1000 > 18 * 86400


@on_board
def test_the_service_sets_no_clock(esp):
    esp.ntp = dict.fromkeys(SERVERS + (GATEWAY,), OSError(110))
    watch = Watch()
    for date in (http_date(NOW), b"", b"Sun, 06 Nov 1994", b"yesterday, if I remember well"):
        watch.clock.compare(date)
    watch.live(esp, 60000)
    assert watch.clock.now() is None
    # Nor does it move one: it may itself be wrong. That is no storm, and not said all the time.
    esp.ntp = {}
    esp.power_cut()
    watch = Watch()
    watch.live(esp, 100000)
    esp.asked.clear()
    for _ in range(6 * 60):
        watch.upload(esp, 86400)
        watch.live(esp, 60000, step=5000)
    assert is_right(watch, esp) and len(esp.asked) <= 50, len(esp.asked)
    assert watch.notes.count("WARNING the service says it is 86400 s later") == 1
    assert len(watch.notes.lines) < 8, watch.notes.lines


@on_board
def test_a_lie_is_noticed_at_the_next_upload(esp):
    lie = 19 * 86400
    others = dict.fromkeys((SECOND, THIRD, GATEWAY), OSError(110))
    # One that was alone for an hour; two that agree; two that agree a day later.
    for ntp in (dict(others, **{FIRST: lie}), {FIRST: lie, SECOND: lie}, {}):
        for sleeps in (False, True):
            esp.power_cut()
            esp.ntp = ntp
            watch = Watch()
            watch.live(esp, 3600000, step=1000)
            if not ntp:
                esp.ntp = {SECOND: lie, THIRD: lie}
                esp.go(DAY_MS)
                watch.live(esp, 60000)
            assert not is_right(watch, esp)
            esp.ntp = {name: esp.ntp[name] for name in esp.ntp if esp.ntp[name] == lie}
            watch.upload(esp)
            assert watch.notes.count("WARNING the service says it is") == 1
            for _ in range(4):  # each wake may have the time for one question
                if sleeps:
                    esp.wake(30000)
                    watch = Watch()
                watch.clock.step()
                if not sleeps:
                    watch.live(esp, 6000)
            assert is_right(watch, esp), (ntp, sleeps)
            watch.upload(esp)
            count = len(esp.asked)
            watch.live(esp, 3600000, step=1000)
            assert len(esp.asked) <= count + sleeps  # which asks hourly


@on_board
def test_doubts_outlive_deep_sleep(esp):
    # Each wake has the time for one question: it must not go to the same server for ever.
    Watch(every_s=3600).live(esp, 100000)
    good = esp.asked[-1]
    esp.ntp = {good: 19 * 86400}
    esp.wake(4 * 3600000)
    Watch(every_s=3600).clock.step()
    assert esp.asked[-1] == good
    esp.wake(30000)
    watch = Watch(every_s=3600)
    watch.clock.step()
    assert esp.asked[-1] != good and is_right(watch, esp)
    # A clock that somebody has set is found to be wrong by two, a wake each.
    esp.ntp = {}
    esp.wall_ms += 5000000
    esp.wake(4 * 3600000)
    for _ in range(2):
        watch = Watch(every_s=3600)
        watch.clock.step()
        esp.wake(30000)
    assert is_right(Watch(every_s=3600), esp)
    # One that fails is not the only one asked.
    esp.ntp = {esp.asked[-1]: OSError(110)}
    count = len(esp.asked)
    for _ in range(2):
        esp.wake(4 * 3600000)
        Watch(every_s=3600).clock.step()
        esp.wake(30000)
        Watch(every_s=3600).clock.step()
    assert len(set(esp.asked[count:])) > 1, esp.asked
