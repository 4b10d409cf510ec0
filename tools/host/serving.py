# The options of verbs that serve as the image service does: where, and by which limits.

import pathlib

import click

_PATH = click.Path(path_type=pathlib.Path)
_SECONDS = click.FloatRange(min=0, max=86400)

_LISTENING = (
    click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on."),
    click.option(
        "--port",
        type=click.IntRange(0, 65535),
        default=8080,
        show_default=True,
        help="Port to listen on; 0 picks a free one.",
    ),
    click.option(
        "--keepalive",
        type=click.FloatRange(min=0.01, max=86400),
        default=75.0,
        show_default=True,
        help="Seconds after which an idle connection is closed.",
    ),
    click.option(
        "--name",
        multiple=True,
        metavar="NAME",
        help="One more name that this computer goes by in a browser, beside --tls-name;"
        " repeatable.",
    ),
    click.option("--tls", is_flag=True, help="Serve HTTPS."),
    click.option("--cert", type=_PATH, help="Certificate chain, PEM."),
    click.option("--key", type=_PATH, help="Its private key, PEM."),
    click.option(
        "--tls-name",
        multiple=True,
        metavar="NAME",
        help="One more name or IP address for the certificate made here; repeatable.",
    ),
    click.option(
        "--ca-out",
        type=click.Path(path_type=pathlib.Path, dir_okay=False),
        help="Where to write the CA of the certificate made here, DER (default: ca.der in"
        " --data).",
    ),
)
_RULES = (
    click.option(
        "--interval",
        type=_SECONDS,
        default=10.0,
        show_default=True,
        help="Seconds a device must leave between pictures; 0 switches the limit off.",
    ),
    click.option(
        "--message-interval",
        type=_SECONDS,
        default=30.0,
        show_default=True,
        help="Seconds a device must leave between reports and events; 0 switches the limit off.",
    ),
    click.option(
        "--daily-messages",
        type=click.IntRange(min=0),
        default=0,
        show_default="no limit",
        help="How many reports, events and pictures a device may send in a day.",
    ),
    click.option(
        "--pictures-as-messages",
        is_flag=True,
        help="Pictures must keep --message-interval too.",
    ),
    click.option("--no-settings", is_flag=True, help="Nobody sets cameras on the page."),
    click.option("--quiet", is_flag=True, help="No line per request."),
)


def listening(command):
    """Give a click command the options that say where it listens, and by which certificate."""
    return given(command, _LISTENING)


def rules(command):
    """Give a click command the options that say what the service allows, and `--quiet`."""
    return given(command, _RULES)


def given(command, options):
    """Give a click command the `options` (decorators) in this order."""
    for option in reversed(options):
        command = option(command)
    return command
