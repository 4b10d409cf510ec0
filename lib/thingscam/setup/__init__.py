# Set up by telephone: an access point of the board's own, and a page on it. Nothing of it is
# imported, or reachable, before somebody asks for it.

from thingscam.board import chip, places, rtc

# Of TEST-NET-1, RFC 5737, as in other access points that show a page: an address of a home network
# (192.168.4.1, the driver's) could be the new Wi-Fi's as well, and to a phone with Android a name
# that leads to one may be no internet, and no page to open.
ADDRESS = "192.0.2.1"

# No l, o, 0, 1: they are read from a label and typed.
_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def made_password(noise):
    """Return a password for an access point, made of 12 random bytes: 60 bits of them."""
    text = "".join(_LETTERS[each % len(_LETTERS)] for each in noise)
    return "-".join((text[:4], text[4:8], text[8:]))


def pulled_up(number):
    """Return pin `number` as an input that is high unless something holds it to GND."""
    return chip.machine.Pin(number, chip.machine.Pin.IN, chip.machine.Pin.PULL_UP)


def ask():
    """Restart the board into setup, whatever it does now; does not return on a board."""
    rtc.remember(places.SETUP, b"\1")
    chip.reset()
