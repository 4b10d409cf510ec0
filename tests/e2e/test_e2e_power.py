# The power goes at the worst moment: nothing that was kept is lost, nothing damaged arrives.

import collections
import threading

import pytest
from littlefs import LittleFSError

from tests.support.board import until
from tests.support.site import PATIENCE, START, is_as_seen, site


def cut_during_capture(place):
    """While the driver waits for the frame."""
    sensor = place.board._world.sensor
    answer = sensor.answer

    def cut(what, argument):
        if what == "capture" and not done:
            done.append(what)
            place.board.cut_power()
        return answer(what, argument)

    done = []
    sensor.answer = cut
    place.move()
    until(lambda: done, PATIENCE)
    sensor.answer = answer


def test_the_pace_holds_over_the_button_en(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 0}) as place:
        place.photographed()
        place.wait_for_pictures(1)
        place.board.internet(True, rate=300)
        count = len(place.requests())
        place.photographed(2)
        place.let_pass(12, speed=10)  # in the middle of the next request
        pressed = place.now()
        place.board.press_reset()
        place.board.internet(True, rate=500000)
        picture = place.wait_for_pictures(2)[1]
        assert picture.arrived >= pressed + 10
        assert len(place.requests()) <= count + 2


def cut_after_capture(ms):
    """While the picture is being written: so long (real ms) after the frame."""

    def cut(place):
        sensor = place.board._world.sensor
        answer = sensor.answer
        timer = threading.Timer(ms / 1000, place.board.cut_power)

        def note(what, argument):
            if what == "capture":
                sensor.answer = answer
                timer.start()
            return answer(what, argument)

        sensor.answer = note
        place.move()
        until(timer.finished.is_set, PATIENCE)
        timer.join()

    return cut


def cut_in_the_body(place):
    place.board.internet(True, rate=20000)
    upload_begins(place)
    place.board.cut_power()
    place.board.internet(True, rate=500000)


def cut_before_the_answer(place):
    place.fault(delay={"before_answer": place.delay(10)})
    seen = stored(place)
    upload_begins(place)
    until(lambda: stored(place) > seen, PATIENCE)
    place.board.cut_power()


def cut_after_the_answer(ms):
    """While the picture is being removed: so long (real ms) after the service has taken it in."""

    def cut(place):
        seen = stored(place)
        upload_begins(place)
        until(lambda: stored(place) > seen, PATIENCE)
        timer = threading.Timer(ms / 1000, place.board.cut_power)
        timer.start()
        timer.join()

    return cut


def upload_begins(place):
    seen = len(place.requests())
    place.move()
    until(lambda: len(place.requests()) > seen, PATIENCE)


def stored(place):
    return sum(1 for one in place.requests() if one["stored"])


MOMENTS = {
    "capture": [cut_during_capture] * 2,
    "put": [cut_after_capture(ms) for ms in (1, 3, 5, 8, 12)],
    "upload": [cut_in_the_body, cut_before_the_answer],
    "remove": [cut_after_the_answer(ms) for ms in (0, 1, 2, 4)],
}


@pytest.mark.parametrize("mode", ["awake", "deepsleep"])
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_power_cut_during(tmp_path, moment, mode):
    with site(tmp_path, camera={"frame_size": "SVGA"}, power={"mode": mode}) as place:
        for count, cut in enumerate(MOMENTS[moment], 1):
            until(lambda n=count: is_ready(place, n), PATIENCE)
            cut(place)
            assert place.board.state()["power"] == "off"
            place.board.power_on()
            place.wait_for(START + "power_on", count + 1)
        place.photographed(place.board.output.count("INFO kept") + 1)
        place.board.set_speed(20)
        nothing_waits(place)
        pictures = place.pictures()
        assert all(is_as_seen(picture, "SVGA") for picture in pictures)
        seen = collections.Counter(picture.frame for picture in pictures)
        assert len(seen) >= place.board.output.count("INFO kept"), "what was kept has arrived"
        assert max(seen.values()) <= 2, "at most one repeat"
        if moment in ("capture", "put"):
            assert set(seen.values()) == {1}


def is_ready(place, count):
    # A deep sleeper sleeps when its time is over, whatever a loaded computer let it do in that.
    is_asleep = place.board.state()["power"] == "asleep"
    return is_asleep or place.board.output.count("INFO clock set") >= count


def nothing_waits(place):
    def outbox():
        try:
            files = place.board.files()
        except LittleFSError:
            return True  # it was just being written
        return [name for name, data in files.items() if name.startswith("outbox/") and data]

    until(lambda: not outbox(), PATIENCE)
