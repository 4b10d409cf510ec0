# The stand-in of the image service in this process, going by the board's time.

import asyncio
import dataclasses
import threading

import requests
from aiohttp import web

from tests.system.soak.relay import Relay
from tools.cloud.service import accounts, certificates, wire
from tools.cloud.service.journal import UPLOAD
from tools.cloud.service.server import make_app, start
from tools.cloud.service.store import Store
from tools.virtualboard.clock import EPOCH_2000

CONFIG = {
    "access_token": "demo-camera",
    "identifier": "image",
    "project_key": "demo-project-key",
    "region": "demo",
}


@dataclasses.dataclass
class Request:
    """One upload request: when it came and was over (steady ms), in which life of the board.

    `ended_ms` is None where the connection was closed: when a client gave up it alone knows.
    `answered_ms` is when a Relay has passed its answer on to the board.
    """

    life: int
    arrived_ms: int
    upload: object
    ended_ms: int | None = None
    answered_ms: int | None = None
    connection: int = 0  # its number, of a Relay's


class Service:
    """A running stand-in; `now_ms()` is the board's time, `life()` its present life.

    `steady_ms()` is the same, but never set back, where this computer was too slow for the board.
    `requests` are all that came; `folder`/images has what was stored. With `relayed` boards come
    to it by `relay`, a Relay.
    """

    def __init__(self, folder, tls=False, relayed=False):
        self.folder = folder
        folder.mkdir(parents=True)
        self.now_ms = self.steady_ms = lambda: 0
        self.life = lambda: 0
        self.requests = []
        self.open = 0  # requests not over
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        app = make_app(
            accounts.default(),
            Store(folder),
            faults=True,
            clock=lambda: self.now_ms() / 1000,
            date=lambda: self.now_ms() / 1000 + EPOCH_2000,
            message_interval=0,
        )
        app.middlewares.append(self._watch())
        self._tls = certificates.made(folder, folder / "ca.der") if tls else None
        self._runner, url = self._run(start(app, ssl_context=self._tls))
        # Another door, without TLS and not for boards.
        self._run(web.TCPSite(self._runner, "127.0.0.1", 0).start())
        self._control = "http://127.0.0.1:{}/_faults".format(self._runner.addresses[1][1])
        self.url = url.replace("127.0.0.1", "localhost")
        self.port = int(url.rpartition(":")[2])
        self.relay = None
        if relayed:
            self.relay = Relay(self.port, self._answers)
            self._run(self.relay.start())
            self.url = self.url.replace(str(self.port), str(self.relay.port))

    def fault(self, *faults):
        """Queue faults for the next requests."""
        answer = self._http("POST", json=list(faults))
        assert answer.status_code == 200, answer.text

    def clear(self):
        """Forget the faults that wait."""
        self._http("DELETE")

    def ask(self, **values):
        """Set attributes of the device as a person does."""
        url = self._control.replace("/_faults", "/app/device/v1/{access_token}/attributes")
        headers = {"Project-Key": CONFIG["project_key"]}
        answer = requests.put(url.format(**CONFIG), json=values, headers=headers, timeout=20)
        assert answer.status_code == 200, answer.text

    def stored(self, name):
        """Return the bytes of a stored picture."""
        return (self.folder / "images" / name).read_bytes()

    def names(self):
        """Return the names of all stored pictures."""
        return {path.name for path in (self.folder / "images").glob("*.jpg")}

    def stop(self):
        """End it."""
        if self.relay is not None:
            self._run(self.relay.stop())
        self._run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def impostor(self, on):
        """Have the certificate be one from another CA, or the good one again."""
        if on:
            other = self.folder / "impostor"
            other.mkdir(exist_ok=True)
            context = certificates.made(other, other / "ca.der")
            self._run(self._swap(context))
        else:
            self._run(self._swap(self._tls))

    async def _swap(self, context):
        (site,) = [site for site in self._runner.sites if site.name.endswith(":%d" % self.port)]
        await site.stop()
        # Kept connections would not see the new certificate.
        for connection in list(self._runner.server.connections):
            connection.force_close()
        await web.TCPSite(self._runner, "127.0.0.1", self.port, ssl_context=context).start()

    def _http(self, method, **options):
        return requests.request(method, self._control, timeout=20, **options)

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(20)

    def _answers(self, connection):
        # It may be long behind ended_ms, where this computer is busy.
        if self.requests and self.requests[-1].connection == connection:
            self.requests[-1].answered_ms = self.steady_ms()

    def _watch(self):
        @web.middleware
        async def watch(request, handler):
            if not request.path.endswith("/image"):  # reports are none of the pace
                return await handler(request)
            found = Request(self.life(), self.steady_ms(), None)
            found.connection = self.relay.connections if self.relay else 0
            self.requests.append(found)
            self.open += 1
            try:
                return await handler(request)
            finally:
                self.open -= 1
                found.upload = request.get(UPLOAD)
                if not wire.gone(request):
                    found.ended_ms = self.steady_ms()

        return watch
