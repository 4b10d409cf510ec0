# `python -m tests.system.powercut`: every cut point; prints the table, writes it to docs/results/.

import argparse
import os
import platform
import subprocess
import sys
import time

from tests.support.world import ROOT
from tests.system import powercut

_PAGE = """# Proof by power cuts

Made by `make powercut`: {cuts} power cuts, every one survived.

Each line is one scenario of putting, sending, rejecting and dropping pictures, with folders of
three so that new folders come often. It runs under the real MicroPython, on its real VfsLfs2 and
VfsFat, on a block device in memory, again and again: the first time the power fails at the first
write or erase, then at the second, and so on to the last. After each cut the file system is
mounted again, the outbox is opened, and the scenario goes on to its end; then everything is sent.

- **lost**: pictures whose `put()` had returned, and that never came out; also any that came before
  its turn, was dropped without need, or was refused.
- **damaged**: pictures that came out, and were not byte for byte what went in.
- **sent twice**: pictures that came out once more, because the power failed while they were being
  removed; never more than one a cut (the command fails if there are).

In the scenario "settings from afar" it is not pictures but what was set from afar: asked for,
tried, in force, rolled back. There **lost** counts starts after which neither the old nor the new
counts, and **damaged** those that fail, or do not go by them.

"Garbage" means that random bytes follow where the write was cut; an erase that was cut leaves the
whole block random. On FAT a sector of 512 bytes is written whole or not at all, as cards promise.
"And again soon": the power fails once more, at the 1st, 2nd, 3rd, 5th, 8th or 13th write after the
restart. A cut on FAT may cost clusters that then belong to no file: at most {leaked} bytes a cut
here, until someone repairs the file system.

{table}

## Updates over the air

`updates.py` has a board fetch a version into the second slot, try and confirm it, then fetch
another one into the first slot, try it and give it up: on littlefs, with the power cut at every
write of that, as above. After each cut the slot that the record names is compared with what was
signed: exactly the files of one version must be there, and it goes on to the end.

- **none starts**: starts at which there was no whole version, or that never came to the end.
- **a mix starts**: starts at which the files were of two versions, or damaged.

{updates}

{when}, {machine}, {micropython}, {took:.0f} s.
"""


def main():
    """Sweep all; return the exit code."""
    about = "Cut the power at every write of each scenario; takes minutes on all cores."
    argparse.ArgumentParser(prog="python -m tests.system.powercut", description=about).parse_args()
    start = time.monotonic()
    lines = powercut.run_all(2 * (os.cpu_count() or 1))
    text = powercut.table(lines)
    print(text)
    bad = [line for line in lines if line["lost"] or line["damaged"] or line["over"]]
    for line in bad:
        print("FAILED {system}, {scenario}, {mode}: {first}".format(**line), file=sys.stderr)
    shown = powercut.run_all_updates(2 * (os.cpu_count() or 1))
    updates = powercut.update_table(shown)
    print(updates)
    for line in shown:
        if line["none"] or line["mixed"]:
            bad.append(line)
            print("FAILED update, {mode}: {first}".format(**line), file=sys.stderr)
    if bad:
        return 1
    version = "import sys; print('MicroPython %d.%d.%d-%s' % sys.implementation.version)"
    page = _PAGE.format(
        cuts=sum(line["points"] for line in lines),
        leaked=max(line["leaked"] for line in lines if line["system"] == "FAT"),
        table=text,
        updates=updates,
        when=time.strftime("%Y-%m-%d"),
        machine="{} cores of {}".format(os.cpu_count(), platform.machine()),
        micropython=subprocess.run(
            [powercut.MICROPYTHON, "-c", version], capture_output=True, text=True
        ).stdout.strip(),
        took=time.monotonic() - start,
    )
    (ROOT / "docs" / "results" / "powercut.md").write_text(page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
