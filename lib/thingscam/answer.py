# The answer to one HTTP request: status, the headers that matter, a small body.

from thingscam.port import const

_HEAD_MOST = const(8192)
_BODY_MOST = const(4096)
_INTERIM_MOST = const(8)

_KEPT = ("content-length", "transfer-encoding", "connection", "location")


class AnswerError(OSError):
    """What came back is not an HTTP answer, or is too large, or was cut short."""


class Answer:
    """A whole answer, as urequests gives it, but already read: the connection is free.

    `status_code` is an int, `content` bytes, `headers` the few that matter, with names
    in lower case. `keep` tells whether the connection may carry another request.
    """

    def __init__(self, status_code, headers):
        self.status_code = status_code
        self.headers = headers
        self.content = b""
        self.keep = False

    @property
    def text(self):
        """The body as text; raises UnicodeError where it is not UTF-8."""
        return str(self.content, "utf-8")

    def json(self):
        """Return the body's JSON; raises ValueError where it is none."""
        import json

        return json.loads(self.content)

    def close(self):
        """Do nothing: for urequests' sake."""


def read(receive, data=b""):
    """Read one answer and return it as an Answer.

    `receive()` waits and returns the next bytes, b"" when the peer has closed; `data` are
    bytes that have arrived before. The head may be 8 KB, the body 4 KB.

    Raises AnswerError, and whatever receive() raises.
    """
    source = _Source(receive, data)
    version, status = source.status_line()
    for _ in range(_INTERIM_MOST):
        if status >= 200 or status == 101:
            break
        # "100 Continue" and its like come before the real answer.
        source.headers()
        version, status = source.status_line()
    answer = Answer(status, source.headers())
    answer.keep = version >= b"HTTP/1.1"
    _read_body(source, answer)
    connection = answer.headers.get("connection", "").lower()
    if "close" in connection or source.rest():
        answer.keep = False
    return answer


def _read_body(source, answer):
    headers = answer.headers
    coding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if answer.status_code in (204, 304):
        return
    if coding is not None:
        if coding.lower() != "chunked":
            raise AnswerError("answer in an unknown transfer coding")
        answer.content = _chunks(source)
        # Both lengths at once: one of them lies, so this connection is not used again.
        answer.keep = answer.keep and length is None
    elif length is not None:
        answer.content = source.take(_size(length.encode(), 10))
    else:
        answer.content = source.take_all()
        answer.keep = False


def _chunks(source):
    body = b""
    while True:
        size = _size(source.line().split(b";")[0].strip(), 16)
        if size == 0:
            source.headers()  # trailers
            return body
        if len(body) + size > _BODY_MOST:
            raise AnswerError("answer larger than {} bytes".format(_BODY_MOST))
        body += source.take(size)
        if source.line():
            raise AnswerError("answer with a broken chunk")


def _size(word, base):
    digits = b"0123456789abcdefABCDEF" if base == 16 else b"0123456789"
    if not word or len(word) > 9 or any(char not in digits for char in word):
        raise AnswerError("answer with a broken length")
    return int(str(word, "utf-8"), base)


class _Source:
    # Bytes as they arrive, taken off in lines or by number.

    def __init__(self, receive, data):
        self._receive = receive
        self._data = data
        self._head = 0  # bytes of head so far

    def line(self):
        """Return the next line without its end."""
        start = 0
        while True:
            end = self._data.find(b"\n", start)
            if end >= 0:
                break
            start = len(self._data)
            if self._head + start > _HEAD_MOST:
                break
            self._more("in its head")
        self._head += (end if end >= 0 else start) + 1
        if self._head > _HEAD_MOST:
            raise AnswerError("answer with a head larger than {} bytes".format(_HEAD_MOST))
        line = self._data[:end]
        self._data = self._data[end + 1 :]
        return line[:-1] if line[-1:] == b"\r" else line

    def status_line(self):
        """Return the version (bytes) and the status (int)."""
        line = self.line()
        parts = line.split(None, 2)
        if len(parts) < 2 or parts[0][:7] != b"HTTP/1." or not _is_status(parts[1]):
            raise AnswerError("not an HTTP answer")
        return parts[0], int(parts[1])

    def headers(self):
        """Return the headers that matter, as texts."""
        found = {}
        while True:
            line = self.line()
            if not line:
                return found
            name, colon, value = line.partition(b":")
            if not colon:
                raise AnswerError("answer with a broken header")
            try:
                name = str(name, "utf-8").lower()
                value = str(value, "utf-8").strip()
            except UnicodeError:
                continue  # none of ours
            if name not in _KEPT:
                continue
            if name == "content-length" and found.get(name, value) != value:
                raise AnswerError("answer with two lengths")
            found[name] = value

    def take(self, size):
        """Return the next `size` bytes."""
        if size > _BODY_MOST:
            raise AnswerError("answer of {} bytes, more than {}".format(size, _BODY_MOST))
        while len(self._data) < size:
            self._more("{} bytes of {}".format(len(self._data), size))
        result = self._data[:size]
        self._data = self._data[size:]
        return result

    def take_all(self):
        """Return everything up to the end of the connection."""
        while True:
            if len(self._data) > _BODY_MOST:
                raise AnswerError("answer larger than {} bytes".format(_BODY_MOST))
            more = self._receive()
            if not more:
                result, self._data = self._data, b""
                return result
            self._data += more

    def rest(self):
        """Return whether something stands behind the answer."""
        return len(self._data) > 0

    def _more(self, where):
        data = self._receive()
        if not data:
            raise AnswerError("answer cut short: " + where)
        self._data += data


def _is_status(word):
    return len(word) == 3 and all(48 <= char <= 57 for char in word) and word[0] != 48
