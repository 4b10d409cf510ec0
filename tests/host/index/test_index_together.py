# Several instances on one database: what they agree on.

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.index import KEY, LABEL, accounts, admit, fleet, keep
from tools.cloud.index import Ask, Index
from tools.cloud.service.rules import RefusedError

ROUNDS = 150


@contextlib.contextmanager
def instances(url, count=2):
    """Open so many indexes on one database; the value is a list of them."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Index(url)) for _ in range(count)]


@pytest.fixture
def held(tmp_path):
    """An index whose writer stands still after its first transaction, and what lets it go on."""
    entered, go_on = threading.Event(), threading.Event()
    with Index(f"sqlite:///{tmp_path}/index.db") as index:
        index.projects.replace(accounts())
        index.watch(lambda: entered.set() or go_on.wait(20))
        index.records.set(LABEL, {"first": 1}, "person")
        assert entered.wait(20)
        yield index, go_on
        go_on.set()


def test_of_those_who_ask_two_at_once_one_is_refused(index_url):
    accounts, tokens = fleet(ROUNDS)
    with instances(index_url) as both, ThreadPoolExecutor(4) as pool:
        both[0].projects.replace(accounts)
        start = threading.Barrier(4)

        def ask(index, token):
            start.wait(20)
            try:
                return index.projects.admit(Ask("demo", KEY, token, "image", 10)).result(20).number
            except RefusedError as error:
                return -error.errcode

        numbers = []
        for token in tokens:
            answers = sorted(pool.map(ask, both + both, [token] * 4))
            assert answers[:3] == [-4291] * 3
            numbers.append(answers[3])
        assert len({number for number in numbers if number > 0}) == ROUNDS


def test_names_are_unique_at_the_same_time(index_url):
    accounts, tokens = fleet(4)
    with contextlib.ExitStack() as stack, ThreadPoolExecutor(8) as pool:
        both = [stack.enter_context(Index(index_url, now=lambda: 10**18)) for _ in range(2)]
        both[0].projects.replace(accounts)

        def work(number):
            index = both[number % 2]
            return keep(index, admit(index, 0, token=tokens[number // 2 % 4]))

        names = list(pool.map(work, range(200)))
        assert len(set(names)) == 200
        found = [picture.name for picture in both[1].pictures.page(count=300).pictures]
        assert sorted(found) == sorted(names)
        assert both[0].pictures.count() == 200
        assert both[0].pictures.bytes() == 200_000


def test_all_may_find_an_empty_database_at_once(index_url):
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(Index, [index_url] * 6))
        accounts, tokens = fleet(20)
        list(pool.map(lambda index: index.projects.replace(accounts), found))
    assert [index.projects.count() for index in found] == [20] * 6
    for index in found:
        index.close()


def test_many_jobs_go_into_one_transaction_and_each_has_its_own_end(index_url):
    accounts, tokens = fleet(100)
    with Index(index_url) as index:
        index.projects.replace(accounts)
        asks = [Ask("demo", KEY, token, "image", 10) for token in (*tokens, "stranger") * 2]
        ends = [index.projects.admit(ask) for ask in asks]
        codes = [getattr(end.exception(20), "errcode", 0) for end in ends]
        found = [sorted(pair) for pair in zip(codes[:101], codes[101:], strict=True)]
        assert found == [[0, 4291]] * 100 + [[1480, 1480]]
        device = next(end.result() for end in ends if not end.exception())
        name = keep(index, device)
        bad = index.records.set("00000000", {"a": 1}, "person")
        good = index.records.set(device.label, {"a": 1}, "person")
        again = ThreadPoolExecutor(1).submit(lambda: keep(index, device, name))
        assert good.result(20) is None
        assert "no device 00000000" in str(bad.exception(20))
        assert "already" in str(again.exception(20))
        assert index.records.attributes(device.label)["a"] == 1


def test_who_waits_in_a_loop_is_told_there(index_url):
    accounts, tokens = fleet(100)
    with Index(index_url) as index:
        index.projects.replace(accounts)

        async def ask():
            asks = [Ask("demo", KEY, token, "image", 10) for token in (*tokens, "stranger")]
            ends = [index.projects.admit(ask) for ask in asks]
            return await asyncio.gather(*ends, return_exceptions=True)

        *devices, refused = asyncio.run(ask())
        assert len({device.number for device in devices}) == 100
        assert isinstance(refused, RefusedError)


def test_what_was_taken_back_in_time_is_not_written(held):
    index, go_on = held
    outside = index.records.set(LABEL, {"outside": 1}, "person")
    assert outside.cancel()

    async def change():
        inside = asyncio.ensure_future(index.records.set(LABEL, {"inside": 1}, "person"))
        last = asyncio.ensure_future(index.records.set(LABEL, {"last": 1}, "person"))
        await asyncio.sleep(0)  # now both are waited for
        inside.cancel()
        await asyncio.wait([inside])
        go_on.set()
        await last

    asyncio.run(change())
    assert index.records.attributes(LABEL) == {"first": 1, "last": 1}


def test_who_waits_in_a_loop_that_has_ended_hinders_nobody(held):
    index, go_on = held

    async def wait():
        await index.records.set(LABEL, {"left": 1}, "person")

    loop = asyncio.new_event_loop()
    left = loop.create_task(wait())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    last = index.records.set(LABEL, {"last": 1}, "person")
    go_on.set()
    last.result(20)
    assert index.records.attributes(LABEL) == {"first": 1, "left": 1, "last": 1}
    assert not left.done()
