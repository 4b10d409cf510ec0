# What was set from afar, and what became of it: kept in two files, so that one is always whole.

import binascii
import json
import os

from thingscam.util.compat import const

# Written in turn: on FAT a file that is written anew is gone until it is closed.
_NAMES = ("remote.0.json", "remote.1.json")
_MAX_BYTES = const(8192)
_CRC = const(8)  # hexadecimal digits, behind the JSON text


class State:
    """What save() keeps; each is a JSON value.

    `on`: the settings in force over config.json, by section and name. `good`: those before,
    while `on` is on trial; else None. `wish`: a check sum of what was asked for and of what it
    was judged by; None: whatever is asked for next is not to be taken. `status`: "in force",
    "on trial", "refused" or "rolled back"; `error`: why, and what was not taken; `starts`: of
    the board, on this trial; `seen`: the commands that are done, by name, None before the first
    answer; `photo`: the picture that is to be taken by such a one yet, a text or None; `forget`:
    what remote.forget was.
    """

    def __init__(self):
        self.number = 0
        self.on = {}
        self.good = None
        self.wish = 0
        self.status = "in force"
        self.error = ""
        self.starts = 0
        self.seen = None
        self.photo = None
        self.forget = 0

    def copy(self):
        """Return another one with the same values."""
        return _made(self.__dict__)

    def undo(self, on, status, error):
        """Have the settings `on` in force, and say why by `status` and `error` (texts)."""
        self.on, self.good = on, None
        self.status, self.error = status, error

    def save(self, folder=""):
        """Keep it, whole or not at all, in `folder` (text; with a / at its end).

        Raises OSError; what was kept before is still there.
        """
        self.number += 1
        kept = False
        try:
            raw = json.dumps(self.__dict__).encode()
            if len(raw) + _CRC > _MAX_BYTES:
                raise OSError("more than {} bytes".format(_MAX_BYTES))  # load() reads no more
            _write(folder + _NAMES[self.number & 1], raw)
            kept = True
        finally:
            if not kept:
                self.number -= 1  # next time the same file: the other one is the whole one


def load(folder=""):
    """Return the State that was kept last in `folder`; None where none is."""
    last = None
    for name in _NAMES:
        try:
            with open(folder + name, "rb") as file:
                raw = file.read(_MAX_BYTES)
            if raw[-_CRC:] != b"%08x" % binascii.crc32(raw[:-_CRC]):
                continue
            found = json.loads(raw[:-_CRC])
            if found["number"] > (last["number"] if last else -1):
                last = found
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return last and _made(last)


def _made(values):
    state = State()
    for name in values:
        setattr(state, name, values[name])
    return state


def _write(path, raw):
    with open(path, "wb") as file:
        file.write(raw)
        file.write(b"%08x" % binascii.crc32(raw))
        if hasattr(os, "fsync"):  # a computer; on a board it is close() that writes through
            file.flush()
            os.fsync(file.fileno())  # pyright: ignore[reportAttributeAccessIssue]


def lay(data, on):
    """Return `data`, what a config.json holds, with the settings `on` over it; both are dicts."""
    laid = dict(data)
    for section in on:
        laid[section] = dict(data.get(section, {}))
        laid[section].update(on[section])
    return laid
