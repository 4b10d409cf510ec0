# One picture -> one request -> its URL, or an UploadError that says what to do.

import errno

from thingscam.cloud import errcodes
from thingscam.http import CertificateError, HttpError
from thingscam.util import strict_json as jsons
from thingscam.util.compat import const
from thingscam.util.log import one_line
from thingscam.util.redact import MAX_MASKED, mask

_MAX_ANSWER = const(4096)
_CHUNK = const(4096)
_BEGIN = const(60)  # bytes of an answer that are shown
_BOM = const(b"\xef\xbb\xbf")
_REDIRECTS = (301, 302, 303, 307, 308)

FILE = "file"  # faults that are not the network's
PUT_OFF = "put off"
ANSWER = "answer"


class UploadError(Exception):
    """The picture was not accepted.

    `action` is what to do: "retry", "wait", "drop" or "stop" (see errcodes.py). `errcode`
    (int) is the service's, None where it did not speak; `status` (int) is the HTTP
    status, None where there was none; `message` is what the service or the network said.
    `fault` is FILE where the picture's own file could not be read, ANSWER where an answer
    that says yes, perhaps, could not be read, PUT_OFF where nothing was asked; else None. The
    text of the error adds what a person should look at: `advice` where it is known already.
    """

    def __init__(self, action, message, errcode=None, status=None, fault=None, advice=None):
        self.action = action
        self.fault = fault
        self.message = message
        self.errcode = errcode
        self.status = status
        text = message
        if errcode is not None:
            advice = advice or errcodes.advice(errcode)
            text = "errcode {} {}: {}".format(errcode, message, advice)
        super().__init__(text)


class Uploader:
    """Uploads pictures as the configuration says.

    `http` is what has urequests' post(): a thingscam Session, `urequests` or `requests`
    of MicroPython, `requests` of CPython. Without one the stock client is imported. Only a
    Session bounds every wait and never follows a redirect: stock urequests follows it,
    Project-Key and all.
    """

    def __init__(self, config, http=None):
        if http is None:
            http = _stock_client()
        cloud = config.cloud
        self._host = cloud.endpoint
        self._url, self._headers = self.target(cloud)
        self._secrets = config.secrets
        self._timeout = cloud.timeout_s
        self._http = http
        self._options = {}
        self._own = getattr(http, "verifies", False)
        self._on_computer = hasattr(http, "certs")  # CPython's requests
        if self._on_computer:
            trusted = cloud.ca if cloud.verify and cloud.ca else cloud.verify
            self._options = {"allow_redirects": False, "stream": True, "verify": trusted}
        needs_check = cloud.verify and cloud.endpoint.startswith("https:")
        self._refused = needs_check and not (self._own or self._on_computer)
        # Stock clients raise whatever their parser trips over.
        self._errors = (HttpError, MemoryError) if self._own else Exception
        self._file = None  # what sends files, made with the first one or by ready()
        self._file_headers = self._headers.copy()

    def target(self, cloud):
        """Return URL and headers (a dict) of each request, by the section "cloud".

        A class for another service has its own, and its own judge().
        """
        url = "{}/device/v1/{}/{}/image"
        return url.format(cloud.endpoint, cloud.access_token, cloud.identifier), {
            "Content-Type": "application/octet-stream",
            "Region": cloud.region,
            "Project-Key": cloud.project_key,
        }

    def ready(self):
        """Take the memory for sending files now, while a piece is large enough; return it."""
        if self._file is None:
            self._file = _FileBody()
        return self._file

    def upload(self, image):
        """Send one picture and return its URL (text).

        `image` is bytes-like, or an open file with readinto(), seek() and tell(), which is
        sent from where it stands; if it has `parts`, views that make it up, a Session sends
        these without a copy. Exactly one request is made; nothing is tried again.

        Raises UploadError for all that network, service and file do. What a callback of a
        Session raises passes through, as does a fault of ours.
        """
        if self._refused:
            raise UploadError(
                errcodes.STOP,
                "this HTTP client does not check certificates: use "
                "thingscam.http.session.Session, or set cloud.verify to false and accept that "
                "anyone may read along",
            )
        data, headers = self._request(image)
        answer = None
        try:
            answer = self._http.post(
                self._url, data=data, headers=headers, timeout=self._timeout, **self._options
            )
            status = answer.status_code
            target = _redirect(answer) if status in _REDIRECTS else None
            body = _content(answer)
            page = getattr(answer, "page", False)
        except _FileError as e:
            raise self._file_error(e.args[0])
        except self._errors as e:
            raise self._network_error(e)
        finally:
            if answer is not None:
                answer.close()
        if target is not None:
            raise self._error(
                errcodes.STOP, "redirected to {}: set cloud.endpoint".format(target), None, status
            )
        return self.judge(status, body, page)

    def _request(self, image):
        # The body in the form that the client takes, and the headers for it.
        if not hasattr(image, "readinto"):
            try:
                memoryview(image)
            except TypeError:
                name = type(image).__name__
                raise UploadError(
                    errcodes.DROP, "no picture: {} in place of its bytes".format(name)
                )
            # A copy: some versions of `requests` leave a Content-Length in what they are given.
            return image, self._headers if self._own else self._headers.copy()
        headers = self._file_headers
        parts = getattr(image, "parts", None) if self._own else None
        if parts is not None:
            headers["Content-Length"] = str(sum(map(len, parts)))
            return parts, headers
        body = self.ready()
        try:
            body.take(image)
        except OSError as e:
            raise self._file_error(e)
        headers["Content-Length"] = str(len(body))
        # Stock urequests writes what has a length at once, and takes a generator in pieces.
        return body if self._own or self._on_computer else iter(body), headers

    def judge(self, status, body, page=False):
        """Return the picture's URL by an answer; raises UploadError where it is not yes."""
        try:
            if len(body) > _MAX_ANSWER:
                raise ValueError
            if body[:3] == _BOM:  # RFC 8259, 8.1: a reader may pass over it
                body = body[3:]
            found = jsons.loads(body)
        except (ValueError, MemoryError):
            found = None
        if not isinstance(found, dict):
            raise self._unclear("the answer is not the service's", status, body, page)
        url = found.get("image_url")
        if _is_int(found.get("result"), 1) and isinstance(url, str) and url:
            return url
        errcode = found.get("errcode")
        if not _is_int(errcode):
            raise self._unclear("the answer makes no sense", status, body, page)
        message = found.get("message")
        if not isinstance(message, str):
            message = ""
        action, advice = errcodes.find(errcode)
        raise self._error(action, message, errcode, status, advice=advice)

    def _unclear(self, what, status, body, page):
        # A server that says 2xx has taken the picture in, whatever else it says; but not one
        # with a page for people: a hotel's Wi-Fi, or a gateway, says 200 to everything.
        begin = bytes(body[: 4 * _BEGIN])
        small = begin.strip().lower()
        page = page or b"<html" in small or b"<!doctype html" in small
        page = page or small[:1] == b"<" and small[:5] != b"<?xml"
        taken = 200 <= status < 300 and not page and getattr(self._http, "whole", True)
        # Masked before it is changed, and before it is cut: half a secret is one, too.
        begin = bytearray(mask(begin, self._secrets))
        for i in range(len(begin)):
            if not 32 <= begin[i] < 127:
                begin[i] = 63  # ?
        text = str(begin, "utf-8")
        what = "{}: HTTP {}, ".format(what, status)
        what += 'it begins "{}"'.format(text[:_BEGIN]) if text else "it is empty"
        return self._error(errcodes.RETRY, what, None, status, ANSWER if taken else None)

    def _file_error(self, e):
        text = "the picture's file cannot be read: {}".format(e)
        return self._error(errcodes.RETRY, text, fault=FILE)

    def _network_error(self, e):
        text = "{}: {}".format(self._host, _reason(e))
        # CPython's requests wraps OpenSSL's refusal without a class of its own.
        if isinstance(e, CertificateError) or "CERTIFICATE_VERIFY_FAILED" in str(e):
            return self._error(errcodes.STOP, text)
        partial = getattr(e, "partial", None)  # one that breaks the rules, or was cut short
        if partial is not None:
            return self._unclear(text, partial.status_code, partial.content, partial.page)
        put_off = getattr(e, "errno", None) == errno.EAGAIN  # by a Session's busy()
        return self._error(errcodes.RETRY, text, fault=PUT_OFF if put_off else None)

    def _error(self, action, message, errcode=None, status=None, fault=None, advice=None):
        # Service and network may say our own secrets back to us.
        message = one_line(mask(message[:MAX_MASKED], self._secrets), 300)
        return UploadError(action, message, errcode, status, fault, advice)


class _FileError(Exception):
    # What a client of HTTP cannot take for an error of its own.
    pass


class _FileBody:
    # An open file as chunks in one buffer, from where it stands to its end.

    def __init__(self):
        self._view = memoryview(bytearray(_CHUNK))
        self._file = None
        self._start = self._size = 0

    def take(self, file):
        self._file = file
        self._start = file.tell()
        self._size = file.seek(0, 2) - self._start

    def __len__(self):
        return self._size

    def __iter__(self):
        view = self._view
        left = self._size
        while left > 0:
            try:
                if left == self._size:
                    self._file.seek(self._start)
                count = self._file.readinto(view)
                if not count:
                    raise OSError(errno.EIO, "it ends {} bytes too early".format(left))
            except OSError as e:
                raise _FileError(e)
            left -= count
            yield view[:count] if count < len(view) else view


def _stock_client():
    try:
        import urequests as client
    except ImportError:
        import requests as client
    return client


def _content(answer):
    # At most one byte more than an answer may have; a Session has seen to that before.
    raw = getattr(answer, "raw", None)
    if raw is None:
        return answer.content
    return raw.read(_MAX_ANSWER + 1)


def _redirect(answer):
    # Scheme and host alone: the path is ours, with the access token in it.
    headers = getattr(answer, "headers", None) or {}
    target = headers.get("location") or headers.get("Location") or "nowhere"
    scheme, mark, rest = target.partition("://")
    return scheme + mark + rest.split("/")[0] if mark else "another path"


def _reason(e):
    number = e.args[0] if isinstance(e, OSError) and e.args else None
    if isinstance(number, int):
        if number == errno.ETIMEDOUT:
            return "no answer in time"
        if -12 < number < 0 or -212 < number < -199:  # getaddrinfo's, of a computer and lwIP
            return "the name does not resolve ({})".format(number)
        return errno.errorcode.get(number) or "{} {}".format(type(e).__name__, number)
    return "{}: {}".format(type(e).__name__, e)


def _is_int(value, wanted=None):
    if isinstance(value, bool) or not isinstance(value, int):
        return False
    return wanted is None or value == wanted
