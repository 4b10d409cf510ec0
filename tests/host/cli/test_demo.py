# `make demo`, without a terminal: pictures arrive, and it ends by itself.

import socket
import subprocess
import sys

from tests.support import cloud as clouds
from tests.support.world import ROOT
from tools.demo.updates import Updates
from tools.host import bundle, filesystem


def demo(*options):
    command = [sys.executable, "-m", "tools", "demo", *options]
    return subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60
    )


def test_it_ends_by_itself():
    done = demo("--pictures", "2")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("opened it: JPEG 800x600") == 2
    assert "--pictures 0" in done.stdout


def test_ports_that_cannot_be_had():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = str(taken.getsockname()[1])
        done = demo("--port", number)
    assert done.returncode == 1
    assert done.stderr == "port {} is in use: choose another with --port\n".format(number)
    assert demo("--port", "99999").returncode == 2


def test_without_the_venv_it_says_how_to_make_it():
    # -S: no site-packages, as the system's own Python.
    command = [sys.executable, "-S", "-m", "tools", "demo"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1 and "make venv" in done.stderr


def test_the_tools_say_what_there_is():
    command = [sys.executable, "-m", "tools", "--help"]
    text = subprocess.run(command, cwd=ROOT, capture_output=True, text=True).stdout
    for verb in ("cloud", "send", "demo"):
        assert "\n  " + verb in text
    assert len(text.splitlines()) < 24


def test_versions_are_offered_to_its_board(tmp_path):
    with clouds.running(tmp_path / "cloud") as cloud:
        updates = Updates(tmp_path)
        public = bundle.public(updates.files()["update.pub"])
        for number, broken in ((1, False), (2, True)):
            updates.publish(cloud.url, broken)
            keys = {"keys": "update_url,update_version"}
            path = clouds.ATTRIBUTES.format(token=clouds.TOKEN)
            answer = cloud.get(path, params=keys, headers=clouds.HEADERS)
            found = answer.json()["attributes"]
            assert found["update_version"] == "9.0.{}".format(number)
            name = found["update_url"].rpartition("/")[2]
            made = bundle.parse((tmp_path / "updates" / name).read_bytes())
            bundle.reject_signature(made, public)
            other = {
                path
                for path, data in filesystem.library(compiled=True).items()
                if made.files[path] != data
            }
            wanted = {"thingscam/__init__.mpy"} | ({"thingscam/loop.mpy"} if broken else set())
            assert other == wanted
        updates.close()
