# What the verbs show a person: lines, and a bar on a terminal. All of it goes out here, and
# harmless: whatever a board, a file or a network has put into it.

import contextlib
import logging
import sys
import traceback

import rich.console
import rich.markup
import rich.progress

from .. import COMMAND
from .harmless import harmless


def echo(text, err=False, end="\n"):
    """Write `text` and `end` to standard output, or standard error; harmless() of it."""
    stream = sys.stderr if err else sys.stdout
    stream.write(shown(str(text), stream) + end)
    stream.flush()


def shown(text, stream):
    """Return `text` as echo() writes it to `stream`; for texts that another one writes."""
    return _shown(text, getattr(stream, "encoding", None))


def aside(text):
    """Write a line that is not the board's, beside those that are: to standard error."""
    echo(text, err=True)


def _shown(text, encoding):
    # What the console's encoding has not is written out as well; advice names the command
    # by which this was started.
    encoding = encoding or "utf-8"
    text = harmless(text).replace("python -m tools", COMMAND)
    return text.encode(encoding, "backslashreplace").decode(encoding)


def unexpected(kind, error, trace):
    """Write the traceback of an exception that nobody caught: for sys.excepthook."""
    if issubclass(kind, BrokenPipeError):
        return  # nobody reads any more
    echo("".join(traceback.format_exception(kind, error, trace)), err=True, end="")


class LogHandler(logging.Handler):
    """Writes what libraries log: for logging.lastResort."""

    def emit(self, record):
        """Write one record."""
        echo(self.format(record), err=True)


class Say:
    """Call it with a line of text to show; `silent` shows nothing, where a script reads."""

    def __init__(self, silent=False):
        self._console = rich.console.Console(highlight=False, quiet=silent, emoji=False)

    def __call__(self, text, style=None, end="\n"):
        shown = _shown(text, self._console.encoding)
        self._console.print(shown, markup=False, soft_wrap=True, style=style, end=end)

    @contextlib.contextmanager
    def bar(self, total=None):
        """The value is progress(done, total, text): a bar on a terminal, else nothing."""
        if not self._console.is_terminal or self._console.quiet:
            yield lambda done, total, text: None
            return
        columns = rich.progress.Progress.get_default_columns()
        with rich.progress.Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task("", total=total)

            def shown(text):
                return rich.markup.escape(_shown(text, self._console.encoding))

            yield lambda done, total, text: bars.update(
                task, completed=done, total=total, description=shown(text)
            )
