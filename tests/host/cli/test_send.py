# `python -m tools send`: a picture from this computer, or a clear error.

import io
import json
import subprocess

import pytest
import requests
from PIL import Image

from tests.support.quick import PYTHON
from tests.support.world import ROOT, service

CLOUD = {
    "access_token": "demo-camera",
    "identifier": "image",
    "project_key": "demo-project-key",
    "region": "demo",
}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    with service(tmp_path_factory.mktemp("cloud"), "--interval", "0", "--faults") as url:
        yield url


@pytest.fixture(scope="module")
def secure(tmp_path_factory):
    data = tmp_path_factory.mktemp("cloud")
    with service(data, "--interval", "0", "--tls") as url:
        yield url, data / "ca.der"


def send(folder, picture, endpoint, wifi=(), **cloud):
    (folder / "config.json").write_text(
        json.dumps({"cloud": CLOUD | {"endpoint": endpoint} | cloud, "wifi": wifi})
    )
    command = [*PYTHON, "-m", "tools", "send", picture, "--config", folder / "config.json"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def refused(done, *words):
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr
    assert "demo-project-key" not in done.stderr


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_every_format_arrives(tmp_path, plain, kind):
    data = io.BytesIO()
    Image.effect_mandelbrot((64, 48), (-2, -1.5, 1, 1.5), 20).save(data, kind)
    picture = tmp_path / "picture"
    picture.write_bytes(data.getvalue())
    done = send(tmp_path, picture, plain)
    assert (done.returncode, done.stderr) == (0, "")
    answer = requests.get(done.stdout.strip(), timeout=5)
    assert answer.content == data.getvalue()
    assert answer.headers["Content-Type"] == "image/" + kind.lower()


@pytest.mark.parametrize("kind", ["zeros", "stale"])
def test_what_stands_behind_a_jpeg_is_left_off(tmp_path, plain, kind):
    data = (ROOT / "tools" / "virtualboard" / "photos" / "cat.jpg").read_bytes()
    behind = {"zeros": bytes(999), "stale": b"\x05\x3b\xb5\x31" + data[-5000:]}
    (tmp_path / "cat.jpg").write_bytes(data + behind[kind])
    done = send(tmp_path, tmp_path / "cat.jpg", plain)
    assert requests.get(done.stdout.strip(), timeout=5).content == data


def test_over_tls_with_the_ca_beside_the_configuration(tmp_path, secure):
    url, ca = secure
    cat = ROOT / "tools" / "virtualboard" / "photos" / "cat.jpg"
    done = send(tmp_path, cat, url)
    refused(done, "cloud.ca", "ca.der: No such file", "--fetch-ca")
    # What it says to do gets as far as the service, without Wi-Fi too.
    advice = [*PYTHON, "-m", "tools", *done.stderr.split("python -m tools ")[1].split()]
    done = subprocess.run(advice, cwd=ROOT, capture_output=True, text=True)
    refused(done, "127.0.0.1 sends no root certificate")
    (tmp_path / "ca.der").write_bytes(ca.read_bytes())
    done = send(tmp_path, cat, url)
    assert done.stdout.startswith(url + "/images/"), done.stderr
    # The computer's own store does not know this CA.
    refused(send(tmp_path, cat, url, ca=None), "stop", "certificate")


def test_errors_are_one_clear_line(tmp_path, plain):
    cat = ROOT / "tools" / "virtualboard" / "photos" / "cat.jpg"
    cut = tmp_path / "cut.jpg"
    cut.write_bytes(cat.read_bytes()[:-9])
    refused(send(tmp_path, cut, plain), "cut.jpg", "cut short")
    done = send(tmp_path, tmp_path / "none.jpg", plain)
    assert done.stderr == "{}/none.jpg: No such file or directory\n".format(tmp_path)
    refused(send(tmp_path, tmp_path, plain), str(tmp_path))
    refused(send(tmp_path, cat, plain, region="nowhere"), "stop", "4008", "cloud.region")
    refused(send(tmp_path, cat, plain, limit_bytes=5000), "too large", "5000")
    requests.post(plain + "/_faults", json={"errcode": 4291}, timeout=5)
    done = send(tmp_path, cat, plain)
    refused(done, "4291", "wait 10 s")
    assert "sender" not in done.stderr
    example = json.loads((ROOT / "config.example.json").read_text())["wifi"]
    assert send(tmp_path, cat, plain, wifi=example).returncode == 0
    refused(send(tmp_path, cat, "http://127.0.0.1:9"), "retry", "127.0.0.1:9")
    refused(send(tmp_path, cat, "127.0.0.1:9"), "cloud.endpoint", "http://")
    refused(send(tmp_path, cat, "http://no-such-host.invalid"), "does not resolve")
    (tmp_path / "config.json").write_text("{")
    command = [*PYTHON, "-m", "tools", "send", cat, "--config", tmp_path / "config.json"]
    refused(
        subprocess.run(command, cwd=ROOT, capture_output=True, text=True), "config.json", "JSON"
    )
    (tmp_path / "config.json").unlink()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    refused(done, "config.json: no such file", "python -m tools config")
