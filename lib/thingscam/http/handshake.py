# Stands between TLS and its socket: a write that fails must not lose an answer that has come.

import errno
import io

from thingscam.util.compat import const

_FATAL = const(2)


class Guard(io.IOBase):
    """A stream for MicroPython's wrap_socket(), over the connected socket `sock`.

    A server that refuses early answers and resets the connection. The next write then
    fails, and once Mbed TLS has seen that it reads no more, though the answer has arrived.
    So after arm() a failed write only looks as if there were no room; `broken` tells.
    """

    def __init__(self, sock):
        self.sock = sock
        self.broken = False
        self.alert = None  # the number of the alert that ended the handshake
        self._armed = False

    def arm(self):
        """Hide failed writes from now on: the handshake is over."""
        self._armed = True

    # The stream protocol: None means "not now", a negative number an error.

    def write(self, data):
        try:
            return self.sock.write(data)
        except OSError as e:
            if not self._armed:
                return -(e.errno or errno.EIO)
            self.broken = True
            return None

    def readinto(self, data):
        try:
            count = self.sock.readinto(data)
            if count == 2 and not self._armed and data[0] == _FATAL:
                self.alert = data[1]  # Mbed TLS has one error for all of them
            return count
        except OSError as e:
            return -(e.errno or errno.EIO)

    def ioctl(self, _request, _argument):
        return 0  # closing and polling the socket is for who opened it
