# What happened since the power came on, kept over deep sleep and resets.

import struct

from thingscam.board import rtc

NAMES = (
    "captured",
    "capture_failed",
    "sent",
    "retried",
    "dropped",
    "power_on",
    "reset",
    "watchdog",
    "deep_sleep",
    "soft_reset",
    "crash",
)
_FORMAT = "<%dI" % len(NAMES)


class Counters:
    """Counts by name; each change is kept in RTC memory at once."""

    def __init__(self):
        kept = rtc.recall(rtc.COUNTERS)
        self._values = list(struct.unpack(_FORMAT, kept)) if kept else [0] * len(NAMES)

    def add(self, name, count=1):
        """Count `count` more of `name`, one of NAMES."""
        i = NAMES.index(name)
        self._values[i] = (self._values[i] + count) & 0xFFFFFFFF
        rtc.remember(rtc.COUNTERS, struct.pack(_FORMAT, *self._values))

    def as_dict(self):
        """Return all counts by name."""
        return dict(zip(NAMES, self._values))  # noqa: B905
