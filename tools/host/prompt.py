# What a person is asked on a terminal: a line, or yes or no.

import click

from .harmless import harmless
from .language import said
from .screen import echo

_YES, _NO = ("y", "yes", "是"), ("n", "no", "否")


def line(text, hidden=False, err=False):
    """Return the line that is typed behind `text`, perhaps empty; `hidden` shows it to nobody.

    `err` asks on standard error. Raises click.Abort on Ctrl-C and the end of the input.
    """
    text = harmless(text)
    return click.prompt(text, default="", show_default=False, hide_input=hidden, err=err)


def confirm(question, default, err=False):
    """Return whether yes is the answer to `question`; `default` (a flag) is what Enter means."""
    choice = " [{}]".format("Y/n" if default else "y/N")
    while True:
        answer = line(said(question) + choice, err=err).strip().lower()
        if not answer:
            return default
        if answer in _YES + _NO:
            return answer in _YES
        echo(said("answer y or n"), err=True)
