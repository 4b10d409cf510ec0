# `python -m tools board` and its control interface over HTTP.

import contextlib
import json
import os
import pathlib
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import pytest

from tests.support.board import MPREMOTE, is_alive, until
from tests.support.quick import PYTHON
from tests.support.world import ROOT

PROGRAM = (
    "import machine, time\n"
    "machine.Pin(13).irq(lambda p: print('moved', p.value()), 3)\n"
    "print('ready')\n"
    "while True: time.sleep_ms(50)\n"
)


@contextlib.contextmanager
def command(*arguments):
    """Run the verb; yields the process, the serial port's path, the control's URL."""
    process = subprocess.Popen(
        [*PYTHON, "-m", "tools", "board", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        found = {}
        while len(found) < 2:
            line = process.stdout.readline()
            assert line, process.wait()
            for name in ("serial port: ", "control: "):
                if line.startswith(name):
                    found[name] = line.removeprefix(name).strip()
        yield process, *found.values()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def get(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def post(url, headers=None, **arguments):
    data = json.dumps(arguments).encode()
    request = urllib.request.Request(url, data, headers or {})
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("board")
    (folder / "main.py").write_text(PROGRAM)
    return folder


@pytest.fixture(scope="module")
def control(folder):
    with command("--folder", str(folder), "--network", "net:secret", "--quiet") as (_, _, url):
        until(lambda: b"ready" in get(url + "/output"))
        yield url


def test_state(control):
    state = json.loads(get(control + "/state"))
    assert state["power"] == "running"
    assert state["board"] == "ai-thinker"
    assert [one["ssid"] for one in state["wifi"]["networks"]] == ["net"]


def test_pins_and_output(control):
    assert post(control + "/pin", number=13, level=1)["pins"] == {"13": 1}
    until(lambda: b"moved 1" in get(control + "/output"))
    with urllib.request.urlopen(control + "/output?follow=1", timeout=10) as follow:
        post(control + "/pin", number=13, level=0)
        assert b"moved 0" in follow.readline()
    post(control + "/pulse", number=13, seconds=0.1)
    until(lambda: get(control + "/output").count(b"moved 0") == 2)


def test_world(control):
    assert not post(control + "/wifi", up=False)["wifi"]["networks"][0]["up"]
    assert post(control + "/wifi", up=True, ssid="net", rssi=-33)["wifi"]["networks"][0]["up"]
    assert post(control + "/ntp", up=False)["ntp"] is False
    before = post(control + "/camera_fault", kind="failed", count=2)["board_ms"]
    assert post(control + "/advance", seconds=1000)["board_ms"] >= before + 1000000
    assert post(control + "/set_speed", speed=2)["speed"] == 2
    assert post(control + "/set_speed", speed=1)["speed"] == 1
    assert json.loads(get(control + "/delivered")) == []


def test_power(control):
    starts = json.loads(get(control + "/state"))["starts"]
    assert post(control + "/cut_power")["power"] == "off"
    assert post(control + "/power_on")["power"] == "running"
    assert post(control + "/press_reset")["starts"] == starts + 2


def test_files(control):
    assert json.loads(get(control + "/files")) == {"main.py": len(PROGRAM)}
    assert get(control + "/files/main.py").decode() == PROGRAM


@pytest.mark.parametrize(
    ("name", "arguments", "says"),
    [
        ("pin", {"number": 13}, "level"),
        ("pin", {"number": "13", "level": 1}, "no pin"),
        ("wifi", {"up": True, "ssid": "none"}, "none"),
        ("camera_fault", {"kind": "fire"}, "no camera fault fire"),
        ("set_speed", {"speed": 0}, "speed"),
        ("advance", {"seconds": -1}, "seconds"),
        ("advance", {"seconds": 1, "minutes": 1}, "minutes"),
    ],
)
def test_mistakes_are_named(control, name, arguments, says):
    with pytest.raises(urllib.error.HTTPError) as error:
        post(control + "/" + name, **arguments)
    assert error.value.code == 400
    assert says in error.value.read().decode()


def test_other_sites_may_not_control_it(control):
    for header in ("Origin", "Host"):
        with pytest.raises(urllib.error.HTTPError) as error:
            post(control + "/cut_power", {header: "http://evil.example"})
        assert error.value.code == 403


def test_the_image_is_kept_and_ctrl_c_ends_it_cleanly(folder, tmp_path):
    image, link = tmp_path / "flash.img", tmp_path / "port"
    arguments = ("--image", str(image), "--port-link", str(link))
    with command("--folder", str(folder), *arguments) as (process, port, _):
        assert os.readlink(link) == port
        done = subprocess.run(
            [MPREMOTE, "connect", str(link), "exec", "open('kept', 'w').close()"], timeout=30
        )
        assert done.returncode == 0
        pids = pathlib.Path("/proc/{0}/task/{0}/children".format(process.pid)).read_text()
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        assert "switched off" in process.stdout.read()
    assert not link.is_symlink()
    assert not any(is_alive(int(pid)) for pid in pids.split())
    with command("--image", str(image), "--quiet") as (_, _, url):
        assert "kept" in json.loads(get(url + "/files"))


def test_the_configuration_brings_its_ca(tmp_path):
    cloud = {"endpoint": "https://localhost:9", "ca": "/certs/ca.der"}
    (tmp_path / "config.json").write_text(json.dumps({"cloud": cloud}))
    (tmp_path / "certs").mkdir()
    (tmp_path / "certs" / "ca.der").write_bytes(b"certificate")
    with command("--config", str(tmp_path / "config.json"), "--quiet") as (_, _, url):
        assert "certs/ca.der" in json.loads(get(url + "/files"))


def test_mistakes_on_the_command_line_are_told_in_a_sentence(tmp_path):
    letter = tmp_path / "letter.txt"
    letter.write_text("Dear board,\n")
    for arguments, says in (
        (["--photos", str(tmp_path)], "no *.jpg in it"),
        (["--image", str(letter)], "letter.txt: not the flash of a board"),
        (["--port-link", str(tmp_path / "none" / "x")], "/none/x: No such file"),
        (["--image", str(tmp_path / "none" / "flash.img")], "No such file"),
        (["--profile", "toaster"], "ai-thinker"),
    ):
        done = subprocess.run(
            [*PYTHON, "-m", "tools", "board", *arguments],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
        assert done.returncode
        assert says in done.stderr
        assert "Traceback" not in done.stderr
    assert letter.read_text() == "Dear board,\n"


def test_a_control_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        done = subprocess.run(
            [*PYTHON, "-m", "tools", "board", "--control-port", number],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=30,
        )
    assert done.returncode == 1
    assert "port {} is in use".format(number) in done.stderr and "--control-port" in done.stderr
