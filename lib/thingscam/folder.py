# Folders, as the outbox sees them: listed entry by entry, made, and numbers for names.

import errno
import os

from thingscam.port import const

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
_ENOTDIR = const(20)  # boards do not name it


def absent(e):
    """Return whether an OSError says that there is no such file or folder."""
    return e.errno == errno.ENOENT or e.errno == _ENOTDIR


def entries(path):
    """Yield (name, is a folder, bytes) for what a folder holds; nothing when it is absent.

    Raises OSError.
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
        say("%s is a file, now %s.old: its name is needed for a folder", path, path)
        os.rename(path, path + ".old")
        os.mkdir(path)


def number(name, form):
    """Return the number in a name; None unless `form % number` is exactly that name."""
    try:
        found = int(name.split(".")[0])
    except ValueError:
        return None
    return found if found >= 0 and form % found == name else None


def nearer(found, best, limit, up):
    """Return whether the number `found` is within `limit`, and nearer to it than `best`.

    None is no number: never within, and farther than any.
    """
    if found is None:
        return False
    if up:
        return found >= limit and (best is None or found < best)
    return found <= limit and (best is None or found > best)
