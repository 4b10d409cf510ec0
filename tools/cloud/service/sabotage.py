# Plays a fault: does to one request, on its socket, what faults.py says.

import asyncio
import gzip
import random

from aiohttp import web

from . import wire
from .answers import refused
from .faults import BODY
from .rules import RefusedError

# What others answer in the service's place: text, media type.
_PAGES = {
    "portal": (
        "<!DOCTYPE html><html><head><title>Welcome</title></head>"
        "<body><h1>Please accept the terms of use</h1></body></html>",
        "text/html",
    ),
    "firewall": (
        "<html><head><title>Web Page Blocked</title></head><body><h1>Access denied</h1>"
        "<p>The content was classified as: malware. Contact your administrator.</p></body></html>",
        "text/html",
    ),
    "gateway": (
        "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center>"
        "<h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>",
        "text/html",
    ),
    "xml": (
        '<?xml version="1.0" encoding="UTF-8"?><Result><ok>1</ok></Result>',
        "application/xml",
    ),
    "text": ("OK", "text/plain"),
}


async def play(fault, request, upload, judge, journal):
    """Answer `request` with `fault` (a Fault) and return what aiohttp is to be given.

    `judge` is called without arguments for the service's own answer, where the fault
    leaves it to the service; `journal` is told of the answers that are made here.
    Raises ConnectionError when the client goes away.
    """
    await asyncio.sleep(fault.delay.get("before_read", 0))
    if fault.early is not None:
        response = refused(fault.early, fault.status)
        journal.answers(upload, response.status, fault.early)
    elif fault.reset_after is not None:
        await wire.read_up_to(request, fault.reset_after, upload)
        wire.reset(request)
        return wire.AlreadySent()
    elif fault.judged:
        response = await judge()
    else:
        await _read(request, upload)
        response = _replacement(fault)
        if fault.errcode is not None:
            journal.answers(upload, response.status, fault.errcode)
        elif fault.html or fault.redirect:
            upload.status = response.status
    await asyncio.sleep(fault.delay.get("before_answer", 0))
    if fault.unanswered:
        return await _leave(fault, request)
    if not fault.spoils:
        return await wire.answer(request, response, upload)
    return await _send_spoiled(fault, request, response)


async def _read(request, upload):
    try:
        await wire.read_body(request, upload)
    except RefusedError:
        await wire.drain(request, upload)


def _replacement(fault):
    if fault.errcode is not None:
        return refused(fault.errcode, fault.status)
    if fault.redirect is not None:
        return web.Response(status=fault.status or 302, headers={"Location": fault.redirect})
    text, kind = _PAGES[fault.html if isinstance(fault.html, str) else "portal"]
    return web.Response(status=fault.status or 200, text=text, content_type=kind)


async def _leave(fault, request):
    if fault.unanswered == "hold":
        await wire.hold_until_gone(request)
    else:
        await wire.drain(request)
        wire.close(request)
    return wire.AlreadySent()


async def _send_spoiled(fault, request, response):
    head, body = _bytes(fault, response)
    if fault.cut is not None:
        head, body = head[: fault.cut], body[: max(fault.cut - len(head), 0)]
    if BODY in fault.delay:
        await _send(request, head, fault.slow)
        await asyncio.sleep(fault.delay[BODY])
        head = b""
    await _send(request, head + body, fault.slow)
    if fault.early is None:
        await wire.drain(request)
    if not fault.closes:
        return wire.AlreadySent(keep=request.keep_alive)
    wire.close(request)
    return wire.AlreadySent()


def _bytes(fault, response):
    if fault.raw is not None:
        return fault.raw.encode("latin-1"), b""
    if fault.garbage is not None:
        return random.Random(fault.garbage).randbytes(fault.garbage), b""
    body = response.body or b""
    headers = dict(response.headers)
    if fault.gzip:
        body = gzip.compress(body, mtime=0)
        headers["Content-Encoding"] = "gzip"
    headers = {
        **headers,
        "Content-Length": str(max(len(body) + (fault.content_length or 0), 0)),
    }
    lines = [f"HTTP/1.1 {response.status} {response.reason}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n", body


async def _send(request, data, byte_seconds):
    step = 1 if byte_seconds else max(len(data), 1)
    for start in range(0, len(data), step):
        if wire.gone(request):
            return
        request.transport.write(data[start : start + step])
        await asyncio.sleep(byte_seconds or 0)
