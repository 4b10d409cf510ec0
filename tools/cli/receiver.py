# `python -m tools receiver`: runs a receiver for good, and manages who may send to it.

import contextlib
import datetime
import functools
import pathlib
import sys

import click

from ..cloud.errors import StartError
from ..cloud.index import AccountError, UnavailableError
from ..cloud.index.surplus import Limits
from ..cloud.objects import URLS, SettingError, StorageError
from ..cloud.receiver.choices import FAMILIES, FORMS, USER, Listening, Rules
from ..cloud.receiver.place import Place, read, read_options
from ..cloud.service import accounts as accounts_file
from ..host import screen, serving, textfile

# What serves is imported by who serves: the other commands take half the time without.

_FILE = click.Path(path_type=pathlib.Path, dir_okay=False)
_FOLDER = click.Path(path_type=pathlib.Path, file_okay=False)
_NO_LIMIT = "all"


def _where(storage=False):
    """Give a command the options that say where the receiver keeps what it has: its first
    argument is the Place. `storage`: the pictures too."""
    options = [
        click.option(
            "--data",
            type=_FOLDER,
            default="receiver-data",
            envvar="THINGSCAM_DATA",
            show_default=True,
            show_envvar=True,
            help="Folder of the database and the pictures, where these are not elsewhere.",
        ),
        click.option(
            "--database",
            metavar="URL",
            envvar="THINGSCAM_DATABASE",
            show_envvar=True,
            help="postgresql://USER@HOST/NAME, or sqlite:////FILE (default: index.db in --data).",
        ),
        click.option(
            "--database-file",
            type=_FILE,
            envvar="THINGSCAM_DATABASE_FILE",
            show_envvar=True,
            help="File with the URL, where a password is in it.",
        ),
    ]
    if storage:
        options += [
            click.option(
                "--store",
                metavar="URL",
                envvar="THINGSCAM_STORE",
                show_envvar=True,
                help="s3://BUCKET/PREFIX, oss://BUCKET/PREFIX or file:///FOLDER (default: images"
                " in --data).",
            ),
            click.option(
                "--store-options",
                type=_FILE,
                envvar="THINGSCAM_STORE_OPTIONS",
                show_envvar=True,
                help="JSON file of what the storage needs (key, secret, endpoint_url), where the"
                " environment does not say.",
            ),
        ]

    def give(command):
        @functools.wraps(command)
        def with_place(data, database, database_file, store=None, store_options=None, **rest):
            with _told():
                return command(_place(data, database, database_file, store, store_options), **rest)

        return serving.given(with_place, options)

    return give


def _place(data, database, database_file, store, store_options):
    source = click.get_current_context().get_parameter_source("database")
    if database and database_file:
        raise click.UsageError("--database and --database-file do not go together")
    if database and source is click.core.ParameterSource.COMMANDLINE and _has_password(database):
        raise click.UsageError(
            "--database: everyone on this computer can read its password there: put the URL into"
            " a file, --database-file, or into THINGSCAM_DATABASE"
        )
    if database_file:
        database = read(database_file, "--database-file")
    options = read_options(store_options, "--store-options") if store_options else {}
    return Place(data, database, store, options)


def _has_password(url):
    return ":" in url.partition("://")[2].partition("/")[0].rpartition("@")[0]


@contextlib.contextmanager
def _told():
    """Tell what a person can put right in a sentence."""
    try:
        yield
    except (StartError, AccountError, UnavailableError, SettingError, StorageError) as error:
        raise click.ClickException(str(error)) from None
    except accounts_file.AccountsError as error:
        raise click.ClickException(str(error)) from None


@click.group("receiver", context_settings={"help_option_names": ["-h", "--help"]})
def command():
    """A receiver of your own: it takes cameras' pictures, keeps and shows them.

    It answers as the service does. See docs/receiver.md.
    """


_AROUND = (
    click.option(
        "--proxy",
        multiple=True,
        metavar="NETWORK",
        help="Address or network of a proxy before it, whose headers are believed; repeatable.",
    ),
    click.option(
        "--proxy-headers",
        type=click.Choice(FAMILIES),
        default=FAMILIES[0],
        show_default=True,
        help="Which headers the proxies write: X-Forwarded-For and the like, or Forwarded"
        " (RFC 7239).",
    ),
    click.option(
        "--metrics-from",
        multiple=True,
        metavar="NETWORK",
        help="Who may read /metrics beside this computer; repeatable.",
    ),
    click.option(
        "--processes",
        type=click.IntRange(1, 64),
        default=1,
        show_default=True,
        envvar="THINGSCAM_PROCESSES",
        show_envvar=True,
        help="Processes that serve, on one port; on Linux.",
    ),
    click.option(
        "--workers",
        type=click.IntRange(0, 64),
        default=0,
        show_default=True,
        envvar="THINGSCAM_WORKERS",
        show_envvar=True,
        help="Processes beside each of them that judge pictures; 0: its threads do.",
    ),
    click.option(
        "--log",
        type=click.Choice(FORMS),
        default=FORMS[0],
        show_default=True,
        envvar="THINGSCAM_LOG",
        show_envvar=True,
        help="How the log is written.",
    ),
    click.option("--instance", metavar="NAME", help="What this process is called in the log."),
)
_URLS = (
    click.option(
        "--image-url",
        type=click.Choice(URLS),
        default=URLS[0],
        show_default=True,
        help="What devices and people are given: a URL through the receiver, the storage's"
        " public one, or one it has signed.",
    ),
    click.option(
        "--public-base", metavar="URL", help="Where the storage's pictures are read by all."
    ),
)
_KEEP = (
    click.option(
        "--keep-days",
        type=click.FloatRange(min=0.01),
        show_default=_NO_LIMIT,
        help="Delete pictures that are older.",
    ),
    click.option(
        "--keep-pictures",
        type=click.IntRange(min=1),
        show_default=_NO_LIMIT,
        help="Keep so many pictures of each device.",
    ),
    click.option(
        "--keep-bytes",
        type=click.IntRange(min=1_000_000),
        show_default=_NO_LIMIT,
        help="Keep so many bytes of pictures of each device.",
    ),
)


def _keep(command):
    return serving.given(command, _KEEP)


@command.command("run")
@_where(storage=True)
@serving.listening
@serving.rules
@_keep
@functools.partial(serving.given, options=(*_URLS, *_AROUND))
def run(
    place,
    image_url,
    public_base,
    processes,
    log,
    quiet,
    instance,
    keep_days,
    keep_pictures,
    keep_bytes,
    **options,
):
    """Run the receiver until it is told to end.

    Without a password for its page it listens to this computer alone: `receiver password` sets
    one.
    """
    from ..cloud.receiver import run as running
    from ..cloud.receiver.serving import Setup

    place = Place(place.data, place.database, place.store, place.options, image_url, public_base)
    setup = Setup(
        place,
        Listening(**_some(options, Listening)),
        Rules(**_some(options, Rules)),
        Limits(keep_days, keep_pictures, keep_bytes),
        log=log,
        quiet=quiet,
        instance=instance,
    )
    running.run(setup, processes)


def _some(options, kind):
    return {name: options[name] for name in kind.__dataclass_fields__}


@command.command("password")
@_where()
@click.option("--user", default=USER, show_default=True, help="Whose it is.")
@click.option("--stdin", is_flag=True, help="Read it from standard input, the first line.")
def password(place, user, stdin):
    """Set the password of the page, or change it: who is logged in is logged out."""
    if not user.strip() or len(user) > 64 or not user.isprintable():
        raise click.UsageError("--user: expected a name of 1 to 64 signs")
    if not stdin and not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask on: --stdin reads the password")
    from ..cloud.receiver import run as running

    with contextlib.closing(place.index()) as index:
        new = sys.stdin.readline().rstrip("\r\n") if stdin else running.ask_password(user)
        running.set_password(index, user.strip(), new)
    screen.echo(f"the password of {user.strip()} is set")


@command.command("add-project")
@_where()
@click.argument("name")
@click.option("--region", default="home", show_default=True, help="What its devices send as it.")
def add_project(place, name, region):
    """Add a project; prints its Project-Key, this once."""
    with contextlib.closing(place.index()) as index:
        key = index.projects.add_project(_name(name), _name(region, "--region"))
    screen.echo(f"Project-Key   {key}")
    screen.echo("kept is only its hash: write it down for the cameras of this project")


@command.command("add-device")
@_where()
@click.argument("name")
@click.option("--project", default="home", show_default=True, help="Its project; made if missing.")
@click.option("--identifier", default="image", show_default=True,
              help="The attribute its pictures are reported to.")  # fmt: skip
@click.option("--url", metavar="URL", default="URL", help="By which cameras reach the receiver.")
def add_device(place, name, project, identifier, url):
    """Add a device; prints its secrets, this once, and how a camera gets them."""
    device_type = {_name(identifier, "--identifier"): accounts_file.PICTURE_URL}
    with contextlib.closing(place.index()) as index:
        key = None
        if index.projects.region(project) is None:
            key = index.projects.add_project(_name(project, "--project"), "home")
        token = index.projects.add_device(project, _name(name), device_type)
        region = index.projects.region(project)
    if key:
        screen.echo(f"Project-Key   {key}")
    else:
        screen.echo(f"Project-Key   as printed when the project {project} was added")
    screen.echo(f"AccessToken   {token}")
    screen.echo("kept are only their hashes: they are not shown again. For the camera:")
    file = "".join(sign if sign.isalnum() else "-" for sign in name.lower()).strip("-")
    screen.echo(
        f"python -m tools config {textfile.typed(file or 'camera')}.json"
        f" --set cloud.endpoint={url} --set cloud.region={textfile.typed(region)}"
        f" --set cloud.identifier={identifier}"
    )


@command.command("devices")
@_where()
def devices(place):
    """List all devices: label, state, when heard from, project, name."""
    with contextlib.closing(place.index()) as index:
        heard = index.records.heard_of_all()
        for device in index.projects.devices():
            state = "enabled" if device.enabled else "disabled"
            at = heard.get(device.label)
            when = "never" if at is None else _utc(at)
            screen.echo(f"{device.label}  {state:8}  {when:20}  {device.project}  {device.name}")


@command.command("disable")
@_where()
@click.argument("label")
def disable(place, label):
    """Take no more pictures from a device, at once; LABEL is in the list of devices."""
    _change(place, lambda index: index.projects.set_enabled(label, False), f"{label} is disabled")


@command.command("enable")
@_where()
@click.argument("label")
def enable(place, label):
    """Take pictures from a device again."""
    _change(place, lambda index: index.projects.set_enabled(label, True), f"{label} is enabled")


@command.command("rotate-token")
@_where()
@click.argument("label")
def rotate_token(place, label):
    """Give a device another AccessToken, and print it, this once; the old one is void."""
    with contextlib.closing(place.index()) as index:
        token = index.projects.rotate_token(label)
    screen.echo(f"AccessToken   {token}")


@command.command("remove")
@_where()
@click.argument("label")
def remove(place, label):
    """Take a device away, with its attributes and events; its pictures stay."""
    _change(place, lambda index: index.projects.remove(label), f"{label} is removed")


@command.command("keep")
@_where()
@click.argument("label")
@_keep
def keep(place, label, keep_days, keep_pictures, keep_bytes):
    """Give a device limits of its own; those not given are those of all."""
    limits = Limits(keep_days and max(1, round(keep_days)), keep_pictures, keep_bytes)
    _change(place, lambda index: index.surplus.limit(label, limits), f"{label}: limits are set")


def _change(place, change, done):
    with contextlib.closing(place.index()) as index:
        change(index)
    screen.echo(done)


@command.group("accounts")
def accounts():
    """Accounts of the stand-in: projects and devices in a JSON file."""


@accounts.command("import")
@_where()
@click.argument("file", type=_FILE)
def import_accounts(place, file):
    """Add the projects and devices of FILE, with their keys and tokens; the others stay."""
    found = accounts_file.load(file)
    count = len(found.devices())
    _change(place, lambda index: index.projects.add(found), f"{count} devices are there now")


@command.command("check")
@_where(storage=True)
@click.option("--mend", is_flag=True, help="Put right what can be.")
def check(place, mend):
    """Compare the index with the storage, also while the receiver runs.

    A picture without a row is made known if it is a whole picture of a known device, and
    deleted if that device has one of the same bytes; a row without a picture is forgotten; a
    deletion that was begun is ended. Nothing else is touched.

    Exit codes: 0 all is well, or was mended; 1 something is wrong, 2 wrong usage.
    """
    from ..cloud.receiver.check import Check, WrongStorageError

    index = place.index()
    with contextlib.closing(place.open_store(index)) as store:
        try:
            report = Check(index, store.objects, mend=mend).run()
        except WrongStorageError as error:
            raise click.ClickException(str(error)) from None
    for line in report.lines:
        screen.echo(line)
    screen.echo(
        f"{report.pictures:,} pictures in the index; {report.lost:,} lost,"
        f" {report.adopted:,} not in the index, {report.copies:,} there twice,"
        f" {report.deleting:,} half deleted, {report.strange:,} strange"
    )
    left = report.strange if mend else report.wrong
    if left and not mend:
        screen.echo("to mend: python -m tools receiver check --mend")
    sys.exit(1 if left else 0)


def _name(text, option="NAME"):
    text = text.strip()
    if not 0 < len(text) <= 40 or not text.isprintable():
        raise click.UsageError(f"{option}: expected a name of 1 to 40 signs")
    return text


def _utc(at):
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%d %H:%M:%SZ}"
