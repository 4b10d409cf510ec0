# The stand-in on the socket: kept connections, early answers, draining, logging of secrets.

import json
import re
import socket
import time

import pytest
import requests
from aiohttp import web

from tests.support.cloud import (
    HEADERS,
    KEY,
    TOKEN,
    UPLOAD,
    connect,
    exchange,
    head,
    picture,
    received,
    running,
    settled,
)
from tools.cloud.service import wire


def test_a_connection_is_kept_for_many_pictures(tmp_path):
    with running(tmp_path) as cloud, requests.Session() as session:
        for _ in range(3):
            assert cloud.upload(picture(), http=session).json()["result"] == 1
        assert len({entry["peer"] for entry in _entries(cloud)}) == 1


def test_an_idle_connection_is_closed_after_the_keepalive_time(tmp_path):
    with running(tmp_path, keepalive=0.1) as cloud, connect(cloud) as connection:
        connection.sendall(head(len(picture())) + picture())
        started = time.monotonic()
        found, end = received(connection)
        assert found.startswith(b"HTTP/1.1 200 OK")
        assert b"Connection: close" not in found
        assert end == "closed"
        assert time.monotonic() - started < 5


def test_http_1_0_is_answered_and_closed(tmp_path):
    data = head(len(picture())).replace(b"HTTP/1.1", b"HTTP/1.0") + picture()
    with running(tmp_path) as cloud:
        found, end = exchange(cloud, data)
        assert b'"result": 1' in found
        assert end == "closed"


def test_a_refused_head_is_answered_at_once_and_the_connection_lives_on(tmp_path):
    wrong = head(len(picture()), {**HEADERS, "Project-Key": "wrong"})
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(wrong)
        assert b'"errcode": 1022' in connection.recv(65536)  # before any byte of the body
        connection.sendall(picture())
        connection.sendall(head(len(picture())) + picture())
        assert b'"result": 1' in connection.recv(65536)


def test_a_client_that_reads_only_after_sending_everything_gets_its_answer(tmp_path):
    # More than the sockets' buffers hold: it blocks unless someone takes it in.
    large = bytes(12_000_000)
    with running(tmp_path) as cloud:
        for headers in (HEADERS, {**HEADERS, "Region": ""}):
            with connect(cloud) as connection:
                connection.sendall(head(len(large), headers))
                connection.sendall(large)
                answer = connection.recv(65536)
                assert (b'"errcode": 4005' in answer) or (b'"errcode": 4001' in answer)


def test_what_comes_after_a_refused_head_is_bounded_in_bytes(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "DRAIN_BYTES", 100_000)
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(head(50_000_000))
        answer = connection.recv(65536)
        assert b"Connection: close" in answer
        assert _sent_until_closed(connection, 50_000_000) < 50_000_000


def test_what_comes_after_a_refused_head_is_bounded_in_time(tmp_path, monkeypatch):
    monkeypatch.setattr(wire, "DRAIN_SECONDS", 0.1)
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(head(1000, {**HEADERS, "Region": ""}) + b"begun")
        found, end = received(connection)
        assert b'"errcode": 4001' in found
        assert end == "closed"


def test_an_upload_that_waits_for_100_continue(tmp_path):
    waiting = {**HEADERS, "Expect": "100-continue"}
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(head(len(picture()), waiting))
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(picture())
        assert b'"result": 1' in connection.recv(65536)


def test_a_refused_upload_is_not_told_to_continue(tmp_path):
    waiting = {**HEADERS, "Expect": "100-continue"}
    with running(tmp_path) as cloud, connect(cloud) as connection:
        connection.sendall(head(600_000, waiting))
        assert connection.recv(65536).startswith(b"HTTP/1.1 413 ")


def test_a_client_that_goes_away_leaves_nothing_behind(tmp_path):
    with running(tmp_path) as cloud:
        with connect(cloud) as connection:
            connection.sendall(head(len(picture())) + picture()[:100])
            cloud.last(until="bytes")
        while not any("- - 100 bytes" in line for line in cloud.lines):
            time.sleep(0.01)
        assert not list((tmp_path / "images").iterdir())
        assert cloud.last()["status"] is None
        assert cloud.upload(picture()).json()["result"] == 1


def test_malformed_http_is_answered_400_without_a_traceback(tmp_path, caplog, capfd):
    with running(tmp_path) as cloud:
        found, _ = exchange(cloud, b"BLAH\r\n\r\n")
        assert b" 400 " in found.splitlines()[0]
    assert not caplog.records
    assert "Traceback" not in capfd.readouterr().err


def test_the_log_has_a_line_per_request_and_no_secrets(tmp_path):
    with running(tmp_path) as cloud:
        cloud.upload(picture())
        cloud.upload(picture(), Region=None)
        cloud.upload(picture(), UPLOAD.replace(TOKEN, "unknown-token-7"))
        cloud.upload(picture(), f"/other/{TOKEN}/{KEY}")
        cloud.upload(picture(), UPLOAD.replace(TOKEN, "demo%2Dcamera"))
        cloud.get("/")
        text = "\n".join(cloud.lines) + json.dumps(_entries(cloud))
    assert TOKEN not in text
    assert KEY not in text
    assert "unknown-token-7" not in text
    assert "demo%2Dcamera" not in text
    size = len(picture())
    assert re.fullmatch(
        rf"POST /device/v1/\*\*\*/image/image 200 - {size} bytes \d+ ms Demo camera",
        cloud.lines[0],
    )
    assert re.fullmatch(
        rf"POST /device/v1/\*\*\*/image/image 400 4001 {size} bytes \d+ ms Demo camera",
        cloud.lines[1],
    )
    assert re.fullmatch(r"GET / 200 \d+ ms", cloud.lines[5])


@pytest.mark.parametrize(
    "error, status", [(web.HTTPForbidden(), 403), (RuntimeError("of ours"), 500)]
)
def test_the_line_of_a_handler_that_raised_has_the_status_that_was_sent(tmp_path, error, status):
    @web.middleware
    async def broken(request, handler):
        raise error

    with running(tmp_path, around=lambda app: app.middlewares.append(broken)) as cloud:
        assert cloud.get("/").status_code == status
        settled(lambda: cloud.lines)
    assert re.fullmatch(rf"GET / {status} \d+ ms", cloud.lines[0])


def test_requests_tells_what_came(tmp_path):
    with running(tmp_path) as cloud:
        cloud.clock.now = 1234.5
        cloud.upload(picture(size=(40, 30)))
        (entry,) = _entries(cloud)
    assert entry["arrived"] == 1234.5
    assert entry["bytes"] == len(picture(size=(40, 30)))
    assert entry["pixels"] == [40, 30]
    assert (entry["status"], entry["errcode"], entry["fault"]) == (200, None, [])
    assert entry["headers"]["Region"] == "demo"
    assert "Project-Key" not in entry["headers"]
    assert (tmp_path / "images" / entry["stored"]).exists()


def test_requests_holds_the_last_hundred(tmp_path):
    with running(tmp_path) as cloud, requests.Session() as session:
        for _ in range(102):
            cloud.upload(b"", http=session)
        entries = _entries(cloud)
    assert [entry["number"] for entry in entries] == list(range(3, 103))


def _entries(cloud):
    return cloud.get("/_requests").json()["requests"]


def _sent_until_closed(connection, most):
    sent = 0
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 65536)
    try:
        while sent < most:
            sent += connection.send(bytes(65536))
    except (ConnectionResetError, BrokenPipeError):
        pass
    return sent
