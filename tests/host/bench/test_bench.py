# `python -m tools bench`: the command, and the part of it that is the same on every machine.

import subprocess
import sys

from tests.support.world import ROOT
from tools.bench import pace, report, world


def bench(*options):
    command = [sys.executable, "-m", "tools", "bench", *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_a_part_alone_is_shown_and_not_written():
    page = ROOT / "docs" / "results" / "benchmarks.md"
    before = page.read_bytes() if page.exists() else None
    done = bench("--only", "pace")
    assert done.returncode == 0, done.stderr
    assert "## Pace" in done.stdout and "Machine: " in done.stdout
    assert (page.read_bytes() if page.exists() else None) == before
    assert bench("--only", "pace", "--write").returncode == 2


def test_the_pace_is_kept_and_used():
    with world.World() as found:
        refused, used = pace.measure(found)
    assert (refused.ours, refused.met) == ("0", True)
    assert int(refused.other) > 0, "a sender by start times must be caught by the rule"
    assert used.ratio is not None and 0.97 <= used.ratio <= 1


def test_a_missed_target_is_told():
    row = world.Row("a", "1", "b", "2", 0.5, "at least 3", False)
    text = report.page([("pace", [row], None)], "machine", 1)
    assert "**at least 3**" in text and "What is missed" in text
