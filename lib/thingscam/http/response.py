# The response to one HTTP request: status, the headers that matter, a small body.

from thingscam.http import HttpError, ResponseError
from thingscam.util.compat import const

_MAX_HEAD = const(8192)
_MAX_BODY = const(4096)
_MAX_INTERIM = const(8)
_MAX_EMPTY = const(4)  # lines before the first
_BEGIN = const(240)  # bytes of a response that cannot be read, for a log

# The headers that matter, in lower case.
_NAMES = (
    b"content-length",
    b"connection",
    b"transfer-encoding",
    b"content-encoding",
    b"location",
    b"date",
    b"content-type",
)
_LENGTH = const(0)
_CONNECTION = const(1)
_TRANSFER = const(2)
_CODING = const(3)
_LOCATION = const(4)
_DATE = const(5)
_TYPE = const(6)
_DATE_BYTES = const(29)  # "Sun, 06 Nov 1994 08:49:37 GMT": RFC 9110, 5.6.7


class Response:
    """A response as urequests gives it, but read as a whole: the connection is free.

    `connection.receive()` waits and returns the next bytes, b"" when the server has closed.

    `status_code` is an int, `content` bytes, `headers` a dict with "location" if there was
    one. `page`: its type is HTML. `keep` tells whether the connection may carry another request.
    """

    headers = _codings = {}
    content = b""
    page = False
    _length = None
    _dated = 0

    def __init__(self, connection):
        self._connection = connection

    @property
    def text(self):
        """The body as text; raises UnicodeError where it is not UTF-8."""
        return str(self.content, "utf-8")

    @property
    def date(self):
        """Its header Date as bytes, None if it had none."""
        end = self._dated
        return self._data[end - _DATE_BYTES : end] if end else None

    def json(self):
        """Return the body's JSON; raises ValueError where it is none."""
        from thingscam.util.strict_json import loads

        return loads(self.content)

    def close(self):
        """Do nothing: urequests has it, but here the connection stays open."""

    def read(self, data=b""):
        """Read the response, whose first bytes are `data`, and return it.

        Its head may be 8 KB, its body 4 KB.

        Raises ResponseError; HttpError when it is cut short; whatever receive() raises.
        """
        self._data = data
        self._at = 0  # what stands before it is read
        for _ in range(_MAX_INTERIM):
            for _ in range(_MAX_EMPTY):
                if self._line():
                    break
            data, at = self._data, self._start
            self.status_code = _number(data, at + 9, min(at + 12, self._end))
            if (
                not data.startswith(b"HTTP/1.", at)
                or self.status_code < 100
                or data[at + 12] > 32  # of a blank or the line's end
            ):
                raise ResponseError("not an HTTP response")
            self.keep = data[at + 7] != 48  # HTTP/1.0
            try:
                self._headers()
                if self.status_code >= 200:
                    self._body()
                    break
            except HttpError as e:
                self.content = (self.content or self._data[self._at :])[:_BEGIN]
                if self.status_code >= 200:
                    e.partial = self  # pyright: ignore
                raise
            # "100 Continue" and its like come before the real response.
            self._length = None
            self._codings = {}
        if self._at < len(self._data):
            self.keep = False  # what stands behind it belongs to nobody
        return self

    def _headers(self):
        # Take lines up to an empty one, and note what matters.
        index = -1
        while self._line():
            data, at, end = self._data, self._start, self._end
            if data[at] in b" \t":
                # The line before goes on: nothing that matters may be read in part.
                if index < 0:
                    continue
                at = end
            colon = data.find(b":", at, end)
            if colon < 0:
                raise ResponseError("malformed response")
            value = colon + 1
            while data[colon - 1] in b" \t":
                colon -= 1
            index = _TYPE
            while index >= 0 and not _reads(data, at, colon, _NAMES[index]):
                index -= 1
            if index >= 0:
                self._note(index, data, value, end)
            if index == _TYPE:
                index = -1  # it may go on: its beginning tells

    def _note(self, index, data, at, end):
        if index == _LENGTH:
            while at:  # "5, 5" is what a proxy makes of two of them
                comma = data.find(b",", at, end)
                length = _number(data, at, end if comma < 0 else comma)
                if self._length is not None and self._length != length:
                    raise ResponseError("malformed response")
                self._length = length
                at = comma + 1
        elif index == _CONNECTION:
            if data.find(b"lose", at, end) >= 0:  # "Close" or "close"
                self.keep = False
        elif index == _DATE:
            self._dated = end
        elif index == _TYPE:
            if data.find(b"tml", at, end) >= 0:
                self.page = True
        elif index == _LOCATION:
            try:
                self.headers = {"location": str(data[at:end], "utf-8").strip()}
            except UnicodeError:
                pass  # no place to go to
        else:
            # The codings that change something.
            text = self._codings.get(index, b"") + b"," + data[at:end].lower()
            self._codings = dict(self._codings)  # no more the class's
            self._codings[index] = text.replace(b"identity", b"").strip(b" \t,")

    def _body(self):
        if self.status_code in (204, 304):
            return
        coding = self._codings.get(_TRANSFER)
        if coding == b"chunked":
            while True:
                self._line()
                end = self._data.find(b";", self._start, self._end)
                size = _number(self._data, self._start, self._end if end < 0 else end, 16)
                if not size:
                    break
                self.content += self._take(size)
                if self._line():
                    raise ResponseError("malformed response")
            try:
                while self._line():  # trailers
                    pass
            except HttpError:
                self.keep = False  # the body is whole, and that is all that was asked
            if self._length is not None:
                self.keep = False  # both lengths at once: one of them lies
            coding = None
        elif self._length is not None:
            self.content = self._take(self._length)
        elif not coding:
            self.keep = False  # all that comes until the server closes
            self._fill(_MAX_BODY + 1, False)
            self.content = self._take(len(self._data) - self._at)
        coding = coding or self._codings.get(_CODING)
        if coding:
            raise ResponseError("response in a coding that was not asked for: {}".format(coding))

    def _line(self):
        # Step to the next line, data[start:end], and return its length.
        while True:
            at = self._at
            end = self._data.find(b"\n", at)
            have = len(self._data) - at if end < 0 else end - at
            if at + have - len(self.content) >= _MAX_HEAD:  # with the lines between chunks
                raise ResponseError("response too large")
            if end >= 0:
                break
            self._fill(have + 1)
        self._start = at
        self._at = end + 1
        if have and self._data[end - 1] == 13:
            end -= 1
        self._end = end
        return end - at

    def _take(self, size):
        # Return the next `size` bytes of the body.
        if size < 0:
            raise ResponseError("malformed response")
        if len(self.content) + size > _MAX_BODY:
            raise ResponseError("response too large")
        self._fill(size)
        at = self._at
        self._at = at + size
        return self._data[at : self._at]

    def _fill(self, size, needed=True):
        # Wait for `size` bytes that are not read yet.
        while len(self._data) - self._at < size:
            more = self._connection.receive()
            if not more:
                if needed:
                    raise HttpError("response cut short")
                break
            self._data += more


def _number(data, at, end, base=10):
    # The number between blanks; -1: none; one that is too large is cut, and still too large.
    while at < end and data[at] in b" \t":
        at += 1
    while at < end and data[end - 1] in b" \t":
        end -= 1
    number = 0 if at < end else -1
    while at < end:
        digit = data[at] - 48
        if digit > 9:
            digit = (digit | 32) - 39 if digit > 16 else -1  # A is 10
        if not 0 <= digit < base:
            return -1
        number = min(number * base + digit, _MAX_BODY + 1)
        at += 1
    return number


def _reads(data, at, end, name):
    # Whether data[at:end] is `name`, in capitals or not; lower() would make a copy.
    if end - at != len(name):
        return False
    for char in name:
        if data[at] | 32 != char:
            return False
        at += 1
    return True
