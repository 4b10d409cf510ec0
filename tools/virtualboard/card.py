# An SD card and its slot: a FAT image in a file, and what the board's driver finds there.

import json
import os
import pathlib
import struct
import subprocess

from . import process

SIZE = 8 * 1024 * 1024
FAULTS = ("read", "write", "protected")

_SECTOR = 512
# What device/sim_sdcard.py reads before each block: which card is in the slot (they are
# counted; 0: none), reads and writes to come that fail, writes that are refused, SPI mode.
_SLOT = struct.Struct("<5I")
_SERIAL, _READS, _WRITES, _PROTECTED, _SPI = range(5)

_DEVICE = """
import json, os, sys
class Card:
    def __init__(self):
        self.file = open(sys.argv[1], "r+b")
    def readblocks(self, block, buffer):
        self.file.seek(block * 512)
        self.file.readinto(buffer)
    def writeblocks(self, block, buffer):
        self.file.seek(block * 512)
        self.file.write(buffer)
    def ioctl(self, op, arg):
        return {4: os.stat(sys.argv[1])[6] // 512, 5: 512}.get(op, 0)
"""
_FORMAT = "os.VfsFat.mkfs(Card())"
_FILL = """
found, room = os.VfsFat(Card()), int(sys.argv[2])
try:
    found.remove("/filler")
except OSError:
    pass
if room >= 0:
    status = found.statvfs("/")
    with found.open("/filler", "wb") as file:
        file.write(bytes(max(0, status[3] * status[0] - room)))
"""
_LIST = """
def walk(path):
    for name, kind, *_ in os.ilistdir(path):
        inner = path + "/" + name
        if kind == 0x4000:
            walk(inner)
        else:
            with open(inner, "rb") as file:
                print(json.dumps([inner[6:], file.read().hex()]))
os.mount(os.VfsFat(Card()), "/card")
walk("/card")
"""


class Card:
    """A card in the slot, of an image at `path`, made with `size` bytes where there is none.

    `slot` is the path of a file that the board's driver reads the slot's state from.
    """

    def __init__(self, path, slot, size=SIZE):
        self.path = pathlib.Path(path)
        self.slot = pathlib.Path(slot)
        if not self.path.exists():
            with open(self.path, "wb") as file:
                file.truncate(size // _SECTOR * _SECTOR)
            _micropython(_FORMAT, self.path)
        self._pushed = 0
        self.slot.write_bytes(bytes(_SLOT.size))

    def push(self):
        """Push the card into the slot."""
        if not self._get()[_SERIAL]:
            self._pushed += 1
            self._set(_SERIAL, self._pushed)

    def pull(self):
        """Pull it out: it loses its power."""
        self._set(_SERIAL, 0)
        self.lose_power()

    def lose_power(self):
        """Forget what a card forgets without power: that it is in SPI mode."""
        self._set(_SPI, 0)

    def fault(self, kind, count=1):
        """Have the next `count` accesses of a kind in FAULTS fail; 0: none any more."""
        if kind not in FAULTS:
            raise ValueError("no fault {}: {}".format(kind, ", ".join(FAULTS)))
        if not 0 <= count < 1 << 32:
            raise ValueError("count: {}".format(count))
        self._set(_READS + FAULTS.index(kind), count)

    def fill(self, room):
        """Leave `room` bytes free, by a file; None: take that away again."""
        _micropython(_FILL, self.path, "-1" if room is None else str(room))

    def state(self):
        """Return what can be seen of it, as a dict."""
        found = self._get()
        return {"pushed": bool(found[_SERIAL]), "spi": bool(found[_SPI])}

    def files(self):
        """Return the files on it, {path: bytes}."""
        lines = _micropython(_LIST, self.path).splitlines()
        return {path: bytes.fromhex(data) for path, data in map(json.loads, lines)}

    def _get(self):
        return _SLOT.unpack(self.slot.read_bytes())

    def _set(self, index, value):
        # One number at a time, in place: the board counts its faults down beside it.
        fd = os.open(self.slot, os.O_WRONLY)
        try:
            os.pwrite(fd, struct.pack("<I", value), index * 4)
        finally:
            os.close(fd)


def _micropython(text, path, *arguments):
    options = ["-X", "heapsize=64M", "-c", _DEVICE + text]
    command = [*process.command(), *options, str(path), *arguments]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise ValueError("{}: not a card: {}".format(path, done.stdout + done.stderr))
    return done.stdout
