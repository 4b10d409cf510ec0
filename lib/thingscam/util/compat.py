# Where CPython and MicroPython, and its versions, differ: met once.

import time

try:
    from micropython import const  # pyright: ignore[reportAssignmentType]
except ImportError:

    def const(value):
        """Return `value`; under MicroPython the compiler puts it in place of the name."""
        return value


try:
    from time import sleep_ms, ticks_add, ticks_diff, ticks_ms  # pyright: ignore
except ImportError:

    def sleep_ms(ms):
        """Sleep for `ms` milliseconds."""
        time.sleep(ms / 1000)

    def ticks_ms():
        """Return milliseconds since some moment; only differences mean anything."""
        return int(time.monotonic() * 1000)  # pyright: ignore[reportAttributeAccessIssue]

    def ticks_add(ticks, delta):
        """Return the moment `delta` ms after `ticks`."""
        return ticks + delta

    def ticks_diff(end, start):
        """Return the ms from `start` to `end`."""
        return end - start


def too_old(version, card):
    """Return why MicroPython `version` (a tuple) is too old for the app, a text, or None.

    `card`: whether pictures are to wait on an SD card.
    """
    found = tuple(version[:3])
    text = "MicroPython {} is too old, take {} or later: {}"
    name = ".".join([str(part) for part in found])
    if found < (1, 22):
        return text.format(name, "1.22", "each reset makes it forget pace, pauses and crashes")
    if card and found < (1, 24, 1):  # 1.24.0 takes no ESP32's card at all
        return text.format(name, "1.24.1", "what it fails to write to a card counts as written")
    return None
