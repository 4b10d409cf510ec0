# Tells of each request that is over: which status it got, and how long it took.

import time

from aiohttp import web

from . import wire


def observed(observers):
    """Return an aiohttp middleware that calls each of `observers` (a list) with a request that is
    over, its status (None: it got no answer) and the seconds it took."""

    @web.middleware
    async def observe(request, handler):
        started = time.monotonic()
        status = None
        try:
            response = await handler(request)
            if not isinstance(response, wire.AlreadySent):
                status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        except Exception:
            status = 500
            raise
        finally:
            for observer in observers:
                observer(request, status, time.monotonic() - started)

    return observe
