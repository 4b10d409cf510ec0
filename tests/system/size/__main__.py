# `python -m tests.system.size`, `make size`: what a receiver costs with a million pictures in it.

import contextlib
import pathlib
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field

import click
import requests

from tests.support import needs
from tests.support.postgres import Postgres
from tests.support.world import ROOT
from tests.system.load.servers import Place, Server
from tests.system.size import page
from tests.system.size.filled import BYTES, DAYS, fill
from tools.bench.world import machine
from tools.cloud.index import Index

PAGE = ROOT / "docs" / "results" / "size.md"

CAMERAS = 10_000
RATE = 50  # uploads a second, meanwhile
ROUND_S = 10
_VIEWS = 20
_ONE_IN = 100  # without a row, or without a file, where it is mended


@dataclass
class Calm:
    """Uploads at RATE: their times in ms, and how many were refused or cut off."""

    times: list = field(default_factory=list)
    failed: int = 0

    def quantile(self, percent):
        """Return the time in ms that so many of a hundred stay below."""
        return statistics.quantiles(self.times, n=100)[percent - 1]


@dataclass
class Step:
    """What took `seconds`, for so many pictures, the memory of its process in bytes, and the
    Calm meanwhile (None: nobody sent anything)."""

    seconds: float
    count: int
    memory: int
    calm: Calm | None = None


@dataclass
class View:
    """A page: seconds until it is there, the median, and seconds of the server's CPU."""

    seconds: float
    cpu: float


class Site:
    """A receiver's folder with `pictures` in it, on the database at a URL (None: SQLite)."""

    def __init__(self, place, name, pictures, url=None):
        self._place = place
        self.data = place.folder / name
        self.data.mkdir()
        self._url = url
        self._log = place.folder / f"{name}.log"
        self._pictures = pictures
        self._tools("receiver", "accounts", "import", place.accounts, *self.where)
        with self.index() as index:
            fill(index, self.data / "images", pictures, pictures // _ONE_IN)

    @property
    def where(self):
        """The options that tell it."""
        return ["--data", self.data, *(["--database", self._url] if self._url else [])]

    @contextlib.contextmanager
    def index(self):
        """Open the index."""
        with Index(self._url or f"sqlite:///{self.data}/index.db") as found:
            yield found

    def running(self, *options):
        """Return a Server on it."""
        command = ["tools", "receiver", "run", "--port", "0", "--quiet", *self.where, *options]
        return Server(command, self._log)

    def _tools(self, *words):
        subprocess.run([sys.executable, "-m", *map(str, ["tools", *words])], cwd=ROOT, check=True)

    def check(self, *more):
        """Return the Step of `receiver check`, and its last line."""
        began = time.monotonic()
        command = [sys.executable, "-m", "tools", "receiver", "check", *self.where, *more]
        memory = 0
        with open(self.data / "check.txt", "w+", encoding="utf-8") as said:
            process = subprocess.Popen([str(word) for word in command], cwd=ROOT, stdout=said)
            while process.poll() is None:
                # Not what wait4() tells: that counts what it was forked from.
                memory = max(memory, _peak(process.pid))
                time.sleep(0.1)
            said.seek(0)
            last = [line.strip() for line in said if "pictures in the index" in line]
        return Step(time.monotonic() - began, self._pictures, memory), *last

    def spoil(self):
        """Remove the files of some pictures."""
        with self.index() as index:
            last = 0
            while rows := index.pictures.after(last):
                last = rows[-1].id
                for row in rows[::_ONE_IN]:
                    (self.data / "images" / row.name).unlink()


def _peak(pid):
    with contextlib.suppress(OSError):
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
        return 1024 * sum(int(line.split()[1]) for line in text.splitlines() if "VmHWM" in line)
    return 0


class Sending:
    """Uploads at RATE to a server while a block runs; `calm` is how they went."""

    def __init__(self, place, server):
        self._place = place
        self._server = server
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.calm = Calm()

    def round(self):
        """Send for ROUND_S."""
        (told,) = self._place.fleet([self._server], RATE * ROUND_S, rate=RATE, connections=32)
        stored = told["answers"].pop("None", 0)
        self.calm.times += told["times"]
        self.calm.failed += RATE * ROUND_S - stored

    def _run(self):
        while not self._ended.is_set():
            self.round()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()


def calm(place, site):
    """Return the Calm of uploads to a receiver that does nothing else."""
    with site.running() as server:
        sending = Sending(place, server)
        sending.round()  # nothing is measured cold
        sending.calm = Calm()
        for _ in range(2):
            sending.round()
    return sending.calm


def checked(place, site, *more):
    """Return the Step of a check of a running receiver, and what it said."""
    with site.running() as server, Sending(place, server) as sending:
        step, said = site.check(*more)
    step.calm = sending.calm
    return step, said


def kept(place, site, option, value):
    """Return the Step of deleting what is more than the limit of an option lets be."""
    with site.index() as index, site.running(option, value) as server:
        before = index.pictures.count()
        began = changed = time.monotonic()
        last, memory, sent = before, 0, Sending(place, server)
        with sent:
            while time.monotonic() - changed < 2 * ROUND_S:
                time.sleep(0.5)
                memory = max(memory, server.memory())
                now = len(index.pictures.deleting(1)), _oldest(index)
                if now != last:
                    changed, last = time.monotonic(), now
        arrived = len(sent.calm.times) - sent.calm.failed
        gone = before + arrived - index.pictures.count()
    return Step(changed - began, gone, memory, sent.calm)


def _oldest(index):
    rows = index.pictures.after(0, 1)
    return rows[0].name if rows else None


def viewed(site, path):
    """Return the View of a page."""
    with site.running() as server:
        times = []
        requests.get(server.url + path, timeout=60)
        before = server.cpu()
        for _ in range(_VIEWS):
            began = time.monotonic()
            requests.get(server.url + path, timeout=60).raise_for_status()
            times.append(time.monotonic() - began)
        return View(statistics.median(times), (server.cpu() - before) / _VIEWS)


def measured(place, name, pictures, url=None):
    """Return all of a database: a dict of Step, View, Calm by name."""
    _say(f"{name}: filling")
    site = Site(place, name, pictures, url)
    found = {}
    _say(f"{name}: uploads alone")
    found["calm"] = calm(place, site)
    for path in ("/", "/cameras", "/cameras?find=camera&sort=name&page=7"):
        _say(f"{name}: {path}")
        found[path] = viewed(site, path)
    _say(f"{name}: check")
    found["check"], found["said"] = checked(place, site)
    site.spoil()
    _say(f"{name}: check --mend")
    found["mend"], found["mended"] = checked(place, site, "--mend")
    each = pictures // CAMERAS
    for option, value in (
        ("--keep-days", DAYS * 98 // 100),
        ("--keep-pictures", max(1, each * 96 // 100)),
        ("--keep-bytes", max(1_000_000, BYTES * each * 94 // 100)),
    ):
        _say(f"{name}: {option} {value}")
        found[option] = kept(place, site, option, value)
    return found


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--write", is_flag=True, help="Write docs/results/size.md.")
@click.option("--pictures", default=1_000_000, show_default=True, help="So many are there.")
@click.option("--sqlite/--no-sqlite", default=True)
@click.option("--postgresql/--no-postgresql", default=True)
def main(write, pictures, sqlite, postgresql):
    """Measure what a receiver costs that has a million pictures."""
    began = time.monotonic()
    found = {}
    with tempfile.TemporaryDirectory(prefix="thingscam-size") as folder:
        place = Place(pathlib.Path(folder), CAMERAS)
        if sqlite:
            found["SQLite"] = measured(place, "SQLite", pictures)
        if postgresql and needs.POSTGRESQL:
            with contextlib.closing(Postgres(fsync=True)) as server, server.database() as url:
                found["PostgreSQL"] = measured(place, "PostgreSQL", pictures, url)
    about = {
        "machine": machine(),
        "minutes": (time.monotonic() - began) / 60,
        "pictures": pictures,
        "cameras": CAMERAS,
        "rate": RATE,
        "days": DAYS,
        "orphans": pictures // _ONE_IN,
    }
    text = page.write(found, about)
    click.echo(text)
    if write:
        PAGE.write_text(text, "utf-8")


def _say(what):
    click.echo(f"measuring: {what}", err=True)


if __name__ == "__main__":
    main()
