# QR codes for setup by telephone: to join the board's own network, and to fill its page.

import io
import os
import urllib.parse

import segno
from segno import helpers

from thingscam import setup

ADDRESS = "http://{}/".format(setup.ADDRESS)
_SERVICE = ("endpoint", "access_token", "identifier", "project_key", "region")


def new_password():
    """Return a random password for one board's access point, easy to type."""
    return setup.made_password(os.urandom(12))


def name(mac):
    """Return the access point's name of the chip with this `mac`, its six bytes."""
    return "thingscam-{:02X}{:02X}".format(*mac[-2:])


def joining(network, password):
    """Return the text of a QR code by which a phone joins the access point `network`."""
    return helpers.make_wifi_data(network, password, "WPA")


def filling(cloud):
    """Return the page's address with the values of the section `cloud`, a dict, behind its #."""
    found = {key: cloud[key] for key in _SERVICE if isinstance(cloud.get(key), str)}
    return ADDRESS + "#" + urllib.parse.urlencode(found, quote_via=urllib.parse.quote)


def lines(text):
    """Return `text` as a QR code for a terminal, a list of lines; light is the terminal's ink."""
    rows = [list(row) for row in segno.make(text, micro=False).matrix_iter(border=2)]
    if len(rows) % 2:
        rows.append([0] * len(rows[0]))
    # Two rows a line: what is light is drawn.
    signs = {(0, 0): "\u2588", (0, 1): "\u2580", (1, 0): "\u2584", (1, 1): " "}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return ["".join(signs[pair] for pair in zip(*two, strict=True)) for two in pairs]


def png(text):
    """Return `text` as a QR code, the bytes of a PNG file."""
    file = io.BytesIO()
    segno.make(text, micro=False).save(file, kind="png", scale=8)
    return file.getvalue()
