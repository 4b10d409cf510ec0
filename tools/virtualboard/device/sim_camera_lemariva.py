# `camera` of lemariva/micropython-camera-driver: a module, frames as bytes.

import _frame

JPEG, YUV422, GRAYSCALE, RGB565 = 4, 1, 3, 0
PSRAM, DRAM = 0, 1
XCLK_10MHz, XCLK_20MHz = 10000000, 20000000

_SIZES = (
    "96X96", "QQVGA", "QCIF", "HQVGA", "240X240", "QVGA", "CIF", "HVGA",
    "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "FHD", "QXGA",
)  # fmt: skip
for _at in range(len(_SIZES)):
    globals()["FRAME_" + _SIZES[_at]] = _at
_PINS = [
    "d0",
    "d1",
    "d2",
    "d3",
    "d4",
    "d5",
    "d6",
    "d7",
    "xclk",
    "pclk",
    "vsync",
    "href",
    "siod",
    "sioc",
    "pwdn",
    "reset",
]
_BEST, _WORST = 10, 63


def init(
    id=0, format=JPEG, framesize=13, quality=12, xclk_freq=XCLK_20MHz, fb_location=PSRAM, **pins
):
    """Start the camera; OSError when it runs already, or cannot be."""
    for name in pins:
        if name not in _PINS:
            raise TypeError("extra keyword arguments given")
    if format != JPEG:
        raise ValueError("Image format is not valid")
    name = _SIZES[framesize]
    settings = {"size": "R" + name if name[0] in "29" else name, "quality": _percent(quality)}
    settings["pins"] = [pins.get(name, -1) for name in _PINS] if pins else None
    # The frame that it waits with is as old as the last capture, or the start.
    settings["buffers"] = 1
    settings["latest"] = False
    settings["dram"] = fb_location == DRAM
    try:
        _frame.ask("start", settings)
    except OSError:
        raise OSError("Camera Init Failed")
    return True


def deinit():
    """Stop it; returns whether that succeeded."""
    _frame.ask("stop")
    return True


def capture():
    """Return a frame as bytes, False when there is none."""
    try:
        frame = _frame.capture(False)
    except OSError as e:
        if e.errno == 12:
            raise MemoryError("memory allocation failed")
        raise OSError("Camera not initialised")
    return False if frame is None else bytes(frame)


def quality(value):
    """Set the quality, from 10 (best) to 63."""
    if not _BEST <= value <= _WORST:
        raise ValueError("Quality out of range")
    _frame.ask("set", {"quality": _percent(value)})


def _percent(value):
    return (_WORST - value) * 100 // _WORST


def _setting(value):
    """Set something that the simulated scenes do not show."""


flip = mirror = framesize = contrast = saturation = brightness = speffect = whitebalance = _setting
