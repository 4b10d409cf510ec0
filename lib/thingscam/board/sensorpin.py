# Which pins a motion sensor can be on.

# The pins of slot 1, which an ESP32 has no choice of: sdmmc_slot_gpio_num in ESP-IDF's
# components/soc/esp32/sdmmc_periph.c. In 1-bit mode 4 (D1) and 12 (D2) are free.
_CARD_PINS = {14: "CLK", 15: "CMD", 2: "D0", 13: "D3"}


def trouble(profile, pin, sleeps=False, card=False):
    """Return why GPIO `pin` (None: no sensor) will not do on the board, and which will; or None.

    `sleeps` tells that it has to wake the chip from deep sleep, `card` that an SD card is used.
    """
    wrong = None if pin is None else _unfit(profile, pin, sleeps, card)
    if wrong is None:
        return None
    free = "null" if profile.pir is None else profile.pir
    if card and free in _CARD_PINS:
        free = "12 (first see docs/board.md, An SD card), or outbox.path to /outbox"
    text = "trigger.pir_pin: GPIO{} {} on the board {}, set it to {}"
    return text.format(pin, wrong, profile.name, free)


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
