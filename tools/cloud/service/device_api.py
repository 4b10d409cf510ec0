# What devices talk to: the upload of a picture, and their attributes and events; of apps the
# writing of attributes.

import asyncio
import contextlib
import re

from aiohttp import web

from . import faults, pictures, records, rules, sabotage, wire
from .answers import accepted, done, refused
from .journal import UPLOAD
from .rules import RefusedError

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?")


class DeviceApi:
    """The handlers of the paths under /device and /app/device; its parts come from
    server.make_app."""

    def __init__(self, accounts, store, limits, faults, journal, clock):
        self._accounts = accounts
        self._store = store
        self._records = store.records
        self._limits = limits
        self._faults = faults
        self._journal = journal
        self._clock = clock

    async def upload(self, request):
        """Answer POST /device/v1/<AccessToken>/<identifier>/image, with a fault if one waits."""
        return await self._serve(request, faults.IMAGE, self._accept)

    async def report(self, request):
        """Answer POST /device/v1/<AccessToken>/attributes: a message with attributes."""
        return await self._serve(request, faults.REPORT, self._report)

    async def read(self, request):
        """Answer GET /device/v1/<AccessToken>/attributes?keys=A,B; without keys: with all."""
        return await self._serve(request, faults.READ, self._read)

    async def event(self, request):
        """Answer POST /device/v1/<AccessToken>/event/report: a message with an event."""
        return await self._serve(request, faults.EVENT, self._event)

    async def write(self, request):
        """Answer PUT /app/device/v1/<AccessToken>/attributes: a person sets attributes."""
        return await self._serve(request, faults.WRITE, self._write)

    async def _serve(self, request, kind, accept):
        """Answer a request with a fault if one waits, else with what `accept` makes of it."""
        upload = request[UPLOAD] = self._journal.arrive(request, self._clock(), kind)
        token = request.match_info["token"]
        body = b""
        if self._faults.wants_body(token, kind):
            with contextlib.suppress(RefusedError, ConnectionError):
                body = await wire.read_body(request, upload)
        fault = self._faults.take(token, body, kind)

        async def judge():
            try:
                response = await accept(request, upload, fault)
                self._journal.answers(upload, response.status)
            except RefusedError as refusal:
                response = refused(refusal.errcode)
                self._journal.answers(upload, response.status, refusal.errcode)
            return response

        try:
            if fault is None:
                return await wire.answer(request, await judge(), upload)
            upload.fault = fault.names()
            return await sabotage.play(fault, request, upload, judge, self._journal)
        except ConnectionError:
            return wire.AlreadySent()  # the client went away: nobody to answer

    async def _accept(self, request, upload, fault):
        """Take an upload request through all rules; return the answer.

        Raises RefusedError at the first broken one.
        """
        identifier = request.match_info["identifier"]
        token = request.match_info["token"]
        device = rules.admit(
            request.headers,
            token,
            identifier,
            self._accounts,
            self._limits.pictures,
            upload.arrived,
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
            self._limits.check_picture(token, upload.arrived)
            url = f"{base_url(request)}/images/{upload.stored}"
            self._records.set(device.label, {identifier: url}, records.DEVICE)
        except OSError as error:
            raise RefusedError(5001) from error
        return accepted(url)

    async def _message(self, request, upload):
        """Return the Device that sent a message, and the message's body (bytes).

        Raises RefusedError.
        """
        token = request.match_info["token"]
        device = rules.known(request.headers, token, self._accounts)
        self._records.hear(device.label)
        self._limits.check_message(token, upload.arrived)
        rules.check_report(device)
        return device, await _body(request, upload)

    async def _report(self, request, upload, fault):
        device, body = await self._message(request, upload)
        self._set(device, rules.attributes_in(request.headers, body, device), records.DEVICE)
        return done()

    async def _event(self, request, upload, fault):
        device, body = await self._message(request, upload)
        method, params = rules.event_in(request.headers, body)
        try:
            self._records.tell(device.label, method, params)
        except OSError as error:
            raise RefusedError(5001) from error
        return done()

    async def _read(self, request, upload, fault):
        token = request.match_info["token"]
        device = rules.known(request.headers, token, self._accounts)
        self._records.hear(device.label, asks=True)
        found = self._records.attributes(device.label)
        if "keys" in request.query:
            keys = request.query["keys"].split(",")
            found = {key: found[key] for key in keys if key in found}
        shape = fault.shape if fault else None
        if shape == faults.TOP:
            return web.json_response(found)
        return done(**{shape or "attributes": found})

    async def _write(self, request, upload, fault):
        device = rules.known(request.headers, request.match_info["token"], self._accounts)
        body = await _body(request, upload)
        self._set(device, rules.attributes_in(request.headers, body, device), records.PERSON)
        return done()

    def _set(self, device, values, by):
        if len({*self._records.attributes(device.label), *values}) > rules.MOST_ATTRIBUTES:
            raise RefusedError(402)
        try:
            self._records.set(device.label, values, by)
        except OSError as error:
            raise RefusedError(5001) from error


async def _body(request, upload):
    try:
        body = await wire.read_body(request, upload, rules.MESSAGE_BYTES)
    except RefusedError as error:
        raise RefusedError(402) from error
    if len(body) > rules.MESSAGE_BYTES:  # read before, for a fault
        raise RefusedError(402)
    return body


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
