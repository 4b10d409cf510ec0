# Runs a receiver until it is told to end: the service, and what surrounds it.

import asyncio
import contextlib
import ipaddress
import logging
import sys
import time
from dataclasses import dataclass

from ...host import prompt, screen
from ..index import DatabaseError, UnavailableError
from ..objects import SettingError, StorageError
from ..page.login import Login
from ..service import main
from ..service.certificates import CertificateError
from ..service.device_api import in_thread
from ..service.main import StartError
from ..service.server import make_app, start
from .ending import Ending
from .keeping import Keeping
from .log import Log
from .metrics import Counted, Health, Metrics
from .passwords import Passwords, hashed, weakness
from .proxies import X_FORWARDED, NetworkError, Networks, Proxies
from .surround import surround
from .workers import Workers

USER = "admin"

# What is on its way when the receiver is told to end has so long.
STOP_SECONDS = 30

_HEARD_SECONDS = 3600
_WRITE_SECONDS = 30
_WRONG = (DatabaseError, UnavailableError, SettingError, StorageError)


@dataclass(frozen=True)
class Listening:
    """Where it listens, and for whom: the options of these names."""

    host: str = "127.0.0.1"
    port: int = 8080
    keepalive: float = 75.0
    tls: bool = False
    cert: str | None = None
    key: str | None = None
    tls_name: tuple = ()
    ca_out: str | None = None
    name: tuple = ()
    proxy: tuple = ()
    proxy_headers: str = X_FORWARDED
    metrics_from: tuple = ()

    @property
    def is_local(self):
        """Whether only this computer reaches it."""
        try:
            return ipaddress.ip_address(self.host).is_loopback and not self.proxy
        except ValueError:
            return self.host == "localhost" and not self.proxy


@dataclass(frozen=True)
class Rules:
    """The service's limits, and what the pages may do: the options of these names."""

    interval: float = 10.0
    message_interval: float = 30.0
    daily_messages: int = 0
    pictures_as_messages: bool = False
    no_settings: bool = False
    workers: int = 0


def run(place, listening, rules, limits, *, log=None, quiet=False, instance=None):
    """Serve until SIGTERM or SIGINT.

    `place` is a Place, `listening` a Listening, `rules` are Rules, `limits` Limits; `log` is one
    of log.FORMS, `instance` what this process is called in it. Raises StartError.
    """
    told = Log(main.say, *filter(None, [log]), instance=instance, secrets=place.secrets())
    proxies, metrics_from = _networks(listening)
    context, ca_out = _tls(listening, place)
    index = place.index()
    with contextlib.closing(index):
        store = place.open_store(index)
        _probe(store, told)
        receiver = _Receiver(store, listening, rules, limits, told, quiet)
        try:
            required = _settle_password(index, listening)
            app = receiver.app(proxies, metrics_from, required)
        except UnavailableError as error:
            raise StartError(str(error)) from error
        with _logging(told):
            asyncio.run(
                receiver.serve(
                    app, context, [ca_out and f"CA certificate in {ca_out}", store.said]
                )
            )


class _Receiver:
    def __init__(self, store, listening, rules, limits, log, quiet):
        self._store = store
        self._listening = listening
        self._rules = rules
        self._limits = limits
        self._log = log
        self._quiet = quiet
        self._judging = 0
        self._workers = None
        self._metrics = None

    def app(self, proxies, metrics_from, required):
        """Return the application."""
        store, rules = self._store, self._rules
        self._metrics = Metrics(metrics_from, self._count, _WRONG)
        store.putting.observe = self._metrics.storing.observe
        app = make_app(
            None,
            store,
            interval=rules.interval,
            message_interval=rules.message_interval,
            daily_messages=rules.daily_messages,
            pictures_as_messages=rules.pictures_as_messages,
            names=[*self._listening.name, *self._listening.tls_name],
            settings=not rules.no_settings,
            judge=self._judge,
        )
        surround(
            app,
            proxies=proxies,
            log=None if self._quiet else self._log,
            metrics=self._metrics,
            health=Health(
                {"database": store.index.probe, "storage": store.objects.probe},
                _WRONG,
                self._tell_health,
            ),
            login=Login(store.index.users, Passwords(), required=required, tell=self._log.event),
        )
        keeping = Keeping(
            store.index,
            store.objects,
            self._limits,
            deleted=self._metrics.deleted,
            tell=self._log.event,
        )
        app.cleanup_ctx.append(keeping.attach)
        return app

    async def serve(self, app, context, lines):
        """Serve until a signal comes, then finish what is on its way. Raises StartError."""
        listening, log = self._listening, self._log
        ended, ending = asyncio.Event(), Ending()
        ending.add_to(app)
        main.on_signals(asyncio.get_running_loop(), ended.set)
        if self._rules.workers:
            self._workers = Workers(self._rules.workers)
            await self._workers.start()
        try:
            runner, url = await start(
                app,
                listening.host,
                listening.port,
                ssl_context=context,
                keepalive=listening.keepalive,
            )
        except OSError as error:
            await self._end_workers()
            raise StartError(main.why_not(error, listening.host, listening.port)) from error
        log.said(f"listening on {url}", "listening", url=url)
        for line in filter(None, lines):
            log.said(line, "note", text=line)
        await ended.wait()
        log.event("stopping")
        await ending.end(runner, STOP_SECONDS)
        await self._end_workers()
        log.event("stopped")

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
            assert self._metrics
            self._metrics.judging.observe(time.monotonic() - started)

    def _count(self):
        index = self._store.index
        return Counted(
            devices=index.projects.count(),
            heard=index.projects.count(heard_within=_HEARD_SECONDS),
            pictures=index.pictures.count(),
            queues={"judging": self._judging, "writing": index.waiting},
        )

    def _tell_health(self, name, error):
        if error is None:
            self._log.event(f"{name} works again")
        else:
            self._log.event(f"{name} fails", level="error", error=error)


def set_password(index, name, password):
    """Set the password of the user `name`; what runs in its sessions ends. Raises StartError."""
    problem = weakness(password, name)
    if problem:
        raise StartError(problem)
    try:
        index.users.set_password(name, hashed(password)).result(_WRITE_SECONDS)
    except (UnavailableError, TimeoutError) as error:
        raise StartError(f"the password could not be kept: {error or 'no answer'}") from error


def ask_password(name):
    """Return a new password of the user `name`, typed twice on the terminal."""
    while True:
        password = prompt.line(f"New password of {name}, for the page", hidden=True)
        problem = weakness(password, name)
        if problem is None:
            if prompt.line("Once more", hidden=True) == password:
                return password
            problem = "these were two different ones: try again"
        screen.echo(problem, err=True)


def _settle_password(index, listening):
    """Return whether a login is required; ask for its first password on a terminal."""
    if index.users.any():
        return True
    if sys.stdin.isatty():
        set_password(index, USER, ask_password(USER))
        return True
    if listening.is_local:
        screen.echo(
            "no password is set: this computer alone can see the page. To set one:"
            " python -m tools receiver password",
            err=True,
        )
        return False
    way = "with --proxy" if listening.proxy else f"on {listening.host}"
    raise StartError(
        f"no password is set for the page, so it cannot be shown {way}: set one with"
        " `python -m tools receiver password`, or listen on 127.0.0.1"
    )


def _networks(listening):
    proxies = metrics_from = Networks([])
    option = "--proxy"
    try:
        proxies = Networks(listening.proxy)
        option = "--metrics-from"
        metrics_from = Networks(listening.metrics_from)
    except NetworkError as error:
        raise StartError(f"{option} {error}") from error
    return Proxies(proxies, listening.proxy_headers) if proxies else None, metrics_from


def _tls(listening, place):
    if listening.tls and not listening.cert:
        place.make()
    try:
        return main.tls_of(
            listening.tls,
            listening.cert,
            listening.key,
            listening.tls_name,
            listening.ca_out,
            place.data,
        )
    except CertificateError as error:
        raise StartError(str(error)) from error


def _probe(store, log):
    """Raise StartError for wrong settings; a storage that is down now may come back."""
    try:
        store.objects.probe()
    except SettingError as error:
        raise StartError(str(error)) from error
    except StorageError as error:
        log.event("storage fails", level="error", error=str(error))


@contextlib.contextmanager
def _logging(log):
    root, handler = logging.getLogger(), log.handler()
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
