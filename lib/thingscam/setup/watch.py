# A pin that a person holds to GND for three seconds: setup by telephone begins.

import sys

from thingscam import setup
from thingscam.extra import Extra
from thingscam.util.compat import const, ticks_diff, ticks_ms

_HELD_MS = const(3000)
_BOOT = const(0)  # has a button on most boards
_OTHER = const(14)  # on an ESP32-CAM, where the camera's clock is on 0


class Watch(Extra):
    """Watches the pin that `config` (a Config) means by setup.pin; `log` is a Log."""

    def __init__(self, config, log):
        self._log = log
        self._since = None  # when it was seen low first; None: it is high
        self._armed = False  # it was high: one that is low from the start is a wire
        number = pin_of(config)
        self._pin = None if number is None else setup.pulled_up(number)

    def step(self, online):
        """Look at the pin; restart into setup when it is held."""
        if self._pin is None:
            return
        if self._pin.value():
            self._armed = True
            self._since = None
        elif self._armed:
            now = ticks_ms()
            if self._since is None:
                self._since = now
            elif ticks_diff(now, self._since) >= _HELD_MS:
                self._armed = False
                self._log.info("setup by telephone: the pin is held")
                self._log.flush(True)
                setup.ask()


def pin_of(config):
    """Return the number of the pin to hold, or None."""
    number = config.setup.pin
    if number != -1:
        return number
    profile = config.profile
    on_s3 = "S3" in getattr(sys.implementation, "_machine", "")
    for number in (_BOOT,) if on_s3 else (_BOOT, _OTHER):
        taken = (profile.pins or (_BOOT,)) + (config.trigger.pir_pin, profile.led, profile.lamp)
        if number not in taken and not (number == _OTHER and config.on_card()):
            return number
    return None
