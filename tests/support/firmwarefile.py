# A firmware file that esptool takes for real: boot loader, partition table, app; no code.

import hashlib
import random
import struct

OFFSETS = {"esp32": 0x1000, "esp32s3": 0}
_CHIP_IDS = {"esp32": 0, "esp32s3": 9, "esp32c3": 5}
_DROM = {"esp32": 0x3F400020, "esp32s3": 0x3C000020, "esp32c3": 0x3C000020}
_DRAM = {"esp32": 0x3FFB0000, "esp32s3": 0x3FC90000, "esp32c3": 0x3FC80000}

# As MicroPython's partitions-4MiB.csv has them, and partitions-4MiBplus.csv of 1.26 and
# later, which leaves the filesystem to the firmware.
BASE = (("nvs", 1, 2, 0x9000, 0x6000), ("phy_init", 1, 1, 0xF000, 0x1000))
PLUS = (*BASE, ("factory", 0, 0, 0x10000, 0x1F0000))
PLAIN = (*PLUS, ("vfs", 1, 0x81, 0x200000, 0x200000))


def make(
    chip="esp32", parts=PLAIN, version="v1.27.0", project="micropython", texts="camera", size=90000
):
    """Return the bytes of a firmware.bin, as MicroPython's makeimg.py puts it together.

    `texts`, zeros between them, stand in the app's code.
    """
    offset = OFFSETS.get(chip, 0)
    app = next((at for _, kind, _, at, _ in parts if kind == 0), 0x10000)
    data = bytearray(b"\xff" * (app - offset))
    boot = image(chip, [(_DRAM[chip], bytes(3000))])
    data[: len(boot)] = boot
    at = 0x8000 - offset
    data[at : at + 0xC00] = table(parts).ljust(0xC00, b"\xff")
    return bytes(data) + image(chip, _app(chip, version, project, texts, size))


def table(parts):
    """Return an ESP-IDF partition table, with its checksum, as gen_esp32part.py writes it."""
    data = b"".join(
        struct.pack("<2sBBII16sI", b"\xaa\x50", kind, sub, at, size, name.encode(), 0)
        for name, kind, sub, at, size in parts
    )
    return data + b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(data).digest()


def image(chip, segments):
    """Return an app or boot loader image of `segments` ((address, bytes), ...)."""
    # Magic, segments, flash mode, size and speed, entry; then esp_image_header_t's rest.
    data = struct.pack("<BBBBI", 0xE9, len(segments), 2, 0x20, 0x40080000)
    data += struct.pack("<B3xHBHH4xB", 0xEE, _CHIP_IDS[chip], 0, 0, 0xFFFF, 1)
    checksum = 0xEF
    for address, found in segments:
        found += bytes(-len(found) % 4)
        data += struct.pack("<II", address, len(found)) + found
        for byte in found:
            checksum ^= byte
    data += bytes(15 - len(data) % 16) + bytes([checksum])
    return data + hashlib.sha256(data).digest()


def _app(chip, version, project, texts, size):
    description = struct.pack(
        "<II8x32s32s16s16s32s", 0xABCD5432, 0, version.encode(), project.encode(),
        b"12:00:00", b"Dec  9 2025", b"v5.5.1",
    ).ljust(256, b"\0")  # fmt: skip
    name = {"esp32": "ESP32", "esp32s3": "ESP32S3"}.get(chip, chip)
    if project == "micropython":
        texts += "\0MicroPython {} on 2025-12-09\0Generic module with {}".format(version, name)
    texts = "\0" + texts + "\0"
    # Not to be compressed to nothing, so that several blocks go over the wire.
    noise = random.Random(1).randbytes(size)
    return [(_DROM[chip], description + texts.encode() + noise), (_DRAM[chip], bytes(64))]
