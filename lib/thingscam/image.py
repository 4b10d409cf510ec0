# What may be sent: the format by its magic bytes, JPEG start and end, size.

from thingscam.port import const

# The service takes 500 KB a picture, read as 500 * 1024 bytes, boundary included.
LIMIT = const(512000)

_ZEROS = bytes(256)


class ImageError(Exception):
    """The data is no picture the service would take; the text says why."""


def check(data, limit=LIMIT):
    """Return the format of a picture: "jpeg", "png", "gif", "webp" or "bmp".

    `data` is any bytes-like object, looked at in place; `limit` is in bytes, boundary
    included. Zero bytes behind a JPEG's end marker (camera drivers round frames up)
    are tolerated and not counted in the size: `padding()` tells how many to leave off.

    Raises ImageError for anything that is not a whole picture within the limit, and for
    what a camera driver returns in place of a failed capture (None, False).
    """
    view = _view(data)
    if not len(view):
        raise ImageError("empty picture: 0 bytes")
    kind = _kind(view)
    size = len(view)
    if kind == "jpeg" or kind is None:
        size -= padding(view)
        ended = view[size - 2 : size] == b"\xff\xd9"
        # Only a picture that ends as a JPEG does, or begins as one nearly does, lost its start.
        if kind is None and (ended or view[:2] == b"\xff\xd8"):
            raise ImageError("JPEG without start: no FF D8 FF at its head")
        if kind and (not ended or size < 5):
            raise ImageError("JPEG cut short: no end marker FF D9 in {} bytes".format(len(view)))
    if kind is None:
        head = " ".join("{:02x}".format(byte) for byte in view[:4])
        raise ImageError("not a picture: begins with {}".format(head))
    if size > limit:
        raise ImageError("picture too large: {} bytes, limit {}".format(size, limit))
    return kind


def padding(data):
    """Return how many zero bytes stand at the end of `data`, to be left off a JPEG."""
    view = _view(data)
    end = len(view)
    # In blocks: byte by byte, a padded half megabyte takes seconds on a board.
    while end >= 256 and view[end - 256 : end] == _ZEROS:
        end -= 256
    while end and view[end - 1] == 0:
        end -= 1
    return len(view) - end


def _kind(view):
    if view[:3] == b"\xff\xd8\xff":
        return "jpeg"
    if view[:8] == b"\x89PNG\r\n\x1a\n":
        return "png"
    if view[:6] == b"GIF87a" or view[:6] == b"GIF89a":
        return "gif"
    if view[:4] == b"RIFF" and view[8:12] == b"WEBP":
        return "webp"
    if view[:2] == b"BM":
        return "bmp"
    return None


def _view(data):
    try:
        if not isinstance(data, str):  # MicroPython has views of texts
            return memoryview(data)
    except TypeError:
        pass
    raise ImageError("no picture: {} in place of its bytes".format(type(data).__name__))
