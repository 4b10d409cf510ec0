# What a person can fix: told in one line, with exit code 1, and no traceback.

import contextlib
import sys

from thingscam.config.config import ConfigError
from thingscam.util.redact import mask

from . import screen
from .language import said


class ToolError(Exception):
    """Something a person can fix; the text says what is wrong, and what to do."""


@contextlib.contextmanager
def exit_on_error():
    """End the program with the text of a ToolError, ConfigError or OSError on stderr."""
    try:
        yield
    except (ToolError, ConfigError) as e:
        screen.echo(said(mask(str(e))), err=True)
        sys.exit(1)
    except OSError as e:
        text = e.strerror or str(e)
        text = "{}: {}".format(e.filename, text) if e.filename else text
        screen.echo(said(mask(text)), err=True)
        sys.exit(1)
