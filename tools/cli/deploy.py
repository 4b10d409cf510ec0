# `python -m tools deploy PORT`: thingscam onto a board with MicroPython, only what changed.

import contextlib
import json
import pathlib
import re
import sys

import click

from thingscam.board import sensorpin
from thingscam.board.firmware import too_old
from thingscam.config import config
from thingscam.update import choose

from ..host import configfile, errors, filesystem, screen, slots
from ..host.boardlink import WAIT_S, Board, BoardError
from ..host.harmless import one_line
from . import flash

_VERSION = """
import sys
print(*sys.implementation.version[:3])
print(getattr(sys.implementation, "_machine", ""))
"""
# A half of it, as an interrupted deployment leaves, is a package without a file.
_WHOSE = 'import thingscam\nprint(getattr(thingscam, "__file__", thingscam.__path__))'
_OURS = "/lib/thingscam"  # all in it is from here: what is not any more is removed


@click.command()
@click.argument("port")
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="The configuration to copy, with its CA. [default: config.json, where there is one]",
)
@click.option("--compile", "compiled", is_flag=True, help="lib/ as .mpy: less memory and time.")
@click.option("--slot", is_flag=True, help="As an update over the air does: lib/ alone, on trial.")
@click.option("--follow/--no-follow", default=None, help="Show the log. [default: on a terminal]")
@click.option("--seconds", type=float, help="Show it for so long only.")
@click.option("--wait", default=WAIT_S, show_default=True, help="Seconds for it to answer.")
@click.option("--json", "as_json", is_flag=True, help="Print what was done as JSON, no log.")
def command(port, config_path, compiled, slot, follow, seconds, wait, as_json):
    """Copy boot.py, main.py, lib/ and the configuration to the board on PORT.

    Only what is different there is copied, what is no longer part of thingscam is removed,
    and the board is started anew. Its pictures and its log stay. A version that came over the
    air is removed: what is deployed runs. With --slot it is put beside what runs, and must show
    that it works.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    if follow is None:
        follow = sys.stdout.isatty() or seconds is not None
    say = screen.Say(as_json)
    with errors.exit_on_error():
        # Before the board is stopped for it.
        if slot and (config_path or compiled):
            raise click.UsageError("--slot goes with neither --config nor --compile")
        wanted = {} if slot else files(config_path, compiled)
        with Board(port, wait) as board:
            done = to_slot(board, say) if slot else deploy(board, say, wanted)
            board.run()
            if as_json:
                screen.echo(json.dumps(done, indent=2))
            elif follow:
                with contextlib.suppress(KeyboardInterrupt):
                    board.follow(screen.echo, seconds, screen.aside)


def files(config_path=None, compiled=False):
    """Return {path on the board: bytes} of all that belongs there.

    `config_path` is the configuration (None: config.json, where there is one). Raises
    ConfigError, configfile.SettingError, mpy.CompileError, OSError.
    """
    found = filesystem.firmware_files(compiled=compiled)
    if config_path is None and pathlib.Path("config.json").exists():
        config_path = pathlib.Path("config.json")
    if config_path is not None:
        settings = configfile.check(configfile.load(config_path), config_path)
        found |= flash.own_files(config_path, settings)
    return {"/" + name: data for name, data in found.items()}


def deploy(board, say, wanted):
    """Make the files of `board` those of `wanted`; returns what was done as a dict.

    Raises BoardError, PortError, configfile.SettingError.
    """
    version, machine = _version(board)
    card = False
    if "/config.json" in wanted:
        settings = config.parse(wanted["/config.json"])
        configfile.reject_chip(settings, sensorpin.chip(machine))
        card = settings.on_card()
    reason = too_old(version, card)
    if reason:
        say("note: " + reason)
    # What a deploy that was cut off has left: half a configuration holds secrets too.
    left = {path + ".new" for path in ["/config.json", *wanted]}
    there = board.sums(dict.fromkeys([_OURS, choose.FOLDER, *wanted, *sorted(left)]))
    halves = sorted(left.intersection(there))
    for path in halves:
        board.remove(path)
        del there[path]
    changed = {
        path: data for path, data in wanted.items() if there.get(path) != filesystem.total(data)
    }
    stale = _stale(there, wanted)
    _reject_no_room(board, changed, there)
    total = _write(board, say, changed)
    # Last: of app.py and app.mpy MicroPython takes the .py, so that a board that loses its
    # power in between has one whole version or the other.
    for path in stale:
        board.remove(path)
    text = "{} of {} files copied ({} bytes), {} removed"
    removed = halves + stale
    say(text.format(len(changed), len(wanted), total, len(removed)))
    if set(slots.RECORDS).intersection(stale):
        say("the version that came over the air is removed: what was deployed runs")
    if "/config.json" not in wanted:
        say("config.json on the board is as it was: --config copies one")
    if not board.exec(_WHOSE, seconds=30).startswith("/lib/"):
        say("note: this board takes the thingscam in its firmware, or in /, not the one in /lib")
    return {"port": board.port, "copied": sorted(changed), "removed": removed, "bytes": total}


def to_slot(board, say):
    """Put thingscam into a slot of `board`, on trial; returns what was done as a dict.

    Raises BoardError, PortError, mpy.CompileError.
    """
    files, record = slots.on_trial(board)
    there = board.sums([choose.FOLDER])
    if slots.CHOOSE not in there:
        text = "the board takes no updates yet: deploy once with update.url in config.json"
        raise BoardError(text)
    changed = {
        path: data for path, data in files.items() if there.get(path) != filesystem.total(data)
    }
    folder = next(iter(files)).partition("thingscam/")[0]
    stale = sorted(path for path in there if path not in files and path.startswith(folder))
    for path in stale:
        board.remove(path)
    _reject_no_room(board, changed, there)
    total = _write(board, say, changed)
    board.write(*record)  # last: until then it is as it was
    say("{} of {} files copied ({} bytes): on trial".format(len(changed), len(files), total))
    return {"port": board.port, "copied": sorted(changed), "removed": stale, "bytes": total}


def _stale(there, wanted):
    # What is to go, in that order: what ran until now stays whole until it does not run.
    found = sorted(path for path in there if path not in wanted and path.startswith(_OURS))
    slot = [path for path in there if path not in wanted and path.startswith(choose.FOLDER)]
    if "/config.json" not in wanted and slots.CHOOSE in slot:
        slot.remove(slots.CHOOSE)  # the board's own configuration may ask for updates
    return found + sorted(slot, key=lambda path: (path not in slots.RECORDS, path))


def _write(board, say, changed):
    # Returns how many bytes that were.
    total = sum(len(data) for data in changed.values())
    with say.bar(total) as progress:
        done = 0
        for path, data in changed.items():
            board.write(
                path, data, lambda now, at=done, name=path: progress(at + now, total, name)
            )
            done += len(data)
    return total


def _version(board):
    # ((1, 27, 0), what it calls its board)
    text = board.exec(_VERSION, seconds=30)
    found = re.match(r"(\d{1,4}) (\d{1,4}) (\d{1,4})\n(.*)", text, re.ASCII)
    if not found:
        shown = one_line(text, 60) or "nothing"
        raise BoardError("the board names no version of MicroPython, but: {}".format(shown))
    return tuple(map(int, found.groups()[:3])), found[4]


def _reject_no_room(board, changed, there):
    # Each file is written beside the old one first.
    needed = max((len(data) for data in changed.values()), default=0)
    needed += sum(len(data) - there.get(path, (0,))[0] for path, data in changed.items())
    free = board.free_bytes()
    if needed > free:
        text = "the board's filesystem is full: {} bytes are needed, {} are free: remove pictures"
        raise BoardError(text.format(needed, free))
