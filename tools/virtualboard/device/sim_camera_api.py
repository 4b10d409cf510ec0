# `camera` of cnadler86/micropython-camera-API: a class, frames in place.

import _frame

_SIZES = (
    "R96X96", "QQVGA", "QCIF", "HQVGA", "R240X240", "QVGA", "CIF", "HVGA",
    "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "FHD", "QXGA",
)  # fmt: skip
_PINS = "data_pins xclk_pin pclk_pin vsync_pin href_pin sda_pin scl_pin powerdown_pin reset_pin"


class FrameSize:
    """The frame sizes."""


for _at in range(len(_SIZES)):
    setattr(FrameSize, _SIZES[_at], _at)


class PixelFormat:
    """The pixel formats; only JPEG is simulated."""

    RGB565, YUV422, GRAYSCALE, JPEG = 0, 1, 3, 4


class GrabMode:
    """Whether a full buffer keeps its frame, or gets the latest."""

    WHEN_EMPTY, LATEST = 0, 1


class Camera:
    """The camera; started when it is made, unless init is False."""

    def __init__(
        self,
        *,
        frame_size=5,
        pixel_format=PixelFormat.RGB565,
        jpeg_quality=85,
        fb_count=1,
        grab_mode=GrabMode.WHEN_EMPTY,
        xclk_freq=20000000,
        init=True,
        **pins,
    ):
        for name in pins:
            if name not in _PINS.split():
                raise TypeError("extra keyword arguments given")
        if pixel_format != PixelFormat.JPEG:
            raise ValueError("pixel format not simulated")
        self._pins = None
        if pins:
            if not isinstance(pins.get("data_pins"), list):
                raise TypeError("data_pins must be a list")
            self._pins = list(pins["data_pins"])
            self._pins.extend(pins.get(name, -1) for name in _PINS.split()[1:])
        self._size, self._quality = frame_size, jpeg_quality
        self._count, self._mode = fb_count, grab_mode
        if init:
            self.init()

    def init(self):
        """Start the camera."""
        settings = {"size": _SIZES[self._size], "quality": self._quality, "pins": self._pins}
        settings["buffers"] = self._count
        settings["latest"] = self._mode == GrabMode.LATEST
        _frame.ask("start", settings)

    def deinit(self):
        """Stop it and give its memory back."""
        _frame.ask("stop")

    def capture(self):
        """Return the next frame, a memoryview of the driver's buffer, or None."""
        self.free_buffer()
        return _frame.capture(True)

    def free_buffer(self):
        """Give the buffer back to the driver, which fills it again."""
        _frame.ask("free")

    def frame_available(self):
        """Return whether capture() need not wait."""
        return bool(_frame.ask("ready")["count"])

    def reconfigure(self, *, frame_size=None, jpeg_quality=None, fb_count=None, grab_mode=None):
        """Stop it and start it with other settings."""
        self.deinit()
        self._size = self._size if frame_size is None else frame_size
        self._quality = self._quality if jpeg_quality is None else jpeg_quality
        self._count = self._count if fb_count is None else fb_count
        self._mode = self._mode if grab_mode is None else grab_mode
        self.init()

    @property
    def quality(self):
        """JPEG quality in percent."""
        return self._quality

    @quality.setter
    def quality(self, percent):
        if not 0 <= percent <= 100:
            raise ValueError("quality out of range")
        self._quality = percent
        _frame.ask("set", {"quality": percent})

    @property
    def frame_size(self):
        """The number of the frame size."""
        return self._size
