# Several instances on one database: what they agree on.

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

from tests.support.index import KEY, admit, fleet, keep
from tools.cloud.index import Ask, Index
from tools.cloud.service.rules import RefusedError

ROUNDS = 150


@contextlib.contextmanager
def instances(url, count=2):
    """Open so many indexes on one database; the value is a list of them."""
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Index(url)) for _ in range(count)]


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
