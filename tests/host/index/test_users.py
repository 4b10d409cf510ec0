# Users of the pages, their sessions, and tries to log in, in each kind of database.

import concurrent.futures

import pytest

from tools.cloud.index import Index
from tools.cloud.index.users import IDLE, LASTS, MOST_SESSIONS

ONE, ALL, WINDOW = 3, 10, 900


class Time:
    """Nanoseconds since 1970, as they are told to be."""

    def __init__(self):
        self.seconds = 1_790_000_000

    def __call__(self):
        return self.seconds * 1_000_000_000


@pytest.fixture
def time():
    return Time()


@pytest.fixture
def users(index_url, time):
    with Index(index_url, now=time) as index:
        yield index.users


def done(future):
    return future.result(20)


def attempt(users, who):
    return done(users.attempt(who, ONE, ALL, WINDOW))


def opened(users, name="admin", stored="hash", id_hash="id", who="1.2.3.4"):
    return done(users.open_session(name, stored, id_hash, "csrf", who))


def test_a_user_and_its_password(users):
    assert not users.any() and users.names() == [] and users.password_hash("admin") is None
    done(users.set_password("admin", "hash"))
    assert users.any() and users.names() == ["admin"] and users.password_hash("admin") == "hash"
    done(users.set_password("admin", "other"))
    assert users.password_hash("admin") == "other" and users.names() == ["admin"]


def test_a_session_and_its_end(users, time):
    done(users.set_password("admin", "hash"))
    assert opened(users) is True
    found = users.session("id")
    assert (found.user, found.csrf, found.made_at) == ("admin", "csrf", time.seconds)
    assert users.alive(["id", "no"]) == {"id"} and users.session("no") is None
    time.seconds += 100
    done(users.see_session("id"))
    assert users.session("id").seen_at == time.seconds
    done(users.end_session("id"))
    done(users.end_session("id"))
    assert users.session("id") is None and users.alive(["id"]) == set()


def test_no_session_for_a_password_that_was_changed_meanwhile(users):
    done(users.set_password("admin", "hash"))
    assert opened(users, id_hash="before")
    done(users.set_password("admin", "other"))
    assert users.session("before") is None
    assert opened(users) is False and users.session("id") is None
    assert opened(users, name="nobody") is False


def test_a_session_that_is_over(users, time):
    done(users.set_password("admin", "hash"))
    opened(users)
    time.seconds += IDLE - 1
    assert users.session("id")
    time.seconds += 1
    assert users.session("id") is None and users.alive(["id"]) == set()
    opened(users, id_hash="two")
    for _ in range(LASTS // (IDLE - 1)):
        time.seconds += IDLE - 1
        done(users.see_session("two"))
    assert users.session("two")
    time.seconds += LASTS % (IDLE - 1)
    assert users.session("two") is None


def test_a_user_has_only_so_many_sessions(users, time):
    done(users.set_password("admin", "hash"))
    ids = [f"id{number}" for number in range(MOST_SESSIONS + 5)]
    for each in ids:
        time.seconds += 1
        opened(users, id_hash=each)
    assert users.alive(ids) == set(ids[5:])


def test_tries_of_one(users, time):
    assert [attempt(users, "a") for _ in range(ONE)] == [0] * ONE
    time.seconds += 100
    assert attempt(users, "a") == WINDOW - 100 and attempt(users, "b") == 0
    time.seconds += WINDOW - 101
    assert attempt(users, "a") == 1
    time.seconds += 1
    assert attempt(users, "a") == 0


def test_tries_of_all_but_not_of_whom_we_know(users, time):
    done(users.set_password("admin", "hash"))
    assert attempt(users, "known") == 0
    opened(users, who="known")
    assert [attempt(users, f"from{number}") for number in range(ALL)] == [0] * ALL
    assert attempt(users, "new") == WINDOW
    assert attempt(users, "known") == 0
    time.seconds += WINDOW
    assert attempt(users, "new") == 0


def test_who_gets_it_right_has_not_failed(users):
    done(users.set_password("admin", "hash"))
    for number in range(3 * ALL):
        who = f"{number % 5}"
        assert attempt(users, who) == 0
        assert opened(users, id_hash=str(number), who=who)


def test_a_clock_that_is_set_back_locks_nobody_out(users, time):
    for _ in range(ONE + 1):
        attempt(users, "a")
    time.seconds -= 86400
    assert attempt(users, "a") == 0


def test_at_once_none_too_many_is_let_through(index_url, time):
    """Of several instances too."""
    with (
        Index(index_url, now=time) as one,
        Index(index_url, now=time) as two,
        concurrent.futures.ThreadPoolExecutor(12) as pool,
    ):
        found = list(pool.map(lambda n: attempt((one, two)[n % 2].users, "a"), range(12)))
    assert found.count(0) == ONE
