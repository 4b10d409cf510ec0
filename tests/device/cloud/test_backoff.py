# backoff.Backoff: how long to wait after a failed upload, over sleep, resets and clocks.

import random
import struct

from fakeboard import PERIOD, on_board
from thingscam.board import chip, rtc
from thingscam.cloud.backoff import Backoff
from thingscam.cloud.uploader import UploadError

RETRY = UploadError("retry", "no network")
STOP = UploadError("stop", "no such region", 4008, 400)

# What failed, and the longest waits in a row, in seconds.
ROWS = (
    (RETRY, (10, 20, 40, 80, 160, 320, 640, 900, 900)),
    (UploadError("retry", "", 5001, 500), (10, 20, 40, 80, 160, 320, 640, 900, 900)),
    (UploadError("retry", "", 9999, 400), (10, 20, 40, 80, 160, 320, 640, 900, 900)),
    (UploadError("wait", "", 4291, 429), (10, 10, 10)),
    (UploadError("wait", "", 4292, 429), (10, 10, 10)),
    (UploadError("wait", "", 403, 400), (60, 120, 240, 480, 900, 900)),
    (UploadError("wait", "", 413, 400), (3600, 3600, 3600)),
    (STOP, (600, 1200, 2400, 3600, 3600)),
    (UploadError("stop", "no certificate"), (600, 1200, 2400, 3600, 3600)),
)


def plain():
    return Backoff(jitter=lambda: 0)


@on_board
def test_nothing_failed(esp):
    assert Backoff().left_ms() == 0


@on_board
def test_each_trouble_has_its_patience(esp):
    for error, waits in ROWS:
        esp.power_cut()
        backoff = plain()
        for wait_s in waits:
            assert backoff.failure(error) == wait_s, (str(error), wait_s)
            assert backoff.left_ms() == wait_s * 1000
            esp.go(wait_s * 1000 - 1)
            assert backoff.left_ms() == 1
            esp.go(1)
            assert backoff.left_ms() == 0


@on_board
def test_a_dropped_picture_needs_no_wait(esp):
    backoff = plain()
    assert backoff.failure(UploadError("drop", "", 4004, 400)) == 0
    assert backoff.left_ms() == 0
    # Nor does it end another wait, or count as one.
    backoff.failure(RETRY)
    assert backoff.failure(UploadError("drop", "", 4004, 400)) == 0
    assert backoff.left_ms() == 10000
    assert backoff.failure(RETRY) == 20


@on_board
def test_jitter_keeps_within_bounds(esp):
    for error, waits in ROWS:
        for jitter in (0, 0.25, 0.5, 0.999999, 1):
            esp.power_cut()
            backoff = Backoff(jitter=lambda jitter=jitter: jitter)
            for wait_s in waits:
                found = backoff.failure(error)
                if wait_s == waits[0]:
                    assert wait_s <= found <= wait_s * 5 // 4, (str(error), found)
                else:
                    assert wait_s * 3 // 4 <= found <= wait_s, (str(error), found)


@on_board
def test_a_fleet_does_not_come_back_together(esp):
    # Twenty boards that lost their network together.
    for failures, least, most in ((1, 10, 12), (7, 480, 640)):
        found = []
        for _ in range(20):
            esp.power_cut()
            backoff = Backoff(jitter=random.random)
            for _ in range(failures):
                wait_s = backoff.failure(RETRY)
            found.append(wait_s)
        assert len(set(found)) > 1, found
        assert min(found) >= least and max(found) <= most


@on_board
def test_success_begins_anew(esp):
    backoff = plain()
    for _ in range(5):
        backoff.failure(RETRY)
    backoff.success()
    assert backoff.left_ms() == 0
    assert backoff.failure(RETRY) == 10
    backoff.success()
    esp.wake(1)
    backoff = plain()
    assert backoff.left_ms() == 0
    assert backoff.failure(RETRY) == 10


@on_board
def test_another_trouble_has_another_patience(esp):
    backoff = plain()
    for _ in range(4):
        backoff.failure(RETRY)
    assert backoff.failure(STOP) == 600
    assert backoff.failure(STOP) == 1200
    assert backoff.failure(RETRY) == 10


@on_board
def test_holds_over_deep_sleep_and_resets(esp):
    for cause in ("deep_sleep", "reset", "watchdog", "soft_reset"):
        esp.power_cut()
        backoff = plain()
        backoff.failure(STOP)
        backoff.failure(STOP)
        esp.go(3000)
        if cause == "deep_sleep":
            esp.wake(97000)
        else:
            esp.restart(cause)
            esp.go(97000)
        backoff = plain()
        left = backoff.left_ms()
        assert 1099000 <= left <= 1100000, (cause, left)
        esp.go(left)
        assert backoff.left_ms() == 0
        # How often it has failed is kept as well.
        assert backoff.failure(STOP) == 2400
        # Slept too long: it may go at once, and is no better than before.
        esp.wake(3600000)
        backoff = plain()
        assert backoff.left_ms() == 0
        assert backoff.failure(STOP) == 3600


@on_board
def test_a_power_cut_forgets(esp):
    plain().failure(STOP)
    esp.power_cut()
    assert plain().left_ms() == 0


@on_board
def test_the_clock_may_be_set(esp):
    for off_s in (None, 120, -120, -(10**9)):  # by NTP, and by a person
        esp.power_cut()
        backoff = plain()
        backoff.failure(STOP)
        esp.go(100000)
        if off_s is None:
            rtc.set_clock(esp.real_time())
        else:
            esp.wall_ms += off_s * 1000
        assert backoff.left_ms() == 500000
        esp.wake(200000)
        left = plain().left_ms()
        assert left == 300000 if off_s is None else 0 <= left <= 750000, (off_s, left)


@on_board
def test_the_ticks_may_wrap(esp):
    esp.ticks = PERIOD - 4000
    backoff = plain()
    backoff.failure(RETRY)
    esp.go(5000)
    assert backoff.left_ms() == 5000
    esp.go(5000)
    assert backoff.left_ms() == 0
    # Weeks without a picture.
    backoff.failure(STOP)
    for _ in range(20):
        esp.go(600000)
    for _ in range(30 * 24 * 6):
        assert backoff.left_ms() == 0, esp.ticks
        esp.go(600000)


@on_board
def test_rubbish_in_rtc_memory_is_no_failure(esp):
    for junk in (b"", b"\xff" * 2048, bytes(300)):
        esp.rtc = junk
        assert plain().left_ms() == 0


@on_board
def test_works_on_a_computer(esp):
    chip.machine = None
    waiting = plain()
    waiting.failure(RETRY)
    assert waiting.left_ms() == 10000
    assert plain().left_ms() == 0


@on_board
def test_a_senseless_record_does_no_harm(esp):
    for row, base_s, end in (
        (0, 0xFFFFFFFF, 1 << 62),
        (4, 0xFFFFFFFF, -(1 << 62)),
        (5, 10, 1 << 40),
        (-7, 10, 1 << 40),
        (2000000000, 3, 0),
    ):
        esp.power_cut()
        rtc.remember(rtc.BACKOFF, struct.pack("<iI", row, base_s))
        rtc.remember(rtc.RETRY, struct.pack("<qII", end, base_s, base_s))
        backoff = plain()
        assert 0 <= backoff.left_ms() <= 4500000
        assert 0 < backoff.failure(RETRY) <= 1000
        assert Backoff().left_ms() <= 1125000
