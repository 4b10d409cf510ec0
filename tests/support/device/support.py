# What the device tests share; runs under CPython and MicroPython.

import gc
import json
import os
import socket

from thingscam.http.session import Session
from thingscam.util import strict_json as jsons

try:
    from time import ticks_diff, ticks_ms
except ImportError:
    import time

    def ticks_ms():
        return int(time.monotonic() * 1000)

    def ticks_diff(end, start):
        return end - start


TOKEN = "demo-camera"
KEY = "demo-project-key"


def env(name):
    return os.getenv("THINGSCAM_" + name)


def raises(kind, call, *args, **kwargs):
    """Return the exception of class `kind` that the call must raise."""
    try:
        result = call(*args, **kwargs)
    except kind as e:
        return e
    raise AssertionError("nothing raised, but returned {!r}".format(result))


def descriptors():
    """Return how many file descriptors this process has open."""
    gc.collect()
    return len(os.listdir("/proc/self/fd"))


class Script:
    """A listener at the scripted peer: one list of steps a connection.

    Steps, each a list: head; body; read N; send TEXT; drip TEXT PAUSE_S; pause S; close;
    reset; until_closed; shake_hands SIZE PAUSE_S (TLS, its flights in pieces). `tls` names a
    server certificate: good, unknown, self, host, expired, future.
    """

    def __init__(self, *connections, tls=None):
        host, port = env("PEER").split(":")
        self._sock = socket.socket()
        self._sock.connect(socket.getaddrinfo(host, int(port))[0][-1])
        self.port = self._order({"script": connections, "tls": tls})["port"]
        scheme = "http" if tls is None else "https"
        # The certificates are for this name.
        self.url = "{}://localhost:{}".format(scheme, self.port)

    def report(self):
        """Stop listening; return a dict a connection: handshake, received, head, sum, ended."""
        try:
            return self._order({})
        finally:
            self._sock.close()

    def _order(self, order):
        self._sock.send(json.dumps(order).encode() + b"\n")
        answer = b""
        while answer[-1:] != b"\n":
            answer += self._sock.recv(4096)
        return json.loads(answer)


class OldJson:
    """The module json of MicroPython before 1.26: see tools/virtualboard/device/sim_json.py.

    `with OldJson():` has thingscam read its JSON with it.
    """

    def __enter__(self):
        jsons.json = self

    def __exit__(self, *_):
        jsons.json = json

    def loads(self, text):
        try:
            return json.loads(text)
        except ValueError:
            pass
        for bracket in (b"}", b"]"):  # CPython minds which
            try:
                return json.loads(text + bracket)
            except ValueError:
                pass
        raise ValueError("syntax error in JSON")


def http(status, body, headers=""):
    """Return an HTTP answer as a text for a script."""
    text = "HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}"
    return text.format(status, len(body), headers, body)


# Larger than what the kernel takes for a server that does not read, and never in one piece
# of the heap: data and headers of Session.post().
LARGE = {"data": [bytes(6000)] * 500, "headers": {"Content-Length": 3000000}}
GOOD = http(200, '{"result": 1, "image_url": "http://x/1.jpg"}')


class Heard:
    """`with Heard():` has told() ask the stand-in only where it may have something new to tell.

    So after each request of a device, and of a test that sets something. Where one got no
    answer, what became of it may show late: told() asks each time then, until no_faults().
    """

    depth = 0
    known = None  # the answers by path, while they hold still

    def __enter__(self):
        post = self._post = Session.post

        def heard(*args, **kwargs):
            known, Heard.known = Heard.known, None
            response = post(*args, **kwargs)
            if known is not None:
                Heard.known = {}
            return response

        Session.post = heard
        Heard.depth += 1
        Heard.anew()

    def __exit__(self, *_):
        Session.post = self._post
        Heard.depth -= 1
        Heard.anew()

    @staticmethod
    def anew():
        Heard.known = {} if Heard.depth else None


def told(path, headers=""):
    """Return what the stand-in answers to a GET, from its JSON."""
    known = Heard.known
    if known is not None and path in known:
        return known[path]
    _, body = request("GET", env("SERVICE") + path, None, headers)
    found = json.loads(body)
    if known is not None:
        known[path] = found
    return found


def request(method, url, body=None, headers=""):
    """Make one small HTTP request by hand and return (status, body as bytes)."""
    if method != "GET" and Heard.known:
        Heard.known = {}
    host, port = url.split("/")[2].split(":")
    path = "/" + "/".join(url.split("/")[3:])
    sock = socket.socket()
    try:
        sock.connect(socket.getaddrinfo(host, int(port))[0][-1])
        body = b"" if body is None else body
        head = "{} {} HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n"
        sock.send(head.format(method, path, host, len(body), headers).encode() + body)
        answer = b""
        while True:
            data = sock.recv(4096)
            if not data:
                break
            answer += data
    finally:
        sock.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body


def photo(note=None):
    """Return a photograph; `note` (text) makes it another one, see note_in()."""
    with open(env("PHOTOS") + "/rocket.jpg", "rb") as file:
        data = file.read()
    if note is None:
        return data
    note = note.encode()
    return data[:2] + b"\xff\xfe" + bytes((0, len(note) + 2)) + note + data[2:]


def note_in(data):
    """Return the note that photo() put into a picture."""
    at = data.find(b"\xff\xfe")
    return str(data[at + 4 : at + 2 + data[at + 3]], "utf-8")


def fault(*faults, **what):
    """Make the next uploads to the stand-in go wrong: dicts in a row, or one as keywords."""
    data = json.dumps(list(faults) or what).encode()
    status, body = request("POST", env("SERVICE") + "/_faults", data)
    assert status == 200, body


def no_faults():
    """Let the stand-in forget the faults that are left, and the requests there were."""
    request("DELETE", env("SERVICE") + "/_faults")
    Heard.anew()


def last_request():
    """Return what the stand-in tells of the last upload."""
    return uploads()[-1]


def uploads():
    """Return what the stand-in tells of the last hundred uploads."""
    return told("/_requests")["requests"]


def new_folder():
    """Make a folder of its own and return its path."""
    _made.append(None)
    path = "{}/folder-{}-{}".format(env("FILES"), ticks_ms(), len(_made))
    os.mkdir(path)
    return path


_made = []
