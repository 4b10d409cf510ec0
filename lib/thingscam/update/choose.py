# Which version of thingscam runs: that which came by cable, or one in /slot/a or /slot/b. boot.py
# asks a copy of this file, /slot/__init__.mpy, which no update replaces.

import binascii
import struct
import sys

try:
    import machine
except ImportError:  # a computer
    machine = None

FOLDER = "/slot"
# Why a version was given up, as Record.why has it; 0: that was said, or none was.
CRASHED = 1
NO_PICTURE = 2

# Two files in turn, the newer one counts: magic, number, the slots, looks, why, the format of .mpy
# files, two versions, CRC-32.
_RECORD = "<4sIBBBBB15s15s"
_MAGIC = b"TCS1"
_SIZE = 47

# In RTC memory, by the names that board/ has for these places: starts of a version on trial that
# came to nothing, and what crashes.py counts.
TRIES = (968, 1)
CRASHES = (28, 2)
_MAX_TRIES = 3
_TRIAL_MS = 120000  # in which the app has to start
_HOUR_MS = 3600000  # for a person at the REPL


class Record:
    """What is to run: `good` and `trial` are numbers of slots, 1 for a, 2 for b, 0 for none.

    Without a good one it is what came by cable. `version` is that of the one on trial, `looks` how
    often was looked for a sign that it works; `refused` the one that did not, and `why`.
    """

    number = good = trial = looks = why = 0
    version = refused = ""

    def __init__(self):
        self.mpy = mpy()

    def spare(self):
        """Return the number of the slot that the next version goes into."""
        return 2 if self.good == 1 else 1

    def give_up(self, why):
        """End the trial: the good one again, and this version never."""
        self.refused, self.why = self.version, why
        self.trial = self.looks = 0


def start():
    """Have the version that is chosen found first by import, and count how often it was tried."""
    sys.modules.pop("slot", None)  # boot.py's: it has done its work
    record = read()
    number = record.good
    if record.mpy != mpy():
        number = 0  # another firmware came by cable
    elif record.trial:
        if _may_try():
            number = record.trial
        else:
            record.give_up(CRASHED)
            write(record)
            _remember(TRIES, bytes(1))
            _remember(CRASHES, bytes(2))  # the good one begins anew
    if number:
        sys.path.insert(0, path(number))


def path(number):
    """Return the path of the slot `number`."""
    return FOLDER + "/" + "?ab"[number]


def read():
    """Return the Record that was written last and is whole; an empty one where there is none."""
    found = Record()
    for name in "01":
        try:
            with open(FOLDER + "/" + name, "rb") as file:
                record = parse(file.read(_SIZE))
        except OSError:
            continue
        if record is not None and record.number >= found.number:
            found = record
    return found


def write(record):
    """Write `record` over the older one; raises OSError."""
    record.number += 1
    with open(FOLDER + "/" + "01"[record.number & 1], "wb") as file:
        file.write(packed(record))


def parse(data):
    """Return the Record in `data`, the bytes of one of two files; None where it is not whole."""
    body = data[:-4]
    if len(data) < _SIZE or body[:4] != _MAGIC or data[-4:] != _crc(body):
        return None
    values = struct.unpack(_RECORD, body)
    if max(values[2:4]) > 2:
        return None
    found = Record()
    found.number, found.good, found.trial, found.looks, found.why, found.mpy = values[1:7]
    found.version, found.refused = map(_text, values[7:])
    return found


def packed(record):
    """Return the bytes of `record`, of which parse() makes it again."""
    values = record.good, record.trial, record.looks, record.why, record.mpy
    texts = record.version.encode(), record.refused.encode()
    body = struct.pack(_RECORD, _MAGIC, record.number, *values, *texts)
    return body + _crc(body)


def works():
    """Take note that this start has come to something: the next three are counted anew."""
    if machine is not None and _recall(TRIES) != b"\0":
        _remember(TRIES, bytes(1))


def mpy():
    """Return the format of .mpy files that this MicroPython takes; 0 where it takes none."""
    return getattr(sys.implementation, "_mpy", 0) & 0xFF


def _may_try():
    # Counts a start, and sees that it ends: in a version that works, or in a restart.
    if not hasattr(machine, "reset_cause"):
        return True
    by_person = machine.reset_cause() == machine.SOFT_RESET
    if not by_person:
        tries = (_recall(TRIES) or b"\0")[0]
        if tries >= _MAX_TRIES:
            return False
        _remember(TRIES, bytes([tries + 1]))
    machine.WDT(timeout=_HOUR_MS if by_person else _TRIAL_MS)
    return True


def _recall(place):
    offset, size = place
    data = machine.RTC().memory()[offset : offset + size + 4]
    return data[:size] if data[size:] == _crc(data[:size]) else None


def _remember(place, data):
    offset, size = place
    end = offset + size + 4
    rtc = machine.RTC()
    memory = bytearray(rtc.memory())
    if len(memory) < end:
        memory.extend(bytes(end - len(memory)))
    memory[offset:end] = data + _crc(data)
    rtc.memory(memory)


def _text(raw):
    return str(raw.rstrip(b"\0"), "utf-8")


def _crc(data):
    return binascii.crc32(data).to_bytes(4, "little")
