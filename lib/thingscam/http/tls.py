# TLS: the handshake, and the stream between TLS and its socket.

import io

from thingscam.http import NOT_NOW
from thingscam.util.compat import const, unload

_FATAL = const(2)  # level of an alert, RFC 8446


class HandshakeStream(io.IOBase):
    """Stands between MicroPython's TLS and the connected socket `sock`.

    Mbed TLS has one error for all alerts: `alert` is the number of that which ended the
    handshake, or None. A server that refuses early responds and resets the connection; once
    Mbed TLS has seen a write fail it reads no more, though the response has arrived. So when
    the handshake is over `broken` is set to False, and a write that fails then sets it to True
    and only looks as if there were no room.
    """

    def __init__(self, sock):
        self._sock = sock
        self.alert = self.broken = None

    # The stream protocol: None means "not now", a negative number an error.

    def write(self, data):
        try:
            return self._sock.write(data)
        except OSError as e:
            if self.broken is None:
                return -e.errno  # pyright: ignore
            self.broken = True

    def readinto(self, data):
        try:
            count = self._sock.readinto(data)
            if count == 2 and self.broken is None and data[0] == _FATAL:
                self.alert = data[1]
            return count
        except OSError as e:
            return -e.errno  # pyright: ignore

    def ioctl(self, _request, _argument):
        return 0  # closing and polling the socket is for who opened it


def wrap(context, sock, host):
    """Return a TLS socket over the connected socket `sock`, and the HandshakeStream between.

    On a computer that is None. shake_hands() comes next; closing `sock` is the caller's.

    Raises as shake_hands() does.
    """
    stream = None if hasattr(context, "load_default_certs") else HandshakeStream(sock)
    try:
        secured = context.wrap_socket(
            stream or sock, server_hostname=host, do_handshake_on_connect=False
        )
    except (ValueError, OSError) as e:
        raise _explained(e, host, None)
    return secured, stream


def shake_hands(sock, stream, first, host):
    """Do what of the handshake can be done now; return None when it is not over.

    Then how many of the bytes `first` were sent: MicroPython has no other way to shake hands
    than to write. None of them go to a server that is not trusted. `sock` and `stream` are
    those of wrap().

    Raises CertificateError when the certificate is not for `host`, not from the CA, or
    not valid now, TlsError when there is no TLS in common; MemoryError when memory is too
    short; HttpError when the connection fails.
    """
    try:
        if hasattr(sock, "do_handshake"):
            sock.do_handshake()
            return 0
        taken = sock.write(first)
    except (ValueError, OSError) as e:
        if getattr(e, "errno", None) in NOT_NOW:
            return None
        raise _explained(e, host, stream)
    if taken is not None and stream is not None:
        stream.broken = False
    return taken


def _explained(e, host, stream):
    from thingscam.http.tls_errors import explained

    found = explained(e, host, stream and stream.alert)
    unload("http.tls_errors")
    return found
