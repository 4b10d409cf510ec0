# `python -m tools flash`: the real esptool, a boot loader on a pseudo-terminal, its flash.

import json
import os
import signal
import ssl
import stat
import subprocess
import time

import pytest
import trustme

from tests.support import firmwarefile
from tests.support.quick import PYTHON
from tests.support.world import ROOT, server
from thingscam.board import profiles as boards
from tools.host import filesystem, firmware

MB = 1024 * 1024
CA = ssl.PEM_cert_to_DER_cert(trustme.CA().cert_pem.bytes().decode())
CONFIG = {
    "wifi": [{"ssid": "garden", "password": "wifi-pass-word"}],
    "cloud": {
        "endpoint": "https://camera.example",
        "access_token": "t0ken-abcdef",
        "identifier": "image",
        "project_key": "s3cret-key-7x",
        "region": "cn-1",
    },
}


@pytest.fixture
def bench(tmp_path):
    """A folder with firmware for both chips, a configuration and its CA."""
    for chip in ("esp32", "esp32s3"):
        data = firmwarefile.make(chip, firmwarefile.PLUS)
        (tmp_path / (chip + ".bin")).write_bytes(data)
    (tmp_path / "config.json").write_text(json.dumps(CONFIG))
    (tmp_path / "ca.der").write_bytes(CA)
    return tmp_path


def flash(bench, chip, *options, env=None):
    command = [*PYTHON, "-m", "tools", "flash", "--firmware", bench / (chip + ".bin")]
    command += ["--config", bench / "config.json", *options]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100)
    for secret in ("wifi-pass-word", "t0ken-abcdef", "s3cret-key-7x"):
        assert secret not in done.stdout + done.stderr
    return done


def rom(bench, chip, megabytes, *fault):
    return server("tests.support.romloader", chip, bench / "flash", str(megabytes), *fault)


def refused(done, *words):
    assert done.returncode == 1, done.stdout + done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def board_files(whole, compiled=True):
    """The files in a flash, found as its own partition table says."""
    found = firmware.parse(whole)
    place = found.filesystem(len(whole))
    files = filesystem.contents(whole[place.offset : place.end])
    wanted = filesystem.firmware_files(compiled=compiled)
    wanted |= {"config.json": json.dumps(CONFIG).encode(), "ca.der": CA}
    assert files == wanted
    return found


@pytest.mark.parametrize(
    "chip, board, megabytes", [("esp32", "ai-thinker", 4), ("esp32s3", "xiao-esp32s3-sense", 8)]
)
def test_a_bare_board_gets_all_in_one_go(bench, chip, board, megabytes):
    trigger = {"pir_pin": boards.find(board).pir}
    config = dict(CONFIG, camera={"board": board}, trigger=trigger)
    (bench / "config.json").write_text(json.dumps(config))
    with rom(bench, chip, megabytes) as port:
        done = flash(bench, chip, "--port", port, "--board", board, "--verify")
    assert (done.returncode, done.stderr) == (0, "")
    assert "MicroPython v1.27.0" in done.stdout and "the board starts now" in done.stdout
    whole = (bench / "flash").read_bytes()
    place = firmware.parse(whole).filesystem(len(whole))
    files = filesystem.contents(whole[place.offset : place.end])
    assert json.loads(files.pop("config.json")) == config
    assert files == filesystem.firmware_files(compiled=True) | {"ca.der": CA}
    # The firmware is where the chip's own loader looks for it, bit for bit.
    wanted = (bench / (chip + ".bin")).read_bytes()
    offset = firmwarefile.OFFSETS[chip]
    assert whole[offset : offset + len(wanted)] == wanted


def test_what_was_done_as_json_and_lib_as_source(bench):
    with rom(bench, "esp32", 4) as port:
        done = flash(bench, "esp32", "--port", port, "--json", "--source", "--baud", "115200")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["filesystem"]["size"] == 2 * MB
    assert "lib/thingscam/app.py" in told["filesystem"]["files"]
    board_files((bench / "flash").read_bytes(), compiled=False)


def test_a_card_needs_a_newer_micropython(bench):
    data = firmwarefile.make("esp32", firmwarefile.PLUS, version="v1.23.0")
    (bench / "esp32.bin").write_bytes(data)
    image = ("--output", bench / "whole.bin")
    assert flash(bench, "esp32", *image).returncode == 0
    card = {"outbox": {"path": "/sd/outbox"}, "trigger": {"pir_pin": 12}}
    (bench / "config.json").write_text(json.dumps(CONFIG | card))
    refused(flash(bench, "esp32", *image), "1.23.0 is too old, take 1.24.1 or later")


def test_erase_leaves_nothing_of_before(bench):
    (bench / "flash").write_bytes(b"old secrets" * (4 * MB // 11) + bytes(4 * MB % 11))
    with rom(bench, "esp32", 4) as port:
        assert flash(bench, "esp32", "--port", port).returncode == 0
        whole = (bench / "flash").read_bytes()
        # Between the app and the files nothing was written; in the files all was.
        assert b"old secrets" in whole
        assert b"old secrets" not in whole[2 * MB :]
        assert flash(bench, "esp32", "--port", port, "--erase").returncode == 0
    assert b"old secrets" not in (bench / "flash").read_bytes()


def test_one_file_for_another_flasher(bench):
    out = bench / "merged.bin"
    done = flash(bench, "esp32", "--output", out)
    assert (done.returncode, done.stderr) == (0, "")
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    whole = out.read_bytes()
    assert len(whole) == 4 * MB
    assert whole[:0x1000] == b"\xff" * 0x1000
    board_files(whole)
    # It is itself a firmware for the next board.
    os.replace(out, bench / "again.bin")
    with rom(bench, "esp32", 4) as port:
        assert flash(bench, "again", "--port", port).returncode == 0
    board_files((bench / "flash").read_bytes())
    done = flash(bench, "esp32", "--output", out, "--flash-mb", "16")
    assert done.returncode == 0
    assert firmware.parse(out.read_bytes()).filesystem(16 * MB).size == 14 * MB
    assert out.stat().st_size == 16 * MB


def test_a_slow_cable_gets_a_slower_speed(bench):
    with rom(bench, "esp32", 4, "slow") as port:
        done = flash(bench, "esp32", "--port", port)
    assert (done.returncode, done.stderr) == (0, "")
    for baud in (921600, 460800, 230400):
        assert "{} baud failed".format(baud) in done.stdout
    board_files((bench / "flash").read_bytes())


def test_interrupted_it_says_what_is_left(bench):
    command = [*PYTHON, "-m", "tools", "flash", "--firmware", bench / "esp32.bin"]
    command += ["--config", bench / "config.json", "--baud", "115200"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with (
        rom(bench, "esp32", 4) as port,
        subprocess.Popen([*command, "--port", port], cwd=ROOT, **pipes) as process,
    ):
        end = time.monotonic() + 60
        # The boot loader comes at 0x1000.
        while (bench / "flash").read_bytes()[0x1000:0x1001] == b"\xff":
            assert process.poll() is None and time.monotonic() < end
        process.send_signal(signal.SIGINT)
        shown, error = process.communicate(timeout=60)
    assert process.returncode == 1 and error.strip() == "Aborted!"
    assert "half written" in shown


def test_a_worn_flash_is_noticed(bench):
    with rom(bench, "esp32", 4, "rotten") as port:
        refused(flash(bench, "esp32", "--port", port, "--baud", "115200"), port, "reads back")


def test_not_in_download_mode(bench):
    with rom(bench, "esp32", 4, "silent") as port:
        done = flash(bench, "esp32", "--port", port, "--no-reset")
        refused(done, port, "GPIO0 to GND", "BOOT")


def test_ports_that_cannot_be_used(bench):
    refused(flash(bench, "esp32", "--port", "/dev/ttyNone"), "/dev/ttyNone", "no such port")
    refused(flash(bench, "esp32", "--port", str(bench / "ca.der")), "not a serial port")
    refused(flash(bench, "esp32", "--port", "nosuch://x"), "no such kind of port")
    with rom(bench, "esp32", 4) as port:
        import serial

        with serial.Serial(port, exclusive=True):
            refused(flash(bench, "esp32", "--port", port), port, "in use")


def test_what_does_not_go_together(bench):
    done = flash(bench, "esp32s3", "--port", "/dev/null")
    refused(done, "ESP32-S3", "ai-thinker has an ESP32", "mpy_cam-<version>-AI_THINKER.zip")
    with rom(bench, "esp32s3", 8) as port:
        refused(flash(bench, "esp32", "--port", port), "an ESP32-S3 is connected", "ai-thinker")
        refused(flash(bench, "esp32", "--port", port, "--board", "esp-eye"), "camera.board")
        refused(flash(bench, "esp32", "--port", port, "--board", "espeye"), "esp-eye")
        refused(flash(bench, "esp32", "--port", port, "--sha256", "00"), "SHA-256")
    own = {"camera": {"board": "firmware"}, "trigger": {"pir_pin": 40}}
    (bench / "config.json").write_text(json.dumps(CONFIG | own))
    refused(flash(bench, "esp32", "--output", bench / "out"), "GPIO40 ", "board firmware")
    assert flash(bench, "esp32s3", "--output", bench / "out", "--flash-mb", "8").returncode == 0
    (bench / "config.json").write_text(json.dumps(CONFIG))
    (bench / "ca.der").unlink()
    refused(flash(bench, "esp32", "--port", "/dev/null"), "ca.der", "--fetch-ca")
    (bench / "config.json").write_text("{}")
    done = flash(bench, "esp32", "--port", "/dev/null")
    assert done.returncode == 1 and "cloud.endpoint: missing" in done.stderr
    assert flash(bench, "esp32").returncode == 2


def test_without_firmware_it_says_where_to_get_one(bench):
    command = [*PYTHON, "-m", "tools", "flash", "--config", bench / "config.json"]
    done = subprocess.run([*command, "--port", "x"], cwd=ROOT, capture_output=True, text=True)
    refused(done, "--firmware", "mpy_cam-<version>-AI_THINKER.zip", "https://github.com/")


def test_a_firmware_with_thingscam_in_it_gets_no_lib(bench):
    data = firmwarefile.make(texts="nothing\0thingscam/http/session.py")
    (bench / "esp32.bin").write_bytes(data)
    done = flash(bench, "esp32", "--output", bench / "out")
    refused(done, "no camera driver", "--force", "mpy_cam-<version>-AI_THINKER.zip")
    assert not (bench / "out").exists()
    done = flash(bench, "esp32", "--output", bench / "out", "--force")
    assert done.returncode == 0 and "no lib/ is written" in done.stdout
    whole = (bench / "out").read_bytes()
    files = filesystem.contents(whole[2 * MB :])
    assert set(files) == {"boot.py", "main.py", "config.json", "ca.der"}


def test_files_that_do_not_fit_are_named(bench):
    parts = (*firmwarefile.PLUS, ("vfs", 1, 0x81, 0x200000, 0x10000))
    (bench / "esp32.bin").write_bytes(firmwarefile.make(parts=parts))
    refused(flash(bench, "esp32", "--output", bench / "out"), "no room", "64 KB")
    assert not (bench / "out").exists()
