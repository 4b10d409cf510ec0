# What a build freezes: it compiles for the chip, and the bytecode passes the device tests.

import ast
import json
import os
import re
import subprocess

import pytest

from tests.conftest import DEVICE, FAKES, MICROPYTHON
from tests.support.world import ROOT
from thingscam import __version__
from thingscam.board import profiles as boards
from tools.host import filesystem, mpy

FIRMWARE = ROOT / "firmware"


class Manifest:
    """What a manifest asks for, as tools/manifestfile.py of MicroPython 1.27 takes it."""

    def __init__(self, path):
        self.files = {}  # by the name they are frozen under
        self.outside = []  # manifests of MicroPython's own
        self.data = None
        self._folder = path.parent
        self.include(path.name)

    def include(self, name):
        if name.startswith("$("):
            self.outside.append(name)
            return
        before, path = self._folder, self._folder / name
        self._folder = path.resolve().parent
        exec(path.read_text(), {each: getattr(self, each) for each in self.NAMES})
        self._folder = before

    def metadata(self, **data):
        assert self.data is None, "MicroPython refuses a second call"
        self.data = data

    def package(self, name, base_path):
        base = (self._folder / base_path).resolve()
        for path in (base / name).rglob("*.py"):
            self.files[path.relative_to(base).as_posix()] = path

    def module(self, name, base_path):
        self.files[name] = (self._folder / base_path / name).resolve()

    NAMES = ("include", "metadata", "package", "module")


def test_the_manifest_for_builds_of_others():
    found = Manifest(ROOT / "manifest.py")
    assert found.data["version"] == __version__ and found.data["license"] == "MIT"
    assert (
        found.outside == [] and "thingscam/app.py" in found.files and "boot.py" not in found.files
    )


@pytest.mark.parametrize("programs", [False, True])
def test_all_that_is_frozen_compiles_for_the_chip(monkeypatch, programs):
    monkeypatch.setenv("FREEZE_PROGRAMS", "1" if programs else "0")
    found = Manifest(FIRMWARE / "manifest.py")
    assert found.outside == ["$(PORT_DIR)/boards/manifest.py"]
    files = found.files
    expected = {name.removeprefix("lib/") for name in filesystem.firmware_files()}
    assert set(files) == expected if programs else expected - {"boot.py", "main.py"}
    for name, path in files.items():
        data = mpy.compiled(path, path.parents[name.count("/")], "-march=xtensawin")
        # M, version 6, and no architecture among the flags: plain bytecode.
        assert data[:2] == b"M\x06" and data[2] >> 2 == 0, name


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("compiled")
    for name, data in filesystem.firmware_files(compiled=True).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder / "lib"


@pytest.mark.parametrize(
    "name",
    ["config/test_config", "image/test_checks", "cloud/test_interval", "camera/test_camera"],
)
def test_the_bytecode_passes_the_device_tests(compiled, tmp_path, name):
    path = DEVICE / (name + ".py")
    tests = [
        node.name
        for node in ast.parse(path.read_text()).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    ]
    assert len(tests) > 3
    env = dict(
        os.environ,
        MICROPYPATH="{}:{}:.frozen".format(compiled, FAKES),
        THINGSCAM_PHOTOS=str(ROOT / "tools" / "virtualboard" / "photos"),
        THINGSCAM_FILES=str(tmp_path),
    )
    program = "import sys; sys.path.append('{}')\nimport {} as tests, thingscam\n".format(
        path.parent, path.stem
    )
    program += "assert thingscam.__file__.endswith('.mpy')\n"
    program += "".join("tests.{}()\n".format(test) for test in tests)
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=4M", "-c", program],
        env=env,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_boards_are_those_of_the_device_code():
    profiles = json.loads((FIRMWARE / "boards.json").read_text())["boards"]
    assert set(profiles) == set(boards.names()) - {"firmware"}
    for name, profile in profiles.items():
        chip = boards.find(name).chip
        assert profile["variant"].startswith("ESP32_GENERIC_S3" if chip == "esp32s3" else "ESP32_")
        assert profile["flash_mb"] in (4, 8, 16)
        assert profile["source"]


def test_the_build_says_what_it_lacks_and_knows_its_boards():
    script = FIRMWARE / "build.sh"
    assert subprocess.run(["bash", "-n", script]).returncode == 0
    env = {"PATH": os.environ["PATH"]}
    done = subprocess.run([script, "ai-thinker"], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "espressif/idf:v" in done.stderr
    env["IDF_PATH"] = "/nowhere"
    done = subprocess.run([script, "espeye"], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "esp-eye" in done.stderr
    done = subprocess.run([script], env=env, capture_output=True, text=True)
    assert done.returncode == 1 and "usage" in done.stderr


def test_versions_are_the_same_in_script_and_readme():
    script = (FIRMWARE / "build.sh").read_text()
    readme = (FIRMWARE / "README.md").read_text()
    pins = dict(re.findall(r"^([A-Z_]+)=(v\S+)$", script, re.MULTILINE))
    assert set(pins) == {"MICROPYTHON", "CAMERA_API", "IDF"}
    for version in pins.values():
        assert "| {} |".format(version) in readme
    assert "espressif/idf:{} ".format(pins["IDF"]) in script
    assert "espressif/idf:{} ".format(pins["IDF"]) in readme
    profiles = json.loads((FIRMWARE / "boards.json").read_text())["boards"]
    for profile in profiles.values():
        assert profile["download"].format(pins["MICROPYTHON"]) in readme
    assert (FIRMWARE / "build.sh").stat().st_mode & 0o100
