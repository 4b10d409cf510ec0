# Runs a receiver until it is told to end, in one process or in several.

import contextlib
import dataclasses
import sys

from ...host import prompt, screen
from ..errors import StartError
from ..index import UnavailableError
from ..objects import SettingError, StorageError
from ..service import main
from ..service.certificates import CertificateError
from . import serving
from .choices import USER
from .passwords import hashed, weakness
from .processes import Processes
from .serving import Receiver

_WRITE_SECONDS = 30


def run(setup, processes=1):
    """Serve as `setup` (serving.Setup) says until SIGTERM or SIGINT, in so many processes.

    Whether a login is required, and the certificate, are found here. Raises StartError.
    """
    place, listening, log = setup.place, setup.listening, setup.open_log()
    serving.networks(listening)  # they are told wrong before anything else is done
    context, ca_out = _tls(listening, place)
    with contextlib.closing(place.index()) as index:
        store = place.open_store(index)
        _probe(store, log)
        try:
            required = _settle_password(index, listening)
        except UnavailableError as error:
            raise StartError(str(error)) from error
        setup = dataclasses.replace(setup, required=required, context=context)

        def ready(url):
            log.said(f"listening on {url}", "listening", url=url)
            for line in filter(None, [ca_out and f"CA certificate in {ca_out}", store.said]):
                log.said(line, "note", text=line)

        def stopping():
            log.event("stopping")

        if processes == 1:
            Receiver(setup, store, log).run(ready, stopping=stopping)
        else:
            store.close()
            Processes(setup, processes, log).run(ready, stopping)
    log.event("stopped")


def set_password(index, name, password):
    """Set the password of the user `name`; what runs in its sessions ends. Raises StartError."""
    problem = weakness(password, name)
    if problem:
        raise StartError(problem)
    try:
        index.users.set_password(name, hashed(password)).result(_WRITE_SECONDS)
    except (UnavailableError, TimeoutError) as error:
        raise StartError(f"the password could not be kept: {error or 'no answer'}") from error


def ask_password(name):
    """Return a new password of the user `name`, typed twice on the terminal."""
    while True:
        password = prompt.line(f"New password of {name}, for the page", hidden=True)
        problem = weakness(password, name)
        if problem is None:
            if prompt.line("Once more", hidden=True) == password:
                return password
            problem = "these were two different ones: try again"
        screen.echo(problem, err=True)


def _settle_password(index, listening):
    """Return whether a login is required; ask for its first password on a terminal."""
    if index.users.any():
        return True
    if sys.stdin.isatty():
        set_password(index, USER, ask_password(USER))
        return True
    if listening.is_local:
        screen.echo(
            "no password is set: this computer alone can see the page. To set one:"
            " python -m tools receiver password",
            err=True,
        )
        return False
    way = "with --proxy" if listening.proxy else f"on {listening.host}"
    raise StartError(
        f"no password is set for the page, so it cannot be shown {way}: set one with"
        " `python -m tools receiver password`, or listen on 127.0.0.1"
    )


def _tls(listening, place):
    if listening.tls and not listening.cert:
        place.make()
    try:
        make, ca_out = main.tls_of(
            listening.tls,
            listening.cert,
            listening.key,
            listening.tls_name,
            listening.ca_out,
            place.data,
        )
        if make:
            make()  # whether it can be
    except CertificateError as error:
        raise StartError(str(error)) from error
    return make, ca_out


def _probe(store, log):
    """Raise StartError for wrong settings; a storage that is down now may come back."""
    try:
        store.objects.probe()
    except SettingError as error:
        raise StartError(str(error)) from error
    except StorageError as error:
        log.event("storage fails", level="error", error=str(error))
