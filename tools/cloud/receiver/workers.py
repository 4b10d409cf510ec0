# Judges pictures in processes of their own: one that dies of a picture costs that picture only.
#
# A pipe to each, and one picture at a time in it: measured, concurrent.futures takes three
# times the time of this process for one (0.24 ms against 0.07 ms), and loses with one process
# what all of them have in hand.

import asyncio
import contextlib
import datetime
import json
import multiprocessing
import signal
import socket
import struct
from typing import Any

from ..service import pictures
from ..service.pictures import LargeError, Picture, PictureError, UnjudgedError

# So long for one picture, waiting included: a large one takes a second.
WAIT_SECONDS = 20

# A process is replaced after so many pictures: what it may have lost of its memory comes back.
MOST_PICTURES = 20_000

_LENGTH = struct.Struct(">I")
_BUFFER = 1 << 18  # of a process: an ordinary picture comes in one piece
_LARGE = 1 << 31  # in a picture's length: it may take what memory it needs
_METHOD = "spawn"  # this process has threads


class Workers:
    """Judges pictures in `count` processes, which share `memory` bytes.

    One that needs more than its share waits until no other such one is decoded.
    """

    def __init__(
        self,
        count,
        memory=pictures.MOST_BYTES,
        most_pictures=MOST_PICTURES,
        wait_seconds=WAIT_SECONDS,
    ):
        self._share = memory // count
        self._most_pictures = most_pictures
        self._wait_seconds = wait_seconds
        self._all = [_Worker(self._share) for _ in range(count)]
        self._free = asyncio.LifoQueue()  # the one that was at work last has its memory warm
        self._large = asyncio.Lock()
        for worker in self._all:
            self._free.put_nowait(worker)

    @property
    def pids(self):
        """The numbers of the processes that run, as a list."""
        return [worker.pid for worker in self._all if worker.pid]

    async def judge(self, data):
        """Return the Picture that `data` (bytes) is, all of it decoded, as pictures.judge().

        Raises PictureError, or UnjudgedError when its process died, or none was free in time.
        """
        try:
            async with asyncio.timeout(self._wait_seconds):
                try:
                    return await self._ask(data, False)
                except LargeError:
                    async with self._large:
                        return await self._ask(data, True)
        except TimeoutError as error:
            raise UnjudgedError(f"not judged within {self._wait_seconds} s") from error

    async def start(self):
        """Start the processes; else each starts with its first picture."""
        for worker in self._all:
            await worker.start()

    async def close(self):
        """End the processes."""
        for worker in self._all:
            await worker.end()

    async def _ask(self, data, large):
        worker = await self._free.get()
        try:
            if worker.judged >= self._most_pictures:
                await worker.end()
            return await worker.judge(data, large)
        except (OSError, EOFError) as error:
            raise UnjudgedError(f"a process ended: {error}") from error
        finally:
            self._free.put_nowait(worker)


class _Worker:
    """One process, started when there is something for it to do."""

    def __init__(self, share):
        self._share = share
        self._process = self._pipe = None
        self.judged = 0

    @property
    def pid(self):
        return self._process and self._process.pid

    async def start(self):
        """Start the process where none runs."""
        if self._process is not None and (self._pipe is None or self._pipe.is_closed):
            await self.end()  # it died of nothing that is asked now
        if self._process is not None:
            return
        ours, its = socket.socketpair()
        with its:
            process = multiprocessing.get_context(_METHOD).Process(
                target=_work, args=(its, self._share), daemon=True
            )
            process.start()
        self._process, self.judged = process, 0
        loop = asyncio.get_running_loop()
        _, self._pipe = await loop.create_connection(_Pipe, sock=ours)

    async def judge(self, data, large):
        """Raises PictureError, LargeError; OSError and EOFError when the process is no more."""
        await self.start()
        assert self._pipe
        answer = None
        try:
            answer = await self._pipe.ask(_LENGTH.pack(len(data) | (_LARGE if large else 0)), data)
        finally:
            if answer is None:  # dead, or given up: what it says next is no answer to another
                await self.end()
        self.judged += 1
        return _read(answer)

    async def end(self):
        process, self._process = self._process, None
        pipe, self._pipe = self._pipe, None
        if pipe:
            pipe.close()
        if process is None:
            return
        process.kill()
        await asyncio.shield(asyncio.to_thread(process.join))


class _Pipe(asyncio.Protocol):
    """This process's end of a pipe to another: a question, then an answer of one line."""

    _transport: Any  # there before any question is

    def __init__(self):
        self._answered = None
        self._answer = b""

    def ask(self, *question):
        """Return a future of the answer to a question (bytes, in pieces); raises EOFError, and so
        does the future, when the other end is closed."""
        if self.is_closed:
            raise EOFError("its pipe is closed")
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.writelines(question)
        return self._answered

    @property
    def is_closed(self):
        """Whether an end is closed: the other one's is when its process has died."""
        return self._transport.is_closing()

    def close(self):
        """Close this end."""
        self._transport.close()

    def connection_made(self, transport):
        self._transport = transport

    def data_received(self, data):
        self._answer += data
        if self._answer.endswith(b"\n") and self._answered and not self._answered.done():
            self._answered.set_result(self._answer)
            self._answer = b""

    def connection_lost(self, exc):
        if self._answered and not self._answered.done():
            self._answered.set_exception(EOFError("its pipe was closed"))


def _read(answer):
    found = json.loads(answer)
    if "large" in found:
        raise LargeError(found["large"])
    if "wrong" in found:
        raise PictureError(found["wrong"])
    at = found["captured_at"]
    return Picture(**{**found, "captured_at": at and datetime.datetime.fromisoformat(at)})


def _work(connection, share):
    """Judge what comes through `connection` (a socket), until its other end is closed."""
    for number in (signal.SIGINT, signal.SIGTERM):  # told to all: the server ends us
        signal.signal(number, signal.SIG_IGN)
    with connection, contextlib.suppress(ConnectionError):
        file = connection.makefile("rb", _BUFFER)
        while head := file.read(_LENGTH.size):
            (length,) = _LENGTH.unpack(head)
            data = file.read(length & ~_LARGE)
            answer = json.dumps(_judged(data, None if length & _LARGE else share))
            connection.sendall(answer.encode() + b"\n")


def _judged(data, most):
    # JSON, not pickle: this process has bytes of strangers in its hands.
    try:
        found = pictures.judge(data, most)
    except LargeError as error:
        return {"large": error.args[0]}
    except PictureError as error:
        return {"wrong": str(error)}
    at = found.captured_at
    return {**vars(found), "captured_at": at and at.isoformat()}
