# `make venv`, `make demo`: what they must not touch.

import shutil
import subprocess
import sys

import pytest

from tests.support.world import ROOT
from tools import bootstrap


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


@pytest.mark.parametrize("changed", [False, True])
def test_what_is_there_is_added_to_unless_the_pins_have_changed(tmp_path, monkeypatch, changed):
    calls = []
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    pins = tmp_path / "requirements.txt"
    pins.write_text("click==8.5.1\n")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "venv")
    monkeypatch.setattr(bootstrap, "PYTHON", tmp_path / "venv" / "bin" / "python")
    monkeypatch.setattr(bootstrap, "install", lambda names, has_pip: calls.append(names))
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)  # no slow pip
    bootstrap.main("board")
    kept = tmp_path / "venv" / "kept"
    kept.touch()
    if changed:
        pins.write_text("click==8.5.2\n")
    bootstrap.main("dev")
    assert kept.exists() is not changed
    assert all((tmp_path / "venv" / stamp).exists() for stamp in (".board", ".done"))
    demo, tests = map(set, calls)
    assert any(name.startswith("aiohttp") for name in demo)
    assert demo < tests and "pytest" in tests - demo
