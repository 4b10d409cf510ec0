# What the tests of the stand-in service share: servers in this process, pictures, raw sockets.

import asyncio
import contextlib
import copy
import hashlib
import io
import json
import random
import socket
import ssl
import threading
import time
from urllib.parse import urlsplit

import requests
from PIL import Image

from tools.cloud.service import accounts as accounts_file
from tools.cloud.service.device_api import in_thread
from tools.cloud.service.pictures import Picture
from tools.cloud.service.server import make_app, start
from tools.cloud.service.store import Store

TOKEN = "demo-camera"
KEY = "demo-project-key"
LABEL = hashlib.sha256(TOKEN.encode()).hexdigest()[:8]
HEADERS = {
    "Content-Type": "application/octet-stream",
    "Region": "demo",
    "Project-Key": KEY,
}
UPLOAD = f"/device/v1/{TOKEN}/image/image"
ATTRIBUTES = "/device/v1/{token}/attributes"
EVENT = "/device/v1/{token}/event/report"
CAMERA = "/camera/" + LABEL  # the page of TOKEN's
WRITE = "/app/device/v1/{token}/attributes"


class Clock:
    """A clock that goes only when told to: `clock.now += 10`."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Cloud:
    """A running stand-in: `url`, `port`, `clock`, and the `lines` it logged."""

    def __init__(self, url, clock, lines):
        self.url = url
        self.port = urlsplit(url).port
        self.clock = clock
        self.lines = lines

    def upload(self, body, path=UPLOAD, method="POST", headers=None, http=requests, **changed):
        """Send one upload request; `changed` headers (underscores for dashes; None: left out)."""
        headers = dict(HEADERS if headers is None else headers)
        for name, value in changed.items():
            headers[name.replace("_", "-")] = value
        return http.request(
            method, self.url + path, data=body, headers=headers, timeout=10, allow_redirects=False
        )

    def message(self, body, path=ATTRIBUTES, method="POST", token=TOKEN, **changed):
        """Send a message to the device interface: `body` is bytes, or what its JSON says.

        `changed` headers as with upload(). Returns the requests.Response.
        """
        headers = {"Content-Type": "application/json", "Project-Key": KEY}
        for name, value in changed.items():
            headers[name.replace("_", "-")] = value
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = self.url + path.format(token=token)
        return requests.request(method, url, data=data, headers=headers, timeout=10)

    def attributes(self, keys=None, token=TOKEN, key=KEY):
        """Read a device's attributes, all or those in `keys`; return the requests.Response."""
        headers = {"Project-Key": key} if key else {}
        params = {} if keys is None else {"keys": keys}
        return self.get(ATTRIBUTES.format(token=token), headers=headers, params=params)

    def get(self, path, **options):
        """GET `path` and return the requests.Response."""
        return requests.get(self.url + path, timeout=10, **options)

    def fault(self, fault):
        """Queue a fault, or a list of them; return the answer of /_faults."""
        answer = requests.post(self.url + "/_faults", json=fault, timeout=10)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def last(self, until=None):
        """Return the newest upload request; waits until the field `until` is set, if given."""
        for _ in range(200):
            newest = self.get("/_requests").json()["requests"][-1]
            if until is None or newest[until]:
                return newest
            time.sleep(0.01)
        raise AssertionError(f"{until} stayed empty in {newest}")


def settled(condition, seconds=10):
    """Wait until `condition()` is true, and return it."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "not so after a while"
        time.sleep(0.01)
    return found


class _Loop:
    """One event loop in a thread for all servers of the tests."""

    def __init__(self):
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)


_loop = _Loop()


@contextlib.contextmanager
def running(
    folder,
    accounts=None,
    *,
    interval=0,
    message_interval=0,
    daily_messages=0,
    pictures_as_messages=False,
    faults=True,
    keepalive=75.0,
    ssl_context=None,
    port=0,
    panel=None,
    names=(),
    settings=True,
    clock=None,
    date=time.time,
    around=None,
    store=None,
    judge=in_thread,
    commands=False,
):
    """Run a stand-in with its pictures in `folder`; the value is a Cloud.

    `accounts` is what the JSON file would hold, as Python objects (None: the default); `clock`
    returns seconds (None: a Clock), `date` those since 1970 that its answers tell;
    `around(app)` puts something around it. `store` is a Store (None: one in `folder`), `judge` as
    make_app's; with `commands` the accounts are those of the store's index.
    """
    clock = clock or Clock()
    lines = []
    text = accounts_file.DEFAULT_TEXT if accounts is None else json.dumps(accounts)
    app = make_app(
        None if commands else accounts_file.parse(text, "test accounts"),
        store or Store(folder),
        interval=interval,
        message_interval=message_interval,
        daily_messages=daily_messages,
        pictures_as_messages=pictures_as_messages,
        faults=faults,
        clock=clock,
        date=date,
        write=lines.append,
        panel=panel,
        names=names,
        settings=settings,
        judge=judge,
    )
    if around:
        around(app)
    runner, url = _loop.run(start(app, port=port, ssl_context=ssl_context, keepalive=keepalive))
    try:
        yield Cloud(url, clock, lines)
    finally:
        _loop.run(runner.cleanup())


def demo_accounts():
    """Return the default accounts as Python objects, for changing."""
    return copy.deepcopy(json.loads(accounts_file.DEFAULT_TEXT))


def keep(store, data=b"", ending="jpg"):
    """Keep a picture (bytes) of the default device in a Store; return its name."""
    store.index.projects.replace(accounts_file.default())
    device = store.index.projects.device(LABEL)
    known = {"sha256": "", "identifier": "image"}
    done = store.keep(data, Picture(ending=ending), device, lambda name: name, **known)
    name, _ = asyncio.run(done)
    return name


def names_in(store):
    """Return the names of the newest pictures in a Store."""
    return [picture.name for picture in store.index.pictures.page().pictures]


def picture(form="JPEG", size=(64, 48)):
    """Return a noisy picture (bytes) in one of Pillow's formats; the same each time."""
    width, height = size
    noise = random.Random(1).randbytes(width * height * 3)
    file = io.BytesIO()
    Image.frombytes("RGB", size, noise).save(file, form)
    return file.getvalue()


def picture_of(count):
    """Return a JPEG of exactly `count` bytes: zeros behind its end, as cameras leave them."""
    return picture().ljust(count, b"\0")


def head(length=None, headers=HEADERS, path=UPLOAD, host="127.0.0.1"):
    """Return the head (bytes) of an upload request for a raw socket."""
    lines = [f"POST {path} HTTP/1.1", f"Host: {host}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    if length is not None:
        lines.append(f"Content-Length: {length}")
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def connect(cloud):
    """Return a connected raw socket with a timeout of 10 s."""
    return socket.create_connection(("127.0.0.1", cloud.port), timeout=10)


def received(connection):
    """Read to the end and return the bytes; the second value is how it ended."""
    found = bytearray()
    try:
        while piece := connection.recv(65536):
            found += piece
    except ConnectionResetError:
        return bytes(found), "reset"
    except TimeoutError:
        return bytes(found), "open"
    return bytes(found), "closed"


def exchange(cloud, data):
    """Send `data` over a new connection; return what received() does."""
    with connect(cloud) as connection:
        connection.sendall(data)
        return received(connection)


def trusting(der):
    """Return a client's ssl.SSLContext that trusts one CA certificate (DER bytes)."""
    context = ssl.create_default_context(cadata=der)
    assert context.verify_mode == ssl.CERT_REQUIRED
    return context
