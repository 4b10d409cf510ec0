# interval.Interval: the pace, by a timer, the ticks, and a stamp in RTC memory.

from thingscam import board, interval


class Timer:
    ONE_SHOT = 0
    last = None

    def __init__(self, number):
        Timer.last = self

    def init(self, mode, period, callback):
        assert mode == Timer.ONE_SHOT
        self.period = period
        self.callback = callback


class Rtc:
    data = b""

    def memory(self, data=None):
        if data is None:
            return Rtc.data
        Rtc.data = bytes(data)
        return None


class Machine:
    SOFT_RESET = 5
    DEEPSLEEP_RESET = 4
    PWRON_RESET = 1
    RTC = Rtc
    cause = PWRON_RESET

    @classmethod
    def reset_cause(cls):
        return cls.cause


class Clock:
    # Two clocks, as on a board: ticks that restart with deep sleep, a clock that NTP sets.
    ticks = 5000
    wall_ms = 0

    @staticmethod
    def time_ns():
        return Clock.wall_ms * 1000000


def go(ms):
    Clock.ticks += ms
    Clock.wall_ms += ms


def board_with_clock(test):
    # Every test on a fresh board, time injected.
    def run():
        kept = (board.machine, interval.Timer, interval.time, interval.ticks_ms)
        Rtc.data = b""
        Machine.cause = Machine.PWRON_RESET
        Clock.ticks, Clock.wall_ms = 5000, 0
        board.machine, interval.Timer, interval.time = Machine, Timer, Clock
        interval.ticks_ms = lambda: Clock.ticks
        try:
            test()
        finally:
            board.machine, interval.Timer, interval.time, interval.ticks_ms = kept

    return run


def wake(slept_ms):
    # Deep sleep: the ticks restart, clock and RTC memory go on.
    Machine.cause = Machine.DEEPSLEEP_RESET
    Clock.wall_ms += slept_ms
    Clock.ticks = 300
    return interval.Interval()


def soft_reset():
    Machine.cause = Machine.SOFT_RESET
    return interval.Interval()


@board_with_clock
def test_open_at_first():
    gate = interval.Interval()
    assert gate.ready() and gate.left_ms() == 0


@board_with_clock
def test_closes_for_ten_seconds_after_a_request():
    gate = interval.Interval()
    gate.restart()
    assert not gate.ready() and gate.left_ms() == 10000
    go(9999)
    assert not gate.ready() and gate.left_ms() == 1
    go(1)
    assert gate.ready()
    gate.restart()
    assert not gate.ready()


@board_with_clock
def test_the_timer_opens_it():
    gate = interval.Interval(7000)
    gate.restart()
    assert Timer.last.period == 7000
    Timer.last.callback(Timer.last)
    assert gate.ready()


@board_with_clock
def test_works_without_timer_and_rtc():
    interval.Timer = None
    board.machine = None
    gate = interval.Interval()
    gate.restart()
    go(9999)
    assert not gate.ready()
    go(1)
    assert gate.ready()
    assert interval.Interval().ready()


@board_with_clock
def test_holds_over_deep_sleep():
    gate = interval.Interval()
    go(20000)
    gate.restart()
    go(1000)
    gate = wake(4000)
    assert gate.left_ms() == 5000
    assert Timer.last.period == 5000
    go(4999)
    assert not gate.ready()
    go(1)
    assert gate.ready()
    assert wake(1).ready()


@board_with_clock
def test_holds_over_soft_reset():
    interval.Interval().restart()
    go(3000)
    assert soft_reset().left_ms() == 7000


@board_with_clock
def test_a_power_loss_forgets():
    interval.Interval().restart()
    Rtc.data = b""
    assert interval.Interval().ready()


@board_with_clock
def test_nonsense_blocks_no_longer_than_once():
    for wall in (-(10**14), -1, 10**14, 2**62):
        Rtc.data = b""
        Clock.wall_ms = 10**12
        interval.Interval().restart()
        Clock.wall_ms += wall
        left = wake(0).left_ms()
        assert 0 <= left <= 10000
    # RTC memory that another program wrote.
    for junk in (b"\xff" * 64, bytes(64), b"x", b"\x80" * 20):
        Rtc.data = junk
        assert interval.Interval().left_ms() <= 10000


@board_with_clock
def test_a_clock_set_while_awake_changes_nothing():
    for jump in (836000000000, -836000000000, 5000, -5000):
        Rtc.data = b""
        gate = interval.Interval()
        gate.restart()
        go(2000)
        Clock.wall_ms += jump
        assert gate.left_ms() == 8000
        gate.clock_set()
        assert gate.left_ms() == 8000
        assert wake(3000).left_ms() == 5000
        Clock.ticks = 5000


@board_with_clock
def test_a_clock_set_unseen_never_shortens_it():
    # The board was reset between NTP and clock_set(): 2000 became 2026.
    interval.Interval().restart()
    go(2000)
    Clock.wall_ms += 836000000000
    assert wake(0).left_ms() == 10000
    Rtc.data = b""
    Machine.cause = Machine.PWRON_RESET
    interval.Interval().restart()
    go(2000)
    Clock.wall_ms += 5000
    assert soft_reset().left_ms() == 8000


@board_with_clock
def test_the_ticks_may_wrap():
    gate = interval.Interval()
    gate.restart()
    Clock.ticks -= 1000000
    assert gate.ready()


@board_with_clock
def test_leaves_the_rest_of_rtc_memory_alone():
    Rtc.data = bytes(range(200))
    gate = interval.Interval()
    gate.restart()
    assert Rtc.data[100:] == bytes(range(100, 200))
    assert len(Rtc.data) == 200


@board_with_clock
def test_board_memory():
    place = (8, 4)
    assert board.recall(place) is None
    board.remember(place, b"abcd")
    assert board.recall(place) == b"abcd"
    board.remember((20, 2), b"xy")
    assert board.recall(place) == b"abcd" and board.recall((20, 2)) == b"xy"
    Rtc.data = Rtc.data[:9] + b"X" + Rtc.data[10:]
    assert board.recall(place) is None
