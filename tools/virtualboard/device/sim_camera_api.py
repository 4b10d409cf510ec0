# `camera` of cnadler86/micropython-camera-API v0.6.2: a class, frames in place.
#
# src/modcamera_api.c and modcamera.c there: one camera, whatever objects there are of it.

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


_ENOENT = 2


def _knob(name):
    # Of the values that were set: what the sensor had before is not known here.
    def get(camera):
        camera._check()
        return camera._look.get(name, 0)

    def give(camera, value):
        camera._check()
        if not _frame.look(name, value):
            raise ValueError("Invalid setting for " + name)
        camera._look[name] = value

    return property(get, give)


class Camera:
    """The camera. It is started, and takes a first frame, even where `init` is False."""

    def __init__(
        self,
        *,
        frame_size=1,
        pixel_format=PixelFormat.RGB565,
        jpeg_quality=85,
        fb_count=1,
        grab_mode=GrabMode.WHEN_EMPTY,
        xclk_freq=20,
        init=True,
        **pins,
    ):
        for name in pins:
            if name not in _PINS.split():
                raise TypeError("extra keyword arguments given")
        if pixel_format != PixelFormat.JPEG:
            raise ValueError("pixel format not simulated")
        if not 0 <= jpeg_quality <= 100:
            raise ValueError("jpeg quality must be in range 0-100")
        self._pins = None
        if pins:
            if not isinstance(pins.get("data_pins"), list):
                raise TypeError("data_pins must be a list")
            self._pins = list(pins["data_pins"])
            self._pins.extend(pins.get(name, -1) for name in _PINS.split()[1:])
        self._size, self._quality = frame_size, jpeg_quality
        self._count, self._mode = min(max(fb_count, 1), 2), grab_mode
        self._look = {}
        self._running = False
        # It is the same camera as before, over a soft reset too.
        _frame.ask("stop")
        self.init()
        if _frame.capture(True, True) is None:
            self.deinit()
            raise OSError(
                "Failed to capture initial frame. Construct a new object with appropriate "
                "configuration."
            )
        if init:
            self.free_buffer()
        else:
            self.deinit()

    def init(self):
        """Start the camera, unless it runs."""
        if self._running:
            return
        settings = {"size": _SIZES[self._size], "quality": self._quality, "pins": self._pins}
        settings["buffers"] = self._count
        settings["latest"] = self._mode == GrabMode.LATEST
        _frame.start(settings)
        self._running = True

    def deinit(self):
        """Stop it and give its memory back."""
        if self._running:
            _frame.ask("stop")
            self._running = False

    def capture(self):
        """Return the next frame, a memoryview of the driver's buffer; None after 4 s."""
        self._check()
        self.free_buffer()
        return _frame.capture(True)

    def free_buffer(self):
        """Give the buffer back to the driver, which fills it again."""
        _frame.ask("free")

    def frame_available(self):
        """Return whether capture() need not wait."""
        self._check()
        return bool(_frame.ask("ready")["count"])

    def reconfigure(self, *, frame_size=None, pixel_format=None, grab_mode=None, fb_count=None):
        """Stop it and start it with other settings."""
        self._check()
        self.deinit()
        self._size = self._size if frame_size is None else frame_size
        self._count = self._count if fb_count is None else fb_count
        self._mode = self._mode if grab_mode is None else grab_mode
        self.init()

    def _check(self):
        if not self._running:
            raise OSError(_ENOENT)

    def get_sensor_name(self):
        """Return which sensor it is."""
        self._check()
        return "OV2640"

    @property
    def quality(self):
        """JPEG quality in percent."""
        return self._quality

    @quality.setter
    def quality(self, percent):
        self._quality = percent
        _frame.ask("set", {"quality": percent})

    @property
    def frame_size(self):
        """The number of the frame size."""
        return self._size


for _name in _frame.KNOBS:
    setattr(Camera, _name, _knob(_name))
