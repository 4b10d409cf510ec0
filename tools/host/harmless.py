# Text from elsewhere (a board, a file, the network) that can do nothing to a terminal.

import unicodedata

_DEEPEST = 20  # levels of JSON: a configuration has three


def harmless(text):
    r"""Return `text` with each sign that is not seen written out: \x1b, \r, \x9b, \u202e.

    New lines, tabs and all blanks stay. What a terminal obeys (control characters, C0 and C1)
    and what turns a line around or hides in it is no such sign any more.
    """
    if text.isprintable():
        return text
    return "".join(char if _is_seen(char) else _written(char) for char in text)


def one_line(text, most=300):
    """Return harmless() of `text` as one line of at most `most` signs and "..."."""
    text = text[: 2 * most].strip().replace("\r\n", "\n")
    text = " ".join(harmless(text).split())
    return text if len(text) <= most else text[:most] + "..."


def in_json(text):
    r"""Return JSON `text` with what harmless() writes out as \u escapes, which mean the same.

    A sign beyond U+FFFF stays: boards do not take one that is written as two halves.
    """
    if text.isprintable():
        return text
    return "".join(
        char if _is_seen(char) or char > "\uffff" else "\\u{:04x}".format(ord(char))
        for char in text
    )


def is_deep(data):
    """Return whether what JSON held, `data`, is nested deeper than anything here needs.

    At a thousand levels Python gives up somewhere on the way.
    """
    level = [data]
    for _ in range(_DEEPEST):
        level = [
            inner
            for outer in level
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return bool(level)


def _is_seen(char):
    return char.isprintable() or char in "\n\t" or unicodedata.category(char) == "Zs"


def _written(char):
    return char.encode("unicode_escape").decode("ascii")
