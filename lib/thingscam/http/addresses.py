# Where the service is: its last good address, kept over deep sleep, so that names are looked
# up seldom. A look-up blocks, on an ESP32 for 21 s where no DNS server answers.

import binascii
import errno
import socket

from thingscam.board import chip as board
from thingscam.http.tls import CertificateError
from thingscam.util.compat import const, sleep_ms, ticks_add, ticks_diff, ticks_ms

_LEAST_MS = const(1000)  # of the time left, for one of many addresses to answer in
_SKIPS_MOST = const(4)
_QUIET_MS = const(10000)  # for a good moment to look a name up in
_TURN_MS = const(100)
_PUT_OFF_MOST = const(3)  # connections in a row that find none
# Not AF_UNSPEC: an ESP32 would take an IPv6 address that it cannot connect to.
_FAMILY = 0 if hasattr(socket.socket, "detach") else socket.AF_INET


class Names:
    """The addresses of the host that was asked for last.

    `wanted()`, or None, returns whether a look-up must not block now: a picture is due.
    """

    def __init__(self, wanted=None):
        self._wanted = wanted
        self._key = b""  # of host and port
        self._kept = None  # the address that was good last, as getaddrinfo() tells it
        self._doubted = False  # it failed last time
        self._skips = self._pause = 0  # failures that go without a look-up: left, of how many
        self._turn = 0  # of a host's many addresses, where the next round begins
        self._put_off = 0

    def reach(self, host, port, attempt, deadline, step):
        """Return what `attempt(address, until)` does for the first address that is reached.

        `address` is a tuple of getaddrinfo(); it must answer until the ticks `until`. The
        kept one comes first; if it fails the name is looked up. Every round but the first
        begins with another of many. `step()` is called while a look-up must wait.

        Raises OSError: the last one of `attempt()`, or of getaddrinfo().
        """
        self._recall(host, port)
        kept = self._kept
        failed = address = None
        if kept is not None and (self._skips or not self._doubted):
            address = kept[-1]
            try:
                return self._good(kept, attempt(kept, self._share(deadline, 3)))
            except OSError as e:
                ours = board.is_out_of_memory(e) or _is_offline(e)
                if ours or not self._has_failed(deadline):
                    raise
                failed = e
        try:
            found = self._look_up(host, port, deadline, step)
        except OSError:
            if failed is not None:
                raise failed
            if kept is None:
                raise
            found = [kept]
        if failed is not None:
            found = [each for each in found if each[-1] != address]
            if not found:
                raise failed
        return self._round(found, attempt, deadline)

    def _round(self, found, attempt, deadline):
        count = len(found)
        first = self._turn % count
        error = None
        for i in range(count):
            address = found[(first + i) % count]
            try:
                return self._good(address, attempt(address, self._share(deadline, count - i)))
            except OSError as e:
                if board.is_out_of_memory(e):
                    raise
                if not isinstance(error, CertificateError):  # it tells more than all others
                    error = e
            self._turn += 1
            if ticks_diff(deadline, ticks_ms()) <= 0:
                break
        raise error or OSError(errno.EHOSTUNREACH)

    def _share(self, deadline, count):
        # Until when one of `count` addresses must answer.
        left = ticks_diff(deadline, ticks_ms())
        return ticks_add(ticks_ms(), min(left, max(left // count, _LEAST_MS)))

    def _good(self, address, result):
        news = self._kept is None or self._kept[-1] != address[-1]
        if news or self._doubted or self._pause:
            self._kept = address
            self._doubted = False
            self._skips = self._pause = 0
            self._keep()
        return result

    def _has_failed(self, deadline):
        # Notes that the kept address has; returns whether the name may be looked up now.
        skip = self._skips
        self._doubted = True
        self._skips = max(0, skip - 1)
        self._keep()
        return not skip and ticks_diff(deadline, ticks_ms()) > 0

    def _look_up(self, host, port, deadline, step):
        if not all(char in "0123456789." for char in host):
            self._wait_for_quiet(deadline, step)
        step()
        try:
            return socket.getaddrinfo(host, port, _FAMILY, socket.SOCK_STREAM)
        except OSError:
            if self._kept is not None:
                # Not again at once: the next few failures do without.
                self._pause = min(2 * self._pause or 1, _SKIPS_MOST)
                self._skips = self._pause
                self._keep()
            raise
        finally:
            step()

    def _wait_for_quiet(self, deadline, step):
        if self._wanted is None:
            return
        quiet_by = ticks_add(ticks_ms(), _QUIET_MS)
        while self._wanted():
            if ticks_diff(quiet_by, ticks_ms()) <= 0 or ticks_diff(deadline, ticks_ms()) <= 0:
                self._put_off += 1
                if self._put_off < _PUT_OFF_MOST:
                    raise OSError("no name is looked up while there is something to photograph")
                break  # a sensor that never rests must not keep all pictures here
            step()
            sleep_ms(_TURN_MS)
        self._put_off = 0

    def _recall(self, host, port):
        key = binascii.crc32("{}:{}".format(host, port).encode()).to_bytes(4, "little")
        if key == self._key:
            return
        self._key = key
        self._kept = None
        self._doubted = False
        self._skips = self._pause = self._turn = 0
        record = board.recall(board.ADDRESS)
        if record is None or record[:4] != key or not record[4]:
            return
        name = ".".join([str(part) for part in record[4:8]])
        try:
            self._kept = socket.getaddrinfo(name, port, _FAMILY, socket.SOCK_STREAM)[0]
        except OSError:
            return
        self._doubted = bool(record[8])
        self._skips, self._pause = (min(part, _SKIPS_MOST) for part in record[9:11])

    def _keep(self):
        # On a computer there is no place to, nor do its IPv6 addresses fit.
        name = self._kept[-1] if self._kept else ("::", 0)
        if not isinstance(name, tuple):  # bytes of the unix port
            address = bytes(name[4:8])
        elif ":" in name[0]:
            return
        else:
            address = bytes([int(part) for part in name[0].split(".")])
        state = bytes((self._doubted, self._skips, self._pause))
        board.remember(board.ADDRESS, self._key + address + state)


def _is_offline(e):
    # What lwIP says without a network; on a computer it may be one address's fault.
    return _FAMILY and e.args and e.args[0] == errno.EHOSTUNREACH
