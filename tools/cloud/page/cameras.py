# The pages about cameras: all of them in one table, and each with report, events and settings.

import asyncio
import pathlib
import string
import time
from dataclasses import dataclass
from html import escape
from urllib.parse import parse_qs

from aiohttp import web

from ..service.answers import refused
from ..service.records import DEVICE, PERSON
from . import guard, panes, reports, settings

_FOLDER = pathlib.Path(__file__).parent / "static"
_MOST_BYTES = 65536

_SHOWS = {
    "": "all",
    "silent": "silent",
    "stopped": "stopped",
    "low": "low battery",
    "old": "old version",
    "waiting": "pictures waiting",
}
_SORTS = {"": "worst first", "name": "name", "heard": "longest silent", "waiting": "most waiting"}


@dataclass(frozen=True)
class _Camera:
    label: str
    name: str
    attributes: dict
    health: reports.Health

    @property
    def waiting(self):
        found = self.attributes.get("waiting")
        return found.value if found and isinstance(found.value, (int, float)) else 0


class Cameras:
    """The handlers of /cameras and /camera/LABEL, and what they are kept fresh with.

    `now` returns the seconds since 1970; `writable` tells whether people may set anything here.
    """

    def __init__(self, accounts, store, now=time.time, writable=True):
        self._devices = {device.label: device for device in accounts.devices()}
        self._store = store
        self._records = store.records
        self._now = now
        self._writable = writable
        self._fields = settings.fields()

    async def overview(self, request):
        """Answer GET /cameras?find=TEXT&show=KIND&sort=ORDER with the page of all cameras."""
        sort = request.query.get("sort", "")
        found = self._overview(request)
        return self._page(
            request,
            "cameras.html",
            title=found["title"],
            find=escape(request.query.get("find", "")),
            show=found["show"],
            sort=panes.choices(_SORTS.items(), sort if sort in _SORTS else ""),
            table=found["table"],
        )

    async def overview_news(self, request):
        """Answer GET /page/cameras, with the same query, with the changing parts as JSON."""
        return web.json_response(self._overview(request), headers=guard.FORM_HEADERS)

    async def camera(self, request):
        """Answer GET /camera/LABEL with the page of one camera."""
        device = self._device(request)
        return await self._camera(request, device) if device else refused(4041)

    async def camera_news(self, request):
        """Answer GET /page/camera/LABEL with the changing parts of its page as JSON."""
        device = self._device(request)
        if device is None:
            return refused(4041)
        parts, stands, asked = await self._parts(device)
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
        device = self._device(request)
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
        return self._keep(device, values)

    async def command(self, request):
        """Answer POST /camera/LABEL/command: ask for something to be done, by a counter."""
        device = self._device(request)
        form = await self._form(request)
        name = (form or {}).get("name")
        if device is None or form is None or name not in panes.COMMANDS:
            return _no(device)
        before = self._records.attributes(device.label).get(name, 0)
        if name == "safe_mode_hours":
            hours = form.get("hours", "")
            if hours not in panes.HOURS:
                return _no(device)
            # Another value than before is a new wish: once as a number, once as a text.
            value = hours if before == int(hours) else int(hours)
        else:
            value = before + 1 if isinstance(before, int) and before < 1_000_000_000 else 1
        return self._keep(device, {name: value})

    def _keep(self, device, values):
        try:
            if values:
                self._records.set(device.label, values, PERSON)
        except OSError as error:
            text = f"It could not be kept: {error.strerror}\n"
            return web.Response(status=500, text=text, headers=guard.FORM_HEADERS)
        headers = {**guard.FORM_HEADERS, "Location": f"/camera/{device.label}#settings"}
        return web.Response(status=303, headers=headers)

    def _device(self, request):
        return self._devices.get(request.match_info["label"])

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

    def _overview(self, request):
        now = self._now()
        everyone = [self._of(device, now) for device in self._devices.values()]
        kinds = [kind for camera in everyone for kind in camera.health.kinds]
        words = request.query.get("find", "").lower().split()
        show = request.query.get("show", "")
        chosen = [
            camera
            for camera in everyone
            if (show not in _SHOWS or not show or show in camera.health.kinds)
            and all(word in _text(camera) for word in words)
        ]
        chosen.sort(key=lambda camera: _order(camera, request.query.get("sort", "")))
        counts = {"": len(everyone), **{kind: kinds.count(kind) for kind in _SHOWS if kind}}
        pairs = [(kind, f"{text} ({counts[kind]})") for kind, text in _SHOWS.items()]
        count = len(everyone)
        return {
            "title": f"{count:,} camera{'' if count == 1 else 's'}",
            "show": panes.choices(pairs, show),
            "table": panes.table(
                [(each.label, each.name, each.attributes, each.health, now) for each in chosen]
            ),
        }

    def _of(self, device, now):
        attributes = self._records.details(device.label)
        health = reports.health(attributes, self._records.heard(device.label), now)
        return _Camera(device.label, device.name, attributes, health)

    async def _parts(self, device):
        """Return the changing parts of a camera's page (a dict of HTML), how each setting stands,
        and each command."""
        now = self._now()
        camera = self._of(device, now)
        attributes = camera.attributes
        stands = {
            name: panes.stand(field, attributes, now) for name, field in self._fields.items()
        }
        picture = await asyncio.to_thread(self._newest, device.label)
        # Settings and commands stand in the form.
        left_out = {*self._fields, *panes.COMMANDS, *(device.device_type or ())}
        parts = {
            "glance": panes.glance(
                device.name, attributes, camera.health, picture, self._reported(device), now
            ),
            "report": panes.report(attributes, left_out),
            "events": panes.events(self._records.events(device.label), now),
            "state": panes.state(attributes),
        }
        asked = {
            name: panes.asked(attributes.get(name), self._records.asked(device.label), now)
            for name in panes.COMMANDS
        }
        return parts, stands, asked

    def _reported(self, device):
        """Return when a device sent its last report: not only a picture's URL."""
        pictures = device.device_type or ()
        attributes = self._records.details(device.label).items()
        times = [a.at for name, a in attributes if a.by == DEVICE and name not in pictures]
        return max(times, default=None)

    def _newest(self, label):
        return next((name for name in self._store.names() if f"-{label}-" in name), None)

    async def _camera(self, request, device, typed=None, wrongs=None):
        parts, stands, asked = await self._parts(device)
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


def _order(camera, sort):
    heard = camera.health.heard or 0
    name = camera.name.lower()
    if sort == "name":
        return name
    if sort == "heard":
        return heard, name
    if sort == "waiting":
        return -camera.waiting, name
    return camera.health.rank, name


def _text(camera):
    """Return the text that a camera is found by, in small letters."""
    found = [camera.name, *(text for text, _ in camera.health.troubles)]
    for name in ("version", "board", "last_error", "blocked_reason", "wifi"):
        if name in camera.attributes:
            found.append(str(camera.attributes[name].value))
    return " ".join(found).lower()


def _no(device):
    if device is None:
        return refused(4041)
    return web.Response(status=403, text=guard.NOT_OURS, headers=guard.FORM_HEADERS)
