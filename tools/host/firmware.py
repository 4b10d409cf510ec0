# A MicroPython firmware file: for which chip, which version, and where its filesystem goes.

import dataclasses
import hashlib
import io
import itertools
import lzma
import re
import struct
import zipfile
import zlib

from esptool.bin_image import ESP32FirmwareImage, ESP32S3FirmwareImage
from esptool.targets import CHIP_DEFS
from esptool.util import FatalError

from thingscam.board.firmware import too_old

from .errors import ToolError
from .harmless import one_line

CHIPS = {"esp32": "ESP32", "esp32s3": "ESP32-S3"}
_IMAGES = {"esp32": ESP32FirmwareImage, "esp32s3": ESP32S3FirmwareImage}

_TABLE = 0x8000  # ESP-IDF's CONFIG_PARTITION_TABLE_OFFSET, which MicroPython leaves as it is
_TABLE_MOST = 0xC00
_TABLE_END = 0x9000  # the sector behind it is the first that a partition may have
_SECTOR = 0x1000
_APP_ALIGNED = 0x10000  # ESP-IDF: the unit by which the chip maps code
_ENTRY = struct.Struct("<2sBBII16sI")  # ESP-IDF, partition-tables: magic, type ... flags
_APP_DESCRIPTION = struct.Struct("<I12x32s32s16s16s32s")  # ESP-IDF, esp_app_desc_t
_APP_MAGIC = 0xABCD5432
_DATA, _APP = 1, 0
_FIRST = (2, 3)  # types of ESP-IDF 5.4 for boot loader and table themselves
_MOST = 128 << 20  # bytes: the largest flash of the chips

# What zipfile raises for archives that are broken, encrypted, or made by a method it has not.
_BROKEN_ZIP = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, EOFError, OSError,
    LookupError, struct.error, zlib.error, lzma.LZMAError,
)  # fmt: skip


_BANNER = rb"MicroPython (v?(\d{1,3})\.(\d{1,3})\.?(\d{0,3})[\w.+-]{0,60}) on \d{4}-\d\d-\d\d"


class FirmwareError(ToolError):
    """The file cannot be used as firmware; says why, and what to do."""


@dataclasses.dataclass(frozen=True)
class Partition:
    """One part of the flash: its kind (type, subtype), where it begins, its size, its name."""

    type: int
    subtype: int
    offset: int
    size: int
    label: str

    @property
    def end(self):
        """The first address behind it."""
        return self.offset + self.size


@dataclasses.dataclass(frozen=True)
class Firmware:
    """A checked firmware file.

    `data` goes to the flash at `offset`; `chip` is "esp32" or "esp32s3"; `version` is
    MicroPython's ("v1.27.0"), `release` its numbers ((1, 27, 0)), `machine` what it calls its
    board, `idf` the ESP-IDF's version; `camera` whether a camera driver was seen in it, `frozen`
    whether thingscam was; `partitions` the list of its partition table.
    """

    data: bytes
    offset: int
    chip: str
    version: str
    release: tuple
    machine: str
    idf: str
    camera: bool
    frozen: bool
    partitions: list

    def filesystem(self, flash_size):
        """Return the Partition that MicroPython mounts on a board of `flash_size` bytes.

        It is the one called vfs; where the table has none, MicroPython 1.26 and later make it
        from all that lies behind the last partition (micropython pull request 17337).

        Raises FirmwareError when there is none that thingscam can use.
        """
        by_label = {part.label: part for part in self.partitions if part.type == _DATA}
        if "vfs" in by_label:
            found = by_label["vfs"]
        elif "ffat" in by_label:
            raise FirmwareError(
                "this firmware keeps its files in a FAT partition (ffat): take one with littlefs"
            )
        else:
            end = max(part.end for part in self.partitions)
            found = Partition(_DATA, 0x81, end, flash_size - end, "vfs")
        ends = [part.end for part in self.partitions]
        last = max(found.end, self.offset + len(self.data), *ends)
        if last > flash_size:
            text = "this firmware needs {} KB of flash, the board has {} KB: take a smaller one"
            raise FirmwareError(text.format(last // 1024, flash_size // 1024))
        if found.size < 64 * 1024:
            text = "this firmware leaves {} KB of flash for files: take a smaller one"
            raise FirmwareError(text.format(found.size // 1024))
        return found


def load(path, sha256=None):
    """Return the Firmware in the file `path`: a .bin, or a .zip with one .bin in it.

    The file must hold boot loader, partition table and app, as MicroPython's firmware.bin
    does. `sha256` (text) is what the file must have.

    Raises FirmwareError.
    """
    try:
        with path.open("rb") as file:
            data = _all_of(file)
    except OSError as e:
        raise FirmwareError("{}: cannot be read: {}".format(path, e.strerror)) from e
    except FirmwareError as e:
        raise FirmwareError("{}: {}".format(path, e)) from e
    found = hashlib.sha256(data).hexdigest()
    if sha256 is not None and found != sha256.strip().lower():
        raise FirmwareError("{}: has SHA-256 {}, not the one given".format(path, found))
    try:
        return parse(_unzipped(data))
    except FirmwareError as e:
        raise FirmwareError("{}: {}".format(path, e)) from e


def parse(data):
    """Return the Firmware in `data` (bytes); raises FirmwareError."""
    data, offset, chip = _placed(data)
    partitions = table(data[_TABLE - offset :][:_TABLE_MOST])
    _image(data[: _TABLE - offset], chip, "the boot loader")  # which is not over the table
    _reject_overlaps(partitions)
    app = next((part for part in partitions if part.type == _APP), None)
    if app is None:
        raise FirmwareError("its partition table has no app: not a firmware for a whole board")
    code = data[app.offset - offset :][: app.size]
    _image(code, chip, "the app")
    project, idf = _described(code)
    banner = re.search(_BANNER, code)
    if banner is None:
        raise FirmwareError("no MicroPython: it is {}".format(project or "something else"))
    found = (int(banner[2]), int(banner[3]), int(banner[4] or 0))
    reason = too_old(found, card=False)
    if reason:
        raise FirmwareError(reason)
    machine = re.search(rb"([ -~]{3,60}) with ESP32", code)
    return Firmware(
        data=data,
        offset=offset,
        chip=chip,
        version=banner[1].decode(),
        release=found,
        machine=machine[1].decode().strip() if machine else "",
        idf=idf,
        camera=any(name in code for name in (b"\0camera\0", b"\0sensor\0", b"\0csi\0")),
        frozen=b"thingscam/http/session.py\0" in code,
        partitions=partitions,
    )


def table(data):
    """Return the Partitions of an ESP-IDF partition table at the beginning of `data`.

    Raises FirmwareError when there is none, or its checksum is wrong.
    """
    found = []
    for at in range(0, min(len(data), _TABLE_MOST) - _ENTRY.size + 1, _ENTRY.size):
        magic, kind, subtype, offset, size, label, _ = _ENTRY.unpack_from(data, at)
        if magic == b"\xeb\xeb":
            if data[at + 16 : at + 32] != hashlib.md5(data[:at]).digest():
                raise FirmwareError("its partition table is damaged: fetch the file again")
            break
        if magic != b"\xaa\x50":
            break
        name = label.rstrip(b"\0").decode("ascii", "replace")
        found.append(Partition(kind, subtype, offset, size, one_line(name)))
    if not found:
        raise FirmwareError(
            "no partition table in it: take the file that holds boot loader, table and app "
            "(firmware.bin), not the app alone"
        )
    return found


def _reject_overlaps(partitions):
    # Each has its own place, on whole sectors, behind the boot loader and the table itself.
    wrong = "its partition table would have this board overwritten: {}: take another file"
    for part in partitions:
        where = "{} at {:#x}, {:#x} bytes".format(part.label, part.offset, part.size)
        unit = _APP_ALIGNED if part.type == _APP else _SECTOR
        if part.offset % unit or part.size % _SECTOR or not part.size:
            raise FirmwareError(wrong.format(where + ", is not on whole sectors"))
        if part.offset < _TABLE_END and (part.type not in _FIRST or part.end > _TABLE_END):
            raise FirmwareError(wrong.format(where + ", is over the boot loader or the table"))
        if part.end > _MOST:
            raise FirmwareError(wrong.format(where + ", is behind the end of any flash"))
    for one, other in itertools.combinations(partitions, 2):
        if one.label == other.label:
            raise FirmwareError(wrong.format("there are two called " + one.label))
        if one.offset < other.end and other.offset < one.end:
            text = "{} at {:#x} is over {} at {:#x}"
            text = text.format(one.label, one.offset, other.label, other.offset)
            raise FirmwareError(wrong.format(text))


def _unzipped(data):
    if not zipfile.is_zipfile(io.BytesIO(data)):
        return data
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            found = [each for each in archive.infolist() if each.filename.lower().endswith(".bin")]
            if len(found) != 1:
                text = "holds {} .bin files: unpack it and name the one to flash"
                raise FirmwareError(text.format(len(found)))
            if found[0].flag_bits & 1:
                raise FirmwareError("is encrypted: unpack it, and name the .bin file")
            if found[0].file_size > _MOST:
                raise FirmwareError(_TOO_LARGE)
            with archive.open(found[0]) as file:
                return _all_of(file)
    except _BROKEN_ZIP as e:
        text = "cannot be unpacked ({}): fetch the file again"
        raise FirmwareError(text.format(one_line(str(e), 100) or type(e).__name__)) from e


_TOO_LARGE = "more than {} MB: no flash is so large".format(_MOST >> 20)


def _all_of(file):
    # What a file says of its size need not be so.
    data = file.read(_MOST + 1)
    if len(data) > _MOST:
        raise FirmwareError(_TOO_LARGE)
    return data


def _placed(data):
    # The boot loader stands first, or, in an image of the whole flash of an ESP32, behind
    # 0x1000 blank bytes.
    if data[:0x1000].strip(b"\xff") == b"":
        data = data[0x1000:]
    if data[:1] != b"\xe9" or len(data) < 0x8000:
        raise FirmwareError("not a firmware image for an ESP32 (it does not begin with E9)")
    number = struct.unpack_from("<H", data, 12)[0]
    for chip in CHIPS:
        rom = CHIP_DEFS[chip]
        if number == rom.IMAGE_CHIP_ID:
            _image(data, chip, "the boot loader")
            return data, rom.BOOTLOADER_FLASH_OFFSET, chip
    names = {loader.IMAGE_CHIP_ID: loader.CHIP_NAME for loader in CHIP_DEFS.values()
             if hasattr(loader, "IMAGE_CHIP_ID")}  # fmt: skip
    text = "it is for {}: thingscam knows boards with {}"
    known = " and ".join(CHIPS.values())
    raise FirmwareError(text.format(names.get(number, "an unknown chip"), known))


def _image(data, chip, name):
    # Checks one image; esptool itself compares neither of its two sums.
    try:
        image = _IMAGES[chip](io.BytesIO(data))
    except (FatalError, struct.error, RuntimeError, ValueError, LookupError, OSError) as e:
        raise FirmwareError("{} in it is damaged: fetch the file again".format(name)) from e
    if image.chip_id != CHIP_DEFS[chip].IMAGE_CHIP_ID:
        raise FirmwareError("{} in it is for another chip than the rest".format(name))
    whole = image.checksum == image.calculate_checksum()
    if image.append_digest:
        whole = whole and image.stored_digest == image.calc_digest
    if not whole:
        raise FirmwareError("{} in it is damaged: fetch the file again".format(name))


def _described(code):
    # The description stands first in the first segment: behind two headers, 24 and 8 bytes.
    if len(code) < 32 + _APP_DESCRIPTION.size:
        return "", ""
    magic, _, project, _, _, idf = _APP_DESCRIPTION.unpack_from(code, 32)
    if magic != _APP_MAGIC:
        return "", ""
    return tuple(text.split(b"\0")[0].decode("ascii", "replace") for text in (project, idf))
