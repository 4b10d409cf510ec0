# Where the host is: its last good address is tried first, and names are looked up seldom.
# A look-up blocks, on an ESP32 for 21 s where no DNS server answers.

import binascii
import errno
import socket

from thingscam.http import CertificateError, HttpError
from thingscam.util.compat import const, sleep_ms, ticks_add, ticks_diff, ticks_ms

_MIN_MS = const(1000)  # of the time left, for one of many addresses to answer in
_MAX_SKIPS = const(4)
_QUIET_MS = const(10000)  # for a good moment to look a name up in
_TURN_MS = const(100)
_MAX_PUT_OFF = const(3)  # connections in a row that find none
# Not AF_UNSPEC: an ESP32 would take an IPv6 address that it cannot connect to.
_FAMILY = 0 if hasattr(socket.socket, "detach") else socket.AF_INET


class Addresses:
    """The addresses of the host that was asked for last.

    `busy()`, or None, returns whether a look-up must not block now. `store`, or None, keeps the
    good address: `save(data)` 11 bytes, which `load()` returns, or None when there are none.
    """

    def __init__(self, busy=None, store=None):
        self._busy = busy
        self._store = store
        self._key = b""  # of host and port
        self._good = None  # the address that was good last, as getaddrinfo() gives it
        self._reached = None  # the one that was reached last
        self._doubted = False  # the good one failed last time
        self._skips = self._pause = 0  # failures that go without a look-up: left, of how many
        self._turn = 0  # of a host's many addresses, where the next round begins
        self._put_off = 0

    def reach(self, host, port, connection):
        """Return what `connection.open(address, until)` does for the first that is reached.

        `address` is a tuple of getaddrinfo(); it must answer until the ticks `until`, all
        of them until `connection.deadline`. The good one comes first; if it fails the name
        is looked up. Every round but the first begins with another of many. Call judge()
        when it is known who is there.
        `connection.advanced(-1)` is called while a look-up must wait.

        Raises HttpError: the last one of open(), or of the look-up.
        """
        self._recall(host, port)
        good = self._good
        failed = None
        if good is not None and (self._skips or not self._doubted):
            skipped = self._skips
            try:
                self._skips = max(0, skipped - 1)
                return self._open(connection, good, 3)
            except HttpError as e:
                # What lwIP says without a network; on a computer it may be this address alone.
                if _FAMILY and e.errno == errno.EHOSTUNREACH:
                    self._skips = skipped
                    raise
                failed = e
            self._doubted = True
            self._save()
            if skipped or ticks_diff(connection.deadline, ticks_ms()) <= 0:
                raise failed
        try:
            found = self._look_up(host, port, connection)
        except HttpError as e:
            if good is None or failed is not None:
                raise failed or e
            found = [good]
        tried = good[-1] if good and failed else None
        first = self._turn
        for left in range(len(found), 0, -1):
            address = found[(first - left) % len(found)]
            if address[-1] == tried:
                continue
            try:
                return self._open(connection, address, left)
            except HttpError as e:
                if not isinstance(failed, CertificateError):  # it tells more than all others
                    failed = e
            self._turn += 1
            if ticks_diff(connection.deadline, ticks_ms()) <= 0:
                break
        raise failed or HttpError(errno.EHOSTUNREACH)

    def judge(self, good):
        """Take note whether it is the server that was reached, or who has its address now."""
        if not good:
            self._turn += 1
            self._doubted = True
        elif not self._doubted and not self._pause and self._good == self._reached:
            return
        else:
            self._good = self._reached
            self._doubted = False
            self._skips = self._pause = 0
        self._save()

    def _open(self, connection, address, count):
        # `count` addresses share the time that is left.
        left = ticks_diff(connection.deadline, ticks_ms())
        until = ticks_add(ticks_ms(), min(left, max(left // count, _MIN_MS)))
        result = connection.open(address, until)
        self._reached = address
        return result

    def _look_up(self, host, port, connection):
        if self._busy is not None and not host.replace(".", "").isdigit():
            wait_ms = min(_QUIET_MS, ticks_diff(connection.deadline, ticks_ms()))
            quiet_by = ticks_add(ticks_ms(), wait_ms)
            while self._busy():
                if ticks_diff(quiet_by, ticks_ms()) <= 0:
                    self._put_off += 1
                    if self._put_off < _MAX_PUT_OFF:
                        raise HttpError(errno.EAGAIN, "no look-up now: it would block")
                    break  # what never rests must not keep all requests back
                connection.advanced(-1)
                sleep_ms(_TURN_MS)
            self._put_off = 0
        connection.advanced(-1)
        try:
            return _getaddrinfo(host, port)
        except HttpError:
            if self._good is not None:
                # Not again at once: the next few failures do without.
                self._skips = self._pause = min(2 * self._pause or 1, _MAX_SKIPS)
                self._save()
            raise
        finally:
            connection.advanced(-1)

    def _recall(self, host, port):
        key = binascii.crc32("{}:{}".format(host, port).encode()).to_bytes(4, "little")
        if key == self._key:
            return
        self._key = key
        self._good = None
        self._doubted = False
        self._skips = self._pause = self._turn = 0
        record = self._store and self._store.load()
        if not record or record[:4] != key or not record[4]:
            return
        try:
            self._good = _getaddrinfo("{}.{}.{}.{}".format(*record[4:8]), port)[0]
        except HttpError:
            return
        self._doubted = bool(record[8])
        self._skips = min(record[9], _MAX_SKIPS)
        self._pause = min(record[10], _MAX_SKIPS)

    def _save(self):
        name = self._good[-1] if self._good else None
        # That of the unix port is no tuple; IPv6 does not fit.
        if self._store and isinstance(name, tuple) and ":" not in name[0]:
            address = bytes(map(int, name[0].split(".")))
            state = bytes((self._doubted, self._skips, self._pause))
            self._store.save(self._key + address + state)


def _getaddrinfo(host, port):
    try:
        return socket.getaddrinfo(host, port, _FAMILY, socket.SOCK_STREAM)
    except OSError as e:
        raise HttpError(*e.args)
