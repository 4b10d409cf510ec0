# From a bare board to a picture: flashed by the real esptool, booted from what was written.

import os
import ssl
import subprocess

import pytest
import requests

from tests.support import firmwarefile
from tests.support.quick import PYTHON
from tests.support.world import ROOT, server, service
from tools.host import firmware
from tools.virtualboard.board import VirtualBoard


@pytest.mark.parametrize(
    "chip, board, megabytes", [("esp32", "ai-thinker", 4), ("esp32s3", "xiao-esp32s3-sense", 8)]
)
def test_the_picture_arrives(tmp_path, chip, board, megabytes):
    (tmp_path / "firmware.bin").write_bytes(firmwarefile.make(chip, firmwarefile.PLUS))
    data = tmp_path / "cloud"
    with service(data, "--interval", "0", "--tls") as url:
        ca = tmp_path / "ca.der"
        ca.write_bytes((data / "ca.der").read_bytes())
        settings = {
            "wifi.ssid": "garden",
            "wifi.password": "wifi-pass-word",
            "cloud.endpoint": url.replace("127.0.0.1", "localhost"),
            "cloud.access_token": "demo-camera",
            "cloud.identifier": "image",
            "cloud.project_key": "demo-project-key",
            "cloud.region": "demo",
            "camera.board": board,
            "trigger.pir_pin": "null",
            "trigger.every_s": "20",
        }
        sets = [word for pair in settings.items() for word in ("--set", "=".join(pair))]
        tools("config", tmp_path / "config.json", *sets)
        with server("tests.support.romloader", chip, tmp_path / "flash", str(megabytes)) as port:
            files = ("--firmware", tmp_path / "firmware.bin", "--config", tmp_path / "config.json")
            tools("flash", "--port", port, "--board", board, *files)
        # The flash, split by its own partition table: its files are what the board starts with.
        whole = (tmp_path / "flash").read_bytes()
        place = firmware.parse(whole).filesystem(len(whole))
        (tmp_path / "vfs").write_bytes(whole[place.offset : place.end])
        with VirtualBoard(image=tmp_path / "vfs", profile=board, speed=4) as it:
            shown = it.wait_for("-> https://", timeout=180)
        picture = next(word for word in shown.split() if word.startswith("https://localhost"))
        assert requests.get(picture, timeout=5, verify=pem(ca)).content[:2] == b"\xff\xd8"
        assert len(list(data.rglob("*.jpg"))) >= 1


def tools(*arguments):
    command = [*PYTHON, "-m", "tools", *map(str, arguments)]
    env = dict(os.environ, ESPTOOL_CFGFILE=str(ROOT / "tests" / "support" / "esptool.cfg"))
    options = {"cwd": ROOT, "env": env, "timeout": 180, "stdin": subprocess.DEVNULL}
    done = subprocess.run(command, capture_output=True, text=True, **options)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return done


def pem(path):
    target = path.with_suffix(".pem")
    target.write_text(ssl.DER_cert_to_PEM_cert(path.read_bytes()))
    return target
