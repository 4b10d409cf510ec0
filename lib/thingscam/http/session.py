# urequests' post() over one kept-open, verified connection.

from thingscam.http import CertificateError, HttpError
from thingscam.http.addresses import Addresses
from thingscam.http.connection import READY, UNDER_WAY, Connection
from thingscam.http.request import Request
from thingscam.http.response import Response
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms, unload

_IDLE_MS = const(60000)
_CONNECTING = const(2)  # so many times the timeout: below a watchdog's four
_MIN_RATE = const(1)  # bytes in a ms: a body that goes slower than 1 KB/s is given up


class Session:
    """One connection, kept open between requests, and verified when it is https.

    `ca` is the certificate of the authority the server's must come from, in DER: a path
    or the bytes. Without one a computer trusts its own store; a board has none and
    refuses https. `timeout` is in seconds: for each standstill while sending, and for the
    whole response, from when all that was sent may have arrived. All of connecting ends within
    twice that; only what a look-up of the name takes, which nothing can end, comes on top.
    `verify=False` takes any server. `progress(sent)` is called between the steps of
    connecting, between slices of the body and ten times a second while waiting, with the bytes
    of the body sent so far; before it with another number less than 0 at each step. It is for
    a watchdog, and for what else cannot wait. `free_memory()` is called when memory is too
    short to connect, or the certificate is refused, which may have the same reason; then that
    is tried again. `busy()` returns whether a look-up must not block now: if that lasts, the
    HttpError is EAGAIN. `store` keeps the server's last good address over restarts: `save(data)`
    11 bytes, which `load()` returns, or None. `request.method` may be another for a post().

    Raises CertificateError when the CA certificate cannot be used.
    """

    verifies = True  # other clients of the same interface may not check certificates

    def __init__(
        self,
        ca=None,
        timeout=15,
        verify=True,
        progress=None,
        free_memory=None,
        busy=None,
        store=None,
    ):
        self._ca = ca
        self._timeout = timeout
        self._verify = verify
        self._progress = progress
        self._free_memory = free_memory
        self._addresses = Addresses(busy, store)
        self.request = Request()
        self._connection = None
        self._origin = (False, "", 0)  # of the connection
        self._used = 0  # ticks at the end of the last request
        self._context = None
        self.whole = False  # all of the last request was sent before its response came
        self.date = None  # the last response's Date, in bytes, if it came over verified TLS
        if ca is not None and verify:
            self._make_context()  # now, not at the first request: a missing file is told at once

    def post(self, url, data=None, headers=None, timeout=None):
        """Send `data` to `url` and return the Response; redirects are not followed.

        `data` is bytes-like, or an iterable of bytes-like chunks with their sum as
        Content-Length among the `headers` (a dict of texts); a chunk is sent before the
        next is asked for. `timeout` is as in the constructor.

        Raises CertificateError; HttpError for all else that goes wrong on the way;
        MemoryError; ValueError for a URL, header or length that cannot be right; and what
        a callback or the iterable raises. The connection is closed then.
        """
        head = self.request.prepare(url, data, headers or {})
        self.date = None
        timeout_ms = int((timeout or self._timeout) * 1000)
        response = None
        try:
            if self.request.origin != self._origin or not self.connected():
                self.close()
                head = head[self._connect(timeout_ms, head) :]
            connection = self._connection
            connection.timeout_ms = timeout_ms
            # Once only, also when a kept connection turns out to be closed: the server may
            # have taken the request in all the same, and another would come too soon for it.
            early = self._send(head)
            self.whole = early is None
            first = connection.receive() if early is None else early
            if not first:
                raise HttpError("the server closed the connection")
            response = Response(connection).read(first)
            if self._verify and self._origin[0]:
                self.date = response.date
            # A server that responds early may still wait for the rest of the body; a page is
            # another's.
            if response.keep and early is None and not response.page:
                connection.state = READY
                self._used = ticks_ms()
        finally:
            if self._connection is not None:
                # Without TLS it may be another machine that has the address now.
                good = response is not None and not response.page
                self._addresses.judge(good or self._verify and self._origin[0])
                if self._connection.state != READY:
                    self.close()
        return response

    def connected(self):
        """Return whether a connection is kept open, as far as is known on this side."""
        if self._connection is None:
            return False
        # Routers forget a connection that is idle, and tell nobody.
        idle = ticks_diff(ticks_ms(), self._used)
        return 0 <= idle < _IDLE_MS and self._connection.is_idle()

    def close(self):
        """Close the connection, if there is one; the next post() opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _make_context(self):
        from thingscam.http.context import make_context

        self._context = make_context(self._ca, self._verify)
        unload("http.context")

    def _connect(self, timeout_ms, head):
        # Returns how much of the head was sent with the handshake.
        secure, host, port = self.request.origin
        if secure and self._context is None:
            self._make_context()
        deadline = ticks_add(ticks_ms(), _CONNECTING * timeout_ms)
        context = self._context if secure else None
        connection = Connection(host, context, timeout_ms, self._progress, deadline, head)
        try:
            self._addresses.reach(host, port, connection)
        except (MemoryError, CertificateError):
            if self._free_memory is None:
                raise
            # A TLS handshake takes 40 KB, and a camera that runs may hold them. A signature
            # that cannot be checked for lack of memory passes for one that is not right.
            self._free_memory()
            if ticks_diff(deadline, ticks_ms()) <= 0:
                raise
            self._addresses.reach(host, port, connection)
        self._connection = connection
        self._origin = self.request.origin
        return connection.taken

    def _send(self, head):
        # Returns None when all is sent, and the first bytes of a response that comes before.
        connection = self._connection
        length = left = self.request.length
        connection.sent = -len(head)  # of what is left of it; the callback counts the body alone
        begin = ticks_ms()
        give_up = ticks_add(begin, connection.timeout_ms + length // _MIN_RATE)
        early = connection.send(head, give_up)
        if early is None:
            for chunk in self.request.chunks:
                view = chunk if isinstance(chunk, memoryview) else memoryview(chunk)
                left -= len(view)
                if left < 0:
                    break
                early = connection.send(view, give_up)
                if early is not None:
                    break
            if left and early is None:
                raise ValueError("data is not the {} bytes of Content-Length".format(length))
        # What was sent may be under way: as long as at the rate at which the rest went out.
        now = ticks_ms()
        under_way = min(length, UNDER_WAY)
        rate = (length - under_way) // (ticks_diff(now, begin) + 1)  # bytes in a ms
        wait_ms = connection.timeout_ms + under_way // max(rate, _MIN_RATE)
        connection.deadline = ticks_add(now, wait_ms)
        return early
