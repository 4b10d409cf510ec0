# Pictures on their way to their storage, in threads: many at once where that is cheaper.

import asyncio
import collections
import contextlib
import time
from concurrent.futures import ThreadPoolExecutor

# So many threads where each picture is put alone; where many are put together, these are enough
# when the disk is slow, and more take the time of all others.
_ALONE = 32
_TOGETHER = 4


class Putting:
    """Puts pictures into `objects` (Objects), for one event loop.

    `observe` is called with the seconds in which each was put.
    """

    def __init__(self, objects):
        self.observe = lambda seconds: None
        self._objects = objects
        self._waiting = collections.deque()
        self._count = _TOGETHER if objects.together > 1 else _ALONE
        self._threads = ThreadPoolExecutor(self._count, "put")

    async def put(self, *picture):
        """Put a picture, as Objects.put. Who is cancelled before its turn wants it no more."""
        future = asyncio.get_running_loop().create_future()
        mine = future, picture
        self._waiting.append(mine)
        # Behind another one that waits it is taken with it.
        if len(self._waiting) <= self._count:
            self._threads.submit(self._put_some)
        try:
            await future
        except asyncio.CancelledError:
            with contextlib.suppress(ValueError):  # its turn has come
                self._waiting.remove(mine)  # nothing may take them for long: they need memory
            raise

    def close(self):
        """Put no more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _put_some(self):
        while taken := self._take():
            started = time.monotonic()
            try:
                errors = self._objects.put_all([picture for _, picture in taken])
            except Exception as error:  # whatever it is: nobody is left waiting
                errors = [error] * len(taken)
            took = time.monotonic() - started
            futures = [future for future, _ in taken]
            futures[0].get_loop().call_soon_threadsafe(self._settle, futures, errors, took)

    def _take(self):
        taken = []
        with contextlib.suppress(IndexError):  # no more of them
            while len(taken) < self._objects.together:
                future, picture = self._waiting.popleft()
                if not future.done():
                    taken.append((future, picture))
        return taken

    def _settle(self, futures, errors, took):
        for future, error in zip(futures, errors, strict=True):
            self.observe(took)
            if future.done():  # nobody waits any more
                continue
            if error:
                future.set_exception(error)
            else:
                future.set_result(None)
