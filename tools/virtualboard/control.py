# The virtual board's control interface over HTTP: what VirtualBoard does, as JSON.

import asyncio
import inspect
import json
import urllib.parse

from aiohttp import web

from ..host.harmless import harmless

# Methods of VirtualBoard that can be called: POST /<name> with their arguments as JSON.
ACTIONS = (
    "pin",
    "pulse",
    "bounce",
    "voltage",
    "weather",
    "charge",
    "wifi",
    "internet",
    "network",
    "ntp",
    "flash_fault",
    "camera_fault",
    "grow_heap",
    "card_pull",
    "card_push",
    "card_fault",
    "cut_power",
    "power_on",
    "press_reset",
    "panic",
    "clock_fast",
    "advance",
    "set_speed",
)
_HOSTS = ("127.0.0.1", "localhost", "::1")


def application(board):
    """Return an aiohttp application that controls `board`, a VirtualBoard.

    GET /state, GET /output (?follow=1: goes on), GET /files, GET /files/PATH,
    GET /delivered, and POST /NAME for each of ACTIONS, which answers with the state.
    """
    app = web.Application(middlewares=[_only_from_here])
    control = _Control(board)
    app.router.add_get("/state", control.state)
    app.router.add_get("/output", control.output)
    app.router.add_get("/delivered", control.delivered)
    app.router.add_get("/files", control.files)
    app.router.add_get("/files/{path:.+}", control.file)
    for name in ACTIONS:
        app.router.add_post("/" + name, control.action(name))
    return app


@web.middleware
async def _only_from_here(request, handler):
    # A web page elsewhere must not cut the power of a board here.
    for name in ("Host", "Origin"):
        value = request.headers.get(name)
        if value is not None:
            url = urllib.parse.urlsplit(value if "//" in value else "//" + value)
            if url.hostname not in _HOSTS:
                raise web.HTTPForbidden(text="only from this computer\n")
    return await handler(request)


class _Control:
    def __init__(self, board):
        self._board = board

    async def state(self, _):
        return _answer(await asyncio.to_thread(self._board.state))

    async def delivered(self, _):
        found = self._board.delivered()
        return _answer([dict(zip(("frame", "bytes", "fault"), one, strict=True)) for one in found])

    async def files(self, _):
        files = await asyncio.to_thread(self._board.files)
        return _answer({path: len(data) for path, data in files.items()})

    async def file(self, request):
        files = await asyncio.to_thread(self._board.files)
        path = request.match_info["path"]
        if path not in files:
            raise web.HTTPNotFound(text="no {} on the board\n".format(path))
        return web.Response(body=files[path], content_type="application/octet-stream")

    async def output(self, request):
        if not request.query.get("follow"):
            return web.Response(text=harmless(self._board.output))
        response = web.StreamResponse(headers={"Content-Type": "text/plain; charset=utf-8"})
        await response.prepare(request)
        loop = asyncio.get_running_loop()
        pieces = asyncio.Queue()
        end = self._board.on_output(
            lambda text: loop.call_soon_threadsafe(pieces.put_nowait, text)
        )
        try:
            while True:
                await response.write(harmless(await pieces.get()).encode())
        finally:
            end()

    def action(self, name):
        method = getattr(self._board, name)

        async def handler(request):
            try:
                text = await request.text()
                arguments = json.loads(text) if text else {}
                inspect.signature(method).bind(**arguments)
            except (ValueError, TypeError, RecursionError) as e:
                return _refused(name, e)
            try:
                await asyncio.to_thread(method, **arguments)
            except (ValueError, TypeError, KeyError) as e:
                return _refused(name, e)
            return await self.state(request)

        return handler


def _answer(value):
    return web.json_response(value, dumps=lambda one: json.dumps(one, indent=1) + "\n")


def _refused(name, error):
    text = harmless("{}: {}\n".format(name, error or type(error).__name__))
    return web.Response(status=400, text=text)
