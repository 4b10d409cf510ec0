# Numbered files in small folders: how the outbox lies on flash (littlefs) or SD card (FAT).

import os

from thingscam.outbox import folder as folders
from thingscam.outbox import record as records
from thingscam.util.compat import const

_COUNTED = const(256)  # over so many numbers files are counted one by one after a restart
_CHUNK = const(2048)
_ERANGE = const(34)
_REJECTED = "rejected"
_FOLDER = "%06d"
_FOLDERS = const(1000000)
# Eight digits and three letters: on FAT that is one entry, in one sector, written at once.
_FILE = "%08d.jpg"


class Store:
    """Files `path`/FOLDER/NUMBER.jpg, `per_folder` to a folder, numbered from `first` on.

    Looking a name up takes time with every name beside it: hence the folders. `low` is no
    more than the lowest number there is, `end` behind the highest, `limit` behind the last
    there can be, `next` the number of the file to come, and `most` how many there are at
    most. When someone's files have taken the last number, `next` goes on below them. Empty
    files are no pictures.

    `say` is called with a text and its values for the log. Every method may raise OSError.
    """

    def __init__(self, path, per_folder, say, first):
        self._path = path
        self._first = first
        self.limit = _FOLDERS * per_folder
        self._per_folder = per_folder
        self._say = say
        self._folds = None  # whether names that differ in case are one: on FAT they are
        self._unreadable = []  # numbers of folders
        self._buffer = bytearray(_CHUNK)
        self.low = self.next = self.end = self.most = 0

    def recover(self):
        """Look what is there; return (pictures, bytes), or None when it is much to count."""
        folders.make_path(self._path, self._say)
        self._unreadable.clear()
        self.low = self.next = self.end = self._first
        self.most = 0
        rejected = self._path + "/" + _REJECTED
        for name, _, _ in folders.entries(rejected):
            # Among these, too, the highest number shall be that of the last.
            number = folders.number(name, _FILE)
            if number is not None and number < (self._first + self.limit) // 2:
                self.next = max(self.next, number + 1)
        folders.check(rejected)
        lowest = highest = None
        strange = 0
        for name, is_folder, _ in folders.entries(self._path):
            number = folders.number(name, _FOLDER) if is_folder else None
            if number is None:
                strange += name != _REJECTED
                continue
            self.most += self._per_folder
            lowest = number if lowest is None else min(lowest, number)
            highest = number if highest is None else max(highest, number)
        self.check()
        if strange:
            self._say("%s: %d entries are not the outbox's, left alone", self._path, strange)
        if not self._find_last(highest):
            return 0, 0
        self.low = lowest * self._per_folder
        self.end = self.next
        return self.count() if self.most <= _COUNTED else None

    def check(self):
        """Raise OSError when the folder cannot be read."""
        folders.check(self._path)

    def count(self):
        """Return (pictures, bytes) by looking at each."""
        count = total = 0
        folder = self._next_folder(0, True)
        while folder is not None:
            for _, size in self._files(folder):
                if size > 0:
                    count += 1
                    total += max(size - records.RECORD_BYTES, 0)
            folder = self._next_folder(folder + 1, True)
        return count, total

    def search(self, number, up):
        """Return the number of the file nearest to `number`, itself or upwards (downwards).

        None when there is none. Empty folders and files on the way are removed.
        """
        if number < 0:
            return None
        try:
            if folders.size(self._file(number)):
                return number
        except OSError:
            # Its folder may tell, or be at fault itself.
            pass
        return self._nearest(number, up)

    def is_end(self, number, up):
        """Return whether no number is below (above) `number`, as far as is known."""
        return number == (self.low if up else self.end - 1)

    def narrow(self, number, up):
        """Take note that no number is below (above) `number`."""
        if not up:
            if not self._unreadable:  # it may be again
                self.end = number + 1
            return
        folder = self.low // self._per_folder
        self.low = number
        if folder != number // self._per_folder:
            self._clear_out(folder)

    def load(self, outbox, number, check):
        """Return the Entry of that number; None when it is damaged. See records.load()."""
        return records.load(outbox, self._file(number), number, self._buffer if check else None)

    def write(self, view, totals, captured_at, cause, rejected=None):
        """Write the next picture; it is whole, and survives a power cut, when this returns.

        `totals`: see records.record(). With `rejected` it goes to rejected/, where the last so
        many stay. When this raises, nothing of the picture is left.
        """
        number = self._free_number()
        data = records.record(view, number, totals, captured_at, cause)
        path = self._file(number) if rejected is None else self._aside(number, rejected)
        try:
            with self._create(path) as file:
                records.write(file, view, data, self._folds_case(path))
        except OSError:
            self._delete_half(path)
            raise
        self.next = number + 1
        self.low = min(self.low, number)
        self.end = max(self.end, self.next)

    def delete(self, number):
        """Delete a file; return whether it was there."""
        try:
            os.remove(self._file(number))
        except OSError as e:
            if not folders.absent(e):
                raise
            return False
        return True

    def size(self, number):
        """Return the bytes of the picture in a file."""
        return max(folders.size(self._file(number)) - records.RECORD_BYTES, 0)

    def holds(self, number):
        """Return whether there is a file of exactly that name."""
        return any(number == other for other, _ in self._files(number // self._per_folder))

    def forget_rejected(self, most):
        """Delete all of rejected/ but the last `most`; return whether there were more."""
        return records.prune(self._path + "/" + _REJECTED, _FILE, most)

    def rejected(self):
        """Return how many files are in rejected/."""
        names = folders.entries(self._path + "/" + _REJECTED)
        return sum(
            not is_folder and folders.number(name, _FILE) is not None
            for name, is_folder, _ in names
        )

    def reject(self, number, most):
        """Move a file to rejected/, where the last `most` stay."""
        path = self._file(number)
        target = self._aside(number, most)
        if self._folds_case(path):
            # FAT renames in two writes. A cut between them leaves two names for the same
            # clusters: deleting one would destroy what the other stands for.
            records.copy(path, target, self._buffer)
            os.remove(path)
        else:
            os.rename(path, target)

    def room(self):
        """Return the free bytes of the file system; on littlefs there may be more."""
        status = os.statvfs(self._path)  # pyright: ignore[reportAttributeAccessIssue]
        # It counts each folder twice: perhaps more blocks than there are, and the difference.
        return status[0] * status[3] if 0 < status[3] <= status[2] else 0

    def _aside(self, number, most):
        # The path of one more file in rejected/, for which there is a place then.
        folder = self._path + "/" + _REJECTED
        folders.make_path(folder, self._say)
        self.forget_rejected(most - 1)
        return folder + "/" + _FILE % number

    def _free_number(self):
        # The next number whose name is not taken.
        for go_below in (self._go_below, None):
            while self.next < self.limit:
                if not folders.exists(self._file(self.next)):
                    return self.next
                self.next += 1
            if go_below:
                go_below()
        raise OSError(_ERANGE)

    def _go_below(self):
        # Behind the last folder of the lower half, or quarter, or eighth: so they stay in order.
        first = self._first // self._per_folder
        end = _FOLDERS
        while end > first + 1:
            end = (first + end) // 2
            folder = self._next_folder(end - 1, False)
            folder = first if folder is None else max(first, folder + 1)
            if folder < end:
                self.next = folder * self._per_folder
                return

    def _folder(self, folder):
        return self._path + "/" + _FOLDER % folder

    def _file(self, number):
        return self._folder(number // self._per_folder) + "/" + _FILE % number

    def _next_folder(self, number, up):
        # The folder's number nearest to `number`, itself or upwards (downwards); or None.
        if 0 <= number < _FOLDERS and folders.exists(self._folder(number)):
            return number  # most often: there may be very many entries
        folder = None
        for name, is_folder, _ in folders.entries(self._path):
            other = folders.number(name, _FOLDER) if is_folder else None
            if folders.nearer(other, folder, number, up):
                folder = other
        if folder is None:
            self.check()  # a listing on FAT may have ended before its time
        return folder

    def _nearest(self, number, up):
        # As search(), but by looking through the folders.
        while True:
            folder = self._next_folder(number // self._per_folder, up)
            if folder is None:
                return None
            found = None
            for other, size in self._files(folder):
                if size > 0 and folders.nearer(other, found, number, up):
                    found = other
            if found is not None:
                return found
            self._clear_out(folder)
            number = (folder + 1) * self._per_folder if up else folder * self._per_folder - 1

    def _files(self, folder):
        # Yields (number, bytes) for all that has the name of a file of ours; -1: a folder.
        try:
            for name, is_folder, size in folders.entries(self._folder(folder)):
                number = folders.number(name, _FILE)
                if number is not None and number // self._per_folder == folder:
                    yield number, -1 if is_folder else size
        except OSError as e:
            self.check()  # can the others be read?
            if folder not in self._unreadable:
                self._unreadable.append(folder)
                self._say("folder %d of the outbox cannot be read: %s", folder, e)

    def _find_last(self, folder):
        # The highest number of all, from `folder` down; returns whether there is one.
        while folder is not None:
            last = -1
            for number, size in self._files(folder):
                if size > 0:  # names that are taken otherwise are passed by
                    last = max(last, number)
            if folder in self._unreadable:
                self.next = max(self.next, (folder + 1) * self._per_folder)
                return True
            if last < 0:  # others, or made just before a power cut
                folder = self._next_folder(folder - 1, False)
            elif not self._was_half(last):
                self.next = max(self.next, last + 1)
                return True
        return False

    def _was_half(self, number):
        # It may be half a picture; that is deleted.
        try:
            if self.load(None, number, False) is None:
                self._say("picture %d is half a file, as a power cut leaves: deleted", number)
                os.remove(self._file(number))
                return True
        except OSError:
            # It stays where it is; whether anything can be read is for others to see.
            pass
        return False

    def _create(self, path):
        try:
            return open(path, "wb")
        except OSError as e:
            if not folders.absent(e):
                raise
        folders.make_path(path.rpartition("/")[0], self._say)
        return open(path, "wb")

    def _delete_half(self, path):
        try:
            os.remove(path)
        except OSError as e:
            if not folders.absent(e):
                self._say("half a picture stays in the outbox: %s", e)

    def _clear_out(self, folder):
        # Removes a folder, unless there is more in it than empty files.
        try:
            while True:
                found = None
                for number, size in self._files(folder):
                    if size == 0:
                        found = number
                if found is None:
                    break
                self._say("picture %d is an empty file: deleted", found)
                os.remove(self._file(found))
            os.rmdir(self._folder(folder))
        except OSError:
            # What stays does no harm.
            pass

    def _folds_case(self, path):
        if self._folds is None:
            try:
                os.stat(path[:-3] + "JPG")
                self._folds = True
            except OSError:
                self._folds = False
        return self._folds
