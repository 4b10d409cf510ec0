# A PostgreSQL server of the tests' own: started when first needed, ended with the tests.

import contextlib
import ctypes
import fcntl
import itertools
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
from urllib.parse import urlsplit

from tests.support import needs

_DEATH_SIGNAL = 1  # prctl's PR_SET_PDEATHSIG
_ROOT_RUNS_AS = (
    "postgres"  # the server refuses to be run by root; Debian's package makes this user
)


class Postgres:
    """A server in a folder of its own, reached by a Unix socket in it.

    Without `fsync` a crash of the computer would cost data, one of the server does not. What
    all begin with is made once, in the folder `first` (text), if one is given.
    """

    def __init__(self, fsync=False, first=None):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="thingscam-pg"))
        self._user = {}
        if os.geteuid() == 0:
            shutil.chown(self._folder, _ROOT_RUNS_AS, _ROOT_RUNS_AS)
            self._user = {"user": _ROOT_RUNS_AS, "group": _ROOT_RUNS_AS, "extra_groups": []}
        self._process = None
        self._numbers = itertools.count(1)
        self._free = []
        self._fsync = "on" if fsync else "off"
        if first:
            self._copy(pathlib.Path(first))
        else:
            self._make()
        self.start()

    def _make(self):
        command = [f"{needs.POSTGRESQL}/initdb", "-D", self._folder / "data", "--no-sync"]
        command += ["-A", "trust", "-U", "tests", "-E", "UTF8", "--locale=C"]
        subprocess.run(
            command, check=True, capture_output=True, cwd="/", timeout=100, **self._user
        )

    def _copy(self, first):
        with (first / "lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (first / "data").exists():
                self._make()
                subprocess.run(["cp", "-a", self._folder / "data", first / "new"], check=True)
                (first / "new").rename(first / "data")
                return
        subprocess.run(["cp", "-a", first / "data", self._folder / "data"], check=True)

    def start(self):
        """Start it, and return when it takes connections."""
        settings = {
            "fsync": self._fsync,
            "listen_addresses": "",
            "unix_socket_directories": self._folder,
            "shared_buffers": "16MB",
            "max_connections": 200,
        }
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [f"{needs.POSTGRESQL}/postgres", "-D", self._folder / "data", *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                preexec_fn=_end_with_us,
                **self._user,
            )
        ready = [f"{needs.POSTGRESQL}/pg_isready", "-q", "-h", self._folder, "-U", "tests"]
        for _ in range(300):
            if subprocess.run(ready, cwd="/").returncode == 0:
                return
            if self._process.poll() is not None:
                break
            time.sleep(0.03)
        raise RuntimeError((self._folder / "log").read_text())

    def stop(self):
        """End it in order; those who are connected are cut off."""
        self._end(signal.SIGINT)

    def kill(self):
        """End it with kill -9: what was not written to its log is lost."""
        self._end(signal.SIGKILL)

    def _end(self, number):
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(30)
        # Of one that was killed the processes of connections end by themselves, in a moment.
        for _ in range(300):
            if not any(self._group()):
                return
            time.sleep(0.03)
        raise RuntimeError("processes of the server stay")

    @contextlib.contextmanager
    def frozen(self):
        """Have it stand still for a while: connections stay, nothing is answered."""
        assert self._process
        stopped = [self._process.pid, *self._group()]
        for pid in stopped:
            os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            for pid in stopped:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGCONT)

    def _group(self):
        """Yield the ids of the processes that the server has started, itself not among them."""
        assert self._process
        mine = str(self._folder / "data")
        for entry in pathlib.Path("/proc").iterdir():
            with contextlib.suppress(OSError):
                found = entry.name.isdecimal() and os.readlink(entry / "cwd") == mine
                if found and int(entry.name) != self._process.pid:
                    yield int(entry.name)

    @contextlib.contextmanager
    def database(self):
        """Lend an empty database; the value is its URL."""
        if self._free:
            name = self._free.pop()
            # A new one would take ten times as long.
            self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public", name)
        else:
            name = f"test{next(self._numbers)}"
            self.sql(f"CREATE DATABASE {name}", "postgres")
        try:
            yield self.url(name)
        finally:
            self.cut(name)
            self._free.append(name)

    def cut(self, name):
        """End all connections to a database, by name or URL; return how many there were."""
        name = urlsplit(name).path.removeprefix("/")
        query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        return int(self.sql(f"{query} WHERE datname = '{name}'", "postgres"))

    def url(self, name):
        """Return the URL of the database called `name`."""
        return f"postgresql://tests@/{name}?host={self._folder}"

    def sql(self, text, name):
        """Run a command as the server's owner in a database, by name or URL; return its output."""
        name = urlsplit(name).path.removeprefix("/")
        command = [f"{needs.POSTGRESQL}/psql", "-h", self._folder, "-U", "tests", "-d", name]
        done = subprocess.run(
            [*command, "-Atqc", text], check=True, capture_output=True, cwd="/", text=True
        )
        return done.stdout.strip()

    def close(self):
        """End it and remove its folder."""
        self._end(signal.SIGQUIT)
        shutil.rmtree(self._folder, ignore_errors=True)


def _end_with_us():
    # A test run that is killed leaves no server behind.
    ctypes.CDLL(None).prctl(_DEATH_SIGNAL, signal.SIGQUIT)
