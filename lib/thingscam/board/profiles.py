# The known boards: the pins of camera, lights and motion sensor, and whether there is PSRAM.

from thingscam.config.schema import is_like, nearest

# The pins of slot 1, which an ESP32 has no choice of: sdmmc_slot_gpio_num in ESP-IDF's
# components/soc/esp32/sdmmc_periph.c. In 1-bit mode 4 (D1) and 12 (D2) are free.
_CARD_PINS = {14: "CLK", 15: "CMD", 2: "D0", 13: "D3"}

# Camera pins in the drivers' order, -1 where there is none:
# D0-D7 (Y2-Y9), XCLK, PCLK, VSYNC, HREF, SDA (SIOD), SCL (SIOC), PWDN, RESET.
#
# All are those of camera_pins.h in espressif/arduino-esp32, CameraWebServer example, section
# CAMERA_MODEL_...; each was compared with camera_pins.h of cnadler86/micropython-camera-API,
# where all are the same. The line above each board says where the rest is from.
#
# name, chip, PSRAM, camera pins, status LED, LED lights when low, bright light, PIR sensor's pin:
# one that is free and can wake the chip (an RTC pin); None: none, or the user must choose;
# whether an SD card can be used: one wired to the pins below, and to none of the above.
_BOARDS = (
    # AI_THINKER. LEDs 33 and 4: the same file; 4 is also the SD card's D1. 13 is free while
    # the card runs in 1-bit mode.
    (
        "ai-thinker",
        "esp32",
        True,
        (5, 18, 19, 21, 36, 39, 34, 35, 0, 22, 25, 23, 26, 27, 32, -1),
        33,
        True,
        4,
        13,
        True,
    ),
    # ESP_EYE. White LED 22: the same file. Red LED 21 is from memory. No header with a free pin.
    (
        "esp-eye",
        "esp32",
        True,
        (34, 13, 14, 35, 39, 38, 37, 36, 4, 25, 5, 27, 18, 23, -1, -1),
        21,
        False,
        22,
        None,
        False,
    ),
    # M5STACK_PSRAM (M5Camera, model A). LED 14, low; Grove port 4 and 13: sketches for model B.
    (
        "m5stack-psram",
        "esp32",
        True,
        (32, 35, 34, 5, 39, 18, 36, 19, 27, 21, 22, 26, 25, 23, -1, 15),
        14,
        True,
        None,
        13,
        False,
    ),
    # M5STACK_WIDE; lemariva's README has the same pins for model B. LED 2: arduino-esp32.
    (
        "m5stack-wide",
        "esp32",
        True,
        (32, 35, 34, 5, 39, 18, 36, 19, 27, 21, 25, 26, 22, 23, -1, 15),
        2,
        False,
        None,
        13,
        False,
    ),
    # TTGO_T_JOURNAL. No PSRAM: the same example. Display on 13 and 14, button on 32:
    # lewisxhe/esp32-camera-series, which has no PWDN where the others have 0.
    (
        "ttgo-t-journal",
        "esp32",
        False,
        (17, 35, 34, 5, 39, 18, 36, 19, 27, 21, 22, 26, 25, 23, 0, 15),
        None,
        False,
        None,
        None,
        False,
    ),
    # WROVER_KIT, and Freenove ESP32-WROVER, which has the same pins. 2: the kit's green LED,
    # which is its card's D0 too; Freenove's blue one. 13 is JTAG's.
    (
        "wrover-kit",
        "esp32",
        True,
        (4, 5, 18, 19, 36, 39, 34, 35, 21, 22, 25, 23, 26, 27, -1, -1),
        2,
        False,
        None,
        13,
        False,
    ),
    # XIAO_ESP32S3. 21: arduino-esp32's variant XIAO_ESP32S3; the SD card's CS too. 1 is D0.
    (
        "xiao-esp32s3-sense",
        "esp32s3",
        True,
        (15, 17, 18, 16, 14, 12, 11, 48, 10, 13, 38, 47, 40, 39, -1, -1),
        21,
        True,
        None,
        1,
        False,
    ),
    # ESP32S3_EYE, and espressif/esp-bsp's esp32_s3_eye.h, which has LED 3 too. No header
    # with a free pin.
    (
        "esp32-s3-eye",
        "esp32s3",
        True,
        (11, 9, 8, 10, 12, 18, 17, 16, 15, 13, 6, 7, 4, 5, -1, -1),
        3,
        False,
        None,
        None,
        False,
    ),
    # ESP32S3_EYE: Freenove's own sketches and micropython-camera-API use it. LED 2: Freenove's
    # board; 14 is free (SD card 38 to 40, RGB LED 48).
    (
        "freenove-esp32s3",
        "esp32s3",
        True,
        (11, 9, 8, 10, 12, 18, 17, 16, 15, 13, 6, 7, 4, 5, -1, -1),
        2,
        False,
        None,
        14,
        False,
    ),
    # Any board whose firmware knows its own pins: micropython-camera-API's builds for one
    # board, OpenMV.
    ("firmware", None, True, None, None, False, None, None, True),
)


class UnknownBoardError(ValueError):
    """camera.board names no known board; the text has the found name and the known ones."""


class Profile:
    """One board.

    `name`, `chip` ("esp32", "esp32s3"; None: not known) and `psram` (a flag);
    `pins`: the camera's 16 GPIO numbers in the order told above, -1 for none, or None where
    the firmware knows them itself; `led`: the status LED's GPIO or None, `led_low`: it
    lights when low; `light`: the bright light's GPIO or None; `pir`: a free GPIO that can
    wake the chip, or None when the user must choose one; `card`: an SD card can be used.
    """

    def __init__(self, row):
        self.name, self.chip, self.psram, self.pins = row[:4]
        self.led, self.led_low, self.light, self.pir, self.card = row[4:]


def find(name):
    """Return the Profile of the board called `name`, as camera.board has it.

    Raises UnknownBoardError, a ValueError, for a name that is not among names().
    """
    for row in _BOARDS:
        if row[0] == name:
            return Profile(row)
    known = names()
    found = nearest(name, known)
    # What is like none may be a secret in the wrong place.
    guess = ' "{}", perhaps {}?'.format(name, found) if is_like(name, found) else "."
    text = "camera.board: no known board{} Known: {}"
    raise UnknownBoardError(text.format(guess, ", ".join(known)))


def sensor_trouble(profile, pin, sleeps=False, card=False):
    """Return why GPIO `pin` (None: no sensor) will not do on the board, and which will; or None.

    `sleeps` tells that it has to wake the chip from deep sleep, `card` that an SD card is used.
    """
    trouble = None if pin is None else _unfit(profile, pin, sleeps, card)
    if trouble is None:
        return None
    free = "null" if profile.pir is None else profile.pir
    if card and free in _CARD_PINS:
        free = "12 (first see docs/board.md, An SD card), or outbox.path to /outbox"
    text = "trigger.pir_pin: GPIO{} {} on the board {}, set it to {}"
    return text.format(pin, trouble, profile.name, free)


def names():
    """Return the names of the known boards, as a list of texts."""
    return [row[0] for row in _BOARDS]


def _unfit(profile, pin, sleeps, card):
    # Why a sensor cannot be on this pin, or None. By the tables of ESP-IDF's pages on GPIO:
    # flash, PSRAM (GPIO16 and 17 on an ESP32, octal on the S3 boards) and RTC pins.
    if profile.pins and pin in profile.pins:
        return "is the camera's"
    if pin == profile.light or pin == profile.led:
        return "is the {} LED's".format("bright" if pin == profile.light else "status")
    if card and pin in _CARD_PINS:
        # D3 low while a card is started makes it speak SPI; in 1-bit mode nobody pulls it up.
        return "is the SD card's {}".format(_CARD_PINS[pin])
    if profile.chip is None:
        return None
    if pin == 0:
        return "keeps the chip in its boot loader while it is low,"
    if profile.chip == "esp32":
        wakes = pin in (2, 4, 12, 13, 14, 15, 25, 26, 27) or 32 <= pin <= 39
        free = wakes or pin in (5, 18, 19, 21, 22, 23)
        free = free or (pin in (16, 17) and not profile.psram)
        port = (1, 3)
    else:
        wakes = pin <= 21
        free = wakes or pin >= 38
        port = (19, 20, 43, 44)  # USB, UART
    if pin in port:
        return "is the serial port's"
    if not free:
        return "belongs to flash or PSRAM, or is none,"
    return None if wakes or not sleeps else "cannot wake the chip"
