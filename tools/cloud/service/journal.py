# What came in: one line per request, and the last requests of devices for tests.

import asyncio
import collections
import contextlib
import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web

from ..index import UnavailableError
from ..index.projects import digest
from .faults import IMAGE

LAST = 100

# A token that was added by a command is known here so much later.
KNOWN_SECONDS = 10

_SECRET_HEADERS = {"project-key", "authorization", "cookie"}
_LONGEST_PATH = 160
_MADE = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass
class Upload:
    """One upload request; what is not known (yet) is None, `device` empty where it is not known.

    `arrived` is in seconds of the server's monotonic clock, `bytes` counts the body as it
    comes in, `sha256` and `pixels` (width, height) are those of a body read whole, `fault`
    names the fields of the fault that was played. `path` and `headers` are as they came, secrets
    and all: the Journal tells them without.
    """

    number: int
    arrived: float
    path: str = field(repr=False)
    peer: str
    device: str
    headers: Mapping[str, str] = field(repr=False)
    bytes: int = 0
    status: int | None = None
    errcode: int | None = None
    sha256: str | None = None
    pixels: tuple[int, int] | None = None
    stored: str | None = None
    fault: list[str] = field(default_factory=list)

    def read_whole(self, body):
        """Note the whole body (bytes)."""
        self.sha256 = hashlib.sha256(body).hexdigest()


@dataclass
class Message(Upload):
    """A request of another kind than an upload, see faults.py; `body` is a body read whole, as
    text."""

    kind: str = ""
    body: str | None = None

    def read_whole(self, body):
        """Note the whole body (bytes)."""
        super().read_whole(body)
        self.body = body.decode("utf-8", "replace")


UPLOAD = web.RequestKey("upload", Upload)


class Secrets:
    """The Project-Keys and AccessTokens in `index` (Index), of which it has digests only."""

    def __init__(self, index):
        self._index = index
        self._version = None
        self._names = {}

    def load(self):
        """Read them, where accounts have changed; this waits for the index."""
        version = self._index.projects.version()
        if version != self._version:
            self._names = self._index.projects.secrets()
            self._version = version

    async def follow(self, app):
        """Load them again and again while `app` runs (an aiohttp cleanup context)."""

        async def go_on():
            while True:
                await asyncio.sleep(KNOWN_SECONDS)
                with contextlib.suppress(UnavailableError):
                    await asyncio.to_thread(self.load)

        going = asyncio.create_task(go_on())
        yield
        going.cancel()

    def is_one(self, text):
        """Return whether `text` is one of them, or looks as those that the index makes."""
        return digest(text) in self._names or bool(_MADE.fullmatch(text))

    def name(self, token):
        """Return the name of the device with this AccessToken, empty if there is none."""
        return self._names.get(digest(token), "")


class Journal:
    """Notes requests; `write` takes a line (None: there are to be none), `clock` returns seconds.

    The `secrets` (Secrets) are kept out of it: devices go by their names.
    """

    def __init__(self, secrets, write, clock=time.monotonic):
        self._secrets = secrets
        self._write = write
        self._clock = clock
        self.clear()

    def clear(self):
        """Forget all requests and set the counters to 0."""
        self._last = collections.deque(maxlen=LAST)
        self._messages = collections.deque(maxlen=LAST)
        self._told = 0
        self._seen = 0
        self._answered = collections.Counter()

    def arrive(self, request, kind=IMAGE):
        """Note a device's request that arrives now; return its Upload."""
        if kind == IMAGE:
            self._seen += 1
        else:
            self._told += 1
        peer = request.transport.get_extra_info("peername") if request.transport else None
        found = {
            "number": self._seen if kind == IMAGE else self._told,
            "arrived": self._clock(),
            "path": request.rel_url.raw_path,
            "peer": f"{peer[0]}:{peer[1]}" if peer else "",
            "device": self._secrets.name(request.match_info["token"]),
            "headers": request.headers,
        }
        if kind == IMAGE:
            upload = Upload(**found)
            self._last.append(upload)
        else:
            upload = Message(**found, kind=kind)
            self._messages.append(upload)
        return upload

    def answers(self, upload, status, errcode=None):
        """Note the answer that an upload request gets; `errcode` None: accepted."""
        upload.status = status
        upload.errcode = errcode
        if not isinstance(upload, Message):
            self._answered["accepted" if errcode is None else str(errcode)] += 1

    def uploads(self):
        """Return the last upload requests as a list for JSON, oldest first."""
        return [self._without_secrets(upload) for upload in self._last]

    def messages(self):
        """Return the last requests of other kinds as a list for JSON, oldest first."""
        return [self._without_secrets(message) for message in self._messages]

    def _without_secrets(self, upload):
        path = self.masked_path(upload.path)
        headers = {
            name: value
            for name, value in upload.headers.items()
            if name.lower() not in _SECRET_HEADERS
        }
        return {**vars(upload), "path": path, "headers": headers}

    def counters(self):
        """Return how many upload requests were seen, and how they were answered."""
        return {"seen": self._seen, "answered": dict(self._answered)}

    def line(self, request, status, seconds):
        """Write the line of a request that is over, and took so long; `status` None: it got no
        answer."""
        words = [request.method, self.masked_path(request.rel_url.raw_path), status or "-"]
        upload = request.get(UPLOAD)
        if upload:
            words += [upload.errcode or "-", f"{upload.bytes} bytes"]
        words.append(f"{seconds * 1000:.0f} ms")
        if upload and upload.device:
            words.append(upload.device)
        if upload and upload.fault:
            words.append("fault " + ",".join(upload.fault))
        self._write(" ".join(map(str, words)))

    def masked_path(self, raw_path):
        """Return a path without the AccessTokens and Project-Keys in it, cut if very long."""
        segments = raw_path.split("/")
        for number, segment in enumerate(segments):
            # What stands where an AccessToken belongs may be one, even if we know it not.
            in_place = number > 2 and segments[number - 2] == "device"
            if self._secrets.is_one(unquote(segment)):
                segments[number] = "***"
            elif in_place:
                segments[number] = _masked(segment)
        return "/".join(segments)[:_LONGEST_PATH]


JOURNAL = web.AppKey("journal", Journal)


def _masked(secret):
    # Enough of it to see where it was mistyped.
    return secret[:3] + "***" if len(secret) >= 8 else "***"
