# The camera of the demo: micropython-camera-API's Camera, reading JPEG files.
#
# Runs under MicroPython, in the place of the driver. As awkward as that: one frame
# buffer, which the next capture() overwrites.

import os

_PHOTOS = os.getenv("THINGSCAM_PHOTOS")


class FrameSize:
    """Names as in the driver; the files have one size each, so they are all the same."""

    QVGA = VGA = SVGA = XGA = HD = SXGA = UXGA = 0


class PixelFormat:
    """The one format that the demo has."""

    JPEG = 4


class GrabMode:
    """When the driver fills its buffer."""

    WHEN_EMPTY = 0


class Camera:
    """A camera that sees the files of a folder, one after the other."""

    quality = 85

    def __init__(self, **_settings):
        self._names = sorted(name for name in os.listdir(_PHOTOS) if name.endswith(".jpg"))
        self._next = 0
        self._buffer = bytearray(512000)

    def capture(self):
        """Return the frame buffer as far as it is filled."""
        name = self._names[self._next % len(self._names)]
        self._next += 1
        with open(_PHOTOS + "/" + name, "rb") as file:
            size = file.readinto(self._buffer)
        return memoryview(self._buffer)[:size]

    def deinit(self):
        """Nothing to switch off."""
