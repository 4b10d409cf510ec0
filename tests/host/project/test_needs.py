# A machine without the browser: the tests that need it are left out, and that is said.

import os
import subprocess
import sys

from tests.support.world import ROOT


def test_what_was_left_out_is_said_at_the_end(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/host/cloud/test_page_panel.py", "-n", "1"],
        cwd=ROOT,
        env={**os.environ, "PATH": str(tmp_path), "CHROMIUM": ""},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert lines[-2].startswith("left out: ")
    assert lines[-2].endswith(" tests that need chromium: apt-get install chromium")
    assert " skipped in " in lines[-1]
