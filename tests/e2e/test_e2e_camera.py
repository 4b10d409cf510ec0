# Each camera driver with its moods, pictures that are too large, boards without PSRAM.

import io
import time

import pytest
from PIL import Image, ImageOps, ImageStat

from tests.support.site import PIR, is_as_seen, plain, site

PADDING = 512  # bytes, of the fault


def whole(place):
    """Each picture is one that the camera gave, from its first byte to its last."""
    delivered = {number: (size, fault) for number, size, fault in place.board.delivered()}
    for picture in place.pictures():
        size, fault = delivered[picture.frame]
        assert fault in (None, "padding", "stale")
        if fault != "stale":
            assert len(plain(picture)) == size - (PADDING if fault else 0)
        assert picture.data.find(b"\xff\xd9") == len(picture.data) - 2, "nothing behind the end"
        Image.open(io.BytesIO(picture.data)).load()
    return True


def brightness(jpeg):
    """Return the mean luminance of a picture, 0 to 255."""
    return ImageStat.Stat(Image.open(io.BytesIO(jpeg)).convert("L")).mean[0]


def photograph_until(place, count):
    """Something moves, again and again, until so many pictures have arrived."""
    while len(place.pictures()) < count:
        place.move()
        place.let_pass(12)


@pytest.mark.parametrize("mode", ["awake", "deepsleep"])
@pytest.mark.parametrize("driver", ["camera-api", "lemariva", "openmv", "openmv-sensor"])
def test_a_driver_with_trouble(tmp_path, driver, mode):
    options = {"driver": driver, "trouble": 0.2, "seed": 1}
    with site(tmp_path, trigger={"cooldown_s": 1}, power={"mode": mode}, **options) as place:
        place.board.set_speed(10)  # a failed capture takes 4 s
        for kind in ("failed", "truncated", "padding", "garbage", "stale", "enomem"):
            place.board.camera_fault(kind)
            photograph_until(place, len(place.pictures()) + 1)
        frames = [picture.frame for picture in place.pictures()]
        assert frames == sorted(set(frames))
        assert whole(place)
        assert any(fault for _, _, fault in place.board.delivered())


@pytest.mark.parametrize("driver", ["camera-api", "lemariva", "openmv", "openmv-sensor"])
def test_a_camera_that_hangs_upside_down(tmp_path, driver):
    camera, sensor = {"rotate": 180}, {"brightness": 2, "sharpness": 1}
    with site(tmp_path, driver=driver, camera=camera, sensor=sensor) as place:
        place.move()
        (picture,) = place.wait_for_pictures(1)
        look = {"vflip": 1, "hmirror": 1, "brightness": 2}
        # Of 63 steps for 100 percent.
        assert is_as_seen(picture, quality=84 if driver == "lemariva" else 85, look=look)
        assert place.board.output.count("WARNING this camera does not take sensor.sharpness") == 1


def test_a_camera_that_lies_on_its_side(tmp_path):
    with site(tmp_path, camera={"rotate": 90}) as place:
        place.move()
        (picture,) = place.wait_for_pictures(1)
        assert is_as_seen(picture) and "does not take" not in place.board.output
        with Image.open(io.BytesIO(picture.data)) as lying:
            assert lying.size == (320, 240)
            assert ImageOps.exif_transpose(lying).size == (240, 320)


def test_a_camera_that_fails_altogether_is_said_and_comes_back(tmp_path):
    with site(tmp_path, trigger={"cooldown_s": 1}) as place:
        place.wait_for("INFO clock set")
        place.board.set_speed(10)
        place.board.camera_fault("failed", 30)
        place.move()
        place.wait_for("ERROR no picture")
        assert "ribbon cable" in place.board.output
        photograph_until(place, 1)
        assert place.status()["capture_failed"] >= 1


def test_pictures_over_the_limit_come_smaller(tmp_path):
    limit = 20000
    options = {"cloud": {"limit_bytes": limit}, "camera": {"frame_size": "SVGA"}}
    with site(tmp_path, trigger={"cooldown_s": 1}, **options) as place:
        photograph_until(place, 3)
        assert all(len(picture.data) <= limit for picture in place.pictures())
        assert whole(place)
        # At full quality they are larger: they were taken again.
        assert any(size > limit for _, size, _ in place.board.delivered())


@pytest.mark.parametrize("mode", ["awake", "deepsleep"])
@pytest.mark.parametrize("tls", [False, True])
def test_a_board_without_psram(tmp_path, mode, tls):
    camera = {"board": "ttgo-t-journal", "frame_size": "CIF"}
    options = {"camera": camera, "power": {"mode": mode}, "trigger": {"pir_pin": PIR}}
    board = {"profile": "ttgo-t-journal", "driver": "lemariva"}
    with site(tmp_path, tls=tls, **board, **options) as place:
        place.photographed()
        assert "WARNING pictures in QVGA" in place.board.output, (
            "beside Wi-Fi there is no more room"
        )
        place.wait_for_pictures(1)
        if mode == "deepsleep":
            place.wait_for_state("asleep")
        place.board.wifi(False)
        place.board.advance(20)
        place.photographed(2)
        place.board.wifi(True)
        place.board.set_speed(30)
        place.wait_for_pictures(2)
        assert whole(place)
        assert "out of memory" not in place.board.output
        assert "MemoryError" not in place.board.output


@pytest.mark.parametrize("driver", ["camera-api", "openmv"])
def test_a_lamp_on_a_pin_lights_what_is_dark(tmp_path, driver):
    camera = {"light": "auto", "light_pin": 14, "light_ms": 2000}
    if driver == "openmv":
        camera["board"] = "firmware"
    noon = (12 - time.gmtime().tm_hour) * 15  # degrees east, within half an hour
    for name, east in (("day", noon), ("night", noon - 180 if noon > 0 else noon + 180)):
        folder = tmp_path / name
        folder.mkdir()
        frames = []
        with site(folder, camera=camera, driver=driver, sun=(0, east), lamp=14) as place:
            place.wait_for("INFO Wi-Fi")  # the camera is ready
            place.board.on_frame(lambda _, data, fault: frames.append(data))  # noqa: B023
            place.board.pin(PIR, 1)
            (picture,) = place.wait_for_pictures(1)
            assert whole(place) and place.board.state()["driven"].get("14") == 0
        if name == "day":
            assert brightness(frames[-1]) == brightness(picture.data) > 60
            usual = len(frames)
        else:
            # A frame without light, and in it a few to settle in before the one that counts.
            assert brightness(frames[usual - 1]) < 10 and brightness(picture.data) > 30
            assert len(frames) >= usual + 3
