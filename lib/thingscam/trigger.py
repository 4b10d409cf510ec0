# What asks for a picture: the PIR sensor's pin, the period, the wake-up from deep sleep.

import struct

from thingscam.board import chip, rtc
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_THERE_MS = const(60000)  # a line that is high for longer tells of nobody
_LOOKS = const(30)  # in a row at a high line, until the next ones are seldom
_STUCK_MS = const(60000)  # so seldom is a line looked at that is stuck, or bounces
_LULL_MS = const(5000)  # without a question: the next is a new one
_REST_MS = const(1000)  # from the end of a picture to the next by motion: the loop's share
_WINDOW_MS = const(1000)  # in which rises are counted
_BOUNCES = const(3)  # in a window: no sensor moves as fast
_LONG = const(30)  # such windows, less those without
_BOUNCES_NOW = const(128)  # beside their number in RTC memory
_TOLD = const(64)
_LINE = "<BBI"  # looks at a high line; those and for how long it has bounced; when it was, in s
_WOKEN_S = const(2)  # who is woken so soon by a line that was low has one that bounces
_STORM = const(64)  # rises without a look at them: the interrupts are switched off


class Trigger:
    """Watches what `settings` (the section "trigger") names.

    Triggers within `cooldown_s` of the last picture are one with it: a person who walks
    by is one picture, not ten. Cooldown and period go on over deep sleep and resets. Whatever
    the sensor does, a second lies between the end of a picture and the next one; a minute, if that
    is by motion, while its line bounces.
    Its interrupt only takes a note; the line is looked at as well, each time that cause() or
    pending() is asked. `log` is a Log: a line that bounces for long is said.
    """

    def __init__(self, settings, log):
        self._cooldown_ms = settings.cooldown_s * 1000
        self._every_ms = settings.every_s * 1000
        self._log = log
        self._cooling = rtc.Deadline(rtc.COOLDOWN, self._cooldown_ms)
        # One that is over is late, by the time that a start takes: the next one is not.
        self._due = rtc.Deadline(rtc.PERIOD, self._every_ms, past_ms=self._every_ms)
        self._ended = None
        self._number = settings.pir_pin
        self._rises = 0  # in this window
        self._window = ticks_ms()
        self._recall_line()
        self._deaf = False
        self._pin = None
        if settings.pir_pin is not None:
            # A PIR module drives its line itself: nothing is pulled.
            self._pin = chip.input_pin(settings.pir_pin)
        self._calm_at = self._asked = ticks_ms()
        self._low_at = ticks_ms()  # when the line was seen low last
        self._high = False
        self._moved = self._pin is not None and chip.woken_by_pin()
        if self._pin is not None:
            self._high = self._pin.value() == 1
            # It rose while a start by time went on: too early to be heard, too late to wake.
            slept = chip.start_cause() == "deep_sleep" and rtc.recall(rtc.SENSOR)
            self._moved = self._moved or (self._high and slept == b"\1")
            if slept == b"\0":  # it was high already
                self._low_at = ticks_add(ticks_ms(), -_THERE_MS)
            self._listen()

    def cause(self):
        """Return "pir" or "timer" when a picture is due, None while none is.

        Behind the word there may be notes, parted by blanks: bursts.py.
        """
        cooling = self._cooling.left_ms()
        if self.pending() and not self._is_resting(_STUCK_MS if self._bounces else _REST_MS):
            self._moved = False
            if not cooling:
                self._cooling.set(self._cooldown_ms)
                return "pir"
        if self._is_due() and not self._is_resting(_REST_MS):
            # Where it took longer than the period, what was missed is not made up.
            self._due.set(self._every_ms + self._due.left_ms() or self._every_ms)
            self._cooling.set(self._cooldown_ms)
            return "timer"
        return None

    def pending(self):
        """Return whether motion was seen since cause() was asked last."""
        if self._pin is not None:
            now = ticks_ms()
            before, self._high = self._high, self._pin.value() == 1
            if not self._high:
                self._low_at = now
            elif not before and not self._moved:
                # Seen, and not heard: espressif/esp32-camera 2.0.4 to 2.0.9 switch off all
                # pins' interrupts when the camera is closed (issue 658 there).
                self._moved = True
                self._rises += 1
                if not self._deaf:
                    self._listen()
            if self._rises >= _STORM and not self._deaf:
                self._deaf = True  # to look at the line is enough, and lets others work
                self._pin.irq(None)
            gone = ticks_diff(now, self._window)
            if not 0 <= gone < _WINDOW_MS:
                self._count(gone, now)
        return self._moved

    def restless(self):
        """Return whether it is too soon to sleep: motion is pending, or the line may bounce."""
        return self.pending() or not self._watched

    def ended(self):
        """Take note that a picture has been taken and kept: others have their turn now."""
        self._ended = ticks_ms()

    def wanted(self):
        """Return whether a picture is due, or may be any moment: somebody is there.

        What lets nothing in for seconds (a look-up of a name, a Wi-Fi scan) waits for that. It
        need not ask for how long: a line that stays high for a minute is no reason any more,
        nor one that never rests.
        """
        now = ticks_ms()
        wanted = self._is_wanted(now)
        if not wanted or not 0 <= ticks_diff(now, self._asked) < _LULL_MS:
            self._calm_at = now
        self._asked = now
        return wanted and 0 <= ticks_diff(now, self._calm_at) < _THERE_MS

    def sleep_plan(self):
        """Return (milliseconds until the next picture by period or 0 for none, wake pin).

        The pin is None when nothing is to wake the board: without a PIR sensor, or while
        its line is still high or bounces, when it would wake the board again and again.
        """
        left = 0
        if self._every_ms:
            left = max(self._due.left_ms(), 1)
        is_quiet = self._pin is None or not (self._pin.value() or self._bounces)
        rtc.remember(rtc.SENSOR, bytes([is_quiet]))
        looks = 0 if is_quiet else min(self._looks + 1, _LOOKS + 1)
        flags = self._bouncing | self._told | self._bounces
        now_s = rtc.steady_ms() // 1000 & 0xFFFFFFFF
        rtc.remember(rtc.LOOKS, struct.pack(_LINE, looks, flags, now_s))
        if is_quiet:
            return left, self._pin
        # Look again when the cooldown is over: seldom at a line that is stuck, for the battery.
        seldom = looks > _LOOKS or self._bounces
        again = max(self._cooldown_ms, _STUCK_MS if seldom else 1000)
        return min(left or again, again), None

    def close(self):
        """Leave the sensor alone."""
        if self._pin is not None:
            self._pin.irq(None)

    def _recall_line(self):
        kept = rtc.recall(rtc.LOOKS) if chip.start_cause() == "deep_sleep" else None
        self._looks, flags, slept_at = struct.unpack(_LINE, kept) if kept else (0, 0, 0)
        self._told = flags & _TOLD
        self._bounces = flags & _BOUNCES_NOW  # for long
        # It is quiet again when it was for a second; else it goes on where it was.
        self._bouncing = 1 if self._bounces else min(flags & ~_TOLD, _LONG - 1)
        self._watched = not self._bounces  # for that second
        slept_s = (rtc.steady_ms() // 1000 & 0xFFFFFFFF) - slept_at
        if kept and chip.woken_by_pin() and 0 <= slept_s <= _WOKEN_S:
            self._bounced()

    def _is_wanted(self, now):
        if self._is_due():
            return True
        moved = self.pending()
        if self._high:
            return 0 <= ticks_diff(now, self._low_at) < _THERE_MS
        return moved and not self._cooling.left_ms()

    def _is_due(self):
        return self._every_ms and self._due.left_ms() <= 0

    def _is_resting(self, rest):
        gone = 0 if self._ended is None else ticks_diff(ticks_ms(), self._ended)
        if not 0 <= gone < _STUCK_MS:
            self._ended = None  # for good: when the ticks have wrapped it would look new again
        return self._ended is not None and gone < rest

    def _count(self, gone, now):
        # A window is over.
        rises, self._rises = self._rises, 0
        self._window = now
        if self._deaf:
            self._deaf = False
            self._listen()
        self._watched = True
        if gone < 0 or rises * _WINDOW_MS < _BOUNCES * gone:
            self._bouncing = max(0, self._bouncing - max(1, gone // _WINDOW_MS))
            if not self._bouncing:
                self._bounces = 0
            return
        self._bounced()

    def _bounced(self):
        self._bouncing = min(_LONG, self._bouncing + 1)
        if self._bouncing == _LONG:
            self._bounces = _BOUNCES_NOW
        if self._bounces and not self._told:
            self._told = _TOLD
            text = "the sensor bounces, GPIO%d: a resistor, a pull-down, another pin"
            self._log.warning(text, self._number)
            self._log.flush(True)

    def _listen(self):
        self._pin.irq(self._on_rise, self._pin.IRQ_RISING)

    def _on_rise(self, _pin):
        # Without a jump: there MicroPython takes a Ctrl-C, and what a callback raises is lost.
        # Nor does it allocate.
        self._moved = True
        self._rises += 1
