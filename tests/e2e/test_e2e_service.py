# What the service's error codes make the whole firmware do.

import re

import pytest

from tests.support.board import mpremote
from tests.support.site import START, blinks, gaps, in_steps, is_as_seen, plain, site

OFTEN = {"cooldown_s": 1}


def test_too_large_4005_makes_all_later_pictures_smaller(tmp_path):
    with site(tmp_path, camera={"frame_size": "SVGA"}, trigger=OFTEN) as place:
        place.fault(errcode=4005)
        place.photographed()
        place.wait_for("ERROR picture refused for good: errcode 4005")
        refused = place.requests()[0]["bytes"]
        place.board.advance(10)
        place.move()
        place.wait_for_pictures(1)
        mpremote(place.board, "reset")
        place.wait_for(START + "reset")  # over which it is remembered
        place.board.advance(10)
        place.move()
        place.wait_for_pictures(2)
        pictures = place.pictures()
        assert all(len(plain(picture)) < refused * 7 // 8 for picture in pictures)


def test_a_wrong_key_1022_stops_it_until_that_is_mended(tmp_path):
    with site(tmp_path, trigger=OFTEN) as place:
        place.fault(errcode=1022, times=3)
        place.photographed()
        place.wait_for("ERROR stopped until this is fixed: errcode 1022")
        assert "check cloud.project_key" in place.board.output
        assert blinks(place) == "stopped"
        for count in (2, 3):
            place.photographed(count)
            place.let_pass(5)
        assert len(place.requests()) == 1
        in_steps(place, lambda: len(place.requests()) >= 4)
        first, second, third = gaps(place.requests())[:3]
        assert 600 <= first <= 900 and 900 <= second <= 1400 and 1800 <= third <= 2700
        place.board.set_speed(30)
        assert all(map(is_as_seen, place.wait_for_pictures(3)))
        place.wait_for("INFO upload", 3)
        assert place.board.output.count("ERROR stopped") == 1, "said once"
        assert blinks(place) == "waiting"


def test_the_quota_413_takes_an_hour(tmp_path):
    with site(tmp_path, trigger=OFTEN) as place:
        place.fault(errcode=413)
        place.photographed()
        place.wait_for("s: errcode 413 Device Attribute report failed")
        in_steps(place, lambda: len(place.requests()) >= 2, 300)
        assert 3600 <= gaps(place.requests())[0] <= 4900
        assert all(map(is_as_seen, place.wait_for_pictures(1)))


def test_a_fault_of_the_service_5001_is_met_with_growing_patience(tmp_path):
    with site(tmp_path, trigger=OFTEN) as place:
        place.fault(errcode=5001, times=4)
        place.photographed()
        place.board.set_speed(30)
        place.wait_for_pictures(1)
        waits = [int(wait) for wait in re.findall(r"next try in (\d+) s", place.board.output)]
        found = gaps(place.requests())
        assert len(found) == 4
        for number, (gap, wait) in enumerate(zip(found, waits, strict=True)):
            # A quarter to and fro, so that a fleet does not come at once; never below 10 s.
            assert wait >= 10
            assert 7.5 * 2**number - 1 <= wait <= 12.5 * 2**number
            assert wait <= gap <= wait + 10


@pytest.mark.parametrize(
    "fault",
    [
        {"html": True},
        {"cut": 20},
        {"garbage": 300},
        {"reset_after": 1000},
        {"errcode": 403},
        {"errcode": 4291},
        {"early": 4292},
        {"no_answer": "close"},
        {"redirect": "https://other.example/"},
    ],
    ids=lambda fault: next(iter(fault)),
)
def test_after_anything_the_picture_arrives_once(tmp_path, fault):
    with site(tmp_path, speed=20) as place:
        place.fault(**fault)
        place.photographed()
        # A jump in time in the middle of the second request would end that, too.
        if "redirect" in fault:
            place.wait_for("ERROR stopped")
            place.board.advance(550)
        (picture,) = place.wait_for_pictures(1)
        assert is_as_seen(picture)
        place.wait_for("INFO upload")
        assert gaps(place.requests())[0] >= 10
        status = place.status()
        assert (status["sent"], status["retried"], status["waiting"]) == (1, 1, 0)


def test_an_answer_that_is_lost_costs_one_repeat(tmp_path):
    with site(tmp_path, speed=20) as place:
        place.fault(stored_but_lost=True)
        place.photographed()
        first, second = place.wait_for_pictures(2)
        assert first.data == second.data
        place.wait_for("INFO upload")
        assert place.status()["waiting"] == 0


def test_a_picture_that_is_refused_for_good_holds_up_no_other(tmp_path):
    with site(tmp_path, trigger=OFTEN) as place:
        place.fault(errcode=4004)
        place.photographed()
        place.wait_for("ERROR picture refused for good: errcode 4004")
        place.board.advance(10)
        place.move()
        place.wait_for("INFO upload")
        status = place.status()
        assert (status["dropped"], status["sent"], status["waiting"]) == (1, 1, 0)
        assert any("/rejected/" in name for name in place.board.files())
