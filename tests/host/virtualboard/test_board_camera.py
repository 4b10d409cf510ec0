# The virtual board's cameras: each driver's ways, and what goes wrong with them.

import http.server
import io
import threading

import pytest
from PIL import Image

from tests.support.board import execute, mpremote, running
from tools.virtualboard.scenes import frame_of

API = """
from camera import Camera, FrameSize, GrabMode, PixelFormat
def start(**more):
    settings = dict(pixel_format=PixelFormat.JPEG, frame_size=FrameSize.SVGA, jpeg_quality=85)
    settings.update(more)
    return Camera(**settings)
"""
LEMARIVA = """
import camera
def start(**more):
    camera.init(0, format=camera.JPEG, framesize=camera.FRAME_SVGA, **more)
"""
OPENMV = """
import csi
c = csi.CSI()
c.reset()
c.pixformat(csi.JPEG)
c.framesize(csi.SVGA)
"""
NO_CAMERA = "[Errno 95] EOPNOTSUPP: ESP_ERR_NOT_SUPPORTED\n"
SAVE = """
def save(frame, name):
    import uctypes
    data = bytes(frame) if isinstance(frame, bytes) else uctypes.bytes_at(uctypes.addressof(frame), len(frame))
    with open(name, "wb") as f:
        f.write(data)
"""  # noqa: E501


@pytest.fixture(scope="module")
def boards():
    """Running boards by driver, made when they are asked for."""
    with running() as api, running(driver="lemariva") as lemariva, running(driver="openmv") as csi:
        yield {"camera-api": api, "lemariva": lemariva, "openmv": csi}


def saved(board, name):
    return board.files()[name]


def test_frames_of_the_class_are_jpeg_with_number_and_time(boards):
    board = boards["camera-api"]
    text = API + SAVE + "c = start()\nfor i in range(4): save(c.capture(), str(i))\n"
    execute(board, text)
    frames = [frame_of(saved(board, str(at))) for at in range(4)]
    numbers = [number for number, _ in frames]
    assert numbers == sorted(set(numbers)), "each capture is a frame of its own"
    assert board.delivered()[-1][0] == numbers[-1]
    assert abs(frames[-1][1] - board.state()["world_ms"]) < 60000
    with Image.open(io.BytesIO(saved(board, "3"))) as picture:
        assert picture.size == (800, 600)
        well_lit = picture.convert("L").resize((1, 1)).getpixel((0, 0))
    with Image.open(io.BytesIO(saved(board, "0"))) as picture:
        # It is the second: the constructor took the first.
        assert picture.convert("L").resize((1, 1)).getpixel((0, 0)) < well_lit * 0.7, "too dark"


def test_the_class_gives_its_buffer_away_signed_and_overwrites_it(boards):
    text = API + (
        "c = start()\n"
        "one = c.capture()\n"
        "print(type(one), one[0], one[1])\n"
        "before = bytes(one[:200])\n"
        "two = c.capture()\n"
        "print(before == bytes(one[:200]), bytes(one[:200]) == bytes(two[:200]))\n"
    )
    found = execute(boards["camera-api"], text).splitlines()
    assert found == ["<class 'memoryview'> -1 -40", "False True"]


def test_size_follows_frame_size_and_quality(boards):
    text = API + (
        "sizes = []\n"
        "for size in (FrameSize.QVGA, FrameSize.SVGA, FrameSize.UXGA):\n"
        "    c = start(frame_size=size)\n"
        "    for _ in range(4): f = c.capture()\n"
        "    sizes.append(len(f))\n"
        "    c.quality = 30\n"
        "    for _ in range(4): f = c.capture()\n"
        "    sizes.append(len(f))\n"
        "    c.deinit()\n"
        "print(sizes)\n"
    )
    sizes = eval(execute(boards["camera-api"], text))
    assert sizes[0] > sizes[1]
    assert sizes[2] > 1.3 * sizes[3]
    assert sizes[4] > 1.3 * sizes[5]
    assert sizes[0] < sizes[2] < sizes[4]


def test_old_frames_wait_in_the_buffers(boards):
    """Two buffers hold what was seen before; the latest does not."""
    text = (
        API
        + SAVE
        + (
            "import time\n"
            "for mode, name in ((GrabMode.WHEN_EMPTY, 'old'), (GrabMode.LATEST, 'new')):\n"
            "    c = start(fb_count=2, grab_mode=mode)\n"
            "    for _ in range(3): save(c.capture(), name + '-first')\n"
            "    time.sleep(2)\n"
            "    save(c.capture(), name)\n"
            "    c.deinit()\n"
        )
    )
    board = boards["camera-api"]
    execute(board, text)
    files = board.files()
    age = {
        name: frame_of(files[name])[1] - frame_of(files[name + "-first"])[1]
        for name in ("old", "new")
    }
    assert age["old"] < 2000 <= age["new"]


def test_lemariva_gives_bytes_as_old_as_the_last_capture(boards):
    text = (
        LEMARIVA
        + SAVE
        + (
            "import time\n"
            "camera.deinit()\n"
            "start()\n"
            "for _ in range(3): camera.capture()\n"
            "time.sleep(1)\n"
            "one = camera.capture()\n"
            "two = camera.capture()\n"
            "print(type(one), one[:3] == b'\\xff\\xd8\\xff', one != two)\n"
            "save(one, 'one')\n"
            "save(two, 'two')\n"
        )
    )
    board = boards["lemariva"]
    assert execute(board, text) == "<class 'bytes'> True True\n"
    _, one = frame_of(saved(board, "one"))
    _, two = frame_of(saved(board, "two"))
    assert two - one > 900


def test_lemariva_goes_on_over_a_soft_reset(boards):
    text = LEMARIVA + "camera.deinit()\nstart()\nprint(camera.capture() is not False)\n"
    assert execute(boards["lemariva"], text) == "True\n"
    # A second start finds it running, and takes it down.
    again = LEMARIVA + (
        "try:\n    start()\nexcept OSError as e:\n    print(e)\n"
        "print(camera.capture(), camera.quality(12), camera.deinit())\n"
    )
    assert execute(boards["lemariva"], again) == "Camera Init Failed\nFalse False False\n"


def test_there_is_one_camera_of_the_class(boards):
    # Whatever objects there are, and over a soft reset too: a new one takes the old one down.
    for _ in range(2):
        assert execute(boards["camera-api"], API + "a = start()\nstart()\nprint('on')") == "on\n"


def test_the_class_stopped_and_started(boards):
    text = API + (
        "c = start()\n"
        "c.deinit()\nc.deinit()\n"
        "for what in (c.capture, c.frame_available, c.reconfigure):\n"
        "    try:\n        what()\n    except OSError as e:\n        print(e)\n"
        "c.init()\nc.init()\nprint(c.capture()[0])\n"
        "c.reconfigure(frame_size=FrameSize.QVGA)\nprint(len(c.capture()) > 1000)\n"
        "c = start(init=False)\n"
        "try:\n    c.capture()\nexcept OSError as e:\n    print(e)\n"
    )
    found = execute(boards["camera-api"], text).splitlines()
    assert found == ["[Errno 2] ENOENT"] * 3 + ["-1", "True", "[Errno 2] ENOENT"]


def test_the_class_takes_a_first_frame_itself(boards):
    board = boards["camera-api"]
    board.set_speed(20)
    board.camera_fault("first_frame")
    before = board.state()["board_ms"]
    text = API + "try:\n    start()\nexcept OSError as e:\n    print(e)\nstart()\nprint('on')\n"
    found = execute(board, text)
    assert found.startswith("Failed to capture initial frame") and found.endswith("\non\n")
    assert board.state()["board_ms"] - before > 4000
    board.set_speed(1)


@pytest.mark.parametrize(
    ("driver", "seconds"), [("camera-api", 4), ("lemariva", 4), ("openmv", 3)]
)
def test_a_failed_capture_waits_and_nothing_else_runs(boards, driver, seconds):
    text = FAULTY[driver].replace("for _ in range(4): c.capture()\n", "") + (
        "import machine, time\n"
        "ticks = []\n"
        "timer = machine.Timer(2)\n"
        "timer.init(period=100, mode=machine.Timer.PERIODIC, callback=lambda t: ticks.append(1))\n"
        "begin = time.ticks_ms()\n"
        "try:\n    print(take())\nexcept RuntimeError as e:\n    print(e)\n"
        "print(time.ticks_diff(time.ticks_ms(), begin) // 1000, len(ticks))\n"
        "timer.deinit()\n"
    )
    board = boards[driver]
    board.set_speed(5)
    board.camera_fault("failed")
    found = execute(board, text).splitlines()
    board.set_speed(1)
    assert found[-1] in ("{} {}".format(seconds, n) for n in (0, 1)), found
    assert found[-2] in ("None", "False", "Frame capture has timed out.")


def test_lemariva_loses_its_buffer_with_a_copy_there_is_no_room_for(boards):
    # The copy is made before the buffer is given back: what follows fails until deinit().
    board = boards["lemariva"]
    board.set_speed(20)
    text = LEMARIVA + (
        "import gc\n"
        "camera.deinit()\nstart()\n"
        "size = len(camera.capture())\n"
        "hog = []\n"
        "step = 200000\n"
        "while step > 2000:\n"
        "    try:\n        hog.append(bytearray(step))\n"
        "    except MemoryError:\n        step //= 2\n"
        "try:\n    camera.capture()\nexcept MemoryError:\n    print('short')\n"
        "hog = None\ngc.collect()\n"
        "print(camera.capture())\n"
        "camera.deinit()\nstart()\nprint(len(camera.capture()) > 1000)\n"
    )
    assert execute(board, text) == "short\nFalse\nTrue\n"
    board.set_speed(1)


def test_openmv_gives_images_in_place(boards):
    text = (
        OPENMV
        + SAVE
        + (
            "for _ in range(3): image = c.snapshot()\n"
            "data = image.bytearray()\n"
            "print(type(data) is memoryview or type(data), data[0], data[1])\n"
            "save(data, 'csi')\n"
            "c.pixformat(csi.RGB565)\n"
            "image = c.snapshot()\n"
            "print(image.to_jpeg(quality=70).bytearray()[0])\n"
            "c.shutdown(True)\n"
        )
    )
    assert execute(boards["openmv"], text) == "True 255 216\n255\n"
    assert frame_of(saved(boards["openmv"], "csi"))


def test_openmv_of_older_firmware():
    text = (
        "import sensor\n"
        "sensor.reset()\n"
        "sensor.set_pixformat(sensor.JPEG)\n"
        "sensor.set_framesize(sensor.QVGA)\n"
        "sensor.skip_frames(3)\n"
        "print(sensor.snapshot().bytearray()[0])\n"
        "import csi\n"
    )
    with running(driver="openmv-sensor") as board:
        found = mpremote(board, "exec", text, check=False)
        assert found.startswith("255\n")
        assert "ImportError" in found


FAULTY = {
    "camera-api": API
    + "c = start()\nfor _ in range(4): c.capture()\ndef take():\n    return c.capture()\n",
    "lemariva": LEMARIVA + "camera.deinit()\nstart()\ntake = camera.capture\n",
    "openmv": OPENMV + "def take():\n    return c.snapshot().bytearray()\n",
}
TAKE = """
print("ready")
import time
def look():
    try:
        f = take()
    except (OSError, MemoryError, RuntimeError) as e:
        return type(e).__name__ + " " + str(e)
    if not f:
        return "<memoryview>" if type(f) is memoryview else str(f)
    end = bytes(f[-2:])
    return "start" if f[0] in (-1, 255) and end == b"\\xff\\xd9" else "damaged"
while True:
    time.sleep_ms(50)
    print("look", look())
"""


@pytest.mark.parametrize(
    ("driver", "fault", "expected"),
    [
        ("camera-api", "failed", "None"),
        ("camera-api", "enomem", "MemoryError memory allocation failed"),
        ("camera-api", "truncated", "damaged"),
        ("camera-api", "padding", "damaged"),
        ("camera-api", "garbage", "damaged"),
        ("camera-api", "empty", "<memoryview>"),
        ("lemariva", "failed", "False"),
        ("lemariva", "enomem", "MemoryError memory allocation failed"),
        ("openmv", "failed", "RuntimeError Frame capture has timed out."),
        ("openmv", "enomem", "MemoryError memory allocation failed"),
    ],
)
def test_what_goes_wrong(driver, fault, expected):
    with running(FAULTY[driver] + TAKE, driver=driver, speed=5) as board:
        board.wait_for("look start")
        board.camera_fault(fault)
        board.wait_for("look {}\n".format(expected))
        board.wait_for("look start", count=board.output.count("look start") + 1)
        assert board.output.count("look {}\n".format(expected)) == 1


def test_a_camera_that_does_not_start(boards):
    board = boards["camera-api"]
    board.camera_fault("start")
    text = API + "try:\n    start()\nexcept OSError as e:\n    print(e)\nstart()\nprint('on')\n"
    assert execute(board, text) == NO_CAMERA + "on\n"


def test_wrong_pins_find_no_camera(boards):
    text = API + (
        "try:\n"
        "    start(data_pins=[1, 2, 3, 4, 5, 6, 7, 8], xclk_pin=0, pclk_pin=22, vsync_pin=25,\n"
        "          href_pin=23, sda_pin=26, scl_pin=27, powerdown_pin=32, reset_pin=-1)\n"
        "except OSError as e:\n"
        "    print(e)\n"
    )
    assert execute(boards["camera-api"], text) == NO_CAMERA


def test_without_psram_the_class_has_no_memory():
    # Its frame buffers are in PSRAM, and nowhere else.
    text = API + "try:\n    start(frame_size=FrameSize.QVGA)\nexcept OSError as e:\n    print(e)\n"
    with running(profile="ttgo-t-journal", driver="camera-api") as board:
        assert execute(board, text) == "[Errno 1] EPERM: ESP_FAIL\n"


def test_without_psram_all_share_the_internal_ram():
    text = (
        "import camera, network\n"
        "def largest():\n"
        "    for name in ('UXGA', 'SVGA', 'VGA', 'CIF', 'QVGA'):\n"
        "        try:\n"
        "            camera.init(0, framesize=getattr(camera, 'FRAME_' + name))\n"
        "            camera.deinit()\n"
        "            return name\n"
        "        except OSError:\n            pass\n"
        "print(largest())\n"
    )
    joining = "network.WLAN(network.STA_IF)\nprint(largest())\n"
    with running(profile="ttgo-t-journal", driver="lemariva") as board:
        assert execute(board, text + joining) == "VGA\nQVGA\n"
        free = board.state()["ram"]
        board.grow_heap(free - 30000)
        assert execute(board, text) == "None\n"
        with pytest.raises(ValueError, match="30000 are free"):
            board.grow_heap(30001)
        board.press_reset()
        assert board.state()["ram"] > free, "a chip's reset gives all back"


def test_each_frame_can_be_followed_to_a_server():
    arrived = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):  # noqa: N802
            arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_):
            pass

    program = API + (
        "import network, socket, time\n"
        "wlan = network.WLAN(network.STA_IF)\n"
        "wlan.active(True)\n"
        "wlan.connect('net', '')\n"
        "while not wlan.isconnected(): time.sleep_ms(50)\n"
        "c = start()\n"
        "for _ in range(5):\n"
        "    frame = c.capture()\n"
        "    s = socket.socket()\n"
        "    s.connect(socket.getaddrinfo('localhost', {})[0][-1])\n"
        "    s.write(b'POST / HTTP/1.0\\r\\nContent-Length: %d\\r\\n\\r\\n' % len(frame))\n"
        "    s.write(frame)\n"
        "    print(s.readline())\n"
        "    s.close()\n"
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with running(program.format(server.server_port), speed=10) as board:
            board.network("net")
            board.wait_for("200 OK", count=5)
            numbers = [frame_of(data)[0] for data in arrived]
            assert numbers == [number for number, _, _ in board.delivered()]
            assert [len(data) for data in arrived] == [size for _, size, _ in board.delivered()]
        server.shutdown()


def test_trouble_comes_by_itself_when_asked_for():
    with running(FAULTY["camera-api"] + TAKE, trouble=0.3, seed=1, speed=20) as board:
        board.wait_for("look None")
        board.wait_for("look damaged")
        board.wait_for("look start", count=5)
