# What firmware files are taken, and where in the flash the filesystem goes.

import hashlib
import zipfile

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


def test_any_single_wrong_bit_of_the_code_is_found():
    for at in range(24, len(APP) - 32, 4999):
        with pytest.raises(firmware.FirmwareError):
            firmware.parse(GOOD[:0xF000] + cut(APP, at, 0x10))
