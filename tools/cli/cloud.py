# `python -m tools cloud`: runs the local stand-in of the image service.

import pathlib

import click

from ..cloud.service import accounts, main
from ..host import screen


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
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
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
@click.option(
    "--interval",
    type=click.FloatRange(min=0, max=86400),
    default=10.0,
    show_default=True,
    help="Seconds a device must leave between pictures; 0 switches the limit off.",
)
@click.option(
    "--message-interval",
    type=click.FloatRange(min=0, max=86400),
    default=30.0,
    show_default=True,
    help="Seconds a device must leave between reports and events; 0 switches the limit off.",
)
@click.option(
    "--daily-messages",
    type=click.IntRange(min=0),
    default=0,
    show_default="no limit",
    help="How many reports, events and pictures a device may send in a day.",
)
@click.option(
    "--pictures-as-messages",
    is_flag=True,
    help="Pictures must keep --message-interval too.",
)
@click.option(
    "--keepalive",
    type=click.FloatRange(min=0.01, max=86400),
    default=75.0,
    show_default=True,
    help="Seconds after which an idle connection is closed.",
)
@click.option(
    "--name",
    multiple=True,
    metavar="NAME",
    help="One more name that this computer goes by in a browser, beside --tls-name; repeatable.",
)
@click.option("--no-settings", is_flag=True, help="Nobody sets cameras on the page.")
@click.option("--faults", is_flag=True, help="Open /_faults and /_requests, for tests.")
@click.option("--quiet", is_flag=True, help="No line per request.")
@click.option("--tls", is_flag=True, help="Serve HTTPS.")
@click.option("--cert", type=click.Path(path_type=pathlib.Path), help="Certificate chain, PEM.")
@click.option("--key", type=click.Path(path_type=pathlib.Path), help="Its private key, PEM.")
@click.option(
    "--tls-name",
    multiple=True,
    metavar="NAME",
    help="One more name or IP address for the certificate made here; repeatable.",
)
@click.option(
    "--ca-out",
    type=click.Path(path_type=pathlib.Path, dir_okay=False),
    help="Where to write the CA of the certificate made here, DER (default: ca.der in --data).",
)
def command(**options):
    """Run the local stand-in of the ThingsCloud image service.

    It answers as the service's own documentation says, keeps the pictures in a folder
    and shows them on its start page.
    """
    try:
        main.run(**options)
    except main.StartError as error:
        raise click.ClickException(str(error)) from None
