# `python -m tools logs PORT`: what the board says, as it says it, or what it kept.

import contextlib

import click

from thingscam.util.log import NEWER, OLDER

from ..host import boardlink, errors, screen
from ..host.boardlink import WAIT_S, Board, BoardError

_MOST = 1 << 16  # bytes of one of the files: the board keeps 16 KB


@click.command()
@click.argument("port")
@click.option(
    "--kept", is_flag=True, help="Print the lines kept on the board, then start it anew."
)
@click.option("--folder", default="/", show_default=True, help="For --kept: where they are.")
@click.option("--seconds", type=float, help="Follow for so long only.")
@click.option("--wait", default=WAIT_S, show_default=True, help="For --kept: to answer, seconds.")
def command(port, kept, folder, seconds, wait):
    """Follow the log of the board on PORT, until Ctrl-C.

    The board is not disturbed. After 30 s without a line it is said what that may mean. With
    --kept its program is stopped, the lines of its two log files are printed, oldest first, and
    it is started anew; it has --wait seconds to stop, and as long again for each file.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    with errors.exit_on_error():
        if kept:
            with Board(port, wait) as board:
                screen.echo(ring(board, folder), end="")
                board.run()
        else:
            with contextlib.suppress(KeyboardInterrupt):
                boardlink.follow(port, screen.echo, seconds, screen.aside)


def ring(board, folder="/"):
    """Return the text of the board's log files, oldest line first.

    Raises BoardError when there is none, PortError.
    """
    found = []
    for name in (OLDER, NEWER):
        path = folder.rstrip("/") + "/" + name
        with contextlib.suppress(FileNotFoundError):
            found.append(board.read(path, _MOST).decode("utf-8", "replace"))
    if not found:
        text = "no {} in {} on the board: it has kept no log"
        raise BoardError(text.format(NEWER, folder))
    return "".join(found)
