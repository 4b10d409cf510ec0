# Runs the server from the command line until it is told to end.

import asyncio
import errno
import functools
import os
import signal

from ...host import screen
from ..errors import StartError
from ..index import UnavailableError
from . import accounts as accounts_file
from . import certificates
from .accounts import AccountsError
from .certificates import CertificateError
from .server import make_app, start
from .store import Store, StoreError


def run(
    *,
    host,
    port,
    data,
    accounts,
    interval,
    message_interval,
    daily_messages,
    pictures_as_messages,
    keepalive,
    name,
    no_settings,
    faults,
    quiet,
    tls,
    cert,
    key,
    tls_name,
    ca_out,
):
    """Serve until SIGTERM or SIGINT; the arguments are the options of the command.

    Raises StartError.
    """
    try:
        known = accounts_file.load(accounts) if accounts else accounts_file.default()
        store = Store(data)
        context, ca_out = tls_of(tls, cert, key, tls_name, ca_out, data)
        context = context and context()
        ca_said = ca_out and f"CA certificate in {ca_out}"
        app = make_app(
            known,
            store,
            interval=interval,
            message_interval=message_interval,
            daily_messages=daily_messages,
            pictures_as_messages=pictures_as_messages,
            faults=faults,
            write=None if quiet else say,
            names=[*name, *tls_name],
            settings=not no_settings,
        )
    except (AccountsError, StoreError, CertificateError, UnavailableError) as error:
        raise StartError(str(error)) from error
    asyncio.run(_serve(app, host, port, context, keepalive, [ca_said, store.said]))


async def _serve(app, host, port, context, keepalive, lines):
    ended = asyncio.Event()
    on_signals(asyncio.get_running_loop(), ended.set)
    try:
        runner, url = await start(app, host, port, ssl_context=context, keepalive=keepalive)
    except OSError as error:
        raise StartError(why_not(error, host, port)) from error
    say(f"listening on {url}")
    for line in filter(None, lines):
        say(line)
    await ended.wait()
    await runner.cleanup()


def on_signals(loop, call):
    """Have the event loop `loop` run `call()` on SIGTERM and SIGINT, on Windows too."""
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, call)
        except NotImplementedError:  # Windows' loop; a signal wakes it
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(call))


def tls_of(tls, cert, key, tls_name, ca_out, data):
    """Return what makes the ssl.SSLContext that these options ask for (a function that raises
    CertificateError; None: no TLS), and where the CA of a certificate made here is.

    Whatever process calls it gets the same certificate. Raises StartError, CertificateError.
    """
    if not tls:
        if cert or key or tls_name or ca_out:
            raise StartError("--cert, --key, --tls-name and --ca-out go with --tls only")
        return None, None
    if bool(cert) != bool(key):
        raise StartError("--cert and --key go together")
    if cert:
        if tls_name or ca_out:
            raise StartError("--tls-name and --ca-out do not go with --cert")
        return functools.partial(certificates.given, cert, key), None
    ca_out = ca_out or data / "ca.der"
    pem = certificates.issued(data, ca_out, tls_name)
    return functools.partial(certificates.context, pem), ca_out


def why_not(error, host, port):
    """Return why nothing can listen there, for a person."""
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is in use: choose another with --port, or 0 for any"
    # asyncio's own text repeats the address; getaddrinfo's numbers are below 0.
    number = error.errno or 0
    reason = os.strerror(number) if number > 0 else error.strerror or error
    return f"cannot listen on {host} port {port}: {reason}"


def say(line):
    """Write a line to standard output, where somebody reads it."""
    try:
        screen.echo(line)
    except BrokenPipeError:
        pass  # nobody reads any more: no reason to stop serving
