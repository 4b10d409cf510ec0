# What happens to the outbox in the proof, and what must be true of it after a power cut.

import os

from flash import Flash
from thingscam.outbox.policy import Outbox

_ROOT = "/card"
_PATH = _ROOT + "/outbox"

# One word a step: put NUMBER-OF-PICTURE, send (hand out, then remove), newest (the same
# from the other end), reject, late (a newer one comes while the newest is being sent),
# reset (as after a deep sleep), all (send until nothing waits).
STEPS = {
    "put, send, reject": "put put send put put newest put send reject put put reset send "
    "put newest send send put send reset put put send reject put late put send all "
    "put send reset put reject put put",
    "many rejected": "put put put put " + "reject put " * 10 + "reset " + "reject put " * 3,
    "overflow": "put put put put put put reset put send put put put newest put put reject put "
    "put put reset put put all put put put",
    "file system full": "put put put put put put put put put put put put send put put newest "
    "put reject put put reset put put put",
}
LIMIT = {
    "put, send, reject": 100000,
    "many rejected": 100000,
    "overflow": 9000,
    "file system full": 10000000,
}


_pictures = {}  # those made so far


class SmallFolders(Outbox):
    """An outbox that goes on to a new folder every third picture."""

    per_folder = 3


def picture(number):
    """Return the picture of that number: 1.4 to 3 KB, none like another."""
    if number in _pictures:
        return _pictures[number]
    size = 1400 + number * 541 % 1600
    seed = number * 7919 + 1
    words = bytearray(b"\xff\xd8\xff\xe0")
    while len(words) < 64:
        seed = (seed * 1103515245 + 12345) & 0x7FFFFFFF
        words.append(seed >> 16 & 0xFF)
    data = (bytes(words) * (size // 64 + 1))[: size - 2] + b"\xff\xd9"
    _pictures[number] = data
    return data


class Run:
    """One passage of a scenario, with a power cut at each of the writes `cuts` (numbers).

    The second and later ones count from the restart after the one before. `system` is
    "littlefs" or "FAT"; `tear` goes over the medium's way to fail (see Flash). After run():
    `lost`, `damaged` and `repeats` count pictures, `writes` the writes up to the first cut.
    """

    def __init__(self, system, name, tear=(0, False), cuts=(), outbox=SmallFolders):
        self.system = system
        self.name = name
        self.lost = self.damaged = self.repeats = self.cut = 0
        self.lines = []
        self._tear = tear
        self._cuts = list(cuts)
        self._kind = outbox
        self._flash = medium(system, name)
        self._vfs = None
        self._pictures = 0
        self._must = []  # numbers that must come out yet, in their order
        self._may = set()  # numbers that may come out, or never
        self._order = []  # both, in their order
        self._out = {}  # how often a number was handed out
        self._mount(True)
        self._room = self._free()
        self._arm()

    def run(self):
        """Go through the scenario, then send all that is left, and check."""
        for word in STEPS[self.name].split():
            self._step(word)
        self._step("all")
        if self._flash.dead:  # cut in the very last step
            self._restart()
            self._step("all")
        self.writes = self._flash.writes
        for number in self._must:
            self.lost += 1
            self.lines.append("picture %d never came out" % number)
        if len(self._box) or self._box.bytes_used:
            self.lines.append("%d pictures left over" % len(self._box))
            self.lost += 1
        self.leaked = self._room - self._free()
        os.umount(_ROOT)

    def _step(self, word):
        while True:
            box = self._box
            if word == "put":
                self._put()
            elif word == "reset":
                self._box = self._kind(_PATH, LIMIT[self.name])
            elif word == "late":
                self._hand_out(box.newest(), box.remove, late=True)
            elif word == "reject":
                self._hand_out(box.oldest(), box.reject, first=min)
            elif word == "newest":
                self._hand_out(box.newest(), box.remove)
            elif word == "send":
                self._hand_out(box.oldest(), box.remove, first=min)
            else:
                while not self._flash.dead and self._hand_out(box.oldest(), box.remove, first=min):
                    pass
            if not self._flash.dead:
                return
            self._restart()
            if word != "all":
                return

    def _put(self):
        number = self._pictures
        self._pictures += 1
        data = picture(number)
        box = self._box
        before = box.dropped
        self._order.append(number)
        self._may.add(number)
        kept = box.put(data, 1700000000 + number, "p%d" % number)
        if self.name == "overflow":
            self._may_go_for(len(data))
        else:
            gone = box.dropped - before - (not kept) + self._flash.dead
            if self.name == "file system full":
                self._may_go(gone)
            elif not self._flash.dead and gone:
                self.lines.append("dropped without need")
                self.lost += 1
        if kept:
            self._may.discard(number)
            self._must.append(number)
        elif not self._flash.dead:
            self.lines.append("picture %d refused" % number)
            self.lost += 1

    def _may_go_for(self, size):
        # The oldest must give way for `size` bytes more than those of all that may be there.
        waiting = self._order[:-1]
        total = sum(len(picture(number)) for number in waiting)
        for number in waiting:
            if total + size <= LIMIT[self.name]:
                return
            total -= len(picture(number))
            self._spare(number)
            self._order.remove(number)

    def _may_go(self, count):
        for number in self._order[:-1]:
            if not count:
                return
            if number in self._must:
                count -= 1
            self._spare(number)

    def _spare(self, number):
        if number in self._must:
            self._must.remove(number)
            self._may.add(number)

    def _hand_out(self, kept, settle, late=False, first=max):
        # Reads a picture as the sender does, then settles it; returns whether there was one.
        if kept is None:
            if self._must and not self._flash.dead:
                self.lines.append("nothing handed out, but %d wait" % len(self._must))
                self.lost += 1
                self._must.clear()
            return False
        number = self._read(kept)
        if self._flash.dead:
            return False
        if number is None:
            self.damaged += 1
            self.lines.append("damaged: picture %d" % kept.number)
        else:
            if self._must and first(self._must + [number]) != number:
                self.lost += 1
                self.lines.append("picture %d before its turn" % number)
            times = self._out[number] = self._out.get(number, 0) + 1
            if times > 1:
                self.repeats += 1
                self.lines.append("picture %d for the %d. time" % (number, times))
        if late:
            self._put()
            if self._flash.dead:
                return False
        settle(kept)
        if number is not None:
            # A cut in the removal may bring it once more.
            if number in self._must:
                self._must.remove(number)
            self._may.discard(number)
            if self._flash.dead:
                self._may.add(number)
            elif number in self._order:
                self._order.remove(number)
        return True

    def _read(self, kept):
        # The number of the picture, or None when it is not the one that it says it is.
        try:
            file = kept.open()
        except OSError:
            return None
        try:
            data = bytearray(kept.size)
            if file.readinto(data) != kept.size:
                return None
        except OSError:
            return None
        finally:
            file.close()
        number = kept.captured_at - 1700000000
        if data != picture(number) or kept.cause != "p%d" % number:
            return None
        return number

    def _restart(self):
        self.cut += 1
        os.umount(_ROOT)
        old = self._flash
        self._flash = Flash(old.block, old.count, old.data)
        old.bury()
        self._mount()
        self._arm()

    def _arm(self):
        flash = self._flash
        flash.writes = 0
        flash.torn, flash.garbage = self._tear
        flash.cut_at = self._cuts.pop(0) if self._cuts else None
        self._box = self._kind(_PATH, LIMIT[self.name])
        if flash.dead:
            self._restart()

    def _mount(self, format_it=False):
        kind = os.VfsFat if self.system == "FAT" else os.VfsLfs2
        if format_it:
            kind.mkfs(self._flash)
        os.mount(kind(self._flash), _ROOT)

    def _free(self):
        status = os.statvfs(_ROOT)
        return status[0] * status[3]


def medium(system, name):
    """Return an empty Flash for a scenario."""
    kilobytes = {"file system full": 30, "many rejected": 48}.get(name, 64)
    block = 512 if system == "FAT" else 1024
    return Flash(block, kilobytes * 1024 // block)


def unmount():
    """Leave the file system, after a run that ended with an exception."""
    os.umount(_ROOT)
