# image.check(): what may be sent, by its bytes.

from support import raises
from thingscam import image

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 20 + b"\xff\xd9"


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
    # Start and end marker must not share a byte.
    refused(b"\xff\xd8\xff\xd9", "cut short")
    refused(JPEG + b"x", "cut short")


def test_tolerates_zeros_behind_the_end_and_counts_them():
    for count in (0, 1, 2, 255, 256, 257, 5000):
        data = JPEG + bytes(count)
        assert image.check(data) == "jpeg"
        assert image.padding(data) == count
    assert image.padding(b"") == 0
    assert image.padding(bytes(700)) == 700
    refused(JPEG[:-2] + bytes(300), "cut short")


def test_holds_the_limit_to_the_byte():
    def jpeg(size):
        return b"\xff\xd8\xff" + b"\x01" * (size - 5) + b"\xff\xd9"

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
    data[:3] = b"\xff\xd8\xff"
    data[1000:1002] = b"\xff\xd9"
    image.check(data)
    gc.collect()
    gc.disable()
    before = mem_alloc()
    image.check(data)
    used = mem_alloc() - before
    gc.enable()
    # Slices of a view, 32 bytes each on this machine: 399 KB of padding in 256-byte steps.
    assert used < 100000, used
