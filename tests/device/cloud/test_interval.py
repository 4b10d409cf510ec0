# interval.Interval: the pace, by a timer, the ticks, and a stamp in RTC memory.

import struct

from fakeboard import PERIOD, on_board
from thingscam.board import chip as board
from thingscam.cloud import interval
from thingscam.trigger import Trigger

try:
    import dis
except ImportError:  # MicroPython; in CPython's code the same statements jump
    dis = None


def wake(esp, slept_ms):
    esp.wake(slept_ms)
    return interval.Interval()


@on_board
def test_closes_for_ten_seconds_after_a_request(esp):
    gate = interval.Interval()
    gate.restart()
    assert not gate.ready() and gate.left_ms() == 10000
    esp.go(9999)
    assert not gate.ready() and gate.left_ms() == 1
    esp.go(1)
    assert gate.ready()
    gate.restart()
    assert not gate.ready()


@on_board
def test_a_start_waits_a_period_from_the_chips_start(esp):
    # Nobody knows what was asked before: the button EN may lose RTC memory, or leave it, and
    # the clock may jump at a panic.
    for cause in ("power_on", "reset", "watchdog"):
        for clock_jump in (0, 500000, -500000):
            esp.ticks = 99000
            interval.Interval().restart()
            kept = esp.rtc
            esp.restart(cause)
            esp.wall_ms += clock_jump
            for rtc in (kept, b""):
                esp.rtc = rtc
                assert interval.Interval().left_ms() == 10000 - esp.ticks, cause
    esp.go(10000 - esp.ticks)
    assert interval.Interval().ready()


@on_board
def test_the_timer_is_started_once(esp):
    gate = interval.Interval(7000)
    timer = esp.timers[0]
    assert (timer.mode, timer.period) == (esp.machine.Timer.PERIODIC, 7000)
    references = esp.references
    for _ in range(1000):
        gate.restart()
        esp.go(7000)
        assert gate.ready()
    assert esp.references == references and not esp.still


@on_board
def test_any_number_of_starts_leaves_the_ticks_going(esp):
    # The timers' clock runs out over soft resets too, as each session at the REPL makes one.
    interval.Interval().restart()
    for _ in range(300):
        esp.restart("soft_reset")
        board.started()
        gate = interval.Interval()
        esp.go(9999)
        gate.restart()
        assert not gate.ready()
        esp.go(10000)
        assert gate.ready()
    assert not esp.still
    esp.restart("reset")
    board.started()
    for _ in range(300):  # the app started by hand
        interval.Interval()
    assert 0 in esp.timers and not esp.still  # the chip's restart gave everything back


@on_board
def test_a_program_that_starts_timers_without_end_stops_the_ticks(esp):
    # What the two tests above are for.
    timer = esp.machine.Timer(2)
    for i in range(254):
        assert not esp.still, i
        timer.init(mode=0, period=1000, callback=None)
    assert esp.still


@on_board
def test_a_callback_may_come_at_any_moment(esp):
    # The timer runs out as a request begins: between any two statements that look at the ticks.
    gate = interval.Interval(7000)
    esp.go(10000)
    ticks = interval.ticks_ms

    def interrupted():
        now = ticks()
        interval.ticks_ms = ticks
        esp.fire(0)
        interval.ticks_ms = interrupted
        return now

    assert gate.ready()
    interval.ticks_ms = interrupted
    gate.restart()
    assert gate.left_ms() == 7000
    interval.ticks_ms = ticks
    esp.fire(0)
    assert gate.left_ms() == 7000


def test_no_callback_has_a_jump():
    # There MicroPython takes a Ctrl-C, and it is lost with what a callback raises.
    if dis is None:
        return
    for callback in (interval.Interval._on_timer, Trigger._on_rise):
        names = [each.opname for each in dis.get_instructions(callback)]
        assert names and not [name for name in names if "JUMP" in name], names


@on_board
def test_the_timer_looks_before_the_ticks_wrap(esp):
    gate = interval.Interval()
    gate.restart()
    for _ in range(PERIOD // 5000000):
        esp.go(5000000)
        esp.fire(0)
    esp.go(PERIOD % 5000000)  # just where they were at the request
    assert gate.ready()


@on_board
def test_works_without_timer_and_rtc(esp):
    interval.Timer = None
    board.machine = None
    gate = interval.Interval()
    gate.restart()
    esp.go(9999)
    assert not gate.ready()
    esp.go(1)
    assert gate.ready()


@on_board
def test_holds_over_deep_sleep(esp):
    gate = interval.Interval()
    esp.go(20000)
    gate.restart()
    esp.go(1000)
    gate = wake(esp, 4000)
    assert 5000 <= gate.left_ms() <= 5250
    esp.go(4999)
    assert not gate.ready()
    esp.go(251)
    assert gate.ready()
    assert wake(esp, 300).ready()


@on_board
def test_a_start_that_soon_sleeps_waits_its_period_all_the_same(esp):
    # Reset in the middle of a request that had begun long before; nothing waits after it.
    for cause in ("power_on", "reset", "watchdog"):
        for is_lost in (False, True):
            esp.restart("power_on")
            interval.Interval().restart()
            esp.go(30000)
            kept = esp.rtc
            esp.restart(cause)
            esp.rtc = b"" if is_lost else kept
            begin = esp.ticks
            interval.Interval()
            esp.go(2000)
            left = wake(esp, 500).left_ms()
            assert 7500 - begin <= left <= 8000, (cause, is_lost, left)


@on_board
def test_a_clock_that_is_fast_in_deep_sleep_opens_nothing_early(esp):
    for fast in (0, 1, 5):
        esp.power_cut()
        gate = interval.Interval()
        esp.go(20000)
        gate.restart()
        real = 0
        while not gate.ready():
            real += 500
            assert real < 12000, fast
            gate = wake(esp, 500 * (100 + fast) // 100)
        assert real >= 10000, fast


@on_board
def test_holds_over_soft_reset(esp):
    interval.Interval().restart()
    esp.go(3000)
    esp.restart("soft_reset")
    assert interval.Interval().left_ms() == 7000


@on_board
def test_nonsense_blocks_no_longer_than_once(esp):
    for wall in (-(10**14), -1, 10**14, 2**62):
        esp.rtc = b""
        esp.wall_ms = 10**12
        interval.Interval().restart()
        esp.wall_ms += wall
        left = wake(esp, 0).left_ms()
        assert 0 <= left <= 10000
    # RTC memory that another program wrote, with a check sum that is right, too.
    senseless = [struct.pack("<qq", a, b) for a in (-(2**63), 0, 2**63 - 1) for b in (-1, 2**62)]
    for junk in [b"\xff" * 16, bytes(16), b"\x80" * 16] + senseless:
        for cause in ("soft_reset", "deep_sleep"):
            esp.rtc = b""
            board.remember(board.INTERVAL, junk)
            esp.restart(cause)
            assert 0 <= interval.Interval().left_ms() <= 10000


@on_board
def test_a_clock_set_while_awake_changes_nothing(esp):
    for jump in (836000000000, -836000000000, 5000, -5000):
        esp.rtc = b""
        gate = interval.Interval()
        gate.restart()
        esp.go(2000)
        esp.wall_ms += jump
        assert gate.left_ms() == 8000
        gate.clock_set()
        assert gate.left_ms() == 8000
        assert 5000 <= wake(esp, 3000).left_ms() <= 5250
        esp.ticks = 15000


@on_board
def test_a_clock_set_unseen_never_shortens_it(esp):
    # The board was reset between NTP and clock_set(): 2000 became 2026.
    interval.Interval().restart()
    esp.go(2000)
    esp.wall_ms += 836000000000
    assert wake(esp, 0).left_ms() == 10000
    esp.rtc = b""
    esp.power_cut()
    interval.Interval().restart()
    esp.go(2000)
    esp.wall_ms += 5000
    esp.restart("soft_reset")
    assert interval.Interval().left_ms() == 8000


@on_board
def test_the_ticks_may_wrap(esp):
    esp.ticks = PERIOD - 3000
    gate = interval.Interval()
    gate.restart()
    esp.go(4000)
    assert gate.left_ms() == 6000
    esp.go(6000)
    assert gate.ready()
    # Nobody asked for a week.
    gate.restart()
    esp.go(7 * 86400000)
    assert gate.ready()


@on_board
def test_leaves_the_rest_of_rtc_memory_alone(esp):
    esp.rtc = bytes(range(200))
    gate = interval.Interval()
    gate.restart()
    assert esp.rtc[100:172] == bytes(range(100, 172))
    assert esp.rtc[177:] == bytes(range(177, 200))  # behind TIMERS
    assert len(esp.rtc) == 200


@on_board
def test_board_memory(esp):
    place = (8, 4)
    assert board.recall(place) is None
    board.remember(place, b"abcd")
    assert board.recall(place) == b"abcd"
    board.remember((20, 2), b"xy")
    assert board.recall(place) == b"abcd" and board.recall((20, 2)) == b"xy"
    esp.rtc = esp.rtc[:9] + b"X" + esp.rtc[10:]
    assert board.recall(place) is None
