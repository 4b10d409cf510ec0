# Which servers are trusted: the CA certificate, and the TLS handshake that checks against it.

import errno

from thingscam.board import chip as board
from thingscam.util.compat import const

try:
    import tls  # MicroPython 1.22 and later; its ssl is a wrapper of this
except ImportError:
    try:
        import ssl as tls
    except ImportError:  # a firmware without TLS
        tls = None


# "Not now": EAGAIN, and CPython's SSLWantReadError and SSLWantWriteError.
NOT_NOW = (errno.EAGAIN, 2, 3)

_VERIFY_FAILED = const(-0x2700)

# Memory that is too short, in Mbed TLS's numbers: of MPI, LMS, ASN1 and PSA, which MicroPython
# makes an errno of when they stand alone (lwIP has no error of these), and of what is above.
_SHORT = (0x10, 0x17, 0x6A, 141)
_SHORT_ABOVE = (0x1180, 0x2880, 0x3400, 0x3F80, 0x4D80, 0x5180, 0x6180, 0x7F00)


# Handshakes that come to nothing: Mbed TLS 3's codes, the alerts of RFC 8446, CPython's words.
_ALERT = const(0x7780)
_NO_TLS = const(0x7200)
_NO_NAME = const(112)
_VERSION = (0x6E80, 0x5F00)
_VERSION_ALERTS = (70, 86)
_CIPHER = (0x6E00, 0x7380, 0x6D00)
_CIPHER_ALERTS = (40, 71)
_REASONS = (
    (("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH", "RECORD_LAYER"), (0x7200, None)),
    (("PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "WRONG_SSL_VERSION"), (0x6E80, None)),
    (("HANDSHAKE_FAILURE", "INSUFFICIENT_SECURITY", "SHARED_CIPHER"), (0x6E00, None)),
    (("UNRECOGNIZED_NAME",), (0, 112)),
)


class CertificateError(OSError):
    """The server cannot be trusted, or the CA certificate cannot be used."""


class TlsError(CertificateError):
    """The server and this device have no TLS in common: a person must see to it."""


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
    """Return a TLS socket over the connected socket `sock`; shake_hands() comes next.

    Raises CertificateError, OSError, MemoryError. Closing `sock` is the caller's.
    """
    try:
        return context.wrap_socket(sock, server_hostname=host, do_handshake_on_connect=False)
    except (ValueError, OSError) as e:
        raise _explained(e, host)


def shake_hands(sock, first, host, guard=None):
    """Do what of the handshake can be done now; return None when it is not over.

    Then how many of the bytes `first` were sent: MicroPython has no other way to shake hands
    than to write. None of them go to a server that is not trusted. `guard` is the Guard below.

    Raises CertificateError when the certificate is not for `host`, not from the CA, or
    not valid now, TlsError when there is no TLS in common; MemoryError when memory is too
    short; OSError when the connection fails.
    """
    try:
        if hasattr(sock, "do_handshake"):
            sock.do_handshake()
            return 0
        return sock.write(first)
    except (ValueError, OSError) as e:
        if isinstance(e, OSError) and e.errno in NOT_NOW:
            return None
        raise _explained(e, host, guard.alert if guard is not None else None)


def _explained(e, host, alert=None):
    # CPython's refusal of a certificate is of both classes.
    if isinstance(e, ValueError):
        # Mbed TLS's reason comes as a ValueError; CPython's error is one too.
        reason = (getattr(e, "verify_message", None) or str(e)).strip()
        return CertificateError("certificate of {} refused: {}".format(host, reason))
    number = e.args[0] if e.args else None
    if number == _VERIFY_FAILED:
        return CertificateError("certificate of {} refused".format(host))
    if not isinstance(number, int):
        return e
    # Without its words, too: for these MicroPython needs memory.
    code = -number
    short = number in _SHORT or (
        code > 0 and (code & 0x7F in _SHORT or code & 0xFF80 in _SHORT_ABOVE)
    )
    if short or board.is_out_of_memory(e):
        return MemoryError("TLS with {}: {}".format(host, e))
    return (
        _in_words(code & 0xFF80 if code > 0 else 0, getattr(e, "reason", None), alert, host) or e
    )


def _in_words(code, reason, alert, host):
    # What Mbed TLS (a code, an alert) or CPython (a reason) says of a handshake without an end.
    if reason:
        for words, meant in _REASONS:
            if any(word in reason for word in words):
                code, alert = meant
                break
    if code in _VERSION or alert in _VERSION_ALERTS:
        text = "no TLS version in common with {}: it must offer TLS 1.2"
        return TlsError(text.format(host))
    if code in _CIPHER or alert in _CIPHER_ALERTS:
        text = "no TLS cipher in common with {}: it must offer TLS 1.2 with ECDHE and AES-GCM"
        return TlsError(text.format(host))
    if alert == _NO_NAME:
        return TlsError("{} is not known to the server: check cloud.endpoint".format(host))
    if code == _NO_TLS:
        return OSError("{} does not speak TLS there: check cloud.endpoint".format(host))
    if code == _ALERT:
        return OSError("{} ended the TLS handshake, alert {}".format(host, alert))
    return None


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
