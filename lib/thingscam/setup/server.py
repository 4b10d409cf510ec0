# A small HTTP server: several slow clients at once, nothing waits, everything has a bound.

import socket

from thingscam.http import NOT_NOW
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_MOST = const(6)  # clients, as many as a browser has for a host; an ESP32 has ten sockets for all
_HEAD = const(3072)
_TARGET = const(1024)
_BODY = const(8192)
_FIELDS = const(64)
_REQUEST_MS = const(15000)  # from the first byte of a request to the last one of the answer
_IDLE_MS = const(4000)  # a connection that a browser opens for later, and nobody uses
_LINGER_MS = const(1000)  # for what was still on its way when it was refused
_SLICE = const(1024)

_CLOSED = const(0)
_READING = const(1)
_SENDING = const(2)
_LINGERING = const(3)

_WORDS = {
    200: "OK",
    302: "Found",
    303: "See Other",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    411: "Length Required",
    413: "Content Too Large",
    431: "Request Header Fields Too Large",
    503: "Service Unavailable",
}
_ONCE = ("host", "origin", "content-length")
_OTHERS = (
    b"X-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\nCache-Control: no-store\r\n"
)


class Refused(Exception):  # noqa: N818 it is the client's, not ours
    """A request that is not answered otherwise: `args[0]` is the status."""


class Request:
    """What a client asks: `method`, `path`, `query` (a dict), `headers` (names in small letters).

    `body` is bytes; `form()` what a form sent.
    """

    def __init__(self, head):
        lines = head.split(b"\r\n")
        try:
            self.method, target, version = str(lines[0], "ascii").split(" ")
        except (ValueError, UnicodeError):
            raise Refused(400)
        if version[:7] != "HTTP/1." or not target or len(target) > _TARGET:
            raise Refused(400)
        if target[:7] == "http://":  # as to a proxy
            target = "/" + target[7:].partition("/")[2]
        self.path, _, query = target.partition("?")
        self.query = fields(query.encode())
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(b":")
            try:
                name, value = str(name, "ascii").lower(), str(value, "utf-8").strip()
            except UnicodeError:
                raise Refused(400)
            # A second Host, or length, may have been put in by somebody.
            twice = name in self.headers and name in _ONCE
            if not colon or not name or name[0] in " \t" or twice:
                raise Refused(400)
            self.headers[name] = value
        self.body = b""

    def length(self):
        """Return how many bytes of body it has."""
        if "transfer-encoding" in self.headers:
            raise Refused(411)
        found = self.headers.get("content-length", "0")
        if not found or len(found) > 9 or any(not "0" <= char <= "9" for char in found):
            raise Refused(400)
        return int(found)

    def form(self):
        """Return what a form sent, a dict of texts."""
        return fields(self.body)


class Response:
    """An answer: `status`, the `kind` of its body, and that: bytes, or texts in turn.

    `location` is where a redirect leads.
    """

    location = None

    def __init__(self, status, kind, body):
        self.status = status
        self.kind = kind
        self.body = body

    def head(self):
        """Return the lines before the body, as bytes."""
        text = "HTTP/1.1 {} {}\r\nConnection: close\r\nContent-Type: {}\r\n".format(
            self.status, _WORDS[self.status], self.kind
        )
        if self.location is not None:
            text += "Location: {}\r\n".format(self.location)
        if hasattr(self.body, "decode") or isinstance(self.body, memoryview):
            text += "Content-Length: {}\r\n".format(len(self.body))
        return text.encode() + _OTHERS + b"\r\n"


def redirect(status, location):
    """Return a Response that leads to `location`."""
    found = Response(status, "text/plain", b"")
    found.location = location
    return found


class Server:
    """Listens at (`host`, `port`); `answer(request)` returns a Response, or raises Refused.

    `refusal(status)` returns the Response then. `is_ours(address)` tells whether who calls from
    there (a text) may come in at all.
    """

    def __init__(self, host, port, answer, refusal, is_ours=None):
        self._answer = answer
        self._refusal = refusal
        self._is_ours = is_ours
        self._clients = []
        self._sock = socket.socket()
        try:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._sock.setblocking(False)
            self._sock.bind(socket.getaddrinfo(host, port)[0][-1])
            self._sock.listen(_MOST)
        except OSError:
            self._sock.close()
            raise

    def step(self):
        """Do the next bit for each client, and let new ones in."""
        for client in self._clients:
            client.step()
        self._clients = [client for client in self._clients if client.state != _CLOSED]
        if len(self._clients) >= _MOST:
            # Browsers open connections that they may never use.
            for client in self._clients:
                if client.is_idle():
                    if self._accept():
                        client.close()
                    break
            return
        self._accept()

    def close(self):
        """Hang up, and listen no more."""
        for client in self._clients:
            client.close()
        self._sock.close()

    def _accept(self):
        try:
            sock, address = self._sock.accept()
        except OSError:
            return False  # nobody there
        if self._is_ours is not None and not self._is_ours(address[0]):
            sock.close()
            return False
        sock.setblocking(False)
        self._clients.append(_Client(sock, self._answer, self._refusal))
        return True


class _Client:
    def __init__(self, sock, answer, refusal):
        self.state = _READING
        self._sock = sock
        self._answer = answer
        self._refusal = refusal
        self._until = ticks_add(ticks_ms(), _IDLE_MS)
        self._got = bytearray()
        self._request = None
        self._body_at = 0
        self._view = None  # what is being sent
        self._rest = None  # what comes behind it
        self._lingers = False

    def is_idle(self):
        # Whether nothing has come yet.
        return self.state == _READING and not self._got

    def close(self):
        self.state = _CLOSED
        self._sock.close()
        if hasattr(self._rest, "close"):
            self._rest.close()  # pyright: ignore
        self._got = self._view = self._rest = self._request = None

    def step(self):
        if ticks_diff(self._until, ticks_ms()) <= 0:
            self.close()
            return
        try:
            if self.state == _READING:
                self._read()
            if self.state == _SENDING:
                self._send()
            elif self.state == _LINGERING and not self._sock.recv(_SLICE):
                self.close()
        except OSError as e:
            if e.errno not in NOT_NOW:
                self.close()

    def _read(self):
        data = self._sock.recv(_SLICE)
        if not data:
            self.close()
            return
        if not self._got:
            self._until = ticks_add(ticks_ms(), _REQUEST_MS)
        self._got.extend(data)  # pyright: ignore
        status = None
        try:
            if self._request is None:
                self._head()
            if self._request is not None:
                self._body()
        except Refused as e:
            status = e.args[0]
        except MemoryError:
            status = 503
        if status:
            self._lingers = True
            self._begin(self._refusal(status))

    def _head(self):
        end = self._got.find(b"\r\n\r\n")  # pyright: ignore
        if end < 0:
            if len(self._got) > _HEAD:  # pyright: ignore
                raise Refused(431)
            return
        if end > _HEAD:
            raise Refused(431)
        self._request = Request(bytes(self._got[:end]))  # pyright: ignore
        self._body_at = end + 4
        if self._request.length() > _BODY:
            raise Refused(413)

    def _body(self):
        request, size = self._request, self._request.length()  # pyright: ignore
        if len(self._got) - self._body_at < size:  # pyright: ignore
            return
        request.body = bytes(self._got[self._body_at : self._body_at + size])  # pyright: ignore
        self._got = None
        self._begin(self._answer(request))

    def _begin(self, response):
        self.state = _SENDING
        self._view = memoryview(response.head())
        body = response.body
        if self._request is not None and self._request.method == "HEAD":
            body = b""
        self._rest = iter((body,) if hasattr(body, "decode") or _is_view(body) else body)
        self._request = self._got = None

    def _send(self):
        while True:
            if self._view is None:
                part = next(self._rest, None)  # pyright: ignore
                if part is None:
                    self._sent()
                    return
                self._view = part if _is_view(part) else memoryview(_encoded(part))
            if len(self._view):
                done = self._sock.send(self._view[:_SLICE])
                self._view = self._view[done:]
            if not len(self._view):
                self._view = None

    def _sent(self):
        if not self._lingers:
            self.close()
            return
        # To close with bytes unread would reset the connection, and the answer be lost.
        self.state = _LINGERING
        self._until = ticks_add(ticks_ms(), _LINGER_MS)


def fields(data):
    """Return the dict of texts that `data`, bytes of a form or a query, holds.

    Raises Refused for what is none.
    """
    found = {}
    if not data:
        return found
    pairs = data.split(b"&")
    if len(pairs) > _FIELDS:
        raise Refused(413)
    for pair in pairs:
        name, _, value = pair.partition(b"=")
        try:
            found[str(unquoted(name), "utf-8")] = str(unquoted(value), "utf-8")
        except (ValueError, UnicodeError):
            raise Refused(400)
    return found


def unquoted(data):
    """Return bytes of which + and %xx are undone; raises ValueError."""
    parts = data.replace(b"+", b" ").split(b"%")
    found = bytearray(parts[0])
    for part in parts[1:]:
        if len(part) < 2 or not _is_hex(part[0]) or not _is_hex(part[1]):
            raise ValueError
        found.append(int(part[:2], 16))
        found.extend(part[2:])
    return bytes(found)


def _is_hex(code):
    return 48 <= code < 58 or 65 <= code < 71 or 97 <= code < 103


def _is_view(value):
    return isinstance(value, memoryview)


def _encoded(part):
    return part.encode() if isinstance(part, str) else part
