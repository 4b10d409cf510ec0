# docs/receiver.md, followed: its commands, its systemd unit, a picture by the board's own code.

import json
import re
import shlex
import shutil
import ssl
import subprocess
import sys

import pytest
import requests

from tests.support.cloud import picture
from tests.support.world import ROOT, server

PAGE = (ROOT / "docs" / "receiver.md").read_text("utf-8")
UNIT = re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)[1]
SECRET = r'"([0-9a-f]{16})": {'


def tools(*arguments):
    command = [sys.executable, "-m", "tools", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=60
    )


def made_accounts(path):
    line = next(line for line in PAGE.splitlines() if "--new-account Garden" in line)
    command = shlex.split(line.split("thingscam ")[1].split("|")[0])
    done = tools(*command)
    assert (done.returncode, done.stderr) == (0, "")
    path.write_text(done.stdout)
    return done.stdout


def test_a_picture_comes_to_a_receiver_set_up_as_the_page_says(tmp_path):
    text = made_accounts(tmp_path / "accounts.json")
    key, garden, door = re.findall(SECRET, text)
    start = re.search(r"ExecStart=/opt/thingscam/bin/thingscam (.*)", UNIT)[1]
    options = {"8443": "0", "/var/lib/thingscam": tmp_path, "%d/accounts.json": None}
    options["%d/accounts.json"] = tmp_path / "accounts.json"
    with server("tools", *(options.get(word, word) for word in start.split())) as url:
        endpoint = url.replace("0.0.0.0", "127.0.0.1")
        line = next(line for line in PAGE.splitlines() if "config garden.json" in line)
        words = line.replace("https://192.168.1.20:8443", endpoint).split()[1:]
        words = [str(tmp_path / word) if word == "garden.json" else word for word in words]
        rest = {"cloud.project_key": key, "cloud.access_token": garden, "wifi.ssid": "Yard",
                "wifi.password": "password"}  # fmt: skip
        for name, value in rest.items():
            words += ["--set", name + "=" + value]
        done = tools(*words)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "ca.der").exists()  # where the camera's configuration looks for it
        (tmp_path / "picture.jpg").write_bytes(picture())
        done = tools("send", tmp_path / "picture.jpg", "--config", tmp_path / "garden.json")
        assert done.returncode == 0 and "/images/" in done.stdout, done.stderr
        (tmp_path / "ca.pem").write_text(
            ssl.DER_cert_to_PEM_cert((tmp_path / "ca.der").read_bytes())
        )
        shown = requests.get(endpoint, verify=tmp_path / "ca.pem", timeout=10).text
    assert "Garden" in shown and garden not in shown and door not in shown


def test_the_page_shows_what_new_accounts_look_like(tmp_path):
    shown = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])
    made = json.loads(made_accounts(tmp_path / "accounts.json"))

    def shape(data):
        return json.loads(re.sub(r"[0-9a-f]{16}", "x", json.dumps(data)))

    assert shape(shown) == shape(made)
    assert tools("cloud", "--new-account", "a\x1bb").returncode == 2


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_one_that_systemd_takes(tmp_path):
    path = tmp_path / "thingscam-receiver.service"
    path.write_text(UNIT.replace("/opt/thingscam/bin/thingscam", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
