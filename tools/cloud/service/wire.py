# What happens on the socket itself: reading bodies, draining them, closing, resetting.

import asyncio
import os
import socket
import struct

from aiohttp import web

from .rules import LIMIT_BYTES, RefusedError

# How long to wait for more of a body.
BODY_SECONDS = 30

# How much of a refused body is taken in, so that a client which reads only after it has
# sent everything still finds its answer.
DRAIN_BYTES = 16_000_000
DRAIN_SECONDS = 5

_CHUNK = 16384

BODY = web.RequestKey("body", bytes)


class AlreadySent(web.StreamResponse):
    """Given to aiohttp in place of an answer that went to the socket another way.

    `keep`: the connection stays open for the next request.
    """

    def __init__(self, keep=False):
        super().__init__()
        self._keep = keep

    @property
    def keep_alive(self):
        return self._keep

    async def prepare(self, request):
        return None

    async def write_eof(self, data=b""):
        pass


async def read_body(request, upload, most=LIMIT_BYTES):
    """Read the whole body of `request` and return it as bytes; note it in `upload`.

    `most` is how many bytes it may have. Raises RefusedError 4005 as soon as it is too large,
    4003 when it stops coming (broken framing looks the same from here), and ConnectionError
    when the client goes away.
    """
    if BODY in request:  # somebody has looked at it before
        return request[BODY]
    if _awaits_go_ahead(request) and not gone(request):
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_SECONDS) as waiting:
            while piece := await request.content.readany():
                upload.bytes += len(piece)
                body += piece
                if len(body) > most:
                    raise RefusedError(4005)
                waiting.reschedule(asyncio.get_running_loop().time() + BODY_SECONDS)
    except (web.RequestPayloadError, TimeoutError) as error:
        raise RefusedError(4003) from error
    upload.read_whole(body)
    request[BODY] = bytes(body)
    return request[BODY]


async def read_up_to(request, count, upload=None):
    """Read `count` bytes of the body, fewer if it ends before; count them in `upload`."""
    while count > 0:
        piece = await request.content.read(min(count, _CHUNK))
        if not piece:
            return
        if upload:
            upload.bytes += len(piece)
        count -= len(piece)


async def answer(request, response, upload=None):
    """Send `response` (web.Response) at once, even if the body is not read, and return it.

    What is left of the body is then thrown away; when there is too much of it, or it does
    not come, the connection will be closed.
    """
    if not request.content.at_eof() and (
        _awaits_go_ahead(request) or (request.content_length or 0) > DRAIN_BYTES
    ):
        response.force_close()
    await response.prepare(request)
    await response.write_eof()
    if not await drain(request, upload):
        response.force_close()
    return response


async def drain(request, upload=None):
    """Throw away what is left of the body, within bounds; return whether that was all."""
    if request.content.at_eof():
        return True
    try:
        async with asyncio.timeout(DRAIN_SECONDS):
            await read_up_to(request, DRAIN_BYTES, upload)
    except (TimeoutError, ConnectionError, web.RequestPayloadError):
        return False
    return request.content.at_eof()


def _awaits_go_ahead(request):
    return request.headers.get("Expect", "").lower() == "100-continue"


def gone(request):
    """Return whether the connection is closed, by the client or by us."""
    return request.transport is None or request.transport.is_closing()


async def hold_until_gone(request):
    """Wait, saying nothing, until the client closes the connection."""
    while not gone(request):
        await asyncio.sleep(0.02)


def close(request):
    """Close the connection behind what was written; unread data makes it a reset."""
    if not gone(request):
        request.transport.close()


def reset(request):
    """Reset the connection (RST) at once."""
    if gone(request):
        return
    # On, for 0 seconds: close means reset.
    linger = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)
    request.transport.get_extra_info("socket").setsockopt(
        socket.SOL_SOCKET, socket.SO_LINGER, linger
    )
    request.transport.abort()
