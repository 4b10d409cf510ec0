# Pictures waiting on flash or SD card; survives power loss.

import errno

from thingscam.port import const, ticks_add, ticks_diff, ticks_ms
from thingscam.shelf import Shelf

_TRIES = const(8)  # damaged pictures to step over in one call
_BAD_MOST = const(16)
_PAUSE_MS = const(10000)  # between two looks at a file system that fails; a put() looks at once
_REJECTED_MOST = const(5)
# ENOSPC, which boards do not name; FAT says EACCES when there is no room for one name more.
_FULL = (28, errno.EACCES)


class Outbox:
    """At most `max_bytes` of pictures in the folder `path`, which is made if need be.

    A picture is one file, path/FOLDER/NUMBER.jpg: the plain picture, and behind it a record
    of 64 bytes with capture time, cause and check sums. The record is written last; a file
    with a sound one is a whole picture. There is no temporary name: renaming a file on FAT
    does not survive a power cut.

    `policy` says what gives way when it is full: "drop_oldest", or "keep_oldest" (put()
    then refuses). `log` is a Log or None. `dropped` counts the pictures lost since the
    start, those that put() refused among them.

    No method raises OSError: each says what it does. Raises ValueError for an unknown policy.
    """

    per_folder = 32

    def __init__(self, path, max_bytes, policy="drop_oldest", log=None):
        if policy not in ("drop_oldest", "keep_oldest"):
            raise ValueError("policy {!r}: drop_oldest or keep_oldest".format(policy))
        self._max = max_bytes
        self._policy = policy
        self._warn = log.warning if log is not None else lambda text, *values: None
        self._shelf = Shelf(path.rstrip("/"), self.per_folder, self._warn)
        self.dropped = 0
        self.in_use = None  # the number of the picture that is open; its file sees to it
        self._ready = False
        self._again = None  # ticks: when to look at a file system that failed
        self._recover()

    def __len__(self):
        """Return how many pictures wait.

        Exact, but after a restart with more than 256 waiting: then reckoned from the oldest
        and the newest, and off by what was last taken from between them.
        """
        return self._count if self._recover() else 0

    @property
    def bytes_used(self):
        """The bytes of all waiting pictures (int), as exact as len()."""
        return self._bytes if self._recover() else 0

    def put(self, image, captured_at, cause):
        """Keep a picture; return True once it would survive a power cut, else False.

        `image` is bytes-like; `captured_at` in seconds since 1970 UTC, or None; `cause` a
        short word, of which 24 bytes are kept. False when the picture is empty or larger
        than the outbox, when the policy keeps it out, or when the file system fails: the
        log says which, and `dropped` counts it. Raises TypeError when `image` is no bytes.
        """
        view = memoryview(image)
        size = len(view)
        if not 0 < size <= self._max:
            return self._refuse("%d bytes, outbox.max_bytes is %d", size, self._max)
        if not self._recover(True):
            return self._refuse("the outbox cannot be used")
        while self._bytes + size > self._max:
            if not self._drop_one():
                return self._refuse("the outbox is full, %d waiting", self._count)
        for _ in range(_TRIES):
            try:
                # From the first and the last record alone a restart tells how many wait.
                before = self._rank + self._count, self._start + self._bytes
                self._shelf.write(view, before, captured_at, cause)
            except OSError as e:
                if e.errno not in _FULL:
                    self._ready = False  # the card is gone, or another: look again next time
                    return self._refuse("writing failed: %s", e)
                if not self._make_room(size, e.errno):
                    break
                continue
            self._count += 1
            self._bytes += size
            return True
        return self._refuse("the file system has no room for %d bytes", size)

    def oldest(self, skip=()):
        """Return the Kept that has waited longest, read through and found whole; or None.

        One whose number is in `skip` is passed by. A damaged one is deleted; one that cannot
        be read is stepped over until a restart. None while the file system fails.
        """
        return self._end(True, skip=skip)

    def newest(self, skip=()):
        """Return the Kept that came last; else as oldest()."""
        return self._end(False, skip=skip)

    def remove(self, kept):
        """Forget a picture: it was sent. One that cannot be deleted is not offered again."""
        try:
            if self._shelf.delete(kept.number):
                self._gone(kept.number, kept.size)
        except OSError as e:
            self.step_over(kept.number, "deleted", e)

    def reject(self, kept):
        """Move a picture to rejected/, where the last five stay for a person to see.

        They go when waiting ones need the room. On FAT it is copied; if that fails, deleted.
        """
        try:
            self._shelf.reject(kept.number, _REJECTED_MOST)
            self._gone(kept.number, kept.size)
        except OSError as e:
            self._warn("picture %d cannot be kept in rejected/: %s", kept.number, e)
            self.remove(kept)

    def step_over(self, number, what, e):
        """Offer a picture no more until a restart: it could not be "read", say, for `e`."""
        self._warn("picture %s cannot be %s: %s", number, what, e)
        self._bad = self._bad[1 - _BAD_MOST :] + [number]

    def _recover(self, now=False):
        # Returns whether the file system can be used; looks what is there the first time.
        if self._ready:
            return True
        if not now and self._again and ticks_diff(self._again, ticks_ms()) > 0:
            return False
        self._bad = []  # numbers that cannot be read or deleted
        self._known = {}  # the last that oldest() (True) and newest() (False) read through
        self._reckoned = False
        self._rank = self._start = 0  # how many pictures and bytes came before the oldest
        try:
            counted = self._shelf.recover()
        except OSError as e:
            if self._again is None:  # said once: the ring file is on the flash, which wears
                self._warn("the outbox cannot be used: %s", e)
            self._again = ticks_add(ticks_ms(), _PAUSE_MS)
            return False
        self._again = None
        self._ready = True
        self._count, self._bytes = counted or (self._shelf.next - self._shelf.low, 0)
        oldest = self._end(True, False)
        newest = self._end(False, False) if counted is None else None
        if oldest is not None and newest is not None:
            self._reckoned = True
            count, total = newest.before
            self._count = max(count + 1 - self._rank, 2)
            self._bytes = max(total + newest.size - self._start, newest.size + oldest.size)
        return True

    def _end(self, up, check=True, skip=()):
        # The oldest (up) or the newest.
        if not self._recover() or not self._count:
            return None
        number = self._shelf.low if up else self._shelf.next - 1
        known = self._known.get(up)
        try:
            for _ in range(_TRIES):
                number = self._good(number, up, skip)
                if number is None:
                    break
                if known is not None and known.number == number:
                    return known
                found = self._shelf.load(self, number, check)
                if found is not None:
                    if check:
                        self._known[up] = found
                    if up and not skip:
                        self._rank, self._start = found.before
                    return found
                self._lose(number, "damaged")
        except OSError as e:
            self.step_over(number, "read", e)
        return None

    def _good(self, number, up, skip=()):
        # The nearest picture up or down from `number`, but for those known to be bad.
        while True:
            at_low = up and number == self._shelf.low
            number = self._shelf.search(number, up)
            if number is None:
                if at_low:
                    self._count = self._bytes = 0  # someone took the rest away
                return None
            if at_low:
                self._shelf.rise(number)
            if number not in self._bad and number not in skip:
                return number
            number += 1 if up else -1

    def _drop_one(self):
        # Returns whether a picture gave way; never the one that is being read.
        if self._policy == "keep_oldest":
            return False
        number = self._shelf.low
        try:
            number = self._good(number, True)
            if number == self.in_use and number is not None:
                number = self._good(number + 1, True)
            if number is not None:
                self._lose(number, "dropped, the outbox is full")
        except OSError as e:
            self.step_over(number, "deleted", e)
            return False
        return number is not None or not self._count

    def _make_room(self, size, number):
        # The file system is full: make room for a picture, if there can be.
        try:
            if self._shelf.forget_rejected(0) and self._shelf.room() > size:
                return True
            room = self._shelf.room()
            enough = room + self._bytes >= size and (number != errno.EACCES or room <= 2 * size)
            while enough and self._count and self._drop_one():
                if self._shelf.room() > size:
                    return True
        except OSError as e:
            self._warn("no room can be made: %s", e)
        return False

    def _lose(self, number, what):
        size = self._shelf.size(number)
        if self._shelf.delete(number):
            self.dropped += 1
            self._warn("picture %d of %d bytes %s", number, size, what)
            self._gone(number, size)

    def _gone(self, number, size):
        self._count = max(self._count - 1, 0)
        self._bytes = max(self._bytes - size, 0)
        if number == self._shelf.low:
            self._shelf.rise(number + 1)
            self._rank += 1
            self._start += size
        if not self._count:
            self._shelf.rise(self._shelf.next)
            self._ready = not self._reckoned  # else count what there really is

    def _refuse(self, why, *values):
        self.dropped += 1
        self._warn("picture not kept: " + why, *values)
        return False
