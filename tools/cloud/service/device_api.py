# What devices talk to: the upload of a picture, and their attributes and events; of apps the
# writing of attributes.

import asyncio
import contextlib
import logging
import re
from dataclasses import dataclass

from aiohttp import web

from .. import index
from ..index import DEVICE, PERSON, AccountError, Ask, DuplicateError, UnavailableError
from ..objects import SettingError, StorageError
from . import faults, pictures, rules, sabotage, wire
from .answers import accepted, done, refused
from .journal import UPLOAD, Message
from .rules import RefusedError
from .store import KeptError, settled

_HOST = re.compile(r"([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:\d{1,5})?")
_logger = logging.getLogger("tools.cloud")


@dataclass(frozen=True)
class Limits:
    """How often a device may send: the least seconds between two pictures, and two messages;
    how many messages a day has (0: no limit), and whether pictures wait as messages do."""

    interval: float
    message_interval: float
    daily_messages: int
    pictures_as_messages: bool


async def in_thread(data):
    """Judge a picture as pictures.judge does, in a thread: it must not hold up other devices."""
    return await asyncio.to_thread(pictures.judge, data)


class DeviceApi:
    """The handlers of the paths under /device and /app/device; its parts come from
    server.make_app.

    `judge` is as in_thread; `clock` returns the seconds that the paces go by (None: those of
    the index), `date` those since 1970 that days are counted by (None likewise).
    """

    def __init__(self, store, limits, faults, journal, judge, clock, date):
        self._store = store
        self._projects = store.index.projects
        self._records = store.index.records
        self._limits = limits
        self._faults = faults
        self._journal = journal
        self._judge = judge
        self._clock = clock
        self._date = date

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
        upload = request[UPLOAD] = self._journal.arrive(request, kind)
        token = request.match_info["token"]
        body = b""
        if self._faults.wants_body(token, kind):
            with contextlib.suppress(RefusedError, ConnectionError):
                body = await wire.read_body(request, upload)
        fault = self._faults.take(token, body, kind)

        async def judge():
            try:
                response = await self._accepted(accept(request, upload, fault), upload)
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

    async def _accepted(self, answering, upload):
        """Return the answer; what hinders us becomes an errcode, and its reason is logged."""
        try:
            return await answering
        except SettingError as error:
            errcode = 1023
            reason = error
        except (UnavailableError, StorageError, DuplicateError, pictures.UnjudgedError) as error:
            errcode = 5001
            reason = error
        except AccountError as error:  # it was taken away just now
            raise RefusedError(401 if isinstance(upload, Message) else 1480) from error
        _logger.error("%s: errcode %d: %s", upload.device or "a device", errcode, reason)
        raise RefusedError(errcode) from reason

    async def _accept(self, request, upload, fault):
        """Take an upload request through all rules; return the answer.

        Raises RefusedError at the first broken one.
        """
        identifier = request.match_info["identifier"]
        region, key = rules.check_head(request.headers)
        arrived = self._arrived(upload)
        # In a header's text there may be bytes that are no UTF-8: of no region's name.
        region = region.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        token = request.match_info["token"]
        ask = Ask(region, key, token, identifier, self._limits.interval, arrived)
        device = await settled(self._projects.admit(ask))
        upload.device = device.name
        rules.check_length(request.content_length)
        body = await wire.read_body(request, upload)
        if not body:
            raise RefusedError(4003)
        try:
            picture = await self._judge(body)
        except pictures.PictureError as error:
            raise RefusedError(4004) from error
        upload.pixels = (picture.width, picture.height)
        known = {
            "sha256": upload.sha256,
            "identifier": identifier,
            "message": self._message_at(arrived),
            "paced": self._limits.pictures_as_messages,
        }
        return accepted(await self._keep(body, picture, device, base_url(request), known, upload))

    async def _keep(self, body, picture, device, base, known, upload):
        """Keep a picture; return its URL. Raises RefusedError."""
        try:
            upload.stored, url = await self._store.keep(
                body, picture, device, lambda name: f"{base}/images/{name}", **known
            )
            return url
        except KeptError as error:
            upload.stored = error.name
            raise RefusedError(error.errcode) from error

    def _arrived(self, upload):
        return None if self._clock is None else upload.arrived

    def _message_at(self, arrived):
        return index.Message(
            self._limits.message_interval,
            self._limits.daily_messages,
            arrived,
            None if self._date is None else self._date(),
        )

    async def _known(self, request, upload):
        key = request.headers.get("Project-Key", "")
        token = request.match_info["token"]
        device = await self._store.ask(self._projects.known, key, token)
        upload.device = device.name
        return device

    async def _message(self, request, upload, read):
        """Return the Device that sent a message, what `read(headers, body, device)` says that it
        is, and the Message that limits it. Raises RefusedError."""
        device = await self._known(request, upload)
        message = self._message_at(self._arrived(upload))
        try:
            found = read(request.headers, await _body(request, upload), device)
        except RefusedError:
            # It is a message all the same, and refused as one first.
            await settled(self._records.set(device.label, {}, DEVICE, message))
            raise
        return device, found, message

    async def _report(self, request, upload, fault):
        device, values, message = await self._message(request, upload, rules.attributes_in)
        await settled(self._records.set(device.label, values, DEVICE, message))
        return done()

    async def _event(self, request, upload, fault):
        device, event, message = await self._message(request, upload, rules.event_in)
        await settled(self._records.tell(device.label, *event, message))
        return done()

    async def _read(self, request, upload, fault):
        device = await self._known(request, upload)
        with contextlib.suppress(UnavailableError):  # what can be read is told
            await settled(self._records.hear(device.label, asks=True))
        found = await self._store.ask(self._records.attributes, device.label)
        if "keys" in request.query:
            keys = request.query["keys"].split(",")
            found = {key: found[key] for key in keys if key in found}
        shape = fault.shape if fault else None
        if shape == faults.TOP:
            return web.json_response(found)
        return done(**{shape or "attributes": found})

    async def _write(self, request, upload, fault):
        device = await self._known(request, upload)
        body = await _body(request, upload)
        values = rules.attributes_in(request.headers, body, device)
        await settled(self._records.set(device.label, values, PERSON))
        return done()


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
