# Folders, as the outbox sees them: listed entry by entry, made, and numbers for names.

import errno
import os

from thingscam.util.compat import const

try:
    from os import ilistdir  # pyright: ignore
except ImportError:

    def ilistdir(path):
        """Yield (name, type, inode, size) for each entry of a folder, as MicroPython does."""
        with os.scandir(path) as listing:  # pyright: ignore[reportAttributeAccessIssue]
            for entry in listing:
                status = entry.stat(follow_symlinks=False)
                yield entry.name, status.st_mode & _TYPE, 0, status.st_size


_TYPE = const(0xF000)
_DIRECTORY = const(0x4000)
_FILE = const(0x8000)
_ENOTDIR = const(20)  # boards do not name these
_EILSEQ = const(84)  # as littlefs says that it is corrupt
_MAX_ASIDE = const(100)


def absent(e):
    """Return whether an OSError says that there is no such file or folder."""
    return e.errno == errno.ENOENT or e.errno == _ENOTDIR


def entries(path):
    """Yield (name, is a folder, bytes) for what a folder holds; nothing when it is absent.

    Links and the like are left out. Raises OSError; but on FAT a listing that cannot be read
    on ends as if it were whole: see check().
    """
    try:
        listing = ilistdir(path)
        while True:
            try:
                entry = next(listing)
            except StopIteration:
                return
            except UnicodeError:
                # A name that some computer wrote in characters this board cannot read.
                continue
            if not entry[0]:  # littlefs that cannot be read on: so it would go on for ever
                raise OSError(_EILSEQ)
            if entry[1] not in (_DIRECTORY, _FILE):
                continue
            # MicroPython on a computer leaves the size out for the computer's own folders.
            bytes_ = entry[3] if len(entry) > 3 else size(path + "/" + entry[0])
            yield entry[0], entry[1] == _DIRECTORY, bytes_
    except OSError as e:
        if not absent(e):
            raise


def size(path):
    """Return the bytes of a file; 0 when it is absent or a folder. Raises OSError."""
    try:
        status = os.stat(path)
    except OSError as e:
        if not absent(e):
            raise
        return 0
    return 0 if status[0] & _TYPE == _DIRECTORY else status[6]


def check(path):
    """Raise OSError when a folder cannot be read through; it may be absent."""
    exists(path + "/~")


def exists(path):
    """Return whether a file or folder is there; on FAT in any case of letters."""
    try:
        os.stat(path)
    except OSError as e:
        if not absent(e):
            raise
        return False
    return True


def make_path(path, say):
    """Make a folder and those above it; a file in its place is set aside. Raises OSError.

    On littlefs this also brings to an end what a power cut interrupted: until the next
    write, a folder out of which a file was being moved hides the file behind it as well.
    """
    try:
        os.mkdir(path)
        return
    except OSError as e:
        above = path.rpartition("/")[0]
        if absent(e) and above:
            make_path(above, say)
            os.mkdir(path)
            return
        if e.errno != errno.EEXIST:
            raise
    if os.stat(path)[0] & _TYPE != _DIRECTORY:
        aside = _free_name(path)
        say("%s is a file, now %s: its name is needed for a folder", path, aside)
        os.rename(path, aside)
        os.mkdir(path)


def _free_name(path):
    # To rename to a name that is taken would destroy a file, or fail for a folder.
    for i in range(_MAX_ASIDE):
        aside = path + ".old" + (str(i) if i else "")
        if not exists(aside):
            return aside
    raise OSError(errno.EEXIST)


def number(name, form):
    """Return the number in a name; None unless `form % number` is exactly that name.

    One with more digits than `form` asks for is none: it would outgrow what is kept of it.
    """
    try:
        found = int(name.split(".")[0])
    except ValueError:
        return None
    if found < 0 or form % found != name or len(name) != len(form % 0):
        return None
    return found


def nearer(found, best, limit, up):
    """Return whether the number `found` is within `limit`, and nearer to it than `best`.

    None is no number: never within, and farther than any.
    """
    if found is None:
        return False
    if up:
        return found >= limit and (best is None or found < best)
    return found <= limit and (best is None or found > best)
