# device.Device: attributes and events of the service's device interface, over real sockets.

import json

from support import GOOD, KEY, TOKEN, Script, env, http, raises
from thingscam.cloud.device import Device
from thingscam.cloud.uploader import UploadError
from thingscam.config import config
from thingscam.http.session import Session

YES = http(200, '{"result": 1}')
ANSWER = [["head"], ["body"], ["send", YES]]


def settings(url, **cloud):
    cloud.update(access_token=TOKEN, identifier="image", project_key=KEY, region="demo")
    cloud.setdefault("endpoint", "http://image.example")
    cloud["device_endpoint"] = url
    return config.parse(json.dumps({"cloud": cloud, "trigger": {"every_s": 60}}).encode())


def device(url, session=None, **cloud):
    cloud.setdefault("timeout_s", 15)
    return Device(settings(url, **cloud), session)


def answered(text, call, *arguments):
    """Return (what `call` does with a Device that is answered by `text`, the request's head)."""
    script = Script([["head"], ["body"], ["send", text], ["until_closed"]])
    client = device(script.url)
    try:
        found = call(client, *arguments)
    finally:
        client.close()
        (seen,) = script.report()
    return found, seen


def attributes(text):
    return answered(text, Device.attributes, ("a", "b"))[0]


def refused(text):
    return raises(UploadError, answered, text, Device.report, {"a": 1})


def test_a_report_is_one_message():
    what = {"rssi": -60, "last_error": 'l\u00e4uft \u4e0d "so"\n', "battery_v": None}
    found, seen = answered(YES, Device.report, what)
    assert found is None
    lines = seen["head"].split("\r\n")
    assert lines[0] == "POST /device/v1/{}/attributes HTTP/1.1".format(TOKEN)
    assert "Content-Type: application/json" in lines
    assert "Project-Key: " + KEY in lines
    assert not [line for line in lines if line.startswith("Region")]
    assert seen["sum"] == sum(json.dumps(what).encode())


def test_an_event_has_its_own_path():
    _, seen = answered(YES, Device.event, "stopped", {"what": "x"})
    assert seen["head"].startswith("POST /device/v1/{}/event/report HTTP/1.1\r\n".format(TOKEN))
    assert seen["sum"] == sum(json.dumps({"method": "stopped", "params": {"what": "x"}}).encode())


def test_asks_for_attributes_in_every_known_shape():
    for text in (
        '{"result": 1, "attributes": {"a": 5, "c": 7}}',
        '{"result": 1, "data": {"a": 5}}',
        '{"result": 1, "data": {"attributes": {"a": 5}}}',
        '{"a": 5, "result": 1}',
        '{"a": 5}',
    ):
        found, seen = answered(http(200, text), Device.attributes, ("a", "b"))
        assert found == {"a": 5}, text
        assert seen["head"].startswith(
            "GET /device/v1/{}/attributes?keys=a,b HTTP/1.1\r\n".format(TOKEN)
        )
    # None has one of them; and nobody's.
    assert attributes(http(200, '{"result": 1, "attributes": {}}')) == {}
    for text in ('{"result": 1, "attributes": []}', '{"result": 1, "data": 5}', '{"result": 1}'):
        assert attributes(http(200, text)) is None, text


def test_what_is_no_yes_is_an_error():
    for status, text in (
        (200, '<html>{"result": 1}</html>'),
        (200, "[1]"),
        (200, '{"result": 0}'),
        (200, '{"result": 1'),
        (200, ""),
        (302, '{"result": 1}'),
        (404, '{"result": 1, "image_url": "http://x/1.jpg"}'),
        (500, '{"result": 1}'),
        (200, '{"result": 1, "more": "%s"}' % ("x" * 5000)),
    ):
        e = refused(http(status, text))
        assert e.action == ("stop" if status == 302 else "retry"), text
        assert e.errcode is None
    html = http(200, '{"result": 1}', "Content-Type: text/html\r\n")
    assert refused(html).action == "retry"
    assert raises(UploadError, attributes, http(200, "{}", "Content-Type: text/html\r\n"))


def test_the_errcode_decides():
    for errcode, action, words in (
        (403, "wait", "too many messages"),
        (413, "wait", "quota"),
        (401, "stop", "check cloud.access_token"),
        (402, "stop", "data type"),
        (1022, "stop", "cloud.project_key"),
        (4041, "stop", "cloud.device_endpoint"),
        (5001, "retry", "fault of the service"),
    ):
        text = '{"result": 0, "errcode": %d, "message": "no %s"}' % (errcode, KEY)
        e = refused(http(400, text))
        assert (e.action, e.errcode) == (action, errcode)
        assert words in str(e) and KEY not in str(e), str(e)
        e = refused(http(200, text))
        assert e.errcode == errcode


def test_shares_the_connection_where_the_endpoint_is_the_same():
    script = Script([["head"], ["body"], ["send", GOOD]] + ANSWER + [["until_closed"]])
    session = Session(timeout=5)
    session.post(script.url + "/x", data=b"picture")
    client = device(script.url, session, endpoint=script.url)
    client.report({"a": 1})
    client.close()
    assert session.connected()
    session.close()
    (seen,) = script.report()
    assert seen["ended"] == "closed by the client"


def test_never_a_second_tls_connection():
    theirs, ours = [Script(ANSWER + [["until_closed"]], tls="good") for _ in range(2)]
    session = Session(env("FILES") + "/ca.der", timeout=5)
    session.post(theirs.url, data=b"picture")
    client = device(ours.url, session, endpoint=theirs.url, ca=env("FILES") + "/ca.der")
    assert session.connected()
    client.report({"a": 1})
    assert not session.connected()
    client.close()
    for script in (theirs, ours):
        (seen,) = script.report()
        assert seen["ended"] == "closed by the client"


def test_an_open_connection_without_tls_may_stay():
    theirs, ours = [Script(ANSWER + [["until_closed"]], tls=tls) for tls in (None, "good")]
    session = Session(timeout=5)
    session.post(theirs.url, data=b"picture")
    client = device(ours.url, session, endpoint=theirs.url, ca=env("FILES") + "/ca.der")
    client.report({"a": 1})
    assert session.connected()
    client.close()
    session.close()
    for script in (theirs, ours):
        script.report()
