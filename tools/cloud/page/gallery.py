# What people look at: the start page with the newest pictures, older ones, the pictures.

import asyncio
import pathlib
import string
from html import escape

from aiohttp import web

from ..service import accounts as accounts_file
from ..service.answers import refused
from ..service.device_api import base_url
from ..service.pictures import PictureError, media_type
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


class Gallery:
    """The handlers of /, /page/older, /page/FILE and /images/NAME.

    `cards` (Cards) makes HTML of pictures; `panel` tells whether a board is attached.
    """

    def __init__(self, accounts, store, cards, panel=None):
        self._store = store
        self._cards = cards
        self._panel = panel
        self._demo = accounts == accounts_file.default()
        devices = accounts.devices()
        self._cameras = "/cameras", "Cameras"
        if len(devices) == 1:
            self._cameras = "/camera/" + devices[0].label, "Report and settings"

    async def page(self, request):
        """Answer GET / with the newest pictures, or those older than ?before=NAME."""
        before = request.query.get("before", "")
        names, found, older = await self._older(before)
        text = string.Template((_FOLDER / "index.html").read_text("utf-8")).substitute(
            title=title(len(names)),
            live="false" if before else "true",
            board="false" if self._panel is None else "true",
            # What the page has already, as live.py understands it.
            since=escape(f"//{names[0]}") if names else "",
            empty="hidden" if names else "",
            newest="" if before else "\n".join(found[:1]),
            earlier="\n".join(found if before else found[1:]),
            older=f"/?before={escape(older)}" if older else "/",
            no_older="" if older else "hidden",
            curl=escape(self._curl(request)),
            cameras=self._cameras[0],
            cameras_text=self._cameras[1],
            log_out=guard.log_out(request),
        )
        return web.Response(text=text, content_type="text/html", headers=guard.FORM_HEADERS)

    async def older(self, request):
        """Answer GET /page/older?before=NAME with cards as JSON; `older` False: no more."""
        _, found, older = await self._older(request.query.get("before", ""))
        headers = {**guard.HEADERS, "Cache-Control": "no-store"}
        return web.json_response({"cards": found, "older": bool(older)}, headers=headers)

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
        path = self._store.path(request.match_info["name"])
        if path is None:
            return refused(4041)
        try:
            content_type = media_type(path)
        except PictureError:
            return refused(4041)
        headers = {
            "Content-Type": content_type,
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, max-age=86400",
        }
        return web.FileResponse(path, headers=headers)

    async def _older(self, before):
        """Return all names, the cards of a page, and the last one's name if there are more."""

        def read():
            names = self._store.names()
            chosen = self._store.older(names, before)
            more = len(chosen) > PAGE
            chosen = chosen[:PAGE]
            return names, self._cards.of(chosen), chosen[-1] if more else None

        return await asyncio.to_thread(read)

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
