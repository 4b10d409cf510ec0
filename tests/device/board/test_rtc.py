# rtc: places in RTC memory, and deadlines kept there over sleep, resets and clocks.

import struct

from fakeboard import PERIOD, on_board
from thingscam.board import chip, rtc

YEARS_MS = 836000000000  # from 2000 to 2026


def kept(most_ms=60000, **options):
    return rtc.Deadline(rtc.RETRY, most_ms, **options)


@on_board
def test_what_is_kept_at_a_place(esp):
    place = (8, 4)
    assert rtc.recall(place) is None
    rtc.remember(place, b"abcd")
    assert rtc.recall(place) == b"abcd"
    rtc.remember((20, 2), b"xy")
    assert rtc.recall(place) == b"abcd" and rtc.recall((20, 2)) == b"xy"
    esp.rtc = esp.rtc[:9] + b"X" + esp.rtc[10:]
    assert rtc.recall(place) is None


@on_board
def test_each_user_has_its_own_place(esp):
    places = [getattr(rtc, name) for name in dir(rtc) if name.isupper() and name[0] != "_"]
    places = [place for place in places if isinstance(place, tuple)]
    assert len(places) > 20
    for i, place in enumerate(places):
        rtc.remember(place, bytes([i + 1]) * place[1])
    for i, place in enumerate(places):
        assert rtc.recall(place) == bytes([i + 1]) * place[1], place
    assert len(esp.rtc) <= 2048


@on_board
def test_a_deadline_comes_once(esp):
    deadline = kept()
    assert deadline.left_ms() == 0
    deadline.set(5000)
    esp.go(4999)
    assert deadline.left_ms() == 1
    # Ticks wrap after twelve days; it is over for good.
    for _ in range(2 * PERIOD // 50000000):
        esp.go(50000000)
        assert deadline.left_ms() == 0
    deadline.set(5000)
    deadline.clear()
    assert deadline.left_ms() == 0 and kept().left_ms() == 0


@on_board
def test_a_deadline_holds_over_starts(esp):
    for cause in ("deep_sleep", "reset", "watchdog", "soft_reset"):
        esp.power_cut()
        kept().set(30000)
        esp.go(3000)
        if cause == "deep_sleep":
            esp.wake(7000)
        else:
            esp.restart(cause)
            esp.go(7000)
        assert 19000 <= kept().left_ms() <= 20000, cause
        esp.go(20000)
        assert kept().left_ms() == 0
    kept().set(30000)
    esp.power_cut()
    assert kept().left_ms() == 0


@on_board
def test_a_soft_reset_after_another_start_changes_nothing(esp):
    # As by mpremote, at a board that woke: the ticks are others than when it was set.
    for cause in ("deep_sleep", "reset", "watchdog"):
        esp.power_cut()
        esp.ticks = 50000
        kept().set(50000)
        if cause == "deep_sleep":
            esp.wake(40000)
        else:
            esp.restart(cause)
            esp.go(40000)
        kept()
        esp.restart("soft_reset")
        assert 9000 <= kept().left_ms() <= 10000, cause
        esp.ticks = 50000
        kept().set(50000)
        esp.wake(60000)  # that is over
        kept()
        esp.restart("soft_reset")
        assert kept().left_ms() == 0


@on_board
def test_a_clock_set_by_a_person_changes_nothing_from_the_next_start_on(esp):
    kept().set(30000)
    esp.wall_ms += 20000
    esp.restart("soft_reset")
    assert kept().left_ms() == 30000
    esp.wake(1000)
    assert kept().left_ms() == 29000


@on_board
def test_a_clock_that_is_set_changes_nothing(esp):
    for by_us in (True, False):
        for jump in (YEARS_MS, -YEARS_MS, 90000, -90000):
            for cause in ("awake", "soft_reset", "deep_sleep"):
                esp.power_cut()
                esp.wall_ms = 2 * YEARS_MS
                deadline = kept()
                deadline.set(30000)
                esp.real_ms = esp.wall_ms + jump
                if by_us:
                    rtc.set_clock(esp.real_time())
                else:
                    esp.wall_ms += jump
                if cause == "soft_reset":
                    esp.restart(cause)
                elif cause == "deep_sleep":
                    esp.wake(0)
                left = (deadline if cause == "awake" else kept()).left_ms()
                if by_us or cause != "deep_sleep":
                    assert 29000 <= left <= 30000, (jump, cause, left)
                else:  # nobody knows
                    assert left == (0 if jump == 90000 else 30000)


@on_board
def test_one_that_is_over_is_told_for_a_while(esp):
    deadline = kept(past_ms=2000)
    deadline.set(1000)
    esp.go(3000)
    assert deadline.left_ms() == -2000
    for cause in ("soft_reset", "deep_sleep", "soft_reset"):
        esp.cause = cause
        deadline = kept(past_ms=2000)
        assert deadline.left_ms() == -2000
    esp.go(1)
    assert deadline.left_ms() == 0
    assert kept().left_ms() == 0


@on_board
def test_a_clock_that_is_fast_in_a_deep_sleep(esp):
    for options, left_ms in (({}, 10000), ({"fast": 20}, 10500)):
        kept().set(20000)
        esp.wake(10000)
        # It is not counted twice.
        assert kept(**options).left_ms() == kept(**options).left_ms() == left_ms
    esp.restart("soft_reset")
    assert kept(fast=20).left_ms() <= 20000


@on_board
def test_senseless_records_are_bounded(esp):
    ends, numbers = (-(2**63), -1, 0, 2**63 - 1), (0, 1, 60000, 60001, 2**32 - 1)
    for cause in ("reset", "deep_sleep", "soft_reset"):
        for end in ends:
            for ticks in numbers:
                for length in numbers:
                    rtc.remember(rtc.RETRY, struct.pack("<qII", end, ticks, length))
                    esp.cause = cause
                    assert 0 <= kept(fast=20).left_ms() <= 60000


@on_board
def test_works_on_a_computer(esp):
    chip.machine = None
    deadline = kept()
    deadline.set(5000)
    assert deadline.left_ms() == 5000
    assert rtc.recall(rtc.RETRY) is None
