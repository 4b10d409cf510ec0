# Power cuts at every write of a scenario: real littlefs and FAT, under the real MicroPython.

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys

from tests.support.world import ROOT
from tools.virtualboard import process

SYSTEMS = ("littlefs", "FAT")
MICROPYTHON = pathlib.Path(sys.executable).parent / "micropython"
_HERE = ROOT / "tests" / "system" / "powercut"
_ADDED = ("points", "lost", "damaged", "repeats", "over")


def run(system, step=1, offset=0, mutant=None):
    """Sweep one file system as sweep.py does; return its results, a dict each.

    Raises RuntimeError when the sweep itself fails.
    """
    return _run("sweep.py", system, str(step), str(offset), *filter(None, [mutant]))


def _run(program, *arguments):
    path = ":".join(
        map(str, (".frozen", ROOT / "lib", ROOT / "tests" / "support" / "device", _HERE))
    )
    done = subprocess.run(
        [*process.command(), "-X", "heapsize=32M", program, *arguments],
        cwd=_HERE,
        env=dict(os.environ, MICROPYPATH=path),
        capture_output=True,
        text=True,
        errors="replace",
    )
    if done.returncode:
        raise RuntimeError(done.stdout[-2000:] + done.stderr[-2000:])
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def run_all(shares):
    """Sweep every point of both file systems in so many processes; return the sums."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(run, system, shares, i) for i in range(shares) for system in SYSTEMS]
        return merge(line for job in jobs for line in job.result())


def run_updates(step=1, offset=0, mutant=None):
    """Sweep the slots of updates as updates.py does; return its results, a dict each."""
    return _run("updates.py", str(step), str(offset), *filter(None, [mutant]))


def run_all_updates(shares):
    """Sweep every point of the slots in so many processes; return the sums."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(run_updates, shares, i) for i in range(shares)]
        return merge_updates(line for job in jobs for line in job.result())


def merge_updates(found):
    """Return one dict of results for each mode, of several run_updates()."""
    sums = {}
    for line in found:
        total = sums.setdefault(line["mode"], dict(line, points=0, none=0, mixed=0))
        for name in ("points", "none", "mixed"):
            total[name] += line[name]
        total["first"] = total["first"] or line["first"]
    return list(sums.values())


def update_table(lines):
    """Return results of run_updates() as a Markdown table with a last line of sums."""
    form = "| {mode} | {points} | {none} | {mixed} |"
    rows = ["| how the power fails | cuts | none starts | a mix starts |", "|---|--:|--:|--:|"]
    rows += [form.format(**line) for line in lines]
    sums = {name: sum(line[name] for line in lines) for name in ("points", "none", "mixed")}
    return "\n".join([*rows, form.format(mode="**all**", **sums)])


def merge(lines):
    """Return one dict of results for each file system, scenario and mode."""
    found = {}
    for line in lines:
        key = SYSTEMS.index(line["system"]), line["scenario"], line["mode"]
        total = found.setdefault(key, dict(line, first=None, leaked=0, **dict.fromkeys(_ADDED, 0)))
        for name in _ADDED:
            total[name] += line[name]
        total["leaked"] = max(total["leaked"], line["leaked"])
        total["first"] = total["first"] or line["first"]
    return [found[key] for key in sorted(found)]


def table(lines):
    """Return results as a Markdown table with a last line of sums."""
    rows = [
        "| file system | scenario | how the power fails | cuts | lost | damaged | sent twice |",
        "|---|---|---|--:|--:|--:|--:|",
    ]
    form = "| {system} | {scenario} | {mode} | {points} | {lost} | {damaged} | {repeats} |"
    rows += [form.format(**line) for line in lines]
    sums = {name: sum(line[name] for line in lines) for name in _ADDED}
    rows.append(form.format(system="**all**", scenario="", mode="", **sums))
    return "\n".join(rows)
