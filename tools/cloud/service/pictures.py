# Judges whether bytes are a picture the service would take.
#
# Source of the formats: ThingsCloud's "Device image upload" documentation.

import contextlib
import datetime
import io
import itertools
import re
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass

from PIL import Image
from PIL.ExifTags import IFD, Base

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
# By the ending of a file's name.
MEDIA_TYPES = {ending: media_type for media_type, ending in _FORMATS.values()}
_OPENERS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")

# All frames together; a few hundred bytes can claim to be thousands of megapixels.
MAX_PIXELS = 64_000_000

# Of all pictures that are decoded at once.
MOST_BYTES = 350_000_000
_IN_ASCII = b"ASCII\0\0\0"  # what a UserComment begins with
_HEAD_BYTES = 64_000_000  # as much as Pillow takes for texts and profiles before the pixels
_PIXEL_BYTES = 4
_CANVASES = 3  # where frames are put together: the last, the next, and what is shown

# Lossless, hierarchical or arithmetic, by the marker of its frame, wherever that stands.
_OTHER_JPEG = re.compile(rb"\xff[\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]")

# What Pillow's decoders raise for broken data.
BROKEN = (
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


# It warns of each oddity in EXIF; what can be read of it is enough here.
warnings.filterwarnings("ignore", module=r"PIL\.TiffImagePlugin")


class PictureError(Exception):
    """The bytes are not a whole picture in one of the service's formats."""


class UnjudgedError(Exception):
    """Whether the bytes are a picture could not be found out; the text says why."""


class LargeError(Exception):
    """Judging the picture takes more memory than is allowed: so many bytes."""


class _Budget:
    # Bytes of memory that several threads share: who finds too little left waits.

    def __init__(self):
        self._used = 0
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def take(self, count):
        with self._changed:
            self._changed.wait_for(lambda: not self._used or self._used + count <= MOST_BYTES)
            self._used += count
        try:
            yield
        finally:
            with self._changed:
                self._used -= count
                self._changed.notify_all()


_budget = _Budget()


@dataclass(frozen=True)
class Details:
    """What a picture tells of itself: size in pixels, and, if its EXIF says so,

    when it was captured (without a time zone if the camera did not say which) and why: a word,
    and what its UserComment notes behind it.
    """

    width: int = 0
    height: int = 0
    captured_at: datetime.datetime | None = None
    cause: str = ""


@dataclass(frozen=True)
class Picture(Details):
    """A picture that was decoded: its Details, and the ending for a file's name."""

    ending: str = ""


def judge(data, most=None):
    """Decode all of `data` (bytes) and return the Picture it is.

    Raises PictureError for another format, for broken or truncated data, and for more
    than MAX_PIXELS; LargeError where that would take more than `most` bytes of memory. Called
    by several threads it waits until there is memory for it.
    """
    # Pillow opens nothing else of this beginning; before its pixels there is nothing packed.
    head = 4 * len(data) if data.startswith(b"\xff\xd8\xff") else _HEAD_BYTES
    try:
        _keep_to(most, head)
        with _budget.take(head), _opened(data) as image:
            need = head + _need(image)
            _keep_to(most, need)
            ending = _FORMATS[image.format or ""][1]
            picture = Picture(**vars(_details(image)), ending=ending)
            image.verify()
        # verify() leaves the image unusable: opened again to decode it.
        with _budget.take(need), _opened(data) as image:
            if _is_plain_jpeg(image, data):
                # Grey, and an eighth of its size each way: libjpeg reads every code of it still,
                # and fails where it fails, but leaves out most of the arithmetic behind them.
                image.draft("L", (max(image.width // 8, 1), max(image.height // 8, 1)))
                image.load()
            else:
                _load_all(image)
            return picture
    except BROKEN as error:
        raise PictureError(str(error)) from error


def details(source):
    """Return the Details of a picture, a file's path or bytes; what cannot be read is left out."""
    try:
        with _budget.take(_HEAD_BYTES), Image.open(_file(source), formats=_OPENERS) as image:
            return _details(image)
    except BROKEN:
        return Details()


def media_type(source):
    """Return the media type of a picture, judged from its content: a file's path, or bytes.

    Raises PictureError if it is none.
    """
    try:
        with Image.open(_file(source), formats=_OPENERS) as image:
            return _FORMATS[image.format or ""][0]
    except BROKEN as error:
        raise PictureError(str(error)) from error


def _keep_to(most, need):
    if most is not None and need > most:
        raise LargeError(need)


def _file(source):
    return io.BytesIO(source) if isinstance(source, bytes) else source


def _opened(data):
    return Image.open(io.BytesIO(data), formats=_OPENERS)


def _is_plain_jpeg(image, data):
    # Of one picture, and of no kind that libjpeg decodes at its full size only.
    return image.format == "JPEG" and not _OTHER_JPEG.search(data)


def _details(image):
    width, height = image.size
    # Formats that keep EXIF behind the pixels would have to be decoded for it.
    if "exif" not in image.info:
        return Details(width, height)
    try:
        exif = image.getexif()
        return Details(width, height, _captured_at(exif), _cause(exif))
    except BROKEN:
        return Details(width, height)


def _cause(exif):
    word = _words(exif.get(Base.ImageDescription))
    notes = exif.get_ifd(IFD.Exif).get(Base.UserComment)
    if not isinstance(notes, bytes) or not notes.startswith(_IN_ASCII):
        return word
    return f"{word} {_words(notes[len(_IN_ASCII) :])}".strip()


def _captured_at(exif):
    tags = exif.get_ifd(IFD.Exif)
    when = _words(tags.get(Base.DateTimeOriginal))
    offset = _words(tags.get(Base.OffsetTimeOriginal))
    for text, form in ((when + offset, "%Y:%m:%d %H:%M:%S%z"), (when, "%Y:%m:%d %H:%M:%S")):
        try:
            return datetime.datetime.strptime(text, form)
        except ValueError:
            continue
    return None


def _words(value, most=60):
    """Return a text from EXIF, fit for one line; anything else gives an empty one."""
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())
    return line if len(line) <= most else line[:most] + "..."


def _need(image):
    pixels = image.width * image.height
    # Of a GIF it takes a look behind the first frame to know.
    if image.format == "GIF" or getattr(image, "is_animated", False):
        pixels *= _CANVASES
    if pixels > MAX_PIXELS:
        raise PictureError(f"more than {MAX_PIXELS} pixels")
    each = _PIXEL_BYTES
    if image.format == "JPEG":
        # One in several scans is kept whole as coefficients, of two bytes each.
        each = max(each, 2 * len(image.getbands()))
    return pixels * each


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
