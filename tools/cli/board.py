# `python -m tools board`: a virtual board until Ctrl-C.

import asyncio
import contextlib
import errno
import pathlib
import signal

import click
from aiohttp import web

from ..host import configfile, errors, filesystem, screen, textfile
from ..virtualboard import profiles
from ..virtualboard.air import Network
from ..virtualboard.board import VirtualBoard, configured_networks
from ..virtualboard.control import application
from ..virtualboard.scenes import PHOTOS

_FILE = click.Path(path_type=pathlib.Path, exists=True, dir_okay=False)
_FOLDER = click.Path(path_type=pathlib.Path, exists=True, file_okay=False)


@click.command("board", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--profile",
    default="ai-thinker",
    show_default=True,
    type=click.Choice(profiles.names()),
    help="The board.",
)
@click.option(
    "--driver",
    type=click.Choice(list(profiles.DRIVERS)),
    help="The camera driver its firmware has: camera-api, or lemariva where there is no PSRAM.",
)
@click.option(
    "--micropython",
    default=profiles.MICROPYTHON,
    show_default=True,
    type=click.Choice(list(profiles.MICROPYTHONS)),
    help="The version of MicroPython's ESP32 port that it behaves as.",
)
@click.option("--heap", type=click.IntRange(65536), help="MicroPython's heap in bytes.")
@click.option(
    "--image",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="The flash, a littlefs image; made where there is none, kept at the end.",
)
@click.option(
    "--card",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="An SD card, a FAT image; made where there is none, kept at the end.",
)
@click.option("--folder", type=_FOLDER, help="What a new flash holds, in place of the firmware.")
@click.option("--empty", is_flag=True, help="A new flash holds nothing, as for a deploy.")
@click.option("--config", type=_FILE, help="The config.json of a new flash, with its CA.")
@click.option("--add", type=_FILE, multiple=True, help="One more file for a new flash.")
@click.option(
    "--network",
    multiple=True,
    metavar="SSID:PASSWORD",
    help="A Wi-Fi network around the board (default: those in its config.json).",
)
@click.option("--photos", type=_FOLDER, default=PHOTOS, help="JPEG files that it sees.")
@click.option(
    "--trouble",
    default=0.02,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="The part of captures that go wrong.",
)
@click.option(
    "--speed",
    default=1.0,
    show_default=True,
    type=click.FloatRange(0.01, 1000),
    help="How many times as fast as real time its time goes.",
)
@click.option(
    "--port-link",
    type=click.Path(path_type=pathlib.Path),
    help="A symbolic link to the serial port, whose name changes.",
)
@click.option(
    "--control-port",
    default=0,
    show_default="a free one",
    type=click.IntRange(0, 65535),
    help="The control interface's port.",
)
@click.option(
    "--ap-port",
    default=0,
    show_default="a free one",
    type=click.IntRange(0, 65535),
    help="The port at which the board's own access point is reached, TCP and UDP.",
)
@click.option("--sun", metavar="LAT,LON", help="A place in degrees, whose nights are dark.")
@click.option(
    "--lamp",
    type=click.IntRange(0, 48),
    metavar="GPIO",
    help="With --sun: a lamp on this pin lights the night, as the bright LED does.",
)
@click.option(
    "--battery",
    type=click.FloatRange(1, 100000),
    help="Runs on a lithium cell of so many mAh, full at first, halved at --battery-pin.",
)
@click.option(
    "--battery-pin", default=33, show_default=True, type=click.IntRange(0, 48), help="Its GPIO."
)
@click.option(
    "--panel",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 100000),
    help="With --sun: the most mA by which a solar panel charges it.",
)
@click.option("--quiet", is_flag=True, help="Do not print what the board prints.")
def command(
    folder, empty, config, add, network, control_port, quiet, image, sun, battery, **options
):
    """A board on this computer: real MicroPython, simulated camera, pins and Wi-Fi."""
    try:
        files = _files(folder, empty, config, add)
        pin, panel = options.pop("battery_pin"), options.pop("panel")
        if sun is not None:
            options["sun"] = _place(sun)
        if battery is not None:
            options["battery"] = {"mah": battery, "pin": pin, "panel_ma": panel}
        networks = [Network(*one.partition(":")[::2]) for one in network]
        board = VirtualBoard(files, image=image, networks=networks or None, **options)
    except OSError as e:
        raise click.ClickException(
            "{}: {}".format(e.filename, e.strerror) if e.filename else str(e)
        )
    except (ValueError, filesystem.FilesystemError) as e:
        raise click.ClickException(str(e))
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(board, control_port, quiet, options["ap_port"]))
    screen.echo("board: switched off")


def _place(text):
    try:
        latitude, longitude = map(float, text.split(","))
    except ValueError as e:
        raise ValueError("--sun: {} is not two numbers, as 52.5,13.4".format(text)) from e
    return latitude, longitude


def _files(folder, empty, config, add):
    files = {}
    if folder:
        paths = [path for path in folder.rglob("*") if path.is_file()]
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
    elif not empty:
        files = filesystem.firmware_files()
    if config:
        try:
            files["config.json"] = configfile.for_board(config)
        except configfile.SettingError:  # the board has its own say on what is no configuration
            files["config.json"] = config.read_bytes()
        files |= _ca_file(config)
    for path in add:
        files[path.name] = path.read_bytes()
    return files


def _ca_file(config):
    # The CA certificate beside the configuration, as deploy and flash take it.
    with contextlib.suppress(errors.ToolError, OSError):
        path = configfile.get(configfile.load(config), "cloud.ca")
        if isinstance(path, str) and path:
            kept = configfile.beside(config.parent, path)
            return {path.lstrip("/"): textfile.certificate(kept)}
    return {}


async def _serve(board, port, quiet, ap_port):
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    # Followers of the output wait for ever; they are not waited for.
    runner = web.AppRunner(application(board), access_log=None, shutdown_timeout=0.1)
    try:
        if not quiet:
            board.on_output(lambda text: screen.echo(text, end=""))
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", port)
        await site.start()
        address = runner.addresses[0]
        board.start()
        if not configured_networks(board.image) and not board.state()["wifi"]["networks"]:
            screen.echo("note: no Wi-Fi network; name one with --network or in config.json")
        screen.echo("serial port: " + board.port)
        screen.echo("control: http://{}:{}".format(*address))
        if ap_port:
            screen.echo("access point, while it is open: http://127.0.0.1:{}".format(ap_port))
        await stop.wait()
    except OSError as e:
        why = "port {}: {}".format(port, e.strerror or e)
        if e.errno == errno.EADDRINUSE:
            why = "port {} is in use: choose another with --control-port".format(port)
        raise click.ClickException("control interface: " + why)
    finally:
        await runner.cleanup()
        await asyncio.to_thread(board.stop)
