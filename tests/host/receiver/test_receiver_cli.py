# `python -m tools receiver` as a process: run, its ends and its mistakes, and the commands.

import json
import os
import re
import signal
import socket
import subprocess
import time

import pytest
import requests

from tests.support import needs
from tests.support.cloud import head, picture, settled
from tests.support.quick import PYTHON
from tests.support.receiver import (
    PASSWORD,
    SECRETS,
    Person,
    added,
    ended,
    receiving,
    told,
    upload,
)
from tests.support.terminal import Terminal
from tests.support.world import ROOT
from tools.cloud.page.login import FROM_ONE


def label(data):
    return told("devices", "--data", data).split()[0]


def set_password(data, *options):
    return told("password", "--stdin", "--data", data, *options, stdin=PASSWORD + "\n")


def test_a_device_is_added_and_managed_while_it_runs(tmp_path):
    with receiving(tmp_path, "--interval", 0) as (process, url):
        secrets, text = added(tmp_path)
        assert "config garden.json --set cloud.endpoint=URL --set cloud.region=home" in text
        answer = upload(url, secrets)
        assert answer["result"] == 1
        assert requests.get(answer["image_url"], timeout=10).content == picture()
        (line,) = told("devices", "--data", tmp_path).splitlines()
        found = re.fullmatch(r"([0-9a-f]{8})  enabled   (\d{4}-\S+ \S+Z) +home  Garden", line)
        assert found
        told("disable", found[1], "--data", tmp_path)
        assert upload(url, secrets)["errcode"] == 1480
        assert "disabled" in told("devices", "--data", tmp_path)
        told("enable", found[1], "--data", tmp_path)
        assert upload(url, secrets)["result"] == 1
        text = told("rotate-token", found[1], "--data", tmp_path)
        new = {**secrets, **dict(SECRETS.findall(text))}
        assert upload(url, secrets)["errcode"] == 1480 and upload(url, new)["result"] == 1
        told("remove", found[1], "--data", tmp_path)
        assert upload(url, new)["errcode"] == 1480
        assert told("devices", "--data", tmp_path) == ""
        assert ended(process) == 0
    out = "".join(process.lines)
    for secret in (*secrets.values(), *new.values()):
        assert secret not in out
    held = b"".join(path.read_bytes() for path in tmp_path.glob("index.db*"))
    assert not any(secret.encode() in held for secret in (*secrets.values(), *new.values()))


def test_a_second_device_is_of_the_same_project_and_a_project_by_itself(tmp_path):
    first, _ = added(tmp_path)
    second, text = added(tmp_path, "Front door")
    assert "Project-Key" not in second and "as printed when" in text
    assert "config front-door.json" in text
    text = told("add-project", "yard", "--region", "north", "--data", tmp_path)
    key = dict(SECRETS.findall(text))["Project-Key"]
    third, text = added(tmp_path, "Gate", "--project", "yard", "--identifier", "photo")
    assert "cloud.region=north" in text and "cloud.identifier=photo" in text
    assert len({first["Project-Key"], key}) == 2 and len(third["AccessToken"]) == 32
    assert "there is a project yard already" in told(
        "add-project", "yard", "--data", tmp_path, code=1
    )


def test_accounts_of_the_stand_in_are_taken_over(tmp_path):
    text = subprocess.run(
        [*PYTHON, "-m", "tools", "cloud", "--new-account", "Garden"],
        cwd=ROOT, capture_output=True, text=True, timeout=60,
    ).stdout  # fmt: skip
    (tmp_path / "accounts.json").write_text(text)
    key, token = re.findall(r"[0-9a-f]{16}", text)
    data = tmp_path / "data"
    added(data, "Door")
    told("accounts", "import", tmp_path / "accounts.json", "--data", data)
    names = {line.split()[-1] for line in told("devices", "--data", data).splitlines()}
    assert names == {"Garden", "Door"}
    with receiving(data) as (_, url):
        assert upload(url, {"Project-Key": key, "AccessToken": token})["result"] == 1
    (tmp_path / "accounts.json").write_text("{}")
    assert 'expected an object with "projects"' in told(
        "accounts", "import", tmp_path / "accounts.json", "--data", data, code=1
    )


def test_without_a_password_it_listens_here_alone(tmp_path):
    for options, words in (
        (("--host", "0.0.0.0"), "on 0.0.0.0"),
        (("--host", "::"), "on ::"),
        (("--proxy", "127.0.0.1"), "with --proxy"),
    ):
        text = told("run", "--data", tmp_path, "--port", 0, *options, code=1)
        assert "no password is set for the page" in text and words in text
        assert "receiver password" in text and len(text.splitlines()) == 1
    with receiving(tmp_path) as (_, url):
        assert requests.get(url, timeout=10).status_code == 200


def test_with_a_password_it_asks_for_it_and_a_change_holds_at_once(tmp_path):
    with receiving(tmp_path) as (process, url):
        assert requests.get(url, timeout=10).status_code == 200
        assert set_password(tmp_path) == "the password of admin is set\n"
        settled(lambda: requests.get(url, timeout=10).status_code == 401, 20)
        person = Person(url)
        assert person.log_in().status_code == 303
        assert person.get("/").status_code == 200
        told("password", "--stdin", "--data", tmp_path, stdin="a quite different one\n")
        settled(lambda: person.get("/").status_code == 303, 20)
        assert person.log_in().status_code == 401
        assert person.log_in("a quite different one").status_code == 303
        ended(process)
    out = "".join(process.lines)
    assert "login, user admin, client 127.0.0.1" in out and "login refused" in out
    assert PASSWORD not in out and "different" not in out
    with receiving(tmp_path, "--host", "0.0.0.0") as (_, url):
        url = url.replace("0.0.0.0", "127.0.0.1")
        assert requests.get(url, timeout=10).status_code == 401


@pytest.mark.parametrize(
    "typed, problem",
    [
        ("short\n", "needs 10 to 1000 signs, this one has 5"),
        ("\n", "needs 10 to 1000 signs"),
        ("aaaaaaaaaaaa\n", "too easy to guess"),
        ("adminadmin\n", "too easy to guess"),
    ],
)
def test_a_password_that_is_none(tmp_path, typed, problem):
    text = told("password", "--stdin", "--data", tmp_path, stdin=typed, code=1)
    assert problem in text and len(text.splitlines()) == 1


def test_the_first_start_at_a_terminal_asks_for_the_password(tmp_path):
    terminal = Terminal(
        "-m", "tools", "receiver", "run", "--data", tmp_path, "--port", 0, "--host", "0.0.0.0"
    )
    terminal.expect("New password of admin", "short")
    terminal.expect("needs 10 to 1000 signs")
    terminal.expect("New password of admin", PASSWORD)
    terminal.expect("Once more", "something else")
    terminal.expect("two different ones")
    terminal.expect("New password of admin", PASSWORD)
    terminal.expect("Once more", PASSWORD)
    terminal.expect("listening on")
    terminal.interrupt("stopped")
    assert terminal.wait() == 0
    assert PASSWORD not in terminal.seen


@pytest.mark.parametrize(
    "options, code, words",
    [
        (("--proxy", "proxy.lan"), 1, "--proxy proxy.lan: is neither an address nor a network"),
        (("--metrics-from", "10.0.0.1/8"), 1, "--metrics-from 10.0.0.1/8: is neither"),
        (("--database", "mysql://host/name"), 1, "an index is sqlite:////folder/index.db or"),
        (("--database", "postgresql://u:pw4711@h/n"), 2, "--database-file"),
        (("--database", "postgresql://h/n", "--database-file", "x"), 2, "do not go together"),
        (("--database-file", "/no/such"), 1, "--database-file /no/such: No such file"),
        (("--store", "nonsense"), 1, "is no URL"),
        (("--store", "s3://key:pw4711@bucket"), 1, "belong into the URL, where everyone sees"),
        (("--store-options", "{secrets}"), 1, "expected an object of JSON"),
        (("--image-url", "public"), 1, "--public-base"),
        (("--image-url", "signed"), 1, "a folder has no signed URLs"),
        (("--cert", "x.pem"), 1, "go with --tls only"),
        (("--tls", "--cert", "/no.pem", "--key", "/no.pem"), 1, "/no.pem: no such file"),
        (("--keep-bytes", "10"), 2, "--keep-bytes"),
        (("--log", "xml"), 2, "--log"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path, options, code, words):
    (tmp_path / "secrets.json").write_text('["pw4711"]')
    options = [each.format(secrets=tmp_path / "secrets.json") for each in options]
    text = told("run", "--data", tmp_path / "data", "--port", 0, *options, code=code)
    assert words in text and "pw4711" not in text
    assert code == 2 or len(text.splitlines()) == 1, text


def test_a_port_in_use(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        text = told("run", "--data", tmp_path, "--port", port, code=1)
    assert f"port {port} on 127.0.0.1 is in use" in text


def test_a_device_there_is_not(tmp_path):
    for verb in ("disable", "enable", "rotate-token", "remove", "keep"):
        text = told(verb, "0badcafe", "--data", tmp_path, code=1)
        assert "there is no device 0badcafe" in text


def is_open(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def test_it_ends_when_what_is_on_its_way_is_done(tmp_path):
    secrets, _ = added(tmp_path)
    with receiving(tmp_path) as (process, url):
        port = int(url.rpartition(":")[2])
        body = picture()
        headers = {
            "Content-Type": "application/octet-stream", "Region": "home",
            "Project-Key": secrets["Project-Key"],
        }  # fmt: skip
        path = f"/device/v1/{secrets['AccessToken']}/image/image"
        with socket.create_connection(("127.0.0.1", port), timeout=20) as late:
            late.sendall(head(len(body), headers, path) + body[:1000])
            time.sleep(0.5)
            process.send_signal(signal.SIGTERM)
            settled(lambda: not is_open(port))  # nobody new is let in
            assert process.poll() is None
            late.sendall(body[1000:])
            answer = late.recv(1000)
            assert b'"result": 1' in answer and b"Connection: close" in answer
        assert process.wait(20) == 0
    assert process.lines[-1] == "stopped\n"
    assert "1 pictures in the index; 0 lost" in told("check", "--data", tmp_path)


def test_the_log_in_json_health_and_figures(tmp_path):
    secrets, _ = added(tmp_path)
    options = ("--log", "json", "--instance", "one", "--workers", 1)
    with receiving(tmp_path, *options) as (process, url):
        assert upload(url, secrets)["result"] == 1
        assert requests.get(url + "/health", timeout=10).json() == {"status": "ok"}
        text = requests.get(url + "/metrics", timeout=10).text
        for line in (
            'thingscam_uploads_total{errcode="0"} 1.0',
            "thingscam_judging_seconds_count 1.0",
            "thingscam_storage_put_seconds_count 1.0",
            "thingscam_devices 1.0",
            "thingscam_devices_heard 1.0",
            "thingscam_pictures 1.0",
            'thingscam_queue{queue="judging"} 0.0',
        ):
            assert line in text, line
        (tmp_path / "images").rename(tmp_path / "away")
        settled(lambda: requests.get(url + "/health", timeout=10).status_code == 503, 20)
        answer = requests.get(url + "/health", timeout=10)
        assert answer.json() == {"status": "failing", "failing": ["storage"]}
        assert ended(process) == 0
    found = [json.loads(line) for line in process.lines]
    assert [each["event"] for each in found[:1]] == ["request"] and found[0]["status"] == 200
    assert found[0]["device"] == "Garden" and found[0]["instance"] == "one"
    assert any(each["event"] == "storage fails" and each["level"] == "error" for each in found)
    assert [each["event"] for each in found[-2:]] == ["stopping", "stopped"]


def test_pictures_beyond_the_limit_are_deleted(tmp_path):
    secrets, _ = added(tmp_path)
    with receiving(tmp_path, "--interval", 0) as (process, url):
        for _ in range(4):
            assert upload(url, secrets)["result"] == 1
        ended(process)
    with receiving(tmp_path, "--keep-pictures", 2) as (process, url):
        settled(lambda: len(list((tmp_path / "images").iterdir())) == 2, 20)
        settled(lambda: "thingscam_deleted_pictures_total 2.0" in requests.get(
            url + "/metrics", timeout=10).text)  # fmt: skip
    assert "2 pictures in the index; 0 lost" in told("check", "--data", tmp_path)


def test_check_tells_and_mends(tmp_path):
    secrets, _ = added(tmp_path)
    with receiving(tmp_path, "--interval", 0) as (_, url):
        for size in ((64, 48), (64, 56), (64, 64)):
            upload(url, secrets, picture(size=size))
    lost, alone, _ = sorted((tmp_path / "images").iterdir())
    lost.unlink()
    text = told("check", "--data", tmp_path, code=1)
    assert f"{lost.name}: is in the index, but not in the storage" in text
    assert "receiver check --mend" in text
    os.utime(alone, (1, 1))
    told("check", "--mend", "--data", tmp_path)
    assert "2 pictures in the index; 0 lost, 0 not in the index" in told(
        "check", "--data", tmp_path
    )


def test_options_stand_in_the_environment(tmp_path):
    (tmp_path / "url").write_text(f"sqlite:///{tmp_path}/elsewhere.db\n")
    environment = {
        "THINGSCAM_DATABASE_FILE": str(tmp_path / "url"),
        "THINGSCAM_STORE": (tmp_path / "pictures").as_uri(),
    }
    text = told("add-device", "Garden", **environment)
    secrets = dict(SECRETS.findall(text))
    with receiving(tmp_path / "data", **environment) as (_, url):
        assert upload(url, secrets)["result"] == 1
    assert len(list((tmp_path / "pictures").iterdir())) == 1
    assert not (tmp_path / "data").exists() and (tmp_path / "elsewhere.db").exists()


def test_behind_a_proxy_urls_are_those_of_the_world(tmp_path):
    secrets, _ = added(tmp_path)
    set_password(tmp_path)
    with receiving(tmp_path, "--proxy", "127.0.0.1") as (_, url):
        headers = {
            "Content-Type": "application/octet-stream", "Region": "home",
            "Project-Key": secrets["Project-Key"], "Host": "cam.example",
            "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.5",
        }  # fmt: skip
        path = f"/device/v1/{secrets['AccessToken']}/image/image"
        answer = requests.post(url + path, data=picture(), headers=headers, timeout=20).json()
        assert answer["image_url"].startswith("https://cam.example/images/")
        assert requests.get(url + "/metrics", headers=headers, timeout=10).status_code == 403


@needs.postgresql
def test_two_instances_agree(tmp_path, postgres):
    with postgres.database() as database:
        environment = {
            "THINGSCAM_DATABASE": database,
            "THINGSCAM_STORE": (tmp_path / "pictures").as_uri(),
        }
        secrets = dict(SECRETS.findall(told("add-device", "Garden", **environment)))
        told("password", "--stdin", stdin=PASSWORD + "\n", **environment)
        with (
            receiving(tmp_path / "a", **environment) as (_, one),
            receiving(tmp_path / "b", **environment) as (_, two),
        ):
            name = upload(one, secrets)["image_url"].rpartition("/")[2]
            assert upload(two, secrets)["errcode"] == 4291
            person = Person(one)
            assert person.log_in().status_code == 303
            person.url = two
            assert name in person.get("/").text
            assert person.get(f"/images/{name}").content == picture()
            person.log_out()
            person.url = one
            settled(lambda: person.get("/").status_code == 303, 20)
            for number in range(FROM_ONE):
                assert Person((one, two)[number % 2]).log_in("wrong password").status_code == 401
            assert Person(one).log_in().status_code == Person(two).log_in().status_code == 429
