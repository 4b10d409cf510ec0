# docs/receiver.md, followed: its commands, its systemd unit, a picture by the board's own code.

import json
import re
import shlex
import shutil
import ssl
import subprocess
import sys
import tomllib

import pytest
import yaml

from tests.support.cloud import picture
from tests.support.quick import PYTHON
from tests.support.receiver import PASSWORD, Person
from tests.support.world import ROOT, server

PAGE = (ROOT / "docs" / "receiver.md").read_text("utf-8")
UNIT = re.search(r"```ini\n(.*?)```", PAGE, re.DOTALL)[1]
EXAMPLES = ROOT / "examples" / "receiver"


def tools(*arguments, typed=None):
    command = [*PYTHON, "-m", "tools", *map(str, arguments)]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, input=typed or "", timeout=60
    )


def step(name, folder):
    """Return the words of the page's command `receiver NAME`, with `folder` for its --data."""
    line = next(line for line in PAGE.splitlines() if f"thingscam receiver {name} " in line)
    words = shlex.split(line.split("bin/thingscam ")[1])
    return [str(folder) if word == "/var/lib/thingscam" else word for word in words]


def test_a_picture_comes_to_a_receiver_set_up_as_the_page_says(tmp_path):
    data = tmp_path / "data"
    done = tools(*step("password", data), "--stdin", typed=PASSWORD + "\n")
    assert done.returncode == 0, done.stderr
    added = tools(*step("add-device", data))
    assert added.returncode == 0, added.stderr
    key, token = re.findall(r"[0-9a-f]{32}", added.stdout)
    start = re.search(r"ExecStart=/opt/thingscam/bin/thingscam (.*)", UNIT)[1]
    options = {"8443": "0", "/var/lib/thingscam": str(data)}
    with server("tools", *(options.get(word, word) for word in start.split())) as url:
        endpoint = url.replace("0.0.0.0", "127.0.0.1")
        line = next(line for line in PAGE.splitlines() if "config garden.json" in line)
        words = line.replace("https://192.168.1.20:8443", endpoint).split()[1:]
        words = [str(data / word) if word == "garden.json" else word for word in words]
        rest = {"cloud.project_key": key, "cloud.access_token": token, "wifi.ssid": "Yard",
                "wifi.password": "password"}  # fmt: skip
        for name, value in rest.items():
            words += ["--set", name + "=" + value]
        done = tools(*words)
        assert done.returncode == 0, done.stderr
        assert (data / "ca.der").exists()  # where the camera's configuration looks for it
        (data / "picture.jpg").write_bytes(picture())
        done = tools("send", data / "picture.jpg", "--config", data / "garden.json")
        assert done.returncode == 0 and "/images/" in done.stdout, done.stderr
        ca = tmp_path / "ca.pem"
        ca.write_text(ssl.DER_cert_to_PEM_cert((data / "ca.der").read_bytes()))
        person = Person(endpoint, verify=str(ca))
        assert person.get("/").status_code == 303  # to the login
        assert person.log_in().status_code == 303
        shown = person.get("/").text
        listed = tools(*step("add-device", data)[:1], "devices", "--data", data).stdout
    assert "Garden" in shown and key not in shown and token not in shown
    assert "Garden" in listed and token not in listed


def test_the_page_shows_what_add_device_prints(tmp_path):
    made = tools(*step("add-device", tmp_path / "data")).stdout

    def shape(text):
        return re.sub(r"[0-9a-f]{32}", "x", text).replace("python -m tools", "thingscam")

    assert shape(made).strip() in shape(PAGE)


def test_the_unit_on_the_page_is_the_one_in_the_examples():
    assert UNIT in (EXAMPLES / "thingscam-receiver.service").read_text("utf-8")


def test_containers_are_started_with_options_that_there_are(tmp_path):
    compose = yaml.safe_load((EXAMPLES / "compose.yaml").read_text("utf-8"))
    made = (EXAMPLES / "Containerfile").read_text("utf-8")
    commands = [each["command"] for each in compose["services"].values() if "build" in each]
    commands.append(" ".join(json.loads(re.search(r"^CMD (.*)", made, re.MULTILINE)[1])))
    told = tools("receiver", "run", "--help").stdout
    for command in commands:
        assert command.split()[0] == "run"
        assert all(word in told for word in command.split() if word.startswith("--")), command
    names = {name for each in compose["services"].values() for name in each.get("environment", ())}
    for name in names:
        assert name in told or name.startswith(("AWS_", "POSTGRES_")), name


def test_a_container_gets_all_that_the_package_is_made_of():
    made = (EXAMPLES / "Containerfile").read_text("utf-8")
    copied = " ".join(re.findall(r"^COPY (?!--)(.*) \S+$", made, re.MULTILINE)).split()
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for name in project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]:
        assert name.lstrip("/") in copied
    assert "pyproject.toml" in copied and all(any(ROOT.glob(name)) for name in copied)


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd here")
def test_the_unit_is_one_that_systemd_takes(tmp_path):
    path = tmp_path / "thingscam-receiver.service"
    path.write_text(UNIT.replace("/opt/thingscam/bin/thingscam", sys.executable))
    done = subprocess.run(["systemd-analyze", "verify", path], capture_output=True, text=True)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
