# Three crashes in a row, or a held pin, and the board stays at the REPL: a person can get in.

import json
import sys

from thingscam import board, boards
from thingscam.counters import Counters
from thingscam.port import const, sleep_ms

_MOST = const(3)
_PAUSE_MS = const(3000)
_RETRY_TIMER = const(0)  # the pace's, which is not kept then
_RETRY_MS = const(3600000)

# Held to GND while the board starts: the first that neither camera nor sensor drives. The
# BOOT button's pin (0) is the camera's clock on an ESP32-CAM; there the SD card's clock pin
# is read, before any card is used.
_PINS_ESP32 = (14, 0)
_PINS_S3 = (0,)


def reason():
    """Return why the app must not start, a text, or None. Counts this start.

    After crashes the board is restarted in an hour, unless a person comes before.
    """
    pin = _held_pin()
    if pin is not None:
        return "GPIO{} is held to GND".format(pin)
    cause = board.start_cause()
    crashes, by_crash = _recall()
    if cause == "watchdog":
        crashes += 1
    elif cause in ("power_on", "reset") and not by_crash:
        crashes = 0  # a person pulled the plug or pressed the button: they have seen it
    found = None
    if crashes >= _MOST:
        found = "{} starts in a row ended in a crash or by the watchdog".format(crashes)
        crashes = 0
        _retry_later()
    _keep(crashes, 0)
    return found


def crashed(e):
    """Count a crash of the app, say it, and restart the board; a person may interrupt that."""
    _keep(_recall()[0] + 1, 1)
    Counters().add("crash")
    if hasattr(sys, "print_exception"):
        sys.print_exception(e)  # pyright: ignore[reportAttributeAccessIssue]
    else:
        print("{}: {}".format(type(e).__name__, e))
    print("restarting in {} s, Ctrl-C prevents it".format(_PAUSE_MS // 1000))
    sleep_ms(_PAUSE_MS)
    board.reset()


def healthy():
    """Forget the crashes: the app works."""
    if _recall()[0]:
        _keep(0, 0)


def _retry_later():
    # Nobody may be near. Who comes stops the timer: each mpremote makes a soft reset.
    if hasattr(board.machine, "Timer"):
        timer = board.machine.Timer(_RETRY_TIMER)
        timer.init(mode=timer.ONE_SHOT, period=_RETRY_MS, callback=_on_timer)


def _on_timer(_timer):
    board.reset()


def _recall():
    kept = board.recall(board.CRASHES)
    return (kept[0], kept[1]) if kept else (0, 0)


def _keep(crashes, by_crash):
    board.remember(board.CRASHES, bytes([min(crashes, 255), by_crash]))


def _held_pin():
    machine = board.machine
    if not hasattr(machine, "Pin"):
        return None
    taken = _taken_pins()
    on_s3 = "S3" in getattr(sys.implementation, "_machine", "")
    for number in _PINS_S3 if on_s3 else _PINS_ESP32:
        if number not in taken:
            pin = machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)
            return number if pin.value() == 0 else None
    return None


def _taken_pins():
    # As config.json has them, whatever else is wrong with it: no person holds those low.
    taken = []
    try:
        with open("config.json") as file:
            found = json.load(file)
        taken.append(found.get("trigger", {}).get("pir_pin"))
        name = found.get("camera", {}).get("board", "ai-thinker")
        taken += boards.find(name).pins or ()
    except (OSError, ValueError, AttributeError, TypeError, RuntimeError, MemoryError):
        pass
    return taken
