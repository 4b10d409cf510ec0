# The pages about cameras: all of them in one table, and each with report, events and settings.

import asyncio
import pathlib
import re
import string
import time
from html import escape
from urllib.parse import parse_qs

from aiohttp import web

from ..index import DEVICE, PERSON, AccountError, UnavailableError, standing
from ..index.fleet import Wish
from ..service.answers import refused
from ..service.rules import MOST_ATTRIBUTES, RefusedError
from ..service.store import settled
from . import guard, panes, reports, settings

_FOLDER = pathlib.Path(__file__).parent / "static"
_MOST_BYTES = 65536

# So many cameras are in one table.
PAGE = 200

_SHOWS = {
    "": "all",
    "silent": "silent",
    "stopped": "stopped",
    "low": "low battery",
    "old": "old version",
    "waiting": "pictures waiting",
}
# What the table is made of.
_TABLE = (*panes.TABLE, *standing.NAMES)
_SORTS = {"": "worst first", "name": "name", "heard": "longest silent", "waiting": "most waiting"}


class Cameras:
    """The handlers of /cameras and /camera/LABEL, and what they are kept fresh with.

    `now` returns the seconds since 1970; `writable` tells whether people may set anything here.
    """

    def __init__(self, store, now=time.time, writable=True):
        self._store = store
        self._index = store.index
        self._records = store.index.records
        self._now = now
        self.took = 0.0  # seconds, for the last look at a table of them
        self._writable = writable
        self._fields = settings.fields()

    async def overview(self, request):
        """Answer GET /cameras?find=TEXT&show=KIND&sort=ORDER with the page of all cameras."""
        sort = request.query.get("sort", "")
        found = await asyncio.to_thread(self._overview, request.query)
        return self._page(
            request,
            "cameras.html",
            title=found["title"],
            find=escape(request.query.get("find", "")),
            show=found["show"],
            sort=panes.choices(_SORTS.items(), sort if sort in _SORTS else ""),
            table=found["table"],
            pages=found["pages"],
        )

    async def overview_news(self, request):
        """Answer GET /page/cameras, with the same query, with the changing parts as JSON."""
        found = await asyncio.to_thread(self._overview, request.query)
        return web.json_response(found, headers=guard.FORM_HEADERS)

    async def camera(self, request):
        """Answer GET /camera/LABEL with the page of one camera."""
        device = await self._device(request)
        return await self._camera(request, device) if device else refused(4041)

    async def camera_news(self, request):
        """Answer GET /page/camera/LABEL with the changing parts of its page as JSON."""
        device = await self._device(request)
        if device is None:
            return refused(4041)
        parts, stands, asked = await asyncio.to_thread(self._parts, device)
        fields = [
            {"name": name, "value": found.value, "stand": found.text, "tone": found.tone}
            for name, found in stands.items()
        ]
        return web.json_response(
            {**parts, "fields": fields, "commands": asked}, headers=guard.FORM_HEADERS
        )

    async def set(self, request):
        """Answer POST /camera/LABEL/settings: keep what was changed in the form.

        What is wrong is told at its field, and nothing is kept then.
        """
        device = await self._device(request)
        form = await self._form(request)
        if device is None or form is None:
            return _no(device)
        values, typed, wrongs = {}, {}, {}
        for name, field in self._fields.items():
            text = form.get(name)
            # Of two people who have the page open, each sets what they have changed.
            if text is None or text.strip() == form.get("was." + name, ""):
                continue
            try:
                values[name] = field.parse(text)
            except settings.WishError as error:
                typed[name], wrongs[name] = text, str(error)
        if wrongs:
            typed = {name: form.get(name, "") for name in {*values, *typed}}
            return await self._camera(request, device, typed, wrongs)
        return await self._keep(device, values)

    async def command(self, request):
        """Answer POST /camera/LABEL/command: ask for something to be done, by a counter."""
        device = await self._device(request)
        form = await self._form(request)
        name = (form or {}).get("name")
        if device is None or form is None or name not in panes.COMMANDS:
            return _no(device)
        known = await asyncio.to_thread(self._records.attributes, device.label)
        before = known.get(name, 0)
        if name == "safe_mode_hours":
            hours = form.get("hours", "")
            if hours not in panes.HOURS:
                return _no(device)
            # Another value than before is a new wish: once as a number, once as a text.
            value = hours if before == int(hours) else int(hours)
        else:
            value = before + 1 if isinstance(before, int) and before < 1_000_000_000 else 1
        return await self._keep(device, {name: value})

    async def _keep(self, device, values):
        try:
            if values:
                await settled(self._records.set(device.label, values, PERSON))
        except (UnavailableError, AccountError) as error:
            return _problem(500, f"It could not be kept: {error}\n")
        except RefusedError:
            return _problem(422, f"A camera has at most {MOST_ATTRIBUTES} attributes.\n")
        headers = {**guard.FORM_HEADERS, "Location": f"/camera/{device.label}#settings"}
        return web.Response(status=303, headers=headers)

    async def _device(self, request):
        return await asyncio.to_thread(self._index.projects.device, request.match_info["label"])

    async def _form(self, request):
        """Return what a form of this server's own page sent, as a dict; None: it may not."""
        if not self._writable or not guard.own_page(request):
            return None
        body = await request.content.read(_MOST_BYTES)
        while not request.content.at_eof() and len(body) < _MOST_BYTES:
            body += await request.content.read(_MOST_BYTES - len(body))
        try:
            found = parse_qs(body.decode(), keep_blank_values=True, max_num_fields=1000)
        except ValueError:
            return None
        form = {name: values[-1] for name, values in found.items()}
        return form if guard.own_form(request, form) else None

    def _overview(self, query):
        begun = time.monotonic()
        show, sort = query.get("show", ""), query.get("sort", "")
        words = tuple(query.get("find", "").lower().split())
        wish = Wish(self._now(), reports.VERSION, words, show, sort)
        counts = self._index.fleet.counts(wish)
        pairs = [(kind, f"{text} ({counts[kind]})") for kind, text in _SHOWS.items()]
        count, wanted = counts[""], counts["wanted"]
        number = _number(query.get("page", ""), wanted)
        found = {
            "title": f"{count:,} camera{'' if count == 1 else 's'}",
            "show": panes.choices(pairs, show),
            "table": panes.table(self._rows(wish, number * PAGE)),
            "pages": panes.pages(number, PAGE, wanted, _kept(query)),
        }
        self.took = time.monotonic() - begun
        return found

    def _rows(self, wish, first):
        """Return what the table shows from the camera of this number on, as panes.table() takes
        it."""
        shown = self._index.fleet.page(wish, first, PAGE)
        labels = [camera.label for camera in shown]
        details = self._records.details_of_all(labels, _TABLE) if labels else {}
        found = []
        for camera in shown:
            attributes = details[camera.label]
            health = reports.health(attributes, camera.heard, wish.now)
            found.append((camera.label, camera.name, attributes, health, wish.now))
        return found

    def _parts(self, device):
        """Return the changing parts of a camera's page (a dict of HTML), how each setting stands,
        and each command."""
        now = self._now()
        label = device.label
        attributes = self._records.details(label)
        health = reports.health(attributes, self._records.heard(label), now)
        stands = {
            name: panes.stand(field, attributes, now) for name, field in self._fields.items()
        }
        picture = self._index.pictures.newest(label)
        picture = picture.name if picture and self._store.has(picture.name) else None
        # Settings and commands stand in the form.
        left_out = {*self._fields, *panes.COMMANDS, *(device.device_type or ())}
        reported = _reported(device, attributes)
        parts = {
            "glance": panes.glance(device.name, attributes, health, picture, reported, now),
            "report": panes.report(attributes, left_out),
            "events": panes.events(self._records.events(label), now),
            "state": panes.state(attributes),
        }
        read = self._records.asked(label)
        asked = {name: panes.asked(attributes.get(name), read, now) for name in panes.COMMANDS}
        return parts, stands, asked

    async def _camera(self, request, device, typed=None, wrongs=None):
        parts, stands, asked = await asyncio.to_thread(self._parts, device)
        form = commands = ""
        if self._writable:
            sections = settings.titles(self._fields)
            token = guard.token_field(request)
            form = panes.form(device.label, sections, stands, typed or {}, wrongs or {}, token)
            commands = panes.commands(device.label, asked, token)
        if wrongs:
            parts["state"] = (
                '<p class="error" role="alert">Nothing was saved: see the marked fields.</p>'
                + parts["state"]
            )
        return self._page(
            request,
            "camera.html",
            422 if wrongs else 200,
            label=escape(device.label),
            name=escape(device.name),
            form=form,
            commands=commands,
            **parts,
        )

    def _page(self, request, file, status=200, **parts):
        parts["log_out"] = guard.log_out(request)
        text = string.Template((_FOLDER / file).read_text("utf-8")).substitute(parts)
        return web.Response(
            status=status, text=text, content_type="text/html", headers=guard.FORM_HEADERS
        )


def _reported(device, attributes):
    """Return when a device sent its last report: not only a picture's URL."""
    pictures = device.device_type or ()
    times = [a.at for name, a in attributes.items() if a.by == DEVICE and name not in pictures]
    return max(times, default=None)


def _number(text, count):
    """Return the number of a page, from 0 on, that `text` asks for, of so many cameras."""
    asked = int(text) - 1 if re.fullmatch(r"[0-9]{1,6}", text, re.ASCII) else 0
    return max(0, min(asked, (count - 1) // PAGE))


def _kept(query):
    """Return what goes into the address of each page of a table: a dict."""
    return {name: query[name] for name in ("find", "show", "sort") if query.get(name)}


def _no(device):
    if device is None:
        return refused(4041)
    return _problem(403, guard.NOT_OURS)


def _problem(status, text):
    return web.Response(status=status, text=text, headers=guard.FORM_HEADERS)
