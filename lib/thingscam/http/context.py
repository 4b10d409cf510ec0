# Which servers are trusted: contexts for TLS. Imported to make one.

from thingscam.http import CertificateError

try:
    import tls  # MicroPython 1.22 and later; its ssl is a wrapper of this
except ImportError:
    try:
        import ssl as tls
    except ImportError:  # a firmware without TLS
        tls = None


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
            "only MicroPython 1.22 and later verify servers; else verify must be false"
        )
    context.verify_mode = tls.CERT_REQUIRED  # pyright: ignore[reportAttributeAccessIssue]
    if ca is None:
        if not on_computer:
            raise CertificateError("https needs ca, a CA certificate in DER")
        context.load_default_certs()  # pyright: ignore[reportAttributeAccessIssue]
        return context
    name = "CA certificate"
    try:
        if isinstance(ca, str):
            name = ca
            with open(ca, "rb") as file:
                ca = file.read()
        if on_computer:
            # As Mbed TLS does: the certificate given is trusted, whoever signed it.
            context.verify_flags |= tls.VERIFY_X509_PARTIAL_CHAIN  # pyright: ignore
            context.load_verify_locations(cadata=bytes(ca))
        else:
            context.load_verify_locations(bytes(ca))
    except (ValueError, OSError) as e:
        raise CertificateError("{} is no certificate in DER ({})".format(name, e))
    return context
