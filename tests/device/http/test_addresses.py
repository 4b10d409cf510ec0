# addresses.Addresses: the last good address first, and a name looked up as seldom as possible.

import errno
import sys

from support import raises
from thingscam.http import CertificateError, HttpError, addresses

HOST = "api.example.com"
LAN = "10.0.0."


class Store:
    """Keeps the 11 bytes."""

    data = None

    def load(self):
        return self.data

    def save(self, data):
        assert len(data) == 11
        self.data = data


class Net:
    """Addresses that answer or do not, and how long both take; `asked`: names looked up."""

    def __init__(self, *found, alive=()):
        self.now = 1000
        self.found = list(found)
        self.alive = set(alive)
        self.others = ()  # alive, and not the server
        self.asked = []
        self.tried = []
        self.steps = 0
        self.lookup_ms = 20
        self.refused = None  # an exception in place of what a dead address does
        self.on_step = None

    # What addresses needs of a module socket.

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
        self._kept = (
            addresses.socket,
            addresses.ticks_ms,
            addresses.ticks_diff,
            addresses.ticks_add,
        )
        self._sleep_ms, addresses.sleep_ms = addresses.sleep_ms, self.sleep_ms
        addresses.socket, addresses.ticks_ms = self, lambda: self.now
        addresses.ticks_diff, addresses.ticks_add = (lambda a, b: a - b), (lambda a, b: a + b)
        return self

    def __exit__(self, *_):
        addresses.socket, addresses.ticks_ms, addresses.ticks_diff, addresses.ticks_add = (
            self._kept
        )
        addresses.sleep_ms = self._sleep_ms

    def sleep_ms(self, ms):
        self.now += ms

    # What it needs of a connection.

    def open(self, address, until):
        name = address[-1][0]
        self.tried.append(name)
        if name in self.alive:
            self.now += 50
            return name
        if self.refused is not None:
            raise self.refused
        assert until > self.now
        self.now = until
        raise HttpError(errno.ETIMEDOUT)

    def advanced(self, sent):
        self.steps += 1
        if self.on_step:
            self.on_step()

    def reach(self, book, host=HOST, timeout_ms=30000):
        """Return the address that was reached, or the exception."""
        start = self.now
        try:
            self.deadline = start + timeout_ms
            result = book.reach(host, 443, self)
            book.judge(result not in self.others)
            return result
        except HttpError as e:
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
        book = addresses.Addresses()
        assert net.round(book) == (LAN + "1", [LAN + "1"], 1)
        for _ in range(5):
            assert net.round(book) == (LAN + "1", [LAN + "1"], 0)
        assert net.round(book, host="other.example.com")[2] == 1  # that of another is no use


def test_it_is_kept_over_restarts():
    with Net(LAN + "7", alive=[LAN + "7"]) as net:
        store = Store()

        def restarted(host=HOST):
            return net.round(addresses.Addresses(store=store), host=host)

        restarted()
        assert restarted() == (LAN + "7", [LAN + "7"], 0)
        assert restarted("other.example.com")[2] == 1
        restarted()
        # Of something else: as none.
        good, store.data = store.data, bytes(11)
        assert restarted()[2] == 1
        store.data = good[:8] + b"\xff\xff\xff"
        found = [restarted()[2] for _ in range(3)]
        assert sum(found) <= 1, found


def test_one_that_fails_is_looked_up_within_the_same_deadline():
    for refused in (None, HttpError(errno.ECONNRESET), CertificateError("certificate refused")):
        with Net(LAN + "1", alive=[LAN + "1"]) as net:
            book = addresses.Addresses()
            net.round(book)
            net.refused = refused
            net.found, net.alive = [LAN + "2"], {LAN + "2"}
            assert net.round(book) == (LAN + "2", [LAN + "1", LAN + "2"], 1)
            assert net.round(book) == (LAN + "2", [LAN + "2"], 0)


def test_one_that_fails_is_not_tried_twice():
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = addresses.Addresses()
        net.round(book)
        net.alive = ()
        result, tried, asked = net.round(book)
        assert result.args[0] == errno.ETIMEDOUT and tried == [LAN + "1"] and asked == 1
        # Next time the name first: what takes the whole time leaves none to look it up.
        net.found, net.alive = [LAN + "3"], {LAN + "3"}
        assert net.round(book) == (LAN + "3", [LAN + "3"], 1)


def test_look_ups_that_find_nothing_are_not_made_in_a_row():
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        store = Store()
        book = addresses.Addresses(store=store)
        net.round(book)
        net.found, net.alive, net.lookup_ms = [], (), 21000
        for _ in range(2):  # over a restart too
            book = addresses.Addresses(store=store)
            rounds = [net.round(book) for _ in range(20)]
            # The kept one is tried all the same: it comes back before the names do.
            assert all(tried == [LAN + "1"] for _, tried, _ in rounds)
            asked = [count for _, _, count in rounds]
            assert 2 <= sum(asked) <= 6 and "1, 1" not in str(asked), asked
        net.alive = {LAN + "1"}
        assert net.round(book)[0] == LAN + "1"
        assert net.round(book) == (LAN + "1", [LAN + "1"], 0)


def test_one_that_is_another_machine_now_is_looked_up():
    with Net(LAN + "1", alive=[LAN + "1", LAN + "2"]) as net:
        store = Store()
        net.round(addresses.Addresses(store=store))
        net.others = [LAN + "1"]
        assert net.round(addresses.Addresses(store=store)) == (LAN + "1", [LAN + "1"], 0)
        # No name server answers: it is asked seldom.
        net.found, net.lookup_ms = [], 21000
        book = addresses.Addresses(store=store)
        assert [net.round(book)[2] for _ in range(11)] == [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1]
        # It does, with an address of each.
        net.found, net.lookup_ms = [LAN + "1", LAN + "2"], 20
        found = [net.round(book) for _ in range(7)]
        assert found[-1] == (LAN + "2", [LAN + "2"], 0), found
        assert net.round(addresses.Addresses(store=store)) == found[-1]


def test_without_a_good_one_a_name_is_looked_up_each_time():
    with Net() as net:
        book = addresses.Addresses()
        for _ in range(4):
            result, tried, asked = net.round(book)
            assert (result.args[0], tried, asked) == (-202, [], 1)


def test_without_a_network_a_board_looks_no_name_up():
    if sys.implementation.name == "cpython":
        return  # there it may be this address alone
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = addresses.Addresses()
        net.round(book)
        net.alive, net.refused = (), HttpError(errno.EHOSTUNREACH)
        assert net.round(book)[2] == 0


def test_all_of_many_addresses_are_tried():
    dead = [LAN + str(i) for i in range(1, 3)]
    with Net(*dead, LAN + "9", alive=[LAN + "9"]) as net:
        book = addresses.Addresses()
        assert net.round(book) == (LAN + "9", dead + [LAN + "9"], 1)
        assert net.round(book) == (LAN + "9", [LAN + "9"], 0)
    # Twenty of them in two seconds: not at once, but over time.
    many = [LAN + str(i) for i in range(1, 21)]
    with Net(*many, alive=[many[17]]) as net:
        book = addresses.Addresses()
        for _ in range(12):
            result = net.reach(book, timeout_ms=2000)
            if result == many[17]:
                break
        assert result == many[17]


def test_errors_of_others_are_no_fault_of_the_address():
    # Lack of memory; what the callback raises, which is called while connecting.
    for error in (MemoryError("TLS"), OSError(errno.EIO)):
        with Net(LAN + "1", LAN + "2") as net:
            net.refused = error
            net.deadline = 9000
            assert raises(type(error), addresses.Addresses().reach, HOST, 443, net) is error
            assert net.tried == [LAN + "1"]


def test_a_look_up_waits_for_a_quiet_moment():
    quiet = [False]
    with Net(LAN + "1", alive=[LAN + "1"]) as net:
        book = addresses.Addresses(busy=lambda: not quiet[0])

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
        book = addresses.Addresses(busy=lambda: True)
        for _ in range(2):
            start = net.now
            result, tried, asked = net.round(book)
            assert result.errno == errno.EAGAIN and (tried, asked) == ([], 0)
            assert net.now - start <= 11000
        assert net.outcome(book) == (LAN + "1", 1)
