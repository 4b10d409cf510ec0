# brightness: what it tells of a JPEG is what Pillow finds in its pixels.

import io
import itertools

import pytest
from PIL import Image, ImageEnhance, ImageStat

from tests.support.world import ROOT
from thingscam.image import brightness

PHOTOS = sorted((ROOT / "tools" / "virtualboard" / "photos").glob("*.jpg"))
SIZE = (304, 240)  # whole units of any sampling: what is beyond the edge counts in blocks
OPTIONS = ({}, {"optimize": True}, {"restart_marker_blocks": 7}, {"restart_marker_rows": 1})


def pictures(path, mode):
    """Yield (data, mean luminance by Pillow) of a photo, darker and darker, of any quality.

    Each light comes with each quality and each of the options, and so do these.
    """
    with Image.open(path) as image:
        whole = image.convert(mode).resize(SIZE)
    scenes = [ImageEnhance.Brightness(whole).enhance(light) for light in (1, 0.4, 0.1, 0)]
    ways = itertools.product(range(4), range(4), range(3) if mode == "RGB" else (0,))
    for light, quality, sampling in ways:
        options = OPTIONS[(light + quality + sampling) % 4]
        file = io.BytesIO()
        scenes[light].save(
            file, "JPEG", quality=(5, 40, 85, 100)[quality], subsampling=sampling, **options
        )
        with Image.open(file) as found:
            mean = ImageStat.Stat(found.convert("YCbCr")).mean[0]
        yield file.getvalue(), mean


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize("path", PHOTOS, ids=lambda path: path.name)
def test_it_agrees_with_pillow(path, mode, monkeypatch):
    monkeypatch.setattr(brightness, "_MAX_BYTES", 1 << 30)
    for data, mean in pictures(path, mode):
        found = brightness.mean(data)
        assert found is not None and abs(found - mean) < 2.5
        for enough in (48, 100):
            assert (brightness.mean(data, enough) >= enough) == (found >= enough)


def test_a_part_of_it_stands_for_the_rest():
    with Image.open(PHOTOS[0]) as image:
        file = io.BytesIO()
        image.resize((1600, 1200)).save(file, "JPEG", quality=95)
    assert len(file.getvalue()) > 100000
    with Image.open(PHOTOS[0]) as image:
        upper = image.convert("L").crop((0, 0, image.width, image.height // 8))
        assert abs(brightness.mean(file.getvalue()) - ImageStat.Stat(upper).mean[0]) < 40


def test_progressive_ones_are_not_read():
    with Image.open(PHOTOS[0]) as image:
        file = io.BytesIO()
        image.save(file, "JPEG", progressive=True)
    assert brightness.mean(file.getvalue()) is None
