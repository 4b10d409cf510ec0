# A board from empty to at work, with the real mpremote and our tools, and a person at its REPL.

import datetime

import serial

from tests.support.board import mpremote
from tests.support.site import PASSWORD, SECRETS, SSID, START, USUAL, is_as_seen, plain, site
from tools.virtualboard.clock import EPOCH_2000


def test_deployed_to_an_empty_board_it_sends_pictures(tmp_path):
    with site(tmp_path, empty=True) as place:
        # A board that has MicroPython and nothing else.
        assert place.board.files() == {}
        place.board.network(SSID, PASSWORD)
        config = tmp_path / "config.json"
        config.write_text(place.config())
        assert "files copied" in place.tools("deploy", "--config", config)
        place.wait_for("INFO clock set")
        place.move()
        (picture,) = place.wait_for_pictures(1)
        assert is_as_seen(picture)
        assert picture.cause == "pir"
        seen = datetime.datetime.fromtimestamp(EPOCH_2000 + picture.moment // 1000, datetime.UTC)
        taken = datetime.datetime.strptime(picture.taken + "+0000", "%Y:%m:%d %H:%M:%S%z")
        assert abs(taken - seen) <= datetime.timedelta(seconds=2)
        place.wait_for("INFO upload")
        lines = place.tools("logs", "--kept")
        assert "INFO upload {} bytes pir -> http".format(len(plain(picture))) in lines
        assert not any(secret in lines for secret in SECRETS)


def test_a_person_at_the_repl_has_status_camera_pins_and_no_watchdog(tmp_path):
    with site(tmp_path, **USUAL) as place:
        place.move()
        place.wait_for_pictures(1)
        place.wait_for("INFO upload")
        status = place.status()
        assert (status["captured"], status["sent"], status["waiting"]) == (1, 1, 0)
        assert (status["power_on"], status["watchdog"], status["crash"]) == (1, 0, 0)
        assert status["clock_set"] is True and status["rssi"] == -60
        # The camera and the sensor's pin are free, and nothing of the app goes on.
        code = (
            "from machine import Pin\n"
            "from camera import Camera, FrameSize, PixelFormat\n"
            "c = Camera(frame_size=FrameSize.QVGA, pixel_format=PixelFormat.JPEG)\n"
            "print(len(c.capture()) > 1000, Pin(13).value())\n"
            "c.deinit()\n"
        )
        assert place.execute(code) == "True 0\n"
        place.move()
        starts = place.board.state()["starts"]
        # Five times the watchdog's minute, in which it would bite.
        place.let_pass(300, speed=40)
        assert place.execute("print('still here')") == "still here\n"
        assert place.board.state()["starts"] == starts
        assert place.board.output.count("INFO kept") == 1


def test_mpremote_interrupts_again_and_again_and_the_app_starts_anew(tmp_path):
    with site(tmp_path, **USUAL) as place:
        place.wait_for("INFO clock set")
        assert mpremote(place.board, "exec", "print(6 * 7)") == "42\n"
        with serial.Serial(place.board.port) as port:
            port.write(b"\x04")  # Ctrl-D at the prompt
            place.wait_for(START + "soft_reset")
        # The watchdog of the first run goes on, and the app feeds it.
        before = place.board.state()["starts"]
        place.let_pass(150, speed=40)
        assert place.board.state()["starts"] == before
        place.move()
        place.wait_for_pictures(1)
        status = place.status()
        assert status["watchdog"] == 0 and status["soft_reset"] >= 1
        # What mpremote runs after a soft reset has a fed watchdog too.
        place.board.set_speed(40)
        assert mpremote(place.board, "exec", "import time; time.sleep(100); print(1)") == "1\n"
        assert "task_wdt" not in place.board.output
