# Receivers in processes of their own, on one database and one store: started, killed, looked over.

import contextlib
import dataclasses
import json
import os
import pathlib
import queue
import signal
import subprocess
import sys
import threading
import time

from tests.support.world import ROOT
from tests.system.receiver import places

START_S = 60.0
CHECK_S = 120.0
KEYS = {"AWS_ACCESS_KEY_ID": "someone", "AWS_SECRET_ACCESS_KEY": "a secret of S3's"}


@dataclasses.dataclass
class Place:
    """Where a receiver keeps what it has: a folder of its own, a database, a store; and what its
    environment says of them."""

    data: pathlib.Path
    database: object
    store: object
    environment: dict = dataclasses.field(default_factory=dict)

    def options(self):
        """Return the options that tell it."""
        return [
            *("--data", str(self.data)),
            *("--database", self.database.url),
            *("--store", self.store.url),
        ]

    def found(self):
        """Return what is there (Found), read around the receiver."""
        return places.found(self.database, self.store)


class Receiver:
    """One instance at a `place`, started by `start()`; `lines` is what it printed.

    `options` are those of `receiver run`.
    """

    def __init__(self, place, *options):
        self._place = place
        self._options = options
        self._process = None
        self.lines = []
        self.address = None

    def start(self, steps="", wait=True):
        """Start it; `steps` are those of steps.py: where it is killed, or what mistake it makes.

        Without `wait` it may not listen yet. Raises RuntimeError if it ends instead.
        """
        command = ["receiver", "run", *self._place.options(), "--port", "0", *self._options]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.system.receiver.steps", steps, *command],
            cwd=ROOT,
            env=_environment(self._place),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.address = None
        heard = queue.Queue()
        thread = threading.Thread(target=self._hear, args=(self._process, heard), daemon=True)
        thread.start()
        if wait:
            self.wait(heard)
        self._heard = heard

    def wait(self, heard=None):
        """Wait until it listens. Raises RuntimeError."""
        heard = heard or self._heard
        with contextlib.suppress(queue.Empty):
            self.address = heard.get(timeout=START_S)
        if self.address is None:
            raise RuntimeError("did not start: " + "\n".join(self.lines[-20:]))

    def _hear(self, process, heard):
        for line in process.stdout:
            self.lines.append(line.rstrip())
            if "listening on http" in line:
                host, _, port = line.split("://", 1)[1].split()[0].strip('",}/').rpartition(":")
                heard.put((host, int(port)))
        heard.put(None)

    @property
    def pid(self):
        """The number of its main process."""
        return self._process.pid

    @property
    def runs(self):
        """Whether it has not ended."""
        return self._process is not None and self._process.poll() is None

    def workers(self):
        """Return the numbers of the processes that judge pictures, of one that serves alone."""
        return _children(self.pid, b"spawn_main")

    def servers(self):
        """Return the numbers of the processes that serve, where there are several."""
        forks = _children(self.pid, b"forkserver")
        return _children(forks[0], b"forkserver") if forks else []

    def kill(self):
        """Kill it and all its processes with SIGKILL."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(20)

    def stop(self):
        """Have it end. Raises RuntimeError if it does not, or not in order."""
        if not self.runs:
            return
        self._process.terminate()
        try:
            code = self._process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise RuntimeError("did not end on SIGTERM") from None
        if code not in (0, -signal.SIGTERM):
            raise RuntimeError(f"ended with {code}: " + "\n".join(self.lines[-20:]))

    def threads(self):
        """Return how many threads its main process has."""
        return int(self._status("Threads"))

    def resident(self):
        """Return how many bytes of memory its main process has."""
        return int(self._status("VmRSS").split()[0]) * 1024

    def descriptors(self):
        """Return how many files and sockets its main process has open."""
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def _status(self, name):
        text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return next(line.split(":", 1)[1].strip() for line in text.splitlines() if name in line)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.runs:
            self.kill()


def _children(parent, what):
    """Return the numbers of a process's children in whose command line `what` (bytes) is."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            pid, _, rest = path.read_text().rpartition(")")
            command = path.with_name("cmdline").read_bytes()
            if int(rest.split()[1]) == parent and what in command:
                found.append(int(pid.split()[0]))
    return found


def _environment(place):
    return dict(os.environ, PYTHONUNBUFFERED="1", **place.environment)


def command(place, *words, steps="grace:0", within_s=CHECK_S):
    """Run `receiver WORDS` at a place; return the subprocess.CompletedProcess."""
    return subprocess.run(
        [sys.executable, "-m", "tests.system.receiver.steps", steps, "receiver", *words],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        env=_environment(place),
        capture_output=True,
        text=True,
        timeout=within_s,
    )


def load_accounts(place, accounts):
    """Make the accounts (what their JSON says) known at a place."""
    file = place.data / "accounts.json"
    place.data.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(accounts))
    options = place.options()[:4]
    done = command(place, "accounts", "import", str(file), *options)
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def until(condition, within_s=30.0, every_s=0.02):
    """Wait until `condition()` holds; return whether it does."""
    end = time.monotonic() + within_s
    while not (found := condition()) and time.monotonic() < end:
        time.sleep(every_s)
    return found
