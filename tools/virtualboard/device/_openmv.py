# OpenMV's camera behind both its modules: image objects in place.
#
# openmv/openmv, modules/py_csi_ng.c and common/omv_csi.c v5.0.0: snapshot() waits 3 s at most
# (OMV_CSI_TIMEOUT_MS), returns None only when asked not to wait, and raises RuntimeError.

import _frame

JPEG, RGB565, GRAYSCALE = 1, 2, 3
QQVGA, QCIF, QVGA, CIF, VGA, SVGA, XGA, HD, SXGA, UXGA, FHD, QXGA = range(12)
_SIZES = [
    "QQVGA",
    "QCIF",
    "QVGA",
    "CIF",
    "VGA",
    "SVGA",
    "XGA",
    "HD",
    "SXGA",
    "UXGA",
    "FHD",
    "QXGA",
]


class Image:
    """A frame; its memory is the frame buffer's."""

    def __init__(self, view, is_jpeg):
        self._view = view
        self._is_jpeg = is_jpeg

    def compress(self, *, quality=90):
        """Make a JPEG of it, in place; the quality is the sensor's."""
        self._is_jpeg = True
        return self

    to_jpeg = compressed = compress

    def size(self):
        """Return the bytes it has."""
        return len(self._view)

    def bytearray(self):
        """Return its bytes, in place."""
        if not self._is_jpeg:
            raise MemoryError("pixels are not simulated, only JPEG")
        return self._view


class Sensor:
    """The sensor, stopped until it has a pixel format and a size."""

    def __init__(self):
        self.reset()

    def reset(self):
        """Start anew."""
        self._format = None
        self._size = None
        self._quality = 90
        self._count = 1
        self._running = False
        self._look = {}
        _frame.ask("stop")

    def pixformat(self, pixformat):
        """Set what the frames are."""
        self._format = pixformat

    def framesize(self, framesize):
        """Set how large they are."""
        self._size = framesize
        self._running = False

    def framebuffers(self, count):
        """Set how many there are."""
        self._count = count
        self._running = False

    def quality(self, quality):
        """Set the quality in percent."""
        self._quality = quality
        if self._running:
            _frame.ask("set", {"quality": quality})
        return True

    def vflip(self, on):
        """Turn frames upside down."""
        self._give("vflip", on)

    def hmirror(self, on):
        """Exchange left and right."""
        self._give("hmirror", on)

    def brightness(self, level):
        """Make frames lighter or darker, by -3 to 3."""
        self._give("brightness", level)

    def special_effect(self, effect):
        """Make frames negative (1) or not (0)."""
        self._give("special_effect", effect)

    def _give(self, name, value):
        # It starts with the first frame.
        self._look[name] = int(value)
        if self._running:
            _frame.ask("set", {name: int(value)})

    def skip_frames(self, n=0, time=300):
        """Throw so many frames away."""
        for _ in range(n or time // 66):
            self.snapshot()

    def snapshot(self):
        """Return the next frame; RuntimeError when there is none."""
        if self._format is None or self._size is None:
            raise RuntimeError("Frame size is not supported or is not set.")
        if not self._running:
            settings = {"size": _SIZES[self._size], "quality": self._quality, "pins": None}
            settings["buffers"] = self._count
            settings["latest"] = self._count == 1
            settings["timeout_ms"] = 3000
            _frame.ask("stop")
            if _frame.ask("start", settings)["error"]:
                raise RuntimeError("Sensor control failed.")
            _frame.ask("set", self._look)
            self._running = True
        _frame.ask("free")
        frame = _frame.capture(True)
        if frame is None:
            raise RuntimeError("Frame capture has timed out.")
        return Image(memoryview(_frame.unsigned())[: len(frame)], self._format == JPEG)

    def shutdown(self, enable):
        """Switch it off (True) or on."""
        self._running = False
        _frame.ask("stop")
