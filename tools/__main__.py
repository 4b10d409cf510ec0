# `thingscam VERB`, `python -m tools VERB`: finds the verb's file and hands over.

import importlib
import io
import logging
import platform
import sys

try:
    import click
except ModuleNotFoundError:
    sys.exit(
        "this Python has not what the tools need: `make venv` makes one that has, then take "
        ".venv/bin/python for python"
    )

from thingscam import __version__

from . import COMMAND, INSTALLED
from .host import screen

# Each verb is `command` in a file of tools/cli/; imported only when asked for, so that
# `--help` stays quick and one verb's needs never break another.
_VERBS = {
    "cloud": "run the local stand-in for the image service",
    "receiver": "run a receiver of your own for good",
    "send": "send one picture from this computer",
    "config": "make, check or share config.json; one, or one a board",
    "flash": "firmware and thingscam onto a bare board",
    "deploy": "thingscam onto a board with MicroPython, only what changed",
    "logs": "follow the log of a board",
    "doctor": "look a board over, step by step",
    "package": "thingscam as a package for mip install",
    "update": "sign a version for boards that take it over the air",
    "board": "run a virtual board behind a serial port",
    "bench": "what a picture costs, beside stock requests",
    "demo": "the whole way of a picture, on this computer",
}
# What not everyone has to install: the extra of pyproject.toml that each of these needs.
_EXTRAS = {"cloud": "cloud", "receiver": "receiver", "board": "board", "demo": "board"}
_HOME = ("linux", "x86_64")  # of the virtual board: for its MicroPython and /proc
if INSTALLED:
    del _VERBS["bench"]  # it measures a checkout


class _Verbs(click.Group):
    def list_commands(self, ctx):
        return list(_VERBS)

    def get_command(self, ctx, cmd_name):
        if cmd_name not in _VERBS:
            return None
        if _EXTRAS.get(cmd_name) == "board" and (sys.platform, platform.machine()) != _HOME:
            text = "{}: the virtual board runs on Linux on x86-64 only"
            raise click.ClickException(text.format(cmd_name))
        try:
            command = importlib.import_module(".cli." + cmd_name, __package__).command
        except ModuleNotFoundError as e:
            if cmd_name not in _EXTRAS or (e.name or "").startswith(str(__package__)):
                raise
            raise click.ClickException(_missing(cmd_name, e.name)) from e
        if _EXTRAS.get(cmd_name) == "board":
            process = importlib.import_module(".virtualboard.process", __package__)
            if not process.MICROPYTHON.exists():
                raise click.ClickException(_missing(cmd_name, process.MICROPYTHON.name))
        return command

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except click.ClickException as e:
            # click writes UTF-8 to a console that has ASCII alone.
            vars(e).update(message=screen.shown(e.message, sys.stderr))
            raise

    def format_commands(self, ctx, formatter):
        with formatter.section("Verbs"):
            formatter.write_dl(list(_VERBS.items()))


def _missing(verb, module):
    if not INSTALLED:
        return "{}: needs {}, which is not installed: make venv".format(verb, module)
    text = "{}: needs more than is installed ({}): install thingscam[{}], see the README"
    return text.format(verb, module, _EXTRAS[verb])


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main():
    """thingscam's tools: everything that runs on the computer, not on the board."""


def run():
    """Run the command line; what the project installs as `thingscam`."""
    sys.excepthook = screen.unexpected
    logging.lastResort = screen.LogHandler(logging.WARNING)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # questions do not go through screen.echo()
            stream.reconfigure(errors="backslashreplace")
    main(prog_name=COMMAND)


if __name__ == "__main__":
    run()
