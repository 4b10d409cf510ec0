# What the verbs show a person: lines, and a bar on a terminal.

import contextlib

import rich.console
import rich.progress


class Say:
    """Call it with a line of text to show; `silent` shows nothing, where a script reads."""

    def __init__(self, silent=False):
        self._console = rich.console.Console(highlight=False, quiet=silent)

    def __call__(self, text):
        self._console.print(text, markup=False, soft_wrap=True)

    @contextlib.contextmanager
    def bar(self, total=None):
        """The value is progress(done, total, text): a bar on a terminal, else nothing."""
        if not self._console.is_terminal or self._console.quiet:
            yield lambda done, total, text: None
            return
        columns = rich.progress.Progress.get_default_columns()
        with rich.progress.Progress(*columns, console=self._console, transient=True) as bars:
            task = bars.add_task("", total=total)
            yield lambda done, total, text: bars.update(
                task, completed=done, total=total, description=text
            )
