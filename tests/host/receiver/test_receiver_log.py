# The log: a line for each request and event, as text or JSON; no secret in it, in any spelling.

import contextlib
import json
import logging
from urllib.parse import quote

import pytest

from tests.support.cloud import KEY, TOKEN, UPLOAD, picture, running, settled
from tools.cloud.receiver.log import JSON, TEXT, Log
from tools.cloud.receiver.surround import surround

SECRET = 'pass"word/ä'


@contextlib.contextmanager
def logged(folder, form):
    """Run a stand-in with a log; the value is it and line(): the next line."""
    lines = []
    log = Log(lines.append, form, instance="one", now=lambda: 1793000000.25, secrets=[SECRET])

    def line():
        settled(lambda: lines)
        return lines.pop(0)

    with running(folder, around=lambda app: surround(app, log=log)) as cloud:
        yield cloud, line


def test_a_request_in_json(tmp_path):
    with logged(tmp_path, JSON) as (cloud, line):
        body = picture()
        cloud.upload(body)
        found = json.loads(line())
        assert found.pop("ms") > 0
        assert found == {
            "time": "2026-10-26T07:33:20.250Z",
            "level": "info",
            "event": "request",
            "method": "POST",
            "path": "/device/v1/***/image/image",
            "status": 200,
            "bytes": len(body),
            "device": "Demo camera",
            "client": "127.0.0.1",
            "instance": "one",
        }
        cloud.upload(body, Region="elsewhere")
        found = json.loads(line())
        assert (found["status"], found["errcode"], found["bytes"]) == (400, 4008, len(body))
        cloud.get("/cameras?find=what")
        found = json.loads(line())
        assert found["path"] == "/cameras" and "bytes" not in found and "device" not in found


def test_a_request_as_text(tmp_path):
    with logged(tmp_path, TEXT) as (cloud, line):
        body = picture()
        cloud.upload(body)
        start = f"POST /device/v1/***/image/image 200 - {len(body)} bytes "
        found = line()
        assert found.startswith(start) and found.endswith(" ms Demo camera")
        cloud.get("/cameras")
        assert line().endswith(" ms from 127.0.0.1")


@pytest.mark.parametrize("form", [TEXT, JSON])
def test_no_secret_of_a_camera_in_any_spelling(tmp_path, form):
    with logged(tmp_path, form) as (cloud, line):
        spelled = "".join(f"%{ord(each):02x}" for each in TOKEN)
        for path in (UPLOAD, UPLOAD.replace(TOKEN, spelled), f"/{TOKEN}", f"/images/{KEY}"):
            cloud.upload(picture(), path)
            found = line()
            assert TOKEN not in found and spelled not in found and KEY not in found, path


@pytest.mark.parametrize("form", [TEXT, JSON])
def test_no_setting_s_secret_whoever_wrote_it(form):
    lines = []
    log = Log(lines.append, form, instance="one", secrets=[SECRET])
    logger = logging.Logger("s3")
    logger.addHandler(log.handler())
    log.event("storage", error=f"refused {SECRET}")
    logger.error("GET https://u:%s@host", quote(SECRET, safe=""))
    try:
        raise ValueError(SECRET)
    except ValueError:
        logger.exception("failed")
    assert len(lines) == 3
    for line in lines:
        assert "***" in line and "word" not in line.replace("***", ""), line


def test_what_a_library_warns_of_is_a_line_and_the_rest_none():
    lines = []
    logger = logging.Logger("library")
    logger.addHandler(Log(lines.append, JSON, instance="one").handler())
    logger.info("chatter")
    logger.warning("%s is low", "disk")
    (found,) = map(json.loads, lines)
    assert found["level"] == "warning" and found["message"] == "disk is low"
    assert found["logger"] == "library"


@pytest.mark.parametrize("form", [TEXT, JSON])
def test_an_event_is_one_line_that_does_nothing_to_a_terminal(form):
    lines = []
    Log(lines.append, form, instance="one").event("login refused", client="1.2.3.4\nok\x1b[2J")
    (line,) = lines
    assert "\n" not in line and "\x1b" not in line and "1.2.3.4" in line
