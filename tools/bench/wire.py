# What goes over the wire beyond the picture, counted by a proxy: bytes, segments, TLS records.

import contextlib
import socket
import struct
import threading

from . import world
from .world import Row

# Of Linux' struct tcp_info: tcpi_data_segs_in, what came with data in it.
_DATA_SEGMENTS_IN = (152, "I")
_SEGMENT = 1440  # bytes, as over Wi-Fi
_APPLICATION_DATA = 23
_UPLOADS = 3


class Proxy:
    """Passes connections on to a port of this machine and counts what the client sends.

    `bytes`, `segments` (with data, at most 1440 bytes each), `records` of TLS, and the
    `pictures` among these: application data.
    """

    def __init__(self, port):
        self._port = port
        self._lock = threading.Lock()
        self._pending = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self._listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, _SEGMENT)
        self.port = self._listener.getsockname()[1]
        self._open = {}
        self.reset()
        threading.Thread(target=self._accept, daemon=True).start()

    def reset(self):
        """Count from zero."""
        with self._lock:
            self.bytes = self._segments = self.records = self.application_records = 0
            self.connections = 0
            self._begun = {sock: _segments(sock) for sock in self._open}

    @property
    def segments(self):
        """Segments with data that the client has sent since reset()."""
        with self._lock:
            now = sum(_segments(sock) - self._begun.get(sock, 0) for sock in self._open)
            return self._segments + now

    def close(self):
        """Stop listening."""
        self._listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self._listener.accept()
                with self._lock:
                    self.connections += 1
                    self._open[sock] = True
                threading.Thread(target=self._pass_on, args=(sock,), daemon=True).start()

    def _pass_on(self, sock):
        upstream = socket.create_connection(("127.0.0.1", self._port))
        for end in (sock, upstream):
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_pump, args=(upstream, sock, None), daemon=True)
        back.start()
        _pump(sock, upstream, _Records(self))
        with self._lock:
            self._segments += _segments(sock) - self._begun.pop(sock, 0)
            del self._open[sock]
        back.join(5)
        sock.close()
        upstream.close()

    def count(self, size, records, application):
        """Add what has come."""
        with self._lock:
            self.bytes += size
            self.records += records
            self.application_records += application


class _Records:
    # Follows the record headers in what the client sends: type, version, length.

    def __init__(self, proxy):
        self._proxy = proxy
        self._head = b""
        self._left = 0
        self._plain = None

    def take(self, data):
        size, at, records, application = len(data), 0, 0, 0
        if self._plain is None:
            self._plain = data[:1] != b"\x16"  # a handshake comes first
        while not self._plain and at < size:
            if self._left:
                step = min(self._left, size - at)
                self._left -= step
                at += step
                continue
            step = min(5 - len(self._head), size - at)
            self._head += data[at : at + step]
            at += step
            if len(self._head) == 5:
                kind, _, self._left = struct.unpack(">BHH", self._head)
                self._head = b""
                records += 1
                application += kind == _APPLICATION_DATA
        self._proxy.count(size, records, application)


def measure(bench):
    """Return the rows: for one upload, ours on a kept connection and stock's."""
    rows = []
    for scheme in ("http", "https"):
        for size, source in (("60 KB", "memory"), ("500 KB", "memory"), ("500 KB", "outbox")):
            mine = count(bench, "ours", scheme, size, source)
            other = count(bench, "stock", scheme, size, "memory")
            names = ["bytes", "segments"] + (["TLS records"] if scheme == "https" else [])
            keys = ["bytes", "segments", "records"][: len(names)]
            rows.append(
                Row(
                    "on the wire beyond {} from {}, {}: {}".format(
                        size, source, scheme, ", ".join(names)
                    ),
                    ", ".join("{:,}".format(mine[key]) for key in keys),
                    "stock requests, from memory",
                    ", ".join("{:,}".format(other[key]) for key in keys),
                    other["bytes"] / mine["bytes"],
                    "fewer",
                    all(mine[key] < other[key] for key in keys),
                )
            )
    return rows


def count(bench, name, scheme, size, source):
    """Return what one upload sends beyond the picture: bytes, segments, records, connections.

    Beyond the picture's own least: its bytes, and the segments of 1440 bytes these fill.
    `writes` are the records of application data, or 0 over plain HTTP.
    """
    proxy = Proxy(bench.ports[scheme])
    picture = bench.picture(size)
    args = [name, "{}://127.0.0.1:{}".format(scheme, proxy.port), bench.ca, picture, source]
    command = world.command("stepwise.py", *args, heap="4M")
    found = []
    with world.Child(command, world.environment()) as child:
        for _ in range(1 + _UPLOADS):
            proxy.reset()
            child.ask("")
            found.append(_found(proxy, world.SIZES[size]))
    proxy.close()
    # The first one opened the connection that is kept.
    return sorted(found[1:], key=lambda each: each["segments"])[_UPLOADS // 2]


def _found(proxy, size):
    return {
        "bytes": proxy.bytes - size,
        "segments": proxy.segments - -(-size // _SEGMENT),
        "records": proxy.records,
        "writes": proxy.application_records,
        "connections": proxy.connections,
    }


def _pump(source, target, records):
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 18):
            if records is not None:
                records.take(data)
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _segments(sock):
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 256)
    at, kind = _DATA_SEGMENTS_IN
    return struct.unpack_from(kind, info, at)[0]
