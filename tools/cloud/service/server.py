# The server: puts the parts together and gives each path its handler.

import asyncio
import email.utils
import functools
import logging
import time

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from ..index import UnavailableError
from ..objects import SettingError, StorageError
from ..page import guard
from ..page.cameras import Cameras
from ..page.cards import Cards
from ..page.gallery import Gallery
from ..page.live import Live
from . import accounts as accounts_file
from . import wire
from .answers import refused
from .control import Control
from .device_api import DeviceApi, Limits, in_thread
from .faults import Faults
from .journal import JOURNAL, Journal, Secrets
from .observed import observed

# aiohttp answers malformed HTTP by itself: the client's mistake, no traceback of ours.
_logger = logging.getLogger("tools.cloud")
_logger.addFilter(
    lambda record: not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
)


def make_app(
    accounts,
    store,
    *,
    interval=10.0,
    message_interval=30.0,
    daily_messages=0,
    pictures_as_messages=False,
    faults=False,
    clock=None,
    date=None,
    write=None,
    panel=None,
    names=(),
    settings=True,
    judge=in_thread,
):
    """Return the service as an aiohttp application, which closes the store at its end.

    `accounts` is an Accounts, which the index of `store` (Store) is made to say; None: what it
    says already, to be changed by commands. `interval` is the least time between two uploads of
    a device in seconds of `clock` (0: no limit; no clock: by the index's own), `message_interval`
    that between two messages to its device interface, `daily_messages` how many it may send in a
    day (0: no limit; a picture is one), `pictures_as_messages` whether pictures wait for
    `message_interval` too; `date` returns the seconds since 1970 that the answers' Date tells and
    days are counted by; `faults` opens /_faults and /_requests; `write` is called with one line
    (str) per request. `panel` is a Panel: the page then has a board's log, state and buttons, and
    opens only under addresses, this computer's own names, and `names`, as the pages about cameras
    always do. `settings` tells whether people may set attributes there. `judge` is a coroutine
    function as in_thread. Raises UnavailableError.
    """
    queue = Faults()
    if accounts is not None:
        store.index.projects.replace(accounts)
    secrets = Secrets(store.index)
    secrets.load()
    journal = Journal(secrets, write, clock or time.monotonic)
    limits = Limits(interval, message_interval, daily_messages, pictures_as_messages)
    api = DeviceApi(store, limits, queue, journal, judge, clock, date)
    demo = accounts == accounts_file.default()
    gallery = Gallery(store, Cards(store.index.projects), panel, demo)
    cameras = Cameras(store, writable=settings)
    live = Live(store, gallery, cameras, queue, panel)
    observing = [observed([journal.line])] if write else []
    app = web.Application(middlewares=[*observing, _unavailable])
    app[JOURNAL] = journal
    app.on_response_prepare.append(_dating(date or time.time))
    if accounts is None:
        app.cleanup_ctx.append(secrets.follow)
    _add_devices(app, api)
    app.router.add_get("/images/{name:[^/]+}", gallery.image)
    _add_cameras(app, cameras, live, names)
    _add_page(app, gallery, live, panel, names)
    if faults:
        _add_control(app, Control(queue, journal))
    app.router.add_route("*", "/{path:.*}", _no_such_path, expect_handler=_no_go_ahead_yet)

    app.on_cleanup.append(_closing(store))
    return app


def _add_devices(app, api):
    token = "{token:[^/]+}"
    for method, path, handler in (
        ("POST", f"/device/v1/{token}/{{identifier:[^/]+}}/image", api.upload),
        ("POST", f"/device/v1/{token}/attributes", api.report),
        ("POST", f"/device/v1/{token}/event/report", api.event),
        ("PUT", f"/app/device/v1/{token}/attributes", api.write),
    ):
        # The body is asked for only when it is wanted: see wire.read_body.
        app.router.add_route(method, path, handler, expect_handler=_no_go_ahead_yet)
    app.router.add_get(f"/device/v1/{token}/attributes", api.read)


def _add_control(app, control):
    app.router.add_post("/_faults", control.add)
    app.router.add_get("/_faults", control.show)
    app.router.add_delete("/_faults", control.clear)
    app.router.add_get("/_requests", control.requests)


def _add_page(app, gallery, live, panel, names):
    def guarded(handler):
        return guard.for_own_hosts(handler, names) if panel else handler

    app.router.add_get("/", guarded(gallery.page))
    app.router.add_get("/page/older", guarded(gallery.older))
    app.router.add_get("/page/events", guarded(live.events), allow_head=False)
    app.router.add_get("/page/{file:[^/]+}", gallery.file)
    if panel:
        app.router.add_post("/page/act/{name:[^/]+}", guarded(live.act))
    app.cleanup_ctx.append(live.attach)
    app.on_shutdown.append(live.end)


def _add_cameras(app, cameras, live, names):
    for path, handler in (
        ("/cameras", cameras.overview),
        ("/camera/{label:[^/]+}", cameras.camera),
        ("/page/cameras", cameras.overview_news),
        ("/page/camera/{label:[^/]+}", cameras.camera_news),
        ("/page/changes", live.changes),
    ):
        app.router.add_get(path, guard.for_own_hosts(handler, names), allow_head=False)
    app.router.add_post("/camera/{label:[^/]+}/settings", guard.for_own_hosts(cameras.set, names))
    app.router.add_post(
        "/camera/{label:[^/]+}/command", guard.for_own_hosts(cameras.command, names)
    )


async def start(
    app, host="127.0.0.1", port=0, *, ssl_context=None, keepalive=75.0, shared=False
):  # fmt: skip
    """Start serving `app`; return its runner (to be cleaned up) and its URL.

    `port` 0 picks a free one. `keepalive` is in seconds: an idle connection is closed
    after it. `shared`: other processes listen there too. Raises OSError when the address cannot
    be listened on.
    """
    runner = web.AppRunner(
        app,
        access_log=None,
        logger=_logger,
        keepalive_timeout=keepalive,
        # Bodies left unread are wire.drain's business, and so is what is inside them.
        lingering_time=0,
        auto_decompress=False,
        shutdown_timeout=0.2,
    )
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port, ssl_context=ssl_context, reuse_port=shared or None)
        await site.start()
    except OSError:
        await runner.cleanup()
        raise
    address, port = runner.addresses[0][:2]
    shown = f"[{address}]" if ":" in address else address
    return runner, f"{'https' if ssl_context else 'http'}://{shown}:{port}"


@web.middleware
async def _unavailable(request, handler):
    try:
        return await handler(request)
    except (UnavailableError, StorageError, SettingError) as error:
        _logger.error("%s", error)
        text = "What is kept here cannot be read at the moment. Try again in a while.\n"
        return web.Response(status=503, text=text, headers=guard.HEADERS)


def _closing(store):
    async def close(app):
        await asyncio.to_thread(store.close)

    return close


def _dating(date):
    @functools.lru_cache(maxsize=1)  # many answers in a second
    def written(second):
        return email.utils.formatdate(second, usegmt=True)

    async def write(request, response):
        response.headers["Date"] = written(int(date()))

    return write


async def _no_such_path(request):
    return await wire.answer(request, refused(4041))


async def _no_go_ahead_yet(request):
    return None
