# Runs a receiver in several processes that listen on one port: what Python's lock allows to one
# of them, each of them has.
#
# The kernel gives each its share of the connections (SO_REUSEPORT, socket(7) of Linux). They agree
# through the index, as instances on several computers do.

import asyncio
import contextlib
import dataclasses
import multiprocessing
import os
import pathlib
import shutil
import signal
import socket
import sys
import tempfile
import time
from multiprocessing import forkserver, resource_tracker

from prometheus_client import multiprocess

from ..errors import StartError
from ..service import main
from .serving import STOP_SECONDS, Receiver

START_SECONDS = 60

# One that ends by itself is started again: so much later than it was before, then ever later;
# one that ran for long enough is as a new one.
REST_SECONDS = 1
_LONG_SECONDS = 60

_FIGURES = "PROMETHEUS_MULTIPROC_DIR"
_FOLDER = "thingscam-figures-"
_END_SECONDS = STOP_SECONDS + 5

# Forked by a process that has imported all and done nothing yet: they share what that takes.
_CONTEXT = multiprocessing.get_context("forkserver")
_ENDING = {signal.SIGTERM}


class Processes:
    """Serves as a Setup says in `count` processes; what happens is told `log` (Log)."""

    def __init__(self, setup, count, log):
        self._setup = setup
        self._count = count
        self._log = log

    def run(self, ready, stopping):
        """Serve until a signal comes, then finish what is on its way.

        `ready` is called with the URL once all processes listen, `stopping` when it is told to
        end. Raises StartError.
        """
        if sys.platform != "linux":
            raise StartError("--processes: several share a port on Linux only: leave it out")
        with _held(self._setup.listening) as listening, _figures() as folder:
            _start_forking()
            name = self._setup.instance or socket.gethostname()
            children = [
                _Child(
                    dataclasses.replace(
                        self._setup,
                        listening=listening,
                        figures=folder,
                        instance=f"{name}-{number}",
                    )
                )
                for number in range(1, self._count + 1)
            ]
            asyncio.run(self._run(children, ready, stopping))

    async def _run(self, children, ready, stopping):
        ended = asyncio.Event()
        main.on_signals(asyncio.get_running_loop(), ended.set)
        working = asyncio.create_task(self._work(children, ready))
        ending = asyncio.create_task(ended.wait())
        try:
            await asyncio.wait([working, ending], return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                working.result()  # it goes on for ever, or raises
            stopping()
        finally:
            for task in (working, ending):
                task.cancel()
            await asyncio.gather(working, ending, return_exceptions=True)
            await asyncio.gather(*(child.end() for child in children))

    async def _work(self, children, ready):
        url, *_ = await asyncio.gather(*(child.start() for child in children))
        ready(url)
        await asyncio.gather(*(self._keep(child) for child in children))

    async def _keep(self, child):
        """Start a process again whenever it has ended."""
        rest = REST_SECONDS
        while True:
            how = await child.gone()
            self._log.event("process ended", level="error", name=child.name, how=how)
            ran = time.monotonic() - child.began
            rest = REST_SECONDS if ran >= _LONG_SECONDS else rest
            await asyncio.sleep(rest - ran)
            rest = min(2 * rest, _LONG_SECONDS)
            try:
                await child.start()
            except StartError as error:
                self._log.event("process not started", level="error", error=str(error))
            else:
                self._log.event("process started again", name=child.name)


class _Child:
    """One of the processes. It ends when the other end of its pipe is closed: also when the
    process that started it was killed."""

    def __init__(self, setup):
        self._setup = setup
        self._process = self._pipe = None
        self.began = 0.0

    @property
    def name(self):
        return self._setup.instance

    async def start(self):
        """Start it; return its URL once it listens. Raises StartError."""
        self.began = time.monotonic()
        self._pipe, its = _CONTEXT.Pipe()
        with its:
            self._process = _CONTEXT.Process(target=_serve, args=(its, self._setup))
            self._process.start()
        try:
            async with asyncio.timeout(START_SECONDS):
                await _readable(self._pipe.fileno())
            listens, text = self._pipe.recv()
        except TimeoutError as error:
            self._process.kill()
            raise StartError(f"{self.name}: did not start in {START_SECONDS} s") from error
        except (EOFError, OSError) as error:
            raise StartError(f"{self.name}: did not start: {await self.gone()}") from error
        if not listens:
            raise StartError(text)
        return text

    async def gone(self):
        """Wait until it has ended; return how, in words."""
        assert self._process and self._pipe
        await _readable(self._process.sentinel)
        self._process.join()
        self._pipe.close()
        multiprocess.mark_process_dead(self._process.pid, self._setup.figures)
        code = self._process.exitcode or 0
        return f"signal {-code}" if code < 0 else f"exit code {code}"

    async def end(self):
        """Have it finish what is on its way, and wait for that; kill it when that takes long."""
        if self._process is None or self._pipe is None:
            return
        self._pipe.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_SECONDS):
                await _readable(self._process.sentinel)
        self._process.kill()
        self._process.join()


def _serve(pipe, setup):
    """Be one of the processes; tells through `pipe` its URL, or why there is none."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal: until we finish what we have
    try:
        with contextlib.closing(setup.place.index()) as index:
            store = setup.place.open_store(index)
            Receiver(setup, store, setup.open_log()).run(
                lambda url: pipe.send((True, url)), until=pipe
            )
    except StartError as error:
        with contextlib.suppress(OSError):  # nobody wants to know any more
            pipe.send((False, str(error)))


def _start_forking():
    """Start the process that forks the others. systemd tells each process of a unit to end: this
    one would take their ends for what they are no more."""
    _CONTEXT.set_forkserver_preload([__name__])
    resource_tracker.ensure_running()  # it is started first, and leaves nothing blocked
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDING)  # it has what is blocked here
    try:
        forkserver.ensure_running()
    except OSError as error:  # its socket is there
        place = tempfile.gettempdir()
        raise StartError(
            f"--processes: {error}: set TMPDIR to another folder than {place}"
        ) from error
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ENDING)


async def _readable(number):
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    loop.add_reader(number, lambda: future.done() or future.set_result(None))
    try:
        await future
    finally:
        loop.remove_reader(number)


@contextlib.contextmanager
def _held(listening):
    """Hold the address of a Listening, so that no other program takes it while a process is
    started again; the value is it with the port. Raises StartError."""
    host, port = listening.host, listening.port
    with contextlib.ExitStack() as stack:
        try:
            found = socket.getaddrinfo(
                host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            for family, kind, protocol, _, address in dict.fromkeys(found):
                address = (address[0], port, *address[2:])
                # Who shares a port shares it with everybody of this user: is it free at all?
                with _bound(family, kind, protocol, address, False) as free:
                    address = free.getsockname()
                held = stack.enter_context(_bound(family, kind, protocol, address, True))
                port = held.getsockname()[1]
        except OSError as error:
            raise StartError(main.why_not(error, host, port)) from error
        yield dataclasses.replace(listening, port=port)


def _bound(family, kind, protocol, address, shared):
    found = socket.socket(family, kind, protocol)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        if family == socket.AF_INET6:  # as asyncio does
            found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        found.bind(address)
    except BaseException:
        found.close()
        raise
    return found


@contextlib.contextmanager
def _figures():
    """Make a folder for the figures of all processes: they learn of it from the environment."""
    _clear()
    before = os.environ.get(_FIGURES)
    with tempfile.TemporaryDirectory(prefix=_FOLDER) as folder, _locked(folder):
        os.environ[_FIGURES] = folder
        try:
            yield folder
        finally:
            del os.environ[_FIGURES]
            if before is not None:
                os.environ[_FIGURES] = before


def _clear():
    """Remove the folders of those that were killed: their lock ended with them."""
    for folder in pathlib.Path(tempfile.gettempdir()).glob(_FOLDER + "*"):
        with contextlib.suppress(OSError):  # another's, or in use
            if time.time() - folder.stat().st_mtime > _LONG_SECONDS:  # not locked yet, perhaps
                with _locked(folder):
                    shutil.rmtree(folder)


@contextlib.contextmanager
def _locked(folder):
    """Lock a folder as long as the block, or this process, lasts. Raises OSError at once."""
    import fcntl  # not where there is no --processes

    held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(held)
