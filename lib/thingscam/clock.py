# The time from the network, and whether the clock can be trusted.

import time

from thingscam import board
from thingscam.port import const, ticks_diff, ticks_ms

try:
    import ntptime
except ImportError:  # a computer's clock is right
    ntptime = None

# Asked in turn: one may be blocked or down. The third answers in China as well.
SERVERS = ("pool.ntp.org", "time.cloudflare.com", "ntp.aliyun.com")

_TRUSTED_YEAR = const(2024)  # a clock before this was never set: it starts in 2000
_DAY_MS = const(86400000)
_DAY_S = const(86400)
_PAUSE_MS = const(30000)
_SLEPT_S = const(3600)  # in a deep sleep it goes by the chip's RC oscillator: percents wrong
# 7 February 2036: what ntptime makes of an answer with no time in it, as servers give to who
# asks too often (RFC 5905, kiss-o'-death; ntpd copies our own empty field into it).
_NO_TIME = 2085978496

# Seconds from 1970, UTC, to the epoch of this machine's time.time(): boards begin in 2000.
_EPOCH = 946684800 if time.gmtime(0)[0] == 2000 else 0


class Clock:
    """Sets the clock by NTP, daily (hourly with deep sleep), and tells whether it is set.

    `log` is a Log; `wanted()` tells whether this is no moment for a look-up, which lets nothing
    in; `changed(seconds)` is called after each setting, with how far it was off.
    """

    def __init__(self, log, wanted, changed):
        self._log = log
        self._wanted = wanted
        self._changed = changed
        self._asked = ticks_ms()
        self._wait_ms = self._recall_ms()
        self._server = 0

    def step(self):
        """Ask one server if that is due; call it while online. Takes a second at most."""
        # Less than 0: the ticks have wrapped, it was days ago.
        if ntptime is None or 0 <= ticks_diff(ticks_ms(), self._asked) < self._wait_ms:
            return
        if self._wanted():
            return
        ntptime.host = SERVERS[self._server]
        known, before = self.is_set(), int(time.time())
        board.waiting(True)  # a look-up may take longer than the watchdog
        try:
            ntptime.settime()
            trouble = None if self.is_set() else "no time in its answer"
        except (OSError, ValueError, MemoryError, OverflowError, IndexError) as e:
            trouble = e  # ValueError and the last two: a broken answer
        board.waiting(False)
        self._asked = ticks_ms()
        if trouble is not None:
            self._log.warning("no time from %s (%s)", ntptime.host, trouble)
            self._server = (self._server + 1) % len(SERVERS)
            self._wait_ms = 0 if self._server else _PAUSE_MS
            return
        self._wait_ms = _DAY_MS
        board.remember(board.CLOCK, int(time.time()).to_bytes(8, "little"))
        off = int(time.time()) - before
        if known:
            self._log.info("clock set by %s, %d s off", ntptime.host, off)
        else:
            self._log.info("clock set by %s", ntptime.host)
        self._changed(off)

    def is_set(self):
        """Return whether the clock can be trusted."""
        now = int(time.time()) + _EPOCH
        return time.gmtime()[0] >= _TRUSTED_YEAR and not 0 <= now - _NO_TIME < _DAY_S

    def now(self):
        """Return the seconds since 1970, UTC; None while the clock is not set."""
        return int(time.time()) + _EPOCH if self.is_set() else None

    def _recall_ms(self):
        kept = board.recall(board.CLOCK)
        if kept is None or board.start_cause() != "deep_sleep":
            return 0
        gone = int(time.time()) - int.from_bytes(kept, "little")
        return (_SLEPT_S - gone) * 1000 if 0 <= gone < _SLEPT_S else 0
