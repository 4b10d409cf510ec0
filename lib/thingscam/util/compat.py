# Where CPython and MicroPython, and its versions, differ: met once.

import time
from sys import implementation, modules

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


def unload(*names):
    """Forget modules, named without "thingscam."; who needs one again imports it again.

    MicroPython has their memory back then, CPython keeps them.
    """
    if implementation.name == "micropython":
        for name in names:
            package, _, name = ("thingscam." + name).rpartition(".")
            if modules.pop(package + "." + name, None):
                delattr(modules[package], name)
