# A bundle that comes piece by piece: believed by its signature, and unpacked into a slot.

import hashlib
import os

from thingscam.outbox import folder as folders
from thingscam.util.compat import const

_MAGIC = b"TCU1"
_HEAD = const(264)  # magic, the manifest's length, its signature
_MOST = const(32768)  # bytes of a manifest
_KEY_BYTES = const(256)
_E = const(65537)
# What stands before the SHA-256 in a signature by PKCS#1 v1.5: RFC 8017, 9.2.
_SHA256 = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"
_FIELDS = ("version", "mpy", "micropython", "boards", "downgrade")
_BLOCK = const(4096)  # of the flash: a file takes whole ones
_FOLDER = const(8192)  # a folder takes two of them
_ROOM = const(16384)  # for the board to live on
_PASSES = const(3)


class BundleError(Exception):
    """The bundle is not taken; the text says why."""


def is_signed(signature, digest, key):
    """Return whether `signature` (256 bytes) of a SHA-256 is one by `key` (a modulus)."""
    number = int.from_bytes(signature, "big")
    if number >= key or len(signature) != _KEY_BYTES:
        return False
    block = _SHA256 + digest
    block = b"\x00\x01" + b"\xff" * (_KEY_BYTES - 3 - len(block)) + b"\x00" + block
    return pow(number, _E, key).to_bytes(_KEY_BYTES, "big") == block


def load_key(path):
    """Return the modulus in the file `path`, as `update keys` writes it; raises BundleError."""
    try:
        with open(path) as file:
            key = int(file.read(2 * _KEY_BYTES), 16)
    except (OSError, ValueError) as e:
        raise BundleError("{}: no public key in it ({}): deploy puts it there".format(path, e))
    if key >> (8 * _KEY_BYTES - 1) != 1:
        raise BundleError("{}: is no key of 2048 bits".format(path))
    return key


class Unpacker:
    """Puts a bundle into `folder`, where a part of it may be already.

    `key` is the modulus of who must have signed it. `judge(fields)` gets what its manifest says,
    a dict of texts, and returns why it is not wanted, a text, or None. As long as `done` is false
    call look() while `looks` is true, else feed() with what begins at byte `at` of the bundle.

    All of these raise BundleError: nothing can be done with it; and OSError, of the flash.
    """

    def __init__(self, folder, key, judge):
        self._folder = folder
        self._key = key
        self._judge = judge
        self._view = memoryview(bytearray(512))
        self._file = self._sum = None
        self._now = ("", 0, "", 0)
        self._left = 0  # bytes of what is being written
        self.done = False
        self.looks = False
        self.at = 0
        self._passes = 0
        self._begin()
        if folders.exists(self._head):
            try:
                self._believe()
            except BundleError:
                self._begin()

    def rewind(self):
        """Forget the file, or the manifest, that is half received: feed() wants it anew."""
        if self._file is not None:
            self._file.close()
            self._file = None
            self.at -= self._size - self._left
            self._left = self._size
        if not self._line:
            self._begin()

    def forget(self):
        """Leave nothing of it in the folder that could be taken up again."""
        self.rewind()
        self._begin()
        clear(self._folder)

    def look(self):
        """See whether the next file is there as it should be: one a call, and all once more."""
        if self._line == self._end:
            self._passes += 1
            if self._clean:
                self.done, self.looks = True, False
                return
            if self._passes >= _PASSES:
                raise BundleError("the flash does not keep what is written to it")
            self._rescan()
        self._now = path, size, sum_, line = self._entry()
        if self._is_whole(path, size, sum_):
            self.at += size
            self._line = line
        else:
            self._clean = self.looks = False
            self._left = self._size = size

    def feed(self, data):
        """Take the next bytes, a memoryview; return how many of them are used up."""
        count = min(len(data), self._left)
        if self._line:
            self._take_file(data[:count])
        else:
            self._take_head(data[:count])
        return count

    @property
    def _head(self):
        return self._folder + "/manifest"

    def _begin(self):
        self._line = self._end = self.at = 0  # no manifest
        self.looks = False
        self._begun = b""
        self._left = self._size = 8

    def _take_head(self, data):
        if self._file is None:
            # The manifest goes first: what it spoke of is worth nothing without it.
            clear(self._folder)
            folders.make_path(self._folder, print)
            self._file = open(self._head, "wb")  # noqa: SIM115
        self._file.write(data)
        self.at += len(data)
        self._left -= len(data)
        if self._size == 8:
            self._begun += data
            if not self._left:
                length = int.from_bytes(self._begun[4:], "little")
                if self._begun[:4] != _MAGIC or length > _MOST:
                    raise BundleError("it does not begin as a bundle does")
                self._size = _HEAD + length
                self._left = self._size - 8
        elif not self._left:
            self._file.close()
            self._file = None
            self._believe()

    def _believe(self):
        # Raises BundleError unless the manifest that is in the folder can be believed.
        with open(self._head, "rb") as file:
            head = file.read(_HEAD)
            sum_ = hashlib.sha256()
            size = self._hash(file, sum_)
            if head[:4] != _MAGIC or size != int.from_bytes(head[4:8], "little"):
                raise BundleError("its head is not as it was made")
            if not is_signed(head[8:], sum_.digest(), self._key):
                raise BundleError("it is not signed by the key of this board, or is damaged")
            file.seek(_HEAD)
            fields = {}
            for name in _FIELDS:
                word, _, value = str(file.readline(), "utf-8").strip().partition(" ")
                if word != name:
                    raise BundleError("it is made for another version of thingscam")
                fields[name] = value
            self._first = file.tell()
            self._end = _HEAD + size
            self._start = self.at = self._end
        why = self._judge(fields) or self._no_room()
        if why:
            raise BundleError(why)
        self._rescan()

    def _rescan(self):
        self._line, self.at = self._first, self._start
        self._clean = self.looks = True

    def _entry(self):
        # The file whose turn it is: path, size, sum, and where the next line begins.
        with open(self._head, "rb") as file:
            file.seek(self._line)
            word, path, size, sum_ = str(file.readline(), "utf-8").strip().split(" ")
            if word != "file" or path[:10] != "thingscam/" or ".." in path:
                raise BundleError("it is made for another version of thingscam")
            return self._folder + "/" + path, int(size), sum_, file.tell()

    def _no_room(self):
        # Why it does not fit, a text, or None; what is there already has its place.
        needed = _ROOM
        seen = []
        self._line = self._first
        while self._line < self._end:
            path, size, _, self._line = self._entry()
            needed += -(-size // _BLOCK) * _BLOCK - (folders.size(path) and size)
            folder = path.rpartition("/")[0]
            if folder not in seen:
                seen.append(folder)
                needed += 0 if folders.exists(folder) else _FOLDER
        status = os.statvfs(self._folder)  # pyright: ignore[reportAttributeAccessIssue]
        free = status[3] if status[3] <= status[2] else status[3] - (1 << 32)
        # It counts the two blocks of each folder twice; here are most of them, and what came by
        # cable has as many as the bundle.
        twice = _count(self._folder.rpartition("/")[0])
        twice += len(seen) if folders.exists("/lib/thingscam") else 0
        free = status[0] * free + _FOLDER * twice
        if needed > free:
            return "it needs %d KB on the flash, %d KB are free" % (needed // 1024, free // 1024)
        return None

    def _is_whole(self, path, size, sum_):
        if folders.size(path) != size:
            return False
        with open(path, "rb") as file:
            found = hashlib.sha256()
            self._hash(file, found)
        return found.digest() == _bytes(sum_)

    def _hash(self, file, sum_):
        # Puts the rest of a file into `sum_`; returns its bytes.
        size = 0
        while True:
            count = file.readinto(self._view)
            if not count:
                return size
            sum_.update(self._view[:count])
            size += count

    def _take_file(self, data):
        path, _, sum_, line = self._now
        if self._file is None:
            folders.make_path(path.rpartition("/")[0], print)
            self._sum = hashlib.sha256()
            self._file = open(path, "wb")  # noqa: SIM115
        self._file.write(data)
        self._sum.update(data)
        self.at += len(data)
        self._left -= len(data)
        if not self._left:
            self._file.close()
            self._file = None
            if self._sum.digest() != _bytes(sum_):
                raise BundleError("{} came otherwise than it was signed".format(path))
            self._line = line
            self.looks = True


def _count(path):
    # The folders in a folder.
    count = 0
    for name, is_folder, _ in folders.entries(path):
        if is_folder:
            count += 1 + _count(path + "/" + name)
    return count


def clear(folder):
    """Remove all that is in `folder`, and it; its manifest first. Raises OSError."""
    names = sorted(folders.entries(folder), key=lambda entry: entry[0] != "manifest")
    for name, is_folder, _ in names:
        path = folder + "/" + name
        if is_folder:
            clear(path)
        else:
            os.remove(path)
    if folders.exists(folder):
        os.rmdir(folder)


def _bytes(text):
    return bytes(int(text[i : i + 2], 16) for i in range(0, len(text), 2))
