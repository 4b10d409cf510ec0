# The known boards: the pins of camera, lights and motion sensor, and whether there is PSRAM.

from collections import namedtuple

# One board: `name`; `chip` ("esp32", "esp32s3"; None: not known); `psram` (a flag); `pins`: the
# camera's 16 GPIO numbers in the order told below, -1 for none, or None where the firmware knows
# them itself; `led`: the status LED's GPIO or None; `led_low`: it lights when low; `light`: the
# bright light's GPIO or None; `pir`: a GPIO that is free and can wake the chip (an RTC pin), or
# None when there is none or the user must choose one; `card`: an SD card can be used, one wired
# to the pins of slot 1, and to none of the above; `lamp`: the pin of what lights the scene, which
# is the bright light, or another one by camera.light_pin.
FIELDS = ("name", "chip", "psram", "pins", "led", "led_low", "light", "pir", "card", "lamp")
Profile = namedtuple("Profile", FIELDS)  # pyright: ignore

# Where a board below says nothing.
_OTHERWISE = {"psram": True, "led_low": False, "card": False}

# Camera pins in the drivers' order, -1 where there is none:
# D0-D7 (Y2-Y9), XCLK, PCLK, VSYNC, HREF, SDA (SIOD), SCL (SIOC), PWDN, RESET.
#
# All are those of camera_pins.h in espressif/arduino-esp32, CameraWebServer example, section
# CAMERA_MODEL_...; each was compared with camera_pins.h of cnadler86/micropython-camera-API,
# where all are the same. The lines above each board say where the rest is from.
_BOARDS = (
    # AI_THINKER. LEDs 33 and 4: the same file; 4 is also the SD card's D1. 13 is free while
    # the card runs in 1-bit mode.
    {
        "name": "ai-thinker",
        "chip": "esp32",
        "pins": (5, 18, 19, 21, 36, 39, 34, 35, 0, 22, 25, 23, 26, 27, 32, -1),
        "led": 33,
        "led_low": True,
        "light": 4,
        "pir": 13,
        "card": True,
    },
    # ESP_EYE. White LED 22: the same file. Red LED 21 is from memory. No header with a free pin.
    {
        "name": "esp-eye",
        "chip": "esp32",
        "pins": (34, 13, 14, 35, 39, 38, 37, 36, 4, 25, 5, 27, 18, 23, -1, -1),
        "led": 21,
        "light": 22,
    },
    # M5STACK_PSRAM (M5Camera, model A). LED 14, low; Grove port 4 and 13: sketches for model B.
    {
        "name": "m5stack-psram",
        "chip": "esp32",
        "pins": (32, 35, 34, 5, 39, 18, 36, 19, 27, 21, 22, 26, 25, 23, -1, 15),
        "led": 14,
        "led_low": True,
        "pir": 13,
    },
    # M5STACK_WIDE; lemariva's README has the same pins for model B. LED 2: arduino-esp32.
    {
        "name": "m5stack-wide",
        "chip": "esp32",
        "pins": (32, 35, 34, 5, 39, 18, 36, 19, 27, 21, 25, 26, 22, 23, -1, 15),
        "led": 2,
        "pir": 13,
    },
    # TTGO_T_JOURNAL. No PSRAM: the same example. Display on 13 and 14, button on 32:
    # lewisxhe/esp32-camera-series, which has no PWDN where the others have 0.
    {
        "name": "ttgo-t-journal",
        "chip": "esp32",
        "psram": False,
        "pins": (17, 35, 34, 5, 39, 18, 36, 19, 27, 21, 22, 26, 25, 23, 0, 15),
    },
    # WROVER_KIT, and Freenove ESP32-WROVER, which has the same pins. 2: the kit's green LED,
    # which is its card's D0 too; Freenove's blue one. 13 is JTAG's.
    {
        "name": "wrover-kit",
        "chip": "esp32",
        "pins": (4, 5, 18, 19, 36, 39, 34, 35, 21, 22, 25, 23, 26, 27, -1, -1),
        "led": 2,
        "pir": 13,
    },
    # XIAO_ESP32S3. 21: arduino-esp32's variant XIAO_ESP32S3; the SD card's CS too. 1 is D0.
    {
        "name": "xiao-esp32s3-sense",
        "chip": "esp32s3",
        "pins": (15, 17, 18, 16, 14, 12, 11, 48, 10, 13, 38, 47, 40, 39, -1, -1),
        "led": 21,
        "led_low": True,
        "pir": 1,
    },
    # ESP32S3_EYE, and espressif/esp-bsp's esp32_s3_eye.h, which has LED 3 too. No header
    # with a free pin.
    {
        "name": "esp32-s3-eye",
        "chip": "esp32s3",
        "pins": (11, 9, 8, 10, 12, 18, 17, 16, 15, 13, 6, 7, 4, 5, -1, -1),
        "led": 3,
    },
    # ESP32S3_EYE: Freenove's own sketches and micropython-camera-API use it. LED 2: Freenove's
    # board; 14 is free (SD card 38 to 40, RGB LED 48).
    {
        "name": "freenove-esp32s3",
        "chip": "esp32s3",
        "pins": (11, 9, 8, 10, 12, 18, 17, 16, 15, 13, 6, 7, 4, 5, -1, -1),
        "led": 2,
        "pir": 14,
    },
    # Any board whose firmware knows its own pins: micropython-camera-API's builds for one
    # board, OpenMV.
    {
        "name": "firmware",
        "card": True,
    },
)


class UnknownBoardError(ValueError):
    """camera.board names no known board; the text has the found name and the known ones."""


def find(name):
    """Return the Profile of the board called `name`, as camera.board has it.

    Raises UnknownBoardError, a ValueError, for a name that is not among names().
    """
    for row in _BOARDS:
        if row["name"] == name:
            found = [row.get(key, _OTHERWISE.get(key)) for key in FIELDS[:-1]]
            return Profile(*found + [row.get("light")])
    from thingscam.util.spelling import is_like, nearest

    known = names()
    found = nearest(name, known)
    # What is like none may be a secret in the wrong place.
    guess = ' "{}", perhaps {}?'.format(name, found) if is_like(name, found) else "."
    text = "camera.board: no known board{} Known: {}"
    raise UnknownBoardError(text.format(guess, ", ".join(known)))


def settle(config):
    """Give `config` its board's profile, and what is the board's own where nothing is set.

    Raises UnknownBoardError.
    """
    config.profile = found = find(config.camera.board)
    # What is wrong by itself is not there.
    if getattr(config.camera, "light_pin", None) is not None:
        config.profile = Profile(*found[:-1] + (config.camera.light_pin,))
    if getattr(config.camera, "frame_size", None) == "":
        config.camera.frame_size = "SVGA" if found.psram else "CIF"
    if getattr(config.trigger, "pir_pin", None) == -1:
        config.trigger.pir_pin = found.pir


def names():
    """Return the names of the known boards, as a list of texts."""
    return [row["name"] for row in _BOARDS]
