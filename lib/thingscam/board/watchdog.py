# The watchdog, and what a restart by it means.

from thingscam.board import chip, rtc
from thingscam.util.compat import const

# What the app is doing, for safemode.
NOTHING = b"\0"
RUNNING = b"\1"
WAITING = b"\2"  # for the network

_HOUR_MS = const(3600000)
_AGES_MS = const(1000000000)  # four times that still fits into ESP-IDF's 32 bits
_RUNS = const(b"\1")


def waiting(on):
    """Take note that the app waits for the network, or no more: a restart then is no fault."""
    if rtc.recall(rtc.DOING) in (RUNNING, WAITING):
        rtc.remember(rtc.DOING, WAITING if on else RUNNING)


class Watchdog:
    """Restarts the board when nobody has called feed() for `timeout_s`; 0: never.

    It cannot be stopped, and goes on over a soft reset: see started().
    """

    def __init__(self, timeout_s):
        self._wdt = None
        if timeout_s:
            self._wdt = _start_watchdog(timeout_s * 1000)
        elif chip.start_cause() == "soft_reset" and rtc.recall(rtc.WATCHDOG) == _RUNS:
            self._wdt = _start_watchdog(_AGES_MS)  # that of the run before

    def feed(self):
        """Tell that there was progress."""
        if self._wdt is not None:
            self._wdt.feed()

    def give_an_hour(self):
        """Leave the board to a person at the REPL, who does not feed it, for an hour."""
        if self._wdt is not None:
            restart_in_an_hour()


def restart_in_an_hour():
    """Have the watchdog restart the board unless a soft reset comes before: a person's."""
    _start_watchdog(_HOUR_MS)


def started():
    """See to what a soft reset, as of mpremote, leaves on: call it first at each start.

    A watchdog of the run before gets an hour. The chip's own restarts end it, and give back
    what timers took.
    """
    if chip.start_cause() != "soft_reset":
        for place in (rtc.WATCHDOG, rtc.TIMERS, rtc.SHIFT):
            # After the button EN the clock begins anew, but RTC memory may be as it was.
            over = place != rtc.SHIFT or chip.start_cause() == "power_on"
            if over and any(rtc.recall(place) or b""):
                rtc.remember(place, bytes(place[1]))
    elif rtc.recall(rtc.WATCHDOG) == _RUNS:
        restart_in_an_hour()


def _start_watchdog(ms):
    if not hasattr(chip.machine, "WDT"):
        return None
    if rtc.recall(rtc.WATCHDOG) != _RUNS:
        rtc.remember(rtc.WATCHDOG, _RUNS)
    return chip.machine.WDT(timeout=ms)  # sets one that runs to another time
