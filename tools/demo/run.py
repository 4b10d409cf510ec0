# The stand-in and the virtual board, end to end, on one page.

import asyncio
import errno
import io
import json
import signal
import urllib.request

from PIL import Image

from .. import INSTALLED
from ..cloud.service import accounts
from ..cloud.service.server import make_app, start
from ..cloud.service.store import Store
from ..host import filesystem, screen
from ..virtualboard.board import VirtualBoard
from .panel import BoardPanel, url_in
from .updates import Updates


async def run(folder, pictures, port):
    """Run the demo in the empty `folder` until so many `pictures` arrived (0: for ever).

    Returns the exit code.
    """
    lines = asyncio.Queue()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, lines.put_nowait, None)
    screen.echo("starting the stand-in for the image service and a virtual board ...")
    panel = BoardPanel(lambda line: loop.call_soon_threadsafe(lines.put_nowait, line))
    app = make_app(accounts.default(), Store(folder / "cloud"), panel=panel)
    try:
        runner, url = await start(app, port=port)
    except OSError as error:
        why = ": {}".format(error.strerror or error)
        if error.errno == errno.EADDRINUSE:
            why = " is in use: choose another with --port"
        screen.echo("port {}{}".format(port, why), err=True)
        return 1
    try:
        screen.echo(
            "open {}/ in a browser: pictures, the board's log, and what to do to it".format(url)
        )
        updates = Updates(folder)
        # Compiled: the flash has room for two versions more.
        files = await asyncio.to_thread(filesystem.firmware_files, compiled=True)
        files |= updates.files()
        settings = _settings(url) | {"update": updates.settings()}
        files["config.json"] = json.dumps(settings, indent=2).encode()
        panel.offer(updates, url)
        board = VirtualBoard(files)
        panel.attach(board)
        # Starting and stopping wait for the board's process.
        await asyncio.to_thread(board.start)
        try:
            return await _follow(lines, pictures)
        finally:
            await asyncio.to_thread(board.stop)
            updates.close()
    finally:
        await runner.cleanup()


def _settings(url):
    return {
        "wifi": [{"ssid": "demo-network", "password": "demo-password"}],
        "cloud": {
            "endpoint": url,
            "access_token": "demo-camera",
            "identifier": "image",
            "project_key": "demo-project-key",
            "region": "demo",
            "device_endpoint": url,
        },
        "report": {"every_s": 60},
        "remote": {"every_s": 30, "insecure": True},
        "trigger": {"every_s": 15, "cooldown_s": 2},
    }


async def _follow(lines, pictures):
    arrived = 0
    while (line := await lines.get()) is not None:
        screen.echo("board: " + line)
        url = url_in(line)
        if url is None:
            continue
        arrived += 1
        screen.echo("       opened it: " + await asyncio.to_thread(_look_at, url))
        if arrived == pictures:
            screen.echo("{} pictures arrived: done. To keep it running:".format(arrived))
            where = "" if INSTALLED else ".venv/bin/"
            screen.echo("  {}python -m tools demo --pictures 0".format(where))
            return 0
    screen.echo("stopped")
    return 0


def _look_at(url):
    with urllib.request.urlopen(url, timeout=10) as answer:
        data = answer.read()
    with Image.open(io.BytesIO(data)) as picture:
        return "{} {}x{}, {} bytes".format(picture.format, *picture.size, len(data))
