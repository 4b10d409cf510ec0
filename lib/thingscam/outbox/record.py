# A waiting picture: one file, the plain picture and behind it a record that proves it whole.

import binascii
import errno
import os
import struct

from thingscam.outbox import folder as folders
from thingscam.util.compat import const

RECORD_BYTES = const(64)

# Magic, number, bytes and CRC-32 of the picture; when it was taken; how many pictures and
# bytes the outbox had taken in before it; cause; CRC-32 of the record itself.
_RECORD = const("<4sIIIqIQ24sI")
_MAGIC = const(b"TCO1")
_NO_TIME = const(-1)
_MAX_TIME = const(0xFFFFFFFF)  # the year 2106
_SECTOR = const(512)
_CAUSE = const(24)


class StorageError(OSError):
    """A waiting picture cannot be read: flash or card is at fault, and no network."""


def record(view, number, totals, captured_at, cause):
    """Return the record of the picture `view` as bytes.

    `totals` are how many pictures, and how many bytes, the outbox had taken in before it.
    """
    taken = _NO_TIME if captured_at is None else int(captured_at)
    crc = binascii.crc32(view)
    word = cause.encode()
    while len(word) > _CAUSE:  # character by character: it stays a text
        cause = cause[:-1]
        word = cause.encode()
    # They go on from what a record said, which may have been anything.
    count, bytes_ = totals[0] & 0xFFFFFFFF, totals[1] & 0xFFFFFFFFFFFFFFFF
    data = struct.pack(_RECORD, _MAGIC, number, len(view), crc, taken, count, bytes_, word, 0)
    return data[:-4] + struct.pack("<I", binascii.crc32(data[:-4]))


def write(file, view, data, head_first):
    """Write picture and record to an open file, through to the medium; raises OSError.

    With `head_first` (FAT) the first sector is written through before the rest: from then
    on the file owns its clusters, and what a power cut leaves of it can be deleted. Without
    it they would be lost until the file system is repaired.
    """
    if head_first and len(view) > _SECTOR:
        file.write(view[:_SECTOR])
        file.flush()
        file.write(view[_SECTOR:])
    else:
        file.write(view)
    file.write(data)
    if hasattr(os, "fsync"):  # a computer; on a board it is close() that writes through
        file.flush()
        os.fsync(file.fileno())  # pyright: ignore[reportAttributeAccessIssue]


def load(outbox, path, number, buffer):
    """Return the Entry in the file at `path`; None when the file is not whole.

    With a `buffer` the whole picture is read into it, part by part, and compared with its
    check sum. Raises OSError when the file cannot be read.
    """
    with open(path, "rb") as file:
        size = file.seek(0, 2) - RECORD_BYTES
        if size <= 0:
            return None
        file.seek(size)
        data = file.read(RECORD_BYTES)
        found = struct.unpack(_RECORD, data)
        magic, its_number, its_size, crc, taken, count, bytes_, word, own = found
        if magic != _MAGIC or own != binascii.crc32(data[:-4]):
            return None
        if its_number != number or its_size != size:
            return None
        if buffer is not None:
            file.seek(0)
            if _crc(file, size, buffer) != crc:
                return None
    entry = Entry(outbox, path, number, size)
    entry.crc = crc
    if 0 <= taken <= _MAX_TIME or taken < -_MAX_TIME:
        entry.captured_at = taken
    try:
        entry.cause = str(word.rstrip(b"\0"), "utf-8")
    except UnicodeError:  # a record that we did not write
        pass
    entry.totals = count, bytes_
    return entry


def copy(path, target, buffer):
    """Copy a file; raises OSError."""
    view = memoryview(buffer)
    with open(path, "rb") as source, open(target, "wb") as file:
        while True:
            count = source.readinto(buffer)
            if not count:
                return
            file.write(view[:count])


class Entry:
    """One picture that waits.

    `size` is in bytes; `captured_at` and `cause` are what put() was given; `number` tells its
    place in the order of arrival in its `outbox`; `crc` is the picture's CRC-32. `broken` is
    None, or the StorageError that reading its open file ended with, whatever became of that on
    the way.
    """

    def __init__(self, outbox, path, number, size):
        self.outbox = outbox
        self._path = path
        self.number = number
        self.size = size
        self.crc = 0
        self.captured_at = None
        self.cause = ""
        self.totals = 0, 0  # pictures and bytes before it: see record()
        self.broken = None

    def open(self):
        """Return the picture as an open file: readinto(), seek(), tell(), close().

        While it is open the outbox does not drop it to make room. Raises OSError when it
        cannot be read, or is no longer there; the file's methods raise StorageError, also
        when it ends before its time.
        """
        return _Picture(self, self.outbox, open(self._path, "rb"))


class _Picture:
    # The file without the record at its end.

    def __init__(self, entry, outbox, file):
        self._entry = entry
        self._outbox = outbox
        self._file = file
        self._size = entry.size
        outbox.locked = entry.number

    def readinto(self, buffer):
        try:
            left = self._size - self._file.tell()
            if left <= 0:
                return 0
            if left < len(buffer):
                buffer = memoryview(buffer)[:left]
            count = self._file.readinto(buffer)
        except OSError as e:
            raise self._broken(e.errno)
        if not count:
            raise self._broken(errno.EIO)
        return count

    def seek(self, offset, whence=0):
        if whence == 2:
            offset += self._size
        try:
            return self._file.seek(offset)
        except OSError as e:
            raise self._broken(e.errno)

    def tell(self):
        return self._file.tell()

    def _broken(self, number):
        self._entry.broken = StorageError(number, "the picture's file cannot be read")
        return self._entry.broken

    def close(self):
        if self._outbox.locked == self._entry.number:
            self._outbox.locked = None
        self._file.close()


def _crc(file, size, buffer):
    view = memoryview(buffer)
    crc = 0
    while size > 0:
        count = file.readinto(buffer)
        if not count:
            break
        count = min(count, size)
        crc = binascii.crc32(view[:count], crc)
        size -= count
    return crc


def prune(folder, form, most):
    """Delete the lowest numbered files of a folder until `most` are left.

    Returns whether there were more. One that cannot be deleted stays beside them. Raises
    OSError when the folder cannot be read.
    """
    more = False
    low = 0
    while True:
        count = 0
        first = None
        for name, is_folder, _ in folders.entries(folder):
            number = None if is_folder else folders.number(name, form)
            if number is not None and number >= low:
                count += 1
                first = number if first is None else min(first, number)
        if first is None or count <= most:
            return more
        low = first + 1
        try:
            os.remove(folder + "/" + form % first)
            more = True
        except OSError:
            # It may be read-only: the next one will do.
            pass
