# `json` as the played version has it.

from json import dump, dumps  # noqa: F401
from json import loads as _loads

import _sim


def loads(text):
    """Read a text as extmod/modjson.c does: before 1.26 the last bracket may be missing."""
    try:
        return _loads(text)
    except ValueError:
        if tuple(_sim.state["micropython"]) >= (1, 26):
            raise
    # Its parser ends well at the end of the text when no bracket but the outermost is open;
    # of which kind the closing one is does not matter to it (9ef16b466b there).
    return _loads((text.encode() if isinstance(text, str) else bytes(text)) + b"}")


def load(stream):
    """Read what is left of a file, as loads() does."""
    return loads(stream.read())
