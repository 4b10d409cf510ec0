# One process of a receiver: the service, and what surrounds it.

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import StartError
from ..index import DatabaseError, UnavailableError
from ..index.surplus import Limits
from ..objects import SettingError, StorageError
from ..page.login import Login
from ..service import main
from ..service.device_api import in_thread
from ..service.server import make_app, start
from .choices import Listening, Rules
from .ending import Ending
from .keeping import Keeping
from .log import Log
from .metrics import Counted, Health, Metrics
from .passwords import Passwords
from .place import Place
from .proxies import NetworkError, Networks, Proxies
from .surround import surround
from .workers import Workers

# What is on its way when the receiver is told to end has so long.
STOP_SECONDS = 30

_HEARD_SECONDS = 3600
_WRONG = (DatabaseError, UnavailableError, SettingError, StorageError)


@dataclass(frozen=True)
class Setup:
    """What a receiver is, the same in each of its processes.

    `required` tells whether the page asks for a login, `context` makes the ssl.SSLContext (None:
    no TLS), `log` is one of choices.FORMS, `instance` what this process is called in it;
    `figures` is the folder with the figures of several processes, None: there is one.
    """

    place: Place
    listening: Listening
    rules: Rules
    limits: Limits
    required: bool = True
    context: Callable | None = None
    log: str | None = None
    quiet: bool = False
    instance: str | None = None
    figures: str | None = None

    def open_log(self):
        """Return the Log."""
        secrets = self.place.secrets()
        return Log(main.say, *filter(None, [self.log]), instance=self.instance, secrets=secrets)


class Receiver:
    """Serves what is in `store` (Store) as a Setup says; what happens is told `log` (Log)."""

    def __init__(self, setup, store, log):
        self._setup = setup
        self._store = store
        self._log = log
        self._judging = 0
        rules = setup.rules
        self._workers = Workers(rules.workers) if rules.workers else None
        proxies, metrics_from = networks(setup.listening)
        self._metrics = Metrics(
            metrics_from, self._count, self._queues, _WRONG, several=setup.figures
        )
        store.putting.observe = self._metrics.storing.observe
        self._ending = Ending()
        self._app = self._make(proxies)

    def run(self, ready, until=None, stopping=lambda: None):
        """Serve until a signal comes, or there is something to read of `until` (a file), then
        finish what is on its way.

        `ready` is called with the URL, `stopping` when it is told to end. Raises StartError.
        """
        with _logging(self._log):
            asyncio.run(self._serve(ready, until, stopping))

    def _make(self, proxies):
        setup, store, log, metrics = self._setup, self._store, self._log, self._metrics
        rules, listening = setup.rules, setup.listening
        try:
            app = make_app(
                None,
                store,
                interval=rules.interval,
                message_interval=rules.message_interval,
                daily_messages=rules.daily_messages,
                pictures_as_messages=rules.pictures_as_messages,
                names=[*listening.name, *listening.tls_name],
                settings=not rules.no_settings,
                judge=self._judge,
            )
        except UnavailableError as error:
            raise StartError(str(error)) from error
        surround(
            app,
            proxies=proxies,
            log=None if setup.quiet else log,
            metrics=metrics,
            health=Health(
                {"database": store.index.probe, "storage": store.objects.probe},
                _WRONG,
                self._tell_health,
            ),
            login=Login(store.index.users, Passwords(), required=setup.required, tell=log.event),
        )
        keeping = Keeping(
            store.index, store.objects, setup.limits, deleted=metrics.deleted, tell=log.event
        )
        app.cleanup_ctx.append(keeping.attach)
        self._ending.add_to(app)
        return app

    async def _serve(self, ready, until, stopping):
        listening, context = self._setup.listening, self._setup.context
        loop, ended = asyncio.get_running_loop(), asyncio.Event()
        main.on_signals(loop, ended.set)
        if until is not None:
            loop.add_reader(until, ended.set)
        if self._workers:
            await self._workers.start()
        try:
            runner, url = await start(
                self._app,
                listening.host,
                listening.port,
                ssl_context=context and context(),
                keepalive=listening.keepalive,
                shared=self._setup.figures is not None,
            )
        except OSError as error:
            await self._end_workers()
            raise StartError(main.why_not(error, listening.host, listening.port)) from error
        ready(url)
        await ended.wait()
        if until is not None:
            loop.remove_reader(until)
        stopping()
        await self._ending.end(runner, STOP_SECONDS)
        await self._end_workers()

    async def _end_workers(self):
        if self._workers:
            await self._workers.close()

    async def _judge(self, data):
        started = time.monotonic()
        self._judging += 1
        try:
            return await (self._workers.judge if self._workers else in_thread)(data)
        finally:
            self._judging -= 1
            self._metrics.judging.observe(time.monotonic() - started)

    def _count(self):
        index = self._store.index
        return Counted(
            devices=index.projects.count(),
            heard=index.projects.count(heard_within=_HEARD_SECONDS),
            pictures=index.pictures.count(),
        )

    def _queues(self):
        return {"judging": self._judging, "writing": self._store.index.waiting}

    def _tell_health(self, name, error):
        if error is None:
            self._log.event(f"{name} works again")
        else:
            self._log.event(f"{name} fails", level="error", error=error)


def networks(listening):
    """Return the Proxies (None: there are none) and the Networks that may see the figures, as a
    Listening names them. Raises StartError."""
    proxies = metrics_from = Networks([])
    option = "--proxy"
    try:
        proxies = Networks(listening.proxy)
        option = "--metrics-from"
        metrics_from = Networks(listening.metrics_from)
    except NetworkError as error:
        raise StartError(f"{option} {error}") from error
    return Proxies(proxies, listening.proxy_headers) if proxies else None, metrics_from


@contextlib.contextmanager
def _logging(log):
    root, handler = logging.getLogger(), log.handler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
