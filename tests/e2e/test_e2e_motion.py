# Motion is photographed at once, whatever the board is busy with; a burst is one picture.

import pytest

from tests.support.board import until
from tests.support.door import Door
from tests.support.peer import Play
from tests.support.site import PATIENCE, PIR, is_as_seen, site

AT_ONCE_MS = 200
SLOW = 0.2  # board time in which the processor's own time hardly counts


def something_moves(place):
    """Raise the pin in slow motion; returns the moment it rose and those it was photographed."""
    until(lambda: not place.board.state()["pins"].get(str(PIR)), PATIENCE)
    place.board.advance(1)  # so much lies between two pictures by motion
    place.board.set_speed(SLOW)
    before = len(place.board.delivered())
    start = place.moment()
    place.board.pin(PIR, 1)
    until(lambda: len(place.board.delivered()) > before, PATIENCE)
    place.board.set_speed(10)
    place.board.pin(PIR, 0)
    return start


def arrived_at_once(place, start):
    pictures = place.wait_for_pictures(2)
    place.wait_for("INFO upload", 2)
    assert len(pictures) == 2
    assert all(map(is_as_seen, pictures))
    assert 0 <= pictures[-1].moment - start < AT_ONCE_MS
    return pictures


@pytest.mark.parametrize("stage", ["before_read", "before_answer", "before_body"])
def test_while_the_answer_is_late(tmp_path, stage):
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        place.wait_for("INFO clock set")
        place.fault(delay={stage: place.delay(12)})
        place.photographed()
        until(lambda: place.requests(), PATIENCE)
        start = something_moves(place)
        first, _ = arrived_at_once(place, start)
        # It was photographed while the first was under way, or the test has shown nothing.
        assert "INFO upload" not in place.board.output.split("2 waiting")[0]
        assert first.moment < start


def test_while_one_is_sent_from_memory_and_the_answer_is_late(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        place.photographed()
        place.wait_for("INFO upload")
        place.board.advance(10)
        place.fault(delay={"before_answer": place.delay(12)})
        place.move()
        until(lambda: len(place.requests()) == 2, PATIENCE)
        start = something_moves(place)
        pictures = place.wait_for_pictures(3)
        place.wait_for("INFO upload", 3)
        assert all(map(is_as_seen, pictures)) and len(pictures) == 3
        assert 0 <= pictures[2].moment - start < AT_ONCE_MS


@pytest.mark.parametrize("from_memory", [False, True])
def test_in_the_middle_of_a_body(tmp_path, from_memory):
    with site(tmp_path, trigger={"cooldown_s": 0}, camera={"frame_size": "SVGA"}) as place:
        if from_memory:
            place.photographed()
            place.wait_for("INFO upload")
            place.board.advance(10)
        else:
            place.wait_for("INFO clock set")
        before = len(place.requests())
        place.board.internet(True, rate=10000)
        place.photographed(before + 1)
        place.board.set_speed(1)
        until(lambda: len(place.requests()) > before and place.requests()[-1]["bytes"], PATIENCE)
        start = something_moves(place)
        sent = place.requests()[-1]
        assert not sent["sha256"], "it was to be in the middle"
        place.board.internet(True, rate=500000)
        pictures = place.wait_for_pictures(before + 2)
        assert len(pictures) == before + 2
        assert all(is_as_seen(picture, "SVGA") for picture in pictures)
        assert 0 <= pictures[-1].moment - start < AT_ONCE_MS


@pytest.mark.parametrize("tls, full", [(False, True), (True, True), (True, False)])
def test_while_connecting_hangs(tmp_path, tls, full):
    scheme = "https" if tls else "http"
    with Door(full) as door:
        endpoint = "{}://localhost:{}".format(scheme, door.port)
        settings = {"endpoint": endpoint, "timeout_s": 10}
        with site(tmp_path, tls=tls, trigger={"cooldown_s": 0}, cloud=settings) as place:
            place.wait_for("INFO clock set")
            place.board.set_speed(1)
            place.photographed()
            until(door.connecting, PATIENCE)
            start = something_moves(place)
            assert "upload failed" not in place.board.output
            place.wait_for("WARNING upload failed")
            door.open(place.cloud.port)
            arrived_at_once(place, start)


def test_while_the_name_is_late_and_the_handshake_drips(tmp_path):
    """Nobody is fed by each step alone: one deadline ends it, and the watchdog has no say."""
    contexts = {}
    drips = Play([[["shake_hands", 250, 1.3]]] * 20, None, contexts)  # 13 s of board time
    settings = {"endpoint": "https://localhost:{}".format(drips.port), "timeout_s": 15}
    power, trigger = {"watchdog_s": 60}, {"cooldown_s": 0}
    with site(tmp_path, tls=True, cloud=settings, power=power, trigger=trigger) as place:
        contexts["good"] = place.context
        place.wait_for("INFO clock set")
        place.board.dns(True, late_s=20)
        late = []
        for count in range(1, 6):
            start = place.moment()
            place.move()
            place.wait_for("INFO kept", count)
            late.append(place.moment() - start)
            place.let_pass(15, 10)
        place.wait_for("WARNING upload failed", 3)
        assert max(late) < 22000, late  # no later than a look-up is long
        assert place.board.output.count("INFO start: ") == 1
        assert "watchdog" not in place.board.output
    assert drips.finish()[0]["handshake"] is False


@pytest.mark.parametrize("servers", [1, 3])
def test_while_a_name_is_looked_up_that_no_server_knows(tmp_path, servers):
    """The worst that can be: docs/architecture.md says so."""
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        place.board.dns(False, servers)
        place.wait_for("INFO Wi-Fi")
        place.let_pass(0.2, 1)  # the look-up has begun
        start = place.moment()
        place.board.pin(PIR, 1)
        place.wait_for("INFO kept")
        place.board.pin(PIR, 0)
        place.board.dns(True)
        (picture,) = place.wait_for_pictures(1)
        late = picture.moment - start
        assert (servers - 1) * 7000 < late < servers * 7000 + 1000
        # It was taken before any other name was looked up.
        assert place.board.output.split("INFO kept")[0].count("no time from") <= 1


def test_while_it_looks_for_networks(tmp_path, monkeypatch):
    networks = [{"ssid": name, "password": "pass-word"} for name in ("one", "two")]
    with site(tmp_path, wifi=networks, trigger={"cooldown_s": 0}) as place:
        place.wait_for("INFO clock set")
        air = place.board._world.air
        scan = air._scan
        ends = []

        def moved_meanwhile(argument):
            if not ends:
                place.board.set_speed(0.4)
                found = scan(argument)
                ends.append(place.moment() + found[0])
                place.board.pin(PIR, 1)
                return found
            return scan(argument)

        monkeypatch.setattr(air, "_scan", moved_meanwhile)
        place.board.wifi(False)
        place.wait_for("INFO kept")
        place.board.set_speed(10)
        place.board.wifi(True)
        (picture,) = place.wait_for_pictures(1)
        # The driver lets nothing run before it has scanned.
        assert 0 <= picture.moment - ends[0] < AT_ONCE_MS
        assert is_as_seen(picture)


def test_a_wire_that_bounces_leaves_the_loop_its_share(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        start = place.moment()
        place.board.bounce(PIR, 50, 300)
        place.wait_for("WARNING the sensor bounces, GPIO13")
        place.wait_for("INFO clock set")
        place.wait_for("INFO upload", 3)
        passed_s = (place.moment() - start) / 1000
        captured = place.status()["captured"]
        assert passed_s / 6 <= captured <= passed_s + 1
        assert place.board.output.count("rst:") == 1
        assert place.board.output.count("the sensor bounces") == 1


def test_a_burst_is_one_picture(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 30}) as place:
        place.wait_for("INFO clock set")
        for _ in range(5):
            place.board.pin(PIR, 1)
            place.let_pass(1)
            place.board.pin(PIR, 0)
            place.let_pass(1)
        place.board.advance(30)
        place.move()
        first, second = place.wait_for_pictures(2)
        assert second.moment - first.moment >= 30000
        assert place.status()["captured"] == 2
