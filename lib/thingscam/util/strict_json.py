# JSON that ends where JSON ends: MicroPython's own parser is content with less.

import json

from thingscam.util.compat import const

_DEEPEST = const(24)  # its kinds are the bits of a small integer

# What may come next.
_VALUE = const(0)
_FIRST = const(1)  # a value, or the end of an empty list
_KEY = const(2)
_FIRST_KEY = const(3)  # a key, or the end of an empty object
_COLON = const(4)
_MORE = const(5)  # a comma, or an end


class JsonError(ValueError):
    """Not JSON; `at` (int) is how many bytes before it are."""

    def __init__(self, at):
        super().__init__("not JSON from byte {} on".format(at))
        self.at = at


def loads(raw):
    """Return what the JSON text `raw` (bytes, UTF-8) holds.

    Before 1.26 MicroPython takes `{"a": 1` as whole, and in every version brackets that do not
    match, missing commas, keys that are numbers, and anything behind a zero byte.

    Raises JsonError, also for more than 24 levels; UnicodeError; ValueError for a number that
    is none; MemoryError.
    """
    _check(raw)
    str(raw, "utf-8")  # the parser lets what is none pass; only now, it takes memory
    return json.loads(raw)


def _check(raw):
    # Allocates nothing. What a number looks like the parser itself knows better.
    kinds = 1  # the open brackets, one a bit: 1 for an object
    want = _VALUE
    at = -1
    while at + 1 < len(raw):
        at += 1
        char = raw[at]
        if char in b" \t\r\n":
            continue
        if want in (_MORE, _FIRST, _FIRST_KEY) and char == (125 if kinds & 1 else 93):  # } ]
            if kinds == 1:
                raise JsonError(at)
            kinds >>= 1
            want = _MORE
        elif want == _MORE:
            if char != 44 or kinds == 1:  # ,
                raise JsonError(at)
            want = _KEY if kinds & 1 else _VALUE
        elif want == _COLON:
            if char != 58:
                raise JsonError(at)
            want = _VALUE
        elif char == 34:  # "
            at = _string_end(raw, at)
            want = _COLON if want in (_KEY, _FIRST_KEY) else _MORE
        elif want in (_KEY, _FIRST_KEY):
            raise JsonError(at)
        elif char == 91 or char == 123:  # noqa: SIM109 [ and {; a tuple costs more
            if kinds >> _DEEPEST:
                raise JsonError(at)
            kinds = kinds << 1 | (char == 123)
            want = _FIRST if char == 91 else _FIRST_KEY
        else:
            at = _word_end(raw, at)
            want = _MORE
    if kinds != 1 or want != _MORE:
        raise JsonError(len(raw))


def _string_end(raw, begin):
    # The place of its closing quote: one behind an even number of backslashes.
    at = begin
    while True:
        at = raw.find(b'"', at + 1)
        if at < 0:
            raise JsonError(len(raw))
        back = at
        while raw[back - 1] == 92:
            back -= 1
        if (at - back) % 2 == 0:
            return at


def _word_end(raw, begin):
    # The place of its last character.
    for word in (b"true", b"false", b"null"):
        if raw.startswith(word, begin):
            return begin + len(word) - 1
    at = begin
    while at < len(raw) and raw[at] in b"-+.0123456789eE":
        at += 1
    if at == begin:
        raise JsonError(begin)
    return at - 1
