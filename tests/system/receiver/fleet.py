# Cameras in threads, each with its own connection: they send without pause, and keep count.

import contextlib
import hashlib
import http.client
import io
import itertools
import json
import random
import socket
import threading
import time

from PIL import Image

from tests.system.receiver.ledger import STORED, UNSENT, Ledger, Message, Upload

KEY = "fleet-project-key"
REGION = "fleet"
COUNTER = "counter"
_HEADERS = {
    "Content-Type": "application/octet-stream",
    "Region": REGION,
    "Project-Key": KEY,
}
_JSON = {"Content-Type": "application/json", "Project-Key": KEY}
_BROKEN = (OSError, http.client.HTTPException)
_CHECKS = 0.2
_LATE_S = 5.0  # what nobody waits for has been stored by then, or never is


def label(token):
    """Return the label of the device with this AccessToken."""
    return hashlib.sha256(token.encode()).hexdigest()[:8]


def accounts(tokens):
    """Return the accounts of a fleet, as what their JSON says."""
    kinds = {"image": "picture-url", COUNTER: "number"}
    devices = {
        token: {"name": f"device {number}", "device_type": kinds}
        for number, token in enumerate(tokens)
    }
    return {"projects": {KEY: {"region": REGION, "storage": True, "devices": devices}}}


def _base():
    file = io.BytesIO()
    noise = random.Random(1).randbytes(64 * 48 * 3)
    Image.frombytes("RGB", (64, 48), noise).save(file, "JPEG")
    return file.getvalue()


_JPEG = _base()


def picture(text, padding=0):
    """Return a JPEG (bytes) that has `text` in a comment, and so many bytes behind its end."""
    comment = text.encode()
    segment = b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment
    return _JPEG[:2] + segment + _JPEG[2:] + bytes(padding)


class _NobodyError(OSError):
    """Nobody listens."""


class Camera:
    """One device: sends one request after the other to one of `addresses()` (host, port).

    `given_up_s`: so long it waits for an answer. One in five answers it checks at once, by reading
    its attributes. `hangs_up`: how many of its pictures it wants no answer to, from 0 to 1.
    """

    def __init__(self, token, ledger, addresses, seed=None, given_up_s=60.0, hangs_up=0.0):
        self.token = token
        self.label = label(token)
        self._ledger = ledger
        self._addresses = addresses
        self._dice = random.Random(f"{token} {seed}")
        self._given_up_s = given_up_s
        self._hangs_up = hangs_up
        self._hung_up = -_LATE_S
        self._connections = {}
        self._numbers = itertools.count(1)

    def connect(self, address):
        """Open a connection for the next request to `address`. Raises OSError."""
        self._connection(address)

    def upload(self, address=None):
        """Send one picture, to `address` or one of the addresses; return its Upload."""
        number = next(self._numbers)
        padding = self._dice.choice((0, 0, 2000, 40000))
        body = picture(f"{self.token} {number} {self._dice.random()}", padding)
        upload = Upload(
            self.label,
            number,
            hashlib.sha256(body).hexdigest(),
            hashlib.md5(body).hexdigest(),
            len(body),
            time.monotonic(),
        )
        self._ledger.add(upload)
        path = f"/device/v1/{self.token}/image/image"
        if self._dice.random() < self._hangs_up:
            self._hang_up(upload, path, body, address)
            return upload
        self._send(upload, "POST", path, body, _HEADERS, address)
        sure = time.monotonic() > self._hung_up + _LATE_S
        if upload.answer == STORED and sure and self._dice.random() < _CHECKS:
            self._check(upload)
        return upload

    def message(self):
        """Send a report or an event; return its Message."""
        number = next(self._numbers)
        kind = self._dice.choice(("report", "event"))
        message = Message(self.label, kind, number, time.monotonic())
        self._ledger.add(message)
        path, body = f"/device/v1/{self.token}/attributes", {COUNTER: number}
        if kind == "event":
            path = f"/device/v1/{self.token}/event/report"
            body = {"method": "told", "params": {"number": number}}
        self._send(message, "POST", path, json.dumps(body).encode(), _JSON)
        return message

    def attributes(self, address=None):
        """Return what a GET of the attributes finds (dict), or None."""
        path = f"/device/v1/{self.token}/attributes"
        with contextlib.suppress(*_BROKEN, ValueError):
            return self._ask("GET", path, None, _JSON, address)[1].get("attributes")
        return None

    def close(self):
        """Close the connections."""
        while self._connections:
            self._connections.popitem()[1].close()

    def _send(self, request, method, path, body, headers, address=None):
        try:
            _, found = self._ask(method, path, body, headers, address)
            request.answer = STORED if found.get("result") == 1 else found.get("errcode", -1)
            if isinstance(request, Upload):
                request.url = found.get("image_url")
        except _NobodyError:
            request.answer = UNSENT
        except _BROKEN:
            pass
        except (ValueError, AttributeError) as error:
            self._ledger.complain(f"{self.label} {request.number}: an answer of no sense: {error}")
        request.ended = time.monotonic()

    def _ask(self, method, path, body, headers, address=None):
        connection = self._connection(address)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except BaseException:
            connection.close()
            self._connections.pop((connection.host, connection.port), None)
            raise

    def _connection(self, address):
        there = [address] if address else self._addresses()
        if not there:
            raise _NobodyError
        address = self._dice.choice(there)
        if address not in self._connections:
            connection = http.client.HTTPConnection(*address, timeout=self._given_up_s)
            try:
                connection.connect()
            except OSError as error:
                raise _NobodyError from error
            self._connections[address] = connection
        return self._connections[address]

    def _hang_up(self, upload, path, body, address):
        # It may be stored all the same, and later than the next one.
        self._hung_up = time.monotonic()
        with contextlib.suppress(*_BROKEN):
            connection = self._connection(address)
            connection.request("POST", path, body, _HEADERS)
            connection.close()
            del self._connections[connection.host, connection.port]
        upload.ended = time.monotonic()

    def _check(self, upload):
        # This device has sent nothing since: at any instance, it is this one.
        found = self.attributes()
        if found is not None and found.get("image") != upload.url:
            self._ledger.complain(
                f"{self.label} {upload.number}: answered {upload.url}, attribute then:"
                f" {found.get('image')}"
            )


class Fleet:
    """So many cameras that send without pause from start() to stop(); `ledger` has it all.

    `addresses` is a list of (host, port) that may be changed while they send. `tellers` more of
    them send messages alone; of the others every fourth request is one where there are none.
    """

    def __init__(self, count, seed=0, tellers=0, pause_s=0.0, hangs_up=0.0):
        self.ledger = Ledger()
        self.addresses = []
        self.tokens = [f"camera-{seed}-{number}" for number in range(count + tellers)]
        self.cameras = [
            Camera(token, self.ledger, lambda: list(self.addresses), seed, hangs_up=hangs_up)
            for token in self.tokens
        ]
        self._senders = [(camera, not tellers) for camera in self.cameras[:count]]
        self._senders += [(camera, None) for camera in self.cameras[count:]]
        self._pause_s = pause_s
        self._ended = threading.Event()
        self._threads = []

    def start(self):
        """Have all cameras send."""
        self._ended.clear()
        self._threads = [
            threading.Thread(target=self._run, args=sender, daemon=True)
            for sender in self._senders
        ]
        for thread in self._threads:
            thread.start()

    def stop(self, within_s=90.0):
        """Let each end what it sends, and wait for that. Raises TimeoutError."""
        self._ended.set()
        until = time.monotonic() + within_s
        for thread in self._threads:
            thread.join(max(until - time.monotonic(), 0))
            if thread.is_alive():
                raise TimeoutError("a camera still waits for an answer")
        self._threads = []

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def _run(self, camera, mixed):
        # `mixed`: pictures and messages; False: pictures, None: messages.
        number = 0
        while not self._ended.is_set():
            number += 1
            tells = mixed is None or (mixed and number % 4 == 0)
            sent = camera.message() if tells else camera.upload()
            if sent.answer in (None, UNSENT):
                self._ended.wait(0.05)  # until there is a receiver again
            elif sent.answer != STORED or self._pause_s or mixed is None:
                self._ended.wait(self._pause_s or 0.02)
        camera.close()


def is_listening(address):
    """Return whether somebody takes connections there."""
    try:
        socket.create_connection(address, timeout=1).close()
    except OSError:
        return False
    return True
