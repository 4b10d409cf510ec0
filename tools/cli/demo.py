# `python -m tools demo`: pictures come from a virtual board to the stand-in, on one page.

import asyncio
import pathlib
import sys
import tempfile

import click

from ..demo import run


@click.command()
@click.option(
    "--pictures",
    default=None,
    type=click.IntRange(0),
    help="Stop after so many; 0 never does. Without it: 3, or never on a terminal.",
)
@click.option(
    "--port",
    default=0,
    show_default="a free one",
    type=click.IntRange(0, 65535),
    help="The page's port.",
)
def command(pictures, port):
    """Watch pictures come from a virtual board to the stand-in service."""
    if pictures is None:
        pictures = 0 if sys.stdin.isatty() else 3
    with tempfile.TemporaryDirectory(prefix="thingscam-demo-") as folder:
        sys.exit(asyncio.run(run.run(pathlib.Path(folder), pictures, port)))
