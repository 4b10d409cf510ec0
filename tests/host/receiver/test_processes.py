# A receiver in several processes on one port: they are one to those who come.

import contextlib
import json
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile

import pytest
import requests

from tests.support.cloud import head, picture, settled
from tests.support.receiver import added, command, ended, receiving, told, upload
from tests.support.world import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ports are shared on Linux")

ACCEPTED = 'thingscam_uploads_total{errcode="0"}'
REFUSED = 'thingscam_uploads_total{errcode="4291"}'
REAL = [sys.executable]  # so that its number is that of who watches the others
TWO = ("--processes", 2, "--log", "json", "--instance", "here")


def children(pid):
    """Return the processes that serve below the one of this number: its process that forks them
    is between."""
    (forks,) = [each for each in _below(pid) if is_there(each)]
    return _below(forks)


def _below(pid):
    there = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return list(map(int, there.split()))


def is_there(pid):
    with contextlib.suppress(OSError):
        return b"forkserver" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()
    return False


def events(process, name):
    """Return the lines of the log of this event, as dicts."""
    found = [json.loads(line) for line in process.lines if line.startswith("{")]
    return [each for each in found if each["event"] == name]


def served(url, secrets):
    """Return whether an upload is answered; each has a connection of its own."""
    with contextlib.suppress(requests.ConnectionError):
        return upload(url, secrets)["result"] == 1


def figure(url, line):
    text = requests.get(url + "/metrics", timeout=10).text
    found = re.search(rf"^{re.escape(line)} (\S+)$", text, re.M)
    return float(found[1]) if found else 0


def test_they_share_what_comes_and_tell_of_it_as_one(tmp_path):
    secrets, _ = added(tmp_path)
    with receiving(tmp_path, *TWO, "--workers", 1) as (process, url):
        answers = [upload(url, secrets) for _ in range(40)]
        assert [each["result"] for each in answers] == [1] + 39 * [0]
        assert {each["errcode"] for each in answers[1:]} == {4291}
        settled(lambda: figure(url, REFUSED) == 39)
        for _ in range(5):  # whoever of them answers
            assert figure(url, REFUSED) == 39
            assert figure(url, "thingscam_judging_seconds_count") == 1
            assert figure(url, "thingscam_pictures") == 1
            assert figure(url, 'thingscam_queue{queue="writing"}') == 0
        for _ in range(10):
            assert requests.get(answers[0]["image_url"], timeout=10).content == picture()
        assert ended(process) == 0
    by = [each["instance"] for each in events(process, "request")]
    assert set(by) == {"here-1", "here-2"}
    assert [each["instance"] for each in events(process, "stopping")] == ["here"]
    assert [each["instance"] for each in events(process, "stopped")] == ["here"]


def test_one_that_dies_is_started_again_and_the_others_go_on(tmp_path):
    secrets, _ = added(tmp_path)
    with receiving(tmp_path, *TWO, "--interval", 0, python=REAL) as (process, url):
        before = children(process.pid)
        assert len(before) == 2
        upload(url, secrets)
        settled(lambda: figure(url, ACCEPTED) == 1)
        os.kill(before[1], signal.SIGKILL)
        settled(lambda: not is_there(before[1]))
        settled(lambda: served(url, secrets))
        settled(lambda: len(children(process.pid)) == 2)
        settled(lambda: events(process, "process started again"))
        (found,) = events(process, "process ended")
        assert found["name"] == "here-2" and found["how"] == "signal 9"
        assert len({*children(process.pid)} & {*before}) == 1
        # What it had counted is still told.
        settled(lambda: figure(url, ACCEPTED) >= 2)
        assert ended(process) == 0
    assert "0 lost" in told("check", "--data", tmp_path)


def test_none_is_left_when_who_watches_them_is_killed(tmp_path):
    with receiving(tmp_path, *TWO, python=REAL) as (process, url):
        before = children(process.pid)
        process.kill()
        process.wait(10)
        settled(lambda: not any(map(is_there, before)))
        with pytest.raises(requests.ConnectionError):
            requests.get(url + "/health", timeout=5)


@pytest.fixture
def place():
    """A folder with a short name, for sockets."""
    with tempfile.TemporaryDirectory() as folder:
        yield pathlib.Path(folder)


def test_the_figures_of_those_that_were_killed_go_with_the_next_start(tmp_path, place):

    def figures():
        return {*place.glob("thingscam-figures-*")}

    def old(folder):
        os.utime(folder, (0, 0))
        return folder

    with receiving(tmp_path, *TWO, python=REAL, TMPDIR=str(place)) as (killed, _):
        killed.kill()
        killed.wait(10)
    (left,) = map(old, figures())
    with receiving(tmp_path, *TWO, python=REAL, TMPDIR=str(place)):
        (one,) = map(old, figures())
        assert one != left
        # Those of one that runs stay, however old they are.
        with receiving(tmp_path, *TWO, python=REAL, TMPDIR=str(place)) as (process, _):
            assert one in figures() and len(figures()) == 2
            assert ended(process) == 0
        assert figures() == {one}


@pytest.mark.parametrize("processes", [1, 2])
def test_an_end_told_to_all_of_them_cuts_off_nothing(tmp_path, processes):
    # As systemd does it: each process of the unit gets the signal (KillMode=control-group).
    secrets, _ = added(tmp_path)
    options = ("--processes", processes, "--workers", 1, "--log", "json")
    with receiving(tmp_path, *options, python=REAL, alone=True) as (process, url):
        port = int(url.rpartition(":")[2])
        body = picture()
        headers = {
            "Content-Type": "application/octet-stream", "Region": "home",
            "Project-Key": secrets["Project-Key"],
        }  # fmt: skip
        path = f"/device/v1/{secrets['AccessToken']}/image/image"
        with socket.create_connection(("127.0.0.1", port), timeout=20) as late:
            late.sendall(head(len(body), headers, path) + body[:1000])
            settled(lambda: figure(url, "thingscam_pictures") == 0)
            os.killpg(process.pid, signal.SIGTERM)
            settled(lambda: events(process, "stopping"))
            assert process.poll() is None
            late.sendall(body[1000:])
            assert b'"result": 1' in late.recv(1000)
        assert process.wait(20) == 0
    assert not events(process, "process ended")
    assert "1 pictures in the index; 0 lost" in told("check", "--data", tmp_path)


def test_with_tls_all_have_the_same_certificate(tmp_path):
    with receiving(tmp_path, *TWO, "--tls") as (_, url):
        address = ("127.0.0.1", int(url.rpartition(":")[2]))
        found = {ssl.get_server_certificate(address) for _ in range(12)}
        assert len(found) == 1


@pytest.mark.parametrize("processes", [1, 2])
def test_a_port_that_they_share_is_nobody_elses(tmp_path, processes):
    with receiving(tmp_path, *TWO) as (_, url):
        port = url.rpartition(":")[2]
        options = ("--data", tmp_path, "--port", port, "--processes", processes)
        assert f"port {port} on 127.0.0.1 is in use" in told("run", *options, code=1)


def test_a_mistake_is_one_sentence(tmp_path):
    told("password", "--stdin", "--data", tmp_path, stdin="correct horse battery\n")
    done = subprocess.run(
        command("run", "--data", tmp_path, "--host", "no-such-host.invalid", "--processes", 2),
        cwd=ROOT, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1, done.stderr
    assert "cannot listen on no-such-host.invalid port 8080" in done.stderr


def test_a_folder_that_takes_no_socket(tmp_path, monkeypatch):
    told("password", "--stdin", "--data", tmp_path, stdin="correct horse battery\n")
    place = tmp_path / ("long" * 30)
    place.mkdir()
    monkeypatch.setenv("TMPDIR", str(place))
    options = ("--data", tmp_path, "--port", 0, "--processes", 2)
    assert f"set TMPDIR to another folder than {place}" in told("run", *options, code=1)
