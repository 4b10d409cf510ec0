# `python -m tools VERB`: finds the verb's file and hands over.

import importlib
import sys

try:
    import click
except ModuleNotFoundError:
    sys.exit(
        "this Python has not what the tools need: `make venv` makes one that has, then take "
        ".venv/bin/python for python"
    )

from .host import harmless, screen

# Each verb is `command` in a file of tools/cli/; imported only when asked for, so that
# `--help` stays quick and one verb's needs never break another.
_VERBS = {
    "cloud": ("tools.cli.cloud", "run the local stand-in for the image service"),
    "send": ("tools.cli.send", "send one picture from this computer"),
    "config": ("tools.cli.config", "make, check or share config.json; one, or one a board"),
    "flash": ("tools.cli.flash", "firmware and thingscam onto a bare board"),
    "deploy": ("tools.cli.deploy", "thingscam onto a board with MicroPython, only what changed"),
    "logs": ("tools.cli.logs", "follow the log of a board"),
    "doctor": ("tools.cli.doctor", "look a board over, step by step"),
    "package": ("tools.cli.package", "thingscam as a package for mip install"),
    "board": ("tools.cli.board", "run a virtual board behind a serial port"),
    "bench": ("tools.cli.bench", "what a picture costs, beside stock requests"),
    "demo": ("tools.cli.demo", "the whole way of a picture, on this computer"),
}


class _Verbs(click.Group):
    def list_commands(self, ctx):
        return list(_VERBS)

    def get_command(self, ctx, cmd_name):
        if cmd_name not in _VERBS:
            return None
        return importlib.import_module(_VERBS[cmd_name][0]).command

    def invoke(self, ctx):
        try:
            return super().invoke(ctx)
        except click.ClickException as e:
            vars(e).update(message=harmless.harmless(e.message))
            raise

    def format_commands(self, ctx, formatter):
        with formatter.section("Verbs"):
            formatter.write_dl([(verb, text) for verb, (_, text) in _VERBS.items()])


@click.command(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
def main():
    """thingscam's tools: everything that runs on the computer, not on the board."""


if __name__ == "__main__":
    sys.excepthook = screen.unexpected
    main(prog_name="python -m tools")
