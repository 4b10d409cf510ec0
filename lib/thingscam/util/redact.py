# No secret leaves: masked in every text, the last thing before it is printed or written.

import io
import sys

from thingscam.util.compat import const

# Who masks what a stranger sent cuts it first to this many characters: a text of 4 KB full of %
# takes a board a minute. What is left of a secret that was cut is found, or too short to be one.
MASKED_MOST = 600

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
    first = secret[0]
    ways = _ways(first)  # once: a text may be full of places where it could begin
    at = _next(text, 0, first)
    while at >= 0:
        end = _end(text, at, secret) if _width(text, at, first, ways) else 0
        if end:
            text = text[:at] + "***" + text[end:]
            at += 2
        at = _next(text, at + 1, first)
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


def _width(text, at, char, ways=None):
    # How many characters of the text stand for this one at `at`.
    if text.startswith("\\", at) or text.startswith("%", at):
        for way in ways or _ways(char):
            if text[at : at + len(way)].lower() == way:
                return len(way)
    return 1 if text.startswith(char, at) else 0


def _ways(char):
    # How it can be spelled, in lower case. JSON's "\\ud83d" alone is half a character, which
    # CPython has no UTF-8 for.
    code, data = ord(char), char.encode("utf-8", "surrogatepass")
    ways = ["".join([form.format(byte) for byte in data]) for form in ("%{:02x}", "\\x{:02x}")]
    if code < 0x100:
        ways.append("\\x{:02x}".format(code))
    if code < 0x10000:
        ways.append("\\u{:04x}".format(code))
    else:
        ways.append("\\u{:08x}".format(code))
        code -= 0x10000
        ways.append("\\u{:04x}\\u{:04x}".format(0xD800 + (code >> 10), 0xDC00 + (code & 0x3FF)))
    if char in _SHORT:
        ways.append("\\" + _SHORT[char])
    elif char in "\\\"'/":
        ways.append("\\" + char)
    return ways
