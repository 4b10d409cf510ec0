# An end at which nothing is lost that was on its way.
#
# aiohttp's own end leaves the rest of a body unread (once RequestHandler closes, data_received
# takes nothing): a picture that is half here would be none.

import asyncio
import contextlib

from aiohttp import web


class Ending:
    """Counts what is on its way in an application, and waits for it at the end."""

    def __init__(self):
        self._count = 0
        self._begun = False
        self._idle = asyncio.Event()
        self._idle.set()

    def add_to(self, app):
        """Count in `app` from here on; it is the first around it."""
        app.middlewares.insert(0, self._middleware)
        app.on_response_prepare.append(self._close_behind)

    async def end(self, runner, seconds):
        """Take no more connections, finish what is on its way within so many seconds, and clean
        up the web.AppRunner."""
        self._begun = True
        for site in list(runner.sites):
            await site.stop()
        await runner.shutdown()  # streams of events end with it
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._idle.wait(), seconds)
        await runner.cleanup()

    @property
    def _middleware(self):
        @web.middleware
        async def count(request, handler):
            self._count += 1
            self._idle.clear()
            try:
                return await handler(request)
            finally:
                self._count -= 1
                if not self._count:
                    self._idle.set()

        return count

    async def _close_behind(self, request, response):
        if self._begun:
            response.force_close()
            response.headers["Connection"] = "close"
