# `machine` as on an ESP32, as far as camera firmware uses it: ports/esp32/modmachine.c.

import _sim
from sim_adc import ADC  # noqa: F401
from sim_pin import Pin
from sim_rtc import RTC  # noqa: F401
from sim_sdcard import SDCard  # noqa: F401
from sim_timer import Timer  # noqa: F401

PWRON_RESET = 1
HARD_RESET = 2
WDT_RESET = 3
DEEPSLEEP_RESET = 4
SOFT_RESET = 5

PIN_WAKE = EXT0_WAKE = 2  # esp_sleep_wakeup_cause_t
EXT1_WAKE = 3
TIMER_WAKE = 4
TOUCHPAD_WAKE = 5
ULP_WAKE = 6

SLEEP = 2
DEEPSLEEP = 4


def reset_cause():
    """Return why the board started."""
    return _sim.state["cause"]


def wake_reason():
    """Return what ended the deep sleep, 0 where there was none."""
    return _sim.state["wake"]


def unique_id():
    """Return the chip's number."""
    return b"\x24\x6f\x28\x01\x02\x03"


def freq(*hz):
    """Return the processor's clock in Hz, or set it; nothing goes at another pace here."""
    if not hz:
        # ESP-IDF's default, and boards/sdkconfig.240mhz of ESP32_GENERIC_S3-SPIRAM_OCT.
        usual = 160 if _sim.state["chip"] == "esp32" else 240
        return _sim.state["kept"].get("mhz", usual) * 1000000
    mhz = hz[0] // 1000000
    if mhz not in (20, 40, 80, 160, 240):
        raise ValueError("frequency must be 20MHz, 40MHz, 80Mhz, 160MHz or 240MHz")
    _sim.keep("mhz", mhz)
    return None


def idle():
    """Let handlers run."""
    _sim.wait(1000)


def reset():
    """Restart the chip."""
    _sim.tell(reset="hard")
    _sim.halt()


def soft_reset():
    """Restart the interpreter only."""
    raise SystemExit


def deepsleep(*ms):
    """Sleep until the time is over or a wake-up pin has its level; RAM is lost.

    Since 1.22 a time of 0 is over at once; without one no time ends it.
    """
    time_ms = int(ms[0]) if ms else None
    if time_ms == 0 and _sim.state["micropython"] < [1, 22]:
        time_ms = None
    _sim.tell(deepsleep=time_ms)
    _sim.halt()


def lightsleep(*ms):
    """Sleep and go on, by time only: wake-up pins do not end it here. No callback runs in it."""
    if not ms:
        _sim.halt()
    _sim.block(int(ms[0]) * 1000)


sleep = lightsleep


def disable_irq():
    """Return what enable_irq() wants; handlers are never hard here, so nothing to do."""
    return 0


def enable_irq(state=True):
    """The opposite."""


class Signal:
    """A pin that may be on when it is low."""

    def __init__(self, pin, *args, invert=False, **kwargs):
        self._pin = pin if isinstance(pin, Pin) else Pin(pin, *args, **kwargs)
        self._invert = invert

    def value(self, value=None):
        """Return whether it is on, or set it."""
        if value is None:
            return self._pin.value() ^ self._invert
        return self._pin.value(bool(value) ^ self._invert)

    __call__ = value

    def on(self):
        """Switch it on."""
        self.value(1)

    def off(self):
        """Switch it off."""
        self.value(0)


class WDT:
    """The watchdog, which cannot be stopped; the supervisor resets the board."""

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._told_us = _sim.ticks_us()
        self._spare_us = timeout * 20  # a feed each 1/50 of the timeout is told, no more
        _sim.tell(wdt=timeout)

    def feed(self):
        """Tell that the program lives."""
        now = _sim.ticks_us()
        if now - self._told_us >= self._spare_us:
            self._told_us = now
            _sim.tell(feed=1)
