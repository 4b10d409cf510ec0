# The power-cut proof on a sample of its points; `make powercut` goes through all.

import subprocess
import sys

import pytest

from tests.support.world import ROOT
from tests.system import powercut

pytestmark = pytest.mark.timeout(600)  # on a machine that is busy with other tests

# File system, every so-manieth point, from which on.
SHARES = (("littlefs", 40, 3), ("littlefs", 40, 23), ("FAT", 8, 3))


def test_help_is_no_sweep():
    command = [sys.executable, "-m", "tests.system.powercut", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 0 and done.stdout.startswith("usage: "), done.stderr


@pytest.mark.parametrize("system,step,offset", SHARES)
def test_nothing_is_lost_damaged_or_sent_too_often(system, step, offset):
    lines = powercut.run(system, step, offset)
    assert {line["scenario"] for line in lines} >= {
        "put, send, reject",
        "overflow",
        "settings from afar",
    }
    for line in lines:
        assert not (line["lost"] or line["damaged"] or line["over"]), line
    # In all shares together more than 2,000.
    assert sum(line["points"] for line in lines) > 2000 // len(SHARES)


@pytest.mark.parametrize(
    "mutant,system,step,offset,sign",
    [
        ("ReturnsEarly", "littlefs", 100, 0, "lost"),
        ("ReturnsEarly", "FAT", 60, 0, "lost"),
        ("NoCheck", "FAT", 30, 0, "damaged"),
        ("RemovesLate", "FAT", 60, 0, "over"),
        ("RenamesOnFat", "FAT", 12, 5, "lost"),
        ("DropsTooEarly", "FAT", 60, 0, "lost"),
        ("OneFile", "FAT", 60, 0, "lost"),
    ],
)
def test_finds_the_mistake(mutant, system, step, offset, sign):
    lines = powercut.run(system, step, offset, mutant)
    assert sum(line[sign] for line in lines) > 0, lines


def test_a_cut_update_leaves_one_version_that_starts():
    lines = powercut.run_updates(12, 5)
    assert len(lines) == 5 and sum(line["points"] for line in lines) > 50
    for line in lines:
        assert not (line["none"] or line["mixed"]), line
    lines = powercut.run_updates(60, 5, "RecordFirst")
    assert sum(line["none"] + line["mixed"] for line in lines) > 0, lines
