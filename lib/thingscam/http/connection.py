# One socket, plain or TLS, that never waits longer than told and hears an early response.

import errno
import select
import socket
import sys

from thingscam.http import NOT_NOW, HttpError
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

# What a connection does: Connection.state.
_CLOSED = const(0)
_CONNECTING = const(1)
READY = const(2)  # for a request
_SENDING = const(3)  # and nothing that has come was looked at
_RECEIVING = const(4)

_SLICE = const(16384)  # one TLS record at most; so long a callback may have to wait
_TURN_MS = const(100)  # the same while nothing moves
_RECEIVE = const(512)  # most responses of a service in one piece

# IPPROTO_TCP and TCP_NODELAY: the same numbers in Linux, the BSDs, Windows and lwIP.
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)

# CPython: its sockets have other methods, and need no HandshakeStream.
_ON_COMPUTER = hasattr(socket.socket, "detach")
_ON_ESP32 = sys.platform == "esp32"

# Bytes that may have been taken and not arrived: TCP_SND_BUF of an ESP32; the buffers of a
# computer's kernel and of the other side's.
UNDER_WAY = 5760 if _ON_ESP32 else 196608
_SEND_BUFFER = const(32768)  # of a computer: else its kernel takes megabytes

# EISCONN of macOS, Linux and an ESP32; MicroPython's errno has no name for it.
_CONNECTED = (56, 106, 127)


class Connection:
    """A connection to the host of the name `host`, with TLS if a `context` is given.

    Made by open(), by the ticks `deadline`. `timeout_ms` bounds each standstill while sending.
    `progress(sent)`, or None, is called between slices, and ten times a second while waiting,
    with the bytes of the body sent so far; while connecting, which ends in time, with another
    number less than 0 each time. MicroPython's TLS shakes hands when something is sent:
    `first`, a memoryview; `taken` tells how much of it was.
    """

    def __init__(self, host, context, timeout_ms, progress, deadline, first):
        self.state = _CLOSED
        self.deadline = deadline
        self.timeout_ms = timeout_ms
        self.sent = -1
        self.taken = 0
        self._host = host
        self._context = context
        self._progress = progress
        self._first = first
        self._called = ticks_ms()  # the callback, last

    def open(self, address, until):
        """Connect to `address`, a tuple of getaddrinfo(), by the ticks `until`, and return it.

        Raises HttpError, among them CertificateError; MemoryError.
        """
        self.state = _CONNECTING
        self._sock = self._raw = self._stream = None
        try:
            self._connect(address, until)
            if self._context is None:
                self._sock = self._raw
            else:
                self._secure()
            self.state = READY
        finally:
            if self.state != READY:
                self.close()
        self._recv = getattr(self._sock, "recv", self._recv_bytewise)
        return self

    def _connect(self, address, until):
        try:
            self._raw = raw = socket.socket(address[0], socket.SOCK_STREAM, address[2])
        except OSError as e:
            raise _error(e)
        raw.setblocking(False)
        if _ON_COMPUTER:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # pyright: ignore
        # The plain socket, below TLS: MicroPython polls a TLS socket once in a ms. What TLS
        # holds back is no matter: receive() takes it out before it waits. CPython's TLS takes
        # the plain socket's place.
        self._watched = raw.fileno() if _ON_COMPUTER else raw  # pyright: ignore
        self._mask = select.POLLOUT
        self._poller = poller = select.poll()
        poller.register(self._watched, select.POLLOUT)
        # MicroPython's ipoll is poll without a new list each time.
        self._poll = getattr(poller, "ipoll", poller.poll)
        while True:
            # The outcome is that of a second connect(), for MicroPython knows no SO_ERROR.
            try:
                raw.connect(address[-1])
                break
            except OSError as e:
                if e.errno in _CONNECTED:
                    break
                if e.errno not in (errno.EINPROGRESS, errno.EALREADY):
                    raise _error(e, raw)
            self._wait(select.POLLOUT, until)
        # Before MicroPython 1.23 an ESP32 does nothing but print a warning.
        if not _ON_ESP32 or hasattr(socket, "TCP_NODELAY"):
            try:
                raw.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
            except (OSError, ValueError):
                pass  # a port without it sends small packets later, and that is all

    def _secure(self):
        from thingscam.http.tls import shake_hands, wrap

        self._sock, self._stream = wrap(self._context, self._raw, self._host)
        while True:
            taken = shake_hands(self._sock, self._stream, self._first, self._host)
            if taken is not None:
                self.taken = taken
                break
            self.advanced(-1)  # also when news come faster than _wait() would call it
            self._wait(select.POLLIN, self.deadline)

    def close(self):
        """Close the connection."""
        self.state = _CLOSED
        if self._sock is not None:
            self._sock.close()  # TLS has 40 KB, which would stay until gc
        if self._raw is not None and self._raw is not self._sock:
            self._raw.close()

    def is_idle(self):
        """Return whether it can carry a request, as far as is known on this side.

        What arrives between requests is the end of the connection.
        """
        if self.state != READY:
            return False
        self._want(select.POLLIN)
        for _ in self._poll(0):
            return False
        return True

    def send(self, view, give_up):
        """Send all of `view`, a memoryview, in slices.

        Waits `timeout_ms` for each slice, and not beyond the ticks `give_up`. Returns None
        when all is sent; what has arrived when the server responds before that, b"" when it
        has closed.

        Raises HttpError (ETIMEDOUT) when nothing moves.
        """
        self.state = _SENDING
        at = 0
        deadline = None
        while at < len(view):
            if deadline is None:
                deadline = ticks_add(ticks_ms(), self.timeout_ms)
                if ticks_diff(deadline, give_up) > 0:
                    deadline = give_up
            events = self._wait(select.POLLIN | select.POLLOUT, deadline)
            if events != select.POLLOUT:
                early = self._read(True)
                if early is not None:
                    return early
            if events & select.POLLOUT:
                try:
                    if _ON_COMPUTER:
                        done = self._sock.send(view[at : at + _SLICE])
                    else:
                        done = self._sock.write(view, at, _SLICE)  # pyright: ignore
                    broken = self._stream is not None and self._stream.broken
                except OSError as e:
                    done = 0
                    broken = e.errno not in NOT_NOW
                if done:
                    at += done
                    deadline = None
                    self.advanced(done)
                elif broken:
                    # The response that explains it may have come all the same.
                    return self._read(True) or b""
        return None

    def receive(self):
        """Wait until `deadline` for the next bytes; b"" when the server has closed.

        Raises HttpError: ETIMEDOUT, or ECONNRESET.
        """
        if ticks_diff(ticks_ms(), self._called) >= _TURN_MS:
            self.advanced(0)  # what comes in drops leaves no turn of waiting
        # TLS can hold nothing of a response back yet: to wait first spares an exception.
        data = None if self.state == _SENDING else self._read()
        while data is None:
            self._wait(select.POLLIN, self.deadline)
            data = self._read()
        return data

    def advanced(self, sent):
        """Count `sent` more bytes of body, -1 for a step of connecting, and run the callback."""
        self.sent += sent
        self._called = ticks_ms()
        if self._progress is not None:
            self._progress(self.sent)

    def _want(self, mask):
        if mask != self._mask:
            self._poller.modify(self._watched, mask)
            self._mask = mask

    def _wait(self, mask, deadline):
        self._want(mask)
        while True:
            left = ticks_diff(deadline, ticks_ms())
            if left <= 0:
                raise HttpError(errno.ETIMEDOUT)
            for _, events in self._poll(min(left, _TURN_MS)):
                return events
            self.advanced(-1 if self.state == _CONNECTING else 0)

    def _read(self, ended=False):
        # What has arrived: None when there is nothing yet, b"" when the server has closed, and
        # with `ended` also when it has reset the connection.
        self.state = _RECEIVING
        try:
            return self._recv(_RECEIVE)
        except OSError as e:
            if e.errno in NOT_NOW:
                return None
            if ended:
                return b""
            raise _error(e)

    def _recv_bytewise(self, size):
        # TLS sockets before MicroPython 1.29 have no recv(), and their longer reads lose
        # what came before a reset.
        found = bytearray()
        one = bytearray(1)
        while len(found) < size:
            try:
                count = self._sock.readinto(one, 1)
            except OSError:
                if not found:
                    raise
                break
            if not count:
                if count is None and not found:
                    return None
                break
            found.extend(one)
        return bytes(found)


def _error(e, sock=None):
    # What stands for the OSError of a socket; `sock` is one that may not have been connected.
    number = e.errno
    if number == errno.ENOMEM:
        return MemoryError("no socket")
    if number != errno.ENOTCONN or sock is None:
        return HttpError(*e.args)
    # lwIP's own words for why are those of a broken connection.
    try:
        sock.recv(1)
    except OSError as why:
        number = why.errno
        if number == errno.ECONNABORTED:  # all SYNs are sent
            number = errno.ETIMEDOUT
        elif number == errno.ECONNRESET:
            number = errno.ECONNREFUSED
    return HttpError(number)
