# `python -m tools demo`: stand-in service and device code, on this computer, end to end.

import io
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import urllib.request

import click
from PIL import Image

from tools import ROOT

_PROGRAMS = ("boot.py", "main.py", "lib")
_HERE = pathlib.Path(__file__).parent


@click.command()
@click.option(
    "--pictures",
    default=None,
    type=click.IntRange(0),
    help="Stop after so many; 0 never does. Without it: 3, or never on a terminal.",
)
@click.option("--port", default=0, show_default="a free one", help="The service's port.")
def command(pictures, port):
    """Upload photographs from real MicroPython to the stand-in service."""
    if pictures is None:
        pictures = 0 if sys.stdin.isatty() else 3
    # Ended from outside, it must not leave the service and the board running.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="thingscam-demo-") as folder:
        try:
            sys.exit(demo(pathlib.Path(folder), pictures, port))
        except KeyboardInterrupt:
            click.echo("\nstopped")
            sys.exit(0)


def demo(folder, pictures, port):
    """Run the demo in the empty `folder` until so many `pictures` arrived (0: for ever).

    Returns the exit code.
    """
    click.echo("starting the stand-in for the image service ...")
    service, url = _start_service(folder / "cloud", port)
    try:
        if url is None:
            return 1
        click.echo("all pictures are shown at {}/".format(url))
        click.echo("starting boot.py and main.py under MicroPython; one picture in 10 seconds:")
        board = _start_board(folder / "board", url)
        try:
            return _follow(board, pictures)
        finally:
            board.kill()
            board.wait()
    finally:
        service.terminate()
        service.wait()


def _start_service(data, port):
    command = [sys.executable, "-m", "tools", "cloud", "--quiet"]
    command += ["--port", str(port), "--data", str(data)]
    service = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    for line in service.stdout or ():
        if line.startswith("listening on "):
            return service, line.split()[-1]
    return service, None  # it has said why


def _start_board(folder, url):
    folder.mkdir()
    for name in _PROGRAMS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, folder)
    settings = {
        "cloud": {
            "endpoint": url,
            "access_token": "demo-camera",
            "identifier": "image",
            "project_key": "demo-project-key",
            "region": "demo",
        },
        "trigger": {"every_s": 10},
        "outbox": {"path": str(folder / "outbox")},
    }
    (folder / "config.json").write_text(json.dumps(settings, indent=2))
    env = dict(
        os.environ,
        MICROPYPATH="{}:lib:.frozen".format(_HERE / "demoboard"),
        THINGSCAM_PHOTOS=str(_HERE / "photos"),
    )
    micropython = pathlib.Path(sys.executable).parent / "micropython"
    return subprocess.Popen(
        [micropython, "-X", "heapsize=4M", _HERE / "demoboard" / "start.py"],
        cwd=folder,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _follow(board, pictures):
    arrived = 0
    for line in board.stdout:
        click.echo("board: " + line.rstrip())
        found = re.search(r"upload .* -> (http\S+)", line)
        if found is None:
            continue
        arrived += 1
        click.echo("       opened it: " + _look_at(found[1]))
        if arrived == pictures:
            click.echo("{} pictures arrived: done. To keep it running:".format(arrived))
            click.echo("  .venv/bin/python -m tools demo --pictures 0")
            return 0
    click.echo("the board's program ended before its time")
    return 1


def _look_at(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        data = answer.read()
    with Image.open(io.BytesIO(data)) as picture:
        return "{} {}x{}, {} bytes".format(picture.format, *picture.size, len(data))
