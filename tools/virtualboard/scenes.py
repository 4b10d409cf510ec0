# What the simulated camera sees: photographs, with number and time painted in.

import datetime
import functools
import io
import pathlib
import re

from PIL import Image, ImageDraw, ImageEnhance, ImageOps

from .clock import EPOCH_2000

PHOTOS = pathlib.Path(__file__).parent / "photos"

# Width and height by the name the drivers give it (esp32-camera's sensor.h).
SIZES = {
    "R96X96": (96, 96), "QQVGA": (160, 120), "QCIF": (176, 144), "HQVGA": (240, 176),
    "R240X240": (240, 240), "QVGA": (320, 240), "CIF": (400, 296), "HVGA": (480, 320),
    "VGA": (640, 480), "SVGA": (800, 600), "XGA": (1024, 768), "HD": (1280, 720),
    "SXGA": (1280, 1024), "UXGA": (1600, 1200), "FHD": (1920, 1080), "QXGA": (2048, 1536),
}  # fmt: skip
_STRIP = 26
_NEGATIVE, _GRAYSCALE = 1, 2  # effects, esp32-camera's sensor.h
_COMMENT = re.compile(rb"\xff\xfe..frame (\d{6}) at (\d+)", re.DOTALL)


class Scenes:
    """Frames made from the JPEG files of `folder`, one after the other."""

    def __init__(self, folder=PHOTOS):
        self._paths = sorted(pathlib.Path(folder).glob("*.jpg"))
        if not self._paths:
            raise ValueError("{}: no *.jpg in it".format(folder))

    def jpeg(self, number, moment_ms, size, quality, light=1.0, look=None):
        """Return the JPEG (bytes) of frame `number`, seen at `moment_ms` since 2000.

        `size` is a name in SIZES, `quality` in percent, `light` 1 for a well-lit frame; `look` is
        what was set of the sensor, by esp32-camera's names: what can be seen here is done.
        """
        picture = _scaled(self._paths[number % len(self._paths)], SIZES[size]).copy()
        if light < 1:
            picture = ImageEnhance.Brightness(picture).enhance(light)
        draw = ImageDraw.Draw(picture)
        moment = datetime.datetime.fromtimestamp(moment_ms / 1000 + EPOCH_2000, datetime.UTC)
        draw.rectangle((0, 0, picture.width, _STRIP), fill="black")
        text = "#{:06d}  {:%Y-%m-%d %H:%M:%S} UTC".format(number, moment)
        draw.text((6, 3), text, fill="white", font_size=18)
        picture = _as_set(picture, look or {})
        data = io.BytesIO()
        comment = "frame {:06d} at {}".format(number, moment_ms)
        # An OV2640's JPEGs are smaller than Pillow's of the same quality: the lens is soft.
        quality = max(5, min(quality, 100)) * 65 // 100
        picture.save(data, "JPEG", quality=quality, comment=comment)
        return data.getvalue()


def _as_set(picture, look):
    if look.get("vflip"):
        picture = ImageOps.flip(picture)
    if look.get("hmirror"):
        picture = ImageOps.mirror(picture)
    if look.get("brightness"):
        picture = ImageEnhance.Brightness(picture).enhance(1 + look["brightness"] / 5)
    effect = look.get("special_effect")
    if effect == _NEGATIVE:
        picture = ImageOps.invert(picture)
    elif effect == _GRAYSCALE:
        picture = ImageOps.grayscale(picture).convert("RGB")
    return picture


def frame_of(jpeg):
    """Return number and moment (ms since 2000) of the frame in a JPEG that Scenes has made.

    None for another picture. They stand in a comment, which survives what a firmware adds.
    """
    found = _COMMENT.search(jpeg)
    return (int(found[1]), int(found[2])) if found else None


@functools.lru_cache(maxsize=32)
def _scaled(path, size):
    with Image.open(path) as picture:
        return picture.convert("RGB").resize(size)
