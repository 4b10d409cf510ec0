# Why a board stays at the REPL, where a person can get in: crashes, a held pin, no configuration.

import sys

from thingscam import crashes
from thingscam.board import chip, rtc, watchdog
from thingscam.util.compat import const

# Held to GND while the board starts: the first that neither camera, sensor nor lamp has. The
# BOOT button's pin (0) is the camera's clock on an ESP32-CAM; there the SD card's clock pin
# is read, before any card is used.
_PINS_ESP32 = (14, 0)
_PINS_S3 = (0,)
_NONE = 255
_TIMER_ID = const(1)
_BLINK_MS = const(50)  # a part of each pattern's times for "stopped"
_MAX_TIMERS = const(8)


def reason():
    """Return why the app must not start, a text, or None. Counts this start.

    After crashes the board is restarted in an hour, unless a person comes before.
    """
    crashes.ended = None
    cause = chip.start_cause()
    count, by_crash = crashes.recall()
    doing = rtc.recall(rtc.DOING)
    if by_crash:
        pass  # counted already
    elif cause == "reset" and doing in (watchdog.RUNNING, watchdog.WAITING):
        # The app resets the board as it crashes only, and a person first interrupts it.
        crashes.ended = "the last run ended in a panic, an error below Python"
        count += 1
        crashes.Counters().add("crash")
    elif cause == "watchdog" and doing == watchdog.WAITING:
        crashes.ended = "the watchdog ended the last run, while it waited for the network"
    elif cause == "watchdog" and doing == watchdog.RUNNING:
        count += 1
    elif cause in ("power_on", "reset"):
        count = 0  # a person pulled the plug or pressed the button: they have seen it
    found = None
    if rtc.recall((1068, 1)) == b"\1":  # places.SETUP
        rtc.remember((1068, 1), b"\0")
        found = "setup by telephone was asked for"
    pin = _held_pin(cause)
    if pin is not None:
        found = "GPIO{} is held to GND".format(pin)
    elif count >= crashes.MAX:
        found = "{} starts in a row ended in a crash or by the watchdog".format(count)
        count = 0
        watchdog.restart_in_an_hour()
    crashes.keep(count, 0)
    crashes.end()
    return found


def configured():
    """Return (the board's Profile, the pins of sensor and lamp), whatever is wrong in config.json.

    (None, ()) for what cannot be made out.
    """
    from thingscam.board import profiles
    from thingscam.util.strict_json import loads

    profile, pins = None, ()
    try:
        with open("config.json", "rb") as file:
            found = loads(file.read())
        camera = found.get("camera", {})
        pins = found.get("trigger", {}).get("pir_pin"), camera.get("light_pin")
        profile = profiles.find(camera.get("board", "ai-thinker"))
    except (OSError, ValueError, AttributeError, TypeError, MemoryError):
        pass
    return profile, pins


def stopped(e):
    """Say on the console, in the ring file and by the LED that `e` keeps the app from starting.

    A text is what reason() returned: it was said. Where a telephone may help, or was asked for,
    setup opens.
    """
    profile = None
    if not isinstance(e, str):
        from thingscam.util.log import Log

        Log("info", None, ".").stopped(e)
        profile, _ = configured()
    if profile is not None:
        from thingscam.led import Led

        led = Led(chip.Light(profile.led, profile.led_low))
        led.show("stopped")
        machine = chip.machine
        if profile.led is not None and hasattr(machine, "Timer") and _may_start_timer():
            # Goes on at the REPL. Where none may be started, the LED stays on.
            timer = machine.Timer(_TIMER_ID)
            timer.init(
                mode=machine.Timer.PERIODIC, period=_BLINK_MS, callback=lambda _timer: led.step()
            )
    from thingscam.setup.start import main

    main(e)


def _held_pin(cause):
    machine = chip.machine
    if not hasattr(machine, "Pin"):
        return None
    kept = rtc.recall(rtc.HELD) if cause == "deep_sleep" else None
    number = kept[0] if kept else -1  # which one has not changed while it slept
    if number != _NONE and number not in _PINS_ESP32:
        number = free_pin()
        rtc.remember(rtc.HELD, bytes([number]))
    if number == _NONE:
        return None
    pin = machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)
    return number if pin.value() == 0 else None


def free_pin():
    """Return the number of the pin that a person may hold; 255: none is free."""
    profile, pins = configured()
    taken = pins + (profile and profile.pins or ())  # no person holds those low
    on_s3 = "S3" in getattr(sys.implementation, "_machine", "")
    for number in _PINS_S3 if on_s3 else _PINS_ESP32:
        if number not in taken:
            return number
    return _NONE


def _may_start_timer():
    # From MicroPython 1.26 to 1.28 each start takes something that only a restart of the chip
    # gives back; at the 254th the ticks stop (micropython issue 19162).
    count = (rtc.recall(rtc.TIMERS) or b"\0")[0]
    if count >= _MAX_TIMERS:
        return False
    rtc.remember(rtc.TIMERS, bytes([count + 1]))
    return True
