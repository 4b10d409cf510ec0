# What outlives a deep sleep and a reset: places in RTC memory, a clock, deadlines.

import binascii
import os
import struct
import time

from thingscam.board import chip
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

# Places in RTC memory (2 KB on an ESP32), one a user: offset, bytes of data. A check sum
# of four bytes stands behind each.
INTERVAL = (0, 16)
WIFI = (20, 2)
CRASHES = (28, 2)
RETRY = (36, 16)
COOLDOWN = (60, 16)
WATCHDOG = (80, 1)
COUNTERS = (96, 44)
CLOCK = (144, 8)
SENSOR = (164, 1)
TIMERS = (172, 1)
DOING = (180, 1)
BACKOFF = (188, 8)
LOOKS = (200, 6)
ADDRESS = (220, 11)
CONFIG = (240, 4)
HELD = (252, 1)
ASK_TIME = (260, 16)
POINT = (280, 6)
NTP = (292, 14)
SENT = (320, 12)
PERIOD = (336, 16)
LOG = (364, 6)
REFUSED = (380, 14)
SHIFT = (400, 10)
FAILING = (416, 144)

_CRC_BYTES = const(4)
_SHIFT = "<Hq"  # of which power-on, 0: no matter; by how many ms the clock was moved since then
_DEADLINE = "<qII"  # steady ms and ticks at its end, ms from when it was set
_TICKS = const(1 << 30)  # ticks_ms() stays below
_YEAR_MS = const(31557600000)


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
    if not hasattr(chip.machine, "RTC"):
        return
    rtc = chip.machine.RTC()
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


def set_clock(moment):
    """Set the clock to `moment`, a tuple as of time.gmtime(), in UTC."""
    before = clock_ms()
    chip.machine.RTC().datetime(moment[:3] + (moment[6] + 1,) + moment[3:6] + (0,))
    tag, shift = _shift()
    remember(SHIFT, struct.pack(_SHIFT, tag, shift + clock_ms() - before))


class Deadline:
    """A moment to come, kept at `place` over deep sleep and resets; there may be none.

    While the board runs the ticks count, and over a soft reset; over another start it is
    steady_ms(). So a clock that is set changes nothing, and one that somebody else sets by years
    makes it no later than when it was set. `most_ms` is the longest ever set: a longer one, of
    another configuration, is none. `past_ms` is how long one that is over is told by left_ms().
    `fast`: in a deep sleep the clock may be fast by one part in so many, and it comes no earlier
    for that. `length_ms` is what it was set to.
    """

    def __init__(self, place, most_ms, past_ms=0, fast=0):
        self._place = place
        self._past = past_ms
        self._at = None  # ticks
        kept = recall(place)
        end, at, length = struct.unpack(_DEADLINE, kept) if kept else (0, 0, 0)
        self.length_ms = length
        if not 0 < length <= most_ms:
            return
        cause = chip.start_cause()
        if cause == "soft_reset":
            left = ticks_diff(at % _TICKS, ticks_ms())
        else:
            left = end - steady_ms()
            if fast and cause == "deep_sleep":
                left += (length - left) // fast
        if not -_YEAR_MS < left <= length:
            left = length
        if left < -past_ms:
            self.clear()
        else:
            # By the ticks of this start, for a soft reset, and by a clock that may have been set.
            self.set(left)
            self.length_ms = length

    def set(self, ms):
        """Have it `ms` milliseconds from now, less than 6 days."""
        self._at = at = ticks_add(ticks_ms(), ms)
        self.length_ms = ms
        remember(self._place, struct.pack(_DEADLINE, steady_ms() + ms, at, max(ms, 1)))

    def clear(self):
        """Have none."""
        self._at = None
        remember(self._place, bytes(16))

    def left_ms(self):
        """Return the milliseconds until it comes, less than 0 when it is over; 0 for none."""
        if self._at is not None:
            left = ticks_diff(self._at, ticks_ms())
            if -self._past <= left <= self.length_ms:
                return left
            self._at = None  # for good: when the ticks have wrapped it would seem to come
        return 0


def _shift():
    kept = recall(SHIFT)
    return struct.unpack(_SHIFT, kept) if kept else (0, 0)


def _memory():
    return chip.machine.RTC().memory() if hasattr(chip.machine, "RTC") else b""


def _crc(data):
    return binascii.crc32(data).to_bytes(_CRC_BYTES, "little")
