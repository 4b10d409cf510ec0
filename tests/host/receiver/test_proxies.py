# What proxies tell of a client: believed when they are named, and no farther than they can know.

import contextlib
import json

import pytest
import requests

from tests.support.cloud import UPLOAD, picture, running, settled
from tools.cloud.receiver.log import JSON, Log
from tools.cloud.receiver.proxies import FORWARDED, NetworkError, Networks, Proxies
from tools.cloud.receiver.surround import surround

HERE = "127.0.0.1"


@contextlib.contextmanager
def behind(folder, proxies, family="x-forwarded"):
    """Run a stand-in behind proxies; the value is told(headers): what it took from them."""
    lines = []

    def around(app):
        surround(
            app,
            proxies=Proxies(Networks(proxies), family),
            log=Log(lines.append, JSON, instance="one"),
        )

    with running(folder, around=around) as cloud:

        def told(headers):
            lines.clear()
            answer = cloud.upload(picture(), path=UPLOAD, **headers).json()
            settled(lambda: lines)  # it is written behind the answer
            base = answer["image_url"].rpartition("/images/")[0]
            own = f"http://127.0.0.1:{cloud.port}"
            return json.loads(lines[-1])["client"], "own" if base == own else base

        yield told


@pytest.mark.parametrize(
    "headers, client, base",
    [
        ({}, HERE, "own"),
        (
            {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https",
             "Host": "cam.example"},
            "203.0.113.5",
            "https://cam.example",
        ),
        (
            {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https",
             "X-Forwarded-Host": "cam.example:8443"},
            "203.0.113.5",
            "https://cam.example:8443",
        ),
        # What stands left of the nearest hop that is no proxy may be made up.
        ({"X-Forwarded-For": "10.9.9.9, 203.0.113.5"}, "203.0.113.5", "own"),
        ({"X-Forwarded-For": "198.51.100.1, 203.0.113.5, 10.1.2.3"}, "203.0.113.5", "own"),
        (
            {"X-Forwarded-For": "203.0.113.5, 10.1.2.3", "X-Forwarded-Proto": "https, http",
             "Host": "cam.example"},
            "203.0.113.5",
            "https://cam.example",
        ),
        (
            {"X-Forwarded-For": "198.51.100.1, 203.0.113.5", "X-Forwarded-Proto": "ftp, https",
             "X-Forwarded-Host": "evil.example, cam.example"},
            "203.0.113.5",
            "https://cam.example",
        ),
        ({"X-Forwarded-For": "10.1.1.1, 10.1.2.3"}, "10.1.1.1", "own"),
        ({"X-Forwarded-For": "unknown"}, HERE, "own"),
        ({"X-Forwarded-For": "203.0.113.5, <script>"}, HERE, "own"),
        ({"X-Forwarded-For": "203.0.113.5:4711"}, "203.0.113.5", "own"),
        ({"X-Forwarded-For": "[2001:db8::7]:4711"}, "2001:db8::7", "own"),
        ({"X-Forwarded-For": "::ffff:203.0.113.5"}, "203.0.113.5", "own"),
        ({"X-Forwarded-Proto": "javascript", "X-Forwarded-Host": "a b/c"}, HERE, "own"),
        # The other family is none of this proxy's writing.
        ({"Forwarded": "for=203.0.113.5;proto=https;host=evil.example"}, HERE, "own"),
    ],
)  # fmt: skip
def test_x_forwarded(tmp_path, headers, client, base):
    with behind(tmp_path, ["127.0.0.1", "10.0.0.0/8"]) as told:
        assert told(headers) == (client, base)


@pytest.mark.parametrize(
    "lines, client, base",
    [
        ("for=203.0.113.5;proto=https;host=cam.example", "203.0.113.5", "https://cam.example"),
        ('For="[2001:db8::7]:80" ; Proto=HTTPS;host="cam.example:8443"', "2001:db8::7",
         "https://cam.example:8443"),
        ("for=10.9.9.9;host=evil.example, for=203.0.113.5;proto=https;host=cam.example",
         "203.0.113.5", "https://cam.example"),
        ("for=203.0.113.5;proto=https;host=cam.example, for=10.1.2.3;proto=http;host=inner",
         "203.0.113.5", "https://cam.example"),
        ("for=_hidden, for=10.1.2.3", "10.1.2.3", "own"),
        ("for=unknown", HERE, "own"),
        # A quote that the client opened takes what follows with it: then nothing is known.
        ('for="203.0.113.9, for=203.0.113.5', HERE, "own"),
        ('for="x\\"y", for=203.0.113.5', "203.0.113.5", "own"),
        ("nonsense", HERE, "own"),
    ],
)  # fmt: skip
def test_forwarded(tmp_path, lines, client, base):
    with behind(tmp_path, ["127.0.0.1", "10.0.0.0/8"], FORWARDED) as told:
        assert told({"Forwarded": lines}) == (client, base)
        assert told({"X-Forwarded-For": "203.0.113.77"}) == (HERE, "own")


def test_one_that_is_not_named_is_not_believed(tmp_path):
    with behind(tmp_path, ["10.0.0.0/8"]) as told:
        headers = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Proto": "https"}
        assert told(headers) == (HERE, "own")


def test_own_pages_are_known_by_the_name_the_browser_used(tmp_path):
    def around(app):
        surround(app, proxies=Proxies(Networks(["127.0.0.1"])))

    with running(tmp_path, around=around, names=["cam.example"]) as cloud:
        url = cloud.url + "/camera/6763b427/settings"
        sent = {"X-Forwarded-Host": "cam.example", "Origin": "https://cam.example"}
        sent |= {"Content-Type": "application/x-www-form-urlencoded"}

        def post(**changed):
            headers = {
                **sent,
                **{name.replace("_", "-"): value for name, value in changed.items()},
            }
            options = {"headers": headers, "allow_redirects": False, "timeout": 10}
            return requests.post(url, data="trigger_every_s=60", **options).status_code

        assert post() == 303
        assert post(Origin="https://evil.example") == 403
        assert post(X_Forwarded_Host="evil.example", Origin="https://evil.example") == 403


@pytest.mark.parametrize("text", ["10.0.0.0/33", "localhost", "", "10.0.0.1/8", "300.1.1.1"])
def test_a_network_that_is_none_is_named(text):
    with pytest.raises(NetworkError, match="is neither an address nor a network"):
        Networks([text])
