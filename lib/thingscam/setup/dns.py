# A name server for the access point: every name is this board, so that phones open its page.

import socket

from thingscam.util.compat import const

_MOST = const(4)  # questions answered a turn
_BYTES = const(512)  # of a question: RFC 1035, 2.3.4
_HEAD = const(12)
_TTL = b"\0\0\0\0"  # nobody is to keep it: the names are others' again in ten minutes
_A = b"\0\1\0\1"  # type A, class IN


class Dns:
    """Answers at (`host`, `port`); `address`, a text, is what it tells for every name."""

    def __init__(self, host, port, address):
        self._record = b"\xc0\x0c" + _A + _TTL + b"\0\4" + bytes(map(int, address.split(".")))
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._sock.setblocking(False)
            self._sock.bind(socket.getaddrinfo(host, port)[0][-1])
        except OSError:
            self._sock.close()
            raise

    def step(self):
        """Answer what was asked, a few questions at most."""
        for _ in range(_MOST):
            try:
                question, sender = self._sock.recvfrom(_BYTES)
            except OSError:
                return  # nothing there
            answer = self._answer(question)
            if answer is not None:
                try:
                    self._sock.sendto(answer, sender)
                except OSError:
                    pass  # it asks again

    def close(self):
        """Answer no more."""
        self._sock.close()

    def _answer(self, question):
        # None for what is no question to a name server.
        if len(question) < _HEAD or question[2] & 0xF8 or question[4:6] != b"\0\1":
            return None
        end = _HEAD
        while end < len(question) and question[end]:
            if question[end] > 63:
                return None
            end += question[end] + 1
        kind = question[end + 1 : end + 5]
        if len(kind) < 4:
            return None
        # To a question for another type than A: there is such a name, and nothing of that type.
        known = kind == _A
        flags = bytes((0x84 | question[2] & 1, 0))
        head = question[:2] + flags + b"\0\1" + bytes((0, known)) + b"\0\0\0\0"
        return head + question[_HEAD : end + 5] + (self._record if known else b"")
