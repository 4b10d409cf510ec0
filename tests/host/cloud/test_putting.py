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


async def begin(pictures, objects, name, data=b""):
    """Return a task that puts a picture; the first four are on their way, each alone."""
    busy = min(len(objects.calls) + 1, 4)
    task = asyncio.create_task(pictures.put(name, data, "image/jpeg"))
    await asyncio.sleep(0)
    await asyncio.to_thread(settled, lambda: len(objects.calls) >= busy)
    return task


def putting(objects, names, between=lambda tasks: None):
    """Put pictures of these names, let them after between(tasks); return what became of each."""

    async def run():
        with contextlib.closing(Putting(objects)) as pictures:
            tasks = [await begin(pictures, objects, name) for name in names]
            between(tasks)
            await asyncio.sleep(0)
            objects.let.set()
            return await asyncio.gather(*tasks, return_exceptions=True)

    return asyncio.run(run())


def test_what_waits_is_put_together():
    objects = Slow(3)
    assert putting(objects, "abcdefghijklm") == [None] * 13
    assert objects.calls[:4] == [["a"], ["b"], ["c"], ["d"]]
    assert 3 <= len(objects.calls[4:]) < 9 and max(map(len, objects.calls)) == 3
    assert sorted(sum(objects.calls, [])) == list("abcdefghijklm")


def test_where_each_is_alone_none_waits_for_another():
    objects = Slow(1)

    def all_are_on_their_way(tasks):
        settled(lambda: len(objects.calls) == 6)

    assert putting(objects, "abcdef", all_are_on_their_way) == [None] * 6
    assert sorted(objects.calls) == [["a"], ["b"], ["c"], ["d"], ["e"], ["f"]]


def test_what_fails_fails_alone():
    objects = Slow(3)
    objects.errors["f"] = StorageError("full")
    assert putting(objects, "abcdefg") == [*[None] * 5, objects.errors["f"], None]


def test_nobody_is_left_waiting_whatever_happens():
    objects = Slow(3)
    objects.breaks = ValueError("no name")
    assert putting(objects, "abcdefg") == [objects.breaks] * 7


def test_who_gives_up_leaves_nothing_in_memory_while_nothing_is_taken():
    class Data:
        """In place of bytes: one can see whether it is still there."""

    async def run():
        objects, data = Slow(3), Data()
        with contextlib.closing(Putting(objects)) as pictures:
            first = [await begin(pictures, objects, name) for name in "abcd"]
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(pictures.put("e", data, "image/jpeg"), 0.01)
            there = weakref.ref(data)
            del data
            gc.collect()
            assert there() is None
            objects.let.set()
            await asyncio.gather(*first)

    asyncio.run(run())


@pytest.mark.parametrize("at", [0, 4])
def test_who_gives_up_before_its_turn_is_not_put(at):
    objects = Slow(3)
    found = putting(objects, "abcdef", lambda tasks: tasks[at].cancel())
    assert isinstance(found.pop(at), asyncio.CancelledError) and found == [None] * 5
    put = sorted(sum(objects.calls, []))
    assert put == list("abcdef" if at == 0 else "abcdf")
