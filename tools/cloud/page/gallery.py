# What people look at: the start page with the newest pictures, older ones, the pictures.

import asyncio
import pathlib
import string
from dataclasses import dataclass
from html import escape

from aiohttp import web

from ..service import pictures
from ..service.answers import refused
from ..service.device_api import base_url
from . import guard

# How many pictures the page starts with, and how many more each time it is asked for older.
PAGE = 48

_FOLDER = pathlib.Path(__file__).parent / "static"
_FILES = {
    "page.css": "text/css",
    "cameras.css": "text/css",
    "login.css": "text/css",
    "page.js": "text/javascript",
    "pictures.js": "text/javascript",
    "viewer.js": "text/javascript",
    "board.js": "text/javascript",
    "stream.js": "text/javascript",
    "camera.js": "text/javascript",
    "cameras.js": "text/javascript",
    "fresh.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Shown:
    """A page of pictures: their names and cards, newest first; `older` is the name behind which
    older ones are, or empty; `count` is how many there are in all."""

    names: list
    cards: list
    older: str
    count: int


class Gallery:
    """The handlers of /, /page/older, /page/FILE and /images/NAME.

    `cards` (Cards) makes HTML of pictures; `panel` tells whether a board is attached; `demo`
    whether the accounts are those that everyone knows.
    """

    def __init__(self, store, cards, panel=None, demo=False):
        self._store = store
        self._index = store.index
        self._cards = cards
        self._panel = panel
        self._demo = demo

    async def page(self, request):
        """Answer GET / with the newest pictures, or those older than ?before=NAME."""
        before = request.query.get("before", "")
        found = await asyncio.to_thread(self.read, before)
        cameras, cameras_text = await asyncio.to_thread(self._link)
        text = string.Template((_FOLDER / "index.html").read_text("utf-8")).substitute(
            title=title(found.count),
            live="false" if before else "true",
            board="false" if self._panel is None else "true",
            # What the page has already, as live.py understands it.
            since=escape(f"//{found.names[0]}") if found.names else "",
            empty="hidden" if found.count else "",
            newest="" if before else "\n".join(found.cards[:1]),
            earlier="\n".join(found.cards if before else found.cards[1:]),
            older=f"/?before={escape(found.older)}" if found.older else "/",
            no_older="" if found.older else "hidden",
            curl=escape(self._curl(request)),
            cameras=cameras,
            cameras_text=cameras_text,
            log_out=guard.log_out(request),
        )
        return web.Response(text=text, content_type="text/html", headers=guard.FORM_HEADERS)

    async def older(self, request):
        """Answer GET /page/older?before=NAME with cards as JSON; `older` False: no more."""
        found = await asyncio.to_thread(self.read, request.query.get("before", ""))
        headers = {**guard.HEADERS, "Cache-Control": "no-store"}
        return web.json_response(
            {"cards": found.cards, "older": bool(found.older)}, headers=headers
        )

    async def file(self, request):
        """Answer GET /page/FILE with one of the page's own files."""
        name = request.match_info["file"]
        if name not in _FILES:
            return refused(4041)
        # Asked for again each time, answered 304 if it is the same.
        headers = {**guard.HEADERS, "Cache-Control": "no-cache", "Content-Type": _FILES[name]}
        return web.FileResponse(_FOLDER / name, headers=headers)

    async def image(self, request):
        """Answer GET /images/NAME with the picture as it was uploaded."""
        name = request.match_info["name"]
        path = self._store.objects.path(name)
        try:
            data = path or await self._store.get(name)
            media_type = await asyncio.to_thread(pictures.media_type, data)
        except (FileNotFoundError, pictures.PictureError):
            return refused(4041)
        headers = {
            "Content-Type": media_type,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=86400",
        }
        if path is None:
            return web.Response(body=data, headers=headers)
        return web.FileResponse(path, headers=headers)

    def read(self, before=""):
        """Return the Shown that begins behind the picture `before`; "": with the newest.

        Raises UnavailableError.
        """
        page = self._index.pictures.page(before=before or None, count=PAGE)
        there = [picture for picture in page.pictures if self._store.has(picture.name)]
        # Someone may have taken all of them out of their folder.
        some = there or page.older or page.newer
        count = self._index.pictures.count() if some else 0
        older = page.pictures[-1].name if page.older else ""
        return Shown([each.name for each in there], self._cards.of(there), older, count)

    def _link(self):
        if self._index.projects.count() == 1:
            (device, *_) = self._index.projects.devices()
            return "/camera/" + device.label, "Report and settings"
        return "/cameras", "Cameras"

    def _curl(self, request):
        key, region, token, identifier = (
            ("demo-project-key", "demo", "demo-camera", "image")
            if self._demo
            else ("<Project-Key>", "<Region>", "<AccessToken>", "<identifier>")
        )
        return (
            f"curl {base_url(request)}/device/v1/{token}/{identifier}/image \\\n"
            '  -H "Content-Type: application/octet-stream" \\\n'
            f'  -H "Region: {region}" -H "Project-Key: {key}" \\\n'
            "  --data-binary @photo.jpg"
        )


def title(count):
    """Return the page's heading for so many pictures."""
    if not count:
        return "No pictures yet"
    return f"{count:,} picture{'' if count == 1 else 's'}"
