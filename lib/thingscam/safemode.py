# Three crashes in a row, or a held pin, and the board stays at the REPL: a person can get in.

import sys

from thingscam.board import chip as board
from thingscam.board import profiles as boards
from thingscam.board.counters import Counters
from thingscam.util.compat import const, sleep_ms
from thingscam.util.redact import print_exception
from thingscam.util.strict_json import loads

_MOST = const(3)
_PAUSE_MS = const(3000)

ended = None  # how the run before did, a text, where the start's cause does not tell

# Held to GND while the board starts: the first that neither camera nor sensor drives. The
# BOOT button's pin (0) is the camera's clock on an ESP32-CAM; there the SD card's clock pin
# is read, before any card is used.
_PINS_ESP32 = (14, 0)
_PINS_S3 = (0,)


def reason():
    """Return why the app must not start, a text, or None. Counts this start.

    After crashes the board is restarted in an hour, unless a person comes before.
    """
    global ended
    ended = None
    cause = board.start_cause()
    crashes, by_crash = _recall()
    doing = board.recall(board.DOING)
    if by_crash:
        pass  # counted already
    elif cause == "reset" and doing in (board.RUNNING, board.WAITING):
        # The app resets the board as it crashes only, and a person first interrupts it.
        ended = "the last run ended in a panic, an error below Python"
        crashes += 1
        Counters().add("crash")
    elif cause == "watchdog" and doing == board.WAITING:
        ended = "the watchdog ended the last run, while it waited for the network"
    elif cause == "watchdog" and doing == board.RUNNING:
        crashes += 1
    elif cause in ("power_on", "reset"):
        crashes = 0  # a person pulled the plug or pressed the button: they have seen it
    found = None
    pin = _held_pin()
    if pin is not None:
        found = "GPIO{} is held to GND".format(pin)
    elif crashes >= _MOST:
        found = "{} starts in a row ended in a crash or by the watchdog".format(crashes)
        crashes = 0
        board.restart_in_an_hour()
    _keep(crashes, 0)
    end()
    return found


def begin():
    """The app runs from here on: who restarts the board now is no person."""
    board.remember(board.DOING, board.RUNNING)


def end():
    """It has ended in an orderly way."""
    board.remember(board.DOING, board.NOTHING)


def crashed(e):
    """Count a crash of the app, say it, and restart the board; a person may interrupt that."""
    try:
        _keep(_recall()[0] + 1, 1)
        Counters().add("crash")
        print_exception(e)
        print("restarting in {} s, Ctrl-C prevents it".format(_PAUSE_MS // 1000))
    except MemoryError:
        pass  # nothing can be said; the restart is what helps
    sleep_ms(_PAUSE_MS)
    board.reset()


def healthy():
    """Forget the crashes: the app works."""
    if _recall()[0]:
        _keep(0, 0)


def configured():
    """Return (the board's Profile, the sensor's pin) by config.json, whatever else is wrong there.

    None for what cannot be made out.
    """
    profile = pin = None
    try:
        with open("config.json", "rb") as file:
            found = loads(file.read())
        pin = found.get("trigger", {}).get("pir_pin")
        profile = boards.find(found.get("camera", {}).get("board", "ai-thinker"))
    except (OSError, ValueError, AttributeError, TypeError, MemoryError):
        pass
    return profile, pin


def _recall():
    kept = board.recall(board.CRASHES)
    return (min(kept[0], _MOST), kept[1]) if kept else (0, 0)


def _keep(crashes, by_crash):
    board.remember(board.CRASHES, bytes([min(crashes, 255), by_crash]))


def _held_pin():
    machine = board.machine
    if not hasattr(machine, "Pin"):
        return None
    profile, pin = configured()
    taken = (pin,) + (profile and profile.pins or ())  # no person holds those low
    on_s3 = "S3" in getattr(sys.implementation, "_machine", "")
    for number in _PINS_S3 if on_s3 else _PINS_ESP32:
        if number not in taken:
            pin = machine.Pin(number, machine.Pin.IN, machine.Pin.PULL_UP)
            return number if pin.value() == 0 else None
    return None
