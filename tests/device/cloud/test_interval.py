# interval.Interval: the pace, over sleep, resets and clocks.

import struct

from fakeboard import PERIOD, on_board
from thingscam.board import chip, rtc
from thingscam.cloud import interval


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
            for memory in (kept, b""):
                esp.rtc = memory
                assert interval.Interval().left_ms() == 10000 - esp.ticks, cause
    esp.go(10000 - esp.ticks)
    assert interval.Interval().ready()


@on_board
def test_a_program_that_starts_timers_without_end_stops_the_ticks(esp):
    # What the pace does without any for.
    timer = esp.machine.Timer(2)
    for i in range(254):
        assert not esp.still, i
        timer.init(mode=0, period=1000, callback=None)
    assert esp.still


@on_board
def test_works_on_a_computer(esp):
    chip.machine = None
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
def test_a_soft_reset_in_the_middle_of_a_request_ends_it(esp):
    # As by two Ctrl-C, which leave no time to take note of its end.
    for ms in (3000, 9999, 40000):
        interval.Interval().restart(True)
        esp.go(ms)
        esp.restart("soft_reset")
        gate = interval.Interval()
        assert gate.left_ms() == 10000 and gate.blind, ms
        esp.go(1000)
        assert wake(esp, 1000).left_ms() <= 8100
        gate.restart(True)
        assert not gate.ready()
        gate.restart()
        esp.restart("soft_reset")
        assert not interval.Interval().blind


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
    ends, numbers = (-(2**63), 0, 2**63 - 1), (0, 10000, 2**32 - 1)
    senseless = [struct.pack("<qII", a, b, c) for a in ends for b in numbers for c in numbers]
    for junk in [b"\xff" * 16, bytes(16), b"\x80" * 16] + senseless:
        for cause in ("soft_reset", "deep_sleep"):
            esp.rtc = b""
            rtc.remember(rtc.INTERVAL, junk)
            esp.restart(cause)
            assert 0 <= interval.Interval().left_ms() <= 10000


@on_board
def test_a_clock_set_unseen_never_shortens_it(esp):
    # By a person, or the board was reset as NTP set it: 2000 became 2026.
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
    # Nobody asked for a week, or until just where they were.
    for ms in (7 * 86400000, PERIOD - 1):
        gate.restart()
        esp.go(ms)
        assert gate.ready()
