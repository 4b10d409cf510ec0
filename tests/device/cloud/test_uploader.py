# uploader.Uploader over three HTTP clients: our Session, and the stock requests of the
# interpreter that runs the test (MicroPython's or CPython's).

import builtins
import errno
import json
import os
import random

import requests

from support import (
    GOOD,
    KEY,
    TOKEN,
    OldJson,
    Script,
    descriptors,
    env,
    fault,
    http,
    last_request,
    photo,
    raises,
    request,
)
from thingscam.cloud import errcodes
from thingscam.cloud import uploader as upload
from thingscam.cloud.uploader import Uploader, UploadError
from thingscam.config import config
from thingscam.http import session

# Every row of the service's documentation, and what it asks for.
ACTIONS = {
    "stop": (
        (4001, 400, "Missing Region header"),
        (4002, 400, "Missing Project-Key header"),
        (4006, 400, "Missing Content-Type: application/octet-stream header"),
        (1022, 400, "Upload authentication failed"),
        (1480, 400, "Upload authentication failed"),
        (1424, 400, "Upload authentication failed"),
        (1470, 400, "Upload authentication failed"),
        (1471, 400, "Upload authentication failed"),
        (1023, 400, "Upload authentication failed"),
        (4008, 400, "Region not found"),
        (401, 400, "Device Attribute report failed"),
        (451, 400, "Device Attribute report failed"),
        (402, 400, "Device Attribute report failed"),
        (4041, 404, "The requested endpoint does not exist"),
    ),
    "drop": (
        (4003, 400, "Request body must be image binary data"),
        (4004, 400, "Invalid image format"),
        (4005, 413, "Image size exceeds limit"),
    ),
    "wait": (
        (403, 400, "Device Attribute report failed"),
        (413, 400, "Device Attribute report failed"),
        (4291, 429, "Request frequency is too high, please wait for a moment."),
        (4292, 429, "Request frequency is too high, please wait for a moment."),
    ),
    "retry": (
        (4009, 400, "Device Attribute report failed"),
        (5001, 500, "Internal server error"),
    ),
}
REDIRECT = http(302, "", "Location: http://other.example/device/v1/demo-camera/image/image\r\n")


def settings(endpoint, **cloud):
    cloud.update(endpoint=endpoint, access_token=TOKEN, identifier="image", project_key=KEY)
    cloud.setdefault("region", "demo")
    return config.parse(json.dumps({"cloud": cloud}).encode())


def clients(timeout=5):
    """Yield the clients that the tests go over; a session is closed behind each."""
    client = session.Session(timeout=timeout)
    yield client
    client.close()
    yield requests


def refused(uploader, image, action, errcode=None, status=None):
    e = raises(UploadError, uploader.upload, image)
    assert (e.action, e.errcode, e.status) == (action, errcode, status), (
        e.action,
        e.errcode,
        e.status,
        str(e),
    )
    for secret in (TOKEN, KEY):
        assert secret not in str(e) and secret not in e.message, e
    return e


def test_a_picture_becomes_a_url_that_shows_it():
    data = photo()
    for http_client in clients():
        url = Uploader(settings(env("SERVICE")), http_client).upload(data)
        assert request("GET", url) == (200, data)
        headers = "Project-Key: {}\r\n".format(KEY)
        path = "/device/v1/{}/attributes".format(TOKEN)
        _, body = request("GET", env("SERVICE") + path, headers=headers)
        assert json.loads(body)["attributes"]["image"] == url


def test_a_client_that_writes_into_the_headers():
    class Writes:
        """As `requests` in MicroPython 1.24: what it adds stays in what it is given."""

        def post(self, url, data, headers, timeout):
            headers["Content-Length"] = headers.get("Content-Length") or str(len(data))
            assert headers["Content-Length"] == str(len(data))
            return client.post(url, data=data, headers=headers, timeout=timeout)

    client = session.Session(timeout=5)
    uploader = Uploader(settings(env("SERVICE")), Writes())
    for data in (photo(), photo("another, and longer")):
        uploader.upload(data)
        assert last_request()["bytes"] == len(data)
    client.close()


def test_without_a_client_it_takes_the_stock_one():
    assert Uploader(settings(env("SERVICE"))).upload(photo()).startswith(env("SERVICE"))


def test_sends_the_request_of_the_documentation():
    for http_client in clients():
        script = Script([["head"], ["body"], ["send", GOOD], ["close"]])
        url = Uploader(settings(script.url), http_client).upload(b"12345")
        assert url == "http://x/1.jpg"
        (seen,) = script.report()
        lines = seen["head"].split("\r\n")
        assert lines[0].startswith("POST /device/v1/demo-camera/image/image HTTP/1."), lines
        headers = {}
        for line in lines[1:-2]:
            name, _, value = line.partition(": ")
            assert name.lower() not in headers, line
            headers[name.lower()] = value
        assert headers["content-type"] == "application/octet-stream"
        assert headers["region"] == "demo"
        assert headers["project-key"] == KEY
        assert headers["content-length"] == "5"
        assert "transfer-encoding" not in headers
        assert seen["sum"] == sum(b"12345")


def test_takes_every_kind_of_image():
    data = photo()
    path = env("FILES") + "/kinds-{}.jpg".format(random.random())
    with open(path, "wb") as file:
        file.write(b"head" + data)
    for http_client in clients():
        uploader = Uploader(settings(env("SERVICE")), http_client)
        for image in (data, bytearray(data), memoryview(data), memoryview(b"x" + data)[1:]):
            assert request("GET", uploader.upload(image))[1] == data
        with open(path, "rb") as file:
            file.seek(4)
            assert request("GET", uploader.upload(file))[1] == data
    os.remove(path)


def test_sizes_up_to_the_limit_and_past_it():
    def padded(size):
        # A comment segment fills a real picture up.
        data = photo()
        filler = size - len(data)
        parts = [data[:2]]
        while filler:
            part = min(filler, 60000)
            if filler - part in (1, 2, 3):
                part -= 4
            parts.append(b"\xff\xfe" + (part - 2).to_bytes(2, "big") + b"c" * (part - 4))
            filler -= part
        return b"".join(parts) + data[2:]

    for http_client in clients():
        uploader = Uploader(settings(env("SERVICE")), http_client)
        for size in (511999, 512000):
            image = padded(size)
            assert len(image) == size
            uploader.upload(image)
            assert last_request()["bytes"] == size
        assert refused(uploader, b"\xff", "drop", 4004, 400).message == "Invalid image format"
        # The stock clients may lose an answer that comes before they have sent everything.
        try:
            uploader.upload(padded(512001))
        except UploadError as e:
            if http_client is requests and e.errcode is None:
                assert e.action == "retry"
            else:
                assert (e.action, e.errcode, e.status) == ("drop", 4005, 413)


def test_an_errcode_that_cannot_be_looked_up_loses_nothing():
    real = builtins.__import__

    def failing(*_):
        raise trouble.pop()

    trouble = [OSError(errno.EIO), MemoryError()]
    builtins.__import__ = failing
    try:
        assert errcodes.action(4005) == "retry" and "documentation" in errcodes.advice(4005)
    finally:
        builtins.__import__ = real
    assert errcodes.action(4005) == "drop" and trouble == []


def test_every_errcode_has_its_action():
    for http_client in clients():
        uploader = Uploader(settings(env("SERVICE")), http_client)
        for action, rows in ACTIONS.items():
            for errcode, status, message in rows:
                fault(errcode=errcode)
                e = refused(uploader, b"1", action, errcode, status)
                assert e.message == upload.mask(message, (KEY,))  # it ends in words of theirs
                assert errcodes.advice(errcode) in str(e)
                assert str(errcode) in str(e)
                # The errcode decides, whatever the status.
                fault(errcode=errcode, status=200 if status == 400 else 400)
                refused(uploader, b"1", action, errcode, 200 if status == 400 else 400)
        fault(errcode=9999)
        refused(uploader, b"1", "retry", 9999, last_request()["status"])


def test_errors_by_the_accounts_alone():
    uploader = Uploader(settings(env("SERVICE"), region="nowhere"), session.Session())
    refused(uploader, photo(), "stop", 4008, 400)
    for name, errcode in (("access_token", 1480), ("project_key", 1022), ("identifier", 1470)):
        found = settings(env("SERVICE"))
        setattr(found.cloud, name, "other")
        refused(Uploader(found, session.Session()), photo(), "stop", errcode, 400)
    uploader = Uploader(settings(env("SERVICE")), session.Session())
    refused(uploader, b"", "drop", 4003, 400)
    refused(uploader, photo()[:5000], "drop", 4004, 400)


def test_what_is_not_the_services_answer_is_retry():
    for body in (
        "",
        "<html>Welcome to the hotel</html>",
        "null",
        "[]",
        "1",
        '"image_url"',
        "{}",
        '{"result": 1}',
        '{"result": 1, "image_url": null}',
        '{"result": 1, "image_url": ""}',
        '{"result": 1, "image_url": 5}',
        '{"result": 1, "image_url": ["http://x"]}',
        '{"result": true, "image_url": "http://x"}',
        '{"result": "1", "image_url": "http://x"}',
        '{"result": 2, "image_url": "http://x"}',
        '{"result": 0, "image_url": "http://x"}',
        '{"result": 0}',
        '{"result": 0, "errcode": "4001"}',
        '{"result": 0, "errcode": null}',
        '{"result": 0, "errcode": true}',
        '{"result": 0, "errcode": [4001]}',
        '{"result": 1, "image_url": "http://x"',
        '{"result": 1, "image_url": "http://x\xff"}',
        "[" * 3000,
        " " * 4090 + '{"result": 1, "image_url": "http://x"}',
        "x" * 20000,
    ):
        for http_client in clients(timeout=2):
            for status in (200, 502):
                raw = http(status, body, "Connection: close\r\n")
                script = Script([["head"], ["body"], ["send", raw], ["close"]])
                e = raises(UploadError, Uploader(settings(script.url), http_client).upload, b"1")
                assert e.action == "retry" and e.errcode is None, (body[:50], e)
                script.report()


def test_a_mark_before_the_json_is_passed_over():
    raw = http(201, '\xef\xbb\xbf{"result": 1, "image_url": "http://x/1.jpg"}')
    script = Script([["head"], ["body"], ["send", raw], ["close"]])
    client = session.Session(timeout=2)
    assert Uploader(settings(script.url), client).upload(b"1") == "http://x/1.jpg"
    script.report()


def test_messages_of_odd_kinds():
    for message, seen in (("null", ""), ("5", ""), ('"a\\r\\nb\\u001b"', "a??b?"), ("{}", "")):
        body = '{"result": 0, "errcode": 4008, "message": ' + message + "}"
        script = Script([["head"], ["body"], ["send", http(400, body)], ["close"]])
        e = refused(Uploader(settings(script.url), session.Session()), b"1", "stop", 4008, 400)
        assert e.message == seen, e.message
        script.report()


def test_a_service_that_says_our_secrets_back():
    body = {"result": 0, "errcode": 4001, "message": "no " + KEY + " for " + TOKEN}
    script = Script([["head"], ["body"], ["send", http(400, json.dumps(body))], ["close"]])
    e = refused(Uploader(settings(script.url), session.Session()), b"1", "stop", 4001, 400)
    assert e.message == "no *** for ***"
    script.report()


def test_a_secret_is_masked_before_it_is_made_readable():
    secret = "\u4e2d\u6587-key-\xe9"  # which becomes ?s
    found = settings("http://x")
    found.secrets += (secret,)
    body = "\xff\x80 no " + "".join(map(chr, secret.encode())) + " here"  # sent as Latin-1
    script = Script([["head"], ["body"], ["send", http(500, body)], ["close"]])
    found.cloud.endpoint = script.url
    e = refused(Uploader(found, session.Session()), b"1", "retry", None, 500)
    assert '"?? no *** here"' in e.message, e.message
    script.report()


def test_a_long_message_is_cut_before_it_is_looked_through():
    looked, mask = [], upload.mask

    def counting(text, secrets):
        looked.append(len(text))
        return mask(text, secrets)

    upload.mask = counting
    try:
        for message in ("%" * 4000, "%41" * 180 + TOKEN + KEY):
            body = json.dumps({"result": 0, "errcode": 5001, "message": message})
            script = Script([["head"], ["body"], ["send", http(500, body)], ["close"]])
            refused(Uploader(settings(script.url), session.Session()), b"1", "retry", 5001, 500)
            script.report()
    finally:
        upload.mask = mask
    assert looked and max(looked) <= 600


def test_what_breaks_on_the_way_is_retry():
    for steps in (
        [["close"]],
        [["reset"]],
        [["head"], ["reset"]],
        [["head"], ["read", 2000], ["reset"]],
        [["head"], ["body"], ["close"]],
        [["head"], ["body"], ["reset"]],
        [["head"], ["body"], ["send", GOOD[:-20]], ["close"]],
        [["head"], ["body"], ["send", GOOD[:-20]], ["reset"]],
        [["head"], ["body"], ["send", GOOD[:40]], ["close"]],
        [["head"], ["body"], ["send", "garbage\r\n\r\n"], ["close"]],
        [["head"], ["body"], ["send", "\x00\xff" * 300], ["close"]],
        [["head"], ["body"], ["send", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n"], ["close"]],
    ):
        for http_client in clients():
            script = Script(steps)
            image = bytes(300000)
            e = raises(UploadError, Uploader(settings(script.url), http_client).upload, image)
            assert (e.action, e.errcode) == ("retry", None), (steps, e)
            assert TOKEN not in str(e) and KEY not in str(e)
            script.report()


def test_an_answer_cut_short_is_no_answer_on_any_version():
    body = '{"result": 1, "image_url": "http://x/1.jpg"'
    with OldJson():
        for http_client in clients():
            script = Script([["head"], ["body"], ["send", http(200, body)], ["close"]])
            refused(Uploader(settings(script.url), http_client), b"1", "retry", None, 200)
            script.report()


def test_nobody_there_is_retry():
    script = Script()
    script.report()
    for http_client in clients():
        for endpoint in (script.url, "http://no-such-host.invalid"):
            e = refused(Uploader(settings(endpoint), http_client), b"1", "retry")
            assert endpoint in str(e)


def test_a_timeout_is_retry():
    for http_client in clients(timeout=1):
        script = Script([["head"], ["body"], ["pause", 2]])
        found = settings(script.url, timeout_s=1)
        refused(Uploader(found, http_client), b"1", "retry")
        script.report()


def test_faults_of_the_service():
    for what, action in (
        ({"html": True}, "retry"),
        ({"garbage": 300}, "retry"),
        ({"cut": 10}, "retry"),
        ({"cut": 150}, "retry"),
        ({"content_length": 9}, "retry"),
        ({"content_length": -9}, "retry"),
        ({"no_answer": "close"}, "retry"),
        ({"reset_after": 0}, "retry"),
        ({"reset_after": 20000}, "retry"),
        ({"stored_but_lost": True}, "retry"),
        ({"raw": "HTTP/1.1 200 OK\r\n\r\n"}, "retry"),
        ({"early": 4291}, "wait"),
        ({"early": 4041}, "stop"),
        ({"early": 4005}, "drop"),
        ({"redirect": "https://other.example/"}, "stop"),
        ({"redirect": "/elsewhere", "status": 307}, "stop"),
    ):
        client = session.Session(timeout=1)
        before = descriptors()
        uploader = Uploader(settings(env("SERVICE"), timeout_s=1), client)
        fault(**what)
        e = raises(UploadError, uploader.upload, photo() * 7)
        assert e.action == action, (what, e)
        client.close()
        assert descriptors() == before
    for what in (
        {"slow": 0.001},
        {"close": True},
        {"delay": {"before_read": 0.1, "before_answer": 0.1, "before_body": 0.1}},
    ):
        fault(**what)
        assert uploader.upload(photo())


def test_a_redirect_is_named_and_not_followed():
    other = Script([["head"]])
    target = http(307, "", "Location: {}/device/v1/demo-camera/x\r\n".format(other.url))
    stock = (
        [] if requests.__name__ == "requests" and not hasattr(requests, "certs") else [requests]
    )
    # MicroPython's stock client follows redirects, Project-Key and all; nothing can stop it.
    for http_client in [session.Session()] + stock:
        script = Script([["head"], ["body"], ["send", target], ["close"]])
        e = refused(Uploader(settings(script.url), http_client), b"1", "stop", None, 307)
        assert other.url in str(e) and "demo-camera" not in str(e)
        script.report()
    assert other.report() == []


def test_network_errors_are_told_in_words():
    class Client:
        def post(self, *_, **__):
            raise OSError(*self.args)

    client = Client()
    uploader = Uploader(settings("http://camera.example"), client)
    for client.args, words in (
        ((errno.ETIMEDOUT,), "no answer in time"),
        ((errno.ETIMEDOUT, "timed out"), "no answer in time"),
        ((-202,), "the name does not resolve (-202)"),
        ((-2, "Name or service not known"), "the name does not resolve (-2)"),
        ((errno.ECONNREFUSED,), "ECONNREFUSED"),
        ((-29312,), "OSError -29312"),
    ):
        e = refused(uploader, b"1", "retry", None, None)
        assert str(e) == "http://camera.example: " + words, e


def test_exactly_one_request_per_call():
    for steps in ([["head"], ["body"], ["close"]], [["head"], ["body"], ["send", http(500, "")]]):
        for http_client in clients():
            script = Script(steps, steps, steps)
            refused_by = raises(
                UploadError, Uploader(settings(script.url), http_client).upload, b"1"
            )
            assert refused_by.action == "retry"
            assert len(script.report()) == 1


def test_no_socket_stays_open():
    for steps in ([["reset"]], [["head"], ["body"], ["send", GOOD[:30]], ["close"]]):
        client = session.Session(timeout=2)
        script = Script(steps)
        before = descriptors()
        raises(UploadError, Uploader(settings(script.url), client).upload, b"1")
        assert descriptors() == before
        script.report()


class BrokenFile:
    # Flash that fails: the promise is an UploadError, and a closed connection.
    def __init__(self, at):
        self._at = at
        self._read = 0

    def tell(self):
        if self._at is None:
            raise OSError(5)
        return 0

    def seek(self, to, whence=0):
        return 50000 if whence == 2 else to

    def readinto(self, buffer):
        if self._read >= self._at:
            if self._at == 8192:
                return 0
            raise OSError(5)
        self._read += len(buffer)
        return len(buffer)


def test_a_file_that_cannot_be_read_is_retry():
    for at in (None, 0, 4096, 8192):
        script = Script([["head"], ["until_closed"]])
        client = session.Session(timeout=2)
        refused(Uploader(settings(script.url), client), BrokenFile(at), "retry")
        assert [each["ended"] for each in script.report()] in ([], ["closed by the client"])


def test_errors_of_a_callback_are_no_fault_of_the_network():
    def progress(sent):
        if sent >= 0:
            raise error

    for error in (OSError(104, "mine"), ValueError("mine")):
        script = Script([["head"], ["until_closed"]])
        client = session.Session(timeout=2, progress=progress)
        uploader = Uploader(settings(script.url), client)
        assert raises(type(error), uploader.upload, photo()) is error
        script.report()


def test_what_is_no_image_is_drop():
    for image in (None, False, 5, []):
        for http_client in clients():
            refused(Uploader(settings("http://127.0.0.1:9"), http_client), image, "drop")


def test_whose_fault_it_was():
    for raw, verdict in (
        (http(200, "ok"), "answer"),
        (http(201, '{"result": 1}'), "answer"),
        (http(204, ""), "answer"),
        (http(200, "<?xml version='1.0'?><ok/>"), "answer"),
        (http(200, "x" * 5000), "answer"),
        # Nothing says that these were taken in.
        (http(200, "<!DOCTYPE HTML><html>Sign in</html>"), None),
        (http(403, "<html>blocked</html>"), None),
        (http(502, "oh"), None),
        (http(200, "ok")[:-1], "answer"),
        ("HTTP/1.1 200 X\r\nContent-Le", "answer"),
        (http(500, "oh")[:-1], None),
        (http(200, "<script>location='http://hotel/'</script>")[:-1], None),
        (http(200, "\x1f\x8b\x08", "Content-Type: text/html\r\nContent-Encoding: gzip\r\n"), None),
        ("garbage", None),
    ):
        script = Script([["head"], ["body"], ["send", raw], ["close"]])
        e = raises(UploadError, Uploader(settings(script.url), session.Session()).upload, b"1")
        assert (e.action, e.fault) == ("retry", verdict), (raw[:60], e.fault)
        script.report()
    script = Script([["head"], ["until_closed"]])
    e = raises(
        UploadError, Uploader(settings(script.url), session.Session()).upload, BrokenFile(0)
    )
    assert e.fault == "file" and "5" in str(e)
    script.report()


def test_what_the_answer_began_with_is_said():
    for body, seen in (
        ("\x1f\x8b\x08 abc\r\nINFO forged", '"??? abc??INFO forged"'),
        ("x" * 55 + TOKEN + KEY + "y" * 3000, '"' + "x" * 55 + "***"),
        ("", "it is empty"),
    ):
        script = Script([["head"], ["body"], ["send", http(200, body)], ["close"]])
        e = refused(Uploader(settings(script.url), session.Session()), b"1", "retry", None, 200)
        assert seen.rstrip('"') in e.message and len(e.message) < 160, e.message
        script.report()


class Deaf:
    def post(self, url, data=None, headers=None, timeout=None):
        raise AssertionError("a request was made")


def test_https_over_a_client_that_does_not_check_is_refused():
    e = refused(Uploader(settings("https://127.0.0.1:9"), Deaf()), b"1", "stop")
    assert "verify" in str(e) and "Session" in str(e)
    if not hasattr(requests, "certs"):
        refused(Uploader(settings("https://127.0.0.1:9")), b"1", "stop")


def test_over_tls():
    ca = env("FILES") + "/service_tls/ca.der"
    client = session.Session(ca=ca, timeout=5)
    uploader = Uploader(settings(env("SERVICE_TLS")), client)
    data = photo()
    for _ in range(3):
        assert uploader.upload(data).startswith(env("SERVICE_TLS") + "/images/")
    client.close()
    # The stock client, where the configuration accepts that anyone may read along.
    uploader = Uploader(settings(env("SERVICE_TLS"), verify=False), requests)
    assert uploader.upload(data)


def test_a_certificate_that_does_not_verify_is_stop():
    for bad in ("unknown", "self", "host", "expired", "future"):
        script = Script([["read", 1]], tls=bad)
        client = session.Session(ca=env("FILES") + "/ca.der", timeout=5)
        e = refused(Uploader(settings(script.url), client), b"1", "stop")
        assert script.url in str(e)
        (seen,) = script.report()
        assert seen["received"] == 0
    if hasattr(requests, "certs"):
        script = Script([["read", 1]], tls="good")
        refused(Uploader(settings(script.url, ca=None), requests), b"1", "stop")
        script.report()
