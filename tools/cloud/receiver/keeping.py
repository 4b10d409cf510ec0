# Deletes pictures that are too many: marked in the index, then the object, then the row.

import asyncio
import contextlib
import secrets
import threading

from ..index import UnavailableError
from ..objects import SettingError, StorageError

# The word of a process that has gone counts so long; a turn is shorter.
LEASE_SECONDS = 120

# What is done in one turn at most, and how long until the next: at once where there is more.
MOST = 500
_REST_SECONDS = 60
_NEXT_SECONDS = 0.2


class Keeping:
    """Deletes what is beyond `limits` (Limits) from `index` (Index) and `objects` (Objects).

    What was begun and not ended, by whomever, is ended first. Of several processes one does it.
    `deleted` is called with how many pictures were, `tell` with what happened (a text) and named
    values, for the log.
    """

    def __init__(
        self, index, objects, limits, *, owner=None, deleted=lambda count: None,
        tell=lambda event, **values: None,
    ):  # fmt: skip
        self._index = index
        self._objects = objects
        self._limits = limits
        self._owner = owner or secrets.token_hex(8)
        self._deleted = deleted
        self._tell = tell
        self._ended = threading.Event()
        self._failed = None

    async def attach(self, app):
        """Delete while `app` runs (an aiohttp cleanup context)."""
        working = asyncio.create_task(self._go_on())
        yield
        self._ended.set()
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        with contextlib.suppress(UnavailableError):
            await asyncio.to_thread(self._index.surplus.end_turns, self._owner)

    async def _go_on(self):
        while True:
            turn = asyncio.ensure_future(asyncio.to_thread(self._try))
            try:
                more = await asyncio.shield(turn)
            except asyncio.CancelledError:
                await turn  # it ends behind the picture it is at
                raise
            await asyncio.sleep(_NEXT_SECONDS if more else _REST_SECONDS)

    def _try(self):
        try:
            more = self.turn()
        except (UnavailableError, SettingError, StorageError) as error:
            if self._failed != str(error):  # once, not each minute
                self._failed = str(error)
                self._tell("deleting pictures failed", level="error", error=self._failed)
            return False
        self._failed = None
        return more

    def turn(self):
        """Do a bounded piece of work; return whether there is more to do at once.

        Raises UnavailableError, SettingError, StorageError: the next turn goes on.
        """
        if not self._index.surplus.take_turn(self._owner, LEASE_SECONDS):
            return False
        names = self._index.pictures.deleting(MOST)
        more = len(names) >= MOST
        if not names:
            chosen = self._choose()
            more = len(chosen) >= MOST
            names = list(dict.fromkeys(chosen))  # one may be both too old and one too many
            self._index.pictures.begin_delete(names)
        done = []
        try:
            for name in names:
                if self._ended.is_set():
                    break
                self._objects.delete(name)
                done.append(name)
        finally:
            self._index.pictures.end_delete(done)
            if done:
                self._deleted(len(done))
                self._tell("pictures deleted", count=len(done))
        return more

    def _choose(self):
        surplus = self._index.surplus
        names = surplus.aged(self._limits.days, MOST)
        if len(names) < MOST:
            names += surplus.crowded(self._limits, MOST - len(names))
        return names
