# camera.Camera over the three drivers, boards.find(), and what goes wrong with them in the field.

import sys

from fakecamera import FLAVOURS, SIZES, Names, Settings, World, shown
from support import raises
from thingscam.board import profiles as boards
from thingscam.board import sensorpin
from thingscam.camera import lamp
from thingscam.camera.camera import Camera, CameraError
from thingscam.camera.lamp import LitCamera
from thingscam.image import brightness
from thingscam.image import checks as image

BAD = ("none", "false", "cut", "garbage", "empty", "png", "headless", "oserror", "runtime")


def on_each(*names):
    # The test once for each flavour, each on a firmware of its own.
    def decorate(test):
        def run():
            for name in names or sorted(FLAVOURS):
                with World(name) as world:
                    try:
                        test(world)
                    except AssertionError:
                        print("flavour:", name, "log:", world.sensor.log)
                        raise

        return run

    return decorate


def camera(world, limit=100000, profile=None, **settings):
    return Camera(Settings(**settings), limit, profile)


def lit(world, feed=None, light=True, **settings):
    """Return a LitCamera whose lamp is the world's."""
    return LitCamera(Settings(light=light, **settings), 100000, None, feed, world.light)


def is_whole(frame):
    return bytes(frame[:3]) == b"\xff\xd8\xff" and bytes(frame[-2:]) == b"\xff\xd9"


# Boards


def test_every_board_is_found():
    assert len(boards.names()) == 10
    for name in boards.names():
        assert boards.find(name).name == name


def test_an_unknown_board_names_the_known():
    e = raises(ValueError, boards.find, "ai-tinker")
    assert isinstance(e, boards.UnknownBoardError)
    assert 'camera.board: no known board "ai-tinker", perhaps ai-thinker?' in str(e)
    for name in boards.names():
        assert name in str(e)


def test_board_pins_are_possible():
    for name in boards.names():
        found = boards.find(name)
        if found.pins is None:
            assert name == "firmware"
            continue
        assert len(found.pins) == 16
        used = [pin for pin in found.pins if pin >= 0]
        assert len(used) == len(set(used)), name
        assert -1 not in found.pins[:14], name
        outputs = [found.pins[i] for i in (8, 12, 13, 14, 15)] + [found.led, found.light]
        for pin in used + [found.led, found.light, found.pir]:
            if found.chip == "esp32":
                # 6 to 11 are the flash; no 20, 24, 28 to 31; with PSRAM 16 (and 17) are taken.
                assert pin is None or pin in (0, 2, 4, 5) or 12 <= pin <= 15 or 17 <= pin <= 39
                assert pin not in (20, 24, 28, 29, 30, 31), name
                assert pin != 17 or not found.psram, name
            else:
                assert found.chip == "esp32s3"
                # 26 to 37 are flash and PSRAM, 19 and 20 USB.
                assert pin is None or 0 <= pin <= 18 or pin == 21 or 38 <= pin <= 48, name
        if found.chip == "esp32":
            for pin in outputs:
                assert pin is None or pin < 34, "34 to 39 are inputs only"
        for pin in (found.led, found.light, found.pir):
            assert pin not in used, name
        if found.pir is not None:
            assert found.pir not in (found.led, found.light)
            rtc = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27) + tuple(range(32, 40))
            assert found.pir in (rtc if found.chip == "esp32" else range(22)), name
            # Strapping pins: a sensor that holds one of these keeps the board from starting.
            assert found.pir not in ((0, 2, 5, 12, 15) if found.chip == "esp32" else (0, 3))


def test_where_a_sensor_may_be():
    # Board, pin, what is wrong with it awake, and for waking from deep sleep.
    cases = (
        ("ai-thinker", None, None, None),
        ("ai-thinker", 13, None, None),
        ("ai-thinker", 25, "camera's", "camera's"),
        ("ai-thinker", 4, "bright LED's", "bright LED's"),
        ("ai-thinker", 33, "status LED's", "status LED's"),
        ("ai-thinker", 16, "PSRAM", "PSRAM"),
        ("ai-thinker", 6, "flash", "flash"),
        ("ai-thinker", 20, "none", "none"),
        ("ai-thinker", 3, "serial port's", "serial port's"),
        ("ttgo-t-journal", 16, None, "cannot wake"),  # without PSRAM it is free
        ("m5stack-wide", 0, "boot loader", "boot loader"),
        ("xiao-esp32s3-sense", 1, None, None),
        ("xiao-esp32s3-sense", 19, "serial port's", "serial port's"),
        ("xiao-esp32s3-sense", 0, "boot loader", "boot loader"),
        ("freenove-esp32s3", 47, None, "cannot wake"),
        ("freenove-esp32s3", 35, "PSRAM", "PSRAM"),
        ("firmware", 16, None, None),  # nothing is known of it
    )
    for name, pin, *wanted in cases:
        for sleeps in (False, True):
            found = sensorpin.trouble(boards.find(name), pin, sleeps)
            if wanted[sleeps] is None:
                assert found is None, (name, pin, found)
                continue
            assert found.startswith("trigger.pir_pin: GPIO{} ".format(pin)), found
            assert wanted[sleeps] in found and name in found, found
    for name in boards.names():
        profile = boards.find(name)
        assert sensorpin.trouble(profile, profile.pir, True) is None


def test_where_a_sensor_may_be_beside_a_card():
    found = boards.find("ai-thinker")
    for pin, what in ((13, "D3"), (2, "D0"), (14, "CLK"), (15, "CMD")):
        text = sensorpin.trouble(found, pin, False, True)
        assert "GPIO{} is the SD card's {} on".format(pin, what) in text
        assert "set it to 12 (first see docs/board.md" in text and "/outbox" in text
        assert sensorpin.trouble(found, pin, False, False) is None
    assert sensorpin.trouble(found, 12, True, True) is None
    for name in boards.names():
        # Where the card's pins are the board's, there is none to be used.
        profile = boards.find(name)
        taken = set(profile.pins or ()) | {profile.led}
        assert not (profile.card and taken & {14, 15, 2, 13}), name


def test_where_a_lamp_may_be():
    cases = (
        ("ai-thinker", None, None, None),
        ("ai-thinker", 4, None, None),  # its own
        ("ai-thinker", 13, None, None),
        ("ai-thinker", 32, "camera's", "camera's"),
        ("ai-thinker", 33, "status LED's", "status LED's"),
        ("ai-thinker", 16, "PSRAM", "PSRAM"),
        ("m5stack-psram", 38, "can only", "can only"),
        ("wrover-kit", 33, None, None),
        ("ttgo-t-journal", 16, None, "cannot be held low"),
        ("freenove-esp32s3", 47, None, "cannot be held low"),
        ("xiao-esp32s3-sense", 2, None, None),
    )
    for name, pin, *wanted in cases:
        for sleeps in (False, True):
            found = sensorpin.lamp_trouble(boards.find(name), pin, sleeps)
            if wanted[sleeps] is None:
                assert found is None, (name, pin, found)
                continue
            assert found.startswith("camera.light_pin: GPIO{} ".format(pin)), found
            assert wanted[sleeps] in found and name in found, found
    assert "SD card's D3" in sensorpin.lamp_trouble(boards.find("ai-thinker"), 13, False, True)


def test_ai_thinker():
    found = boards.find("ai-thinker")
    assert found.chip == "esp32" and found.psram
    assert found.pins == (5, 18, 19, 21, 36, 39, 34, 35, 0, 22, 25, 23, 26, 27, 32, -1)
    assert (found.led, found.led_low, found.light, found.pir) == (33, True, 4, 13)


def test_camera_finds_the_board_itself():
    with World("api") as world:
        assert isinstance(raises(ValueError, camera, world, board="x"), boards.UnknownBoardError)
        camera(world, board="esp-eye")
        assert world.driver.given["xclk_pin"] == 4


# Which driver, and how it is started


@on_each()
def test_a_picture_by_every_driver(world):
    frame = camera(world).capture()
    assert isinstance(frame, memoryview)
    assert is_whole(frame)
    assert image.check(frame) == "jpeg"
    assert world.starts() == 1
    assert world.sensor.size == "SVGA"


def test_no_driver():
    e = raises(CameraError, camera, None)
    assert "no camera driver" in str(e) and "flash" in str(e)


def test_a_module_that_is_no_driver():
    sys.modules["camera"] = Names(something=1)
    try:
        e = raises(CameraError, camera, None)
    finally:
        del sys.modules["camera"]
    assert "camera.py" in str(e)


@on_each()
def test_an_unknown_frame_size(world):
    e = raises(CameraError, camera, world, size="QHD")
    assert "camera.frame_size" in str(e) and "QHD" in str(e) and "FRAME" not in str(e)


@on_each("api", "api, old")
def test_api_pins(world):
    camera(world, board="ttgo-t-journal")
    assert world.driver.given == {
        "data_pins": [17, 35, 34, 5, 39, 18, 36, 19],
        "xclk_pin": 27,
        "pclk_pin": 21,
        "vsync_pin": 22,
        "href_pin": 26,
        "sda_pin": 25,
        "scl_pin": 23,
        "powerdown_pin": 0,
        "reset_pin": 15,
    }


@on_each("lemariva")
def test_lemariva_pins(world):
    camera(world, board="m5stack-wide")
    # As its README has them for this board.
    pins = {"d0": 32, "d1": 35, "d2": 34, "d3": 5, "d4": 39, "d5": 18, "d6": 36, "d7": 19}
    pins.update(href=26, vsync=25, reset=15, sioc=23, siod=22, xclk=27, pclk=21, pwdn=-1)
    pins.update(fb_location=0)
    assert world.driver.given == pins


@on_each("lemariva")
def test_lemariva_without_psram(world):
    camera(world, board="ttgo-t-journal")
    assert "fb_location" not in world.driver.given


@on_each()
def test_firmware_that_knows_its_pins(world):
    camera(world, board="firmware").capture()
    assert not [name for name in world.driver.given or {} if name != "fb_location"]


@on_each("lemariva")
def test_lemariva_quality_scale(world):
    for percent, wanted in ((1, 63), (40, 38), (50, 32), (84, 11), (85, 10), (100, 10)):
        camera(world, quality=percent)
        assert world.driver.percents[-1] == wanted


@on_each("api", "api, old", "csi", "sensor", "csi, not encoding", "sensor, not encoding")
def test_quality_in_percent(world):
    camera(world, quality=73).capture()
    assert set(world.driver.percents) == {73}


# The first frames, and old ones


@on_each()
def test_warm_up(world):
    for count in (1, 2, 5):
        world.sensor.taken = 0
        cam = camera(world, warmup=count)
        assert world.sensor.taken == count
        assert shown(cam.capture())[1] >= count
        cam.close()


@on_each()
def test_every_picture_is_of_now(world):
    # Even the first, hours after the start, and with no warm-up asked for.
    cam = camera(world, warmup=0)
    for _ in range(3):
        world.sensor.clock += 100
        assert shown(cam.capture())[0] == world.sensor.clock


@on_each("api", "api, old", "csi", "sensor", "csi, not encoding")
def test_the_frame_is_the_drivers_own(world):
    cam = camera(world)
    first = cam.capture()
    world.sensor.clock += 1
    second = cam.capture()
    # Not copied: the second picture stands where the first was.
    assert bytes(first) == bytes(second)
    assert shown(second)[0] == world.sensor.clock


@on_each()
def test_bytes_are_unsigned(world):
    assert camera(world).capture()[0] == 0xFF


@on_each()
def test_what_stands_behind_the_end_is_left_off(world):
    # Zeros, or what an older and longer frame has left, its end among it.
    cam = camera(world)
    size = len(cam.capture())
    for fault in ("padded", "stale"):
        world.sensor.broken = fault
        frame = cam.capture()
        assert is_whole(frame) and len(frame) == size
    assert world.starts() == 1


# Failed captures


@on_each()
def test_two_bad_frames_are_taken_again(world):
    cam = camera(world)
    for fault in BAD:
        for tries in (1, 2):
            world.bad(fault, tries)
            assert is_whole(cam.capture()), fault
            assert not world.sensor.faults
    assert world.starts() == 1


@on_each()
def test_after_three_the_camera_is_started_anew(world):
    cam = camera(world, warmup=3)
    for n, fault in enumerate(BAD):
        world.bad(fault, 3)
        frame = cam.capture()
        assert is_whole(frame), fault
        assert world.starts() == n + 2
        assert world.sensor.log.count("stop") == n + 1
        assert shown(frame)[1] >= 3, "with warm-up"


@on_each()
def test_a_camera_that_stays_bad(world):
    for fault in BAD:
        cam = camera(world)
        starts, world.sensor.waited = world.starts(), 0
        world.sensor.broken = fault
        e = raises(CameraError, cam.capture)
        # A class that takes a first frame itself tries with one that may be smaller.
        late = world.name.startswith("api") and fault in ("none", "false")
        assert world.starts() == starts + (3 if late else 1)
        assert world.sensor.waited <= 28000
        assert not world.sensor.running, "gives its memory back"
        for advice in ("camera.board", "ai-thinker", "ribbon cable", "PSRAM"):
            assert advice in str(e), fault
        world.sensor.broken = None
        assert is_whole(cam.capture()), "starts again"
        cam.close()


@on_each("api")
def test_the_error_names_what_was_seen(world):
    seen = {
        "none": "initial frame",
        "cut": "cut short",
        "garbage": "begins with 01 02 03 04",
        "empty": "empty picture",
        "png": "png picture",
        "runtime": "timed out",
        "oserror": "5",
    }
    for fault in seen:
        world.sensor.broken = None
        cam = camera(world)
        world.sensor.broken = fault
        assert seen[fault] in str(raises(CameraError, cam.capture)), fault


@on_each("lemariva")
def test_the_error_names_false(world):
    cam = camera(world)
    world.sensor.broken = "false"
    assert "bool" in str(raises(CameraError, cam.capture))


@on_each("api", "lemariva")
def test_a_dead_camera_is_not_asked_for_long(world):
    # Each failed capture takes 4 s.
    cam = camera(world, warmup=30)
    world.sensor.broken = "none"
    world.sensor.waited = 0
    raises(CameraError, cam.capture)
    assert world.sensor.waited == {"api": 24000, "lemariva": 28000}[world.name]


@on_each()
def test_it_tells_of_progress_before_each_wait(world):
    # The watchdog waits for no more than one call of the driver.
    fed = []

    def feed():
        fed.append(world.sensor.waited)

    cam = lit(world, feed, warmup=30)
    cam.capture()
    world.sensor.broken = "none"
    raises(CameraError, cam.capture)
    raises(CameraError, cam.capture)
    fed.append(world.sensor.waited)
    assert max(b - a for a, b in zip(fed, fed[1:])) <= 4000  # noqa: B905


@on_each()
def test_a_frame_too_large_for_the_drivers_buffer(world):
    # It looks like a failed capture, at each try; started anew at a lower quality it fits.
    cam = camera(world, size="VGA")
    world.sensor.room = len(cam.capture()) - 1
    assert is_whole(cam.capture())
    assert world.starts() == 2
    cam.close()
    assert is_whole(cam.capture()), "it starts at what fits"


@on_each()
def test_a_first_frame_too_large_for_the_drivers_buffer(world):
    # A class that takes the first frame itself does not even start then.
    world.sensor.room = len(camera(world, size="VGA", quality=72).capture())
    cam = camera(world, size="VGA", quality=85)
    assert is_whole(cam.capture()) and world.sensor.size == "VGA"


@on_each()
def test_a_failure_leaves_the_quality_as_it_was(world):
    cam = camera(world)
    size = len(cam.capture())
    world.sensor.broken = "none"
    for _ in range(3):
        raises(CameraError, cam.capture)
    world.sensor.broken = None
    assert len(cam.capture()) == size


# Starting


@on_each()
def test_a_start_that_fails_once(world):
    for fault in (OSError("Camera Init Failed"), OSError(-261), RuntimeError("x"), MemoryError()):
        world.sensor.start_faults = [fault]
        cam = camera(world)
        assert is_whole(cam.capture())
        cam.close()


@on_each()
def test_a_camera_that_does_not_start(world):
    for fault in (
        OSError("Camera Init Failed"),
        RuntimeError("x"),
        ValueError("y"),
        TypeError("z"),
    ):
        world.sensor.start_faults = [fault] * 9
        e = raises(CameraError, camera, world, board="esp-eye")
        world.sensor.start_faults = []
        seen = "Camera Init Failed" if world.name == "lemariva" else str(fault)
        assert "does not start" in str(e) and (seen in str(e) or str(fault) in str(e))
        assert "camera.board" in str(e) and "esp-eye" in str(e)


@on_each()
def test_it_may_start_later(world):
    cam = camera(world)
    cam.close()
    world.sensor.start_faults = [OSError(5)] * 9
    raises(CameraError, cam.capture)
    world.sensor.start_faults = []
    assert is_whole(cam.capture())
    assert cam.size == "SVGA"


@on_each()
def test_started_smaller_where_memory_is_short(world):
    # Drivers say "failed" then, no more: another size must be tried.
    world.sensor.largest = SIZES["CIF"]
    cam = camera(world)
    assert is_whole(cam.capture()) and cam.size == "CIF"
    # Not a lower quality: that takes as much memory.
    assert world.driver.percents[-1:] in ([85], [10])
    for _ in range(30):
        assert is_whole(cam.capture()) and cam.size == "CIF"
    # The memory is there again.
    world.sensor.largest = 10000
    for _ in range(20):
        frame = cam.capture()
        assert is_whole(frame)
    assert cam.size == "SVGA"


@on_each("lemariva")
def test_started_after_a_soft_reset(world):
    # The driver still runs, and refuses to start twice.
    camera(world)
    assert is_whole(camera(world).capture())


@on_each("lemariva")
def test_init_that_returns_false(world):
    world.driver.module.init = lambda number, **_: False
    assert "False" in str(raises(CameraError, camera, world))


# Memory


@on_each()
def test_out_of_memory_once(world):
    cam = camera(world)
    world.sensor.taken = 0
    world.sensor.faults = ["memory"]
    assert is_whole(cam.capture())
    # Not again in the same memory: the camera gave its own back first.
    assert world.sensor.log[-3:].count("stop") == 1
    assert world.starts() == 2
    assert world.sensor.taken == 1 + 2 + 1 + world.stale


@on_each()
def test_out_of_memory_for_good(world):
    cam = camera(world, warmup=1)
    world.sensor.broken = "memory"
    world.sensor.taken = 0
    e = raises(CameraError, cam.capture)
    assert "out of memory" in str(e) and "camera.frame_size" in str(e) and "ribbon" not in str(e)
    assert world.sensor.taken == 3, "one try, one frame of warm-up, one more try"
    assert not world.sensor.running


@on_each()
def test_out_of_memory_at_the_start(world):
    for fault in (OSError(12, "ENOMEM"), MemoryError("memory allocation failed")):
        world.sensor.start_faults = [fault] * 9
        text = str(raises(CameraError, camera, world))
        assert "out of memory" in text or world.name == "lemariva", text
        world.sensor.start_faults = [fault]
        camera(world).close()
        world.sensor.start_faults = []


# The limit


def tried(world, cam):
    # What the picture came from: (frame size, bytes).
    frame = cam.capture()
    assert is_whole(frame)
    return world.sensor.size, len(frame)


@on_each()
def test_within_the_limit_nothing_is_lowered(world):
    cam = camera(world)
    size = len(cam.capture())
    cam.close()
    cam = camera(world, limit=size)
    for _ in range(50):
        assert tried(world, cam) == ("SVGA", size)


@on_each()
def test_quality_goes_down_first(world):
    cam = camera(world)
    full = len(cam.capture())
    cam.close()
    world.sensor.log.clear()
    cam = camera(world, limit=full - 1)
    name, size = tried(world, cam)
    assert name == "SVGA" and full * 3 // 4 < size < full
    assert world.starts() == 1, "the quality needs no new start"
    # It stays there, without a frame that is too large each time.
    before = world.sensor.taken
    tried(world, cam)
    assert world.sensor.taken - before == 1 + world.stale


@on_each("api", "csi")
def test_quality_has_a_floor(world):
    camera(world, quality=50, limit=2000).capture()
    assert min(world.driver.percents) == 40


@on_each()
def test_then_the_frame_size(world):
    found = []
    for limit in (3000, 1700, 1000, 500):
        cam = camera(world, limit=limit)
        name, size = tried(world, cam)
        assert size <= limit
        found.append(name)
        cam.close()
    assert found == ["SVGA", "VGA", "CIF", "QVGA"]


@on_each()
def test_no_size_is_skipped_but_hd(world):
    cam = camera(world, size="QXGA", quality=40, limit=400)
    cam.capture()
    sizes = [line.split()[1] for line in world.sensor.log if line.startswith("start")]
    assert sizes == ["QXGA", "UXGA", "SXGA", "XGA", "SVGA", "VGA", "CIF", "QVGA"]
    cam.close()
    world.sensor.log.clear()
    camera(world, size="HD", quality=40, limit=4000).capture()
    sizes = [line.split()[1] for line in world.sensor.log if line.startswith("start")]
    assert sizes == ["HD", "XGA"]


@on_each()
def test_a_limit_that_cannot_be_met(world):
    cam = camera(world, limit=100)
    e = raises(CameraError, cam.capture)
    assert "limit 100" in str(e) and "QVGA" in str(e) and "cloud.limit_bytes" in str(e)
    assert not world.sensor.running
    # A low quality that was asked for is no more raised than lowered.
    cam = camera(world, size="QQVGA", quality=20, limit=10)
    assert "QQVGA and quality 20" in str(raises(CameraError, cam.capture))


@on_each("api, old", "lemariva", "csi")
def test_a_driver_that_refuses_the_quality(world):
    cam = camera(world, limit=4000)

    def refuse(*_):
        raise ValueError("Invalid setting for quality")

    if world.name == "lemariva":
        world.driver.module.quality = refuse
    elif world.name == "csi":
        cam._device.driver.quality = refuse
    else:
        world.driver.module.Camera.set_quality = refuse
    assert "Invalid setting" in str(raises(CameraError, cam.capture))


@on_each()
def test_slowly_back_up(world):
    sensor = world.sensor
    cam = camera(world)
    full = len(cam.capture())
    cam.close()
    sensor.log.clear()
    cam = camera(world, limit=full * 9 // 10)
    assert tried(world, cam)[1] < full
    for _ in range(19):
        before = sensor.taken
        tried(world, cam)
        assert sensor.taken - before == 1 + world.stale, "the better one was not tried yet"
    # Now it is, and is still too large.
    before = sensor.taken
    assert tried(world, cam)[1] <= full * 9 // 10
    assert sensor.taken - before == 2 * (1 + world.stale)
    # The scene has grown simpler.
    cam._limit = full
    for n in range(19):
        assert tried(world, cam)[1] < full, n
    assert tried(world, cam)[1] == full
    # Never above what is configured.
    for _ in range(50):
        assert tried(world, cam) == ("SVGA", full)
    assert max(world.driver.percents) <= 85 and world.starts() == 1


@on_each()
def test_back_up_by_a_frame_size(world):
    cam = camera(world, size="VGA", quality=40, limit=900)
    assert tried(world, cam)[0] == "CIF"
    cam._limit = 100000
    for _ in range(19):
        frame = cam.capture()
        # Started anew at another size, the buffer would be gone.
        assert is_whole(frame) and world.sensor.size == "CIF"
    assert tried(world, cam)[0] == "VGA"
    assert not cam._level


@on_each()
def test_lowered_over_a_close(world):
    cam = camera(world, limit=1700)
    tried(world, cam)
    cam.close()
    before = world.starts()
    assert tried(world, cam)[0] == "VGA"
    assert world.starts() == before + 1, "it starts where it was"


# The light


@on_each()
def test_light_only_for_the_capture(world):
    cam = lit(world, warmup=3)
    assert "light on" not in world.sensor.log
    lights = []
    world.sensor.on_capture = lambda: lights.append(world.sensor.lit)
    frame = cam.capture()
    assert shown(frame)[2] and not world.sensor.lit
    assert shown(frame)[1] >= 3, "exposure has settled in the light"
    assert lights == [True] * len(lights)
    assert world.sensor.log[-2:] == ["light on", "light off"]


@on_each()
def test_light_of_the_first_frame(world):
    # Even with no warm-up, the frame that waited in the dark is not the picture.
    cam = lit(world, warmup=0)
    for _ in range(2):
        assert shown(cam.capture())[2]


@on_each()
def test_light_while_the_quality_goes_up(world):
    cam = lit(world, quality=50)
    cam._limit = len(cam.capture()) - 1
    for _ in range(45):
        seen = shown(cam.capture())
        assert seen[1] >= 2 and seen[2]


@on_each()
def test_light_goes_out_whatever_happens(world):
    cam = lit(world)
    world.sensor.broken = "none"
    raises(CameraError, cam.capture)
    assert world.sensor.log[-1] == "light off" and not world.sensor.lit
    world.sensor.broken = None

    def interrupt():
        raise KeyboardInterrupt

    cam.capture()
    world.sensor.on_capture = interrupt
    raises(KeyboardInterrupt, cam.capture)
    assert world.sensor.log[-1] == "light off" and not world.sensor.lit


@on_each("api")
def test_light_before_the_capture(world):
    waits = []
    real, lamp.sleep_ms = lamp.sleep_ms, waits.append
    try:
        cam = lit(world, ms=300)
        cam.capture()
    finally:
        lamp.sleep_ms = real
    assert waits == [300]


@on_each()
def test_light_only_where_the_picture_is_dark_without(world):
    seen = []
    real, brightness.mean = brightness.mean, lambda frame, enough: seen.pop(0)
    try:
        cam = lit(world, light="auto")
        for mean, is_lit in ((120, False), (48, False), (47, True), (None, True), (90, False)):
            seen.append(mean)
            frame = cam.capture()
            assert shown(frame)[2] == is_lit and shown(frame)[1] >= 2, mean
            assert not world.sensor.lit
    finally:
        brightness.mean = real
    assert world.sensor.log.count("light on") == 2


# Closing


@on_each()
def test_close_and_again(world):
    cam = camera(world, warmup=3)
    cam.capture()
    cam.close()
    assert not world.sensor.running
    cam.close()
    assert world.sensor.log.count("stop") == 1
    frame = cam.capture()
    assert is_whole(frame) and world.starts() == 2
    assert shown(frame)[1] >= 3, "with warm-up"


@on_each("api")
def test_a_close_that_fails(world):
    cam = camera(world)

    def deinit(_):
        raise OSError(-1)

    world.driver.module.Camera.deinit = deinit
    cam.close()
    assert is_whole(cam.capture())


@on_each("lemariva")
def test_the_old_copy_is_dropped_before_the_next(world):
    # Two copies at a time are more than the heap holds.
    cam = camera(world)
    taken = []
    module = world.driver.module
    capture = module.capture

    def watch():
        # CPython alone can tell: the one other reference to the last copy is ours.
        if taken and hasattr(sys, "getrefcount"):
            held = sys.getrefcount(taken[-1])
            assert held == 2, "another copy is still held"
        taken.append(capture())
        return taken[-1]

    module.capture = watch
    cam.capture()
    assert len(taken) == 2


def test_sizes_are_all_known():
    # Every frame size the configuration takes is one the fakes and the drivers have.
    from thingscam.config import schema as settings

    assert set(settings.FRAME_SIZES) == set(SIZES)
