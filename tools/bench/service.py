# The server that every contestant of the benchmark sends to: takes all, answers at once.
#
# A process of its own, `python -m tools.bench.service FOLDER`, so that it has a core to
# itself: plain and TLS, one thread a connection, nothing looked at but the length. It
# keeps when the first byte of each connection came.

import contextlib
import json
import pathlib
import re
import socket
import ssl
import sys
import threading
import time

import trustme

_BUFFER = 1 << 20
_BODY = b'{"result": 1, "image_url": "https://images.example/demo-camera/20260101T000000.jpg"}'
_HEAD = (
    "HTTP/1.1 200 OK\r\nServer: bench\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
    "Content-Type: application/json; charset=utf-8\r\nContent-Length: {}\r\n"
    "Connection: {}\r\n\r\n"
)
_ANSWERS = {
    keep: _HEAD.format(len(_BODY), "keep-alive" if keep else "close").encode() + _BODY
    for keep in (True, False)
}


def main(folder):
    """Write ca.der and ca.pem into `folder`, print the ports as JSON, serve until ended."""
    ca = trustme.CA()
    (folder / "ca.der").write_bytes(ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode()))
    (folder / "ca.pem").write_bytes(ca.cert_pem.bytes())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("localhost", "127.0.0.1").configure_cert(context)
    told = {}
    first_bytes = []
    for name, wrapped in (("http", None), ("https", context)):
        listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        told[name] = listener.getsockname()[1]
        _spawn(_accept, listener, wrapped, first_bytes)
    print(json.dumps(told), flush=True)
    # Each line asks for what came since the last one.
    for _ in sys.stdin:
        print(json.dumps(first_bytes), flush=True)
        first_bytes.clear()


def _accept(listener, context, first_bytes):
    while True:
        sock, _ = listener.accept()
        _spawn(_serve, sock, context, first_bytes)


def _serve(sock, context, first_bytes):
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
        stack.callback(sock.close)
        if context is not None:
            sock = context.wrap_socket(sock, server_side=True)
            stack.callback(sock.close)
        view = memoryview(bytearray(_BUFFER))
        first = True
        while (keep := _request(sock, view, first_bytes if first else None)) is not None:
            first = False
            sock.sendall(_ANSWERS[keep])
            if not keep:
                return


def _request(sock, view, first_bytes):
    # Reads one request; returns whether the connection is kept, None at its end.
    have = end = 0
    while not end:
        count = sock.recv_into(view[have:])
        if not count:
            return None
        if first_bytes is not None and not have:
            first_bytes.append(time.time_ns())
        have += count
        end = view.obj.find(b"\r\n\r\n", 0, have) + 1
    head = bytes(view[: end + 3])
    end += 3
    keep = b" HTTP/1.1\r\n" in head and b"connection: close" not in head.lower()
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    if length is None:
        return _chunks(sock, view, end, have, keep)
    left = int(length[1]) - (have - end)
    while left:
        count = sock.recv_into(view, min(left, _BUFFER))
        if not count:
            return None
        left -= count
    return keep


def _chunks(sock, view, start, have, keep):
    # Bodies in chunks end with an empty one; pictures here never hold these five bytes.
    while bytes(view[max(start, have - 5) : have]) != b"0\r\n\r\n":
        count = sock.recv_into(view[have:])
        if not count:
            return None
        have += count
    return keep


def _spawn(target, *args):
    threading.Thread(target=target, args=args, daemon=True).start()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
