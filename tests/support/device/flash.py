# A block device in memory whose power fails at a chosen write or erase (MicroPython).

import errno

_GONE = -errno.EIO  # said, not raised: while memory is collected no exception can be made


class PowerError(OSError):
    """The power failed at this write; nothing can be read or written any more."""

    def __init__(self):
        super().__init__(errno.EIO)


class Flash:
    """`count` blocks of `block` bytes, with the interface that VfsLfs2 and VfsFat want.

    `cut_at` is the number, counted from 1, of the write or erase at which the power fails;
    None: never. `torn` is how many of its bytes that write still brings to the medium, as a
    part of all (0 none, 1 half, 2 all but one byte); `garbage` makes the bytes behind them
    random, as a flash page is whose programming was interrupted; else they stay. A FAT
    device has `torn` 0: a card writes a sector whole or not at all.
    """

    def __init__(self, block, count, data=None):
        self.block = block
        self.count = count
        self.data = bytearray(block * count) if data is None else data
        self._blank = b"\xff" * block
        self.writes = 0
        self.reads = 0
        self.cut_at = None
        self.torn = 0
        self.garbage = False
        self.dead = False
        self.buried = False

    def bury(self):
        """Answer everything with success from now on, without doing it.

        A file that was open at the cut is closed when its memory is collected, long after
        the restart, and MicroPython prints what fails then.
        """
        self.data = b""
        self.buried = True

    def readblocks(self, number, buffer, offset=0):
        """Read into `buffer` from a block, `offset` bytes into it."""
        if self.dead:
            return 0 if self.buried else _GONE
        self.reads += 1
        start = number * self.block + offset
        buffer[:] = memoryview(self.data)[start : start + len(buffer)]
        return 0

    def writeblocks(self, number, buffer, offset=None):
        """Write `buffer`: FAT in whole sectors, each of which can be the last one."""
        if self.dead:
            return 0 if self.buried else _GONE
        if offset is None:
            step = self.block
            offset = 0
        else:
            step = len(buffer)
        start = number * self.block + offset
        view = memoryview(buffer)
        for at in range(0, len(buffer), step):
            if self._is_cut():
                self._tear(start + at, view[at : at + step])
                raise PowerError()
            self.data[start + at : start + at + step] = view[at : at + step]
        return 0

    def ioctl(self, order, argument):
        """Answer what the file system asks: sync, count, size, erase."""
        if order == 4:
            return self.count
        if order == 5:
            return self.block
        if order == 6:
            if self.dead:
                return 0 if self.buried else _GONE
            if self._is_cut():
                if self.torn:
                    self._spoil(argument * self.block, self.block)
                raise PowerError()
            start = argument * self.block
            self.data[start : start + self.block] = self._blank
        return 0

    def _is_cut(self):
        self.writes += 1
        self.dead = self.writes == self.cut_at
        return self.dead

    def _tear(self, start, view):
        if not self.torn:
            return
        size = len(view)
        done = size // 2 if self.torn == 1 else size - 1
        self.data[start : start + done] = view[:done]
        if self.garbage:
            self._spoil(start + done, size - done)

    def _spoil(self, start, size):
        # The same garbage for the same cut, so that a failure can be seen again.
        seed = self.writes * 2654435761 & 0xFFFFFFFF
        for i in range(start, start + size):
            seed = (seed * 1103515245 + 12345) & 0xFFFFFFFF
            self.data[i] = seed >> 16 & 0xFF
