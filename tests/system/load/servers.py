# The servers that are measured, each a process of its own, and what they hold of memory.

import contextlib
import json
import os
import pathlib
import secrets
import subprocess
import sys

import trustme

from tests.support.world import ROOT
from tools.virtualboard.scenes import Scenes

REGION, KEY = "bench", "bench-project-key"

# So many cameras: each comes again later than the pace asks for.
CAMERAS = 20_000

# A frame of 800x600 from the virtual board's camera, of about 50 KB.
_SIZE, _QUALITY, _VARIANTS = "SVGA", 96, 16

_PATIENCE_S = 60


class Place:
    """A folder with what all of them use: pictures, a certificate, the accounts of so many
    `cameras`."""

    def __init__(self, folder, cameras=CAMERAS):
        self.folder = folder
        self.pictures = folder / "pictures"
        self.pictures.mkdir()
        scenes = Scenes()
        for number in range(_VARIANTS):
            jpeg = scenes.jpeg(number, 800_000_000_000 + number * 1000, _SIZE, _QUALITY)
            (self.pictures / f"{number:02d}.jpg").write_bytes(jpeg)
        self.size = sum(path.stat().st_size for path in self.pictures.iterdir()) // _VARIANTS
        ca = trustme.CA()
        ca.cert_pem.write_to_path(folder / "ca.pem")
        issued = ca.issue_cert("localhost", "127.0.0.1")
        issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
        issued.private_key_pem.write_to_path(folder / "key.pem")
        self.tokens = [secrets.token_hex(8) for _ in range(cameras)]
        devices = {token: {"device_type": {"image": "picture-url"}} for token in self.tokens}
        accounts = {"projects": {KEY: {"region": REGION, "devices": devices}}}
        self.accounts = folder / "accounts.json"
        self.accounts.write_text(json.dumps(accounts), "utf-8")
        self._first = 0

    def fleet(self, servers, count, *, connections=64, rate=None, tls=False):
        """Send `count` pictures to each of `servers` at once; return what each fleet tells.

        See fleet.py for what comes back.
        """
        share = len(self.tokens) // len(servers)
        fleets = []
        for number, server in enumerate(servers):
            given = {
                "url": server.url,
                "ca": str(self.folder / "ca.pem") if tls else None,
                "tokens": self.tokens[number * share : (number + 1) * share],
                "key": KEY,
                "region": REGION,
                "first": self._first,
                "pictures": str(self.pictures),
                "connections": connections,
                "count": count,
                "rate": rate,
            }
            command = [sys.executable, "-m", "tests.system.load.fleet"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            fleets.append((subprocess.Popen(command, cwd=ROOT, text=True, **pipes), given))
        self._first += count
        for process, given in fleets:
            json.dump(given, process.stdin)
            process.stdin.close()
        found = [json.loads(process.stdout.read()) for process, _ in fleets]
        for process, _ in fleets:
            process.wait(_PATIENCE_S)
        return found


class Server:
    """A server of `command`, from the line with its address on, until it is ended."""

    def __init__(self, command, log):
        self._log = log
        with open(log, "w", encoding="utf-8") as file:
            self._process = subprocess.Popen(
                [sys.executable, "-m", *map(str, command)],
                cwd=ROOT,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        assert self._process.stdout
        for line in self._process.stdout:
            if "listening on" in line:
                self.url = line.split()[-1]
                return
        raise RuntimeError(f"{command}: did not start: {log.read_text('utf-8')}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(_PATIENCE_S)
        finally:
            self._process.kill()
            self._process.communicate()

    def memory(self):
        """Return the bytes of memory that all its processes hold (proportional set size)."""
        return sum(map(_held, self.processes()))

    def cpu(self):
        """Return the seconds of CPU that all its processes have used."""
        return sum(map(_used, self.processes()))

    def processes(self):
        """Return the numbers of its processes, as a list."""
        found = [self._process.pid]
        for pid in found:
            with contextlib.suppress(OSError):
                for thread in os.listdir(f"/proc/{pid}/task"):
                    text = pathlib.Path(f"/proc/{pid}/task/{thread}/children").read_text()
                    found += map(int, text.split())
        return found


def _held(pid):
    with contextlib.suppress(OSError):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return 1024 * sum(int(line.split()[1]) for line in text.splitlines() if "Pss:" in line)
    return 0


def _used(pid):
    with contextlib.suppress(OSError):
        # Behind the name, which may hold blanks: utime and stime, see proc(5).
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return 0


def bare(place, name, tls=False):
    """Return a Server that only writes files, see bare.py."""
    folder = place.folder / name
    folder.mkdir()
    certificate = [place.folder / "cert.pem", place.folder / "key.pem"] if tls else []
    return Server(["tests.system.load.bare", folder, *certificate], place.folder / f"{name}.log")


def receiver(place, name, *more, database=None, tls=False):
    """Return a Server that is a receiver, on a folder of its own.

    `database` is an URL, None: SQLite in the folder; `more` are more of the command's options.
    """
    data = place.folder / name
    data.mkdir()
    where = ["--data", data, *(["--database", database] if database else [])]
    done = ["tools", "receiver", "accounts", "import", place.accounts, *where]
    subprocess.run([sys.executable, "-m", *map(str, done)], cwd=ROOT, check=True)
    command = ["tools", "receiver", "run", "--port", "0", "--quiet", *where, *more]
    if tls:
        command.append("--tls")
        command += ["--cert", place.folder / "cert.pem", "--key", place.folder / "key.pem"]
    return Server(command, place.folder / f"{name}.log")
