# `make venv`: what it must not touch.

import shutil
import subprocess
import sys

from tests.support.world import ROOT


def test_a_shared_venv_is_left_alone(tmp_path):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "precious").touch()
    checkout = tmp_path / "checkout"
    (checkout / "tools").mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "bootstrap.py", checkout / "tools")
    (checkout / ".venv").symlink_to(shared)
    done = subprocess.run(
        [sys.executable, checkout / "tools" / "bootstrap.py"],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (shared / "precious").exists()
    assert done.returncode == 1 and "is a link to" in done.stderr
