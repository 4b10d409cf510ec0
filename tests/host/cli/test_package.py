# `python -m tools package`: installed by the real mip and the real mpremote.

import contextlib
import functools
import http.server
import json
import os
import re
import subprocess
import sys
import threading

import pytest

from tests.conftest import MICROPYTHON
from tests.support import certificates
from tests.support.quick import PYTHON
from tests.support.world import ROOT
from thingscam import __version__
from tools.cli import package
from tools.host import filesystem
from tools.virtualboard.board import VirtualBoard

MPREMOTE = MICROPYTHON.parent / "mpremote"


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """The URL of the folder as `tools package` makes it, served."""
    folder = tmp_path_factory.mktemp("package") / "dist"
    command = [*PYTHON, "-m", "tools", "package", "--output", folder]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    with serving(folder) as url:
        yield url


@contextlib.contextmanager
def serving(folder):
    """Serve the folder; the value is its URL."""
    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "http://127.0.0.1:{}".format(server.server_port)
        server.shutdown()


def library(compiled, *rooms):
    """The files of lib/ as they should be on the board, below thingscam/: all, or of rooms."""
    files = filesystem.firmware_files(compiled=compiled)
    return {
        name.removeprefix("lib/"): data
        for name, data in files.items()
        if name.startswith("lib/") and (not rooms or name.split("/")[2] in rooms)
    }


def contents(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


USE = "from thingscam.board import profiles\nfrom thingscam.cloud import uploader\n"
USE_HTTP = "from thingscam.http import session\n"
USE_OUTBOX = "from thingscam.outbox import card, memory, policy, undeletable\n"


def installed(tmp_path, *arguments, use=USE + USE_HTTP):
    """What the unix MicroPython's own mip puts into an empty folder; it must import."""
    code = "import mip, sys\nmip.install({}, target='lib')\nsys.path.insert(0, 'lib')\n"
    code += use + "import thingscam\nprint(thingscam.__file__)\n"
    code = code.format(", ".join(arguments))
    done = subprocess.run(
        [MICROPYTHON, "-X", "heapsize=4M", "-c", code],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        env=dict(os.environ, MICROPYPATH=".frozen"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1].startswith("lib/thingscam/")
    return contents(tmp_path / "lib")


def test_by_address_as_source_and_compiled(served, tmp_path):
    (tmp_path / "py").mkdir()
    assert installed(tmp_path / "py", repr(served + "/package.json")) == library(False)
    (tmp_path / "mpy").mkdir()
    assert installed(tmp_path / "mpy", repr(served + "/mpy6/package.json")) == library(True)


@pytest.mark.parametrize("mpy", [False, True])
def test_by_index_the_board_gets_what_it_takes(served, tmp_path, mpy):
    more = ("'thingscam'", "index={!r}".format(served), "mpy={}".format(mpy))
    assert installed(tmp_path, *more) == library(mpy)
    version = package.project()["version"]
    (tmp_path / "again").mkdir()
    more += ("version={!r}".format(version),)
    assert installed(tmp_path / "again", *more) == library(mpy)


def test_mpremote_into_an_otherwise_empty_board(served):
    with VirtualBoard({"boot.py": "", "main.py": ""}) as board:
        command = [MPREMOTE, "connect", board.port, "mip", "install", "--index", served]
        done = subprocess.run([*command, "thingscam"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stdout + done.stderr
        files = {name.removeprefix("lib/"): data for name, data in board.files().items()}
        assert {name: files[name] for name in library(True)} == library(True)


@pytest.mark.parametrize("name", package.PACKAGES)
def test_the_projects_own_packages(tmp_path, name):
    renewed = package.dumped(package.project(name))
    assert (ROOT / name).read_text() == renewed, "renew it: python -m tools package --update"
    if name == "package.json":
        with serving(ROOT) as url:
            assert installed(tmp_path, repr(url + "/package.json")) == library(False)


def test_http_alone(served, tmp_path):
    """Its package has what it needs, and nothing else; the example runs on that."""
    install_alone(served, tmp_path, "http", USE_HTTP, {"util/strict_json.py"})
    with tls_server(tmp_path) as url:
        for lines in example(tmp_path, "http_session.py", url, "ca.der"):
            assert lines == [
                "200 {'reading': 0} connected",
                "200 {'reading': 1} kept",
                "200 {'reading': 2} kept",
            ]


def test_the_outbox_alone(served, tmp_path):
    install_alone(served, tmp_path, "outbox", USE_OUTBOX, set())
    for lines in example(tmp_path, "outbox.py", "readings"):
        assert lines == [
            "3 wait",
            "1700000000 timer reading 0",
            "1700000001 timer reading 1",
            "1700000002 timer reading 2",
        ]


def install_alone(served, tmp_path, room, use, rest):
    """Install a room's package: just the room's files, util's of every package, and `rest`."""
    found = installed(tmp_path, repr("{}/package-{}.json".format(served, room)), use=use)
    rest = rest | {"__init__.py", "util/__init__.py", "util/compat.py"}
    names = {"thingscam/" + name for name in rest}
    assert found.keys() == library(False, room).keys() | names
    (tmp_path / "mpy").mkdir()
    index = "index={!r}".format(served)
    compiled = installed(tmp_path / "mpy", "'thingscam-{}'".format(room), index, use=use)
    assert compiled.keys() == {name.replace(".py", ".mpy") for name in found}


def example(tmp_path, name, *arguments):
    """Yield what an example prints, as lines, on what is installed: each interpreter in turn."""
    for interpreter in (MICROPYTHON, sys.executable):
        command = [interpreter, ROOT / "examples" / name, *arguments]
        paths = dict(os.environ, MICROPYPATH="lib:.frozen", PYTHONPATH="lib")
        done = subprocess.run(
            command, cwd=tmp_path, env=paths, capture_output=True, text=True, timeout=30
        )
        assert done.returncode == 0, done.stderr
        yield done.stdout.splitlines()


class Echo(http.server.BaseHTTPRequestHandler):
    """Responds with what was posted."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def tls_server(folder):
    """Serve Echo with TLS, its CA as ca.der in the folder; the value is its URL."""
    context = certificates.make(folder)["good"]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield "https://localhost:{}/".format(server.server_port)
        server.shutdown()


def test_the_version_is_the_same_everywhere():
    """On the device and in package.json; and the changelog has it."""
    assert package.project()["version"] == __version__
    assert json.loads((ROOT / "package.json").read_text())["version"] == __version__
    headings = re.findall(r"^## \[?([^]\s]+)", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] in ("Unreleased", __version__)


def test_a_folder_of_something_else_stays(tmp_path):
    (tmp_path / "letters").write_text("dear")
    command = [*PYTHON, "-m", "tools", "package", "--output", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "it stays" in done.stderr
    assert (tmp_path / "letters").exists()
    # A project of someone's, or this one: a package.json does not make it ours.
    (tmp_path / "package.json").write_text("{}")
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1 and "it stays" in done.stderr
    assert (tmp_path / "letters").exists()
    (tmp_path / "letters").unlink()
    assert subprocess.run(command, cwd=ROOT).returncode == 1
    assert (tmp_path / "package.json").exists()


def test_made_anew_nothing_old_is_left(tmp_path):
    package.make(tmp_path / "dist")
    (tmp_path / "dist" / "thingscam" / "gone.py").write_text("old")
    package.make(tmp_path / "dist")
    assert not (tmp_path / "dist" / "thingscam" / "gone.py").exists()
    found = json.loads((tmp_path / "dist" / "mpy6" / "package.json").read_text())
    assert all(name.endswith(".mpy") for name, _ in found["urls"])
