# Wakes from a deep sleep, and says when: micropython waker.py RTC NAME ...
#
# Prints nanoseconds since 1970 twice: as a board's programs start, and as the camera is asked for
# the first picture; then what is loaded, as JSON, and ends. RTC is the file that plays RTC memory.

import json
import sys
import time

import camera

path = sys.argv[1]


class Rtc:
    """RTC memory."""

    def memory(self, data=None):
        """Return what is kept, or keep other bytes."""
        if data is not None:
            with open(path, "wb") as file:
                file.write(data)
            return None
        try:
            with open(path, "rb") as file:
                return file.read()
        except OSError:
            return b""


class Pin:
    """A pin that is high: nobody holds it to GND, and the sensor sees something."""

    IN = OUT = PULL_UP = IRQ_RISING = 0

    def __init__(self, *_arguments, **_settings):
        pass

    def value(self, *_level):
        """Return its level."""
        return 1

    def irq(self, *_arguments, **_settings):
        """Nothing moves any more."""


class Machine:
    """What the module `machine` holds of a chip that was in deep sleep."""

    RTC = Rtc
    Pin = Pin
    HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 2, 3, 4, 5
    PIN_WAKE = 2

    @staticmethod
    def reset_cause():
        """Return why it started."""
        return 4

    @staticmethod
    def wake_reason():
        """Return what has woken it: the sensor."""
        return 2


def capture(_camera):
    """Tell when the first picture is asked for."""
    print(time.time_ns())
    print(json.dumps([name for name in sys.modules if name.startswith("thingscam")]))
    sys.exit()


camera.Camera.capture = capture
sys.modules["machine"] = Machine
print(time.time_ns())
for name in sys.argv[2:]:
    with open(name) as file:
        exec(file.read(), {"__name__": "__main__"})
