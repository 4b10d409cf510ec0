# One socket, plain or TLS, that never waits longer than told and hears an early answer.

import errno
import select
import socket
import sys

from thingscam.http import tls as trust
from thingscam.http.handshake import Guard
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_SLICE = const(16384)  # one TLS record at most; so long a callback may have to wait
_TURN_MS = const(100)  # the same while nothing moves
_RECEIVE = const(512)  # most answers of the service in one piece

# IPPROTO_TCP and TCP_NODELAY: the same numbers in Linux, the BSDs, Windows and lwIP.
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)

# CPython: its sockets have other methods, and need no Guard.
_ON_COMPUTER = hasattr(socket.socket, "detach")
_ON_ESP32 = sys.platform == "esp32"

_BOTH = select.POLLIN | select.POLLOUT

# Bytes that may have been taken and not arrived: TCP_SND_BUF of an ESP32; the buffers of a
# computer's kernel and of the other side's.
UNDER_WAY = 5760 if _ON_ESP32 else 196608
_SEND_BUFFER = const(32768)  # of a computer: else its kernel takes megabytes

# EISCONN of macOS, Linux and an ESP32; MicroPython's errno has no name for it.
_CONNECTED = (56, 106, 127)

_NOT_NOW = trust.NOT_NOW


class ClosedError(OSError):
    """The peer has closed or reset the connection."""


class Connection:
    """A connection to the host of the name `host`, with TLS if a `context` is given.

    Made by open(). `timeout_ms` bounds each standstill while sending. `progress(sent)`, or
    None, is called between slices, and ten times a second while waiting, with the bytes of the
    body sent so far; while connecting, which ends in time, with another number less than 0
    each time.
    """

    def __init__(self, host, context, timeout_ms, progress):
        self.sent = -1
        self.timeout_ms = timeout_ms
        self._host = host
        self._context = context
        self._progress = progress
        self._beat = -1  # what a turn of waiting counts for
        self._called = ticks_ms()  # the callback, last
        self._asked = False
        self._guard = None
        self._raw = self._sock = None

    def open(self, address, until, deadline, first):
        """Connect to `address`, a tuple of getaddrinfo(), and return it.

        TCP must be connected by the ticks `until`, TLS by `deadline`. MicroPython's TLS shakes
        hands when something is sent: `first`, a memoryview. `taken` tells how much of it was.

        Raises OSError, among them trust.CertificateError; MemoryError.
        """
        self._sock = None
        raw = socket.socket(address[0], socket.SOCK_STREAM, address[2])
        done = False
        try:
            raw.setblocking(False)
            if _ON_COMPUTER:
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)  # pyright: ignore
            self._watch(raw, select.POLLOUT)
            self._connect(raw, address[-1], until)
            _no_delay(raw)
            self.taken = 0
            if self._context is None:
                self._sock = raw
            else:
                self.taken = self._secure(raw, first, deadline)
            done = True
        finally:
            if not done:
                if self._sock is not None:
                    self._sock.close()  # 40 KB, which would stay until gc
                raw.close()
        self._beat = 0
        self._recv = getattr(self._sock, "recv", None) or self._recv_bytewise
        self._write = self._send_part if _ON_COMPUTER else self._sock.write
        return self

    def _watch(self, raw, mask):
        # The plain socket, below TLS: MicroPython asks a TLS socket for news once in a ms.
        # What TLS holds back is no matter: receive() takes it out before it waits.
        self._raw = raw
        self._mask = mask
        poller = select.poll()
        poller.register(raw, mask)
        self._poller = poller
        # MicroPython's ipoll is poll without a new list each time.
        self._poll = getattr(poller, "ipoll", poller.poll)

    def _connect(self, raw, name, until):
        # The outcome is that of a second connect(), for MicroPython knows no SO_ERROR.
        while True:
            try:
                raw.connect(name)
                return
            except OSError as e:
                if e.errno in _CONNECTED:
                    return
                if e.errno == errno.ENOTCONN:
                    raise _why(raw)
                if e.errno not in (errno.EINPROGRESS, errno.EALREADY):
                    raise
            self._wait(select.POLLOUT, until)

    def _secure(self, raw, first, deadline):
        # Returns how much of `first` was sent.
        if not _ON_COMPUTER:
            self._guard = Guard(raw)
        self._sock = sock = trust.wrap(self._context, self._guard or raw, self._host)
        if _ON_COMPUTER:
            # CPython's TLS socket takes the plain one's place; MicroPython's stands upon it.
            self._watch(sock, select.POLLIN)
        while True:
            taken = trust.shake_hands(sock, first, self._host, self._guard)
            if taken is not None:
                break
            self.step()  # also when news come faster than _wait() would call it
            self._wait(select.POLLIN, deadline)
        if self._guard is not None:
            self._guard.arm()
        return taken

    def close(self):
        """Close the connection."""
        self._sock.close()
        if self._raw is not self._sock:
            self._raw.close()

    def has_news(self):
        """Return whether something has arrived: between requests, the server's good night."""
        self._want(select.POLLIN)
        for _ in self._poll(0):
            return True
        return False

    def send(self, view, give_up=None):
        """Send all of `view`, a memoryview, in slices.

        Waits `timeout_ms` for each slice, and not beyond the ticks `give_up`. Returns None
        when all is sent; what has arrived when the peer answers before that, b"" when it
        has closed.

        Raises OSError (ETIMEDOUT) when nothing moves.
        """
        at = 0
        size = len(view)
        poll, room = self._poll, select.POLLOUT  # looked up once
        self._asked = True
        deadline = None  # while it moves
        self._want(_BOTH)
        while at < size:
            events = 0
            if deadline is None:
                for _, events in poll(0):  # noqa: B007
                    break
            if not events:
                deadline = deadline or self._standstill(give_up)
                events = self._wait(_BOTH, deadline)
            if events != room:
                news = self._news()
                if news is not None:
                    return news
            if events & room:
                done = self._write_some(view, at)
                if done is None:
                    # Broken: the answer that explains it may have come all the same.
                    return self._news() or b""
                if done:
                    at += done
                    deadline = None
                    self.advanced(done)
                    continue
            deadline = deadline or self._standstill(give_up)
        return None

    def receive(self, deadline):
        """Wait until the ticks `deadline` for the next bytes; b"" when the peer has closed.

        Raises ClosedError when it has reset the connection, OSError (ETIMEDOUT).
        """
        if ticks_diff(ticks_ms(), self._called) >= _TURN_MS:
            self.advanced(self._beat)  # what comes in drops leaves no turn of waiting
        if self._asked:
            # TLS can hold nothing of an answer back yet: to wait first spares an exception.
            self._wait(select.POLLIN, deadline)
        while True:
            data = self._read()
            if data is not None:
                return data
            self._wait(select.POLLIN, deadline)

    def deadline(self):
        """Return the ticks at which `timeout_ms` will be over."""
        return ticks_add(ticks_ms(), self.timeout_ms)

    def step(self):
        """Run the callback while connecting."""
        self.advanced(self._beat)

    def _standstill(self, give_up):
        deadline = self.deadline()
        if give_up is not None and ticks_diff(deadline, give_up) > 0:
            return give_up
        return deadline

    def advanced(self, sent):
        """Count `sent` more bytes of body and run the callback."""
        self.sent += sent
        self._called = ticks_ms()
        if self._progress is not None:
            self._progress(self.sent)

    def _want(self, mask):
        if mask != self._mask:
            self._poller.modify(self._raw, mask)
            self._mask = mask

    def _wait(self, mask, deadline):
        self._want(mask)
        while True:
            left = ticks_diff(deadline, ticks_ms())
            if left <= 0:
                raise OSError(errno.ETIMEDOUT)
            for _, events in self._poll(left if left < _TURN_MS else _TURN_MS):
                return events
            self.advanced(self._beat)

    def _write_some(self, view, at):
        # Bytes taken, 0 when none may be now, None when the connection is broken.
        try:
            done = self._write(view, at, _SLICE)  # pyright: ignore[reportCallIssue]
        except OSError as e:
            return 0 if e.errno in _NOT_NOW else None
        if done:
            return done
        return None if self._guard is not None and self._guard.broken else 0

    def _send_part(self, view, at, most):
        # What MicroPython's write() does, without a memoryview for each slice.
        return self._sock.send(view[at : at + most])

    def _news(self):
        try:
            return self._read()
        except ClosedError:
            return b""

    def _read(self):
        # What has arrived: b"" when the peer has closed, None when there is nothing yet.
        self._asked = False
        try:
            return self._recv(_RECEIVE)
        except OSError as e:
            if e.errno in _NOT_NOW:
                return None
            raise ClosedError("the connection was reset ({})".format(e.errno))

    def _recv_bytewise(self, most):
        # TLS sockets before MicroPython 1.29 have no recv(), and their longer reads lose
        # what came before a reset.
        found = bytearray()
        one = bytearray(1)
        while len(found) < most:
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


def _no_delay(sock):
    if _ON_ESP32 and not hasattr(socket, "TCP_NODELAY"):
        return  # before MicroPython 1.23 it does nothing but print a warning
    try:
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    except (OSError, ValueError):
        # A port without it sends small packets later, and that is all.
        pass


def _why(sock):
    # Why lwIP has not connected it. Its own words for that are those of a broken connection.
    try:
        sock.recv(1)
        number = errno.ENOTCONN
    except OSError as e:
        number = e.errno
    if number == errno.ECONNABORTED:  # all SYNs are sent
        number = errno.ETIMEDOUT
    elif number == errno.ECONNRESET:
        number = errno.ECONNREFUSED
    return OSError(number)
