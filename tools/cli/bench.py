# `python -m tools bench`: what a picture costs, side by side with stock requests.

import importlib
import pathlib
import time

import click

from .. import ROOT
from ..host import screen

PARTS = ("transfers", "wire", "memory", "startup", "pace", "waiting")
PAGE = ROOT / "docs" / "results" / "benchmarks.md"


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--write", is_flag=True, help="Write the tables to docs/results/benchmarks.md.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(PARTS),
    help="Measure this part alone; repeatable.",
)
def command(write, only):
    """Measure time, bytes and memory per picture, in a few minutes.

    Everything runs under the same MicroPython against the same local server. Exit code 0,
    also where a target is missed: the table says so.
    """
    if write and only:
        raise click.UsageError("--write takes the whole run, not --only")
    report = importlib.import_module("..bench.report", __package__)
    world = importlib.import_module("..bench.world", __package__)
    started = time.monotonic()
    sections = []
    with world.World() as bench:
        for name in only or PARTS:
            screen.echo("measuring: " + name, err=True)
            part = importlib.import_module("..bench." + name, __package__)
            sections.append((name, *_split(part.measure(bench))))
    text = report.page(sections, world.machine(), time.monotonic() - started)
    screen.echo(text)
    if write:
        pathlib.Path(PAGE).write_text(text, "utf-8")
        screen.echo("written to {}".format(PAGE.relative_to(ROOT)), err=True)


def _split(found):
    # Some have a second table.
    return found if isinstance(found, tuple) else (found, None)
