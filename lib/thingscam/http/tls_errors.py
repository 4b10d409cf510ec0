# Why a TLS handshake failed: imported when one has.

from thingscam.http import CertificateError, HttpError
from thingscam.util.compat import const

_VERIFY_FAILED = const(-0x2700)

# Memory that is too short: errno; Mbed TLS's numbers of MPI, LMS, ASN1 and PSA, which
# MicroPython makes an errno of when they stand alone (lwIP has no error of these); and its
# numbers of what stands above.
_ENOMEM = const(12)
_SHORT = (0x10, 0x17, 0x6A, 141)
_SHORT_ABOVE = (0x1180, 0x2880, 0x3400, 0x3F80, 0x4D80, 0x5180, 0x6180, 0x7F00)

# Handshakes that come to nothing: Mbed TLS 3's codes and the alerts of RFC 8446; CPython's words.
_ALERT = const(0x7780)
_NO_TLS = const(0x7200)
_NO_NAME = const(112)
_VERSION = (0x6E80, 0x5F00)
_VERSION_ALERTS = (70, 86)
_CIPHER = (0x6E00, 0x7380, 0x6D00)
_CIPHER_ALERTS = (40, 71)
_REASONS = (
    ("WRONG_VERSION_NUMBER HTTP_REQUEST PACKET_LENGTH RECORD_LAYER", 0x7200, None),
    ("PROTOCOL_VERSION UNSUPPORTED_PROTOCOL WRONG_SSL_VERSION", 0x6E80, None),
    ("HANDSHAKE_FAILURE INSUFFICIENT_SECURITY SHARED_CIPHER", 0x6E00, None),
    ("UNRECOGNIZED_NAME", 0, 112),
)


class TlsError(CertificateError):
    """The server and this device have no TLS version or cipher in common."""


def explained(e, host, alert):
    """Return what stands for the error `e` of a handshake with `host`: an exception to raise.

    `alert` is the number of the alert that ended it, or None.
    """
    # CPython's refusal of a certificate is of both classes.
    if isinstance(e, ValueError):
        # Mbed TLS's reason comes as a ValueError; CPython's error is one too.
        reason = (getattr(e, "verify_message", None) or str(e)).strip()
        return CertificateError("certificate of {} refused: {}".format(host, reason))
    number = e.args[0] if e.args else None
    if number == _VERIFY_FAILED:
        return CertificateError("certificate of {} refused".format(host))
    if not isinstance(number, int):
        return HttpError(*e.args)
    # Without its words, too: for these MicroPython needs memory.
    code = max(0, -number)
    if (
        number == _ENOMEM
        or number in _SHORT
        or code & 0x7F in _SHORT
        or code & 0xFF80 in _SHORT_ABOVE
    ):
        return MemoryError("TLS with {}: {}".format(host, e))
    return _in_words(code & 0xFF80, getattr(e, "reason", None), alert, host) or HttpError(*e.args)


def _in_words(code, reason, alert, host):
    # What Mbed TLS (a code, an alert) or CPython (a reason) says of a handshake without an end.
    for words, meant, its_alert in _REASONS if reason else ():
        if any(word in reason for word in words.split()):
            code, alert = meant, its_alert
            break
    if code in _VERSION or alert in _VERSION_ALERTS:
        text = "no TLS version in common with {}: it must offer TLS 1.2"
        return TlsError(text.format(host))
    if code in _CIPHER or alert in _CIPHER_ALERTS:
        text = "no TLS cipher in common with {}: it must offer TLS 1.2 with ECDHE and AES-GCM"
        return TlsError(text.format(host))
    if alert == _NO_NAME:
        return TlsError("{} is not known to the server: check the URL".format(host))
    if code == _NO_TLS:
        return HttpError("{} does not speak TLS there: check the URL".format(host))
    if code == _ALERT:
        return HttpError("{} ended the TLS handshake, alert {}".format(host, alert))
    return None
