# TLS on the whole way: the clock, the CA, and what the service's side can fix by itself.

import datetime
import ssl

import trustme

from tests.support.door import Door
from tests.support.site import blinks, in_steps, is_as_seen, site
from tools.virtualboard.clock import EPOCH_2000


def test_without_the_time_nothing_is_sent_and_nothing_lost(tmp_path):
    with site(tmp_path, tls=True, trigger={"cooldown_s": 1}) as place:
        place.board.ntp(False)
        place.board.press_reset()
        place.wait_for("WARNING no time from pool.ntp.org")
        for count in (1, 2):
            place.photographed(count)
            place.let_pass(10)
        place.let_pass(60)
        place.wait_for("2 waiting, the oldest for unknown: the clock is not set, no certificate")
        # The other servers are asked in turn.
        place.wait_for("WARNING no time from time.cloudflare.com")
        place.wait_for("WARNING no time from ntp.aliyun.com")
        assert place.requests() == []
        place.board.panic()
        place.wait_for(", reset, 2 waiting")
        place.board.ntp(True)
        place.board.set_speed(30)
        pictures = place.wait_for_pictures(2)
        assert len(pictures) == 2 and all(map(is_as_seen, pictures))
        for picture in pictures:  # found out when the clock was set
            taken = datetime.datetime.strptime(picture.taken + "+0000", "%Y:%m:%d %H:%M:%S%z")
            moment = picture.moment / 1000 + EPOCH_2000
            assert abs(taken.timestamp() - moment) < 5
        assert place.status()["retried"] == 0


def test_one_dead_time_server_is_no_matter(tmp_path):
    with site(tmp_path, tls=True) as place:
        place.board.ntp(False, "pool.ntp.org")
        place.board.press_reset()
        place.wait_for("INFO clock set by time.cloudflare.com")
        place.photographed()
        place.wait_for_pictures(1)


def test_the_service_tells_a_sleeper_that_its_time_servers_lie(tmp_path):
    power = {"mode": "deepsleep"}
    with site(tmp_path, tls=True, power=power, trigger={"cooldown_s": 1}) as place:
        place.wait_for("INFO clock set")
        for server in ("pool.ntp.org", "time.cloudflare.com"):
            place.board.ntp(True, server, wrong_s=7200)
        place.board.press_reset()
        place.wait_for("INFO clock set by pool.ntp.org", 2)
        place.photographed()
        place.wait_for("WARNING the service says it is -7")
        for count in (2, 3):
            place.wait_for_state("asleep")
            place.board.advance(60)
            place.photographed(count)
        place.wait_for("INFO clock set by ntp.aliyun.com, -7")
        assert place.board.output.count("the service says") == 1
        place.wait_for_state("asleep")
        place.board.advance(60)
        place.photographed(4)
        picture = place.wait_for_pictures(4)[-1]
        taken = datetime.datetime.strptime(picture.taken + "+0000", "%Y:%m:%d %H:%M:%S%z")
        assert abs(taken.timestamp() - EPOCH_2000 - picture.moment / 1000) < 60


def test_a_certificate_of_another_ca_stops_it_until_it_is_fixed_in_the_cloud(tmp_path):
    ours = trustme.CA()
    der = ssl.PEM_cert_to_DER_cert(ours.cert_pem.bytes().decode())
    with Door() as door:
        cloud = {"endpoint": "https://localhost:{}".format(door.port)}
        options = {"cloud": cloud, "trigger": {"cooldown_s": 1}}
        with site(tmp_path, tls=True, files={"ca.der": der}, **options) as place:
            door.open(place.cloud.port)
            place.photographed()
            place.wait_for("ERROR stopped until this is fixed")
            assert "certificate of localhost refused" in place.board.output
            assert blinks(place) == "stopped"
            begin = place.now()
            tries = door.count
            while place.now() < begin + 3900:
                place.board.advance(280)
                place.let_pass(20)
            place.photographed(2)
            # 10, 20, 40 minutes: one picture looks whether somebody has fixed it, at once once
            # more without the camera, for lack of memory looks the same.
            assert 2 <= door.count - tries <= 8  # one more where this machine is slow
            assert place.board.output.count("ERROR stopped") == 1
            assert place.requests() == []
            # On the side of the service, with no visit to the board.
            ours.issue_cert("localhost", "127.0.0.1").configure_cert(place.context)
            in_steps(place, lambda: "INFO upload" in place.board.output, 280)
            place.board.set_speed(30)
            place.wait_for("INFO upload", 2)
            assert blinks(place) == "waiting"
