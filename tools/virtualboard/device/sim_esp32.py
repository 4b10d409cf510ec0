# `esp32`: which pins end a deep sleep: ports/esp32/modesp32.c.

import _sim
from sim_pin import RTC_PINS

WAKEUP_ALL_LOW = False
WAKEUP_ANY_HIGH = True


def _number(pin):
    if pin._number not in RTC_PINS:
        raise ValueError("invalid pin")
    return pin._number


def wake_on_ext0(pin=None, level=None):
    """Wake by one pin at a level; None switches it off."""
    _sim.tell(ext0=None if pin is None else [_number(pin), int(bool(level))])


def wake_on_ext1(pins=None, level=None):
    """Wake by any of several pins being high, or all of them low; None switches it off."""
    _sim.tell(ext1=None if not pins else [[_number(pin) for pin in pins], int(bool(level))])


def raw_temperature():
    """Return the chip's temperature in degrees Fahrenheit."""
    return 128
