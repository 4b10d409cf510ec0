# Pictures waiting on flash or SD card; survives power loss.

import errno

from thingscam.outbox.store import Store
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_TRIES = const(8)  # damaged pictures to step over in one call
_MAX_BAD = const(64)
_PAUSE_MS = const(10000)  # between two looks at a file system that fails; a put() looks at once
_SAY_MS = const(3600000)  # a fault that comes back is said so seldom
_MAX_REJECTED = const(5)
# ENOSPC, which boards do not name; FAT says EACCES when there is no room for one name more.
_FULL = (28, errno.EACCES)


class Outbox:
    """At most `max_bytes` of pictures in the folder `path`, which is made if need be.

    A picture is one file, path/FOLDER/NUMBER.jpg: the plain picture, and behind it a record
    of 64 bytes with capture time, cause and check sums. The record is written last; a file
    with a sound one is a whole picture. There is no temporary name: renaming a file on FAT
    does not survive a power cut.

    `policy` says what gives way when it is full: "drop_oldest", or "keep_oldest" (put()
    then refuses). `log` is a Log or None. Numbers begin at `first`. `dropped` counts the
    pictures lost since the start, those that put() refused among them. `changes` goes up when
    there may be one more. `fault` is None, or what is wrong with the file system, a text.

    `memory`, or None, outlives restarts: save(data) keeps 12 bytes, load() returns them, or
    None. It holds what was sent and cannot be deleted, which else is sent again after each.

    No method raises OSError: each says what it does. Raises ValueError for an unknown policy.
    """

    per_folder = 32

    def __init__(self, path, max_bytes, policy="drop_oldest", log=None, first=0, memory=None):
        if policy not in ("drop_oldest", "keep_oldest"):
            raise ValueError("policy {!r}: drop_oldest or keep_oldest".format(policy))
        self._max = max_bytes
        self._policy = policy
        self._warn = log.warning if log is not None else lambda text, *values: None
        self._store = Store(path.rstrip("/"), self.per_folder, self._warn, first)
        self.dropped = self.changes = 0
        self.locked = None  # the number of the picture that is open; its file sees to it
        self.fault = None
        self._said = None  # ticks: when a fault was put into the log last
        self._writing = False  # it is writing that fails, so only a write shows the end of it
        self._ready = False
        self._again = None  # ticks: when to look at a file system that failed
        self._memory = memory
        self._undeletable = None  # numbers of what was sent and cannot be deleted
        self._recover()

    def __len__(self):
        """Return how many pictures wait.

        Exact, but after a restart with more than 256 waiting: then estimated from the oldest
        and the newest, and off by what was last taken from between them.
        """
        return self._count if self._recover() else 0

    @property
    def bytes_used(self):
        """The bytes of all waiting pictures (int), as exact as len()."""
        return self._bytes if self._recover() else 0

    def put(self, image, captured_at, cause):
        """Keep a picture; return True once it would survive a power cut, else False.

        `image` is bytes-like; `captured_at` in seconds since 1970 UTC, or None, or any number
        below -4294967295, which means a time to the caller alone; `cause` a short word, of which
        24 bytes are kept. False when the picture is empty or larger than the outbox, when the
        policy keeps it out, or when the file system fails (`fault` then says how): the log says
        which, and `dropped` counts it. Raises TypeError when `image` is no bytes.
        """
        why = self.refusal(image, captured_at, cause)
        if why is not None:
            self.dropped += 1
            self._warn("picture not kept: %s", why)
        return why is None

    def refusal(self, image, captured_at, cause):
        """Do what put() does, but return None or why not, and neither count nor say it."""
        view = memoryview(image)
        size = len(view)
        if not 0 < size <= self._max:
            return "%d bytes, outbox.max_bytes is %d" % (size, self._max)
        if not self._recover(True):
            return self.fault
        while self._bytes + size > self._max:
            if not self._drop_one():
                return self.fault or "the outbox is full, %d waiting" % self._count
        for _ in range(_TRIES):
            try:
                # From the first and the last record alone a restart tells how many wait.
                totals = self._rank + self._count, self._start + self._bytes
                self._store.write(view, totals, captured_at, cause)
            except OSError as e:
                if e.errno not in _FULL:
                    self._ready = False  # the card is gone, or another: look again next time
                    return self._refuse("writing failed: %s" % e)
                if not self._reclaim(size, e.errno):
                    break
                continue
            self._count += 1
            self._bytes += size
            self.changes += 1
            self._idle = None
            self._works(True)
            return None
        return self._refuse("the file system has no room for %d bytes" % size)

    @property
    def next(self):
        """The number of the picture to come."""
        return self._store.next

    @next.setter
    def next(self, number):
        # Upwards only: the next one comes behind all that wait.
        if self._recover(True):
            self._store.next = max(self._store.next, number)

    def look(self):
        """Look anew what is there: the medium may work again, or be another one."""
        self._ready = self._writing = False
        self._again = self.fault = None

    def oldest(self, skip=(), start=None):
        """Return the Entry that has waited longest, read through and found whole; or None.

        One whose number is in `skip` is passed by; with `start` all whose number is lower. A
        damaged one is deleted; one that cannot be read is stepped over until a restart. None
        while the file system fails.
        """
        return self._end(True, True, skip, start)

    def newest(self, skip=(), start=None):
        """Return the Entry that came last, with `start` of those up to it; else as oldest()."""
        return self._end(False, True, skip, start)

    def get(self, number):
        """Return the Entry of that number; else as oldest()."""
        entry = self._end(True, True, (), number)
        return entry if entry is not None and entry.number == number else None

    def remove(self, entry):
        """Forget a picture: it was sent. One that cannot be deleted is not offered again.

        The `memory` sees to it that it is not after a restart either.
        """
        try:
            if self._store.delete(entry.number):
                self._gone(entry.number, entry.size)
                self._works(True)
        except OSError as e:
            text = "picture %d was sent and cannot be deleted: %s"
            self._fails(text, True, entry.number, e)
            self._sent().add(self._store, entry)
            self._gone(entry.number, entry.size)

    def reject(self, entry, push=True):
        """Move a picture to rejected/, where the last five stay for a person to see.

        They go when waiting ones need the room. On FAT it is copied; if that fails, deleted.
        With `push` False it stays where one of the five would have to go; returns whether it
        went.
        """
        try:
            if not push and self._store.rejected() >= _MAX_REJECTED:
                return False
            self._store.reject(entry.number, _MAX_REJECTED)
            self._gone(entry.number, entry.size)
        except OSError as e:
            self._warn("picture %d cannot be kept in rejected/: %s", entry.number, e)
            self.remove(entry)
        return True

    def keep_rejected(self, image, captured_at, cause):
        """Put a picture that never waited into rejected/, if there is room; as put()."""
        if self._recover(True):
            try:
                totals = self._rank + self._count, self._start + self._bytes
                self._store.write(memoryview(image), totals, captured_at, cause, _MAX_REJECTED)
            except OSError as e:
                self._warn("a picture cannot be kept in rejected/: %s", e)

    def skip(self, number, what, e):
        """Offer a picture no more until a restart: it could not be "read", say, for `e`.

        Returns False when it is not the picture, but all of the file system that fails.
        """
        if not self._is_one(e, number):
            return False
        self._warn("picture %s cannot be %s: %s", number, what, e)
        self._bad = self._bad[1 - _MAX_BAD :] + [number]
        return True

    def _is_one(self, e, number=0):
        # Whether a picture is at fault, and not all of the file system.
        try:
            self._store.check()
        except OSError as fault:
            e, number = fault, None
        if number is None:
            self._broken(e)
        return number is not None

    def _recover(self, now=False):
        # Returns whether the file system can be used; looks what is there the first time.
        if self._ready:
            return True
        if not now and _is_to_come(self._again):
            return False
        self._bad = []  # numbers that cannot be read
        self._known = {}  # the last that oldest() (True) and newest() (False) read through
        self._estimated = False
        self._idle = None  # ticks: when to look again for one that can be handed out
        self._rank = self._start = 0  # how many pictures and bytes came before the oldest
        try:
            counted = self._store.recover()
            if self._undeletable or self._memory and self._memory.load():
                self._sent().look(self._store)
        except OSError as e:
            self._broken(e)
            return False
        self._again = None
        self._ready = True
        self.changes += 1
        self._works(False)
        self._count, self._bytes = counted or (self._store.most, 0)
        if counted is None:
            self._estimate()
        else:
            self._end(True, False)
        return True

    def _estimate(self):
        oldest = self._end(True, False)
        newest = self._end(False, False)
        if oldest is None or newest is None:
            return
        self._estimated = True
        count = newest.totals[0] + 1 - self._rank
        bytes_ = newest.totals[1] + newest.size - self._start
        if 0 < count <= self._count and newest.size <= bytes_ <= self._max:
            self._count, self._bytes = max(count, 2), max(bytes_, newest.size + oldest.size)
            return
        try:  # these records are not of one outbox
            self._count, self._bytes = self._store.count()
        except OSError as e:
            self._broken(e)

    def _end(self, up, check=True, skip=(), start=None):
        # The oldest (up) or the newest.
        whole = not skip and start is None
        if not self._recover() or not self._count or whole and _is_to_come(self._idle):
            return None
        number = self._store.low if up else self._store.end - 1
        if start is not None:
            if start >= self._store.end if up else start < self._store.low:
                return None
            number = max(number, start) if up else min(number, start)
        known = self._known.get(up)
        for _ in range(_TRIES):
            try:
                number = self._good(number, up, skip)
                if number is None:
                    break
                if known is not None and known.number == number:
                    return known
                # What was read wrongly once may be whole.
                found = self._load(number, check) or self._load(number, check)
                if found is not None:
                    if check:
                        self._known[up] = found
                    if up and whole:
                        self._rank, self._start = found.totals
                    return found
                if self._store.holds(number):
                    self._lose(number, "damaged")
                else:
                    self._bad.append(number)  # on FAT it may be called 00000007.JPG
            except OSError as e:
                if not self.skip(number, "read", e):
                    return None
        if whole:
            self._idle = ticks_add(ticks_ms(), _PAUSE_MS)
        return None

    def _load(self, number, check):
        return self._store.load(self, number, check)

    def _good(self, number, up, skip=()):
        # The nearest picture up or down from `number`, but for those not to be offered.
        whole = self._store.is_end(number, up)
        while True:
            at_end = self._store.is_end(number, up)
            number = self._store.search(number, up)
            if number is None:
                if whole:
                    self._count = self._bytes = 0  # the files were taken away
                return None
            if at_end:
                self._store.narrow(number, up)
            sent = self._undeletable and self._undeletable.of(number)
            if sent:
                number = sent[up]
            elif number in self._bad or number in skip:
                whole = False
            else:
                return number
            number += 1 if up else -1

    def _drop_one(self):
        # Returns whether a picture gave way; never the one that is being read.
        if self._policy == "keep_oldest":
            return False
        number = self._store.low
        for _ in range(_TRIES):
            try:
                found = self._good(number, True)
                if found is None:
                    return not self._count
                number = found
                if number != self.locked:
                    self._lose(number, "dropped, the outbox is full")
                    return True
            except OSError as e:
                if not self._is_one(e):
                    return False
                # It may be sent all the same; another one may give way.
                self._refuse("picture %d cannot be deleted: %s" % (number, e))
            number += 1
        return False

    def _reclaim(self, size, number):
        # The file system is full: make room for a picture, if there can be.
        try:
            if self._store.forget_rejected(0):
                return True
            # room() may be too low by far, see there: what has given way tells, and the next try.
            room = self._store.room()
            before = self._bytes
            enough = room + before >= size and (number != errno.EACCES or room <= 2 * size)
            while enough and self._count and self._drop_one():
                if before - self._bytes >= size or self._store.room() > size:
                    return True
        except OSError as e:
            self._warn("no room can be made: %s", e)
        return False

    def _lose(self, number, what):
        size = self._store.size(number)
        if self._store.delete(number):
            self.dropped += 1
            self._warn("picture %d of %d bytes %s", number, size, what)
            self._gone(number, size)

    def _gone(self, number, size):
        self._count = max(self._count - 1, 0)
        self._bytes = max(self._bytes - size, 0)
        if number == self._store.low:
            self._store.narrow(number + 1, True)
            self._rank += 1
            self._start += size
        if not self._count:
            self._store.narrow(self._store.next, True)
            self._ready = not self._estimated  # else count what there really is

    def _sent(self):
        if self._undeletable is None:
            from thingscam.outbox.undeletable import Undeletable  # seldom needed

            self._undeletable = Undeletable(self._memory)
        return self._undeletable

    def _refuse(self, why):
        self.fault = why
        self._writing = True
        return why

    def _broken(self, e):
        # No look for a while; the app's loop asks fifty times a second.
        self._ready = False
        self._again = ticks_add(ticks_ms(), _PAUSE_MS)
        self._fails("the outbox cannot be used: %s", False, e)

    def _fails(self, text, writing, *values):
        # Said once, and seldom again. (Of each picture that is not kept put() tells.)
        if self.fault is None and not _is_to_come(self._said):
            self._said = ticks_add(ticks_ms(), _SAY_MS)
            self._warn(text, *values)
        self.fault = text % values
        self._writing = self._writing or writing

    def _works(self, writing):
        if writing or not self._writing:
            self.fault = None
            self._writing = False


def _is_to_come(moment):
    return moment is not None and ticks_diff(moment, ticks_ms()) > 0
