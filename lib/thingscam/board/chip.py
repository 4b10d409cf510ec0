# The board itself: why it started, what survives a deep sleep, watchdog, light and sleep.

import binascii
import os
import struct
import time

from thingscam.util.compat import const

try:
    import machine
except ImportError:  # a computer
    machine = None
try:
    import esp32
except ImportError:
    esp32 = None

# Places in RTC memory (2 KB on an ESP32), one a user: offset, bytes of data. A check sum
# of four bytes stands behind each.
INTERVAL = (0, 16)
WIFI = (20, 2)
CRASHES = (28, 2)
BACKOFF = (36, 16)
PLAN = (60, 16)
DOG = (80, 1)
COUNTERS = (96, 44)
CLOCK = (144, 8)
REFUSED = (380, 14)
SHIFT = (400, 10)
SENSOR = (164, 1)
TIMERS = (172, 1)
DOING = (180, 1)
LOOKS = (200, 6)
ADDRESS = (220, 11)
POINT = (280, 6)
NTP = (292, 18)
SENT = (320, 12)
LOG = (364, 6)
CONFIG = (240, 4)
HELD = (252, 1)
FAILING = (416, 144)

# What the app is doing, at DOING, for safemode.
NOTHING = b"\0"
RUNNING = b"\1"
WAITING = b"\2"  # for the network

_CRC_BYTES = 4
_SHIFT = "<Hq"  # of which power-on, 0: no matter; by how many ms the clock was moved since then
_ENOMEM = const(12)
_HOUR_MS = const(3600000)
_AGES_MS = const(1000000000)  # four times that still fits into ESP-IDF's 32 bits
_RUNS = b"\1"
_MOST_TIMERS = const(8)


def set_clock(moment):
    """Set the clock to `moment`, a tuple as of time.gmtime(), in UTC."""
    before = clock_ms()
    machine.RTC().datetime(moment[:3] + (moment[6] + 1,) + moment[3:6] + (0,))
    tag, shift = _shift()
    remember(SHIFT, struct.pack(_SHIFT, tag, shift + clock_ms() - before))


def recall(place):
    """Return what remember() kept at `place`, one of the pairs above, as bytes.

    None where nothing is kept: after a power loss, or on a machine without RTC memory.
    """
    offset, size = place
    record = _memory()[offset : offset + size + _CRC_BYTES]
    data = record[:size]
    if len(record) < size + _CRC_BYTES or record[size:] != _crc(data):
        return None
    return data


def remember(place, data):
    """Keep `data` (bytes, of the length of `place`) through deep sleep and resets."""
    offset, size = place
    end = offset + size + _CRC_BYTES
    if not hasattr(machine, "RTC"):
        return
    rtc = machine.RTC()
    memory = bytearray(rtc.memory())  # 2 KB of stack: no call of ours more than need be
    if len(memory) < end:
        memory.extend(bytes(end - len(memory)))
    memory[offset:end] = data + _crc(data)
    rtc.memory(memory)


class Place:
    """One of the places, for who knows nothing of RTC memory."""

    def __init__(self, place):
        self._place = place

    def load(self):
        """Return what was saved, as recall() does."""
        return recall(self._place)

    def save(self, data):
        """Keep `data`, as remember() does."""
        remember(self._place, data)


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


def clock_ms():
    """Return the milliseconds of the clock that goes on in a deep sleep, and that NTP sets."""
    return time.time_ns() // 1000000


def steady_ms():
    """Return the milliseconds of a clock that goes on in a deep sleep, and that nobody sets."""
    return clock_ms() - _shift()[1]


def mark():
    """Return a number below 0 for this moment, of which marked() makes a time later."""
    tag, shift = _shift()
    if not tag:
        tag = int.from_bytes(os.urandom(2), "little") or 1
        remember(SHIFT, struct.pack(_SHIFT, tag, shift))
    return -(tag << 32 | (clock_ms() - shift) // 1000 & 0xFFFFFFFF)


def marked(mark):
    """Return what the clock, as it is set now, showed at a mark(), in seconds.

    None where that is not known: the power was lost since.
    """
    tag, shift = _shift()
    return (-mark & 0xFFFFFFFF) + shift // 1000 if -mark >> 32 == tag else None


def waiting(on):
    """Take note that the app waits for the network, or no more: a restart then is no fault."""
    if recall(DOING) in (RUNNING, WAITING):
        remember(DOING, WAITING if on else RUNNING)


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


class Watchdog:
    """Restarts the board when nobody has called feed() for `timeout_s`; 0: never.

    It cannot be stopped, and goes on over a soft reset: see started().
    """

    def __init__(self, timeout_s):
        self._dog = None
        if timeout_s:
            self._dog = _start_watchdog(timeout_s * 1000)
        elif start_cause() == "soft_reset" and recall(DOG) == _RUNS:
            self._dog = _start_watchdog(_AGES_MS)  # that of the run before

    def feed(self):
        """Tell that there was progress."""
        if self._dog is not None:
            self._dog.feed()

    def hand_over(self):
        """Leave the board to a person at the REPL, who does not feed it, for an hour."""
        if self._dog is not None:
            restart_in_an_hour()


def restart_in_an_hour():
    """Have the watchdog restart the board unless a soft reset comes before: a person's."""
    _start_watchdog(_HOUR_MS)


def started():
    """See to what a soft reset, as of mpremote, leaves on: call it first at each start.

    A watchdog of the run before gets an hour. The chip's own restarts end it, and give back
    what timers took.
    """
    if start_cause() != "soft_reset":
        # After the button EN the clock begins anew, but RTC memory may be as it was.
        for place in (DOG, TIMERS) if start_cause() != "power_on" else (DOG, TIMERS, SHIFT):
            if any(recall(place) or b""):
                remember(place, bytes(place[1]))
    elif recall(DOG) == _RUNS:
        restart_in_an_hour()


def may_start_timer():
    """Return whether one more of the chip's timers may be started, and count it.

    From MicroPython 1.26 to 1.28 each start takes something that only a restart of the chip
    gives back; at the 254th the ticks stop (micropython issue 19162).
    """
    count = (recall(TIMERS) or b"\0")[0]
    if count >= _MOST_TIMERS:
        return False
    remember(TIMERS, bytes([count + 1]))
    return True


def _start_watchdog(ms):
    if not hasattr(machine, "WDT"):
        return None
    if recall(DOG) != _RUNS:
        remember(DOG, _RUNS)
    return machine.WDT(timeout=ms)  # sets one that runs to another time


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


def _shift():
    kept = recall(SHIFT)
    return struct.unpack(_SHIFT, kept) if kept else (0, 0)


def _memory():
    return machine.RTC().memory() if hasattr(machine, "RTC") else b""


def _crc(data):
    return binascii.crc32(data).to_bytes(_CRC_BYTES, "little")
