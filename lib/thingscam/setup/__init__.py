# Set up by telephone: an access point of the board's own, and a page on it. Nothing of it is
# imported, or reachable, before somebody asks for it.

from thingscam.board import chip, places, rtc


def pulled_up(number):
    """Return pin `number` as an input that is high unless something holds it to GND."""
    return chip.machine.Pin(number, chip.machine.Pin.IN, chip.machine.Pin.PULL_UP)


def ask():
    """Restart the board into setup, whatever it does now; does not return on a board."""
    rtc.remember(places.SETUP, b"\1")
    chip.reset()
