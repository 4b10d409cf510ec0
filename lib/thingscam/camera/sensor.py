# What the picture is to look like, in one vocabulary for the three drivers of the field.
#
# A sensor that lacks a setting, or a value, is no reason to have no picture: apply() tells which.
# Names and numbers: cnadler86/micropython-camera-API 0.2.0 to 0.6.2 (src/modcamera_api.c),
# lemariva/micropython-camera-driver (src/modcamera.c), openmv 4.7 (modules/py_csi.c), and
# espressif/esp32-camera (driver/include/sensor.h, sensors/*.c).

from thingscam.util.compat import const

WHITE_BALANCES = const(("auto", "sunny", "cloudy", "office", "home"))
EFFECTS = const(("none", "negative", "grayscale", "red", "green", "blue", "sepia"))
CEILINGS = const((2, 4, 8, 16, 32, 64, 128))

# What a driver raises for what it, or the sensor, does not have.
_REFUSALS = (ValueError, AttributeError, RuntimeError, OSError, TypeError)
# For these the ESP32 drivers take a number, the place in the list: sensor.h.
_NUMBERED = {"white_balance": WHITE_BALANCES, "effect": EFFECTS, "gainceiling": CEILINGS}
_AUTOMATIC = {"exposure": ("exposure_ctrl", "aec_value"), "gain": ("gain_ctrl", "agc_gain")}
_REAL = const(("OV3660", "OV5640"))  # these take the ceiling itself, in sixteenths
_API = {"lens_correction": "lenc", "effect": "special_effect"}  # where its names are others
_LEMARIVA = {
    "vflip": "flip",
    "hmirror": "mirror",
    "effect": "speffect",
    "white_balance": "whitebalance",
}


def apply(driver, settings):
    """Give the camera what `settings` (a dict by name) holds; return the names it refused.

    `driver` is the firmware's own: an object of camera-API, a module of lemariva's, OpenMV's.
    Call it after each start, before the frames that count.
    """
    if hasattr(driver, "snapshot"):
        give = _to_openmv
    elif hasattr(driver, "init") and hasattr(driver, "speffect"):
        give = _to_lemariva
    else:
        give = _to_api
    refused = []
    for name in sorted(settings):
        try:
            give(driver, name, settings[name])
        except _REFUSALS:
            refused.append(name)
    return refused


def _to_api(camera, name, value):
    for each, number in _steps(name, value):
        if name == "gainceiling" and getattr(camera, "get_sensor_name", str)() in _REAL:
            number = min(value * 16, 1023)  # of ten bits
        # Before 0.4 there were methods only.
        if hasattr(camera, each):
            setattr(camera, each, number)
        else:
            getattr(camera, "set_" + each)(number)


def _steps(name, value):
    # (name, value) of the sensor's registers, as esp32-camera has them.
    if name in _AUTOMATIC:
        control, register = _AUTOMATIC[name]
        if value == "auto":
            return ((control, True),)
        return ((control, False), (register, value))
    value = _number(name, value)
    if name == "white_balance":
        return (("whitebal", True), ("awb_gain", True), ("wb_mode", value))
    return ((_API.get(name, name), value),)


def _number(name, value):
    return _NUMBERED[name].index(value) if name in _NUMBERED else value


def _to_lemariva(module, name, value):
    # It returns False for a camera that does not run, and tells nothing of a value.
    if getattr(module, _LEMARIVA.get(name, name))(int(_number(name, value))) is False:
        raise ValueError


def _to_openmv(camera, name, value):
    options = {}
    if name in _AUTOMATIC:
        if value != "auto":
            options["exposure_us" if name == "exposure" else "gain_db"] = value
        name, value = "auto_" + name, value == "auto"
    elif name == "white_balance" and value == "auto":
        name, value = "auto_whitebal", True
    elif name == "effect":
        # NORMAL and NEGATIVE of omv_csi.h; there are no others.
        name, value = "special_effect", ("none", "negative").index(value)
    elif name == "lens_correction":
        raise ValueError  # it takes a radius and a coefficient
    # The same functions under two names; the older ones return False where the newer ones raise.
    call = getattr(camera, name, None) or getattr(camera, "set_" + name)
    if call(value, **options) is False:
        raise ValueError
