# The time from the network, and whether the clock can be trusted.

import binascii
import struct
import time
from socket import getaddrinfo

from thingscam.board import chip, rtc, watchdog
from thingscam.util.compat import const, ticks_diff, ticks_ms

try:
    import ntptime
except ImportError:  # a computer's clock is right
    ntptime = None

_TRUSTED_YEAR = const(2024)  # a clock before this was never set: it starts in 2000
_LAST_YEAR = const(2055)
_DAY_S = const(86400)
_HOUR_MS = const(3600000)
_NEXT_MS = const(5000)  # until another server is asked
_PAUSE_MS = const(30000)  # after a name that cannot be looked up, or a round; it doubles
_MAX_DOUBLINGS = const(7)  # an hour
_LATE_MS = const(2000)  # an answer that took so long is of a time that nobody knows
_JUMP_S = const(300)  # more is believed when a second server says it too
_CONFIRM_MS = const(60000)  # after a clock was set by one server alone
_AGAIN_MS = const(600000)  # a certificate that fails by its date may be right
# Address and number of the server that answered last; flags; of which servers; whose turn it is,
# doublings; by how much another one says that the clock is off.
_RECORD = const("<4sBBHBBi")
_ONLY = const(1)  # flags
_VOUCHED = const(2)
_DOUBTER = const(4)  # and above: whose doubt it is, 0: nobody's
_MONTHS = const(b"JanFebMarAprMayJunJulAugSepOctNovDec")
# 7 February 2036: what ntptime makes of an answer with no time in it, as servers give to who
# asks too often (RFC 5905, kiss-o'-death; ntpd copies our own empty field into it).
_NO_TIME = const(2085978496)

# Seconds from 1970, UTC, to the epoch of this machine's time.time(): boards begin in 2000.
_EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """Sets the clock by NTP, once in `every_s`, and tells whether it is set.

    `servers` are names or addresses, asked in turn, and behind them what `gateway()` returns.
    A name is looked up seldom, for that may block for 21 s: the address of the one that answered
    last is kept. A clock that was set is moved by more than five minutes only when a second
    server says the same, or the service: see compare().

    `log` is a Log; `wanted()` tells whether this is no moment for a look-up, which lets nothing
    in; `changed(seconds)` is called after each setting, with how far it was off.
    """

    def __init__(self, servers, log, wanted, changed, gateway, every_s=_DAY_S):
        self._servers = servers
        self._log = log
        self._wanted = wanted
        self._changed = changed
        self._gateway = gateway
        self._addresses = {}  # by the server's number; that of the gateway is the last
        self._kept = b"\0\0\0\0"  # the address that answered last, of
        self._last = 0
        self._server = 0  # whose turn it is
        self._first = 0  # where this round began
        self._doublings = 0
        self._blind = False  # the last look-up failed
        self._silent = False  # a whole round without an answer: each one's is not told any more
        # (server, seconds) of an answer that is not believed yet; behind the servers' numbers and
        # the gateway's stands that of the service.
        self._doubt = None
        self._service = len(servers) + 1
        self._only = False  # the clock was set by self._last alone
        self._vouched = False  # the service said the same as the clock, last
        self._asked = ticks_ms()
        self._every_ms = every_s * 1000
        self._pause = rtc.Deadline(rtc.ASK_TIME, self._every_ms)  # until one is asked
        self._recall()

    def step(self):
        """Ask one server if that is due; call it while online.

        Takes a second at most, but for a name that no DNS server knows: 7 s for each of these.
        """
        if ntptime is None or self._pause.left_ms() or self._wanted():
            return
        number = self._server
        self._blind = False
        watchdog.waiting(True)  # a look-up may take longer than the watchdog
        try:
            found = self._ask(number)
        except (OSError, ValueError, MemoryError, OverflowError, IndexError) as e:
            found, trouble = None, e  # ValueError and the last two: a broken answer
        else:
            trouble = None if _is_time(found) else "no time in its answer"
        watchdog.waiting(False)
        self._asked = ticks_ms()
        if trouble is not None:
            self._failed(number, trouble)
        elif found is not None and self._is_believed(number, found - int(time.time())):
            self._set(number, found)

    def is_set(self):
        """Return whether the clock can be trusted."""
        return _is_time(int(time.time()))

    def now(self):
        """Return the seconds since 1970, UTC; None while the clock is not set."""
        return int(time.time()) + _EPOCH if self.is_set() else None

    def stamp(self):
        """Return now(); while the clock is not set, what dated() makes a time of when it is."""
        now = self.now()
        return rtc.mark() if now is None else now

    def dated(self, stamp):
        """Return when a stamp() was made, in seconds since 1970.

        None where that is not known: the clock is not set, or the power was lost since; or for
        None.
        """
        if stamp is None or stamp >= 0:
            return stamp
        found = rtc.marked(stamp)
        return found + _EPOCH if found is not None and _is_time(found) else None

    def joined(self):
        """Take note that there is a network again: names may be found there."""
        if not self.is_set():
            self._doublings = 0
            if self._pause.left_ms() > _PAUSE_MS:
                self._pause.set(_PAUSE_MS)

    def doubted(self):
        """Take note that a certificate fails: the clock may be the reason, and is asked for."""
        self._vouched = False
        if not 0 <= ticks_diff(ticks_ms(), self._asked) < _AGAIN_MS:
            self._pause.clear()

    def compare(self, date):
        """Compare the clock with `date`, the bytes of an HTTP Date that came over verified TLS.

        It confirms the clock, or has the time servers asked again, and is then believed more
        than any of them; by itself it sets no clock.
        """
        found, now = _from_http(bytes(date)), self.now()
        if ntptime is None or found is None or now is None:
            return
        off = found - now
        if abs(off) <= self._most_off():
            if self._vouched and self._doubt is None:
                return
            self._vouched = True
            if self._only or self._doubt is not None:
                self._only = self._silent = False
                self._doubt = None
                self._doublings = 0
                self._pause.set(self._every_ms)
                self._server = self._first = self._last
        else:
            self._vouched = False
            doubt, self._doubt = self._doubt, (self._service, off)
            if doubt is None or doubt[0] != self._service:
                self._log.warning("the service says it is %d s later: asking for the time", off)
                self._first = self._last
                # A time server that has said so already is asked first.
                self._server = self._after(self._last) if doubt is None else doubt[0]
                self._pause.clear()
        self._keep()

    def _ask(self, number):
        # Returns what a server says, in seconds of this machine's epoch.
        address = self._addresses.get(number)
        if address is None:
            try:
                address = self._find(number)
            except OSError:
                self._blind = True
                raise
            self._addresses[number] = address
        ntptime.host = address
        start = ticks_ms()
        found = ntptime.time()
        if ticks_diff(ticks_ms(), start) > _LATE_MS:
            raise OSError("its answer was read too late")
        return found

    def _find(self, number):
        if number < len(self._servers):
            return getaddrinfo(self._servers[number], 123)[0][-1][0]
        address = self._gateway()
        if address is None:
            raise ValueError("no gateway")
        return address

    def _name(self, number):
        return self._servers[number] if number < len(self._servers) else "the gateway"

    def _after(self, number):
        return (number + 1) % (len(self._servers) + 1)

    def _failed(self, number, trouble):
        if not self._silent:
            self._log.warning("no time from %s (%s)", self._name(number), trouble)
        self._addresses.pop(number, None)
        self._next()

    def _next(self):
        self._server = self._after(self._server)
        unknown = self._server < len(self._servers) and self._server not in self._addresses
        over = self._server == self._first
        if not over and not (self._blind and unknown):
            self._pause.set(_NEXT_MS)
        else:
            self._pause.set(min(_PAUSE_MS << self._doublings, _HOUR_MS))
            self._doublings = min(self._doublings + 1, _MAX_DOUBLINGS)
            if over:
                self._round_over()
        self._keep()

    def _round_over(self):
        if self._doubt is not None and (self._only or self._doubt[0] == self._service):
            self._silent = True  # one says otherwise: another must tell who is right
            return
        if self._only:
            self._only = False  # there is no other to ask
            self._doublings = 0
            self._pause.set(self._every_ms)
            return
        self._silent = True
        wait_s = self._pause.left_ms() // 1000
        self._log.warning("no time from any server, next try in %d s", wait_s)

    def _is_believed(self, number, off):
        if not self.is_set():
            return True
        doubt, slack = self._doubt, self._most_off()
        if doubt is not None and doubt[0] == self._service:
            if abs(off - doubt[1]) <= slack:
                return True
        elif abs(off) > slack:
            two = doubt is not None and doubt[0] != number and abs(off - doubt[1]) <= slack
            if two and not self._vouched:
                return True
            self._doubt = number, off
        elif doubt is None or not self._only or number != self._last:  # else its own word again
            if doubt is not None:
                self._log.warning("the time of %s was wrong", self._name(doubt[0]))
                self._addresses.pop(doubt[0], None)
            return True
        if abs(off) > slack and not self._silent:
            text = "%s says it is %d s later: not believed yet"
            self._log.warning(text, self._name(number), off)
        self._next()
        return False

    def _most_off(self):
        kept = rtc.recall(rtc.CLOCK)
        if kept is None or chip.start_cause() != "deep_sleep":
            return _JUMP_S
        # Its oscillator may have gone wrong by a tenth since then.
        return _JUMP_S + max(0, int(time.time()) - int.from_bytes(kept, "little")) // 10

    def _set(self, number, found):
        known, off = self.is_set(), found - int(time.time())
        rtc.set_clock(time.gmtime(found))
        self._only = not known
        self._doubt = None
        self._doublings = 0
        self._silent = False
        self._pause.set(_CONFIRM_MS if self._only else self._every_ms)
        self._kept = bytes([int(part) for part in self._addresses[number].split(".")])
        self._first = self._server = self._last = number
        if self._only:
            self._server = self._after(number)
        rtc.remember(rtc.CLOCK, int(time.time()).to_bytes(8, "little"))
        self._keep()
        if known:
            self._log.info("clock set by %s, %d s off", self._name(number), off)
        else:
            self._log.info("clock set by %s", self._name(number))
        self._changed(off)

    def _keep(self):
        number, off = self._doubt or (-1, 0)
        flags = self._only | self._vouched << 1 | (number + 1) * _DOUBTER
        state = (self._last, flags, self._key(), self._server, self._doublings)
        rtc.remember(rtc.NTP, struct.pack(_RECORD, self._kept, *state, off))

    def _key(self):
        return binascii.crc32("\n".join(self._servers).encode()) & 0xFFFF

    def _recall(self):
        kept = rtc.recall(rtc.NTP)
        if kept is None or chip.start_cause() != "deep_sleep":
            self._pause.clear()  # another start asks at once
        if kept is None:
            return
        address, last, flags, key, server, doublings, off = struct.unpack(_RECORD, kept)
        count = len(self._servers)
        if key != self._key() or last > count or server > count or doublings > _MAX_DOUBLINGS:
            return
        self._last = self._first = self._server = last
        if any(address):
            self._kept = address
            self._addresses[last] = ".".join([str(part) for part in address])
        if chip.start_cause() != "deep_sleep":
            return
        self._doublings = doublings
        self._server = server
        self._only = bool(flags & _ONLY)
        self._vouched = bool(flags & _VOUCHED)
        if _DOUBTER <= flags < (self._service + 2) * _DOUBTER:
            self._doubt = flags // _DOUBTER - 1, off


def _from_http(date):
    # Seconds since 1970 of "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, 5.6.7); None: it is none.
    try:
        month = _MONTHS.index(date[8:11]) // 3 + 1
        year, day = int(date[12:16]), int(date[5:7])
        hour, minute, second = [int(date[at : at + 2]) for at in (17, 20, 23)]
    except ValueError:
        return None
    if not _TRUSTED_YEAR <= year <= _LAST_YEAR:
        return None
    year -= month < 3  # a year that begins in March ends with the day that not each has
    days = year * 365 + year // 4 + (153 * ((month + 9) % 12) + 2) // 5 + day
    return ((days - 719484) * 24 + hour) * 3600 + minute * 60 + second


def _is_time(seconds):
    year = time.gmtime(seconds)[0]
    is_none = 0 <= seconds + _EPOCH - _NO_TIME < _DAY_S
    return _TRUSTED_YEAR <= year <= _LAST_YEAR and not is_none
