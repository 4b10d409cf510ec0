# From the start of main.py to the first byte of the request, and a cycle in little memory.

import contextlib
import json
import shutil
import time

from .. import ROOT
from . import words, world
from .world import Row

_ROUNDS = 11
_WAIT_S = 20
_TIMES_MOST = 6
_CYCLE_MOST_KB = 125
_BOARD = world.DEVICE / "board"

# What people write today.
_TEN_LINES = """\
import requests
from camera import Camera
headers = {{"Content-Type": "application/octet-stream", "Region": "demo", "Project-Key": "key"}}
camera = Camera()
frame = camera.capture()
answer = requests.post("{}/device/v1/demo-camera/image/image", data=frame, headers=headers)
print("upload", answer.json()["image_url"])
answer.close()
"""


def measure(bench):
    """Return the rows."""
    rows = []
    for scheme in ("http", "https"):
        stock, py, mpy = [], [], []
        for _ in range(_ROUNDS):
            stock.append(_first_byte(bench, _script(bench, scheme)))
            py.append(_first_byte(bench, board(bench, scheme)))
            mpy.append(_first_byte(bench, board(bench, scheme, bench.compiled())))
        ratio = world.median(mpy) / world.median(stock)
        rows.append(
            Row(
                "start of main.py to the first byte of the request, {}, device code as .mpy: "
                "ms".format(scheme),
                world.spread(mpy),
                "ten lines with stock requests",
                world.spread(stock),
                ratio,
                "at most {} times the time".format(_TIMES_MOST),
                ratio <= _TIMES_MOST,
                "as .py: {}".format(world.spread(py)),
            )
        )
    return [*rows, _wake(bench), *_small(bench)]


def _wake(bench):
    found = {}
    for name, lib in (("py", world.LIB), ("mpy", bench.compiled())):
        wake(bench, lib)  # the first start looks at the configuration
        found[name] = [wake(bench, lib)[0] for _ in range(_ROUNDS)]
    return Row(
        "wake from deep sleep, boot.py to the first capture, device code as .mpy: ms",
        world.spread(found["mpy"]),
        "as .py",
        world.spread(found["py"]),
        world.median(found["py"]) / world.median(found["mpy"]),
    )


def wake(bench, lib):
    """Return how long a board takes from waking to a picture (us), and what is loaded then."""
    sections = {"power": {"mode": "deepsleep"}, "trigger": {"cooldown_s": 0}}
    folder, lib, names = board(bench, "http", lib, sections)
    shutil.rmtree(folder / "outbox", ignore_errors=True)
    env = world.environment(lib, _BOARD)
    env["THINGSCAM_PICTURE"] = str(bench.picture("60 KB"))
    command = world.command("waker.py", folder / "rtc", *names)
    with world.Child(command, env, folder) as child:
        started = int(child.line())
        while line := child.line():
            if line.strip().isdigit():
                return (int(line) - started) / 1000, json.loads(child.line())
    raise RuntimeError("no picture was asked for")


def loaded(bench, scheme):
    """Return the names of the modules that are loaded when the app, awake, has sent a picture."""
    with _running(bench, board(bench, scheme, bench.compiled()), script="lister.py") as child:
        while line := child.line():
            if line.startswith("["):
                return json.loads(line)
    raise RuntimeError("no picture was sent")


def board(bench, scheme, lib=None, sections=None):
    """Return a folder with boot.py, main.py and config.json, and the folder of its lib.

    `sections` are added to config.json.
    """
    folder = bench.folder / "-".join(["board", scheme, *(sections or ())])
    if not folder.exists():
        folder.mkdir()
        for name in ("boot.py", "main.py"):
            shutil.copy(ROOT / name, folder)
        settings = {
            "cloud": {
                "endpoint": bench.url(scheme),
                "access_token": "demo-camera",
                "identifier": "image",
                "project_key": "demo-project-key",
                "region": "demo",
                "ca": str(bench.ca),
            },
            "trigger": {"every_s": 10},
            "outbox": {"path": str(folder / "outbox")},
            **(sections or {}),
        }
        (folder / "config.json").write_text(json.dumps(settings))
    return folder, lib or world.LIB, ("boot.py", "main.py")


def _script(bench, scheme):
    folder = bench.folder / ("stock-" + scheme)
    folder.mkdir(exist_ok=True)
    (folder / "main.py").write_text(_TEN_LINES.format(bench.url(scheme)))
    return folder, world.LIB, ("main.py",)


def _first_byte(bench, where):
    # Microseconds until the server saw it.
    bench.first_bytes()
    with _running(bench, where) as child:
        started = int(child.line())
        end = time.monotonic() + _WAIT_S
        while time.monotonic() < end:
            found = bench.first_bytes()
            if found:
                return (found[0] - started) / 1000
            time.sleep(0.005)
    raise RuntimeError("no request came")


@contextlib.contextmanager
def _running(bench, where, heap="4M", script="starter.py"):
    folder, lib, names = where
    env = world.environment(lib, _BOARD)
    env["THINGSCAM_PICTURE"] = str(bench.picture("60 KB"))
    shutil.rmtree(folder / "outbox", ignore_errors=True)
    with world.Child(world.command(script, *names, heap=heap), env, folder) as child:
        yield child


def works_in(bench, scheme, heap, lib):
    """Return whether the app, started by boot.py and main.py, uploads in a heap of that size."""
    with _running(bench, board(bench, scheme, lib), heap) as child:
        while line := child.line():
            if " upload " in line and "->" in line:
                return True
            if "Error" in line or "memory" in line or "STOPPED" in line or "fail" in line:
                return False
    return False


def _small(bench):
    # The frame stands in the heap here, made first; on a board it is in the driver's buffer.
    rows = []
    for scheme in ("http", "https"):
        least = (_least(bench, scheme) - world.SIZES["60 KB"]) / 1024
        rows.append(
            Row(
                "the app's whole cycle, {}, as .mpy: least heap in KB, frame not counted".format(
                    scheme
                ),
                "{:.0f}".format(least),
                "in a board's words; frozen",
                "{:.0f}; {:.0f}".format(least * words.CYCLE, least * words.FROZEN_CYCLE),
                None,
                "at most {}".format(_CYCLE_MOST_KB),
                least <= _CYCLE_MOST_KB,
            )
        )
    return rows


def _least(bench, scheme):
    low, high = 32, 1024  # KB
    while high - low > 1:
        middle = (low + high) // 2
        if works_in(bench, scheme, "{}k".format(middle), bench.compiled()):
            high = middle
        else:
            low = middle
    return high << 10
