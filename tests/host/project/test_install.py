# What people install: sdist and wheel, by the real pip, in an empty environment.

import importlib.metadata
import json
import os
import pathlib
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile

import pytest
from packaging.requirements import Requirement

from tests.support import firmwarefile
from tests.support.world import ROOT
from thingscam import __version__
from tools import bootstrap
from tools.host import filesystem

PIP = [sys.executable, "-m", "pip", "-q", "--disable-pip-version-check"]
VERBS = ("config", "flash", "deploy", "logs", "doctor", "package", "send")
SETTINGS = {
    "wifi.ssid": "Гараж",
    "wifi.password": "wifi-pass-word",
    "cloud.endpoint": "http://127.0.0.1:9",
    "cloud.access_token": "t0ken-abcdef",
    "cloud.identifier": "image",
    "cloud.project_key": "s3cret-key-7x",
    "cloud.region": "cn-1",
}


def run(*command, code=0, **options):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, **options)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture
def wheel(tmp_path):
    """The wheel that pip makes of the sdist."""
    folder = tmp_path / "dist"
    run(sys.executable, "-m", "hatchling", "build", "-d", folder, cwd=ROOT)
    (straight,) = folder.glob("*.whl")
    with zipfile.ZipFile(straight) as archive:
        expected = {each.filename: each.CRC for each in archive.infolist()}
    straight.unlink()
    (sdist,) = folder.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert not [name for name in archive.getnames() if "config.json" in name]
    run(*PIP, "wheel", "--no-build-isolation", "--no-deps", "--no-index", "-w", folder, sdist)
    (found,) = folder.glob("*.whl")
    with zipfile.ZipFile(found) as archive:
        assert {each.filename: each.CRC for each in archive.infolist()} == expected
        assert {name.split("/")[0] for name in expected} == {
            "thingscam_tools",
            "thingscam-{}.dist-info".format(__version__),
        }
    missing = []
    for folder, place in (("tools", "thingscam_tools/"), ("lib", "thingscam_tools/project/lib/")):
        for path in (ROOT / folder).rglob("*.*"):
            name = path.relative_to(ROOT / folder).as_posix()
            if path.is_file() and path.suffix != ".pyc" and place + name not in expected:
                missing.append(folder + "/" + name)
    left_out = ("tools/bench/", "tools/cli/bench.py", "tools/bootstrap.py")
    assert not [name for name in missing if not name.startswith(left_out)]
    return found


def light(texts, found):
    """Collect in `found` the distributions by name that the requirements `texts` lead to."""
    for text in texts:
        wanted = Requirement(text)
        extras = wanted.extras or {""}
        if wanted.name not in found:
            dist = found[wanted.name] = importlib.metadata.distribution(wanted.name)
            markers = [(each, Requirement(each).marker) for each in dist.requires or ()]
            light(
                [
                    each
                    for each, marker in markers
                    if not marker or any(marker.evaluate({"extra": name}) for name in extras)
                ],
                found,
            )
    return found


@pytest.fixture
def installed(tmp_path, wheel):
    """Return a function that runs the installed `thingscam`, in an empty folder."""
    home = tmp_path / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    scripts = home / "bin"
    run(*PIP, "--python", scripts / "python", "install", "--no-index", "--no-deps", wheel)
    # What else pip would fetch, as it lies here: no more than the project asks for.
    with zipfile.ZipFile(wheel) as archive:
        text = archive.read("thingscam-{}.dist-info/METADATA".format(__version__)).decode()
    asked = [
        line.partition(": ")[2]
        for line in text.splitlines()
        if line.startswith("Requires-Dist: ") and "extra ==" not in line
    ]
    (there,) = home.glob("lib/python*/site-packages")

    def fetch(texts):
        here = pathlib.Path(sysconfig.get_path("purelib"))
        for dist in light(texts, {}).values():
            for top in {path.parts[0] for path in dist.files or () if path.parts[0] != ".."}:
                if not (there / top).exists() and top != "__pycache__":
                    (there / top).symlink_to(here / top)

    fetch(asked)
    folder = tmp_path / "home"
    folder.mkdir()
    env = {name: text for name, text in os.environ.items() if not name.startswith("PYTHON")}

    def thingscam(*words, code=0):
        shown = run(scripts / "thingscam", *words, code=code, cwd=folder, env=env)
        assert "Traceback" not in shown and "python -m tools" not in shown
        return shown

    return thingscam, folder, fetch


def test_the_installed_command_does_what_a_checkout_does(installed):
    thingscam, folder, fetch = installed
    assert __version__ in thingscam("--version")
    listed = thingscam("--help")
    assert "bench" not in listed
    for verb in VERBS:
        assert "\n  " + verb in listed
        assert thingscam(verb, "--help").startswith("Usage: thingscam " + verb)
    given = [word for pair in SETTINGS.items() for word in ("--set", "=".join(pair))]
    assert "thingscam config" in thingscam("config", "--check", code=1)
    thingscam("config", *given)
    assert thingscam("config", "--check") == "config.json: right\n"
    thingscam("package")
    with open(folder / "dist" / "package.json", encoding="utf-8") as file:
        assert json.load(file)["version"] == __version__
    assert "checkout" in thingscam("package", "--update", code=1)
    (folder / "firmware.bin").write_bytes(firmwarefile.make())
    thingscam("flash", "--firmware", "firmware.bin", "--output", "whole.bin", "--source")
    whole = (folder / "whole.bin").read_bytes()
    there = filesystem.contents(whole[0x200000:0x400000])
    assert there.pop("config.json") == (folder / "config.json").read_bytes()
    assert there == filesystem.firmware_files()
    photo = ROOT / "tools" / "virtualboard" / "photos" / "cat.jpg"
    assert "not sent (retry)" in thingscam("send", photo, code=1)
    # What was not asked for is named, not met.
    for verb, extra in (("cloud", "cloud"), ("board", "board"), ("demo", "board")):
        assert "install thingscam[{}]".format(extra) in thingscam(verb, code=1)
    fetch(bootstrap.needed("cloud"))
    assert "demo-project-key" in thingscam("cloud", "--print-accounts")


def test_what_is_pinned_is_what_is_asked_for():
    pins = {}
    for line in (ROOT / "requirements.txt").read_text("utf-8").splitlines()[1:]:
        name, _, version = line.partition("==")
        pins[name.lower().replace("_", "-")] = version
    asked = list(map(Requirement, bootstrap.needed("dev")))
    assert len(asked) > 20
    for one in asked:
        assert one.specifier.contains(pins[one.name], prereleases=True), str(one)
    tests = {one.name for one in asked} - {
        Requirement(each).name for each in bootstrap.needed("board")
    }
    assert {"pytest", "playwright", "basedpyright"} <= tests
