# What the page hears while it is open: new pictures, the board's log and state; its buttons.

import asyncio
import contextlib
import dataclasses
import json
import secrets
import time
from dataclasses import dataclass

from aiohttp import web

from ..index import UnavailableError
from ..service import wire
from ..service.outage import SECONDS, Outage
from . import guard
from .gallery import PAGE, Shown, title
from .panel import Action, PanelError

# Something is said at least so often: the page takes a longer silence for a lost connection.
KEEP_ALIVE_SECONDS = 10

# What comes within this time goes out together.
_GATHER_SECONDS = 0.05

# What others have changed in the index is looked for so often.
OTHERS_SECONDS = 2

# No more of the time than this goes into looking for news.
_SHARE = 0.1

_RETRY_MILLISECONDS = 1000
_FAIL = "fail"


@dataclass
class _Cursor:
    """What a page has: the newest picture's name, the last line of the log of one `run`."""

    run: str = ""
    line: int = 0
    picture: str = ""

    @classmethod
    def parse(cls, text):
        run, _, rest = text.partition("/")
        line, _, picture = rest.partition("/")
        return cls(run, int(line) if line.isdecimal() else 0, picture)

    def __str__(self):
        return f"{self.run}/{self.line}/{self.picture}"


class Live:
    """The handlers of /page/events, /page/changes and /page/act/NAME.

    `panel` (Panel or None) is the board; `faults` (Faults) is what the button for the
    service's failing works on. A stream is woken when something has changed, and then looks
    at what is new since it looked last: a slow reader misses nothing and piles nothing up.
    """

    def __init__(self, store, gallery, cameras, faults, panel=None):
        self._index = store.index
        self._gallery = gallery
        self._cameras = cameras
        self._panel = panel
        self._outage = Outage(faults, self._wake)
        self._streams = set()
        self._acting = asyncio.Lock()
        self._ended = asyncio.Event()
        # Numbers of lines are good for this run of the server only.
        self._run = secrets.token_hex(4)
        self._version = 0  # of what the index says
        self._reading = asyncio.Lock()
        self._read_version = None
        self._shown = Shown([], [], "", 0)
        self._took = 0.0

    async def attach(self, app):
        """Listen to index and panel while `app` runs (an aiohttp cleanup context)."""
        loop = asyncio.get_running_loop()

        def soon(callback):
            def call():
                with contextlib.suppress(RuntimeError):  # the loop has just been closed
                    loop.call_soon_threadsafe(callback)

            return call

        changed, wake = soon(self._changed), soon(self._wake)
        self._index.watch(changed)
        if self._panel:
            self._panel.watch(wake)
        looking = asyncio.create_task(self._look_out())
        yield
        looking.cancel()
        self._index.unwatch(changed)
        if self._panel:
            self._panel.unwatch(wake)

    async def _look_out(self):
        """Notice what other instances have changed in the index, while somebody looks on."""
        mark = None
        while True:
            await asyncio.sleep(OTHERS_SECONDS)
            if self._streams:
                before, mark = mark, await asyncio.to_thread(self._index.mark)
                if mark != before:
                    self._changed()

    def _changed(self):
        self._version += 1
        self._wake()

    async def end(self, app):
        """End all streams: the server stops (an aiohttp shutdown handler)."""
        self._ended.set()
        self._outage.end()
        self._wake()

    def _wake(self):
        for awake in self._streams:
            awake.set()

    async def events(self, request):
        """Answer GET /page/events with server-sent events, from Last-Event-ID or ?since= on."""
        since = request.headers.get("Last-Event-ID") or request.query.get("since", "")
        cursor = _Cursor.parse(since)
        seen = {}

        async def news():
            found = []
            # The index is read only when there is something new in it.
            if seen.get("version") != (version := self._version):
                found.append(await self._pictures(cursor))
                seen["version"] = version
            if self._panel:
                found.append(self._log(cursor))
                if seen.get("state") != (state := self._state()):
                    seen["state"] = state
                    found.append(("state", state))
            return filter(None, found)

        return await self._stream(request, cursor, news, lambda: self._took)

    async def changes(self, request):
        """Answer GET /page/changes with server-sent events: one when a camera told something."""
        seen = None

        async def news():
            nonlocal seen
            if seen == self._version:
                return ()
            seen = self._version
            return (("changed", {}),)

        return await self._stream(request, "", news, lambda: self._cameras.took)

    async def _stream(self, request, cursor, news, took):
        """Send what `news` gives, (name, data) each, with `cursor` as its id, until the end.

        `took()` tells how many seconds it takes to find out: it is asked for seldom then.
        """
        headers = {
            **guard.HEADERS,
            "Content-Type": "text/event-stream",
            "Cache-Control": "no-store",
            "X-Accel-Buffering": "no",  # nginx would hold the events back
        }
        response = web.StreamResponse(headers=headers)
        awake = asyncio.Event()
        self._streams.add(awake)
        try:
            await response.prepare(request)
            await response.write(b"retry: %d\n\n" % _RETRY_MILLISECONDS)
            while not (self._ended.is_set() or wire.gone(request)):
                awake.clear()
                try:
                    for name, data in await news():
                        await response.write(_event(name, data, cursor))
                except UnavailableError:
                    pass  # the next look may find it
                try:
                    await asyncio.wait_for(awake.wait(), KEEP_ALIVE_SECONDS)
                except TimeoutError:
                    # An event, not a comment: the page must hear it.
                    await response.write(_event("alive", {}, cursor))
                with contextlib.suppress(TimeoutError):
                    pause = max(_GATHER_SECONDS, took() / _SHARE)
                    await asyncio.wait_for(self._ended.wait(), pause)
        except ConnectionError:
            pass  # the page was closed
        finally:
            self._streams.discard(awake)
        return response

    async def act(self, request):
        """Answer POST /page/act/NAME: press a button; 409 says why it could not be done."""
        if not guard.own_page(request):
            return _problem(403, "only this server's own page may do that")
        name = request.match_info["name"]
        action = next((action for action in self._actions() if action.name == name), None)
        if action is None:
            return _problem(404, f"there is no button {name}")
        if not action.enabled:
            return _problem(409, f"{action.label}: not now")
        try:
            async with self._acting:
                await self._act(name)
        except PanelError as error:
            return _problem(409, str(error))
        self._wake()
        return web.Response(status=204, headers=guard.HEADERS)

    async def _pictures(self, cursor):
        shown = await self._read()
        names = shown.names
        if names[:1] == [cursor.picture] or not (names or cursor.picture):
            return None
        new = names.index(cursor.picture) if cursor.picture in names else PAGE
        # What the page has is there no more, or too much is new: it starts afresh.
        fresh = new >= PAGE
        cursor.picture = names[0] if names else ""
        cards = shown.cards if fresh else shown.cards[:new]
        return "pictures", {
            "fresh": fresh,
            "cards": cards,
            "older": bool(shown.older),
            "title": title(shown.count),
        }

    async def _read(self):
        """Return the newest pictures (Shown), read once for all streams. Raises
        UnavailableError."""
        async with self._reading:
            if self._read_version != (version := self._version):
                begun = time.monotonic()
                self._shown = await asyncio.to_thread(self._gallery.read)
                self._read_version = version
                self._took = time.monotonic() - begun
            return self._shown

    def _log(self, cursor):
        assert self._panel
        fresh = cursor.run != self._run
        lines = self._panel.lines(0 if fresh else cursor.line)
        if not lines and not fresh:
            return None
        cursor.run = self._run
        cursor.line = lines[-1].number if lines else 0
        return "log", {"fresh": fresh, "lines": [[line.at, line.text] for line in lines]}

    def _state(self):
        assert self._panel
        return {
            "status": dataclasses.asdict(self._panel.status()),
            "actions": [dataclasses.asdict(action) for action in self._actions()],
        }

    def _actions(self):
        if not self._panel:
            return []
        left = self._outage.left
        return [
            *self._panel.actions(),
            Action(
                _FAIL,
                "Let the service work again" if left else "Service fails for a while",
                f"failing, {left} s left" if left else "works",
                "bad" if left else "ok",
                f"errcode 5001 for {SECONDS} s; pictures wait, then all arrive",
            ),
        ]

    async def _act(self, name):
        assert self._panel
        if name != _FAIL:
            await self._panel.act(name)
        elif self._outage.left:
            self._outage.end()
        else:
            self._outage.begin()


def _event(name, data, cursor):
    # JSON has no line ends: one line of data is all of it.
    return f"id: {cursor}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


def _problem(status, text):
    return web.json_response({"error": text}, status=status, headers=guard.HEADERS)
