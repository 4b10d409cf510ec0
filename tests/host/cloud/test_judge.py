# Judging a picture: the cheap decoding of a JPEG says what a whole one says; worker processes.

import asyncio
import datetime
import io
import os
import pathlib
import random
import signal

import pytest
from PIL import Image

from tests.support.cloud import picture
from tests.support.page import PHOTOS, photo
from tools.cloud.receiver.workers import Workers
from tools.cloud.service import pictures
from tools.cloud.service.pictures import LargeError, Picture, PictureError, UnjudgedError, judge

KINDS = {
    "4:4:4": ("RGB", {"subsampling": "4:4:4"}),
    "4:2:2": ("RGB", {"subsampling": "4:2:2"}),
    "4:2:0": ("RGB", {"subsampling": "4:2:0", "optimize": True}),
    "4:1:1": ("RGB", {"subsampling": "4:1:1"}),
    "grey": ("L", {}),
    "cmyk": ("CMYK", {}),
    "progressive": ("RGB", {"progressive": True}),
    "progressive grey": ("L", {"progressive": True}),
    "restarts": ("RGB", {"restart_marker_blocks": 2}),
    "mpo": ("RGB", {"format": "MPO", "save_all": True}),
}
SIZES = ((1, 1), (7, 9), (17, 33), (64, 48))
# What stands in a frame's and a scan's head, among them factors that libjpeg does not know.
HEAD_BYTES = (0, 1, 2, 3, 4, 0x11, 0x12, 0x13, 0x14, 0x21, 0x22, 0x24, 0x31, 0x33, 0x41)
MARKERS = (0xC0, 0xC1, 0xC2, 0xC3, 0xC4, 0xC9, 0xCA, 0xD0, 0xD9, 0xDA, 0xDB, 0xDD)


def jpeg(kind, size):
    mode, options = KINDS[kind]
    file = io.BytesIO()
    with Image.open(PHOTOS[0]) as found:
        small = found.convert("RGB").resize(size).convert(mode)
    if kind == "mpo":
        options = {**options, "append_images": [small.resize((30, 20))]}
    small.save(file, **{"format": "JPEG", "quality": 75, **options})
    return file.getvalue()


def is_decoded_whole(data):
    """Return whether Pillow decodes all of `data` at its full size, without a complaint."""
    try:
        with Image.open(io.BytesIO(data), formats=["JPEG"]) as image:
            if image.width * image.height > pictures.MAX_PIXELS:
                return False
            for frame in range(getattr(image, "n_frames", 1)):
                image.seek(frame)
                image.load()
        return True
    except pictures.BROKEN:
        return False


def is_taken(data):
    try:
        return judge(data).width > 0
    except PictureError:
        return False


def mutated(data, dice):
    """Return `data` with something wrong: cut, bytes left out, put in, or exchanged."""
    found = bytearray(data)
    at = dice.randrange(len(found))
    heads = [i for i in range(len(found) - 1) if found[i] == 0xFF and found[i + 1] > 0xBF]
    what = dice.randrange(6)
    if what == 0:
        del found[at:]
    elif what == 1:
        del found[at : at + dice.randrange(1, 60)]
    elif what == 2:
        found[at:at] = dice.randbytes(dice.randrange(1, 40))
    elif what == 3:
        found[dice.choice(heads) + 1] = dice.choice(MARKERS)
    elif what == 4:
        at = min(dice.choice(heads) + dice.randrange(2, 20), len(found) - 1)
        found[at] = dice.choice(HEAD_BYTES)
    else:
        for _ in range(dice.randrange(1, 9)):
            found[dice.randrange(len(found))] = dice.randrange(256)
    return bytes(found)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_is_judged_as_a_whole_decoding_judges_it(kind):
    dice = random.Random(kind)
    taken = []
    for size in SIZES:
        whole = jpeg(kind, size)
        assert is_taken(whole) and is_decoded_whole(whole)
        for _ in range(80):
            data = mutated(whole, dice)
            taken.append(is_taken(data))
            assert taken[-1] == is_decoded_whole(data), data.hex()
    assert 30 < sum(taken) < 290


@pytest.mark.parametrize("kind", KINDS)
def test_a_jpeg_cut_anywhere_is_judged_so_too(kind):
    whole = jpeg(kind, (64, 48))
    for length in range(1, len(whole), 7):
        assert is_taken(whole[:length]) == is_decoded_whole(whole[:length]), length


def test_what_a_picture_tells_of_itself_comes_with_the_judgement():
    moment = datetime.datetime(2026, 11, 24, 16, 5, 12)
    data = photo((40, 30), captured_at=moment, offset="+00:00", cause="pir")
    at = moment.replace(tzinfo=datetime.UTC)
    assert judge(data) == Picture(40, 30, at, "pir", ending="jpg")
    assert judge(picture("PNG")) == Picture(64, 48, ending="png")


def huge():
    """Return a picture of some KB that takes 62 MB of memory, and a while, to decode."""
    file = io.BytesIO()
    Image.new("L", (7900, 7900)).save(file, "PNG")
    return file.getvalue()


def working(call, **options):
    """Run the coroutine function `call` with Workers, and return what it does."""

    async def run():
        workers = Workers(options.pop("count", 1), **options)
        try:
            return await call(workers)
        finally:
            await workers.close()

    return asyncio.run(run())


def test_processes_judge_as_threads_do():
    data = photo(captured_at=datetime.datetime(2026, 1, 2), offset="+01:00", cause="pir")

    async def several(workers):
        await workers.start()
        asked = [workers.judge(each) for each in (data, picture("PNG"), b"none") * 5]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert found[:2] * 5 == [judge(data), judge(picture("PNG"))] * 5
        assert isinstance(found[2], PictureError)
        assert len(workers.pids) == 2

    working(several, count=2)


def test_a_process_that_dies_costs_one_picture():
    async def killed(workers):
        kept = await workers.judge(picture())
        lost = asyncio.ensure_future(workers.judge(huge()))
        (pid,) = workers.pids
        await asyncio.sleep(0.02)  # it has it in hand
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(UnjudgedError):
            await lost
        assert await workers.judge(picture()) == kept
        (pid,) = workers.pids
        os.kill(pid, signal.SIGKILL)  # while nothing is asked of it
        while pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z":
            await asyncio.sleep(0.01)
        assert await workers.judge(picture()) == kept

    working(killed)


def test_a_process_that_hangs_is_given_up():
    async def stopped(workers):
        await workers.judge(picture())
        (pid,) = workers.pids
        os.kill(pid, signal.SIGSTOP)
        with pytest.raises(UnjudgedError, match="not judged within"):
            await workers.judge(picture())
        assert not pathlib.Path(f"/proc/{pid}").exists()

    working(stopped, wait_seconds=5)


def test_a_process_is_replaced_after_so_many_pictures():
    async def many(workers):
        seen = set()
        for _ in range(5):
            await workers.judge(picture())
            seen |= set(workers.pids)
        assert len(seen) == 3 and len(workers.pids) == 1

    working(many, most_pictures=2)


def test_a_large_picture_is_judged_alone_however_small_the_shares():
    data = huge()

    async def large(workers):
        found = await asyncio.gather(*(workers.judge(data) for _ in range(3)))
        assert [each.width for each in found] == [7900] * 3

    working(large, count=2, memory=1_000_000)
    with pytest.raises(LargeError):
        judge(data, 500_000)
    assert judge(picture(), 1_000_000).width == 64
