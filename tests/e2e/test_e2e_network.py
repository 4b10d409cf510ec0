# Networks that vanish, come back, change: captures go on, and all pictures arrive in order.

import re

from tests.support.board import until
from tests.support.site import PASSWORD, PATIENCE, PIR, SSID, gaps, is_as_seen, site
from tools.virtualboard.air import Network

TWO = [{"ssid": "near", "password": "near-pass"}, {"ssid": "far", "password": "far-pass"}]


def in_order(place, count):
    """All have arrived, in the order they were seen, at the service's pace, undamaged."""
    pictures = place.wait_for_pictures(count)
    assert len(pictures) == count
    frames = [picture.frame for picture in pictures]
    assert frames == sorted(set(frames))
    assert min(gaps(place.requests())) >= 10
    assert not any(one["errcode"] for one in place.requests())
    assert all(map(is_as_seen, pictures))
    return pictures


def test_without_wifi_for_an_hour(tmp_path):
    with site(tmp_path, trigger={"every_s": 300}) as place:
        place.wait_for_pictures(1)
        place.board.wifi(False)
        place.wait_for("WARNING Wi-Fi lost")
        for count in range(1, 13):
            place.board.advance(300)
            place.wait_for("INFO kept", count + 1)
        kept = [picture for picture in place.board.files() if picture.endswith(".jpg")]
        assert len(kept) >= 12
        assert len(place.pictures()) == 1
        place.board.wifi(True)
        place.board.set_speed(30)
        pictures = in_order(place, 13)
        moments = [picture.moment for picture in pictures]
        assert 3000 < (moments[-1] - moments[0]) / 1000 < 4200
        told = re.findall(r"INFO \d+ waiting, the oldest for \d+ s: no Wi-Fi", place.board.output)
        assert 1 <= len(told) <= 2, "hourly"


def test_a_refused_network_does_not_speak_for_the_next(tmp_path):
    """One refuses, one is good, one is not there."""
    networks = [{"ssid": name, "password": "pass-word"} for name in ("shut", "good", "gone")]
    air = [Network("shut", "another", -40, refusal=202), Network("good", "pass-word", -60)]
    with site(tmp_path, wifi=networks, networks=air) as place:
        place.photographed()
        place.wait_for_pictures(1)
        joined = re.search(r"Wi-Fi good, -60 dBm", place.board.output)
        assert joined and "no Wi-Fi, next" not in place.board.output
        assert "Wi-Fi shut seems to refuse the password" in place.board.output


def test_without_internet_while_the_wifi_is_there(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        place.photographed()
        place.wait_for("INFO upload")  # its answer has come, too
        place.board.internet(False)
        for count in (2, 3, 4):
            place.board.advance(30)
            place.photographed(count)
        place.wait_for("WARNING upload failed")
        place.let_pass(100)
        assert place.board.state()["wifi"]["status"] == 1010, "it stays joined"
        assert len(place.pictures()) == 1
        place.board.internet(True)
        place.board.set_speed(30)
        in_order(place, 4)


def test_the_access_point_gives_another_address(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        place.photographed()
        place.wait_for("INFO upload")
        # The connection to the service is open; the access point restarts.
        place.board.wifi(False, new_address=True)
        place.wait_for("WARNING Wi-Fi lost")
        place.photographed(2)
        place.board.wifi(True)
        in_order(place, 2)
        place.board.advance(10)
        place.move()
        in_order(place, 3)


def test_the_network_goes_in_the_middle_of_an_upload(tmp_path):
    camera = {"frame_size": "SVGA"}
    with site(tmp_path, camera=camera, cloud={"timeout_s": 5}) as place:
        place.wait_for("INFO clock set")
        place.board.internet(True, rate=10000)
        place.move()
        until(lambda: place.requests() and place.requests()[-1]["bytes"], PATIENCE)
        place.board.wifi(False)
        place.wait_for("WARNING upload failed")
        place.board.internet(True, rate=500000)
        place.board.wifi(True)
        (picture,) = place.wait_for_pictures(1)
        assert is_as_seen(picture, "SVGA")
        assert place.status()["captured"] == 1


def test_the_strongest_of_several_is_joined_and_remembered(tmp_path):
    with site(tmp_path, wifi=TWO, power={"mode": "deepsleep"}) as place:
        # The first start was with equals; from now on one is stronger.
        place.wait_for_state("asleep")
        place.board.wifi(True, "near", rssi=-80)
        place.board.wifi(True, "far", rssi=-50)
        place.board.press_reset()
        place.wait_for("INFO Wi-Fi far, -50 dBm")
        place.wait_for_state("asleep")
        # Now it goes straight for the one that was good, without looking around.
        place.board.wifi(True, "near", rssi=-40)
        place.move()
        place.wait_for("INFO Wi-Fi far, -50 dBm", 2)
        place.wait_for_pictures(1)
        place.wait_for_state("asleep")
        place.board.advance(10)
        # When that one is gone, the other one it is.
        place.board.wifi(False, "far")
        place.move()
        place.wait_for("INFO Wi-Fi near, -40 dBm")
        place.wait_for_pictures(2)


def test_a_wrong_password_is_named_and_the_other_network_used(tmp_path):
    with site(tmp_path, wifi=TWO) as place:
        place.board.network("near", "changed-yesterday", -30)
        place.board.press_reset()
        place.wait_for("INFO Wi-Fi far")
        place.wait_for("ERROR Wi-Fi near seems to refuse the password: check wifi")
        place.photographed()
        place.wait_for_pictures(1)
        assert "near-pass" not in place.board.output
        assert "far-pass" not in place.board.output


def test_a_wrong_password_that_is_mended_at_the_access_point(tmp_path):
    with site(tmp_path) as place:
        place.board.network(SSID, "another-one")
        place.board.press_reset()
        place.wait_for("ERROR Wi-Fi garden seems to refuse the password")
        place.board.pin(PIR, 1)
        place.wait_for("INFO kept")
        place.board.pin(PIR, 0)
        place.wait_for("no Wi-Fi, next try in")
        place.board.network(SSID, PASSWORD)
        place.board.set_speed(30)
        place.wait_for_pictures(1)
