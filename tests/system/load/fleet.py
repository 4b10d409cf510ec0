# A fleet of cameras over real sockets: `python -m tests.system.load.fleet`, a process of its own.
#
# Reads one JSON object from standard input and writes one to standard output:
#
#   url, ca          where to, and the CA (PEM) of a server with TLS, or null
#   tokens, key, region    the cameras' AccessTokens, and the project they are of
#   first            the number of the camera that begins; each upload is the next camera's
#   pictures         a folder of JPEG files; sent in turns
#   connections      so many are kept open; each has one upload on its way at a time
#   count            how many uploads in all
#   rate             uploads a second, begun by the clock; null: as many as are taken
#
# Answers with the seconds it took, how often each errcode came (null: stored), the connections
# that ended in between, and the times of all uploads in ms, from when each was due.

import asyncio
import collections
import itertools
import json
import pathlib
import re
import ssl
import sys
import time
from urllib.parse import urlsplit

_HEAD = (
    "POST /device/v1/{token}/image/image HTTP/1.1\r\nHost: {host}\r\n"
    "Content-Type: application/octet-stream\r\nRegion: {region}\r\nProject-Key: {key}\r\n"
    "Content-Length: {length}\r\n\r\n"
)
_LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_ERRCODE = re.compile(rb'"errcode": *(\d+)')

# An answer that takes longer counts as none.
_PATIENCE_S = 60


class _Camera(asyncio.Protocol):
    """One connection; `ask` sends a request and gives the answer's body, None at its end."""

    def __init__(self):
        self._answer = None
        self._data = b""

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self._data += data
        head = self._data.find(b"\r\n\r\n")
        length = _LENGTH.search(self._data, 0, head + 2) if head >= 0 else None
        if length and len(self._data) >= head + 4 + int(length[1]):
            body, self._data = self._data[head + 4 :], b""
            self._done(body)

    def connection_lost(self, error):
        self._done(None)

    def _done(self, body):
        if self._answer and not self._answer.done():
            self._answer.set_result(body)

    def ask(self, head, body):
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.writelines((head, body))
        return self._answer


class _Fleet:
    def __init__(self, given):
        self._given = given
        parts = urlsplit(given["url"])
        self._host, self._port = parts.hostname, parts.port
        self._context = None
        if given["ca"]:
            self._context = ssl.create_default_context(cafile=given["ca"])
        self._pictures = [path.read_bytes() for path in pathlib.Path(given["pictures"]).iterdir()]
        self._numbers = itertools.count()
        self._found = collections.Counter()
        self._times = []
        self._cut = 0

    async def run(self):
        cameras = [await self._connect() for _ in range(self._given["connections"])]
        self._began = time.perf_counter()
        await asyncio.gather(*(self._keep_sending(camera) for camera in cameras))
        return {
            "seconds": time.perf_counter() - self._began,
            "answers": {str(errcode): count for errcode, count in self._found.items()},
            "cut": self._cut,
            "times": [round(1000 * taken, 2) for taken in self._times],
        }

    async def _connect(self):
        loop = asyncio.get_running_loop()
        _, camera = await loop.create_connection(
            _Camera, self._host, self._port, ssl=self._context
        )
        return camera

    async def _keep_sending(self, camera):
        given = self._given
        while (number := next(self._numbers)) < given["count"]:
            due = time.perf_counter()
            if given["rate"]:
                # From when it was due, not from when a connection was free for it.
                due = self._began + number / given["rate"]
                await asyncio.sleep(due - time.perf_counter())
            picture = self._pictures[number % len(self._pictures)]
            head = _HEAD.format(
                token=given["tokens"][(given["first"] + number) % len(given["tokens"])],
                host=f"{self._host}:{self._port}",
                region=given["region"],
                key=given["key"],
                length=len(picture),
            )
            try:
                body = await asyncio.wait_for(camera.ask(head.encode(), picture), _PATIENCE_S)
            except TimeoutError:
                body = None
            if body is None:
                self._cut += 1
                camera.transport.abort()
                camera = await self._connect()
                continue
            self._times.append(time.perf_counter() - due)
            errcode = _ERRCODE.search(body)
            self._found[int(errcode[1]) if errcode else None] += 1
        camera.transport.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_Fleet(json.load(sys.stdin)).run())))
