# The battery: what it has, and what a camera does without to last longer.

import struct

from thingscam.board import chip, rtc
from thingscam.board.adc import NoVoltageError, read_mv
from thingscam.board.places import BATTERY, BATTERY_HOUR
from thingscam.extra import Extra
from thingscam.util.compat import const, sleep_ms, ticks_diff, ticks_ms

_LEVELS = ("good", "low", "critical")
_LOW = const(1)
_CRITICAL = const(2)
_EVERY_MS = const(60000)  # so often an awake board looks
_AGAIN_MS = const(200)  # a second look before a worse level is believed: the load comes and goes
_HOUR_MS = const(3600000)  # low: what waits goes so often
_EARLY_MS = const(300000)  # or so much earlier, where the board is awake
_LATE_MS = const(1800000)  # and so much later, with the next picture
_LOOK_MS = const(21600000)  # critical: the board looks so often
_GRACE_MS = const(8000)  # critical, and yet awake so long: for mpremote
_LAST_MS = const(120000)  # and at most so long, for the last pictures to go
_ALIVE = const(70)  # percent of the critical voltage: below no board would run


class Battery(Extra):
    """Measures, tells, and saves what there is.

    `capture` gets its note; `waits()` tells whether pictures wait. A wire that is broken silences
    no camera: what cannot be a battery is taken for a good one.
    """

    def __init__(self, config, log, capture, waits):
        self._settings = config.battery
        self._awake = config.power.mode == "awake"
        self._log = log
        self._capture = capture
        self._waits = waits
        self._hourly = rtc.Deadline(BATTERY_HOUR, _HOUR_MS)
        kept = rtc.recall(BATTERY)
        self._level, self._told = struct.unpack("BB", kept) if kept else (0, 0)
        # It has slept for the battery's sake: as long as that is no better it sleeps on.
        self._sleeps_on = self._level == _CRITICAL and chip.start_cause() == "deep_sleep"
        self._mv = None
        self._planned_ms = 0  # until the next picture by period
        self._worse_at = ticks_ms()
        before = self._level
        self._measure()
        if before == self._level == _CRITICAL and not self._sleeps_on:
            self._changed(0)  # a person has started it, and is told anew
        if self._mv and not self._sleeps_on:
            self._log.info("battery %s V, %s", _volts(self._mv), _LEVELS[self._level])

    def step(self, online):
        if ticks_diff(ticks_ms(), self._at) >= _EVERY_MS:
            self._measure()

    def blocked_reason(self):
        if self._level == _LOW and self._hourly.left_ms() > _EARLY_MS:
            text = "the battery is low, {} V: pictures go once an hour"
            return text.format(_volts(self._mv))
        return None

    def left_ms(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._level == _CRITICAL:
            return _LOOK_MS
        if not self._level:
            return 0
        left = max(self._hourly.left_ms(), 0)
        # Not for that alone: a wake-up costs more than a picture that is late.
        return self._planned_ms if 0 < self._planned_ms - left < _LATE_MS else left

    def sent(self):
        if self._level:
            self._hourly.set(_HOUR_MS)

    def sleep_plan(self, ms, pin):
        self._planned_ms = ms
        return (_LOOK_MS, None) if self._level == _CRITICAL else (ms, pin)

    def rests(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._level != _CRITICAL:
            return False
        gone = ticks_diff(ticks_ms(), self._worse_at)
        return self._sleeps_on or gone > _LAST_MS or (gone > _GRACE_MS and not self._waits())

    def status(self):
        level = "not measured" if self._mv is None else _LEVELS[self._level]
        return {"battery_mv": self._mv, "battery": level}

    def _measure(self):
        self._at = ticks_ms()
        before, told = self._level, self._told
        self._capture.note = ""
        try:
            self._level = self._judged(before)
            if self._level > before:
                sleep_ms(_AGAIN_MS)
                self._level = min(self._level, self._judged(before))
            self._told = 0
            note = _volts(self._mv) + "V"
            self._capture.note = note + " " + _LEVELS[self._level] if self._level else note
        except NoVoltageError as e:
            self._mv, self._level, self._told = None, 0, 1
            if not told:
                text = "no battery is measured, GPIO%d %s: it is taken for good"
                self._log.warning(text, self._settings.pin, e)
        if self._level != before:
            self._changed(before)
        if (before, told) != (self._level, self._told):
            rtc.remember(BATTERY, bytes([self._level, self._told]))

    def _read(self):
        try:
            return self._once()
        except NoVoltageError:
            sleep_ms(_AGAIN_MS)
            return self._once()

    def _once(self):
        mv = int(read_mv(self._settings.pin) * self._settings.divider)
        if mv < self._settings.critical_v * 10 * _ALIVE:
            raise NoVoltageError("has {} V, by which no board runs".format(_volts(mv)))
        return mv

    def _judged(self, level):
        # The level by what is read now; one is left at the voltage of the next better one.
        found = self._settings
        self._mv = self._read()
        volts = self._mv / 1000
        if volts < found.critical_v:
            return _CRITICAL
        if volts < found.low_v:
            return max(level, _LOW)
        return min(level, _LOW) if volts < found.charged_v else 0

    def _changed(self, before):
        self._sleeps_on = False
        self._worse_at = ticks_ms()
        volts = self._mv and _volts(self._mv)
        if self._level > before and self._level == _CRITICAL:
            self._log.warning(
                "battery critical, %s V: no pictures until it has %s V, a look each %d h",
                volts,
                self._settings.low_v,
                _LOOK_MS // _HOUR_MS,
            )
            if self._awake or not self._capture.trigger.wanted():  # else that is the last one
                self._capture.next_cause = self._capture.next_cause or "battery"
        elif self._level:
            self._log.warning("battery low, %s V: pictures go once an hour", volts)
        elif self._mv:
            self._log.info("battery charged, %s V", volts)
        self._log.flush(True)


def _volts(mv):
    return "{}.{:02d}".format(mv // 1000, mv % 1000 // 10)
