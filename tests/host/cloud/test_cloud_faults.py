# Faults on demand, each as it is seen on the wire, and the endpoint that queues them.

import gzip
import json
import socket
import ssl
import time

import pytest
import requests

from tests.support.board import until
from tests.support.cloud import (
    KEY,
    TOKEN,
    UPLOAD,
    connect,
    demo_accounts,
    exchange,
    head,
    picture,
    received,
    running,
    trusting,
)
from tools.cloud.service import certificates, faults

PICTURE = picture()
REQUEST = head(len(PICTURE)) + PICTURE
HEAD_END = b"\r\n\r\n"


@pytest.fixture
def cloud(tmp_path):
    with running(tmp_path) as cloud:
        yield cloud


@pytest.fixture
def stored(tmp_path):
    return lambda: len(list((tmp_path / "images").iterdir()))


def body_of(answer):
    return answer.partition(HEAD_END)[2]


def test_errcode_with_a_status_of_ones_own(cloud, stored):
    cloud.fault({"errcode": 5001, "status": 200})
    answer = cloud.upload(PICTURE)
    assert answer.status_code == 200
    assert answer.json()["errcode"] == 5001
    assert stored() == 0
    assert cloud.last()["bytes"] == len(PICTURE)


def test_an_errcode_the_documentation_does_not_have(cloud):
    cloud.fault({"errcode": 9999})
    answer = cloud.upload(PICTURE)
    assert (answer.status_code, answer.json()["errcode"]) == (400, 9999)


def test_an_errcode_leaves_the_connection_open(cloud):
    cloud.fault({"errcode": 5001})
    with connect(cloud) as connection:
        connection.sendall(REQUEST)
        assert b'"errcode": 5001' in connection.recv(65536)
        connection.sendall(REQUEST)
        assert b'"result": 1' in connection.recv(65536)


def test_html(cloud, stored):
    cloud.fault({"html": True})
    answer = cloud.upload(PICTURE)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    assert answer.text.startswith("<!DOCTYPE html>")
    assert cloud.last()["status"] == 200
    assert stored() == 0


@pytest.mark.parametrize("name", faults.PAGES)
def test_pages_of_others(name, cloud, stored):
    cloud.fault({"html": name, "status": 403})
    answer = cloud.upload(PICTURE)
    assert answer.status_code == 403 and answer.text
    assert (name in ("xml", "text")) is ("<html" not in answer.text)
    assert stored() == 0


def test_gzip(cloud, stored):
    cloud.fault({"gzip": True})
    with connect(cloud) as connection:
        connection.sendall(REQUEST)
        answer = connection.recv(65536)
    assert b"Content-Encoding: gzip" in answer
    assert json.loads(gzip.decompress(body_of(answer)))["result"] == 1
    assert stored() == 1
    cloud.fault({"gzip": True})
    assert cloud.upload(PICTURE).json()["result"] == 1  # who understands it, does


def test_a_firewall_that_takes_exception_to_one_picture(cloud, stored):
    cloud.fault(
        [
            {"containing": "bad \xff", "html": "firewall", "status": 403, "times": 3},
            {"errcode": 5001},
        ]
    )
    bad = PICTURE + b"..bad \xff.."
    assert [cloud.upload(each).status_code for each in (bad, PICTURE, PICTURE, bad)] == [
        403,
        500,
        200,
        403,
    ]
    assert cloud.last()["bytes"] == len(bad)
    assert stored() == 1
    assert cloud.upload(PICTURE[:-5]).status_code == 400  # judged as ever
    assert cloud.fault([])["queued"][0]["times"] == 1


@pytest.mark.parametrize(("more", "status"), [({}, 302), ({"status": 307}, 307)])
def test_redirect(more, status, cloud, stored):
    cloud.fault({"redirect": "https://other.example/", **more})
    answer = cloud.upload(PICTURE)
    assert answer.status_code == status
    assert answer.headers["Location"] == "https://other.example/"
    assert stored() == 0


def test_garbage(cloud, stored):
    cloud.fault({"garbage": 300})
    found, end = exchange(cloud, REQUEST)
    assert len(found) == 300
    assert not found.startswith(b"HTTP")
    assert end == "closed"
    assert stored() == 0


def test_raw(cloud):
    cloud.fault({"raw": "HTTP/1.1 299 \xe9\r\n\r\n"})
    assert exchange(cloud, REQUEST) == (b"HTTP/1.1 299 \xe9\r\n\r\n", "closed")
    assert cloud.last()["status"] is None


@pytest.mark.parametrize("count", [0, 1, 40, 100_000])
def test_cut(count, cloud, stored):
    cloud.fault({"cut": count})
    found, end = exchange(cloud, REQUEST)
    whole, _ = exchange(cloud, REQUEST.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    assert found[:15] == whole[: min(count, 15)]
    assert len(found) == count or (count == 100_000 and found.endswith(b'.jpg"}'))
    assert end == "closed"
    assert stored() == 2  # the service took both


def test_a_spoiled_answer_to_a_refused_head_reaches_a_client_that_sends_on(cloud):
    cloud.fault({"cut": 40})
    large = bytes(5_000_000)
    assert exchange(cloud, head(len(large)) + large)[1] == "closed"
    assert cloud.last()["errcode"] == 4005


def test_cut_in_the_body(cloud):
    cloud.fault({"html": True, "cut": 150})
    found, _ = exchange(cloud, REQUEST)
    assert len(found) == 150
    assert body_of(found).startswith(b"<!DOCTYPE")


@pytest.mark.parametrize("off", [20, -20])
def test_content_length_off(off, cloud):
    cloud.fault({"content_length": off})
    with connect(cloud) as connection:
        connection.settimeout(0.3)
        connection.sendall(REQUEST)
        found, end = received(connection)
        length = int(found.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        assert length - len(body_of(found)) == off
        assert end == "open"


def test_a_length_too_large_and_then_the_end(cloud):
    cloud.fault({"content_length": 20, "close": True})
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="20 more expected"):
        cloud.upload(PICTURE)


def test_a_length_smaller_than_none_at_all_is_0(cloud):
    cloud.fault({"content_length": -100_000, "close": True})
    assert b"Content-Length: 0\r\n" in exchange(cloud, REQUEST)[0]


def test_slow(cloud):
    cloud.fault({"errcode": 413, "slow": 0.001})
    started = time.monotonic()
    with connect(cloud) as connection:
        connection.sendall(REQUEST)
        pieces = [connection.recv(65536)]
        while b"}" not in pieces[-1]:
            pieces.append(connection.recv(65536))
    assert len(pieces) > 20
    assert time.monotonic() - started > 0.1
    assert b'"errcode": 413' in b"".join(pieces)


def test_a_slow_answer_leaves_the_connection_open(cloud):
    cloud.fault({"slow": 0.0001})
    with requests.Session() as session:
        assert cloud.upload(PICTURE, http=session).json()["result"] == 1
        assert cloud.upload(PICTURE, http=session).json()["result"] == 1
        entries = cloud.get("/_requests").json()["requests"]
    assert entries[0]["peer"] == entries[1]["peer"]


def test_close_behind_an_answer_that_did_not_say_so(cloud):
    cloud.fault({"close": True})
    found, end = exchange(cloud, REQUEST)
    assert b'"result": 1' in found
    assert b"Connection: close" not in found
    assert end == "closed"


def test_no_answer_holds_the_connection(cloud, stored):
    cloud.fault({"no_answer": True})
    with connect(cloud) as connection:
        connection.settimeout(0.2)
        connection.sendall(REQUEST)
        assert received(connection) == (b"", "open")
    assert stored() == 0


def test_no_answer_but_the_end(cloud, stored):
    cloud.fault({"no_answer": "close"})
    assert exchange(cloud, REQUEST) == (b"", "closed")
    assert stored() == 0


def test_a_held_connection_does_not_hold_up_the_others_nor_the_end(tmp_path):
    with running(tmp_path) as cloud:
        cloud.fault({"no_answer": "hold"})
        connection = connect(cloud)
        connection.sendall(REQUEST)
        cloud.last(until="bytes")
        assert cloud.upload(PICTURE).json()["result"] == 1
        started = time.monotonic()
    assert time.monotonic() - started < 2
    connection.close()


def test_stored_but_lost(cloud, stored):
    cloud.fault({"stored_but_lost": True})
    assert exchange(cloud, REQUEST) == (b"", "closed")
    assert stored() == 1
    attributes = cloud.get(f"/device/v1/{TOKEN}/attributes", headers={"Project-Key": KEY})
    assert "image" in attributes.json()["attributes"]


def test_stored_but_lost_and_held(cloud, stored):
    cloud.fault({"stored_but_lost": "hold"})
    with connect(cloud) as connection:
        connection.settimeout(0.2)
        connection.sendall(REQUEST)
        assert received(connection) == (b"", "open")
    until(lambda: stored() == 1)


@pytest.mark.parametrize("count", [0, 100])
def test_reset_after(count, cloud, stored):
    cloud.fault({"reset_after": count})
    found, end = exchange(cloud, REQUEST)
    assert (found, end) == (b"", "reset")
    assert cloud.last()["bytes"] == count
    assert stored() == 0


def test_reset_while_the_client_still_sends(cloud):
    cloud.fault({"reset_after": 10_000})
    with connect(cloud) as connection:
        connection.sendall(head(50_000_000))
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(50):
                connection.sendall(bytes(1_000_000))


def test_early_answer_and_a_reset_behind_it(cloud):
    cloud.fault({"early": 4291})
    with connect(cloud) as connection:
        connection.sendall(head(50_000_000))
        answer = connection.recv(65536)
        assert answer.startswith(b"HTTP/1.1 429 ")
        assert b'"errcode": 4291' in answer
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            for _ in range(50):
                connection.sendall(bytes(1_000_000))


@pytest.mark.parametrize("stage", ["before_read", "before_answer", "before_body"])
def test_delay(stage, cloud):
    cloud.fault({"delay": {stage: 0.3}})
    with connect(cloud) as connection:
        started = time.monotonic()
        connection.sendall(REQUEST)
        first = connection.recv(65536)
        first_after = time.monotonic() - started
        if stage == "before_body":
            assert first_after < 0.25
            assert first.endswith(HEAD_END)
            first += connection.recv(65536)
        assert time.monotonic() - started >= 0.3
        assert b'"result": 1' in first


def test_before_read_is_before_anything_is_read(cloud):
    cloud.fault({"delay": {"before_read": 1}})
    with connect(cloud) as connection:
        connection.sendall(REQUEST)
        time.sleep(0.1)
        assert cloud.last()["bytes"] == 0
        assert b'"result": 1' in connection.recv(65536)


def test_first_in_first_out_and_times(cloud):
    cloud.fault([{"errcode": 5001, "times": 2}, {"errcode": 413}])
    found = [cloud.upload(PICTURE).json().get("errcode") for _ in range(4)]
    assert found == [5001, 5001, 413, None]


def test_token_and_what_is_listed(tmp_path):
    accounts = demo_accounts()
    devices = accounts["projects"][KEY]["devices"]
    devices["other-camera"] = devices[TOKEN]
    with running(tmp_path, accounts) as cloud:
        cloud.fault({"errcode": 5001, "token": "other-camera", "times": 2})
        assert cloud.upload(PICTURE).json()["result"] == 1
        other = UPLOAD.replace(TOKEN, "other-camera")
        assert cloud.upload(PICTURE, other).json()["errcode"] == 5001
        shown = cloud.get("/_faults").json()
    assert shown == {
        "queued": [{"errcode": 5001, "times": 1, "token": "other-camera"}],
        "requests": {"seen": 2, "answered": {"accepted": 1, "5001": 1}},
    }


def test_delete_clears_everything(cloud):
    cloud.upload(PICTURE)
    cloud.fault({"errcode": 5001})
    empty = {"queued": [], "requests": {"seen": 0, "answered": {}}}
    assert requests.delete(cloud.url + "/_faults", timeout=10).json() == empty
    assert cloud.get("/_requests").json() == {"requests": [], "messages": []}
    assert cloud.upload(PICTURE).json()["result"] == 1


def test_a_fault_asks_no_rule_and_opens_no_window(tmp_path):
    with running(tmp_path, interval=10) as cloud:
        cloud.fault({"errcode": 5001})
        assert cloud.upload(PICTURE, Project_Key="wrong").json()["errcode"] == 5001
        assert cloud.upload(PICTURE).json()["result"] == 1


def test_the_log_names_the_fault_but_not_its_token(cloud):
    cloud.fault({"errcode": 5001, "slow": 0.0001, "token": TOKEN})
    cloud.upload(PICTURE)
    cloud.get("/")
    assert any(line.endswith("ms Demo camera fault errcode,slow") for line in cloud.lines)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("{", "not JSON"),
        ("3", "expected an object or a list of objects"),
        ("[3]", "[0]: expected an object"),
        ("{}", "the object names no fault"),
        ('[{"errcode": 1}, {}]', "[1] names no fault"),
        ('{"times": 2}', "names no fault"),
        ('{"errcodes": 1}', "errcodes: unknown"),
        ('{"errcode": "5001"}', "errcode: expected a whole number, found '5001'"),
        ('{"errcode": true}', "errcode: expected a whole number"),
        ('[{"errcode": 1}, {"cut": -1}]', "[1].cut: expected a number of bytes, found -1"),
        ('{"slow": NaN}', "slow: expected seconds"),
        ('{"slow": 1e999}', "slow: expected seconds"),
        ('{"html": false}', "html: expected true"),
        ('{"redirect": "x\\r\\ny"}', "redirect: expected a URL"),
        ('{"raw": "\\u4f60"}', "raw: expected a text of latin-1"),
        ('{"no_answer": "maybe"}', "no_answer: expected true"),
        ('{"delay": 3}', "delay: expected an object"),
        ('{"delay": {"later": 3}}', "delay.later: unknown"),
        ('{"delay": {"before_read": -3}}', "delay.before_read: expected seconds"),
        ('{"errcode": 1, "times": 0}', "times: expected a whole number, 1 or more"),
        ('{"errcode": 1, "token": ""}', "token: expected an AccessToken"),
        ('{"errcode": 1, "html": true}', "html: cannot go with errcode"),
        ('{"no_answer": true, "cut": 1}', "cut: cannot go with no_answer"),
        ('{"raw": "x", "content_length": 1}', "content_length: cannot go with raw"),
        ('{"cut": 1, "status": 200}', "status: goes only with"),
        ('{"errcode": 1, "status": 20}', "status: expected 200 to 599"),
        ("\xff", "codec can't decode"),
    ],
)
def test_a_mistake_in_a_fault_is_named_and_nothing_queued(fault, named, cloud):
    answer = requests.post(cloud.url + "/_faults", data=fault.encode("latin-1"), timeout=10)
    assert answer.status_code == 400
    assert named in answer.json()["error"]
    assert cloud.get("/_faults").json()["queued"] == []


def test_faults_over_tls(tmp_path):
    context = certificates.made(tmp_path, tmp_path / "ca.der")
    trusted = trusting((tmp_path / "ca.der").read_bytes())
    found = []
    with running(tmp_path / "data", ssl_context=context) as cloud:
        pem = tmp_path / "ca.pem"
        pem.write_text(ssl.DER_cert_to_PEM_cert((tmp_path / "ca.der").read_bytes()))
        for fault in ({"cut": 40}, {"errcode": 5001, "close": True}, {"reset_after": 100}):
            requests.post(cloud.url + "/_faults", json=fault, verify=str(pem), timeout=10)
            secured = trusted.wrap_socket(connect(cloud), server_hostname="localhost")
            secured.sendall(REQUEST)
            if "reset_after" in fault:
                # Below TLS: Python's ssl shows a reset as an ordinary end.
                secured = socket.socket(fileno=secured.detach())
                secured.settimeout(10)
            found.append(received(secured))
            secured.close()
    assert (len(found[0][0]), found[0][1]) == (40, "closed")
    assert b'"errcode": 5001' in found[1][0]
    assert found[2][1] == "reset"
