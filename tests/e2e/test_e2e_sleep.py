# Deep sleep: woken by motion and by time, capture first, pace and backoff over the sleeps.

import re
import time

from tests.support.board import until
from tests.support.site import PATIENCE, PIR, START, gaps, is_as_seen, site

DEEP = {"mode": "deepsleep"}
PWDN, LIGHT = "32", "4"


def asleep(place):
    place.wait_for_state("asleep")


def wake_ups(place):
    """What each start from deep sleep has printed."""
    return place.board.output.split(START + "deep_sleep")[1:]


def test_motion_wakes_it_and_the_picture_comes_before_the_wifi(tmp_path):
    with site(tmp_path, power=DEEP) as place:
        asleep(place)
        assert "waking in at motion" in place.board.output
        place.move()
        (picture,) = place.wait_for_pictures(1)
        asleep(place)
        (text,) = wake_ups(place)
        steps = ("INFO kept", "INFO Wi-Fi garden", "INFO upload", "INFO asleep, 0 waiting")
        places = [text.index(step) for step in steps]
        assert places == sorted(places)
        assert picture.cause == "pir" and is_as_seen(picture)


def test_a_burst_is_taken_before_the_wifi(tmp_path):
    trigger = {"burst": 3, "burst_ms": 300, "retrigger_s": 60}
    with site(tmp_path, power=DEEP, trigger=trigger) as place:
        asleep(place)
        place.move()
        pictures = place.wait_for_pictures(3)
        asleep(place)
        (text,) = wake_ups(place)
        steps = [f"pir {i}/3, {i} waiting" for i in (1, 2, 3)]
        steps += ["INFO Wi-Fi garden", "pir 1/3 -> ", "pir 3/3 -> ", "INFO asleep, 0 waiting"]
        places = [text.index(step) for step in steps]
        assert places == sorted(places)
        assert all(map(is_as_seen, pictures)) and pictures[0].cause == "pir"
        assert min(gaps(pictures)) >= 10
        place.board.pin(PIR, 1)  # and so it stays
        pictures = place.wait_for_pictures(7)
        assert "bytes pir, 1 waiting" in place.board.output
        assert 60 <= (pictures[6].moment - pictures[5].moment) / 1000 <= 75


def test_the_period_wakes_it(tmp_path):
    settings = {"every_s": 600, "cooldown_s": 0}
    with site(tmp_path, power=DEEP, trigger=settings, fair=True) as place:
        asleep(place)
        for count in (2, 3):
            left = int(re.findall(r"waking in (\d+) s", place.board.output)[-1])
            place.board.advance(left / 2)
            assert place.board.state()["power"] == "asleep"
            place.board.advance(left / 2)
            place.wait_for_pictures(count)
            asleep(place)
        pictures = place.pictures()
        assert [picture.cause for picture in pictures] == ["timer"] * 3
        moments = [picture.moment / 1000 for picture in pictures]
        # The pictures keep to the period: what a start takes does not add up.
        for earlier, later in zip(moments, moments[1:], strict=False):
            assert abs(later - earlier - 600) < 10
        # By the clock of the network: by a second server too, then an hour apart at the least.
        assert place.board.output.count("INFO clock set") == 2


def test_motion_while_it_wakes_by_time_is_photographed(tmp_path):
    with site(tmp_path, power=DEEP, trigger={"every_s": 600, "cooldown_s": 0}) as place:
        for count in (1, 2, 3):
            asleep(place)
            starts = place.board.state()["starts"]
            place.board.advance(600)
            until(lambda: place.board.state()["starts"] > starts, PATIENCE)  # noqa: B023
            # Before the program can hear of it.
            place.photographed(2 * count)
            place.wait_for_pictures(2 * count)
        causes = [picture.cause for picture in place.pictures()]
        assert causes.count("pir") == 3 and len(causes) >= 6


def test_the_clock_is_set_hourly_and_not_each_time_it_wakes(tmp_path):
    with site(tmp_path, power=DEEP, trigger={"every_s": 900}) as place:
        for count in range(1, 10):
            place.wait_for_pictures(count)
            asleep(place)
            place.board.advance(890)
            place.let_pass(10)
        place.wait_for_pictures(10)
        # Ten pictures over 2 h 15 min.
        assert 2 <= place.board.output.count("INFO clock set") <= 4


def test_what_draws_current_is_held_off_while_it_sleeps(tmp_path):
    with site(tmp_path, power=DEEP, camera={"light": True, "frame_size": "QVGA"}) as place:
        for count in (1, 2):
            asleep(place)
            driven = place.board.state()["driven"]
            assert (driven[PWDN], driven[LIGHT]) == (1, 0)
            assert not place.board.state()["led"]
            place.move()
            place.wait_for_pictures(count)
            place.board.advance(10)


def test_a_sensor_that_stays_high_makes_no_wake_loop(tmp_path):
    with site(tmp_path, power=DEEP) as place:
        asleep(place)
        before = place.board.state()["starts"]
        place.board.pin(PIR, 1)
        place.wait_for_pictures(1)
        asleep(place)
        place.let_pass(300)
        starts = place.board.state()["starts"] - before
        assert starts <= 31, "no more often than the cooldown of 10 s"
        assert len(place.pictures()) == 1
        # Once it is low again the next motion wakes it.
        place.board.pin(PIR, 0)
        until(lambda: place.board.output.rstrip().endswith("waking in at motion"), PATIENCE)
        asleep(place)
        place.move()
        place.wait_for_pictures(2)


def test_the_pace_holds_over_the_sleeps(tmp_path):
    with site(tmp_path, power=DEEP, trigger={"cooldown_s": 1}) as place:
        asleep(place)
        for count in range(1, 5):
            place.photographed(count)
            place.let_pass(3)
        pictures = place.wait_for_pictures(4)
        asleep(place)
        assert all(map(is_as_seen, pictures))
        assert [one["errcode"] for one in place.requests()] == [None] * 4
        assert min(gaps(pictures)) >= 10
        frames = [picture.frame for picture in pictures]
        assert frames == sorted(frames)


def test_the_backoff_holds_over_the_sleeps(tmp_path):
    with site(tmp_path, power=DEEP, trigger={"cooldown_s": 1}) as place:
        asleep(place)
        place.fault(errcode=5001, times=3)
        place.photographed()
        for failures in (1, 2, 3):
            place.wait_for("WARNING upload failed", failures)
            asleep(place)
            # Motion wakes it, and is photographed; the service is left in peace.
            place.photographed(failures + 1)
            asleep(place)
            place.let_pass(40)
        place.wait_for_pictures(4)
        waits = [float(text) for text in re.findall(r"next try in (\d+) s", place.board.output)]
        assert len(waits) == 3 and 30 <= waits[2] <= 40
        found = gaps(place.requests())
        assert all(gap >= wait for gap, wait in zip(found, waits, strict=False)), (found, waits)
        assert all(map(is_as_seen, place.pictures()))


def test_without_network_it_goes_back_to_sleep_and_sends_all_later(tmp_path):
    with site(tmp_path, power=DEEP) as place:
        asleep(place)
        place.board.wifi(False)
        for count in (1, 2, 3):
            place.photographed(count)
            asleep(place)
            place.board.advance(60)
        place.board.wifi(True)
        place.board.set_speed(30)
        pictures = place.wait_for_pictures(3)
        asleep(place)
        frames = [picture.frame for picture in pictures]
        assert frames == sorted(frames) and len(frames) == 3
        assert min(gaps(pictures)) >= 10


def test_outside_the_hours_it_sleeps_through_and_what_moves_is_nobody(tmp_path):
    begin = int(time.time()) // 60 * 60 + 3 * 3600
    window = dict(zip(("from", "to"), map(clock, (begin, begin + 7200)), strict=True))
    with site(tmp_path, power=DEEP, schedule={"windows": [window]}) as place:
        place.wait_for("INFO outside the hours until ")
        asleep(place)
        assert place.board.output.rstrip().endswith(" s")  # and not by motion
        place.move()
        place.board.advance(3600)
        assert place.board.state()["starts"] == 1
        place.board.advance(-3600 + int(re.findall(r"waking in (\d+) s", place.board.output)[-1]))
        place.wait_for("INFO asleep", 2)  # it has looked at a time server
        asleep(place)
        place.board.advance(int(re.findall(r"waking in (\d+) s", place.board.output)[-1]))
        place.wait_for("INFO asleep", 3)
        assert begin - 60 <= place.date() <= begin + 120
        assert place.board.output.rstrip().endswith("waking in at motion")
        assert not place.requests()
        place.photographed()
        place.wait_for_pictures(1)


def clock(seconds):
    """Return a time of day, UTC, as config.json has it."""
    return time.strftime("%H:%M", time.gmtime(seconds))
