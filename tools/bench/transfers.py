# How long an upload takes: ours, stock requests, the floor, and others for the record.
#
# Every contestant is a process of its own and waits for its turn; they take turns of a few
# uploads, so that whatever else the machine does meets all of them alike.

import contextlib
import json
import subprocess
import sys
import time

from .. import ROOT
from . import world
from .world import Row

_ROUNDS = 12
# Uploads in a turn; fewer of what takes long.
_TURN = {"first": 4, "floor_first": 4, "stock http": 4, "stock https": 2, "asyncio": 1, "curl": 1}
_USUAL_TURN = 20

# what, contestant, against, scheme, picture, least or most ratio
_TARGETS = (
    ("TLS, verified, new connection", "first", "stock", "https", "60 KB", 10),
    ("TLS, verified, connection kept", "kept", "stock", "https", "60 KB", 50),
    ("plain HTTP, connection kept", "kept", "stock", "http", "60 KB", 2.5),
    ("plain HTTP, connection kept", "kept", "stock", "http", "500 KB", 2.5),
    ("TLS, connection kept", "kept", "floor", "https", "60 KB", -1.25),
    ("TLS, connection kept", "kept", "floor", "https", "500 KB", -1.25),
    ("plain HTTP, connection kept", "kept", "floor", "http", "60 KB", -2.5),
    ("plain HTTP, connection kept", "kept", "floor", "http", "500 KB", -1.5),
)
_NAMES = {
    "kept": "thingscam, connection kept",
    "first": "thingscam, new connection",
    "stock": "stock requests (new connection, unverified)",
    "floor": "bare socket loop, connection kept",
    "floor_first": "bare socket loop, new connection, verified",
    "asyncio": "asyncio open_connection, kept",
    "asyncio_nodelay": "the same with TCP_NODELAY",
    "cpython": "CPython requests, Session kept",
    "cpython_new": "CPython requests, new connection",
    "curl": "curl, new connection (its own time_total)",
}


def measure(bench):
    """Return the rows of the targets, and a second table for the record."""
    took = {}
    for scheme in ("http", "https"):
        for size in ("60 KB", "500 KB"):
            took.update(_together(bench, scheme, size))
    rows = [_row(took, *target) for target in _TARGETS]
    return rows, _record(took)


def _row(took, what, ours, against, scheme, size, limit):
    mine = took[ours, scheme, size]
    other = took[against, scheme, size]
    faster = limit > 0
    ratio = world.median(other) / world.median(mine)
    if not faster:
        ratio = 1 / ratio
    return Row(
        "{}, {}: ms".format(size, what),
        world.spread(mine),
        _NAMES[against],
        world.spread(other),
        ratio,
        "{} {} times {}".format(
            "at least" if faster else "at most", abs(limit), "faster" if faster else "the time"
        ),
        ratio >= limit if faster else ratio <= -limit,
        _floor(took, ours, scheme, size, world.median(other)) if faster else "",
    )


def _floor(took, ours, scheme, size, other):
    # How much faster than stock anything written for this interpreter can be.
    floor = world.median(took["floor_first" if ours == "first" else "floor", scheme, size])
    return "a bare socket loop: {:.2f} times".format(other / floor)


def _record(took):
    lines = []
    for name, title in _NAMES.items():
        cells = []
        for scheme in ("http", "https"):
            for size in ("60 KB", "500 KB"):
                values = took.get((name, scheme, size))
                cells.append(world.ms(world.median(values)) if values else "-")
        lines.append([title, *cells])
    head = ["client", "HTTP, 60 KB", "HTTP, 500 KB", "TLS, 60 KB", "TLS, 500 KB"]
    return "For the record, milliseconds (median):", head, lines


def _together(bench, scheme, size):
    took = {}
    with contextlib.ExitStack() as stack:
        players = {}
        for name in _NAMES:
            player = stack.enter_context(_player(name, bench, scheme, size))
            players[name] = player
            took[name, scheme, size] = []
        for _ in range(_ROUNDS):
            for name, play in players.items():
                turn = _TURN.get(name) or _TURN.get(name + " " + scheme) or _USUAL_TURN
                took[name, scheme, size] += play(turn)
    return took


@contextlib.contextmanager
def _player(name, bench, scheme, size):
    picture = bench.picture(size)
    if name == "curl":
        yield lambda turns: [_curl(bench, scheme, picture) for _ in range(turns)]
        return
    if name.startswith("cpython"):
        command = [sys.executable, "-m", "tools.bench.transfers", name]
        command += [bench.url(scheme), str(bench.pem), str(picture)]
        env = None
    else:
        command = world.command("client.py", name, bench.url(scheme), bench.ca, picture)
        env = world.environment()
    with world.Child(command, env, ROOT) as child:
        if child.line() != "ready\n":
            raise RuntimeError("{} did not start".format(name))
        yield lambda turns: json.loads(child.ask(str(turns)))


def _curl(bench, scheme, picture):
    command = ["curl", "-s", "-o", "/dev/null", "-w", "%{time_total}", "--cacert", str(bench.pem)]
    command += ["-H", "Expect:", "-H", "Content-Type: application/octet-stream"]
    command += ["-H", "Region: demo", "-H", "Project-Key: demo-project-key"]
    command += ["--data-binary", "@" + str(picture), _path(bench.url(scheme))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1e6


def _path(url):
    return url + "/device/v1/demo-camera/image/image"


def _cpython(name, url, ca, picture):
    # The contestant under CPython, as device/client.py is under MicroPython.
    import requests

    headers = {
        "Content-Type": "application/octet-stream",
        "Region": "demo",
        "Project-Key": "demo-project-key",
    }
    with open(picture, "rb") as file:
        data = file.read()
    session = requests.Session()  # pyright: ignore[reportAttributeAccessIssue] a stub shadows it
    post = session.post if name == "cpython" else requests.post

    def upload():
        with post(_path(url), data=data, headers=headers, verify=ca) as answer:
            assert answer.json()["result"] == 1

    upload()
    print("ready", flush=True)
    for line in sys.stdin:
        took = []
        for _ in range(int(line)):
            start = time.perf_counter_ns()
            upload()
            took.append((time.perf_counter_ns() - start) / 1000)
        print(json.dumps(took), flush=True)


if __name__ == "__main__":
    _cpython(*sys.argv[1:])
