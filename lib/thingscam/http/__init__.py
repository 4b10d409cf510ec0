# An HTTP client of one kept-open, verified connection: needs only thingscam.util of the rest.

import errno

# errno of "not now": EAGAIN, and CPython's SSLWantReadError and SSLWantWriteError.
NOT_NOW = (errno.EAGAIN, 2, 3)


class HttpError(OSError):
    """What the network or the server did; never an error of a callback, or of a file that is sent.

    As an OSError it has an errno where there is one: ETIMEDOUT when nothing came in time.
    `partial` is the Response with how its body begins as content, None where it has no status.
    """

    partial = None


class CertificateError(HttpError):
    """The server cannot be trusted, or the CA certificate cannot be used."""


class ResponseError(HttpError):
    """A response that breaks the rules of HTTP, or is too large."""
