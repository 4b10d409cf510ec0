# Figures for Prometheus, and whether all is well.

import asyncio
import concurrent.futures
import time
from dataclasses import dataclass

import prometheus_client as prometheus
from aiohttp import web
from prometheus_client import multiprocess
from prometheus_client.core import GaugeMetricFamily

from ..service.journal import UPLOAD, Message
from .proxies import LOCAL, was_forwarded

# Seconds; an upload over a slow Wi-Fi takes its time, a disk or a bucket should not.
_UPLOAD_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_STEP_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)

# How old the length of another process's queues is at most.
_LOOK_SECONDS = 1

_HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}


@dataclass(frozen=True)
class Counted:
    """What there is at a moment: devices, those heard in the last hour, pictures."""

    devices: int
    heard: int
    pictures: int


class _Alone:
    """A function in a thread of its own: one call at a time, waited for `deadline` seconds."""

    def __init__(self, call, deadline):
        self._call = call
        self._deadline = deadline
        self._threads = concurrent.futures.ThreadPoolExecutor(1)
        self._running = None

    async def __call__(self):
        """Return what the function does; raises TimeoutError, also while the last call hangs."""
        if self._running and not self._running.done():
            raise TimeoutError("still at it since before")
        loop = asyncio.get_running_loop()
        self._running = loop.run_in_executor(self._threads, self._call)
        # Nobody may be there any more to hear of it.
        self._running.add_done_callback(lambda done: done.cancelled() or done.exception())
        return await asyncio.wait_for(asyncio.shield(self._running), self._deadline)


class Metrics:
    """The figures of one receiver, on `/metrics` for `networks` (Networks) and this computer.

    `count` returns a Counted, or raises one of `wrong` (exceptions); it is called in a thread,
    and may take `deadline` seconds: after that its figures are left out. `queues` returns how many
    jobs wait in each queue, a dict by its name. `several` is the folder in which prometheus_client
    keeps the figures of several processes (its PROMETHEUS_MULTIPROC_DIR), each of which then tells
    those of all. `judging` and `storing` are histograms of seconds for others to observe().
    """

    def __init__(self, networks, count, queues, wrong=(), deadline=5.0, *, several=None):
        self._networks = networks
        self._count = _Alone(count, deadline)
        self._queues = queues
        self._wrong = (TimeoutError, *wrong)
        self._several = several
        self.registry = registry = prometheus.CollectorRegistry()
        prometheus.ProcessCollector(registry=registry)
        prometheus.PlatformCollector(registry=registry)
        self._queue = prometheus.Gauge(
            "thingscam_queue", "What waits in a queue.", ["queue"], registry=registry,
            multiprocess_mode="livesum",
        )  # fmt: skip
        self._uploads = prometheus.Counter(
            "thingscam_uploads", "Uploads by errcode (0: accepted).", ["errcode"],
            registry=registry,
        )  # fmt: skip
        self._messages = prometheus.Counter(
            "thingscam_messages", "Requests to the device interface by kind and errcode.",
            ["kind", "errcode"], registry=registry,
        )  # fmt: skip
        self._bytes = prometheus.Counter(
            "thingscam_upload_bytes", "Bytes in bodies of uploads.", registry=registry
        )
        self._seconds = prometheus.Histogram(
            "thingscam_upload_seconds", "Time from an upload's head to its answer.",
            buckets=_UPLOAD_BUCKETS, registry=registry,
        )  # fmt: skip
        self.judging = prometheus.Histogram(
            "thingscam_judging_seconds", "Time in which a picture is judged, waiting included.",
            buckets=_STEP_BUCKETS, registry=registry,
        )  # fmt: skip
        self.storing = prometheus.Histogram(
            "thingscam_storage_put_seconds", "Time in which the storage takes a picture.",
            buckets=_STEP_BUCKETS, registry=registry,
        )  # fmt: skip
        self._deleted = prometheus.Counter(
            "thingscam_deleted_pictures",
            "Pictures deleted so as not to keep too many.",
            registry=registry,
        )

    def add_to(self, app):
        """Give `app` the path /metrics."""
        app.router.add_get("/metrics", self.show)
        if self._several:
            app.cleanup_ctx.append(self._follow)

    def request(self, request, status, seconds):
        """Count a request that is over, and took so long."""
        upload = request.get(UPLOAD)
        if upload is None:
            return
        errcode = str(upload.errcode or 0) if upload.status is not None else "none"
        if isinstance(upload, Message):
            self._messages.labels(upload.kind, errcode).inc()
            return
        self._uploads.labels(errcode).inc()
        self._bytes.inc(upload.bytes)
        self._seconds.observe(seconds)

    def deleted(self, count):
        """Count so many pictures that were deleted."""
        self._deleted.inc(count)

    async def show(self, request):
        """Answer GET /metrics, to this computer and the networks that may see it."""
        local = request.remote in LOCAL and not was_forwarded(request)
        if not local and request.remote not in self._networks:
            text = "Not from here: the receiver names who may see it.\n"
            return web.Response(status=403, text=text, headers=_HEADERS)
        try:
            counted = await self._count()
        except self._wrong:
            counted = None  # the other figures are there
        self._look()
        body = prometheus.generate_latest(self._all())
        if counted:
            body += prometheus.generate_latest(_Gauges(counted))
        headers = {**_HEADERS, "Content-Type": prometheus.CONTENT_TYPE_LATEST}
        return web.Response(body=body, headers=headers)

    def _all(self):
        if not self._several:
            return self.registry
        # How a process does says nothing of the others: left out.
        registry = prometheus.CollectorRegistry()
        multiprocess.MultiProcessCollector(registry, self._several)
        return registry

    def _look(self):
        for name, value in self._queues().items():
            self._queue.labels(name).set(value)

    async def _follow(self, app):
        async def go_on():
            while True:
                self._look()
                await asyncio.sleep(_LOOK_SECONDS)

        going = asyncio.create_task(go_on())
        yield
        going.cancel()


class _Gauges:
    """What was counted, as a registry of its own."""

    def __init__(self, counted):
        self._counted = counted

    def collect(self):
        found = self._counted
        for name, text, value in (
            ("thingscam_devices", "Devices there are.", found.devices),
            ("thingscam_devices_heard", "Devices heard in the last hour.", found.heard),
            ("thingscam_pictures", "Pictures stored.", found.pictures),
        ):
            yield GaugeMetricFamily(name, text, value)


class Health:
    """Whether each of `parts` works: {name: function that raises one of `wrong` when it does not}.

    Each is called in a thread, has `deadline` seconds, and is asked at most once in `fresh`
    seconds of `clock`, however often somebody wants to know. `tell` is called with name and
    error (a text; None: works again) when that has changed.
    """

    def __init__(
        self, parts, wrong, tell=lambda name, error: None, *, deadline=5.0, fresh=1.0,
        clock=time.monotonic,
    ):  # fmt: skip
        self._parts = {name: _Alone(probe, deadline) for name, probe in parts.items()}
        self._wrong = (TimeoutError, *wrong)
        self._tell = tell
        self._deadline = deadline
        self._fresh = fresh
        self._clock = clock
        self._asked = None
        self._looking = None
        self._errors = {}

    def add_to(self, app):
        """Give `app` the path /health."""
        app.router.add_get("/health", self.show)

    async def show(self, request):
        """Answer GET /health: 200, or 503 and which parts fail; why is in the log."""
        failing = await self.failing()
        answer = {"status": "failing", "failing": failing} if failing else {"status": "ok"}
        return web.json_response(answer, status=503 if failing else 200, headers=_HEADERS)

    async def failing(self):
        """Return the names of the parts that fail, as a list."""
        now = self._clock()
        if self._looking is None or now - self._asked >= self._fresh:
            self._asked = now
            self._looking = asyncio.ensure_future(self._look())
        return await asyncio.shield(self._looking)

    async def _look(self):
        await asyncio.gather(*(self._try(*part) for part in self._parts.items()))
        return sorted(self._errors)

    async def _try(self, name, probe):
        error = None
        try:
            await probe()
        except self._wrong as found:
            error = str(found) or f"no answer in {self._deadline:g} s"
        before = self._errors.pop(name, None)
        if error is not None:
            self._errors[name] = error
        if (error is None) != (before is None):
            self._tell(name, error)
