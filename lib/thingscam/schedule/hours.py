# Pictures within the hours alone: what a trigger, and the sleep of a board, make of the windows.

import time

from thingscam.board import rtc
from thingscam.extra import Extra
from thingscam.schedule.windows import Windows
from thingscam.schedule.zone import Zone
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_LOOK_S = const(60)  # until a clock that is not set is looked at again
_HOUR_MS = const(3600000)  # a sleeper without the time asks for it as often
_ASK_MS = const(30000)  # it stays up so long for the time
_FRESH_S = const(600)  # a clock that was set so lately needs no asking
_DRIFT = const(20)  # in a deep sleep the clock may be wrong by one part in so many


class Hours(Extra):
    """Whether pictures are taken now, by `settings` (the section "schedule").

    `log` is a Log, `clock` a Clock. While that is not set it is always within the hours.
    `drifts`: the board sleeps deeply, and its clock goes wrong meanwhile.
    """

    def __init__(self, settings, log, clock, drifts):
        self.by_motion = settings.outside == "motion"
        self._windows = Windows(settings, Zone(settings.timezone))
        self._log = log
        self._clock = clock
        self._drifts = drifts
        # From when to when, by this machine's clock, what is known of it holds: a clock that is
        # set ends it.
        self._since = self._until = 0
        self._open = True
        self._told = None
        self._give_up = None  # ticks: asking for the time
        self._tried = False  # nobody has told it

    def are_on(self):
        """Return whether it is within a window, or the time is not known."""
        now = int(time.time())
        if not self._since <= now < self._until:
            self._look(now)
        return self._open

    def busy(self, online):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return whether the time is needed, and may yet come."""
        if self._tried or not self._asks():
            return False
        if self._give_up is None:
            self._clock._pause.clear()
            self._give_up = ticks_add(ticks_ms(), _ASK_MS)
        if ticks_diff(self._give_up, ticks_ms()) > 0:
            return True
        self._tried = True
        self._until = 0
        return False

    def sleep_plan(self, ms, pin):
        """Return how long to sleep: outside the hours to the next ones, early rather than late."""
        if not self._clock.is_set():
            return min(ms or _HOUR_MS, _HOUR_MS), pin
        if self.are_on():
            return ms, pin
        left = self._until - int(time.time())
        early = (left - self._off_s()) * _DRIFT // (_DRIFT + 1)
        plan = min(max(early, _LOOK_S), left) * 1000
        return min(ms or plan, plan), pin

    def status(self):
        """Return what is told of it, in words."""
        self.are_on()
        return {"hours": self._told}

    def _look(self, now):
        utc = self._clock.now()
        self._since = now
        if utc is None:
            self._open, self._until = True, now + _LOOK_S
            self._say("at all hours, for the clock is not set")
            return
        self._open, change = self._windows.state(utc)
        off = self._off_s()
        if not self._open and change - utc <= off and (self._tried or off * _DRIFT <= _FRESH_S):
            self._open, change = self._windows.state(change)
        self._until = now + change - utc
        text = "within the hours " if self._open else "outside the hours "
        self._say(text + self._windows.until(utc, change))

    def _say(self, text):
        # To be within them is news only behind others.
        told, self._told = self._told, text
        if text != told and (told or not self._open):
            self._log.info(text)

    def _asks(self):
        if self._clock.now() is None:
            return self._give_up is not None or self._clock._pause.left_ms() <= _ASK_MS
        off = self._off_s()
        if self.are_on() or off * _DRIFT <= _FRESH_S:
            return False
        return self._until - int(time.time()) <= 2 * off

    def _off_s(self):
        # By how much the clock may be wrong.
        kept = rtc.recall(rtc.CLOCK)
        if not self._drifts or kept is None:
            return 0
        return max(0, int(time.time()) - int.from_bytes(kept, "little")) // _DRIFT


def within(kind):
    """Return the class `kind`, a Trigger, that goes by the hours."""

    class Within(kind):
        def __init__(self, settings, log, hours):
            self.hours = hours
            self._period_ms = settings.every_s * 1000
            super().__init__(settings, log)

        def pending(self):
            moved = super().pending()
            if not self._is_on():
                moved = self._moved = False
            return moved

        def sleep_plan(self):
            on = self._is_on()
            ms, pin = super().sleep_plan()
            return (ms, pin) if on else (0, None)

        def _is_wanted(self, now):
            return self._is_on() and super()._is_wanted(now)

        def _stays(self):  # of bursts.py
            return self._is_on() and super()._stays()

        def _is_on(self):
            # Whether a picture by motion is taken; outside the hours there is no period at all.
            on = self.hours.are_on()
            self._every_ms = self._period_ms if on else 0
            return on or self.hours.by_motion

    return Within
