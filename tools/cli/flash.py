# `python -m tools flash`: firmware and thingscam onto a bare board, or into one file.

import json
import pathlib

import click

from thingscam.board import profiles
from thingscam.board.firmware import too_old

from .. import ROOT
from ..host import (
    configfile,
    errors,
    filesystem,
    firmware,
    flasher,
    label,
    screen,
    slots,
    textfile,
)
from ..host.errors import ToolError
from ..host.firmware import CHIPS

_PATH = click.Path(path_type=pathlib.Path, dir_okay=False)
_PROFILES = json.loads((ROOT / "firmware" / "boards.json").read_text("utf-8"))


class FlashError(ToolError):
    """Board, firmware and configuration do not go together; says which."""


@click.command()
@click.option("--board", metavar="NAME", help="The board's name. [default: camera.board]")
@click.option("--firmware", "image", type=_PATH, help="MicroPython with a camera: .bin or .zip.")
@click.option("--sha256", metavar="HEX", help="What the firmware file must have.")
@click.option("--config", "config_path", default="config.json", show_default=True, type=_PATH)
@click.option("--port", help="The board's serial port, such as /dev/ttyUSB0.")
@click.option("--output", type=_PATH, help="Write one file for another flasher, to go to 0.")
@click.option("--flash-mb", type=click.IntRange(2, 128), help="For --output: the flash's MB.")
@click.option("--source", is_flag=True, help="lib/ as .py, not compiled.")
@click.option("--erase", is_flag=True, help="Blank the whole flash first.")
@click.option("--verify", is_flag=True, help="Read its sums once more after writing.")
@click.option("--baud", type=int, help="Only this speed. [default: 921600, then slower]")
@click.option("--force", is_flag=True, help="Take a firmware in which no camera driver is seen.")
@click.option("--no-reset", is_flag=True, help="The board is in its boot loader already.")
@click.option("--label", "label_file", type=_PATH, help="A PNG to print: the way into setup.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON.")
def command(port, output, as_json, **options):
    """Write firmware, thingscam, configuration and CA to a board in one go.

    The board then starts into the app. What was in its filesystem is lost.

    Exit codes: 0 written, 1 something is wrong, 2 wrong usage.
    """
    if (port is None) == (output is None):
        raise click.UsageError("give one of --port and --output")
    say = screen.Say(as_json)
    with errors.exit_on_error():
        done = flash(port, output, say, **options)
        if as_json:
            screen.echo(json.dumps(done, indent=2))


def flash(
    port, output, say, board, image, sha256, config_path, flash_mb, source, erase, verify, baud,
    force, no_reset, label_file,
):  # fmt: skip
    """Write to the serial port `port` or the file `output`; the rest are the options.

    `say` takes lines and progress. Returns what was done as a dict. Raises the errors of
    the parts, FlashError, OSError.
    """
    profile, settings = _profile(board, config_path)
    extras = settings.extras  # pyright: ignore[reportAttributeAccessIssue]
    password = settings.setup.password if "setup" in extras else ""  # pyright: ignore
    if label_file is not None and not password:
        text = "--label: needs setup.password: python -m tools config --setup-password"
        raise FlashError(text)
    if image is None:
        raise FlashError("--firmware is missing{}".format(_where(profile.name)))
    found = firmware.load(image, sha256)
    _agree(profile, found)
    configfile.reject_chip(settings, found.chip)
    reason = too_old(found.release, settings.on_card())
    if reason:
        raise FlashError(reason)
    if not found.camera and not force:
        text = "{}: no camera driver is in this firmware, or --force takes it all the same{}"
        raise FlashError(text.format(image, _where(profile.name)))
    say("MicroPython {} for {}{}".format(found.version, CHIPS[found.chip], _named(found)))
    files = filesystem.firmware_files(compiled=not source) | own_files(config_path, settings)
    if found.frozen:
        say("thingscam is in the firmware itself: no lib/ is written")
        files = {
            name: data for name, data in files.items() if not name.startswith(filesystem.LIBRARY)
        }
    if output is not None:
        size = (flash_mb or _flash_mb(profile.name)) * 1024 * 1024
        place, system = _system(found, files, size)
        configfile.write(output, _merged(found, place, system))
        say("wrote {}: to be written to address 0".format(output))
    else:
        place, mac = _to_board(
            port, say, profile, found, files, erase, verify, baud, no_reset, bool(password)
        )
        if mac is not None:
            _tell_way_in(label.name(mac), password, label_file, say)
    return {
        "board": profile.name,
        "chip": found.chip,
        "micropython": found.version,
        "filesystem": {"offset": place.offset, "size": place.size, "files": sorted(files)},
        "port": port,
        "output": str(output) if output else None,
    }


def _to_board(port, say, profile, found, files, erase, verify, baud, no_reset, named):
    before = "no-reset" if no_reset else "default-reset"
    with say.bar() as progress, flasher.Flasher(port, say, progress, before) as chip:
        chip.require(found.chip, profile.name)
        chip.attach()
        place, system = _system(found, files, chip.flash_size)
        text = "flash of {} MB, {} KB of it for files, from {:#x} on"
        say(text.format(chip.flash_size >> 20, place.size // 1024, place.offset))
        parts = [(found.offset, found.data), (place.offset, system)]
        mac = chip.mac() if named else None
        chip.write(parts, (baud,) if baud else flasher.BAUDS, erase, verify)
    say("written and checked: the board starts now (ESP32-CAM: take GPIO0 off GND, press RST)")
    say("to see it work: python -m tools logs {}".format(port))
    return place, mac


def _tell_way_in(network, password, file, say):
    # How a phone gets into setup: on the terminal, and as a picture to print.
    text = label.joining(network, password)
    say("setup by telephone: Wi-Fi {}, password {}".format(network, password))
    for line in label.lines(text):
        say(line)
    if file is not None:
        file.write_bytes(label.png(text))
        say("wrote {}: a label for the board".format(file))


def _profile(name, config_path):
    # The configuration names the board; --board is for who wants to be sure.
    settings = configfile.check(configfile.load(config_path), config_path)
    chosen = settings.camera.board  # pyright: ignore[reportAttributeAccessIssue]
    if name not in (None, chosen):
        text = "--board is {}, but camera.board in the configuration is {}: make them the same"
        raise FlashError(text.format(_find(name).name, chosen))
    return _find(chosen), settings


def _find(name):
    try:
        return profiles.find(name)
    except profiles.UnknownBoardError as e:
        raise FlashError(str(e)) from e


def _agree(profile, found):
    if profile.chip not in (None, found.chip):
        text = "the firmware is for {}, but {} has an {}{}"
        has, where = CHIPS[profile.chip], _where(profile.name)
        raise FlashError(text.format(CHIPS[found.chip], profile.name, has, where))


def _where(name):
    known = _PROFILES["boards"].get(name)
    if known is None:
        return ""
    file = known["download"].format("<version>")
    return ": take {} from {}".format(file, _PROFILES["releases"])


def _named(found):
    return " ({})".format(found.machine) if found.machine else ""


def _flash_mb(name):
    known = _PROFILES["boards"].get(name)
    if known is None:
        raise FlashError("--output: say with --flash-mb how much flash the board has")
    return known["flash_mb"]


def own_files(config_path, settings):
    """Return {path on the board: bytes} of a board's own files: configuration, CA, and what
    updates over the air take.

    `settings` is the Config of the file `config_path`. Raises configfile.SettingError when
    the CA, or the key for updates, is needed and a board could not use what is there, OSError.
    """
    files = {"config.json": configfile.for_board(config_path)}
    advice = "python -m tools config {} --fetch-ca".format(textfile.typed(config_path))
    found = [configfile.certificate(settings, config_path.parent, advice)]
    if "update" in settings.extras:
        found += slots.own_files(settings, config_path.parent)
    return files | {path.lstrip("/"): data for path, data in filter(None, found)}


def _system(found, files, flash_size):
    place = found.filesystem(flash_size)
    return place, filesystem.image(files, place.size)


def _merged(found, place, system):
    whole = bytearray(b"\xff" * place.end)
    whole[found.offset : found.offset + len(found.data)] = found.data
    whole[place.offset : place.end] = system
    return bytes(whole)
