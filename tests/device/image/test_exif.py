# exif: a segment behind SOI as the picture is sent, and nowhere else.

import gc
import os
import struct

from support import env
from thingscam import __version__
from thingscam.image import exif

TAKEN = 1700000000  # 2023-11-14 22:13:20 UTC
SOFTWARE = ("thingscam " + __version__).encode() + b"\0"
SEGMENT = exif.segment(TAKEN, "pir", "ai-thinker")
APP0 = b"\xff\xe0\x00\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00scan\xff\xe1Exif\0\0data\xff\xd9"


def photo(name="cat.jpg"):
    with open(env("PHOTOS") + "/" + name, "rb") as file:
        return file.read()


def read(file, step=4096):
    buffer = bytearray(step)
    data = b""
    while True:
        count = file.readinto(buffer)
        data += buffer[:count]
        if count < step:
            return data


def stamped(data, segment=SEGMENT, *limit):
    return read(exif.Stamped(data, segment, *limit))


def directory(tiff, at):
    """Return {tag: value} of the directory at a byte of TIFF data, by the standard."""
    found = {}
    (count,) = struct.unpack("<H", tiff[at : at + 2])
    for i in range(count):
        at_entry = at + 2 + 12 * i
        tag, kind, length = struct.unpack("<HHI", tiff[at_entry : at_entry + 8])
        assert tag > max(found or (0,))
        (number,) = struct.unpack("<I", tiff[at_entry + 8 : at_entry + 12])
        if kind == 4:
            found[tag] = number
            continue
        start = at_entry + 8 if length <= 4 else number
        assert start % 2 == 0 and start + length <= len(tiff)
        found[tag] = tiff[start : start + length]
    return found


def tags(segment):
    """Return the tags of a segment, those of both directories."""
    marker, length = struct.unpack(">HH", segment[:4])
    assert marker == 0xFFE1 and length == len(segment) - 2
    assert segment[4:10] == b"Exif\0\0"
    tiff = segment[10:]
    assert tiff[:4] == b"II*\0"
    found = directory(tiff, struct.unpack("<I", tiff[4:8])[0])
    inner = found.pop(0x8769, None)
    if inner is not None:
        found.update(directory(tiff, inner))
    return found


def test_tells_time_cause_and_board():
    assert tags(SEGMENT) == {
        0x010E: b"pir\0",
        0x0110: b"ai-thinker\0",
        0x0131: SOFTWARE,
        0x9000: b"0232",
        0x9003: b"2023:11:14 22:13:20\0",
        0x9011: b"+00:00\0",
    }
    assert len(SEGMENT) < 300


def test_without_a_clock_no_time():
    expected = {0x010E: b"timer\0", 0x0110: b"x\0", 0x0131: SOFTWARE}
    assert tags(exif.segment(None, "timer", "x")) == expected
    assert tags(exif.segment(None, "", "")) == {0x0131: SOFTWARE}


def test_notes_behind_the_cause_are_a_comment():
    inner = {0x9000: b"0232", 0x9286: b"ASCII\0\0\0" + b"2/5 3.71V"}
    for captured_at in (None, TAKEN):
        expected = tags(exif.segment(captured_at, "pir", "x"))
        expected.update(inner)
        assert tags(exif.segment(captured_at, "pir 2/5 3.71V", "x")) == expected


def test_texts_are_ascii_and_short():
    found = tags(exif.segment(0, "T\u00fcr\n" + "x" * 100, "m" * 100))
    assert found[0x010E] == b"T?r?" + b"x" * 44 + b"\0"
    assert found[0x0110] == b"m" * 48 + b"\0"
    assert found[0x9003] == b"1970:01:01 00:00:00\0"
    assert len(exif.segment(0, "x" * 100, "m" * 100)) <= 300
    assert len(exif.segment(0, "x" * 48 + " " + "x" * 100, "m" * 48)) <= 370


def test_stands_directly_behind_soi():
    for data in (photo(), b"\xff\xd8" + APP0 + SCAN, b"\xff\xd8" + SCAN):
        assert stamped(data) == data[:2] + SEGMENT + data[2:]
        assert stamped(memoryview(bytearray(data))) == data[:2] + SEGMENT + data[2:]


def test_left_as_they_are():
    own = b"\xff\xe1\x00\x0cExif\0\0abcd"
    for data in (
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n and so on",
        b"\xff\xd8" + own + SCAN,
        b"\xff\xd8" + APP0 + own + SCAN,
        b"\xff\xd8" + APP0 + b"\xff" + own + SCAN,
        b"\xff\xd8" + APP0 + b"no segment" + SCAN,
        b"\xff\xd8" + APP0,
        b"\xff\xd8" + APP0 + b"\xff\xe2\xff\xff" + SCAN,
        b"\xff\xd8" + b"\xff\xfe\x00\x04no" * 70 + SCAN,
    ):
        assert stamped(data) == data, data
    twice = stamped(photo())
    assert stamped(twice) == twice


def test_other_app1_is_no_exif():
    data = b"\xff\xd8\xff\xe1\x00\x10http://ns.adob" + SCAN
    assert stamped(data) == data[:2] + SEGMENT + data[2:]


def test_counts_in_the_limit():
    data = photo()
    most = len(data) + len(SEGMENT)
    assert len(stamped(data, SEGMENT, most)) == most
    assert stamped(data, SEGMENT, most - 1) == data
    assert stamped(data, SEGMENT, len(data) - 1) == data


def test_reads_in_any_steps_from_memory_and_file():
    data = photo("coffee.jpg")
    want = data[:2] + SEGMENT + data[2:]
    for step in (1, 3, 200, len(SEGMENT) + 2, 4096, 1000000):
        with open(env("PHOTOS") + "/coffee.jpg", "rb") as file:
            for source in (data, file):
                picture = exif.Stamped(source, SEGMENT)
                assert picture.tell() == 0
                found = bytearray()
                buffer = bytearray(step)
                while len(found) < 2000 + step:
                    count = picture.readinto(buffer)
                    assert count == min(step, len(want) - len(found))
                    found += buffer[:count]
                    assert picture.tell() == len(found)
                    if not count:
                        break
                assert found == want[: len(found)]


def test_parts_in_memory_make_up_the_same():
    for data in (photo(), b"BM no JPEG", b""):
        image = exif.Stamped(data, SEGMENT)
        assert b"".join(bytes(part) for part in image.parts) == read(image)
    with open(env("PHOTOS") + "/cat.jpg", "rb") as file:
        assert exif.Stamped(file, SEGMENT).parts is None


def test_seeks_like_a_file():
    data = photo()
    want = data[:2] + SEGMENT + data[2:]
    with open(env("PHOTOS") + "/cat.jpg", "rb") as file:
        for source in (data, file):
            picture = exif.Stamped(source, SEGMENT)
            assert picture.seek(0, 2) == len(want)
            assert picture.readinto(bytearray(4)) == 0
            assert picture.seek(-5, 2) == len(want) - 5
            assert read(picture) == want[-5:]
            for at in (0, 1, 2, 3, len(SEGMENT), len(SEGMENT) + 1, len(SEGMENT) + 2, 999):
                assert picture.seek(at) == at
                assert read(picture, 16384) == want[at:], at


def test_closes_the_file():
    file = open(env("PHOTOS") + "/cat.jpg", "rb")  # noqa: SIM115
    exif.Stamped(file, SEGMENT).close()
    try:
        file.read(1)
    except (OSError, ValueError):
        return
    raise AssertionError("still open")


def test_costs_little_memory():
    if not hasattr(gc, "mem_alloc"):
        return
    data = photo()
    buffer = bytearray(4096)
    view = memoryview(data)
    exif.segment(TAKEN, "pir", "ai-thinker")
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        picture = exif.Stamped(view, SEGMENT)
        while picture.readinto(buffer):
            pass
        used = gc.mem_alloc() - before
    finally:
        gc.enable()
    # Objects and views alone; on a board words are half as long.
    assert used < 4000, used
    assert len(data) > 10 * used
    assert os.stat(env("PHOTOS") + "/cat.jpg")[6] == len(data)
