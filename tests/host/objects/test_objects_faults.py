# Storage that stalls, refuses, breaks off, answers late or with nonsense: what is said, and when.

import concurrent.futures
import contextlib
import socket
import threading
import time

import pytest

from tests.support import ossserver, s3server
from tests.support.peer import Play
from tools.cloud.objects import Objects, SettingError, StorageError

NAME = "20260131T235959.123456Z-1a2b3c4d-000042.jpg"
DEADLINE_S = 2.0  # the first step to S3 takes half of one before it asks anyone
LONG_S = 10.0
SECRETS = {"s3": s3server.KEY["secret"], "oss": ossserver.SECRET}
REQUEST = [["head"], ["body"]]
OK = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nETag: "900150983cd24fb0d6963f7d28e17f72"\r\n\r\n'


def answer(status, body="", headers=""):
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{headers}\r\n{body}"


def error(status, code, message="Sorry.", more=""):
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    return answer(status, body, "Content-Type: application/xml\r\n" + more)


@pytest.fixture(params=["s3", "oss"])
def kind(request):
    return request.param


def objects_at(kind, port, deadline_s=LONG_S):
    endpoint = f"http://127.0.0.1:{port}"
    if kind == "s3":
        options = {**s3server.KEY, "endpoint_url": endpoint}
    else:
        options = {**ossserver.OPTIONS, "endpoint": endpoint}
    return Objects(f"{kind}://pictures/here", options=options, timeout_s=deadline_s)


@contextlib.contextmanager
def playing(script):
    """A server that does the same for each of 40 connections, or what is said for each."""
    script = script if isinstance(script[0][0], list) else [script] * 40
    play = Play(script, None, {})
    try:
        yield play
    finally:
        play.report = play.finish()


def put(objects):
    objects.put(NAME, b"x" * 5000, "image/jpeg")


def refused(kind, script, expected, deadline_s=LONG_S):
    """Return what is said when the server follows `script`, and the seconds it took."""
    with playing(script) as play:
        objects = objects_at(kind, play.port, deadline_s)
        began = time.monotonic()
        with pytest.raises(expected) as caught:
            put(objects)
        took = time.monotonic() - began
    said = str(caught.value)
    assert said.startswith(f"{kind}://pictures/here: ")
    assert f"http://127.0.0.1:{play.port}" in said
    assert SECRETS[kind] not in said
    assert "\n" not in said
    return said, took


PASSING = {
    "internal error": ([*REQUEST, ["send", error(500, "InternalError")]], "500 InternalError"),
    "slow down": ([*REQUEST, ["send", error(503, "SlowDown")]], "503 SlowDown: Sorry."),
    "no code": ([*REQUEST, ["send", answer(503)]], "503"),
    "a proxy": ([*REQUEST, ["send", answer(502, "<html>Bad gateway</html>")]], "502"),
    "a firewall": ([*REQUEST, ["send", answer(403, "<html>Blocked</html>")]], "403"),
    "no object storage": ([*REQUEST, ["send", answer(404, "<html>none</html>")]], "404"),
    "200 to everything": ([*REQUEST, ["send", answer(200)]], "200 without an ETag"),
    "wrong clock": ([*REQUEST, ["send", error(403, "RequestTimeTooSkewed")]], "TooSkewed"),
    "too slow": ([*REQUEST, ["send", error(400, "RequestTimeout")]], "400 RequestTimeout"),
    "full": ([*REQUEST, ["send", error(507, "XMinioStorageFull")]], "507 XMinioStorageFull"),
    "damaged": ([*REQUEST, ["send", error(400, "BadDigest")]], "400 BadDigest"),
    "no HTTP": ([*REQUEST, ["send", "nonsense\r\n\r\n"]], ""),
    "ends in the head": ([["read", 20], ["close"]], ""),
    "ends in the body": ([["head"], ["read", 100], ["close"]], ""),
    "resets": ([["head"], ["read", 100], ["reset"]], ""),
    "ends without an answer": ([*REQUEST, ["close"]], ""),
    "ends in the answer": ([*REQUEST, ["send", OK[:30]], ["close"]], ""),
    "ends in the error": ([*REQUEST, ["send", error(500, "InternalError")[:-20]]], ""),
}


@pytest.mark.parametrize("case", PASSING)
def test_what_may_pass(kind, case):
    script, text = PASSING[case]
    said, took = refused(kind, script, StorageError)
    assert text in said
    assert took < LONG_S - 1


STALLED = {
    "reads nothing": [["pause", 10]],
    "answers nothing": [*REQUEST, ["pause", 10]],
    "answers late": [*REQUEST, ["pause", DEADLINE_S + 0.5], ["send", OK]],
    "stops in the answer": [*REQUEST, ["send", OK[:30]], ["pause", 10]],
    "drips": [*REQUEST, ["drip", OK, 0.2]],
}


@pytest.mark.parametrize("case", STALLED)
def test_the_deadline(kind, case):
    said, took = refused(kind, STALLED[case], StorageError, DEADLINE_S)
    assert "no answer within 2 s" in said
    assert DEADLINE_S - 0.1 < took < DEADLINE_S + 1


SETTINGS = {
    "NoSuchBucket": (404, "make the bucket, or name another one"),
    "AccessDenied": (403, "allow the key to"),
    "InvalidAccessKeyId": (403, "check {}_ACCESS_KEY_ID"),
    "SignatureDoesNotMatch": (403, "check {}_"),
    "ExpiredToken": (400, "renew {}_SESSION_TOKEN"),
    "UserDisable": (403, "the account must be put in order first"),
    "AuthorizationHeaderMalformed": (400, "{}_REGION"),
}


@pytest.mark.parametrize("code", SETTINGS)
def test_settings(kind, code):
    status, advice = SETTINGS[code]
    said, _ = refused(kind, [*REQUEST, ["send", error(status, code)]], SettingError)
    assert f"says {code}: Sorry: " in said
    assert advice.format("AWS" if kind == "s3" else "OSS") in said


@pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "InternalError", "", None])
@pytest.mark.parametrize("message", ["<Message/>", "<Message></Message>", ""])
def test_an_error_of_few_words(kind, code, message):
    """Ceph's gateway 16.2 says no more than the code."""
    known = code == "SignatureDoesNotMatch"
    code = "" if code is None else f"<Code>{code}</Code>"
    body = f"<?xml version='1.0'?><Error>{code}{message}<RequestId>tx1-default</RequestId></Error>"
    script = [*REQUEST, ["send", answer(403, body, "Content-Type: application/xml\r\n")]]
    said, _ = refused(kind, script, SettingError if known else StorageError)
    assert "None" not in said and ": :" not in said
    assert ("says SignatureDoesNotMatch: check" if known else "answered 403") in said


def test_a_bucket_elsewhere():
    """botocore tries where it is sent, once; here that is the same place again."""
    told = error(301, "PermanentRedirect", more="x-amz-bucket-region: eu-west-1\r\n")
    said, _ = refused("s3", [*REQUEST, ["send", told]], SettingError)
    assert "name the bucket's own region and endpoint: AWS_REGION, AWS_ENDPOINT_URL" in said


def test_a_bucket_elsewhere_that_nobody_names():
    """botocore asks where it is, and asks again when it is sent elsewhere with that."""
    told = [*REQUEST, ["send", error(301, "PermanentRedirect", more="Connection: close\r\n")]]
    asked = [["head"], ["send", answer(301)]] * 2000
    refused("s3", [told, asked], StorageError, deadline_s=4)


def test_an_answer_that_repeats_the_secret(kind):
    for code in ("AccessDenied", "Whatever"):
        script = [*REQUEST, ["send", error(403, code, f"no,\n{SECRETS[kind]}")]]
        said, _ = refused(kind, script, (SettingError, StorageError))
        assert f"{code}: no, ***" in said


def test_nobody_listens(kind):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(StorageError, match=f"127.0.0.1:{port}"):
        put(objects_at(kind, port))


def test_no_such_host():
    for url, option in (("s3://pictures", "endpoint_url"), ("oss://pictures", "endpoint")):
        options = {"key": "k", "secret": "s", option: "http://nowhere.invalid"}
        if "oss" in url:
            options["region"] = "cn-hangzhou"
        with pytest.raises(StorageError, match="nowhere.invalid"):
            put(Objects(url, options=options, timeout_s=5))


def test_reading_tells_the_same(kind):
    script = [["head"], ["send", error(500, "InternalError")], ["close"]]
    with playing(script) as play:
        objects = objects_at(kind, play.port)
        for step in (
            lambda: objects.get(NAME),
            lambda: objects.delete(NAME),
            lambda: list(objects.names()),
            objects.probe,
        ):
            with pytest.raises(StorageError, match="500 InternalError"):
                step()


@pytest.mark.parametrize("listing", ["", "<html>", "<Error/>", "\0", "<A>&</A>"])
def test_a_listing_that_is_none(kind, listing):
    with playing([["head"], ["send", answer(200, listing)], ["close"]]) as play:
        objects = objects_at(kind, play.port)
        with pytest.raises(StorageError):
            objects.probe()
        with pytest.raises(StorageError):
            list(objects.names())


def test_half_a_picture_is_none(kind):
    half = answer(200, "x" * 1000, 'ETag: "1"\r\n')[:-100]
    with playing([["head"], ["send", half], ["close"]]) as play, pytest.raises(StorageError):
        objects_at(kind, play.port).get(NAME)


def test_connections_are_kept(kind):
    times = 5
    with playing([[*REQUEST, ["send", OK]] * times, [["close"]]]) as play:
        objects = objects_at(kind, play.port)
        for _ in range(times):
            put(objects)
    assert len(play.report) == 1


def test_a_connection_closed_while_idle_is_replaced(kind):
    one = [*REQUEST, ["send", OK], ["close"]]
    with playing([one, one]) as play:
        objects = objects_at(kind, play.port)
        put(objects)
        put(objects)
    assert [found["received"] - len(found["head"]) for found in play.report] == [5000, 5000]


def test_one_that_stalls_holds_up_no_other(kind):
    stalled = [["head"], ["body"], ["pause", 10]]
    good = [["head"], ["body"], ["send", OK], ["close"]]
    with playing([stalled] + [good] * 39) as play:
        objects = objects_at(kind, play.port, deadline_s=3)
        took = []
        lock = threading.Lock()

        def one(_):
            began = time.monotonic()
            try:
                put(objects)
            finally:
                with lock:
                    took.append(time.monotonic() - began)

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            failed = [future.exception() for future in [pool.submit(one, i) for i in range(8)]]
    assert [type(found) for found in failed if found] == [StorageError]
    assert sorted(took)[-2] < 2.5


def test_a_put_that_came_too_late_is_whole(kind):
    """The storage took it, only its answer was late: nothing of that is hidden by a put."""
    script = [*REQUEST, ["pause", DEADLINE_S + 0.5], ["send", OK]]
    with playing(script) as play, pytest.raises(StorageError):
        put(objects_at(kind, play.port, DEADLINE_S))
    assert play.report[0]["sum"] == ord("x") * 5000
