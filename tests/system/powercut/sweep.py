# Goes through the cut points of one file system: micropython sweep.py SYSTEM STEP OFFSET [MUTANT]
#
# Takes every STEPth point from number OFFSET on, of the outbox or of one in mutants.py. A line
# of JSON for each scenario and mode; other lines are MicroPython's, about files the cut left open.

import json
import sys

import mutants
import scenario
import settings

# How the write that is cut leaves the medium: see flash.Flash.
_TEARS = {
    "littlefs": (
        ("write not begun", (0, False)),
        ("half written, rest garbage", (1, True)),
        ("half written, rest as before", (1, False)),
        ("all but a byte written", (2, False)),
    ),
    "FAT": (("write not begun", (0, False)),),
}
_SECOND = (1, 2, 3, 5, 8, 13)  # writes after the restart at which the power goes again


def sweep(system, step=1, offset=0, outbox=scenario.SmallFolders):
    """Yield a dict of results for each scenario and mode."""
    for name in list(scenario.STEPS) + [settings.NAME]:
        whole = _run(system, name, outbox=outbox)
        whole.run()
        for mode, tear in _TEARS[system]:
            points = ([n] for n in range(1 + offset, whole.writes + 1, step))
            yield _over(system, name, mode, tear, points, whole.leaked, outbox)
        points = (
            [n, again]
            for i, again in enumerate(_SECOND)
            for n in range(1 + (offset + i) % step, whole.writes + 1, step)
        )
        mode = "write not begun, and again soon"
        yield _over(system, name, mode, (0, False), points, whole.leaked, outbox)


def _run(system, name, *more, **options):
    kind = settings.Run if name == settings.NAME else scenario.Run
    return kind(system, name, *more, **options)


def _over(system, name, mode, tear, points, leaked, outbox):
    found = {"system": system, "scenario": name, "mode": mode}
    count = lost = damaged = over = repeats = worst = 0
    first = None
    for cuts in points:
        try:
            run = _run(system, name, tear, cuts, outbox)
            run.run()
        except Exception as e:
            # Whatever it is, the camera would have stopped.
            lost += 1
            count += 1
            sys.print_exception(e, sys.stderr)
            first = first or "cut at %s: %r" % (cuts, e)
            scenario.unmount()
            continue
        count += run.cut
        lost += run.lost
        damaged += run.damaged
        repeats += run.repeats
        over += max(0, run.repeats - run.cut)
        worst = max(worst, (run.leaked - leaked) // max(run.cut, 1))
        if run.lost or run.damaged or run.repeats > run.cut:
            first = first or "cut at %s: %s" % (cuts, "; ".join(run.lines))
    found.update(points=count, lost=lost, damaged=damaged, repeats=repeats, over=over)
    found.update(leaked=worst, first=first)
    return found


if __name__ == "__main__":
    outbox = getattr(mutants, sys.argv[4]) if sys.argv[4:] else scenario.SmallFolders
    for line in sweep(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), outbox):
        print(json.dumps(line))
