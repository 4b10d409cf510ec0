# `esp32`: which pins end a deep sleep, the chip's temperature: ports/esp32/modesp32.c.

import _sim
from sim_pin import RTC_PINS, Pin, ext0, set_ext0

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True

_SAME = ()  # the argument is not there: what was set stays


def _number(pin):
    number = Pin(pin)._number
    if number not in RTC_PINS:
        raise ValueError("invalid pin")
    return number


def wake_on_ext0(pin=_SAME, level=_SAME):
    """Wake by one pin at a level; None switches it off."""
    before, high = ext0()
    if pin is None:
        number = -1
    else:
        number = _number(before if pin is _SAME else pin)
    set_ext0(number, high if level is _SAME else bool(level))


def wake_on_ext1(pins=None, level=_SAME):
    """Wake by any of several pins being high, or all of them low.

    Without pins those of before stay; an empty tuple switches it off.
    """
    numbers, high = _sim.state["kept"].get("ext1", ((), False))
    if pins is not None:
        numbers = [_number(pin) for pin in pins]
    if level is not _SAME:
        high = bool(level)
    _sim.keep("ext1", [numbers, high])
    _sim.tell(ext1=[numbers, int(high)] if numbers else None)


if _sim.state["chip"] == "esp32":

    def raw_temperature():
        """Return the chip's temperature, uncalibrated, in about degrees Fahrenheit."""
        return 128

elif _sim.state["micropython"] >= [1, 24]:

    def mcu_temperature():
        """Return the chip's temperature in whole degrees Celsius."""
        return 53
