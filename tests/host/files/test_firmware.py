# What firmware files are taken, and where in the flash the filesystem goes.

import contextlib
import hashlib
import io
import pathlib
import zipfile
from random import Random

import pytest

from tests.support import firmwarefile
from tools.host import firmware

MB = 1024 * 1024


@pytest.mark.parametrize("chip, name", [("esp32", "ESP32"), ("esp32s3", "ESP32-S3")])
def test_a_firmware_tells_what_it_is(chip, name):
    found = firmware.parse(firmwarefile.make(chip))
    assert (found.chip, firmware.CHIPS[found.chip]) == (chip, name)
    assert (found.version, found.machine, found.idf) == ("v1.27.0", "Generic module", "v5.5.1")
    assert found.camera
    assert found.offset == firmwarefile.OFFSETS[chip]
    place = found.filesystem(4 * MB)
    assert (place.label, place.offset, place.size) == ("vfs", 2 * MB, 2 * MB)


def test_camera_and_thingscam_are_seen_in_it():
    plain = firmware.parse(firmwarefile.make(texts="cameras\0thingscam/http/session.pyx"))
    assert (plain.camera, plain.frozen) == (False, False)
    frozen = firmware.parse(firmwarefile.make(texts="x\0sensor\0thingscam/http/session.py"))
    assert (frozen.camera, frozen.frozen) == (True, True)


def test_without_a_vfs_partition_it_is_all_behind_the_last():
    found = firmware.parse(firmwarefile.make("esp32s3", firmwarefile.PLUS))
    assert (found.filesystem(8 * MB).offset, found.filesystem(8 * MB).size) == (2 * MB, 6 * MB)
    assert found.filesystem(16 * MB).size == 14 * MB
    with pytest.raises(firmware.FirmwareError, match="leaves 0 KB"):
        found.filesystem(2 * MB)


def test_a_flash_that_is_too_small():
    with pytest.raises(firmware.FirmwareError, match="needs 4096 KB of flash, the board has 2048"):
        firmware.parse(firmwarefile.make()).filesystem(2 * MB)


def test_a_fat_partition_is_refused():
    parts = (*firmwarefile.PLUS, ("ffat", 1, 0x81, 0x200000, 0x100000))
    with pytest.raises(firmware.FirmwareError, match="FAT"):
        firmware.parse(firmwarefile.make(parts=parts)).filesystem(4 * MB)


def test_an_image_of_the_whole_flash(tmp_path):
    whole = b"\xff" * 0x1000 + firmwarefile.make()
    found = firmware.parse(whole)
    assert (found.offset, found.data) == (0x1000, whole[0x1000:])


def test_from_a_zip_and_with_a_sum(tmp_path):
    data = firmwarefile.make()
    path = tmp_path / "firmware.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("build/firmware.bin", data)
        archive.writestr("README", "x")
    total = hashlib.sha256(path.read_bytes()).hexdigest()
    assert firmware.load(path, total.upper() + "\n").data == data
    with pytest.raises(firmware.FirmwareError, match=total):
        firmware.load(path, "0" * 64)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("build/other.bin", data)
    with pytest.raises(firmware.FirmwareError, match="2 .bin"):
        firmware.load(path)


def cut(data, at, byte):
    data = bytearray(data)
    data[at] ^= byte
    return bytes(data)


GOOD = firmwarefile.make()
APP = GOOD[0xF000:]


@pytest.mark.parametrize(
    "data, words",
    [
        (b"", "does not begin with E9"),
        (b"GIF89a" * 9999, "does not begin with E9"),
        (APP, "no partition table"),
        (firmwarefile.make("esp32c3"), "for ESP32-C3: thingscam knows boards with ESP32 and"),
        (firmwarefile.make(project="blink"), "no MicroPython: it is blink"),
        (
            firmwarefile.make(version="v1.21.0"),
            "MicroPython 1.21.0 is too old, take 1.22 or later",
        ),
        (firmwarefile.make(parts=firmwarefile.BASE), "no app"),
        (cut(GOOD, 0x7000 + 8, 1), "partition table is damaged"),
        (cut(GOOD, 0x0500, 1), "boot loader in it is damaged"),
        (cut(GOOD, 0xF000 + 5000, 1), "app in it is damaged"),
        (GOOD[:-30000], "app in it is damaged"),
        (GOOD[:0xF000] + firmwarefile.make("esp32s3")[0x10000:], "another chip than the rest"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_no_firmware_is_told_why(tmp_path, data, words):
    path = tmp_path / "firmware.bin"
    path.write_bytes(data)
    with pytest.raises(firmware.FirmwareError) as caught:
        firmware.load(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value).splitlines()) == 1


FACTORY = ("factory", 0, 0, 0x10000, 0x1F0000)


@pytest.mark.parametrize(
    "parts, words",
    [
        ((("vfs", 1, 0x81, 0, 0x200000),), "over the boot loader or the table"),
        ((("vfs", 1, 0x81, 0x8000, 0x8000),), "over the boot loader or the table"),
        ((("vfs", 1, 0x81, 0x10000, 0x200000),), "factory at 0x10000 is over vfs at 0x10000"),
        ((("vfs", 1, 0x81, 0x1FF000, 0x200000),), "factory at 0x10000 is over vfs"),
        ((("vfs", 1, 0x81, 0x9000, 0x1000000),), "factory at 0x10000 is over vfs"),
        ((("vfs", 1, 0x81, 0x200800, 0x1F0000),), "not on whole sectors"),
        ((("vfs", 1, 0x81, 0x200000, 0x1F0800),), "not on whole sectors"),
        ((("vfs", 1, 0x81, 0x200000, 0),), "not on whole sectors"),
        ((("vfs", 1, 0x81, 0x200000, 0xFFFFF000),), "behind the end of any flash"),
        ((("nvs", 1, 2, 0xF000, 0x10000),), "factory at 0x10000 is over nvs"),
        ((("boot", 2, 0, 0x1000, 0x9000),), "over the boot loader or the table"),
        ((("vfs", 1, 0x81, 0x200000, 0x9000), ("vfs", 1, 0x81, 0x300000, 0x9000)), "two called"),
        ((("\x1b[2J", 1, 0x81, 0, 0x9000),), r"\x1b[2J at 0x0"),
    ],
)
def test_a_partition_table_that_would_overwrite_the_board(parts, words):
    with pytest.raises(firmware.FirmwareError) as caught:
        firmware.parse(firmwarefile.make(parts=(FACTORY, *parts)))
    assert words in str(caught.value)


def test_partitions_that_do_not_fit_the_flash():
    parts = (FACTORY, ("vfs", 1, 0x81, 0x200000, 0x100000), ("more", 1, 0x40, 0x400000, 0x1000))
    found = firmware.parse(firmwarefile.make(parts=parts))
    assert found.filesystem(8 * MB).label == "vfs"
    with pytest.raises(firmware.FirmwareError, match="needs 4100 KB of flash"):
        found.filesystem(4 * MB)
    for first in (("bootloader", 2, 0, 0x1000, 0x7000), ("partition", 3, 0, 0x8000, 0x1000)):
        parts = (first, *firmwarefile.PLAIN)
        assert firmware.parse(firmwarefile.make(parts=parts)).filesystem(4 * MB).label == "vfs"


def zipped(data=GOOD, method=zipfile.ZIP_DEFLATED, patch=None):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr("firmware.bin", data)
    raw = bytearray(file.getvalue())
    if patch:
        patch(raw, raw.index(b"PK\x01\x02"))
    return bytes(raw)


def patched(at, *values):
    # In the directory, and at the same place of the file's own header, four bytes before.
    def patch(raw, directory):
        raw[directory + at : directory + at + len(values)] = bytes(values)
        raw[at - 2 : at - 2 + len(values)] = bytes(values)

    return patch


def torn(raw, directory):
    raw[200:400] = b"\x55" * 200


@pytest.mark.parametrize(
    "data, words",
    [
        (zipped(patch=patched(8, 1)), "is encrypted"),
        (zipped(patch=patched(10, 9)), "cannot be unpacked"),
        (zipped(patch=patched(10, 12)), "cannot be unpacked"),
        (zipped(patch=patched(10, 14)), "cannot be unpacked"),
        (zipped(patch=patched(16, 1, 2, 3)), "cannot be unpacked"),
        (zipped(patch=patched(24, 255, 255, 255, 127)), "no flash is so large"),
        (zipped(patch=torn), "cannot be unpacked"),
        (zipped(bytes(129 * MB)), "no flash is so large"),
        (zipped()[:-40], "does not begin with E9"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_an_archive_that_is_broken_or_a_bomb(tmp_path, data, words):
    path = tmp_path / "firmware.zip"
    path.write_bytes(data)
    with pytest.raises(firmware.FirmwareError) as caught:
        firmware.load(path)
    assert words in str(caught.value) and len(str(caught.value).splitlines()) == 1


def test_a_file_without_an_end():
    with pytest.raises(firmware.FirmwareError, match="no flash is so large"):
        firmware.load(pathlib.Path("/dev/zero"))


def test_any_damage_ends_in_a_sentence():
    random = Random(7)
    small = firmwarefile.make(size=64)
    for _ in range(1500):
        data = bytearray(small[: random.choice([len(small), random.randrange(len(small))])])
        for _ in range(random.randrange(1, 9)):
            if data:
                # Where the heads are: most of it is blank.
                at = random.choice([0, 0x7000, 0xF000]) + random.randrange(400)
                data[min(at, len(data) - 1)] = random.choice([0, 1, 127, 255])
        with contextlib.suppress(firmware.FirmwareError):
            firmware.parse(bytes(data)).filesystem(4 * MB)


def test_any_single_wrong_bit_of_the_code_is_found():
    for at in range(24, len(APP) - 32, 4999):
        with pytest.raises(firmware.FirmwareError):
            firmware.parse(GOOD[:0xF000] + cut(APP, at, 0x10))
