# What may be sent: the format by its magic bytes, size, and of a JPEG that it is whole.

from thingscam.util.compat import const

# The service takes 500 KB a picture, read as 500 * 1024 bytes, boundary included.
LIMIT = const(512000)

# Markers as in ITU-T T.81, table B.1; each stands behind an FF.
_END = const(0xD9)
_SCAN = const(0xDA)
_NO_FRAMES = (0xC4, 0xC8, 0xCC)  # the others from C0 to CF begin a frame
_MAX_MARKERS = const(500)  # until the scan, fill bytes with them
_BLOCK = const(1024)


class ImageError(Exception):
    """The data is no picture the service would take; the text says why."""


def check(data, limit=LIMIT):
    """Return the format of a picture: "jpeg", "png", "gif", "webp" or "bmp".

    `data` is any bytes-like object, looked at in place; `limit` is in bytes, boundary
    included. What stands behind a JPEG's end marker (zeros, or what an older frame has left
    in a camera driver's buffer) is tolerated and not counted: see measure().

    Raises ImageError for anything that is not a whole picture within the limit, and for
    what a camera driver returns in place of a failed capture (None, False).
    """
    return measure(data, limit)[0]


def measure(data, limit=LIMIT):
    """Return (format, bytes) as check() does: how many of them are the picture."""
    view = _view(data)
    size = len(view)
    if not size:
        raise ImageError("empty picture: 0 bytes")
    kind = _kind(view)
    if kind == "jpeg":
        size = _end(view, _scan(view))
    elif kind is None:
        # Only a picture that ends as a JPEG does, or begins as one nearly does, lost its start.
        if view[:2] == b"\xff\xd8" or view[size - 2 :] == b"\xff\xd9":
            raise ImageError("JPEG without start: no FF D8 FF at its head")
        head = " ".join("{:02x}".format(byte) for byte in view[:4])
        raise ImageError("not a picture: begins with {}".format(head))
    if size > limit:
        raise ImageError("picture too large: {} bytes, limit {}".format(size, limit))
    return kind, size


def _scan(view):
    # Walks the markers to the first scan, and returns where its data begins. Thumbnails are
    # in segments, which are stepped over.
    at, framed = 2, False
    for _ in range(_MAX_MARKERS):
        if at + 4 > len(view):
            break
        if view[at] != 0xFF:
            raise ImageError("JPEG damaged: no marker at byte {}".format(at))
        marker = view[at + 1]
        if marker == 0xFF:  # filling
            at += 1
            continue
        if marker == _END or (marker == _SCAN and not framed):
            break
        framed = framed or (0xC0 <= marker <= 0xCF and marker not in _NO_FRAMES)
        at += 2 + (view[at + 2] << 8 | view[at + 3])
        if marker == _SCAN:
            return at
    if at + 4 > len(view) and view[len(view) - 2 :] != b"\xff\xd9":
        raise _cut_short(view)
    raise ImageError("JPEG without a picture: no frame header and scan")


def _end(view, start):
    # Behind a scan's begin the first FF D9 is the end: in its data no FF is followed by that.
    block = bytearray(_BLOCK)
    at = start
    while at < len(view) - 1:
        part = view[at : at + _BLOCK]
        count = len(part)
        block[:count] = part
        found = block.find(b"\xff\xd9", 0, count)
        if found >= 0:
            if at + found == start:
                raise ImageError("JPEG without a picture: its scan is empty")
            return at + found + 2
        at += _BLOCK - 1
    raise _cut_short(view)


def _cut_short(view):
    return ImageError("JPEG cut short: no end marker FF D9 in {} bytes".format(len(view)))


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
