# Pictures on their way to their storage: which are put together, and what becomes of each.

import asyncio
import contextlib
import gc
import threading
import weakref

import pytest

from tests.support.cloud import settled
from tools.cloud.objects import StorageError
from tools.cloud.service.putting import Putting


class Slow:
    """Objects that put when they are let: `calls` has the names of each put_all().

    `errors` has what becomes of a name, `breaks` what put_all() raises.
    """

    def __init__(self, together):
        self.together = together
        self.calls = []
        self.errors = {}
        self.breaks = None
        self.let = threading.Event()

    def put_all(self, pictures):
        self.calls.append([name for name, *_ in pictures])
        assert self.let.wait(20)
        if self.breaks:
            raise self.breaks
        return [self.errors.get(name) for name, *_ in pictures]


def putting(objects, names, between=lambda tasks: None):
    """Put pictures of these names, let them after between(tasks); return what became of each."""

    async def run():
        with contextlib.closing(Putting(objects)) as pictures:
            tasks = []
            for name in names:
                tasks.append(asyncio.create_task(pictures.put(name, b"", "image/jpeg")))
                while not objects.calls:  # the first one is on its way, alone
                    await asyncio.sleep(0.001)
            await asyncio.sleep(0.01)
            between(tasks)
            await asyncio.sleep(0)
            objects.let.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_what_waits_is_put_together():
    objects = Slow(3)
    assert putting(objects, "abcdef") == [None] * 6
    assert objects.calls == [["a"], ["b", "c", "d"], ["e", "f"]]


def test_where_each_is_alone_none_waits_for_another():
    objects = Slow(1)
    assert putting(objects, "abc", lambda tasks: objects.calls.append("let")) == [None] * 3
    assert sorted(objects.calls[:3]) == [["a"], ["b"], ["c"]] and objects.calls[3] == "let"


def test_what_fails_fails_alone():
    objects = Slow(3)
    objects.errors["c"] = StorageError("full")
    assert putting(objects, "abcd") == [None, None, objects.errors["c"], None]


def test_nobody_is_left_waiting_whatever_happens():
    objects = Slow(3)
    objects.breaks = ValueError("no name")
    assert putting(objects, "abc") == [objects.breaks] * 3


def test_who_gives_up_leaves_nothing_in_memory_while_nothing_is_taken():
    class Data:
        """In place of bytes: one can see whether it is still there."""

    async def run():
        objects, data = Slow(3), Data()
        with contextlib.closing(Putting(objects)) as pictures:
            first = asyncio.create_task(pictures.put("a", b"", "image/jpeg"))
            await asyncio.to_thread(settled, lambda: objects.calls)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pictures.put("b", data, "image/jpeg"), 0.01)
            there = weakref.ref(data)
            del data
            gc.collect()
            assert there() is None
            objects.let.set()
            await first

    asyncio.run(run())


@pytest.mark.parametrize("at", [0, 1])
def test_who_gives_up_before_its_turn_is_not_put(at):
    objects = Slow(3)
    found = putting(objects, "abc", lambda tasks: tasks[at].cancel())
    assert isinstance(found.pop(at), asyncio.CancelledError) and found == [None, None]
    assert objects.calls == [["a"], ["b", "c"] if at == 0 else ["c"]]
