# checks.check(): what may be sent, by its bytes.

from support import raises
from thingscam.image import checks as image

FRAME = b"\xff\xc0\x00\x0b\x08\x00\x10\x00\x10\x01\x01\x11\x00"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
APP0 = b"\xff\xe0\x00\x06JFIF"
HEAD = b"\xff\xd8" + APP0 + FRAME + SCAN
JPEG = HEAD + b"picture" * 20 + b"\xff\xd9"


def refused(data, *words, limit=512000):
    text = str(raises(image.ImageError, image.check, data, limit))
    for word in words:
        assert word in text, text


def test_knows_the_five_formats():
    assert image.check(JPEG) == "jpeg"
    assert image.check(b"\x89PNG\r\n\x1a\n rest") == "png"
    assert image.check(b"GIF87a rest") == "gif"
    assert image.check(b"GIF89a rest") == "gif"
    assert image.check(b"RIFF\x10\x00\x00\x00WEBPVP8 ") == "webp"
    assert image.check(b"BM rest") == "bmp"


def test_takes_any_bytes_like_object():
    for data in (JPEG, bytearray(JPEG), memoryview(JPEG), memoryview(bytearray(JPEG))):
        assert image.check(data) == "jpeg"
    assert image.check(memoryview(b"xx" + JPEG)[2:]) == "jpeg"


def test_refuses_what_is_no_picture():
    refused(b"", "empty")
    refused(b"<html></html>", "not a picture", "3c 68 74 6d")
    refused(b"\x89PNX", "not a picture")
    refused(b"RIFF\x10\x00\x00\x00WAVE", "not a picture")
    refused(b"GIF", "not a picture")
    refused(b"\x00" * 1000, "not a picture")


def test_refuses_what_a_failed_capture_returns():
    refused(None, "NoneType")
    refused(False, "bool")
    refused("text", "str")


def test_refuses_a_jpeg_without_start():
    refused(JPEG[2:], "without start")
    refused(b"\xff\xd8" + JPEG[4:], "without start")
    refused(b"\xff\xd8", "without start")
    # A third byte that is no marker.
    refused(b"\xff\xd8\x00" + JPEG[3:], "without start")


def test_refuses_a_jpeg_cut_short():
    for end in (-1, -2, -30):
        refused(JPEG[:end], "cut short", str(len(JPEG) + end))
    refused(b"\xff\xd8\xff", "cut short")
    for count in range(len(HEAD), 2, -1):
        refused(JPEG[:count], "cut short", str(count))
    refused(HEAD + b"x" * 3000, "cut short")
    refused(JPEG[:-2] + bytes(300), "cut short")


def test_refuses_a_jpeg_without_a_picture():
    for data in (
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xe0\xff\xd9",
        b"\xff\xd8" + APP0 + b"\xff\xd9",
        b"\xff\xd8" + APP0 + FRAME + b"\xff\xd9",
        b"\xff\xd8" + APP0 + SCAN + b"picture\xff\xd9",  # no frame header
        b"\xff\xd8\xff\xc4\x00\x04ab" + SCAN + b"picture\xff\xd9",  # tables are none
        HEAD + b"\xff\xd9",
        b"\xff\xd8" + b"\xff\xfe\x00\x02" * 600 + FRAME + SCAN + b"picture\xff\xd9",
    ):
        refused(data, "without a picture")
    refused(b"\xff\xd8" + APP0 + b"xx" + FRAME + SCAN + b"picture\xff\xd9", "damaged", "10")


def test_leaves_off_what_stands_behind_the_end():
    older = b"\x05\x3b\xb5\x31" + b"remains of an older frame" * 100 + b"\xff\xd9"
    behind = [bytes(count) for count in (0, 1, 2, 255, 256, 257, 5000)]
    for more in behind + [
        b"x",
        b"\x05\x3b\xb5\x31",
        older,
        older + b"\x00",
        JPEG,
        b"\xff",
        b"\xd9",
    ]:
        assert image.check(JPEG + more) == "jpeg"
        assert image.measure(memoryview(JPEG + more)) == ("jpeg", len(JPEG))
    assert image.measure(b"BM with more\x00\x00") == ("bmp", 14)


def test_finds_the_end_wherever_it_is():
    # Across the blocks in which it is looked for, behind fill bytes and restart markers.
    for size in list(range(1015, 1030)) + [2044, 2045, 2046, 2047, 2048, 5000]:
        for end in (b"\xff\xd9", b"\xff\xff\xd9", b"\xff\xd0\x01\xff\xd9", b"\xff\x00\xff\xd9"):
            data = HEAD + b"\xd9" * (size - len(HEAD)) + end
            assert image.measure(data + b"zz")[1] == len(data), size


def test_takes_no_mark_in_a_segment_for_one():
    # A thumbnail is a JPEG of its own; a comment may hold anything.
    thumbnail = b"\xff\xe1" + bytes((len(JPEG) + 2 >> 8, len(JPEG) + 2 & 255)) + JPEG
    data = (
        b"\xff\xd8" + thumbnail + b"\xff\xfe\x00\x04\xff\xd9\xff\xff" + FRAME + SCAN + b"p\xff\xd9"
    )
    assert image.measure(data + JPEG)[1] == len(data)
    # Progressive: several scans, with tables between.
    several = (
        HEAD.replace(b"\xff\xc0", b"\xff\xc2") + b"one\xff\xc4\x00\x03t" + SCAN + b"two\xff\xd9"
    )
    assert image.measure(several + b"more")[1] == len(several)


def test_holds_the_limit_to_the_byte():
    def jpeg(size):
        return HEAD + b"\x01" * (size - len(HEAD) - 2) + b"\xff\xd9"

    assert image.check(jpeg(511999)) == "jpeg"
    assert image.check(jpeg(512000)) == "jpeg"
    refused(jpeg(512001), "too large", "512001", "512000")
    assert image.check(jpeg(100), 100) == "jpeg"
    refused(jpeg(101), "101", "100", limit=100)
    refused(b"BM" + bytes(99), "too large", limit=100)
    # What is to be left off does not count.
    assert image.check(jpeg(100) + bytes(50), 100) == "jpeg"


def test_does_not_copy():
    try:
        from gc import mem_alloc
    except ImportError:
        return  # CPython: the same code, nothing to measure with
    import gc

    data = bytearray(400000)
    data[: len(HEAD)] = HEAD
    data[-2:] = b"\xff\xd9"
    view = memoryview(data)
    image.check(view)
    gc.collect()
    gc.disable()
    before = mem_alloc()
    image.check(view)
    used = mem_alloc() - before
    gc.enable()
    # Slices of a view in steps of 1 KB, 32 bytes each on this machine (96 before MicroPython
    # 1.26, which makes an object of the slice too), and one such block.
    assert used < 40000, used


def test_takes_no_long_time():
    # 500 KB within 20 ms on a computer that is not busy; here ten times that, for one that is.
    try:
        from time import ticks_diff, ticks_ms
    except ImportError:
        return
    view = memoryview(HEAD + b"\xff\x00" * 255000 + b"\xff\xd9")
    begin = ticks_ms()
    image.check(view)
    assert ticks_diff(ticks_ms(), begin) < 200
