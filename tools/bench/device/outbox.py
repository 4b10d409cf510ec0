# Times the outbox on media in memory, for tools/bench/outbox.py (MicroPython).
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import json
import os
import sys
from time import ticks_diff, ticks_us

from thingscam.outbox.policy import Outbox

_BLOCK = {"littlefs": 4096, "FAT": 512}


class Medium:
    """`count` blocks in memory, with the interface of VfsLfs2 and VfsFat; counts calls."""

    def __init__(self, block, count):
        self._block = block
        self._count = count
        self._data = bytearray(block * count)
        self._view = memoryview(self._data)
        self.reads = self.writes = 0

    def readblocks(self, number, buffer, offset=0):
        """Read into `buffer` from a block."""
        self.reads += 1
        start = number * self._block + offset
        buffer[:] = self._view[start : start + len(buffer)]

    def writeblocks(self, number, buffer, offset=0):
        """Write `buffer` to a block."""
        self.writes += 1
        start = number * self._block + offset
        self._view[start : start + len(buffer)] = buffer

    def ioctl(self, order, argument):
        """Answer what the file system asks: count, size, or nothing to do."""
        return {4: self._count, 5: self._block}.get(order, 0)


class Place:
    """An outbox on a medium of its own, with so many pictures `waiting`.

    It has taken in `age` pictures before: a file system that was just made is quicker.
    """

    def __init__(self, system, waiting, image, age):
        block = _BLOCK[system]
        blocks = len(image) // block + 2
        self._medium = Medium(block, (waiting + 1500) * blocks)
        path = "/bench{}".format(waiting)
        if system == "FAT":
            os.VfsFat.mkfs(self._medium)
            os.mount(os.VfsFat(self._medium), path)
        else:
            os.VfsLfs2.mkfs(self._medium)
            # As far as it looks ahead for free blocks, so seldom it goes through all files.
            ahead = self._medium.ioctl(4, 0) // 64 * 8 + 8
            os.mount(os.VfsLfs2(self._medium, lookahead=ahead), path)
        self.waiting = waiting
        self._path = path
        self._box = self._open()
        for i in range(age):
            if not self._box.put(image, 1700000000 + i, "pir"):
                raise RuntimeError("no room")
            if i >= waiting:
                self._box.remove(self._box.oldest())
        self.costs = {"put": [], "oldest": [], "remove": [], "start": []}

    def round(self, image):
        """Put a picture, fetch the oldest, remove it."""
        self._time("put", self._box.put, image, 1700000000, "pir")
        kept = self._time("oldest", self._box.oldest)
        self._time("remove", self._box.remove, kept)

    def start(self):
        """Open the outbox anew, as after a restart."""
        if len(self._time("start", self._open)) != self.waiting:
            raise RuntimeError("not all are there")

    def leave(self):
        """Give the medium up."""
        os.umount(self._path)

    def _open(self):
        return Outbox(self._path + "/outbox", 1 << 40)

    def _time(self, name, call, *arguments):
        reads, writes = self._medium.reads, self._medium.writes
        start = ticks_us()
        result = call(*arguments)
        took = ticks_diff(ticks_us(), start)
        done = self._medium.reads - reads, self._medium.writes - writes
        self.costs[name].append((took,) + done)
        return result


def main(system, size, rounds, counts):
    """Print a line of JSON for each count and operation."""
    image = os.urandom(size)
    places = [Place(system, waiting, image, max(counts)) for waiting in counts]
    for i in range(rounds):
        for place in places:
            place.round(image)
            if i % 16 == 0:
                place.start()
    for place in places:
        for name, costs in place.costs.items():
            columns = [sorted(cost[i] for cost in costs) for i in range(3)]
            found = {"system": system, "waiting": place.waiting, "operation": name}
            found["median_us"], found["reads"], found["writes"] = (
                column[len(column) // 2] for column in columns
            )
            found["mean_us"] = sum(columns[0]) // len(costs)
            print(json.dumps(found))
        place.leave()


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), [int(text) for text in sys.argv[4:]])
