# What asks for a picture: the PIR sensor's pin, and the period.

from thingscam.port import ticks_add, ticks_diff, ticks_ms

try:
    from machine import Pin
except ImportError:  # a computer has no pins
    Pin = None


class Trigger:
    """Watches what `settings` (the section "trigger") names.

    Triggers within `cooldown_s` of the last picture are one with it: a person who walks
    by is one picture, not ten.
    """

    def __init__(self, settings):
        self._cooldown_ms = settings.cooldown_s * 1000
        self._every_ms = settings.every_s * 1000
        self._due = ticks_ms()
        self._moved = False
        self._last = None
        if settings.pir_pin is not None and Pin is not None:
            # No pull, nothing driven: a PIR module drives its line itself.
            self._pin = Pin(settings.pir_pin, Pin.IN)
            self._pin.irq(self._on_rise, Pin.IRQ_RISING)

    def cause(self):
        """Return "pir" or "timer" when a picture is due, None while none is."""
        now = ticks_ms()
        if self._moved:
            self._moved = False
            if self._last is None or ticks_diff(now, self._last) >= self._cooldown_ms:
                self._last = now
                return "pir"
        if self._every_ms and ticks_diff(now, self._due) >= 0:
            self._due = ticks_add(self._due, self._every_ms)
            if ticks_diff(self._due, now) <= 0:
                # Sending took longer than the period: what was missed is not made up.
                self._due = ticks_add(now, self._every_ms)
            self._last = now
            return "timer"
        return None

    def _on_rise(self, _pin):
        # An interrupt: a flag and nothing more.
        self._moved = True
