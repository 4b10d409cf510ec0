# What the board's HTTP client asks of sockets and CPython lacks on Windows: poll(), and a
# connect() that tells how far it is.

import errno
import os
import select
import socket

_IN, _OUT, _ERR = 1, 4, 8
_BEGUN = (errno.EINPROGRESS, errno.EWOULDBLOCK)  # Linux and macOS; Windows


def install():
    """Give `select` poll() and its masks, and sockets the connect() of other systems."""
    found = {"POLLIN": _IN, "POLLOUT": _OUT, "POLLERR": _ERR, "POLLHUP": 16, "poll": Poll}
    for name, value in found.items():
        setattr(select, name, value)
    socket.socket = Socket


class Poll:
    """select.poll() by select.select(): for the few sockets of a program that sends a picture."""

    def __init__(self):
        self._masks = {}

    def register(self, fd, mask):
        """Watch `fd` (a socket's number) for the events in `mask`."""
        self._masks[fd] = mask

    modify = register

    def poll(self, ms=None):
        """Return [(fd, events)] of what happened within `ms`; [] when nothing did."""
        reading = [fd for fd, mask in self._masks.items() if mask & _IN]
        writing = [fd for fd, mask in self._masks.items() if mask & _OUT]
        # On Windows a connection that failed is there under the exceptions alone.
        found = select.select(reading, writing, writing, None if ms is None else ms / 1000)
        events = {}
        for fds, bits in zip(found, (_IN, _OUT, _OUT | _ERR), strict=True):
            for fd in fds:
                events[fd] = events.get(fd, 0) | bits
        return list(events.items())


class Socket(socket.socket):
    """A socket whose connect() and recv(), where they may not wait, raise what Linux's raise."""

    _begun = False

    def connect(self, address, /):
        """Begin to connect; called again, tell the outcome: EALREADY while there is none."""
        if self.gettimeout() != 0:
            super().connect(address)
            return
        if not self._begun:
            self._begun = True
            code = super().connect_ex(address)
            code = errno.EINPROGRESS if code in _BEGUN else code
        else:
            code = self.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not code and not select.select([], [self], [], 0)[1]:
                code = errno.EALREADY
        if code:
            raise OSError(code, os.strerror(code))

    def recv(self, size, flags=0, /):
        """Return what has come; raises EAGAIN, as only Windows calls it otherwise."""
        return _as_elsewhere(super().recv, size, flags)

    def send(self, data, flags=0, /):
        """Send what there is room for; raises EAGAIN when there is none."""
        return _as_elsewhere(super().send, data, flags)


def _as_elsewhere(call, *args):
    try:
        return call(*args)
    except BlockingIOError as e:
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)) from e
