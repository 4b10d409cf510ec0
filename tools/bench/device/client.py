# One contestant under MicroPython: micropython client.py NAME URL CA PICTURE
#
# Reads a number from stdin, makes so many uploads, prints what each took in microseconds;
# ends with its input.

import json
import sys
from time import ticks_diff, ticks_us

HEADERS = {
    "Content-Type": "application/octet-stream",
    "Region": "demo",
    "Project-Key": "demo-project-key",
}
_PIECE = 16384


def main(name, url, ca, picture):
    """Make uploads until the input ends."""
    with open(picture, "rb") as file:
        upload = CONTESTANTS[name](url, ca, file.read())
    before = None
    if isinstance(upload, tuple):
        before, upload = upload  # what is not to be timed
        before()
    upload()
    print("ready")
    for line in sys.stdin:
        took = []
        for _ in range(int(line)):
            if before is not None:
                before()
            start = ticks_us()
            upload()
            took.append(ticks_diff(ticks_us(), start))
        print(json.dumps(took))


def kept(url, ca, picture):
    """Ours, as the app uses it: the connection kept, the server verified."""
    uploader, _ = uploader_for(url, ca)
    return lambda: uploader.upload(picture)


def first(url, ca, picture):
    """Ours with a new connection for each picture."""
    uploader, session = uploader_for(url, ca)
    return session.close, lambda: uploader.upload(picture)


def stock(url, ca, picture):
    """The `requests` frozen into MicroPython, as the boards' examples use it."""
    import requests

    url = path(url)

    def upload():
        answer = requests.post(url, data=picture, headers=HEADERS)
        assert answer.json()["result"] == 1
        answer.close()

    return upload


def floor(url, ca, picture):
    """A bare loop on a kept socket: the same bytes out, the same answer in, no questions."""
    sock = _connect(url, _context(ca))
    head = _head(url, len(picture))
    view = memoryview(picture)
    return lambda: _bare(sock, head, view)


def floor_first(url, ca, picture):
    """The same with a new connection for each picture, verified."""
    context = _context(ca)
    head = _head(url, len(picture))
    view = memoryview(picture)
    open_socks = []

    def close():
        while open_socks:
            open_socks.pop().close()

    def upload():
        sock = _connect(url, context)
        open_socks.append(sock)
        _bare(sock, head, view)

    return close, upload


def _bare(sock, head, view):
    sock.write(head)
    at = 0
    while at < len(view):
        at += sock.write(view[at : at + _PIECE])
    assert sock.recv(512)


def loop(url, ca, picture):
    """An asyncio client on a kept connection, from open_connection()."""
    import asyncio

    scheme, host, port = parts(url)
    head = _head(url, len(picture))
    view = memoryview(picture)

    async def opened():
        context = _context(ca) if scheme == "https" else None
        return await asyncio.open_connection(host, port, ssl=context, server_hostname=host)

    reader, writer = asyncio.run(opened())
    return _over_streams(head, view, reader, writer)


def loop_nodelay(url, ca, picture):
    """The same, over a socket with TCP_NODELAY, which open_connection() does not set."""
    import asyncio

    sock = _connect(url, _context(ca))
    sock.setblocking(False)
    stream = asyncio.StreamReader(sock)
    return _over_streams(_head(url, len(picture)), memoryview(picture), stream, stream)


def _over_streams(head, view, reader, writer):
    import asyncio

    async def post():
        writer.write(head)
        await writer.drain()
        at = 0
        while at < len(view):
            writer.write(view[at : at + _PIECE])
            await writer.drain()
            at += _PIECE
        assert await reader.read(512)

    return lambda: asyncio.run(post())


def parts(url):
    """Return scheme, host and port of `url`."""
    scheme, _, rest = url.partition("://")
    host, _, port = rest.partition(":")
    return scheme, host, int(port)


def path(url):
    """Return the whole URL of the upload."""
    return url + "/device/v1/demo-camera/image/image"


def uploader_for(url, ca):
    """Return an Uploader over a Session for `url`, and that Session."""
    from thingscam.cloud.uploader import Uploader
    from thingscam.http.session import Session

    settings = settings_for(url)
    session = Session(ca if url.startswith("https:") else None)
    return Uploader(settings, session), session


def settings_for(url):
    """Return the configuration of a board that sends to `url`."""
    from thingscam.config import config

    cloud = {
        "endpoint": url,
        "access_token": "demo-camera",
        "identifier": "image",
        "project_key": "demo-project-key",
        "region": "demo",
    }
    return config.parse(json.dumps({"cloud": cloud}).encode())


def _head(url, length):
    # What Session writes, to the byte.
    lines = [
        "POST /device/v1/demo-camera/image/image HTTP/1.1",
        "Host: " + url.partition("://")[2],
        "Content-Length: %d" % length,
    ]
    lines += [name + ": " + value for name, value in HEADERS.items()] + ["\r\n"]
    return "\r\n".join(lines).encode()


def _connect(url, context):
    import socket

    scheme, host, port = parts(url)
    sock = socket.socket()
    sock.connect(socket.getaddrinfo(host, port)[0][-1])
    sock.setsockopt(6, 1, 1)  # TCP_NODELAY
    if scheme == "https":
        sock = context.wrap_socket(sock, server_hostname=host)
    return sock


def _context(ca):
    import tls

    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    context.verify_mode = tls.CERT_REQUIRED
    with open(ca, "rb") as file:
        context.load_verify_locations(file.read())
    return context


CONTESTANTS = {
    "kept": kept,
    "first": first,
    "stock": stock,
    "floor": floor,
    "floor_first": floor_first,
    "asyncio": loop,
    "asyncio_nodelay": loop_nodelay,
}

if __name__ == "__main__":
    main(*sys.argv[1:])
