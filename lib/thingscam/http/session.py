# urequests' post() over one kept-open, verified connection.

from thingscam.board import chip as board
from thingscam.http import response as answer
from thingscam.http.addresses import Names
from thingscam.http.connection import UNDER_WAY, ClosedError, Connection
from thingscam.http.request import Request, is_length
from thingscam.http.tls import CertificateError, make_context
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

__all__ = ("CertificateError", "Session")

_BYTES = (bytes, bytearray, memoryview)
_IDLE_MS = const(60000)
_CONNECTING = const(2)  # so many times the timeout: below a watchdog's four
_LEAST_RATE = const(1)  # bytes in a ms: a body that goes slower than 1 KB/s is given up


class Session:
    """One connection, kept open between requests, and verified when it is https.

    `ca` is the certificate of the authority the server's must come from, in DER: a path
    or the bytes. Without one a computer trusts its own store; a board has none and
    refuses https. `timeout` is in seconds: for each standstill while sending, and for the
    whole answer, from when all that was sent may have arrived. All of connecting ends within
    twice that; only what a look-up of the name takes, which nothing can end, comes on top.
    `verify=False` takes any server. `progress(sent)` is called between the steps of
    connecting, between slices of the body and ten times a second while waiting, with the bytes
    of the body sent so far; before it with another number less than 0 at each step. It is for
    a watchdog, and for what else cannot wait. `wanted()` returns whether a look-up must not
    block now.
    `make_room()` is called when memory is too short to connect, or the certificate is
    refused, which may have the same reason; then that is tried again.

    Raises CertificateError when the CA certificate cannot be used.
    """

    verifies = True  # asked by who refuses https over clients that cannot

    def __init__(
        self, ca=None, timeout=15, verify=True, progress=None, make_room=None, wanted=None
    ):
        self._ca = ca
        self._timeout = timeout
        self._verify = verify
        self._progress = progress
        self._make_room = make_room
        self._names = Names(wanted)
        self._connection = None
        self._peer = None
        self._used = 0  # ticks at the end of the last request
        self._request = Request()
        self._reader = answer.Reader(self._receive)
        self._answer_by = 0
        self._whole = False
        self.date = None  # the last answer's Date, a bytearray, if it came over verified TLS
        self._trusted = False  # it is such a connection
        # Now, not at the first picture: a missing file is told at once.
        self._context = make_context(ca, verify) if ca is not None and verify else None

    def post(self, url, data=None, headers=None, timeout=None):
        """Send `data` to `url` and return the Answer; redirects are not followed.

        `data` is bytes-like, or an iterable of bytes-like chunks with their sum as
        Content-Length among the `headers` (a dict of texts); a chunk is sent before the
        next is asked for. `timeout` is as in the constructor.

        Raises CertificateError; OSError for all else that goes wrong on the way;
        ValueError for a URL, header or length that cannot be right. The connection is
        closed then.
        """
        chunks, length = _body(data, headers)
        head = self._request.head(url, headers, length)
        peer = self._request.peer
        timeout_ms = int((timeout or self._timeout) * 1000)
        self.date = None
        done = False
        try:
            taken = 0
            if not self._is_open(peer):
                taken = self._connect(peer, timeout_ms, head)
            self._connection.timeout_ms = timeout_ms
            # Once only, also when a kept connection turns out to be closed: the server may
            # have taken the request in all the same, and another would come too soon for it.
            result = self._answer(self._send(head[taken:] if taken else head, chunks, length))
            done = result.keep
            if self._trusted and self._reader.dated:
                self.date = self._reader.date
            self._used = ticks_ms()
        finally:
            if not done:
                self.close()
        return result

    def connected(self):
        """Return whether a connection is kept open, as far as is known on this side."""
        if self._connection is None:
            return False
        # Routers forget a connection that is idle, and tell nobody.
        idle = ticks_diff(ticks_ms(), self._used)
        return 0 <= idle < _IDLE_MS and not self._connection.has_news()

    def close(self):
        """Close the connection, if there is one; the next post() opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _is_open(self, peer):
        if peer == self._peer and self.connected():
            return True
        self.close()
        return False

    def _connect(self, peer, timeout_ms, head):
        # Returns how much of the head was sent with the handshake.
        secure, host, port = peer
        if secure and self._context is None:
            self._context = make_context(self._ca, self._verify)
        context = self._context if secure else None
        self._trusted = secure and self._verify
        deadline = ticks_add(ticks_ms(), _CONNECTING * timeout_ms)
        connection = Connection(host, context, timeout_ms, self._progress)

        def attempt(address, until):
            return connection.open(address, until, deadline, head)

        arguments = (host, port, attempt, deadline, connection.step)
        try:
            self._names.reach(*arguments)
        except (OSError, MemoryError) as e:
            short = board.is_out_of_memory(e) or isinstance(e, CertificateError)
            if self._make_room is None or not short:
                raise
            # A TLS handshake takes 40 KB, and a camera that runs may hold them. A signature
            # that cannot be checked for lack of memory passes for one that is not right.
            self._make_room()
            if ticks_diff(deadline, ticks_ms()) <= 0:
                raise
            self._names.reach(*arguments)
        self._connection = connection
        self._peer = peer
        return connection.taken

    def _send(self, head, chunks, length):
        # Returns the first bytes of the answer; raises ClosedError when there is none.
        connection = self._connection
        connection.sent = -len(head)  # of what is left of it; the callback counts the body alone
        begin = ticks_ms()
        give_up = ticks_add(connection.deadline(), length // _LEAST_RATE)
        self._whole = False
        first = connection.send(head, give_up) if len(head) else None
        if first is None:
            first = self._send_body(chunks, length, give_up)
        self._whole = first is None
        self._answer_by = connection.deadline()
        if self._whole:
            took = ticks_diff(ticks_ms(), begin)
            self._answer_by = ticks_add(self._answer_by, _under_way_ms(length, took))
        if first is None:
            first = self._receive()
        if not first:
            raise ClosedError("the server closed the connection without an answer")
        return first

    def _send_body(self, chunks, length, give_up):
        left = length
        for chunk in chunks:
            view = chunk if isinstance(chunk, memoryview) else memoryview(chunk)
            left -= len(view)
            if left < 0:
                raise ValueError("more data than the {} bytes announced".format(length))
            first = self._connection.send(view, give_up)
            if first is not None:
                return first
        if left:
            raise ValueError("data ended {} bytes before the {} announced".format(left, length))
        return None

    def _receive(self):
        return self._connection.receive(self._answer_by)

    def _answer(self, first):
        result = self._reader.read(first)
        # A server that answers early may still wait for the rest of the body.
        result.keep = result.keep and self._whole
        return result


def _under_way_ms(length, took):
    # How long what was sent may still be on its way, by the rate at which the rest went out.
    if length <= UNDER_WAY:
        return length // _LEAST_RATE
    rate = (length - UNDER_WAY) // (took + 1)  # bytes in a ms
    return UNDER_WAY // max(rate, _LEAST_RATE)


def _body(data, headers):
    # Returns what is to be sent in chunks, and how many bytes that makes.
    if data is None:
        return (), 0
    if isinstance(data, str):
        data = data.encode()
    if not isinstance(data, _BYTES):
        for name in headers or ():
            if is_length(name):
                return data, int(headers[name])
    try:
        view = memoryview(data)
    except TypeError:
        raise ValueError("data in chunks needs a Content-Length among the headers")
    return (view,), len(view)
