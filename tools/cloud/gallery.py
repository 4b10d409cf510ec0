# What people look at: the start page with all pictures, and the pictures themselves.

import asyncio
import time
from html import escape

from aiohttp import web

from tools.cloud.answers import refused
from tools.cloud.journal import masked
from tools.cloud.pictures import PictureError, media_type

NEWEST = 200

_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>thingscam: pictures</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.4 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem; }}
h1 {{ font-size: 1.3rem; margin: 0 0 1rem; }}
main {{ display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr)); }}
figure {{ border: 1px solid #8885; border-radius: .6rem; margin: 0; overflow: hidden; }}
img {{ aspect-ratio: 4 / 3; background: #8882; display: block; object-fit: contain; width: 100%; }}
figcaption {{ padding: .5rem .75rem; }}
figcaption span {{ display: block; font-size: .85rem; opacity: .75; }}
</style>
</head>
<body>
<h1>{title}</h1>
<main>
{figures}
</main>
</body>
</html>
"""

_FIGURE = """\
<figure>
<a href="/images/{name}"><img src="/images/{name}" alt="Picture of {when}" loading="lazy"></a>
<figcaption>{when}<span>{device}, {size}</span></figcaption>
</figure>"""


class Gallery:
    """The handlers of / and /images/NAME."""

    def __init__(self, accounts, store):
        self._store = store
        self._devices = {device.label: masked(device.token) for device in accounts.devices()}

    async def page(self, request):
        """Answer GET / with the newest pictures."""
        pictures = await asyncio.to_thread(self._store.pictures)
        figures = "\n".join(self._figure(picture) for picture in pictures[:NEWEST])
        text = _PAGE.format(title=_title(len(pictures)), figures=figures)
        headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return web.Response(text=text, content_type="text/html", headers=headers)

    async def image(self, request):
        """Answer GET /images/NAME with the picture as it was uploaded."""
        path = self._store.path(request.match_info["name"])
        if path is None:
            return refused(4041)
        try:
            content_type = media_type(path)
        except PictureError:
            return refused(4041)
        headers = {"Content-Type": content_type, "X-Content-Type-Options": "nosniff"}
        return web.FileResponse(path, headers=headers)

    def _figure(self, picture):
        known = self._devices.get(picture.device, "device")
        return _FIGURE.format(
            name=escape(picture.name),
            when=escape(time.strftime("%Y-%m-%d %H:%M:%S UTC", picture.taken_in)),
            device=escape(f"{known} ({picture.device})"),
            size=escape(f"{picture.size / 1024:.0f} KB"),
        )


def _title(count):
    if not count:
        return "No pictures yet"
    if count > NEWEST:
        return f"The newest {NEWEST} of {count} pictures"
    return f"{count} picture{'' if count == 1 else 's'}"
