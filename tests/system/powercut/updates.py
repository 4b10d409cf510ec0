# What happens to the slots of updates in the proof, and what must be true after a power cut.
#
# micropython updates.py STEP OFFSET [MUTANT]: every STEPth point, from number OFFSET on.

import json
import os
import sys

import bundles
from flash import Flash
from thingscam.update import choose
from thingscam.update.bundle import Unpacker

_ROOT = "/card"
_BLOCK = 4096
_BLOCKS = 80
_TEARS = (
    ("write not begun", (0, False)),
    ("half written, rest garbage", (1, True)),
    ("half written, rest as before", (1, False)),
    ("all but a byte written", (2, False)),
)
_SECOND = (1, 2, 3, 5, 8, 13)  # writes after the restart at which the power goes again
# Downloaded, tried and confirmed; then one into the other slot, which is given up.
_VERSIONS = ("0.1.0", "0.2.0", "0.3.0")
_LIVES = 60
_FILES = [bundles.files(version, 4, 900) for version in _VERSIONS]
_DATA = {
    version: memoryview(bundles.make(version, bundles.files(version, 4, 900)))
    for version in _VERSIONS
}


class Run:
    """One passage, with a power cut at each of the writes `cuts` (numbers), as scenario.Run.

    `none` counts starts at which no version was whole, `mixed` those of files of two.
    """

    def __init__(self, tear=(0, False), cuts=(), mutant=None):
        self.none = self.mixed = self.cut = 0
        self.lines = []
        self._tear = tear
        self._cuts = list(cuts)
        self._mutant = mutant
        self._flash = Flash(_BLOCK, _BLOCKS)
        os.VfsLfs2.mkfs(self._flash)
        os.mount(os.VfsLfs2(self._flash), _ROOT)
        choose.FOLDER = _ROOT + "/slot"
        os.mkdir(choose.FOLDER)
        self._fetch(1, "0.1.0")
        record = choose.Record()
        record.good = 1
        choose.write(record)
        self._begin()

    def run(self):
        """Start, go on with what is to be done, and again after each cut, to the end."""
        for _ in range(_LIVES):
            try:
                if self._live():
                    break
            except OSError:
                if not self._flash.dead:
                    raise
            if self._flash.dead:
                self._restart()
        else:
            raise AssertionError("comes to no end")
        self.writes = self._flash.writes
        os.umount(_ROOT)

    def _live(self):
        # One start; returns whether all is done.
        record = choose.read()
        self._check(record)
        if record.trial:
            if record.version == "0.3.0" and record.looks:
                record.give_up(choose.NO_PICTURE)
            elif record.looks:
                record.good, record.trial, record.looks = record.trial, 0, 0
            else:
                record.looks = 1
            choose.write(record)
            return False
        if record.refused:
            return True
        version = _VERSIONS[record.good]
        number = 2 if record.good == 1 else 1
        if self._mutant == "RecordFirst":
            self._put_on_trial(record, number, version)
        self._fetch(number, version)
        self._put_on_trial(record, number, version)
        return False

    def _put_on_trial(self, record, number, version):
        record.trial, record.version = number, version
        choose.write(record)

    def _fetch(self, number, version):
        data = _DATA[version]

        def judge(fields):
            return None if fields["version"] == version else "another one"

        unpacker = Unpacker(choose.path(number), bundles.KEY, judge)
        while not unpacker.done:
            if unpacker.looks:
                unpacker.look()
            else:
                unpacker.feed(data[unpacker.at : unpacker.at + 512])

    def _check(self, record):
        # What would start now must be one whole version.
        number = record.trial or record.good
        found = {}
        if number:
            _collect(choose.path(number), "", found)
        if found in _FILES:
            return
        if number and any(found.get(key) in [each.get(key) for each in _FILES] for key in found):
            self.mixed += 1
        else:
            self.none += 1
        self.lines.append("slot %d has %s" % (number, sorted(found)))

    def _restart(self):
        self.cut += 1
        os.umount(_ROOT)
        old = self._flash
        self._flash = Flash(old.block, old.count, old.data)
        old.bury()
        os.mount(os.VfsLfs2(self._flash), _ROOT)
        self._begin()

    def _begin(self):
        flash = self._flash
        flash.writes = 0
        flash.torn, flash.garbage = self._tear
        flash.cut_at = self._cuts.pop(0) if self._cuts else None


def _collect(folder, prefix, found):
    try:
        entries = list(os.ilistdir(folder))
    except OSError:
        return
    for entry in entries:
        path = folder + "/" + entry[0]
        if entry[1] == 0x4000:
            _collect(path, prefix + entry[0] + "/", found)
        elif entry[0] != "manifest":
            with open(path, "rb") as file:
                found[prefix + entry[0]] = file.read()


def sweep(step=1, offset=0, mutant=None):
    """Yield a dict of results for each mode."""
    whole = Run(mutant=mutant)
    whole.run()
    for mode, tear in _TEARS:
        points = ([n] for n in range(1 + offset, whole.writes + 1, step))
        yield _over(mode, tear, points, mutant)
    points = (
        [n, again]
        for i, again in enumerate(_SECOND)
        for n in range(1 + (offset + i) % step, whole.writes + 1, step)
    )
    yield _over("write not begun, and again soon", (0, False), points, mutant)


def _over(mode, tear, points, mutant):
    found = {"mode": mode, "points": 0, "none": 0, "mixed": 0, "first": None}
    for cuts in points:
        try:
            run = Run(tear, cuts, mutant)
            run.run()
        except Exception as e:  # whatever it is, the camera would have stopped
            sys.print_exception(e, sys.stderr)
            found["points"] += 1
            found["none"] += 1
            found["first"] = found["first"] or "cut at %s: %r" % (cuts, e)
            os.umount(_ROOT)
            continue
        found["points"] += run.cut
        found["none"] += run.none
        found["mixed"] += run.mixed
        if run.lines:
            found["first"] = found["first"] or "cut at %s: %s" % (cuts, "; ".join(run.lines))
    return found


if __name__ == "__main__":
    for line in sweep(int(sys.argv[1]), int(sys.argv[2]), (sys.argv[3:] or [None])[0]):
        print(json.dumps(line))
