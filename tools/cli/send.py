# `python -m tools send`: one picture from this computer, by the board's own uploader.

import pathlib
import select
import sys

import click

from thingscam.cloud.uploader import Uploader, UploadError
from thingscam.http import CertificateError
from thingscam.http.session import Session
from thingscam.image import checks
from thingscam.util.redact import mask

from ..host import configfile, errors, language, screen, textfile, winsock


@click.command()
@click.argument("picture", type=click.Path(path_type=pathlib.Path))
@click.option(
    "--config",
    "config_path",
    default="config.json",
    show_default=True,
    type=click.Path(path_type=pathlib.Path),
    help="The board's configuration, or one without Wi-Fi; its cloud.ca is looked for beside it.",
)
@language.option
def command(picture, config_path):
    """Send PICTURE (JPEG, PNG, GIF, WebP or BMP) and print its URL.

    Exit code 0 when the service has taken it, 1 when it has not, with the reason.
    """
    with errors.exit_on_error():
        try:
            screen.echo(mask(send(picture, config_path)))
        except (CertificateError, checks.ImageError, UploadError) as e:
            screen.echo(language.said(mask(_one_line(e, picture))), err=True)
            sys.exit(1)


def send(picture, config_path):
    """Check the file `picture`, upload it as the file `config_path` says, return its URL.

    Raises OSError (CertificateError among them), ConfigError, configfile.SettingError,
    ImageError or UploadError.
    """
    data = configfile.load(config_path)
    data.pop("wifi", None)  # this computer has its own way
    settings = configfile.check(data, config_path, wifi_needed=False)
    cloud = settings.cloud  # pyright: ignore[reportAttributeAccessIssue]
    data = memoryview(picture.read_bytes())
    data = data[: checks.measure(data, cloud.limit_bytes)[1]]
    authority = None
    if cloud.endpoint.startswith("https:") and cloud.ca is not None:
        path = configfile.beside(config_path.parent, cloud.ca)
        if not path.exists():
            text = "cloud.ca {}: No such file: python -m tools config {} --fetch-ca --no-wifi"
            raise errors.ToolError(text.format(path, textfile.typed(config_path)))
        authority = textfile.certificate(path)
    if not hasattr(select, "poll"):
        winsock.install()
    session = Session(authority, cloud.timeout_s, cloud.verify)
    try:
        return Uploader(settings, session).upload(data)
    finally:
        session.close()


def _one_line(e, picture):
    if isinstance(e, checks.ImageError):
        return "{}: {}".format(picture, e)
    if isinstance(e, CertificateError):
        return "cloud.ca: {}".format(e)
    if e.errcode in (4291, 4292):  # nobody here knows when the last one was, or whose
        return "not sent ({}): errcode {} {}: wait 10 s".format(e.action, e.errcode, e.message)
    return "not sent ({}): {}".format(e.action, e)
