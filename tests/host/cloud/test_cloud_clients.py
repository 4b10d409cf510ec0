# Ordinary clients against the stand-in, sending what the service documents.

import json
import shutil
import subprocess

import pytest
import requests

from tests.support.cloud import HEADERS, UPLOAD, picture, running


@pytest.fixture
def cloud(tmp_path):
    with running(tmp_path / "data") as cloud:
        yield cloud


def curl(cloud, file, headers=HEADERS):
    program = shutil.which("curl")
    if program is None:
        pytest.skip("curl is not installed")
    told = [word for name, value in headers.items() for word in ("--header", f"{name}: {value}")]
    done = subprocess.run(
        [program, "--silent", "--show-error", "--write-out", "\n%{http_code}", *told]
        + ["--request", "POST", "--data-binary", f"@{file}", cloud.url + UPLOAD],
        capture_output=True,
        text=True,
        check=True,
        timeout=20,
    )
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(answer)


def test_curl(cloud, tmp_path):
    file = tmp_path / "image.jpg"
    file.write_bytes(picture())
    status, answer = curl(cloud, file)
    assert (status, answer["result"]) == (200, 1)
    assert requests.get(answer["image_url"], timeout=10).content == picture()


def test_curl_sends_no_body_that_will_be_refused(cloud, tmp_path):
    # Above 1 MB curl asks first (Expect: 100-continue).
    file = tmp_path / "image.jpg"
    file.write_bytes(bytes(3_000_000))
    status, answer = curl(cloud, file)
    assert (status, answer["errcode"]) == (413, 4005)


def test_curl_without_the_content_type_says_form(cloud, tmp_path):
    file = tmp_path / "image.jpg"
    file.write_bytes(picture())
    headers = {name: HEADERS[name] for name in ("Region", "Project-Key")}
    status, answer = curl(cloud, file, headers)
    assert (status, answer["errcode"]) == (400, 4006)


def test_requests_with_a_file(cloud, tmp_path):
    file = tmp_path / "image.png"
    file.write_bytes(picture("PNG"))
    with file.open("rb") as opened:
        answer = requests.post(cloud.url + UPLOAD, data=opened, headers=HEADERS, timeout=10)
    assert answer.json()["result"] == 1


def test_requests_with_a_form_is_refused(cloud):
    headers = {name: HEADERS[name] for name in ("Region", "Project-Key")}
    answer = requests.post(
        cloud.url + UPLOAD, files={"image": picture()}, headers=headers, timeout=10
    )
    assert answer.json()["errcode"] == 4006
