# `python -m tools doctor`: looks the board over, step by step, and says what to do.

import dataclasses
import json
import pathlib
import sys
import unicodedata

import click

from ...host import errors, language, prompt, screen
from ...host.boardlink import WAIT_S, Board
from ...host.language import said
from . import steps

_MARKS = {True: ("✓", "+", "green"), False: ("✗", "X", "red"), None: ("-", "-", "dim")}
_NEXT = "\n" + 16 * " "  # a line that belongs to the step above


@click.command()
@click.option("--port", required=True, help="The board's serial port, such as /dev/ttyUSB0.")
@click.option(
    "--picture",
    default="doctor.jpg",
    show_default=True,
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="Where the test picture goes.",
)
@click.option("--no-upload", is_flag=True, help="Send no picture to the service.")
@click.option(
    "--ask/--no-ask", default=None, help="Have you wave and look. [default: on a terminal]"
)
@click.option("--wait", default=WAIT_S, show_default=True, help="Seconds for it to answer.")
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON, in English.")
@language.option
def command(port, picture, no_upload, ask, wait, as_json):
    """Look over MicroPython, files, camera, Wi-Fi, clock, TLS, one real upload, and what is wired.

    Each step with a tick or a cross, and what to do. The board's program is stopped for it
    and started again.

    Exit codes: 0 all is well, 1 something is not, 2 wrong usage.
    """
    if as_json:
        language.use("en")
    show = _Lines(as_json)
    if ask and not sys.stdin.isatty():
        raise click.UsageError(said("--ask needs a terminal"))
    if ask is None:
        ask = sys.stdin.isatty() and sys.stdout.isatty() and not as_json
    with errors.exit_on_error():
        if not picture.parent.is_dir():
            raise errors.ToolError("{}: no such folder: make it first".format(picture.parent))
        try:
            with Board(port, wait) as board:
                show.waiting()
                person = show if ask else None
                for result in steps.examine(board, picture, not no_upload, person=person):
                    show.result(result)
                board.run()
        finally:
            show.end()
    sys.exit(1 if show.wrong else 0)


class _Lines:
    # One line a step; for a script one list at the end.

    def __init__(self, as_json):
        self._as_json = as_json
        self._found = []
        self.wrong = False
        self._say = screen.Say(as_json)
        encoding = getattr(sys.stdout, "encoding", None) or "ascii"
        self._plain = not encoding.lower().replace("-", "").startswith("utf")

    def waiting(self):
        self._say(said("looking the board over; its program is stopped meanwhile"))

    def tell(self, text):
        screen.echo(said(text), err=self._as_json)

    def ask(self, question):
        return prompt.confirm(question, True, err=self._as_json)

    def result(self, result):
        self._found.append(dataclasses.asdict(result))
        self.wrong = self.wrong or result.ok is False
        tick, plain, colour = _MARKS[result.ok]
        mark = plain if self._plain else tick
        title = said(result.title)
        self._say("{} {}".format(mark, title + " " * (14 - _columns(title))), colour, end="")
        # No line of a board's text can pass for a step of its own.
        self._say(said(result.text).replace("\n", _NEXT))
        if result.remedy and not result.ok:
            self._say(_NEXT[1:] + said(result.remedy).replace("\n", _NEXT), "bold")

    def end(self):
        if self._as_json:
            screen.echo(json.dumps(self._found, indent=2))


def _columns(text):
    # A Chinese character takes two.
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
