# The frame buffer that the camera drivers share, and their line to the sensor.

import array

import uctypes

import _sim

_file = None
_buffer = None


def prepare(path, size):
    """Take the memory a firmware keeps for frames, and the way they come in."""
    global _file, _buffer
    _file = open(path, "rb")  # noqa: SIM115
    _buffer = array.array("b", bytes(size))


def ask(what, argument=None):
    """Ask the sensor; returns the answer, whose "error" is None or a text."""
    return _sim.ask(camera=[what, argument])


def start(settings):
    """Start the sensor; raises OSError as check_esp_err() does of what esp_camera_init() returns.

    ports/esp32/mphalport.c v1.27.0: the number is the negative one, or that of errno.h.
    """
    error = ask("start", settings)["error"]
    if error == "no memory":
        # cam_dma_config() fails, and cam_config() has one word for all that: ESP_FAIL is -1.
        raise OSError(1, "ESP_FAIL")
    if error == "no camera":
        # Since esp32-camera 2.1.0; before it was OSError(-261, "ESP_ERR_NOT_FOUND").
        raise OSError(95, "ESP_ERR_NOT_SUPPORTED")
    if error == "running":
        raise OSError(-259, "ESP_ERR_INVALID_STATE")


# Attributes of micropython-camera-API (src/modcamera_api.c v0.6.2) and the values that an OV2640
# takes (sensors/ov2640.c of esp32-camera v2.1.5): the lowest and the highest, or none.
KNOBS = {
    "contrast": (-2, 2),
    "brightness": (-2, 2),
    "saturation": (-2, 2),
    "sharpness": None,
    "denoise": None,
    "gainceiling": (0, 6),
    "whitebal": (0, 1),
    "gain_ctrl": (0, 1),
    "exposure_ctrl": (0, 1),
    "hmirror": (0, 1),
    "vflip": (0, 1),
    "awb_gain": (0, 1),
    "agc_gain": (-1000, 1000),  # cut to 0 to 30
    "aec_value": (-1000000, 1000000),  # cut to 0 to 1200
    "special_effect": (0, 6),
    "wb_mode": (0, 4),
    "ae_level": (-2, 2),
    "lenc": (0, 1),
}


def look(name, value):
    """Set how frames look; returns whether the sensor takes it, None when it does not run."""
    if ask("set", {})["result"] is False:
        return None
    limits = KNOBS[name]
    if limits is None or not limits[0] <= value <= limits[1]:
        return False
    ask("set", {name: int(value)})
    return True


def capture(keep, first=False):
    """Return the next frame in the buffer, a view of signed bytes; None when it failed.

    `keep`: the sensor gets this buffer back by the next call, or by ask("free"). `first`: the
    driver takes it for itself. Inside the driver nothing else runs, however long it waits.
    Raises MemoryError.
    """
    answer = ask("capture", [keep, first])
    if answer["error"] == "no memory":
        raise MemoryError("memory allocation failed")
    if answer["error"] == "not started":
        return None  # esp_camera_fb_get() looks for that first
    _sim.block(answer["wait_ms"] * 1000)
    if answer["error"]:
        return None
    size = answer["size"]
    _file.seek(0)
    _file.readinto(_buffer)
    return memoryview(_buffer)[:size]


def unsigned():
    """Return the buffer as bytes without a sign, in place."""
    return uctypes.bytearray_at(uctypes.addressof(_buffer), len(_buffer))
