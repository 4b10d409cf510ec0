# brightness: how light a JPEG is, whatever it is. Against Pillow: test_brightness_agrees.py.

import gc

from support import env
from thingscam.image import brightness


def photo(name="rocket.jpg"):
    with open(env("PHOTOS") + "/" + name, "rb") as file:
        return file.read()


def test_tells_how_bright_a_photo_is():
    # Of the first 16 KB of it: by Pillow the cat's upper part has 115, the rocket's 42.
    assert 100 < brightness.mean(photo("cat.jpg")) < 130
    assert 35 < brightness.mean(photo()) < 50
    assert brightness.mean(photo("cat.jpg"), 10) == 10


def test_what_it_cannot_read_is_none():
    data = photo()
    scan = data.index(b"\xff\xda")
    frame = data.index(b"\xff\xc0")
    codes = data.index(b"\xff\xc4")
    for bad in (
        b"",
        b"\xff\xd8",
        b"\x89PNG\r\n\x1a\n and so on and on",
        data[:scan],
        data[:frame] + b"\xff\xc2" + data[frame + 2 :],  # progressive
        data[:codes] + b"\xff\xfe" + data[codes + 2 :],
    ):
        assert brightness.mean(bad) is None


def test_one_that_is_cut_short_is_told_by_what_there_is():
    data = photo()
    cut = data[: len(data) // 4] + b"\xff\xd9"
    assert 0 <= brightness.mean(cut) < 100


def test_no_damage_makes_it_fail():
    data = bytearray(photo())
    end = data.index(b"\xff\xda") + 600
    seed = 1
    for _ in range(60):
        kept = []
        for _ in range(3):
            seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
            at = 2 + (seed >> 8) % (end - 2)
            kept.append((at, data[at]))
            data[at] = seed >> 4 & 0xFF
        found = brightness.mean(data, 48)
        assert found is None or 0 <= found <= 255
        for at, value in reversed(kept):
            data[at] = value


def test_costs_little_memory():
    if not hasattr(gc, "mem_alloc"):
        return
    data = photo("cat.jpg")
    gc.collect()
    gc.disable()
    try:
        before = gc.mem_alloc()
        brightness.mean(data)
        used = gc.mem_alloc() - before
    finally:
        gc.enable()
    assert used < 9000, used  # the tables of codes; of words half as long it is less
