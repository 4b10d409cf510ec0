# machine.SDCard: ports/esp32/machine_sdcard.c and ESP-IDF's sdmmc over a card's image file.
#
# What the host does to the slot is in a file, read before each block: no message could come
# in time, for no handler runs in here.

import _sim
import sim_pin

_SECTOR = 512
_D3 = 13  # of an ESP32's slot 1
# Places in the slot's file: see ../card.py.
_SERIAL, _READS, _WRITES, _PROTECTED, _SPI = 0, 4, 8, 12, 16
_EIO = 5
_INVALID_STATE = 0x103  # ESP_ERR_INVALID_STATE
# A second driver object without deinit() of the first: when memory is collected the first
# one's finaliser takes the host away from under it. Here that is after so many blocks.
_UNTIL_COLLECTED = 50
_SKIPS_INIT = (1, 26)  # built with ESP-IDF 5.4 and later, which lets a second object be made
_TELLS_ERRORS = (1, 24)  # extmod/vfs_blockdev.c


def _opened(name):
    found = _sim.state.get("card")
    return found and open(found[name], "r+b")


_image = _opened("image")
_slot = _opened("slot")
_number = bytearray(4)
_host = None  # the object whose driver is at work
_stale = []  # those made before it that were not told to deinit()
_blocks_left = 0


class SDCard:
    """An SD card in slot 1; slots 2 and 3 (SPI) are not simulated."""

    def __init__(
        self, *, slot=1, width=1, cd=None, wp=None, miso=None, mosi=None, sck=None, cs=None, freq=0
    ):
        global _host, _blocks_left
        if not 1 <= slot <= 3:
            raise ValueError("invalid slot number")
        if slot > 1:
            raise NotImplementedError("virtual board: no card at SPI")
        if width not in (1, 4):
            raise ValueError("width must be 1 or 4 (or 8 on slot 0)")
        self._card = 0  # the card that was initialised, by its number
        if _host is not None:
            if _version() < _SKIPS_INIT:
                raise OSError(-_INVALID_STATE, "ESP_ERR_INVALID_STATE")
            _stale.append(_host)
            _blocks_left = _UNTIL_COLLECTED
        _host = self

    def deinit(self):
        """Let go of the host."""
        global _host
        if self in _stale:
            _stale.remove(self)
            _host = None  # the host is one, whoever uses it
        elif _host is self:
            _host = None

    def info(self):
        """Return (bytes, bytes of a sector)."""
        if not self._start():
            raise OSError(116, "ESP_ERR_TIMEOUT")
        return _capacity() * _SECTOR, _SECTOR

    def readblocks(self, block, buffer):
        """Read into `buffer`; return 0, or EIO's number below it."""
        good = self._answers() and _works(_READS)
        if good:
            _image.seek(block * _SECTOR)
            _image.readinto(buffer)
        return _result(good)

    def writeblocks(self, block, buffer):
        """Write `buffer`; return 0, or EIO's number below it."""
        good = self._answers() and _works(_WRITES) and not _get(_PROTECTED)
        if good:
            _image.seek(block * _SECTOR)
            _image.write(buffer)
        return _result(good)

    def ioctl(self, op, arg):
        """Answer vfs.mount()'s and FAT's questions."""
        if op == 2:  # the next access initialises the card again
            self._card = 0
        elif op == 1 and not self._start():
            return -1
        elif op == 4:
            return _capacity() if self._start() else -1
        elif op == 5:
            return _SECTOR if self._start() else -1
        return 0 if op in (1, 2, 3) else -1

    def _answers(self):
        # A card that was pulled and pushed back knows nothing of this object's commands.
        return self._start() and self._card == _get(_SERIAL)

    def _start(self):
        # sdcard_ensure_card_init(): sdmmc_card_init(), unless that has been done.
        _check_host()
        if not self._card:
            if _get(_SERIAL) and _d3_is_low():
                _set(_SPI, 1)  # with the first command, until the card loses its power
            if not _get(_SPI):
                self._card = _get(_SERIAL)
        return self._card != 0


def _result(good):
    # Up to 1.28 SDCard returns True or False, which the file system beneath, that of 1.29,
    # does not take; up to 1.23 no file system looked at it.
    return 0 if good or _version() < _TELLS_ERRORS else -_EIO


def _check_host():
    # Without its driver a command takes a mutex that is NULL, an assertion of FreeRTOS.
    global _blocks_left, _host
    if _stale:
        _blocks_left -= 1
        if _blocks_left <= 0:
            _stale.clear()
            _host = None
    if _host is None:
        print("assert failed: xQueueSemaphoreTake queue.c:1709 (( pxQueue ))")
        _sim.tell(reset="hard")
        _sim.halt()


def _d3_is_low():
    # In 1-bit mode the driver leaves D3 alone; the card pulls it up a little itself.
    if _sim.state["chip"] != "esp32":
        return False
    pin = sim_pin._pins.get(_D3)
    if pin is not None and pin._mode != sim_pin.Pin.IN:
        return not pin._out
    return _sim.state["pins"].get(str(_D3), 1) == 0


def _works(place):
    # Whether no fault is due; one that is has been seen by this.
    left = _get(place)
    if left:
        _set(place, left - 1)
    return not left


def _capacity():
    return _image.seek(0, 2) // _SECTOR


def _version():
    return tuple(_sim.state["micropython"])


def _get(place):
    if _slot is None:
        return 0
    _slot.seek(place)
    _slot.readinto(_number)
    return int.from_bytes(_number, "little")


def _set(place, value):
    _slot.seek(place)
    _slot.write(value.to_bytes(4, "little"))
