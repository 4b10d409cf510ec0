# Which servers are trusted: the CA certificate, and the TLS handshake that checks against it.

try:
    import tls  # MicroPython 1.22 and later; its ssl is a wrapper of this
except ImportError:
    try:
        import ssl as tls
    except ImportError:  # a firmware without TLS
        tls = None


class CertificateError(OSError):
    """The server cannot be trusted, or the CA certificate cannot be used."""


def make_context(ca, verify):
    """Return a TLS context.

    `ca` is the certificate of an authority in DER: a path (text), its bytes, or None for
    a computer's own store. `verify=False` makes a context that takes any server.

    Raises CertificateError when such a context cannot be had.
    """
    if not hasattr(tls, "SSLContext"):
        raise CertificateError("this firmware has no TLS: use http://, or another firmware")
    context = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    on_computer = hasattr(context, "load_default_certs")
    if not verify:
        if on_computer:
            context.check_hostname = False  # pyright: ignore[reportAttributeAccessIssue]
        context.verify_mode = tls.CERT_NONE  # pyright: ignore[reportAttributeAccessIssue]
        return context
    if not hasattr(context, "load_verify_locations"):
        raise CertificateError(
            "this firmware cannot check certificates: it takes MicroPython 1.22 or later, "
            'or "verify": false'
        )
    context.verify_mode = tls.CERT_REQUIRED  # pyright: ignore[reportAttributeAccessIssue]
    if ca is not None:
        _load(context, ca, on_computer)
    elif on_computer:
        context.load_default_certs()  # pyright: ignore[reportAttributeAccessIssue]
    else:
        raise CertificateError("https needs a CA certificate: set cloud.ca to a file in DER")
    return context


def wrap(context, sock, host):
    """Shake hands over the connected socket `sock` and return the TLS socket.

    Raises CertificateError when the certificate is not for `host`, not from the CA, or
    not valid now; OSError when the connection fails. Closing `sock` is the caller's.
    """
    try:
        return context.wrap_socket(sock, server_hostname=host)
    except ValueError as e:
        # Mbed TLS's reason comes as a ValueError; CPython's error is one too.
        reason = (getattr(e, "verify_message", None) or str(e)).strip()
        raise CertificateError("certificate of {} refused: {}".format(host, reason))


def _load(context, ca, on_computer):
    name = "CA certificate"
    if isinstance(ca, str):
        name = "CA certificate " + ca
        try:
            with open(ca, "rb") as file:
                ca = file.read()
        except OSError as e:
            raise CertificateError("{} cannot be read: {}".format(name, e))
    ca = bytes(ca)
    if ca[:10] == b"-----BEGIN":
        raise CertificateError(
            "{} is in PEM, it must be in DER: openssl x509 -outform der".format(name)
        )
    try:
        if on_computer:
            # As Mbed TLS does: the certificate given is trusted, whoever signed it.
            partial = tls.VERIFY_X509_PARTIAL_CHAIN  # pyright: ignore
            context.verify_flags |= partial
            context.load_verify_locations(cadata=ca)
        else:
            context.load_verify_locations(ca)
    except (ValueError, OSError):
        raise CertificateError("{} is not a certificate in DER".format(name))
