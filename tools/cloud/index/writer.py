# Writing: many requests' jobs go into one transaction, and each is told when that is safe.

import asyncio
import collections
import contextlib
import itertools
import logging
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

from .errors import UnavailableError
from .scene import Scene

_MOST = 64

# What comes within this time goes into one transaction, while more than one job at a time comes.
GATHER_SECONDS = 0.01
_logger = logging.getLogger("tools.cloud")


class Pending(Future):
    """A Future of concurrent.futures that one task may await as well: all that one transaction
    has done is told to an event loop in one go."""

    waiter: asyncio.Future | None = None

    def __await__(self):
        self.waiter = asyncio.get_running_loop().create_future()
        if not self.done():  # who ends it from now on sees that somebody waits
            try:
                yield from self.waiter
            except asyncio.CancelledError:
                self.cancel()
                raise
        return self.result()


@dataclass(slots=True)
class _Job:
    kind: Any
    item: Any
    until: float
    future: Pending = field(default_factory=Pending)


class Writer:
    """Puts jobs into `database` (Database), with so many `threads`; `done` is called after each
    transaction. What has waited for `timeout_s`, in seconds, is given up.

    A job is a `kind` and an `item`. `kind(scene, items)` does what all items of its kind want and
    returns a list of results, one for each; a result that is an exception is raised to who
    wants it, and hinders nothing else. `item.label` or `item.token_hash` tells whose row the
    Scene must hold, if it has any.
    """

    def __init__(self, database, settings, threads, done, timeout_s):
        self._database = database
        self._settings = settings
        self._most_threads = threads
        self._done = done
        self._timeout_s = timeout_s
        self._jobs = collections.deque()
        self._changed = threading.Condition()
        self._threads = []
        self._closed = False

    @property
    def waiting(self):
        """How many jobs wait."""
        return len(self._jobs)

    def put(self, kind, item):
        """Return a Pending of what becomes of a job: its result, once it is safe.

        It raises UnavailableError after a while if the database takes nothing.
        """
        job = _Job(kind, item, time.monotonic() + self._timeout_s)
        with self._changed:
            if self._closed:
                job.future.set_exception(UnavailableError("the index is closed"))
                return job.future
            self._jobs.append(job)
            if len(self._threads) < self._most_threads:
                thread = threading.Thread(target=self._run, name="index writer", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changed.notify()
        return job.future

    def close(self):
        """Finish what waits, and end."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for thread in self._threads:
            thread.join(4 * self._timeout_s)

    def _run(self):
        jobs = []
        while True:
            if len(jobs) > 1:
                # Many come: those of the next moment cost nearly nothing beside these.
                time.sleep(GATHER_SECONDS)
            jobs = self._next()
            if not jobs:
                return
            now = time.monotonic()
            late = [job for job in jobs if job.until < now]
            _fail(late, UnavailableError("the database takes too long"))
            self._write([job for job in jobs if job.until >= now])

    def _next(self):
        with self._changed:
            while not self._jobs:
                if self._closed:
                    return []
                self._changed.wait()
            jobs = [self._jobs.popleft() for _ in range(min(_MOST, len(self._jobs)))]
        # Who has given up by now wants nothing written; from here on nobody can.
        return [job for job in jobs if job.future.set_running_or_notify_cancel()] or self._next()

    def _write(self, jobs):
        if not jobs:
            return
        try:
            results = self._database.write(lambda connection: self._apply(connection, jobs))
        except UnavailableError as error:
            _fail(jobs, error)
            return
        except Exception as error:  # whatever a kind raises: no other job, nor the thread, fails
            if len(jobs) == 1:
                _fail(jobs, error)
            else:
                for job in jobs:
                    self._write([job])
            return
        self._tell()
        _end(jobs, results)

    def _tell(self):
        try:
            self._done()
        except Exception:  # those who watch are not part of this
            _logger.exception("a change of the index could not be told")

    def _apply(self, connection, jobs):
        scene = Scene(connection, self._settings, [job.item for job in jobs])
        results = {}
        order = sorted(range(len(jobs)), key=lambda at: id(jobs[at].kind))
        for _, same in itertools.groupby(order, key=lambda at: id(jobs[at].kind)):
            places = list(same)
            found = jobs[places[0]].kind(scene, [jobs[at].item for at in places])
            results.update(zip(places, found, strict=True))
        scene.write()
        return [results[at] for at in range(len(jobs))]


def _fail(jobs, error):
    _end(jobs, [error] * len(jobs))


def _end(jobs, results):
    waiters = {}
    for job, result in zip(jobs, results, strict=True):
        if isinstance(result, Exception):
            job.future.set_exception(result)
        else:
            job.future.set_result(result)
        if waiter := job.future.waiter:
            waiters.setdefault(waiter.get_loop(), []).append(waiter)
    for loop, waiting in waiters.items():
        with contextlib.suppress(RuntimeError):  # it is closed, and nobody waits in it
            loop.call_soon_threadsafe(_wake, waiting)


def _wake(waiters):
    for waiter in waiters:
        if not waiter.done():
            waiter.set_result(None)
