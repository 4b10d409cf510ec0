# Judges whether bytes are a picture the service would take.
#
# Source of the formats: ThingsCloud's "Device image upload" documentation.

import io
import itertools
import struct
import zlib
from dataclasses import dataclass

from PIL import Image

# Pillow's name -> media type, ending of a file's name. MPO is a JPEG with more pictures
# behind the first one, as telephones make them.
_FORMATS = {
    "JPEG": ("image/jpeg", "jpg"),
    "MPO": ("image/jpeg", "jpg"),
    "PNG": ("image/png", "png"),
    "GIF": ("image/gif", "gif"),
    "WEBP": ("image/webp", "webp"),
    "BMP": ("image/bmp", "bmp"),
}
_OPENERS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")

# All frames together; a few hundred bytes can claim to be thousands of megapixels.
MAX_PIXELS = 64_000_000

# What Pillow's decoders raise for broken data.
_BROKEN = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    LookupError,
    TypeError,
    AttributeError,
    ArithmeticError,
    MemoryError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class PictureError(Exception):
    """The bytes are not a whole picture in one of the service's formats."""


@dataclass(frozen=True)
class Picture:
    """What was found in the bytes: size in pixels, the ending for a file's name."""

    width: int
    height: int
    ending: str


def judge(data):
    """Decode all of `data` (bytes) and return the Picture it is.

    Raises PictureError for another format, for broken or truncated data, and for more
    than MAX_PIXELS.
    """
    try:
        with Image.open(io.BytesIO(data), formats=_OPENERS) as image:
            image.verify()
        # verify() leaves the image unusable: opened again to decode it.
        with Image.open(io.BytesIO(data), formats=_OPENERS) as image:
            picture = Picture(*image.size, _FORMATS[image.format or ""][1])
            _load_all(image)
            return picture
    except _BROKEN as error:
        raise PictureError(str(error)) from error


def media_type(path):
    """Return the media type of the picture file at `path`, judged from its content.

    Raises PictureError if it is none.
    """
    try:
        with Image.open(path, formats=_OPENERS) as image:
            return _FORMATS[image.format or ""][0]
    except _BROKEN as error:
        raise PictureError(str(error)) from error


def _load_all(image):
    pixels = 0
    for frame in itertools.count():
        try:
            image.seek(frame)
        except EOFError:
            return
        pixels += image.width * image.height
        if pixels > MAX_PIXELS:
            raise PictureError(f"more than {MAX_PIXELS} pixels")
        image.load()
