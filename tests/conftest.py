# Runs the tests in tests/device twice: by pytest itself, and under the real MicroPython.

import ast
import gc
import os
import pathlib
import platform
import shutil
import subprocess
import sys
import tempfile

import pytest

from tests.support import needs, s3server, seaweedfs
from tests.support.postgres import Postgres
from tests.support.quick import Quick
from tests.support.world import ROOT, World
from tools.virtualboard import process

DEVICE = ROOT / "tests" / "device"
FAKES = ROOT / "tests" / "support" / "device"  # what device tests import
LIB = ROOT / "lib"
# Another version by the environment: `MICROPYTHON=.../build-standard/micropython pytest ...`.
MICROPYTHON = pathlib.Path(
    os.environ.get("MICROPYTHON") or pathlib.Path(sys.executable).parent / "micropython"
)

sys.path[:0] = [str(LIB), str(FAKES)]
os.environ["LC_ALL"] = "C.UTF-8"  # the tools speak the computer's language, the tests English

# What is compiled is kept, whatever the environment says: else each worker puts its assertions
# into all the tests anew, and each tool that they run compiles itself.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Thousands of small files, each flushed to its disk: in memory, where there is plenty of that. A
# folder of one's own choice: `TMPDIR=... pytest`.
_IN_MEMORY = "/dev/shm"
_PLENTY = 4_000_000_000
if "TMPDIR" not in os.environ and os.access(_IN_MEMORY, os.W_OK):
    _pages = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if min(_pages, shutil.disk_usage(_IN_MEMORY).free) > _PLENTY:
        os.environ["TMPDIR"] = tempfile.tempdir = _IN_MEMORY

_WORLD = pytest.StashKey()
_QUICK = pytest.StashKey()
_FIRST = "THINGSCAM_POSTGRES"  # the folder of what the workers' servers begin with
_WHY = 400  # characters of a failure that a second run has mended


@pytest.fixture(scope="session")
def postgres():
    """A server of PostgreSQL, one for each worker, started for the first test that wants it."""
    found = Postgres(first=os.environ.get(_FIRST))
    yield found
    found.close()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=needs.postgresql)])
def index_url(request, tmp_path):
    """The URL of an empty database, of each kind that an index may be in."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/index.db"
    else:
        with request.getfixturevalue("postgres").database() as url:
            yield url


def pytest_xdist_auto_num_workers(config):
    """Return two workers a processor, and one: a board's tests wait half of their time."""
    return 2 * (os.cpu_count() or 1) + 1


def pytest_configure(config):
    config.stash[_WORLD] = World()
    if not hasattr(config, "workerinput"):
        os.environ[_FIRST] = tempfile.mkdtemp(prefix="thingscam-pg")
        config.stash[_QUICK] = Quick()


def pytest_unconfigure(config):
    config.stash[_WORLD].stop()
    if not hasattr(config, "workerinput"):
        shutil.rmtree(os.environ.pop(_FIRST), ignore_errors=True)
        config.stash[_QUICK].close()


@pytest.fixture(scope="session")
def s3():
    """The URL of an S3 server, which runs as long as the tests do."""
    with s3server.running() as url:
        yield url


@pytest.fixture(scope="session")
def weed():
    """The URL of SeaweedFS's S3, which runs as long as the tests of its worker do."""
    with seaweedfs.running() as url:
        yield url


def pytest_collect_file(file_path, parent):
    if DEVICE in file_path.parents and file_path.match("test_*.py"):
        return MicroPythonFile.from_parent(parent, path=file_path)
    return None


def pytest_collection_modifyitems(items):
    # A virtual board's seconds are made of the computer's, which other jobs may have: what fails
    # is run once more, and named at the end.
    for item in items:
        if isinstance(item, pytest.Function) and DEVICE not in item.path.parents:
            item.add_marker(pytest.mark.flaky(reruns=1))


def pytest_runtest_setup(item):
    if DEVICE in item.path.parents:
        # The device code collects often, as a board must: not all that pytest holds.
        gc.freeze()
        item.config.stash[_WORLD].start()


def pytest_terminal_summary(terminalreporter):
    counts = {False: 0, True: 0}
    for report in terminalreporter.stats.get("passed", []):
        if report.when == "call" and report.nodeid.startswith("tests/device/"):
            counts["[micropython]" in report.nodeid] += 1
    if any(counts.values()):
        text = "device tests passed: {} under CPython {}, {} under MicroPython {}"
        versions = platform.python_version(), _version()
        terminalreporter.write_line(
            text.format(counts[False], versions[0], counts[True], versions[1])
        )
    for report in terminalreporter.stats.get("rerun", []):
        crash = getattr(report.longrepr, "reprcrash", None)
        why = " ".join((crash.message if crash else report.longreprtext).split())[:_WHY]
        terminalreporter.write_line(f"run once more, for it failed: {report.nodeid}: {why}")
    for line in needs.left_out(terminalreporter.stats.get("skipped", [])):
        terminalreporter.write_line(line)


def _version():
    code = "import sys; print('%d.%d.%d' % sys.implementation.version[:3])"
    return subprocess.run([MICROPYTHON, "-c", code], capture_output=True, text=True).stdout.strip()


class MicroPythonFile(pytest.File):
    """One file of device tests, run under MicroPython in one process."""

    def collect(self):
        """Yield an item for each test function, found without importing the file."""
        for node in ast.parse(self.path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield MicroPythonItem.from_parent(self, name=node.name + "[micropython]")


class MicroPythonItem(pytest.Item):
    """One device test under MicroPython."""

    def runtest(self):
        """Run the test in a fresh MicroPython; fail with MicroPython's own traceback."""
        name = self.name.split("[")[0]
        micropython = [MICROPYTHON] if "MICROPYTHON" in os.environ else process.command()
        command = [*micropython, "-X", "heapsize=8M", FAKES / "run.py", self.path, name]
        env = dict(os.environ, MICROPYPATH="{}:{}:.frozen".format(LIB, FAKES))
        done = subprocess.run(
            command, env=env, capture_output=True, text=True, errors="replace", timeout=110
        )
        if done.returncode or done.stdout.splitlines()[-1:] != ["passed " + name]:
            pytest.fail(done.stdout + done.stderr, pytrace=False)
