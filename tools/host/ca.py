# The CA certificate of an endpoint: found by asking the server, proved by a connection.

import dataclasses
import datetime
import hashlib
import pathlib
import socket
import ssl
import warnings

import certifi
from cryptography import exceptions, x509
from cryptography.hazmat.primitives import serialization

from thingscam.http import tls
from thingscam.http.context import make_context

from .errors import ToolError
from .harmless import one_line

_TIMEOUT_S = 15


class CAError(ToolError):
    """There is no CA certificate to be had for the endpoint; says why, and what to do."""


@dataclasses.dataclass(frozen=True)
class CA:
    """A CA certificate: `der` (bytes), and whether this computer's own store has it."""

    der: bytes
    known: bool

    @property
    def fingerprint(self):
        """SHA-256 of the certificate, as browsers show it: AB:CD:..."""
        return hashlib.sha256(self.der).digest().hex(":").upper()

    def describe(self):
        """Return the lines that a person needs to judge it."""
        found = x509.load_der_x509_certificate(self.der)
        left = found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
        origin = "this computer trusts it" if self.known else "NOT known to this computer"
        return [
            "CA           {} ({})".format(one_line(found.subject.rfc4514_string()), origin),
            "valid        {:%Y-%m-%d} to {:%Y-%m-%d} ({} days left)".format(
                found.not_valid_before_utc, found.not_valid_after_utc, left.days
            ),
            "SHA-256      " + self.fingerprint,
        ]


def find(endpoint):
    """Return the CA whose certificate a board needs for `endpoint` (https://...).

    It is the self-signed root where the server sends one, else the issuer of what it sends
    in this computer's store. A connection, with name and dates checked as a board does,
    proves it.

    Raises CAError.
    """
    host, port = _peer(endpoint)
    try:
        chain = [x509.load_der_x509_certificate(der) for der in _sent(host, port)]
    except ValueError as e:
        raise CAError("{}: sends what is no certificate: {}".format(host, e)) from e
    store = _store()
    root = _root(chain, store)
    if root is None:
        text = (
            "{} sends no root certificate, and the issuer of what it sends ({}) is not in this "
            "computer's store: ask its owner for the CA certificate"
        )
        raise CAError(text.format(host, one_line(chain[-1].issuer.rfc4514_string())))
    der = root.public_bytes(serialization.Encoding.DER)
    _prove(host, port, der)
    return CA(der, root in store)


def same_fingerprint(one, other):
    """Return whether two fingerprints (texts) are the same but for colons, blanks, case."""
    return _plain(one) == _plain(other)


def _plain(text):
    return "".join(char for char in text.lower() if char not in ": -")


def _peer(endpoint):
    scheme, _, rest = endpoint.partition("://")
    if scheme != "https":
        raise CAError("{}: has no certificate, only https:// has".format(endpoint))
    host, _, port = rest.partition(":")
    return host, int(port or 443)


def _sent(host, port):
    # Unverified: what the server shows is looked at first, and trusted after.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, port), _TIMEOUT_S) as raw,
            context.wrap_socket(raw, server_hostname=host) as sock,
        ):
            if hasattr(sock, "get_unverified_chain"):  # Python 3.13
                return sock.get_unverified_chain()  # pyright: ignore
            chain = sock._sslobj.get_unverified_chain()  # pyright: ignore
            return [ssl.PEM_cert_to_DER_cert(found.public_bytes()) for found in chain]
    except OSError as e:
        reason = e.strerror or str(e) or type(e).__name__
        raise CAError("{}:{}: no TLS connection: {}".format(host, port, reason)) from e


def _store():
    # What this computer trusts: its system's store, and the one that Python's clients bring.
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    folder = ssl.get_default_verify_paths().capath
    # Certificates in a folder are loaded by OpenSSL only as they are needed.
    for path in pathlib.Path(folder).glob("*.0") if folder else ():
        context.load_verify_locations(path)
    now = datetime.datetime.now(datetime.UTC)
    found = []
    for der in context.get_ca_certs(binary_form=True):
        try:
            with warnings.catch_warnings(action="ignore"):  # of old roots' serial numbers
                certificate = x509.load_der_x509_certificate(der)
            if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
                found.append(certificate)
        except ValueError:
            continue
    return found


def _root(chain, store):
    path = [chain[0]]  # the server's own, then each one's issuer, in whatever order they came
    while not _issued(path[-1], path[-1]):
        issuer = next((one for one in chain if one not in path and _issued(path[-1], one)), None)
        if issuer is None:
            break
        path.append(issuer)
    else:
        return path[-1]
    # From the server's own upwards: a root sent under another's signature is in the store
    # under its own, and that outlives the other's.
    for certificate in path:
        for root in store:
            if _issued(certificate, root):
                return root
    return None


def _issued(certificate, issuer):
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (exceptions.InvalidSignature, ValueError, TypeError):
        return False
    return True


def _prove(host, port, der):
    try:
        context = make_context(der, True)
        with socket.create_connection((host, port), _TIMEOUT_S) as raw:
            sock, stream = tls.wrap(context, raw, host)
            with sock:
                tls.shake_hands(sock, stream, b"", host)
    except OSError as e:
        raise CAError("{}: a board would refuse it: {}".format(host, e)) from e
