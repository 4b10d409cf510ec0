# interval.Interval: the pace, by a timer, the ticks, and a stamp in RTC memory.

from fakeboard import PERIOD, on_board
from thingscam import board, interval


def wake(esp, slept_ms):
    esp.wake(slept_ms)
    return interval.Interval()


@on_board
def test_open_at_first(esp):
    gate = interval.Interval()
    assert gate.ready() and gate.left_ms() == 0


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
def test_the_timer_opens_it(esp):
    gate = interval.Interval(7000)
    gate.restart()
    assert esp.timers[0].period == 7000
    esp.go(7000)
    esp.fire(0)
    assert gate.ready()


@on_board
def test_a_late_callback_opens_nothing(esp):
    # The timer of the request before ran out just as this one ended.
    gate = interval.Interval(7000)
    gate.restart()
    esp.go(7000)
    gate.restart()
    esp.fire(0)
    assert gate.left_ms() == 7000


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
    assert interval.Interval().ready()


@on_board
def test_holds_over_deep_sleep(esp):
    gate = interval.Interval()
    esp.go(20000)
    gate.restart()
    esp.go(1000)
    gate = wake(esp, 4000)
    assert gate.left_ms() == 5000
    assert esp.timers[0].period == 5000
    esp.go(4999)
    assert not gate.ready()
    esp.go(1)
    assert gate.ready()
    assert wake(esp, 1).ready()


@on_board
def test_holds_over_soft_reset(esp):
    interval.Interval().restart()
    esp.go(3000)
    esp.restart("soft_reset")
    assert interval.Interval().left_ms() == 7000


@on_board
def test_a_power_loss_forgets(esp):
    interval.Interval().restart()
    esp.rtc = b""
    assert interval.Interval().ready()


@on_board
def test_nonsense_blocks_no_longer_than_once(esp):
    for wall in (-(10**14), -1, 10**14, 2**62):
        esp.rtc = b""
        esp.wall_ms = 10**12
        interval.Interval().restart()
        esp.wall_ms += wall
        left = wake(esp, 0).left_ms()
        assert 0 <= left <= 10000
    # RTC memory that another program wrote.
    for junk in (b"\xff" * 64, bytes(64), b"x", b"\x80" * 20):
        esp.rtc = junk
        assert interval.Interval().left_ms() <= 10000


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
        assert wake(esp, 3000).left_ms() == 5000
        esp.ticks = 5000


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
    assert esp.rtc[100:] == bytes(range(100, 200))
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
