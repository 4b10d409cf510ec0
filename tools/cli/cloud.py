# `python -m tools cloud`: runs the local stand-in of the image service.

import pathlib

import click

from ..cloud.service import accounts, main
from ..host import screen, serving


def _print_accounts(ctx, param, value):
    if value:
        screen.echo(accounts.DEFAULT_TEXT)
        ctx.exit()


def _new_accounts(ctx, param, value):
    if value:
        try:
            screen.echo(accounts.fresh(value))
        except accounts.AccountsError as error:
            raise click.BadParameter(str(error)) from None
        ctx.exit()


@click.command("cloud", context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--data",
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    default="cloud-data",
    show_default=True,
    help="Folder for pictures and attributes; kept over restarts.",
)
@click.option(
    "--accounts",
    type=click.Path(path_type=pathlib.Path),
    help="JSON file of projects and devices (default: one demo camera).",
)
@click.option(
    "--print-accounts",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_accounts,
    help="Print the default accounts, as a starting point, and leave.",
)
@click.option(
    "--new-account",
    multiple=True,
    metavar="NAME",
    is_eager=True,
    expose_value=False,
    callback=_new_accounts,
    help="Print accounts with new secrets for a device of that name, and leave; repeatable.",
)
@click.option("--faults", is_flag=True, help="Open /_faults and /_requests, for tests.")
@serving.listening
@serving.rules
def command(**options):
    """Run the local stand-in of the ThingsCloud image service.

    It answers as the service's own documentation says, keeps the pictures in a folder
    and shows them on its start page.
    """
    try:
        main.run(**options)
    except main.StartError as error:
        raise click.ClickException(str(error)) from None
