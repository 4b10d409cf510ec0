# What a value of each kind may be, and what is wrong with one: while config.json is checked.

from thingscam.config.schema import PLACEHOLDERS
from thingscam.util.compat import const

_MAX_HOSTS = const(8)
_WORD_CHARS = "-._~!$&'()*+,;=:@"  # with letters and digits: what a URL's path takes as it is


def check(kind, value, limits):
    """Return what is wrong with `value` for a setting of this `kind`, or None.

    A kind with a ? at its end takes null as well.
    """
    if kind[-1] == "?":
        if value is None:
            return None
        kind = kind[:-1]
    if kind == "flag":
        return None if isinstance(value, bool) else _wrong("true or false", value)
    if kind == "light":
        is_one = isinstance(value, bool) or value == "auto"
        return None if is_one else _wrong('true, false or "auto"', value)
    if kind == "auto" and isinstance(value, str):
        return None if value == kind else 'must be "auto" or a whole number'
    if kind in ("number", "auto"):
        return _number(value, limits)
    if kind == "decimal":
        return _decimal(value, limits)
    if kind == "step":
        return _step(value, limits)
    if kind == "degrees":
        return _degrees(value, limits)
    if kind == "objects":
        return None if _are_objects(value) else "must be a list of objects, 20 at most"
    if kind == "hosts":
        return _hosts(value)
    if not isinstance(value, str):
        return _wrong("a text in quotes", value)
    # MicroPython makes two halves of \ud83d\udcf7.
    if any(0xD800 <= ord(char) < 0xE000 for char in value):
        return "holds half a character: write it as it is, not as \\ud..."
    size = len(value.encode())
    if value in PLACEHOLDERS:
        return "is still the placeholder: put the real value in its place"
    if kind == "choice":
        return None if value in limits else "must be one of {}".format(", ".join(limits))
    if kind == "ssid":
        return _ssid(value, size)
    if kind == "hex":
        return _hex(value, size)
    if kind == "password":
        return _password(value, size)
    if not value:
        return None if limits else "is empty"
    if kind == "endpoint":
        return _endpoint(value)
    if kind == "url":
        return _url(value)
    if kind == "word":
        return _word(value)
    if "\0" in value:
        return "holds a zero character"
    return _folder(value) if kind == "folder" else None


def _hosts(value):
    if not isinstance(value, list) or len(value) > _MAX_HOSTS:
        return "must be a list of {} names of hosts at most".format(_MAX_HOSTS)
    for name in value:
        if not isinstance(name, str) or not name or len(name) > 253 or name[-1] == ">":
            return "must hold names of hosts, in quotes"
        for char in name:
            if not (_is_alnum(char) or char in "-._"):
                return "must hold names or addresses of hosts only, found {!r}".format(char)
    return None


def what(value):
    """Return the name of a JSON value's type, in words, never the value itself."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true or false"
    for kind, name in ((str, "a text"), (list, "a list"), (dict, "an object")):
        if isinstance(value, kind):
            return name
    return "a number"


def _wrong(wanted, value):
    return "must be {}, found {}".format(wanted, what(value))


def _number(value, limits):
    if isinstance(value, bool) or not isinstance(value, int):
        return _wrong("a whole number", value)
    if not limits[0] <= value <= limits[1]:
        return "must be from {} to {}, found {}".format(limits[0], limits[1], _digits(value))
    return None


def _decimal(value, limits):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _wrong("a number", value)
    if not limits[0] <= value <= limits[1]:
        return "must be from {} to {}, found {}".format(limits[0], limits[1], value)
    return None


def _step(value, limits):
    if isinstance(value, bool) or not isinstance(value, int):
        return _wrong("a whole number", value)
    text = "must be one of {}".format(", ".join([str(each) for each in limits]))
    return None if value in limits else text


def _degrees(value, limits):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return _wrong("a number of degrees, such as 52.5", value)
    if not limits[0] <= value <= limits[1]:
        return "must be from {} to {} degrees".format(limits[0], limits[1])
    return None


def _are_objects(value):
    found = isinstance(value, list) and len(value) <= 20
    return found and all(isinstance(each, dict) for each in value)


def _digits(value):
    # CPython refuses to print an integer of thousands of digits.
    return str(value) if abs(value) < 1 << 64 else "a far larger one"


def _word(value):
    for i, char in enumerate(value):
        if not (_is_alnum(char) or char in _WORD_CHARS):
            return "character {} (U+{:04X}) must not be in it: no blank, / ? # % or accent".format(
                i + 1, ord(char)
            )
    if not value.strip("."):
        return "must not be dots alone"
    return None


def _endpoint(value):
    # The value is never quoted: a whole upload URL pasted here holds the access token.
    for scheme in ("https://", "http://"):
        if value.startswith(scheme):
            rest = value[len(scheme) :]
            break
    else:
        return "must begin with http:// or https://"
    for mark, name in (("/", "a path"), ("?", "a query"), ("#", "a fragment"), ("@", "a login")):
        if mark in rest:
            return "has {}: must be scheme, host and port only".format(name)
    host, colon, port = rest.partition(":")
    if not host or not all(_is_alnum(char) or char in "-._" for char in host):
        return "needs a host name of letters, digits, dots and hyphens"
    if host[0] in "-." or ".." in host or max(map(len, host.split("."))) > 63 or len(host) > 253:
        return "needs a real host name"
    if colon and not (_is_digits(port) and 0 < int(port) < 65536):
        return "has a port that is not a number from 1 to 65535"
    return None


def _url(value):
    parts = value.split("/", 3)
    wrong = _endpoint("/".join(parts[:3]))
    if wrong:
        return wrong
    if len(parts) < 4 or not parts[3]:
        return "needs a path: the name of a file"
    if any(not " " < char < "\x7f" or char == "#" for char in parts[3]):
        return "has a path with a blank, an accent or a fragment"
    return None


def _folder(value):
    if value[0] != "/":
        return "must begin with /"
    parts = value.rstrip("/").split("/")[1:]
    if not parts or any(part in ("", ".", "..") for part in parts):
        return "needs names between its /"
    return "must be a folder in /sd, such as /sd/outbox" if parts == ["sd"] else None


def _is_alnum(char):
    return "a" <= char <= "z" or "A" <= char <= "Z" or "0" <= char <= "9"


def _is_digits(text):
    return 0 < len(text) <= 5 and all("0" <= char <= "9" for char in text)


def _ssid(value, size):
    if not 1 <= size <= 32:
        return "must be 1 to 32 bytes, found {}".format(size)
    return None


def _hex(value, size):
    if size % 2 or not 2 <= size <= 64 or not _is_hex(value):
        return "must be 1 to 32 bytes in hexadecimal, two digits each"
    return None


def _is_hex(value):
    return all(char in "0123456789abcdefABCDEF" for char in value)


def _password(value, size):
    # WPA2: a passphrase of 8 to 63 characters, or 64 hexadecimal digits; none on an open network.
    if size == 0 or 8 <= size <= 63:
        return None
    if size == 64 and _is_hex(value):
        return None
    return "must be 8 to 63 bytes, or empty for an open network, found {}".format(size)
