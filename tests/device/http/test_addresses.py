# addresses: the last good address first, and a name looked up as seldom as possible.

import errno
import sys

from fakeboard import Board
from support import raises
from thingscam.board import chip as board
from thingscam.http import addresses as names

HOST = "api.example.com"
LAN = "10.0.0."


class Net:
    """Addresses that answer or do not, and how long both take; `asked`: names looked up."""

    def __init__(self, *found, alive=()):
        self.now = 1000
        self.found = list(found)
        self.alive = set(alive)
        self.asked = []
        self.tried = []
        self.steps = 0
        self.lookup_ms = 20
        self.refused = None  # an exception in place of what a dead address does
        self.on_step = None

    # What names needs of a module socket.

    AF_INET = 2
    SOCK_STREAM = 1

    def getaddrinfo(self, host, port, family=0, kind=0):
        if host[0].isdigit():
            return [(2, 1, 6, host, (host, port))]
        self.asked.append(host)
        self.now += self.lookup_ms
        if not self.found:
            raise OSError(-202)
        return [(2, 1, 6, host, (name, port)) for name in self.found]

    def __enter__(self):
        self._kept = names.socket, names.ticks_ms, names.ticks_diff, names.ticks_add
        self._sleep_ms, names.sleep_ms = names.sleep_ms, self.sleep_ms
        names.socket, names.ticks_ms = self, lambda: self.now
        names.ticks_diff, names.ticks_add = (lambda a, b: a - b), (lambda a, b: a + b)
        return self

    def __exit__(self, *_):
        names.socket, names.ticks_ms, names.ticks_diff, names.ticks_add = self._kept
        names.sleep_ms = self._sleep_ms

    def sleep_ms(self, ms):
        self.now += ms

    def attempt(self, address, until):
        name = address[-1][0]
        self.tried.append(name)
        if name in self.alive:
            self.now += 50
            return name
        if self.refused is not None:
            raise self.refused
        assert until > self.now
        self.now = until
        raise OSError(errno.ETIMEDOUT)

    def step(self):
        self.steps += 1
        if self.on_step:
            self.on_step()

    def reach(self, book, host=HOST, timeout_ms=30000):
        """Return the address that was reached, or the exception."""
        start = self.now
        try:
            return book.reach(host, 443, self.attempt, self.now + timeout_ms, self.step)
        except OSError as e:
            return e
        finally:
            # What a look-up takes cannot be bounded.
            assert self.now - start <= timeout_ms + len(self.asked) * self.lookup_ms + 200

    def round(self, book, **options):
        """Reach; return what it gave, what was tried, and how many names were looked up."""
        self.tried, before = [], len(self.asked)
        result = self.reach(book, **options)
        return result, self.tried, len(self.asked) - before

    def outcome(self, book):
        """Reach; return what it gave, and how many names were looked up."""
        result, _, asked = self.round(book)
        return result, asked


def test_a_good_address_is_used_without_a_look_up():
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = names.Names()
        assert net.round(book) == (LAN + "1", [LAN + "1"], 1)
        for _ in range(5):
            assert net.round(book) == (LAN + "1", [LAN + "1"], 0)
        assert net.round(book, host="other.example.com")[2] == 1  # that of another is no use


def test_it_is_kept_over_deep_sleep():
    with Board(), Net(LAN + "7", alive=[LAN + "7"]) as net:
        net.round(names.Names())
        assert net.round(names.Names()) == (LAN + "7", [LAN + "7"], 0)
        assert net.round(names.Names(), host="other.example.com")[2] == 1
        net.round(names.Names())
        # Damaged, or of another firmware: as none.
        board.remember(board.ADDRESS, bytes(11))
        assert net.round(names.Names())[2] == 1
        kept = bytearray(board.recall(board.ADDRESS))
        kept[8:] = b"\xff\xff\xff"
        board.remember(board.ADDRESS, bytes(kept))
        found = [net.round(names.Names())[2] for _ in range(3)]
        assert sum(found) <= 1, found


def test_one_that_fails_is_looked_up_within_the_same_deadline():
    for refused in (None, OSError(errno.ECONNRESET), OSError("certificate refused")):
        with Net(LAN + "1", alive=[LAN + "1"]) as net:
            book = names.Names()
            net.round(book)
            net.refused = refused
            net.found, net.alive = [LAN + "2"], {LAN + "2"}
            assert net.round(book) == (LAN + "2", [LAN + "1", LAN + "2"], 1)
            assert net.round(book) == (LAN + "2", [LAN + "2"], 0)


def test_one_that_fails_is_not_tried_twice():
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = names.Names()
        net.round(book)
        net.alive = ()
        result, tried, asked = net.round(book)
        assert result.args[0] == errno.ETIMEDOUT and tried == [LAN + "1"] and asked == 1
        # Next time the name first: what takes the whole time leaves none to look it up.
        net.found, net.alive = [LAN + "3"], {LAN + "3"}
        assert net.round(book) == (LAN + "3", [LAN + "3"], 1)


def test_look_ups_that_find_nothing_are_not_made_in_a_row():
    with Board(), Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = names.Names()
        net.round(book)
        net.found, net.alive, net.lookup_ms = [], (), 21000
        for _ in range(2):  # over deep sleep too
            book = names.Names()
            rounds = [net.round(book) for _ in range(20)]
            # The kept one is tried all the same: it comes back before the names do.
            assert all(tried == [LAN + "1"] for _, tried, _ in rounds)
            asked = [count for _, _, count in rounds]
            assert 2 <= sum(asked) <= 6 and "1, 1" not in str(asked), asked
        net.alive = {LAN + "1"}
        assert net.round(book)[0] == LAN + "1"
        assert net.round(book) == (LAN + "1", [LAN + "1"], 0)


def test_without_a_good_one_a_name_is_looked_up_each_time():
    with Net() as net:
        book = names.Names()
        for _ in range(4):
            result, tried, asked = net.round(book)
            assert (result.args[0], tried, asked) == (-202, [], 1)


def test_without_a_network_a_board_looks_no_name_up():
    if sys.implementation.name == "cpython":
        return  # there it may be this address alone
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = names.Names()
        net.round(book)
        net.alive, net.refused = (), OSError(errno.EHOSTUNREACH)
        assert net.round(book)[2] == 0


def test_all_of_many_addresses_are_tried():
    dead = [LAN + str(i) for i in range(1, 3)]
    with Net(*dead, LAN + "9", alive=[LAN + "9"]) as net:
        book = names.Names()
        assert net.round(book) == (LAN + "9", dead + [LAN + "9"], 1)
        assert net.round(book) == (LAN + "9", [LAN + "9"], 0)
    # Twenty of them in two seconds: not at once, but over time.
    many = [LAN + str(i) for i in range(1, 21)]
    with Net(*many, alive=[many[17]]) as net:
        book = names.Names()
        for _ in range(12):
            result = net.reach(book, timeout_ms=2000)
            if result == many[17]:
                break
        assert result == many[17]


def test_lack_of_memory_is_no_fault_of_the_address():
    for short in (MemoryError("TLS"), OSError(errno.ENOMEM)):
        with Net(LAN + "1", LAN + "2") as net:
            net.refused = short
            book = names.Names()
            assert raises(type(short), book.reach, HOST, 443, net.attempt, 9000, net.step) is short
            assert net.tried == [LAN + "1"]


def test_a_look_up_waits_for_a_quiet_moment():
    quiet = [False]
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = names.Names(wanted=lambda: not quiet[0])

        def on_step():
            assert not net.asked or quiet[0]
            quiet[0] = net.steps >= 30

        net.on_step = on_step
        assert net.outcome(book) == (LAN + "1", 1)
        assert 30 <= net.steps <= 33
        quiet[0], net.on_step = False, None
        assert net.outcome(book) == (LAN + "1", 0)  # nothing that blocks


def test_a_sensor_that_never_rests_does_not_keep_pictures_for_ever():
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = names.Names(wanted=lambda: True)
        for _ in range(2):
            start = net.now
            result, tried, asked = net.round(book)
            assert "photograph" in str(result) and (tried, asked) == ([], 0)
            assert net.now - start <= 11000
        assert net.outcome(book) == (LAN + "1", 1)
