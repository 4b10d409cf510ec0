# Capture time, cause and board, put into a JPEG as it is sent: an EXIF segment behind SOI.

import struct
import time

from thingscam import __version__
from thingscam.image import checks as images
from thingscam.util.compat import const

# Tags and types as in the EXIF standard, CIPA DC-008-2019 (EXIF 2.32), in the order of
# their numbers, as TIFF wants them.
_DESCRIPTION = const(0x010E)
_MODEL = const(0x0110)
_ORIENTATION = const(0x0112)
_SOFTWARE = const(0x0131)
_EXIF_IFD = const(0x8769)
_VERSION = const(0x9000)
_TIME_ORIGINAL = const(0x9003)
_OFFSET_ORIGINAL = const(0x9011)
_USER_COMMENT = const(0x9286)
_ASCII = const(2)
_SHORT = const(3)
_LONG = const(4)
_UNDEFINED = const(7)

_MAX_TEXT = const(48)
_MAX_SEGMENTS = const(64)
_SOI = const(b"\xff\xd8")


def segment(captured_at, cause, model, rotate=0):
    """Return the EXIF segment (bytes, at most about 370): marker, length, content.

    `captured_at` is in seconds since 1970 UTC; None: no time is told. The first word of `cause`
    becomes ImageDescription, what stands behind it UserComment, `model` Model: ASCII, the first
    48 characters; empty ones are left out.
    `rotate` becomes Orientation: by how many degrees, clockwise, it is to be turned, 90 or 270.
    Software is thingscam with its version.
    """
    entries = []
    word, _, notes = cause.partition(" ")
    software = "thingscam " + __version__
    for tag, text in ((_DESCRIPTION, word), (_MODEL, model), (_SOFTWARE, software)):
        if text:
            entries.append((tag, _ASCII, _ascii(text)))
        if tag == _MODEL and rotate in (90, 270):
            entries.append((_ORIENTATION, _SHORT, bytes((rotate // 90 + 5, 0))))
    inner = []
    if captured_at is not None:
        inner.append((_TIME_ORIGINAL, _ASCII, _time(captured_at)))
        inner.append((_OFFSET_ORIGINAL, _ASCII, b"+00:00\0"))
    if notes:
        inner.append((_USER_COMMENT, _UNDEFINED, b"ASCII\0\0\0" + _ascii(notes)[:-1]))
    if inner:
        # Behind the TIFF header of 8 bytes and the first directory, with one more entry of 12.
        start = 20 + len(_directory(8, entries))
        entries.append((_EXIF_IFD, _LONG, struct.pack("<I", start)))
        inner = _directory(start, [(_VERSION, _UNDEFINED, b"0232")] + inner)
    content = b"Exif\0\0II*\0\x08\0\0\0" + _directory(8, entries) + bytes(inner)
    return b"\xff\xe1" + struct.pack(">H", 2 + len(content)) + content


class Stamped:
    """A picture with a segment put in behind its SOI: a file to be read, nothing is copied.

    `image` is bytes-like, or an open file with readinto(), seek(), tell() and close(), that
    stands at its begin. No JPEG, one that has EXIF already, and one that would be over
    `limit` bytes with the segment: these are read as they are. Raises OSError when the file
    cannot be read, as do the methods. `parts` are the views that make it up, for who can
    send these as they are; None for a file.
    """

    def __init__(self, image, segment, limit=images.LIMIT):
        self._file = image if hasattr(image, "readinto") else _Bytes(image)
        self._head = memoryview(b"")  # in place of the file's SOI
        self._size = self._file.seek(0, 2)
        if self._size + len(segment) <= limit and _wants_exif(self._file):
            self._head = memoryview(_SOI + segment)
            self._size += len(segment)
        self.parts = None
        if isinstance(self._file, _Bytes):
            self.parts = (self._head, self._file.view[len(_SOI) if self._head else 0 :])
        self.seek(0)

    def readinto(self, buffer):
        """Fill a buffer as far as there is data; return how many bytes that was."""
        head = self._head
        done = len(head) - self._at
        if done <= 0:
            # Most of it: straight from the file, with no view of anything.
            done = self._file.readinto(buffer)
        else:
            view = buffer if isinstance(buffer, memoryview) else memoryview(buffer)
            if self._at or done > len(view):
                head = head[self._at : self._at + len(view)]
                done = len(head)
            view[:done] = head
            if done < len(view):
                done += self._file.readinto(view[done:])
        self._at += done
        return done

    def seek(self, offset, whence=0):
        """Go to byte `offset` (`whence` 0), or to so many behind the end (2); return where."""
        self._at = offset + (self._size if whence == 2 else 0)
        head = len(self._head)
        self._file.seek(max(self._at - head, 0) + len(_SOI) if head else self._at)
        return self._at

    def tell(self):
        """Return at which byte it stands."""
        return self._at

    def close(self):
        """Close the file."""
        self._file.close()


class _Bytes:
    # Bytes in memory, as a file: MicroPython's BytesIO copies them.

    def __init__(self, data):
        self.view = memoryview(data)
        self._at = 0

    def readinto(self, buffer):
        part = self.view[self._at : self._at + len(buffer)]
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def seek(self, offset, whence=0):
        self._at = offset + (len(self.view) if whence == 2 else 0)
        return self._at

    def close(self):
        pass


def _wants_exif(file):
    # A JPEG without EXIF: walks its segments up to the first scan.
    head = bytearray(10)
    at = len(_SOI)
    file.seek(0)
    if file.readinto(head) < 10 or head[:3] != b"\xff\xd8\xff":
        return False
    for _ in range(_MAX_SEGMENTS):
        file.seek(at)
        count = file.readinto(head)
        if count < 4 or head[0] != 0xFF:
            return False  # whatever it is, better left alone
        if head[1] == 0xFF:  # filling
            at += 1
            continue
        if head[1] == 0xDA:
            return True
        if head[1] == 0xE1 and count == 10 and head[4:] == b"Exif\0\0":
            return False
        at += 2 + (head[2] << 8 | head[3])
    return False


def _directory(start, entries):
    # A TIFF directory (IFD) for byte `start`; values of up to four bytes stand in the entry.
    table = struct.pack("<H", len(entries))
    more = b""
    behind = start + 2 + 12 * len(entries) + 4
    for tag, kind, value in entries:
        count = 1 if kind in (_SHORT, _LONG) else len(value)
        table += struct.pack("<HHI", tag, kind, count)
        if len(value) <= 4:
            table += value + bytes(4 - len(value))
            continue
        table += struct.pack("<I", behind + len(more))
        more += value + bytes(len(value) % 2)  # each begins at an even byte
    return table + bytes(4) + more


def _ascii(text):
    data = b""
    for char in text[:_MAX_TEXT]:
        data += char.encode() if " " <= char <= "~" else b"?"
    return data + b"\0"


def _time(seconds):
    # Boards count from 2000.
    epoch = 946684800 if time.gmtime(0)[0] == 2000 else 0
    now = time.gmtime(int(seconds) - epoch)
    return b"%04d:%02d:%02d %02d:%02d:%02d\0" % tuple(now[:6])
