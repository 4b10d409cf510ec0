# `camera` of lemariva/micropython-camera-driver (src/modcamera.c, master of 2023): a module,
# frames as bytes.

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
_WORST = 63


def init(id, *, format=JPEG, framesize=8, quality=12, fb_size=1, fb_location=DRAM, **pins):
    """Start the camera; OSError when it runs already (it is stopped then), or cannot be."""
    pins.pop("xclk_freq", None)
    for name in pins:
        if name not in _PINS:
            raise TypeError("extra keyword arguments given")
    if format != JPEG:
        raise ValueError("Image format is not valid")
    name = _SIZES[framesize]
    settings = {"size": "R" + name if name[0] in "29" else name, "quality": _percent(quality)}
    settings["pins"] = [pins.get(name, -1) for name in _PINS] if pins else None
    # The frame that it waits with is as old as the last capture, or the start.
    settings["buffers"] = fb_size
    settings["latest"] = False
    settings["dram"] = fb_location == DRAM
    if _frame.ask("start", settings)["error"]:
        raise OSError("Camera Init Failed")  # whatever it is
    return True


def deinit():
    """Stop it; returns whether it ran."""
    return _frame.ask("stop")["was"]


def capture():
    """Return a frame as bytes; False when there is none, after 4 s, or when it does not run."""
    frame = _frame.capture(True)
    if frame is None:
        return False
    try:
        copy = bytes(frame)
    except MemoryError:
        _frame.ask("lose")  # fb is returned behind mp_obj_new_bytes() only
        raise
    _frame.ask("free")
    return copy


def quality(value):
    """Set the quality, from 0 (best; 10 is as low as one should go) to 63."""
    # The sensors cut it to that, ov2640.c; False when it does not run.
    return _frame.ask("set", {"quality": _percent(min(max(value, 0), _WORST))}).get("result")


def _percent(value):
    return (_WORST - value) * 100 // _WORST


def framesize(value):
    """Set another size; the simulated scenes do not show it."""


def _knob(name):
    # What the sensor says of the value it does not tell.
    return lambda value: False if _frame.look(name, int(value)) is None else None


flip, mirror = _knob("vflip"), _knob("hmirror")
contrast, saturation, brightness = _knob("contrast"), _knob("saturation"), _knob("brightness")
speffect, whitebalance = _knob("special_effect"), _knob("wb_mode")
