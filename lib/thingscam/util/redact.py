# No secret leaves: masked in every text, the last thing before it is printed or written.

import binascii
import io
import sys
from array import array

from thingscam.util.compat import const

# Who masks what a stranger sent cuts it first to this many characters: a board needs a second for
# ten times as many. What is left of a secret that was cut is found, or too short to be one.
MAX_MASKED = 600

_MIN_SECRET = const(4)  # characters: a shorter one would blot out ordinary words
_RUN = const(8)  # so many of a secret's characters in a row count as the secret
_PIECE = const(4)  # what is looked for
_MARKS = b"\\%&"
_ESCAPE = const(10)  # bytes behind a mark: \U0001f4f7 has 9
_NAMES = b"&amp&&lt<&gt>&quot\"&apos'"  # each before its character
# Two alike: both alphabets of base64, a space in a URL, what is \n in JSON.
_ALIKE = b"-+ +_/\nn\rr\tt"

_hidden = ()


def hide(secrets):
    """Keep `secrets` (texts) for who has to mask and has no configuration at hand."""
    global _hidden
    _hidden = secrets


def mask(text, secrets=None):
    """Return `text` (or bytes) with every one of `secrets` (texts) replaced by ***.

    `secrets`: None for those that hide() was told. One is found whole, and in part where eight
    characters of it stand in a row; in any case of ASCII letters; as it is, in base64 or
    hexadecimal, and escaped by JSON, repr(), URL or HTML, once or more often. One of less than
    four characters is left: it would blot out ordinary words.
    """
    if secrets is None:
        secrets = _hidden
    is_text = isinstance(text, str)
    data = text.encode("utf-8", "surrogatepass") if is_text else text
    spans = []
    # As it stands too: a mark before a secret may be no escape.
    for escaped in (False, True) if _has_marks(data) else (False,):
        plain, places = _plain(data, escaped)
        for secret in secrets:
            if len(secret) >= _MIN_SECRET:
                secret = secret.encode("utf-8", "surrogatepass")
                _find(plain, places, _plain(secret, escaped)[0], _RUN, spans)
                for size, form in _coded(secret):
                    _find(plain, places, form, size, spans)
    if not spans:
        return text
    data = _without(data, spans)
    return data.decode("utf-8", "surrogatepass") if is_text else data


def print_exception(e):
    """Print the traceback of `e`, masked."""
    text = "{}: {}".format(type(e).__name__, e)
    if hasattr(sys, "print_exception"):
        file = io.StringIO()
        sys.print_exception(e, file)  # pyright: ignore
        text = file.getvalue().rstrip()  # pyright: ignore
    for line in text.split("\n"):
        print(mask(line[:MAX_MASKED]))


def _coded(secret):
    # Yields (how many characters eight of it take, it in hexadecimal or base64). Of the latter
    # what is the same whatever stands before and behind it: a byte or two make groups of others.
    yield 2 * _RUN, binascii.hexlify(secret)
    for before in range(3):
        coded = binascii.b2a_base64(bytes(before) + secret)
        coded = coded[before + (before > 0) : (before + len(secret)) * 4 // 3]
        yield 4 * _RUN // 3, coded.lower()


def _find(plain, places, secret, run, spans):
    # Adds (begin, end) of each place where it stands, or `run` of its characters do.
    least = min(len(secret), run)
    if least < _MIN_SECRET:
        return
    # Each run holds one of these pieces.
    for first in range(0, len(secret) - _PIECE + 1, run - _PIECE + 1):
        piece = secret[first : first + _PIECE]
        at = plain.find(piece)
        while at >= 0:
            begin, i = at, first
            while begin and i and plain[begin - 1] == secret[i - 1]:
                begin -= 1
                i -= 1
            end, i = at + _PIECE, first + _PIECE
            while end < len(plain) and i < len(secret) and plain[end] == secret[i]:
                end += 1
                i += 1
            at += 1
            if end - begin >= least:
                spans.append((places[begin], places[end]))
                at = end
            at = plain.find(piece, at)


def _without(data, spans):
    found = b""
    at = 0
    for begin, end in sorted(spans):
        if begin >= at:
            found += data[at:begin] + b"***"
        at = max(at, end)
    return found + data[at:]


def _has_marks(data):
    return any(mark in data for mark in _MARKS)


def _plain(data, escaped):
    # `data` in one spelling, a byte a character, and where in it each of them begins. Of one that
    # is not ASCII this is the last byte of its UTF-8. `escaped`: escapes are resolved, from the
    # end on, so that what one yields can be part of the one before.
    size = len(data)
    if max(data or b"\0") < 0x80 and not (escaped and _has_marks(data)):
        return _alike(data), range(size + 1)
    plain = bytearray(size)
    places = array("I", bytes(4 * size + 4))
    places[size] = at = begin = size
    while at:
        at -= 1
        code = data[at]
        while escaped and code in _MARKS:
            number, count = _resolved(code, bytes(plain[begin : begin + _ESCAPE]))
            if not count:
                break
            begin = min(begin + count, size)
            code = number
        if code >= 0xC0 and begin < size and plain[begin] & 0x80:
            # The first byte of a character: the last one is left of it. Of two halves, as JSON
            # has them, the second is one.
            half = escaped and code == 0xED and 0xA0 <= plain[begin] < 0xB0
            more = (code >= 0xE0) + (code >= 0xF0)
            while more and begin + 1 < size and plain[begin + 1] & 0x80:
                begin += 1
                more -= 1
            begin += half
        elif not escaped or code != 92:
            begin -= 1
            plain[begin] = code if code < 0x80 else 0x80 | code & 0x3F
        places[begin] = at
    return _alike(bytes(plain[begin:])), places[begin:]


def _resolved(mark, tail):
    # The byte that a mark and what is behind it stand for, and how much of that; 0: no escape.
    kind = tail[:1].lower()
    try:
        if mark == 37:
            return int(tail[:2], 16) & 0xFF, 2
        if mark == 38:
            name, end, _ = tail.lower().partition(b";")
            at = _NAMES.find(b"&" + name)
            size = len(name) + 1
            if not end or kind != b"#" and at < 0:
                return 0, 0
            if kind != b"#":
                return _NAMES[at + size], size
            number = int(name[2:], 16) if name[1:2] == b"x" else int(name[1:])
        elif kind == b"x":
            return int(tail[1:3], 16) & 0xFF, 3
        elif kind == b"u":
            size = 5 if kind == tail[:1] else 9
            number = int(tail[1:size], 16)
        else:
            return 0, 0
    except ValueError:
        return 0, 0
    if 0xD800 <= number < 0xDC00:
        return 92, size  # half a character: as if it were not there
    return number & 0x7F if number < 0x80 else 0x80 | number & 0x3F, size


def _alike(data):
    data = data.lower()
    for i in range(0, len(_ALIKE), 2):
        data = data.replace(_ALIKE[i : i + 1], _ALIKE[i + 1 : i + 2])
    return data
