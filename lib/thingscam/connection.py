# One socket, plain or TLS, that never waits longer than told and hears an early answer.

import errno
import select
import socket

from thingscam import trust
from thingscam.guard import Guard
from thingscam.port import const, ticks_add, ticks_diff, ticks_ms

_SLICE = const(16384)  # one TLS record at most; so long a callback may have to wait
_TURN_MS = const(100)  # the same while nothing moves
_RECEIVE = const(512)  # most answers of the service in one piece
_ADDRESSES = const(2)  # of a host with many: one more than a watchdog minds

# IPPROTO_TCP and TCP_NODELAY: the same numbers in Linux, the BSDs, Windows and lwIP.
_IPPROTO_TCP = const(6)
_TCP_NODELAY = const(1)

# CPython: its sockets have other methods, and need no Guard.
_ON_COMPUTER = hasattr(socket.socket, "detach")

_BOTH = select.POLLIN | select.POLLOUT

# "Not now": EAGAIN, and CPython's SSLWantReadError and SSLWantWriteError.
_NOT_NOW = (errno.EAGAIN, 2, 3)


class ClosedError(OSError):
    """The peer has closed or reset the connection."""


class Connection:
    """A connection to `host` (text) and `port` (int), with TLS if a `context` is given.

    `timeout_ms` bounds connecting. `progress(sent)`, or None, is called when the name is
    found, between slices, and ten times a second while waiting, with the bytes of the body
    sent so far; less than 0 before the head is sent.

    Raises OSError, among them trust.CertificateError.
    """

    def __init__(self, host, port, context, timeout_ms, progress):
        self.sent = -1
        self.timeout_ms = timeout_ms
        self._progress = progress
        self._asked = False
        error = OSError(errno.EHOSTUNREACH)
        addresses = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        self.advanced(0)  # to find the name may have taken as long as connecting will
        for address in addresses[:_ADDRESSES]:
            try:
                self._open(address, context, host)
                break
            except trust.CertificateError:
                raise
            except OSError as e:
                error = e
        else:
            raise error
        self._mask = select.POLLIN
        # The plain socket, below TLS: MicroPython asks a TLS socket for news once in a ms.
        # What TLS holds back is no matter: receive() takes it out before it waits.
        poller = select.poll()
        poller.register(self._raw, self._mask)
        self._poller = poller
        # MicroPython's ipoll is poll without a new list each time.
        self._poll = getattr(poller, "ipoll", poller.poll)
        self._recv = getattr(self._sock, "recv", None) or self._recv_bytewise
        self._write = self._send_part if _ON_COMPUTER else self._sock.write

    def _open(self, address, context, host):
        raw = socket.socket(address[0], socket.SOCK_STREAM, address[2])
        done = False
        try:
            raw.settimeout(self.timeout_ms / 1000)
            raw.connect(address[-1])
            _no_delay(raw)
            sock = raw
            self._guard = None
            if context is not None:
                if not _ON_COMPUTER:
                    self._guard = Guard(raw)
                sock = trust.wrap(context, self._guard or raw, host)
                if self._guard is not None:
                    self._guard.arm()
            # CPython's TLS socket takes the plain one's place; MicroPython's stands upon it.
            self._raw = sock if hasattr(sock, "settimeout") else raw
            self._raw.setblocking(False)
            self._sock = sock
            done = True
        finally:
            if not done:
                raw.close()

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

    def _standstill(self, give_up):
        deadline = self.deadline()
        if give_up is not None and ticks_diff(deadline, give_up) > 0:
            return give_up
        return deadline

    def advanced(self, sent):
        """Count `sent` more bytes of body and run the callback."""
        self.sent += sent
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
            self.advanced(0)

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
    try:
        sock.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
    except (OSError, ValueError):
        # A port without it sends small packets later, and that is all.
        pass
