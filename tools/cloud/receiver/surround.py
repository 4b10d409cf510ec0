# Puts what surrounds the service around it: proxies, log, figures, login.

import time

from aiohttp import web

from ..service import wire


def surround(app, *, proxies=None, log=None, metrics=None, health=None, login=None):
    """Put around `app` (of server.make_app, not yet started) what is not None.

    `proxies` is a Proxies, `log` a Log, `metrics` a Metrics, `health` a Health, `login` a Login.
    """
    around = []
    if proxies:
        around.append(proxies.middleware)
    observers = [each.request for each in (log, metrics) if each]
    if observers:
        around.append(_observed(observers))
    for part in (health, metrics, login):
        if part:
            part.add_to(app)
    if login:
        around.append(login.middleware)
    app.middlewares[:0] = around


def _observed(observers):
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
