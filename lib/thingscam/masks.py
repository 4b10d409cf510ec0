# No secret leaves: masked in every text, the last thing before it is printed or written.

import io
import sys

from thingscam.port import const

_LEAST = const(4)  # characters: a shorter one would blot out ordinary words
_BEGIN = const(8)  # so many of a secret's first characters count as the secret
_SHORT = {"\n": "n", "\r": "r", "\t": "t"}

_hidden = ()


def hide(secrets):
    """Keep `secrets` (texts) for who has to mask and has no configuration at hand."""
    global _hidden
    _hidden = secrets


def mask(text, secrets=None):
    """Return `text` with every one of `secrets` (texts) replaced by ***.

    `secrets`: None for those that hide() was told. One is found whole or cut short, as long
    as eight characters are left, as it is or spelled by JSON, repr() or in a URL. One of less
    than four characters is left: it would blot out ordinary words.
    """
    if secrets is None:
        secrets = _hidden
    spelled = "\\" in text or "%" in text
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST:
            text = _spelled(text, secret) if spelled else _plain(text, secret)
    return text


def print_exception(e):
    """Print the traceback of `e`, masked."""
    text = "{}: {}".format(type(e).__name__, e)
    if hasattr(sys, "print_exception"):
        file = io.StringIO()
        sys.print_exception(e, file)  # pyright: ignore
        text = file.getvalue().rstrip()  # pyright: ignore
    for line in text.split("\n"):
        print(mask(line))


def _plain(text, secret):
    begin = secret[:_BEGIN]
    at = text.find(begin)
    while at >= 0:
        end = at + len(begin)
        while end < len(text) and end - at < len(secret) and text[end] == secret[end - at]:
            end += 1
        text = text[:at] + "***" + text[end:]
        at = text.find(begin, at + 3)
    return text


def _spelled(text, secret):
    at = _next(text, 0, secret[0])
    while at >= 0:
        end = _end(text, at, secret)
        if end:
            text = text[:at] + "***" + text[end:]
            at += 2
        at = _next(text, at + 1, secret[0])
    return text


def _next(text, at, first):
    # Where a secret can begin, from `at` on; less than 0: nowhere.
    nearest = -1
    for mark in (first, "\\", "%"):
        found = text.find(mark, at)
        if found >= 0 and (nearest < 0 or found < nearest):
            nearest = found
    return nearest


def _end(text, at, secret):
    # Where the secret that begins at `at` ends, cut short or not; 0: none begins there.
    count = 0
    for char in secret:
        width = _width(text, at, char)
        if width == 0:
            break
        at += width
        count += 1
    return at if count >= min(len(secret), _BEGIN) else 0


def _width(text, at, char):
    # How many characters of the text stand for this one at `at`.
    if text.startswith("\\", at):
        after = text[at + 1 : at + 2]
        if after and (after == _SHORT.get(char) or (after == char and char in "\\\"'/")):
            return 2
        for way in _escapes(char):
            if text[at : at + len(way)].lower() == way:
                return len(way)
    elif text.startswith("%", at):
        way = "".join("%{:02x}".format(byte) for byte in _bytes(char))
        if text[at : at + len(way)].lower() == way:
            return len(way)
    return 1 if text.startswith(char, at) else 0


def _escapes(char):
    code = ord(char)
    yield "".join("\\x{:02x}".format(byte) for byte in _bytes(char))
    if code < 0x100:
        yield "\\x{:02x}".format(code)
    if code < 0x10000:
        yield "\\u{:04x}".format(code)
    else:
        yield "\\u{:08x}".format(code)
        code -= 0x10000
        yield "\\u{:04x}\\u{:04x}".format(0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF))


def _bytes(char):
    # JSON's "\\ud83d" alone is half a character, which CPython has no UTF-8 for.
    return char.encode("utf-8", "surrogatepass")
