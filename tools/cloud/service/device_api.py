# What devices talk to: the upload of a picture, and reading the attributes back.

import asyncio
import contextlib
import re

from aiohttp import web

from . import pictures, rules, sabotage, wire
from .answers import accepted, refused
from .journal import UPLOAD
from .rules import RefusedError

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?")


class DeviceApi:
    """The handlers of the paths under /device; its parts come from server.make_app."""

    def __init__(self, accounts, store, pace, faults, journal, clock):
        self._accounts = accounts
        self._store = store
        self._pace = pace
        self._faults = faults
        self._journal = journal
        self._clock = clock

    async def upload(self, request):
        """Answer POST /device/v1/<AccessToken>/<identifier>/image, with a fault if one waits."""
        arrived = self._clock()
        upload = request[UPLOAD] = self._journal.arrive(request, arrived)
        token = request.match_info["token"]
        body = b""
        if self._faults.wants_body(token):
            with contextlib.suppress(RefusedError, ConnectionError):
                body = await wire.read_body(request, upload)
        fault = self._faults.take(token, body)

        async def judge():
            return await self._judge(request, upload, arrived)

        try:
            if fault is None:
                return await wire.answer(request, await judge(), upload)
            upload.fault = fault.names()
            return await sabotage.play(fault, request, upload, judge, self._journal)
        except ConnectionError:
            return wire.AlreadySent()  # the client went away: nobody to answer

    async def attributes(self, request):
        """Answer GET /device/v1/<AccessToken>/attributes, as the service's device API does."""
        try:
            token = request.match_info["token"]
            device = rules.read_access(request.headers, token, self._accounts)
        except RefusedError as refusal:
            return refused(refusal.errcode)
        attributes = self._store.attributes(device.label)
        return web.json_response({"result": 1, "attributes": attributes})

    async def _judge(self, request, upload, arrived):
        """Return the service's answer to an upload request."""
        try:
            response = accepted(await self._accept(request, upload, arrived))
            self._journal.answers(upload, response.status)
        except RefusedError as refusal:
            response = refused(refusal.errcode)
            self._journal.answers(upload, response.status, refusal.errcode)
        return response

    async def _accept(self, request, upload, arrived):
        """Take an upload request through all rules; return the picture's URL.

        Raises RefusedError at the first broken one.
        """
        identifier = request.match_info["identifier"]
        token = request.match_info["token"]
        device = rules.admit(
            request.headers, token, identifier, self._accounts, self._pace, arrived
        )
        rules.check_length(request.content_length)
        body = await wire.read_body(request, upload)
        if not body:
            raise RefusedError(4003)
        try:
            # In a thread: a large picture must not hold up the other devices.
            picture = await asyncio.to_thread(pictures.judge, body)
        except pictures.PictureError as error:
            raise RefusedError(4004) from error
        upload.pixels = (picture.width, picture.height)
        try:
            upload.stored = self._store.keep(body, picture.ending, device.label)
            rules.check_report(device)
            url = f"{base_url(request)}/images/{upload.stored}"
            self._store.set_attribute(device.label, identifier, url)
        except OSError as error:
            raise RefusedError(5001) from error
        return url


def base_url(request):
    """Return the `http://HOST:PORT` by which the client reached us, from its Host header."""
    host = request.headers.get("Host", "")
    local = request.transport.get_extra_info("sockname") if request.transport else None
    address, port = local[:2] if local else ("localhost", 80)
    shown = f"[{address}]" if ":" in address else address
    # Some clients (urequests) leave the port out; a name may be a proxy's, an address is ours.
    if host == shown or not _HOST.fullmatch(host):
        host = f"{shown}:{port}"
    return f"{request.scheme}://{host}"
