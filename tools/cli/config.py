# `python -m tools config`: makes, checks and shows config.json; one, or one a board.

import json
import pathlib
import sys

import click

from thingscam.config.config import ConfigError

from ..host import (
    ca,
    configfile,
    errors,
    fleet,
    label,
    language,
    prompt,
    questions,
    screen,
    textfile,
)
from ..host.language import said

_PATH = click.Path(path_type=pathlib.Path, dir_okay=False)
_MAX_FORGET = 999999
_NEXT = """\
next, for a bare board: python -m tools flash --firmware FILE --port PORT
for one with thingscam on it: python -m tools deploy PORT
which FILE, and how to wire it: docs/board.md, Flashing"""
_GO_ON = """\
What you typed is kept. To go on, either
- try again, once network and cloud.endpoint are right: {1}
- or ask the endpoint's owner for the CA certificate, in DER or PEM, and save it as {0}"""


@click.command()
@click.argument("file", default="config.json", type=_PATH)
@click.option("--base", type=_PATH, help="Begin with this file's settings.")
@click.option(
    "--set", "given", multiple=True, metavar="NAME=VALUE", help="Such as log.level=debug."
)
@click.option("--fleet", "table", type=_PATH, help="One for each row of a CSV table.")
@click.option(
    "--folder",
    default="boards",
    show_default=True,
    type=click.Path(path_type=pathlib.Path, file_okay=False),
    help="Where --fleet writes.",
)
@click.option("--fetch-ca", is_flag=True, help="Fetch the endpoint's CA certificate too.")
@click.option("--fingerprint", metavar="HEX", help="SHA-256 that the CA must have; no question.")
@click.option(
    "--yes",
    is_flag=True,
    help="Take a CA that this computer trusts, and a region called as a board; no question.",
)
@click.option("--mask", is_flag=True, help="Show FILE without its secrets, to share it.")
@click.option("--check", is_flag=True, help="Only say whether FILE is right.")
@click.option("--setup-password", is_flag=True, help="A new setup.password, made at random.")
@click.option(
    "--qr", is_flag=True, help="Show FILE's service values as a QR code for setup's page."
)
@click.option("--forget-remote", is_flag=True, help="Undo what was set from afar, when deployed.")
@click.option("--no-wifi", is_flag=True, help="No Wi-Fi is needed: for `send`, not for a board.")
@click.option("--no-input", is_flag=True, help="Ask nothing (never done without a terminal).")
@language.option
def command(
    file,
    base,
    given,
    table,
    folder,
    fetch_ca,
    fingerprint,
    yes,
    mask,
    check,
    setup_password,
    qr,
    forget_remote,
    no_wifi,
    no_input,
):
    """Make FILE (config.json) by asking, or from --set; an existing one is changed.

    --set NAME=@PATH reads a value from a file, @- from standard input: so a secret need not
    stand on the command line. In the table of --fleet the columns are `name` and settings
    (wifi.ssid, cloud.access_token ...); nothing is written unless every row is right.

    Exit codes: 0 done, 1 something is wrong, 2 wrong usage.
    """
    if base is not None and table is None and file.exists():
        raise click.UsageError(said("{} is there already: leave --base out".format(file)))
    if mask and check:
        raise click.UsageError(said("--mask and --check do not go together"))
    if setup_password and table is None:
        given += ("setup.password=" + label.new_password(),)
    ask = sys.stdin.isatty() and not no_input
    choose = _Choice(fetch_ca, fingerprint, yes, ask)
    with errors.exit_on_error():
        if mask:
            screen.echo(json.dumps(configfile.masked(configfile.load(file)), indent=2))
        elif check:
            settled = configfile.check(configfile.load(file), file, not no_wifi)
            configfile.certificate(settled, file.parent, _advice(file, not no_wifi))
            screen.echo(said("{}: right".format(file)))
        elif qr:
            show_code(file)
        elif forget_remote:
            forget(file, not no_wifi)
        elif table is not None:
            make_fleet(table, base, given, folder, choose, setup_password)
        else:
            make(file, base, given, ask, choose, not no_wifi)


def make(file, base, given, ask, choose, wifi_needed=True):
    """Make or change the configuration `file`.

    `base` is the file to begin with or None, `given` texts "NAME=VALUE", `ask` whether a
    person may be asked, `choose` what decides on the CA certificate, `wifi_needed` whether
    it is for a board.
    """
    begin = file if file.exists() else base
    data = configfile.load(begin) if begin else {}
    named = _put(data, given)
    settled = _right(data, file, wifi_needed) if ask and choose.fetch and not given else None
    if settled:  # there is nothing to ask
        screen.echo(said("{} is right: only the CA is fetched".format(file)))
    elif ask:
        settled = questions.ask(data, named, file, wifi_needed)
    else:
        settled = configfile.check(data, file, wifi_needed)
        choose.accept_region(settled)
    # What was typed is not lost when there is no CA to be had; and yet a board would refuse it.
    certificate = None if ask else choose.certificate([settled], file.parent)
    configfile.write(file, configfile.encoded(data))
    screen.echo(said("wrote {}".format(file)))
    advice = _advice(file, wifi_needed)
    if ask:
        certificate = _fetched(choose, settled, file, advice)
    _write_ca(certificate, file.parent)
    configfile.certificate(settled, file.parent, advice)
    if ask and wifi_needed:
        screen.echo(said(_NEXT))


def forget(file, wifi_needed):
    """Have the configuration `file` undo what was set from afar: its remote.forget is raised."""
    data = configfile.load(file)
    count = configfile.get(data, "remote.forget")
    count = count + 1 if isinstance(count, int) and count < _MAX_FORGET else 1
    configfile.put(data, "remote.forget", str(count))
    configfile.check(data, file, wifi_needed)
    configfile.write(file, configfile.encoded(data))
    screen.echo(said("wrote {}".format(file)))
    screen.echo(said("to undo what was set from afar: python -m tools deploy PORT"))


def _advice(file, wifi_needed):
    text = "python -m tools config {} --fetch-ca"
    return text.format(textfile.typed(file)) + ("" if wifi_needed else " --no-wifi")


def _right(data, file, wifi_needed):
    try:
        return configfile.check(data, file, wifi_needed)
    except ConfigError:
        return None


def _fetched(choose, settled, file, advice):
    try:
        return choose.certificate([settled], file.parent)
    except ca.CAError as e:
        kept = configfile.beside(file.parent, settled.cloud.ca)
        raise ca.CAError("{}\n{}".format(e, _GO_ON.format(kept, advice))) from e


def show_code(file):
    """Show the service's values of the configuration `file` as a QR code, and as an address."""
    cloud = configfile.load(file).get("cloud")
    text = label.filling(cloud if isinstance(cloud, dict) else {})
    for line in label.lines(text):
        screen.echo(line)
    screen.echo(text)
    screen.echo(said("It has the AccessToken and the Project-Key in it: show it to nobody else."))


def make_fleet(table, base, given, folder, choose, passwords=False):
    """Make one configuration in `folder` for each row of `table`, over the file `base`.

    `passwords`: each with a new setup.password of its own.
    """
    data = configfile.load(base) if base else {}
    _put(data, given)
    found = fleet.read(table, data)
    for board in found.values() if passwords else ():
        configfile.put(board, "setup.password", label.new_password())
    settled = [configfile.check(board, name) for name, board in found.items()]
    for each in settled:
        choose.accept_region(each)
    beside = base.parent if base else folder
    fetched = choose.certificate(settled, beside)
    advice = "--fetch-ca fetches it, or copy it there"
    needed = {fetched or configfile.certificate(each, beside, advice) for each in settled}
    folder.mkdir(parents=True, exist_ok=True)
    for name, board in found.items():
        configfile.write(folder / (name + ".json"), configfile.encoded(board))
        screen.echo(said("wrote {}".format(folder / (name + ".json"))))
    for certificate in needed:
        _write_ca(certificate, folder)


def _put(data, given):
    named = []
    for entry in given:
        name, equals, text = entry.partition("=")
        if not equals:
            # Not quoted: it may be a secret.
            raise click.UsageError(said("--set needs NAME=VALUE"))
        if text == "@-":
            # Bytes: what is typed or piped is UTF-8 here, whatever the console shows.
            line = sys.stdin.buffer.readline().rstrip(b"\r\n")
            text = textfile.decoded(line, "standard input")
        elif text[:1] == "@":
            text = textfile.read(pathlib.Path(text[1:])).rstrip("\n")
        configfile.put(data, name, text)
        named.append(name)
    return named


class _Choice:
    # What is decided beyond the settings: which CA certificate is fetched and believed.

    def __init__(self, fetch, fingerprint, yes, ask):
        self.fetch = fetch
        self._fingerprint, self._yes, self._ask = fingerprint, yes, ask

    def accept_region(self, settled):
        """Raise SettingError where the region of `settled` (a Config) seems to be a mistake."""
        region = settled.cloud.region
        if not self._yes and not questions.suits_region(region):
            text = "cloud.region: {} is a board's name: if it is your region too, say --yes"
            raise configfile.SettingError(text.format(region))

    def certificate(self, settled, beside):
        """Return (path, DER) of the CA certificate that was fetched for the configurations.

        None: it was not asked for, `beside` is the folder where it may be already. Raises CAError.
        """
        clouds = [found.cloud for found in settled if configfile.secure_endpoint(found.cloud)]
        needed = [cloud for cloud in clouds if cloud.verify and cloud.ca is not None]
        if not needed:
            if self.fetch:
                raise ca.CAError("no https endpoint that is verified: no CA needed")
            return None
        if not self.fetch:
            kept = configfile.beside(beside, needed[0].ca)
            if kept.exists() or not self._ask:
                return None
            if not prompt.confirm("Fetch the CA certificate of the endpoint now?", True):
                return None
        if len({(cloud.endpoint, cloud.ca) for cloud in needed}) > 1:
            raise ca.CAError("--fetch-ca: the rows have more than one endpoint")
        return needed[0].ca, self._confirmed(ca.find(configfile.secure_endpoint(needed[0])))

    def _confirmed(self, found):
        screen.echo(said("\n".join(found.describe())))
        if self._fingerprint is not None:
            if ca.same_fingerprint(self._fingerprint, found.fingerprint):
                return found.der
            raise ca.CAError("the CA has not the fingerprint of --fingerprint")
        if self._yes and found.known:
            return found.der
        if self._ask:
            question = "Is this the CA that the endpoint's owner names?"
            if prompt.confirm(question, found.known):
                return found.der
            raise ca.CAError("no CA written: it was not confirmed")
        raise ca.CAError(
            "nothing written: confirm the CA with --fingerprint, or with --yes one that this "
            "computer trusts"
        )


def _write_ca(found, folder):
    if found is None:
        return
    path = configfile.beside(folder, found[0])
    if not path.exists() or path.read_bytes() != found[1]:
        path.parent.mkdir(parents=True, exist_ok=True)
        configfile.write(path, found[1])
        screen.echo(said("wrote {}".format(path)))
