# Certificates for --tls: given ones, or some made here under a CA of our own.

import os
import ssl
import tempfile

_NAMES = ("localhost", "127.0.0.1", "::1")


class CertificateError(Exception):
    """No certificate to serve with; the text names the file and the reason."""


def given(certificate, key):
    """Return the server's ssl.SSLContext for two PEM files (paths).

    Raises CertificateError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(certificate, key)
    except FileNotFoundError as error:
        missing = key if certificate.exists() else certificate
        raise CertificateError(f"{missing}: no such file") from error
    except OSError as error:
        reason = error.strerror
        if isinstance(error, ssl.SSLError):
            # OpenSSL names few of them for a person.
            reason = error.reason or "not a certificate and its key in PEM"
        raise CertificateError(f"{certificate} with key {key}: {reason}") from error
    return context


def made(folder, ca_out, names=()):
    """Return the server's ssl.SSLContext for a certificate made now, as issued() does it."""
    return context(issued(folder, ca_out, names))


def issued(folder, ca_out, names=()):
    """Return a certificate made now with its key, in PEM (bytes), for context().

    It is good for localhost and `names`. Its CA is kept in `folder`, so that boards which
    trust it go on doing so; `ca_out` is where its certificate goes, in DER.
    Raises CertificateError.
    """
    try:
        ca = _kept_ca(folder / "ca-with-key.pem")
        ca_out.write_bytes(ssl.PEM_cert_to_DER_cert(ca.cert_pem.bytes().decode()))
    except OSError as error:
        raise CertificateError(f"{error.filename}: {error.strerror}") from error
    try:
        return ca.issue_cert(*_NAMES, *names).private_key_and_cert_chain_pem.bytes()
    except ValueError as error:
        raise CertificateError(f"no certificate for {', '.join(names)}: {error}") from error


def context(pem):
    """Return the server's ssl.SSLContext for what issued() returned."""
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    # The ssl module reads it from a file only; this one is nobody else's to read.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "certificate.pem")
        with open(path, "wb") as file:
            file.write(pem)
        found.load_cert_chain(path)
    return found


def _kept_ca(path):
    import trustme  # it takes its time, and few serve with TLS

    try:
        pem = path.read_bytes()
    except FileNotFoundError:
        ca = trustme.CA(organization_name="thingscam stand-in")
        # Made unreadable for others before the key is in it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(descriptor, "wb") as file:
            file.write(ca.cert_pem.bytes() + ca.private_key_pem.bytes())
        return ca
    try:
        return trustme.CA.from_pem(pem, pem)
    except ValueError as error:
        raise CertificateError(f"{path}: is not a CA with its key; remove it") from error
