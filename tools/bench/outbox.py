# `python -m tools.bench.outbox`: what put, oldest and remove cost, by how many pictures wait.

import json
import os
import pathlib
import subprocess
import sys

from .. import ROOT

SYSTEMS = ("littlefs", "FAT")
COUNTS = (10, 1000, 10000)
OPERATIONS = ("put", "oldest", "remove")
_PICTURE_BYTES = 16000  # a small SVGA frame; with larger ones the ratios come nearer to 1
_ROUNDS = 320


def measure(system, size=_PICTURE_BYTES, rounds=_ROUNDS, counts=COUNTS):
    """Return a dict {(operation, waiting): result} for one file system.

    A result has median_us, mean_us, reads and writes: medians of one operation, counted at
    the medium. All counts are measured in turn, in one process. Raises CalledProcessError.
    """
    micropython = pathlib.Path(sys.executable).parent / "micropython"
    script = pathlib.Path(__file__).parent / "device" / "outbox.py"
    command = [micropython, "-X", "heapsize=900M", script, system, size, rounds, *counts]
    done = subprocess.run(
        list(map(str, command)),
        env=dict(os.environ, MICROPYPATH="{}:.frozen".format(ROOT / "lib")),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = [json.loads(line) for line in done.stdout.splitlines()]
    return {(line["operation"], line["waiting"]): line for line in found}


def table(system, found):
    """Return the results of one file system as lines of a Markdown table."""
    lines = []
    for name in (*OPERATIONS, "start"):
        few, *_, many = (found[name, count] for count in COUNTS)
        cells = ["{median_us} ({mean_us})".format(**found[name, count]) for count in COUNTS]
        cells.append("{:.2f}".format(many["median_us"] / few["median_us"]))
        cells.append("{} / {}".format(few["reads"], many["reads"]))
        cells.append("{} / {}".format(few["writes"], many["writes"]))
        lines.append("| {} | {} | {} |".format(system, name, " | ".join(cells)))
    return lines


def main():
    """Measure and print."""
    counts = ["{:,} waiting".format(count) for count in COUNTS]
    ratio = "{:,} : {:,}".format(COUNTS[-1], COUNTS[0])
    print("Microseconds on a medium in memory that has taken in {:,} pictures".format(COUNTS[-1]))
    print("of {:,} bytes: median (mean). Reads and writes: calls to the".format(_PICTURE_BYTES))
    print("medium, median, with the fewest / the most waiting. start: the constructor.\n")
    names = ("file system", "operation", *counts, ratio, "reads", "writes")
    print("| {} |".format(" | ".join(names)))
    print("|---|---|--:|--:|--:|--:|--:|--:|")
    for system in SYSTEMS:
        print("\n".join(table(system, measure(system))))


if __name__ == "__main__":
    main()
