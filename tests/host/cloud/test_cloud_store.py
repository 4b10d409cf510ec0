# What the stand-in keeps and shows: pictures, attributes, the gallery.

import hashlib
import html
import os
import re
import resource
import subprocess
import sys

import pytest

from tests.support.cloud import (
    HEADERS,
    KEY,
    LABEL,
    TOKEN,
    UPLOAD,
    demo_accounts,
    exchange,
    head,
    keep,
    names_in,
    picture,
    running,
)
from tests.support.world import ROOT
from tools.cloud.index import UnavailableError
from tools.cloud.objects import StorageError
from tools.cloud.service import accounts as accounts_file
from tools.cloud.service.store import Store, StoreError

MEDIA_TYPES = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "BMP": "image/bmp",
}


def files_in(folder):
    """Return the names of all files in `folder` and below, but those of the index."""
    found = [path.name for path in folder.rglob("*") if path.is_file()]
    return [name for name in found if not name.startswith("index.db")]


@pytest.mark.parametrize("form", MEDIA_TYPES)
def test_a_picture_comes_back_as_it_was(form, tmp_path):
    with running(tmp_path) as cloud:
        url = cloud.upload(picture(form)).json()["image_url"]
        assert url.startswith(cloud.url + "/images/")
        answer = cloud.get(url.removeprefix(cloud.url))
    assert answer.content == picture(form)
    assert answer.headers["Content-Type"] == MEDIA_TYPES[form]


def test_the_media_type_is_judged_from_the_content(tmp_path):
    with running(tmp_path) as cloud:
        name = cloud.upload(picture("JPEG")).json()["image_url"].rpartition("/")[2]
        (tmp_path / "images" / name).write_bytes(picture("PNG"))
        assert cloud.get("/images/" + name).headers["Content-Type"] == "image/png"
        (tmp_path / "images" / name).write_bytes(b"<script>")
        assert cloud.get("/images/" + name).json()["errcode"] == 4041


def test_the_attribute_is_the_newest_url(tmp_path):
    with running(tmp_path) as cloud:
        assert cloud.attributes().json() == {"result": 1, "attributes": {}}
        cloud.upload(picture())
        newest = cloud.upload(picture("PNG")).json()["image_url"]
        assert cloud.attributes().json() == {"result": 1, "attributes": {"image": newest}}


def test_a_refused_picture_changes_no_attribute(tmp_path):
    with running(tmp_path) as cloud:
        kept = cloud.upload(picture()).json()["image_url"]
        cloud.upload(b"no picture")
        assert cloud.attributes().json()["attributes"] == {"image": kept}


def test_attributes_are_for_those_who_know_the_project_key(tmp_path):
    accounts = demo_accounts()
    accounts["projects"]["other-key"] = {"region": "demo", "devices": {}}
    with running(tmp_path, accounts) as cloud:
        assert cloud.attributes(key="wrong").json()["errcode"] == 401
        assert cloud.attributes(key=None).json()["errcode"] == 401
        assert cloud.attributes(token="unknown").json()["errcode"] == 401
        assert cloud.attributes(key="other-key").json()["errcode"] == 401


def test_two_devices_and_two_identifiers_do_not_mix(tmp_path):
    accounts = demo_accounts()
    devices = accounts["projects"][KEY]["devices"]
    devices["second-camera"] = {"device_type": {"image": "picture-url", "door": "picture-url"}}
    with running(tmp_path, accounts) as cloud:
        first = cloud.upload(picture()).json()["image_url"]
        second = cloud.upload(picture(), "/device/v1/second-camera/door/image").json()["image_url"]
        assert cloud.attributes().json()["attributes"] == {"image": first}
        assert cloud.attributes(token="second-camera").json()["attributes"] == {"door": second}


def test_a_restart_keeps_pictures_and_attributes(tmp_path):
    with running(tmp_path) as cloud:
        url = cloud.upload(picture()).json()["image_url"]
    path = url.removeprefix(cloud.url)
    with running(tmp_path) as cloud:
        assert cloud.get(path).content == picture()
        assert cloud.attributes().json()["attributes"] == {"image": url}
        again = cloud.upload(picture()).json()["image_url"]
        assert len(list((tmp_path / "images").iterdir())) == 2
        assert "-000002." in again


def test_no_secret_is_in_the_folder(tmp_path):
    with running(tmp_path) as cloud:
        cloud.upload(picture())
    for path in tmp_path.rglob("*"):
        assert TOKEN not in path.name
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()


def test_names_are_unique_and_sortable(tmp_path):
    store = Store(tmp_path, now=lambda: 1_700_000_000_123_456_789)
    names = [keep(store) for _ in range(3)]
    assert names[0] == f"20231114T221320.123456Z-{LABEL}-000001.jpg"
    assert names == sorted(set(names))
    later = Store(tmp_path, now=lambda: 1_700_000_001_000_000_000)
    assert keep(later, ending="png") == f"20231114T221321.000000Z-{LABEL}-000004.png"
    assert names_in(later)[1:] == names[::-1]


def test_a_half_written_file_is_not_shown(tmp_path):
    store = Store(tmp_path)
    name = keep(store)
    (tmp_path / "images" / (name + ".part")).write_bytes(b"ha")
    assert names_in(store) == [name]
    assert store.objects.path(name + ".part") is None


@pytest.mark.parametrize(
    "path",
    [
        "/images/../devices/2a97516c.json",
        "/images/..%2Fdevices%2F2a97516c.json",
        "/images/%2e%2e%2fdevices%2f2a97516c.json",
        "/images/..%5cdevices%5c2a97516c.json",
        "/images//etc/hostname",
        "/images/%2Fetc%2Fhostname",
        "/images/secret.jpg",
        "/images/",
        "/images/%00",
    ],
)
def test_nothing_but_pictures_is_served(path, tmp_path):
    with running(tmp_path) as cloud:
        cloud.upload(picture())
        (tmp_path / "images" / "secret.jpg").write_bytes(picture("JPEG"))
        # A raw socket: requests would tidy the path up before sending it.
        found, _ = exchange(
            cloud, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        )
        assert b"image_url" not in found
        assert b"http://" not in found
        assert b'"errcode": 4041' in found


def test_names_that_lead_elsewhere_have_no_path(tmp_path):
    store = Store(tmp_path)
    assert store.objects.path("../devices/2a97516c.json") is None
    assert store.objects.path(f"20231114T221320.123456Z-{LABEL}-000001.jpg\n") is None
    assert store.objects.path("x/../" + keep(store)) is None


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("camera.example:8080", "http://camera.example:8080/images/"),
        ("camera.example", "http://camera.example/images/"),
        ("[::1]:8080", "http://[::1]:8080/images/"),
        ("127.0.0.1", "http://127.0.0.1:{port}/images/"),
        ("", "http://127.0.0.1:{port}/images/"),
        ('x"><script>', "http://127.0.0.1:{port}/images/"),
        ("user@evil.example/x", "http://127.0.0.1:{port}/images/"),
        ("x:99999999", "http://127.0.0.1:{port}/images/"),
    ],
)
def test_the_url_is_made_of_a_host_header_that_makes_sense(host, expected, tmp_path):
    headers = {**HEADERS, "Connection": "close"}
    data = head(len(picture()), headers, UPLOAD, host) + picture()
    with running(tmp_path) as cloud:
        found, _ = exchange(cloud, data)
        url = re.search(rb'"image_url": "([^"]*)"', found)
        assert url
        assert url[1].decode().startswith(expected.format(port=cloud.port))


def test_the_gallery_shows_pictures_newest_first_and_no_secrets(tmp_path):
    accounts = demo_accounts()
    devices = accounts["projects"].pop(KEY)["devices"]
    devices["secret-camera"] = {**devices.pop(TOKEN), "name": "Shed & <b>yard"}
    accounts["projects"]["secret-key"] = {"region": "demo", "devices": devices}
    path = UPLOAD.replace(TOKEN, "secret-camera")
    with running(tmp_path, accounts) as cloud:
        empty = cloud.get("/").text
        names = [
            cloud.upload(picture(form), path, Project_Key="secret-key")
            .json()["image_url"]
            .rpartition("/")[2]
            for form in ("JPEG", "PNG")
        ]
        answer = cloud.get("/")
    assert "No pictures yet" in empty
    assert answer.headers["Content-Type"].startswith("text/html")
    shown = re.findall(r'<img src="/images/([^"]+)"', answer.text)
    assert shown == names[::-1]
    assert "2 pictures" in answer.text
    assert "Shed &amp; &lt;b&gt;yard" in answer.text
    for text in (empty, answer.text):
        assert "secret-camera" not in text
        assert "secret-key" not in text


def test_the_empty_gallery_says_how_to_send_the_first_picture(tmp_path):
    with running(tmp_path / "demo") as cloud:
        text = html.unescape(cloud.get("/").text)
    command = re.search(r"<code>(curl .*?)</code>", text, re.DOTALL)
    assert command
    assert cloud.url + UPLOAD in command[1]
    assert all(f"{name}: {value}" in command[1] for name, value in HEADERS.items())
    accounts = demo_accounts()
    accounts["projects"]["secret-key"] = accounts["projects"].pop(KEY)
    with running(tmp_path / "own", accounts) as cloud:
        text = html.unescape(cloud.get("/").text)
    assert "/device/v1/<AccessToken>/<identifier>/image" in text


def test_the_gallery_escapes(tmp_path):
    accounts = demo_accounts()
    devices = accounts["projects"][KEY]["devices"]
    devices["<b>&camera"] = {"device_type": {"image": "picture-url"}}
    label = hashlib.sha256(b"<b>&camera").hexdigest()[:8]
    with running(tmp_path, accounts) as cloud:
        cloud.upload(picture(), UPLOAD.replace(TOKEN, "%3Cb%3E&camera"))
        text = cloud.get("/").text
    assert "device " + label in text
    assert "<b>" not in text and "&camera" not in text


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[1]",
        "[" * 100000,
        '{"x": 1}',
        "\xff",
        '{"attributes": {"x": [{}, 1, "device"]}, "events": []}',
        '{"attributes": {"x": [1]}, "events": []}',
    ],
)
def test_a_broken_file_of_a_device_is_named(content, tmp_path):
    (tmp_path / "devices").mkdir()
    (tmp_path / "devices" / f"{LABEL}.json").write_text(content, encoding="latin-1")
    with pytest.raises(StoreError, match=f"{LABEL}.json: is not"):
        Store(tmp_path)


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "images").write_text("")
    with pytest.raises(StoreError, match="images: cannot be used"):
        Store(tmp_path)


def test_what_a_failed_write_began_is_removed_at_once_and_at_start(tmp_path):
    store = Store(tmp_path)
    store.index.projects.replace(accounts_file.default())
    name = f"20231114T221320.123456Z-{LABEL}-000001.jpg"
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limit[1]))  # as a disk that is full
    try:
        for _ in range(3):
            with pytest.raises(StorageError, match="too large"):
                store.objects.put(name, bytes(5000), "image/jpeg")
            with pytest.raises(UnavailableError):
                store.index.records.set(LABEL, {"image": "x" * 5000}, "device").result(10)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert files_in(tmp_path) == []
    assert store.index.records.attributes(LABEL) == {}
    assert names_in(store) == []
    # What a power cut has left.
    half = tmp_path / "images" / "1.jpg.part"
    half.write_bytes(b"half")
    os.utime(half, (0, 0))  # one from just now may be another server's
    (tmp_path / "mine.txt").write_bytes(b"whole")
    Store(tmp_path)
    assert files_in(tmp_path) == ["mine.txt"]


MEMORY = """
import struct, threading, zlib
from tools.cloud.service import pictures

def peak():
    text = open("/proc/self/status").read()
    return int(text.split("VmHWM:")[1].split()[0])

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

side = 7900
packer = zlib.compressobj()
rows = b"".join(packer.compress(bytes(side + 1)) for _ in range(side)) + packer.flush()
head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
picture = b"\\x89PNG\\r\\n\\x1a\\n" + chunk(b"IHDR", head)
picture += chunk(b"IDAT", rows) + chunk(b"IEND", b"")
before = peak()
threads = [threading.Thread(target=pictures.judge, args=(picture,)) for _ in range(4)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(peak() - before)
"""


def test_many_large_pictures_at_once_are_decoded_one_after_the_other():
    done = subprocess.run(
        [sys.executable, "-c", MEMORY], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    # One of them takes 62 MB in memory, four would take 250.
    assert 50_000 < int(done.stdout) < 120_000
