# The board itself: why it started, its pins, its sleep.

from thingscam.util.compat import const

try:
    import machine
except ImportError:  # a computer
    machine = None
try:
    import esp32
except ImportError:
    esp32 = None

_ENOMEM = const(12)


def start_cause():
    """Return why the board started: a name of thingscam.board.counters.NAMES."""
    if not hasattr(machine, "reset_cause"):
        return "power_on"
    causes = {
        machine.HARD_RESET: "reset",
        machine.WDT_RESET: "watchdog",
        machine.DEEPSLEEP_RESET: "deep_sleep",
        machine.SOFT_RESET: "soft_reset",
    }
    return causes.get(machine.reset_cause(), "power_on")


def woken_by_pin():
    """Return whether it was the wake-up pin that ended a deep sleep."""
    return (
        start_cause() == "deep_sleep"
        and hasattr(machine, "PIN_WAKE")
        and machine.wake_reason() in (machine.PIN_WAKE, getattr(machine, "EXT0_WAKE", -1))
    )


def is_out_of_memory(e):
    """Return whether an exception says that memory is too short."""
    if not isinstance(e, OSError) or not e.args:
        return isinstance(e, MemoryError)
    # Mbed TLS says it in words, behind a number for what it was about (micropython issue 5808).
    text = str(e)
    return e.args[0] == _ENOMEM or "ALLOC_FAILED" in text or "allocation failed" in text


def reset():
    """Restart the board as its reset button does; a computer has none."""
    if hasattr(machine, "reset"):
        machine.reset()


def input_pin(number):
    """Return pin `number` as an input that nothing pulls; None without pins."""
    if not hasattr(machine, "Pin"):
        return None
    # None, not nothing: that would leave an earlier pull as it was.
    return machine.Pin(number, machine.Pin.IN, None)  # pyright: ignore


def hold(number, level):
    """Drive RTC pin `number` to `level` and keep it there through a deep sleep."""
    if hasattr(machine, "Pin"):
        machine.Pin(number, machine.Pin.OUT, value=level, hold=True)  # pyright: ignore


def let_go(number):
    """Undo hold(), after the deep sleep."""
    if hasattr(machine, "Pin"):
        machine.Pin(number, machine.Pin.OUT, hold=False)  # pyright: ignore


def deep_sleep(ms, pin):
    """Sleep for `ms` milliseconds (0: without end) or until `pin` (a Pin or None) is high.

    Does not return: the program starts anew from boot.py.
    """
    if esp32 is not None:
        # ext0 can wake by one RTC pin, at a level, with the RTC peripherals kept powered. None
        # takes back what was set before a soft reset.
        esp32.wake_on_ext0(pin=pin, level=esp32.WAKEUP_ANY_HIGH)  # pyright: ignore
    if ms:
        machine.deepsleep(ms)
    else:
        machine.deepsleep()


class Light:
    """A lamp on a pin: the bright one for the capture, or the status LED."""

    def __init__(self, number, active_low=False):
        self._pin = None
        self._low = active_low
        if number is not None and hasattr(machine, "Pin"):
            self._pin = machine.Pin(number, machine.Pin.OUT, value=int(active_low))

    def __call__(self, on):
        """Switch it on or off."""
        if self._pin is not None:
            self._pin.value(int(bool(on) != self._low))
