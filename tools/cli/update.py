# `python -m tools update`: new versions for boards that take them over the air, signed.

import json
import os
import pathlib
import re
import subprocess
import sys

import click

from thingscam.board import profiles

from .. import INSTALLED, ROOT
from ..host import bundle, configfile, errors, fileserver, filesystem, language, prompt, screen
from ..host.boardlink import WAIT_S, Board
from ..host.errors import ToolError
from ..host.harmless import one_line
from ..host.language import said

INDEX = "latest.json"  # what a board asks for: which version there is, and for how many
PUBLIC = "update.pub"
_KEY = "update.key"
_PASSPHRASE = "THINGSCAM_PASSPHRASE"  # in the environment, for scripts
_FILE = click.Path(path_type=pathlib.Path, dir_okay=False)
_FOLDER = click.Path(path_type=pathlib.Path, file_okay=False)
# What a bundle must agree with; boot.py has run, so that it is the version in use.
_ABOUT = """
import sys, json
try:
    from thingscam import __version__ as v
except ImportError:
    v = None
try:
    b = json.load(open("/config.json")).get("camera", {}).get("board", "ai-thinker")
except (OSError, ValueError, AttributeError):
    b = None
i = sys.implementation
print(json.dumps([list(i[1])[:3], getattr(i, "_mpy", 0) & 255, v, b]))
"""


@click.group()
def command():
    """Make the key, sign a version, check it, serve it.

    docs/update.md has the whole way.
    """


@command.command()
@click.option("--output", default=".", show_default=True, type=_FOLDER, help="Where they go.")
@click.option("--passphrase", is_flag=True, help="Ask for one that locks the private key.")
@language.option
def keys(output, passphrase):
    """Make the pair of keys: update.key signs and stays here, update.pub goes to each board.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    with errors.exit_on_error():
        for name in (_KEY, PUBLIC):
            if (output / name).exists():
                text = "{}: is there already, and boards may trust it: it stays"
                raise ToolError(text.format(output / name))
        private, public = bundle.new_key(_passphrase(True) if passphrase else None)
        configfile.write(output / _KEY, private)
        (output / PUBLIC).write_bytes(public)
        screen.echo(said("wrote {}: keep it secret, and a copy of it safe".format(output / _KEY)))
        screen.echo(said("wrote {}: for the boards, beside config.json".format(output / PUBLIC)))


@command.command()
@click.option("--key", "key_path", default=_KEY, show_default=True, type=_FILE)
@click.option("--output", default="updates", show_default=True, type=_FOLDER)
@click.option(
    "--percent",
    type=click.IntRange(0, 100),
    default=100,
    show_default=True,
    help="Of the boards that ask, so many are offered it.",
)
@click.option(
    "--board", "boards", multiple=True, metavar="NAME", help="For this one alone; repeatable."
)
@click.option("--allow-downgrade", is_flag=True, help="Boards with a higher version take it too.")
@click.option("--dirty", is_flag=True, help="Take lib/ as it is, with what is not committed.")
@language.option
def build(key_path, output, percent, boards, allow_downgrade, dirty):
    """Sign this checkout's thingscam: a bundle, and latest.json, which names it.

    The same commit and key make the same bytes. The version is that of lib/thingscam/__init__.py.
    The passphrase of the key is asked for, or THINGSCAM_PASSPHRASE in the environment.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    with errors.exit_on_error():
        _reject_boards(boards)
        if not dirty:
            _reject_dirty()
        key = _named(key_path, bundle.private, key_path.read_bytes(), _passphrase)
        output.mkdir(parents=True, exist_ok=True)
        path = write(output, key, percent, boards=sorted(boards), downgrade=allow_downgrade)
        screen.echo(said("wrote {} ({} bytes)".format(path, path.stat().st_size)))
        screen.echo(
            said("wrote {}: offered to {} % of the boards".format(output / INDEX, percent))
        )


def write(folder, key, percent=100, root=ROOT, **options):
    """Write bundle and index of the thingscam in `root` to `folder`; return the bundle's path.

    `options` are those of bundle.make(). Raises BundleError, mpy.CompileError, OSError.
    """
    source = (root / "lib" / "thingscam" / "__init__.py").read_text("utf-8")
    version = re.findall(r'__version__ = "(.+)"', source)[0]
    raw = bundle.make(filesystem.library(root, compiled=True), version, key, **options)
    name = "thingscam-{}.bundle".format(version)
    (folder / name).write_bytes(raw)
    index = {"version": version, "file": name, "percent": percent}
    (folder / INDEX).write_text(json.dumps(index) + "\n", "utf-8")
    return folder / name


@command.command()
@click.argument("file", type=_FILE)
@click.option("--key", "key_path", type=_FILE, help="The public key. [default: update.pub]")
@click.option("--port", help="Against the board on this serial port.")
@click.option("--wait", default=WAIT_S, show_default=True, help="Seconds for it to answer.")
@language.option
def check(file, key_path, port, wait):
    """Say whether FILE, a bundle, is whole, and whether a board with the key would take it.

    Exit codes: 0 it would, 1 it would not, or something is wrong, 2 wrong usage.
    """
    with errors.exit_on_error():
        found = _named(file, bundle.parse, file.read_bytes())
        text = "{}: thingscam {}, {} files, {} bytes; MicroPython {} or later; boards: {}"
        count, size = len(found.files), sum(map(len, found.files.values()))
        names = "all" if found.boards == "*" else found.boards
        screen.echo(
            said(text.format(file, found.version, count, size, found.micropython, said(names)))
        )
        key_path = key_path or pathlib.Path(PUBLIC)
        if port is None:
            public = _named(key_path, bundle.public, key_path.read_bytes())
            _named(file, bundle.reject_signature, found, public)
            screen.echo(said("signed by the key of {}".format(key_path)))
            return
        with Board(port, wait) as board:
            _reject_board(board, found, file)
        screen.echo(said("the board on {} would take it".format(port)))


@command.command()
@click.argument("folder", default="updates", type=_FOLDER)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), default=8070, show_default=True)
@language.option
def serve(folder, host, port):
    """Serve FOLDER over http, for a try on a network of your own; Ctrl-C ends it.

    A board takes http:// only where cloud.endpoint has it too; else any web server with a
    certificate does: the folder is all it needs.
    """
    with errors.exit_on_error():
        if not (folder / INDEX).is_file():
            raise ToolError("{}: no {} in it: update build makes one".format(folder, INDEX))
        with fileserver.Server(folder, (host, port), screen.echo) as server:
            url = "http://{}:{}/{}".format(host, server.server_port, INDEX)
            screen.echo(said("update.url for the board's config.json: {}".format(url)))
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                screen.echo("")


def _passphrase(twice=False):
    found = os.environ.get(_PASSPHRASE)
    if found is None and not sys.stdin.isatty():
        text = "the key's passphrase is asked for on a terminal alone: else set {}"
        raise ToolError(text.format(_PASSPHRASE))
    if found is None:
        found = prompt.line(said("Passphrase of the key: "), hidden=True, err=True)
        if twice and prompt.line(said("Once more: "), hidden=True, err=True) != found:
            raise ToolError("these are two different passphrases: nothing was written")
    if twice and not found:
        raise ToolError("an empty passphrase locks nothing: leave --passphrase out")
    return found


def _named(path, call, *arguments):
    # What is wrong with a file, with its name before it.
    try:
        return call(*arguments)
    except bundle.BundleError as e:
        raise ToolError("{}: {}".format(path, e)) from e


def _reject_boards(names):
    for name in names:
        try:
            profiles.find(name)
        except profiles.UnknownBoardError as e:
            raise ToolError(str(e)) from e


def _reject_dirty():
    # What is signed is what is committed: else nobody can make the same bytes again.
    if INSTALLED:
        return
    command = ["git", "-C", str(ROOT), "status", "--porcelain", "--", "lib"]
    try:
        done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    except OSError as e:
        raise ToolError("git is missing, to see what is committed: --dirty does without") from e
    if done.returncode:
        raise ToolError("{}: is no git checkout: --dirty takes it as it is".format(ROOT))
    if done.stdout:
        text = "lib/ is not as it is committed ({}): commit it, or --dirty takes it as it is"
        raise ToolError(text.format(one_line(done.stdout.splitlines()[0].strip(), 60)))


def _reject_board(board, found, file):
    # What the board itself will find, before it has to.
    try:
        public = bundle.public(board.read("/" + PUBLIC))
    except FileNotFoundError as e:
        text = "no {} on the board: deploy puts it there, where config.json has update.url"
        raise ToolError(text.format(PUBLIC)) from e
    except bundle.BundleError as e:
        raise ToolError("{} on the board: {}".format(PUBLIC, e)) from e
    _named(file, bundle.reject_signature, found, public)
    try:
        release, mpy, version, name = json.loads(board.exec(_ABOUT, seconds=30))
        release, working = tuple(map(int, release)), _numbers(version or "0.0.0")
    except (ValueError, TypeError) as e:
        raise ToolError("the board does not say what it is: deploy thingscam to it") from e
    if mpy != found.mpy:
        text = "{}: compiled for .mpy format {}, the board takes {}: build it anew"
        raise ToolError(text.format(file, found.mpy, mpy))
    if release < _numbers(found.micropython):
        text = "{}: for MicroPython {} or later, the board has {}: flash a newer firmware"
        raise ToolError(text.format(file, found.micropython, ".".join(map(str, release))))
    if found.boards != "*" and name not in found.boards.split(","):
        text = "{}: for the boards {}, and this one is {}"
        raise ToolError(text.format(file, found.boards, one_line(str(name), 40)))
    if _numbers(found.version) <= working and not found.downgrade:
        text = "{}: version {}, and the board has {}: raise __version__, or --allow-downgrade"
        raise ToolError(text.format(file, found.version, one_line(version, 20)))


def _numbers(version):
    return tuple(map(int, version.split(".")))
