# Which pins a motion sensor can be on, and a lamp.

import sys

from thingscam.util.compat import const

# The pins of slot 1, which an ESP32 has no choice of: sdmmc_slot_gpio_num in ESP-IDF's
# components/soc/esp32/sdmmc_periph.c. In 1-bit mode 4 (D1) and 12 (D2) are free.
_CARD_PINS = {14: "CLK", 15: "CMD", 2: "D0", 13: "D3"}

_ASLEEP = const("cannot wake the chip")


def chip(machine):
    """Return the chip, as in profiles, in sys.implementation's `_machine`; None for any other."""
    name = machine.split(" ")[-1].lower().replace("-", "")
    return name if name in ("esp32", "esp32s3") else None


def trouble(profile, pin, sleeps=False, card=False, on=None):
    """Return why GPIO `pin` (None: no sensor) will not do on the board, and which will; or None.

    `sleeps` tells that it has to wake the chip from deep sleep, `card` that an SD card is used.
    `on` is the chip, where the profile does not know it; None: that which this runs on.
    """
    on = profile.chip or on or chip(getattr(sys.implementation, "_machine", ""))
    wrong = None if pin is None else _unfit(profile, pin, sleeps, card, on) or _absent(pin)
    if pin is not None and pin == profile.lamp != profile.light:
        wrong = "is the lamp's, by camera.light_pin,"
    if wrong is None:
        return None
    free = profile.pir or ("null" if profile.chip else "another")
    if card and free in _CARD_PINS:
        free = "12 (first see docs/board.md, An SD card), or outbox.path to /outbox"
    elif free == pin:
        free = "another"
    text = "trigger.pir_pin: GPIO{} {} on the board {}, set it to {}"
    return text.format(pin, wrong, profile.name, free)


def lamp_trouble(profile, pin, sleeps=False, card=False, on=None):
    """Return why a lamp cannot be on GPIO `pin` (None: there is none), or None; as trouble()."""
    on = profile.chip or on or chip(getattr(sys.implementation, "_machine", ""))
    if pin is None or pin == profile.light:
        return None
    wrong = _unfit(profile, pin, sleeps, card, on)
    if wrong == _ASLEEP:
        wrong = "cannot be held low in a deep sleep"
    elif wrong is None and on == "esp32" and pin >= 34:
        wrong = "can only be read"
    wrong = wrong or _absent(pin)
    text = "camera.light_pin: GPIO{} {} on the board {}: take another"
    return wrong and text.format(pin, wrong, profile.name)


def _absent(pin):
    # What the firmware itself has to say: whether there is PSRAM, only it knows on some boards.
    try:
        from machine import Pin

        Pin(pin)
    except ValueError:
        return "cannot be had"
    except (ImportError, TypeError):  # a computer; OpenMV's pins have names
        pass
    return None


def _unfit(profile, pin, sleeps, card, on):
    # Why a sensor cannot be on this pin, or None. By the tables of ESP-IDF's pages on GPIO:
    # flash, PSRAM (GPIO16 and 17 on an ESP32, octal on the S3 boards) and RTC pins.
    if profile.pins and pin in profile.pins:
        return "is the camera's"
    if pin == profile.light or pin == profile.led:
        return "is the {} LED's".format("bright" if pin == profile.light else "status")
    if card and pin in _CARD_PINS:
        # D3 low while a card is started makes it speak SPI; in 1-bit mode nobody pulls it up.
        return "is the SD card's {}".format(_CARD_PINS[pin])
    if on is None:
        return None
    if pin == 0:
        return "keeps the chip in its boot loader while it is low,"
    if on == "esp32":
        wakes = pin in (2, 4, 12, 13, 14, 15, 25, 26, 27) or 32 <= pin <= 39
        free = wakes or pin in (5, 18, 19, 21, 22, 23)
        # Where the firmware knows the board, whether there is PSRAM is not known here.
        free = free or (pin in (16, 17) and not (profile.psram and profile.chip))
        port = (1, 3)
    else:
        wakes = pin <= 21
        free = wakes or pin >= 38
        port = (19, 20, 43, 44)  # USB, UART
    if pin in port:
        return "is the serial port's"
    if not free:
        return "belongs to flash or PSRAM, or is none,"
    return None if wakes or not sleeps else _ASLEEP
