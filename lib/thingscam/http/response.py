# The answer to one HTTP request: status, the headers that matter, a small body.

from thingscam.util.compat import const

_HEAD_MOST = const(8192)
_BODY_MOST = const(4096)
_INTERIM_MOST = const(8)
_EMPTY_MOST = const(4)  # lines before the first
_BEGIN = const(240)  # bytes of an answer that cannot be read, for a log
_DIGITS_MOST = const(9)
_DATE_BYTES = const(29)  # "Sun, 06 Nov 1994 08:49:37 GMT": RFC 9110, 5.6.7
_HEX = b"0123456789abcdefABCDEF"

_BROKEN = const(-1)  # a length that is none

# Headers that matter, in lower case.
_LENGTH = b"content-length"
_CODING = b"transfer-encoding"
_CONNECTION = b"connection"
_CONTENT = b"content-encoding"
_LOCATION = b"location"
_DATE = b"date"
_CLOSE = b"close"
_CHUNKED = b"chunked"
_KEPT = (_LENGTH, _CODING, _CONNECTION, _CONTENT, _LOCATION, _DATE)


class AnswerError(OSError):
    """What came back is not an HTTP answer, or is too large, or was cut short.

    `status` is its HTTP status, where there was one and nothing was cut off.
    """

    status = None
    begin = b""  # of what came then: of the body where there was one


class Answer:
    """A whole answer, as urequests gives it, but already read: the connection is free.

    `status_code` is an int, `content` bytes, `headers` a dict with "location" if there was
    one. `keep` tells whether the connection may carry another request.
    """

    def __init__(self, status_code):
        self.status_code = status_code
        self.headers = {}
        self.content = b""
        self.keep = False

    @property
    def text(self):
        """The body as text; raises UnicodeError where it is not UTF-8."""
        return str(self.content, "utf-8")

    def json(self):
        """Return the body's JSON; raises ValueError where it is none."""
        from thingscam.util import strict_json as jsons

        return jsons.loads(self.content)

    def close(self):
        """Do nothing: for urequests' sake."""


def read(receive, data=b""):
    """Read one answer and return it as an Answer.

    `receive()` waits and returns the next bytes, b"" when the peer has closed; `data` are
    bytes that have arrived before. The head may be 8 KB, the body 4 KB.

    Raises AnswerError, and whatever receive() raises.
    """
    return Reader(receive).read(data)


class Reader:
    """Reads answers; one for all of a session, for it costs less memory than an answer.

    `receive` is as in read(). `date` is what the last answer's Date said, if it is `dated`.
    """

    def __init__(self, receive):
        self._receive = receive
        self._data = b""
        self._at = 0  # what stands before it is taken
        self._start = self._end = 0  # the line taken last
        self._head = 0  # bytes of head so far
        self._length = None
        self._coding = self._content = b""
        self._close = False
        self._cut = False
        self.date = bytearray(_DATE_BYTES)
        self.dated = False

    def read(self, data=b""):
        """Read one answer, as read() does."""
        self._data = data
        self._at = self._head = 0
        self._cut = self.dated = False
        status = self._status_line()
        for _ in range(_INTERIM_MOST):
            if status >= 200 or status == 101:
                break
            # "100 Continue" and its like come before the real answer.
            self._headers(None)
            status = self._status_line()
        answer = Answer(status)
        self._length = None
        self._coding = self._content = b""
        try:
            self._headers(answer)
            answer.keep = not self._close
            self._read_body(answer)
            if self._content:
                coding = str(self._content[:20], "utf-8")
                raise AnswerError(
                    "answer in the coding {}, which was not asked for".format(coding)
                )
        except AnswerError as e:
            if not self._cut:
                e.status = status  # pyright: ignore
                e.begin = answer.content[:_BEGIN] or bytes(self._data[self._at :][:_BEGIN])
            raise
        # What stands behind the answer belongs to nobody.
        answer.keep = answer.keep and self._at == len(self._data)
        return answer

    def _read_body(self, answer):
        if answer.status_code in (204, 304):
            return
        if self._coding:
            if self._coding != _CHUNKED:
                raise AnswerError("answer in an unknown transfer coding")
            self._chunks(answer)
            # Both lengths at once: one of them lies, so this connection is not used again.
            answer.keep = answer.keep and self._length is None
        elif self._length is not None:
            if self._length == _BROKEN:
                raise AnswerError("answer with a broken length")
            answer.content = self._take(self._length)
        else:
            answer.content = self._take_all()
            answer.keep = False

    def _chunks(self, answer):
        while True:
            self._line()
            word = self._data[self._start : self._end].split(b";")[0].strip()
            if not word or not all(char in _HEX for char in word):
                raise AnswerError("answer with a broken length")
            word = word.lstrip(b"0")
            if not word:
                try:
                    self._headers(None)  # trailers
                except OSError:
                    self._cut = False
                    answer.keep = False  # the body is whole, and that is all that was asked
                return
            size = int(str(word, "utf-8"), 16) if len(word) <= _DIGITS_MOST else _BODY_MOST + 1
            if len(answer.content) + size > _BODY_MOST:
                raise AnswerError("answer larger than {} bytes".format(_BODY_MOST))
            answer.content += self._take(size)
            if self._line():
                raise AnswerError("answer with a broken chunk")

    def _line(self):
        # Takes the next line, and returns its length without its end.
        searched = self._at
        while True:
            end = self._data.find(b"\n", searched)
            have = len(self._data) - self._at
            size = have if end < 0 else end - self._at
            if self._head + size + 1 > _HEAD_MOST:
                raise AnswerError("answer with a head larger than {} bytes".format(_HEAD_MOST))
            if end >= 0:
                break
            self._more("in its head")
            searched = self._at + have
        self._head += size + 1
        self._start = self._at
        self._at = end + 1
        if size and self._data[end - 1] == 13:
            end -= 1
        self._end = end
        return end - self._start

    def _status_line(self):
        for _ in range(_EMPTY_MOST):
            if self._line():
                break
        data, at = self._data, self._start
        if not data.startswith(b"HTTP/1.", at) or not self._is_blank(at + 8):
            raise AnswerError("not an HTTP answer")
        self._close = data[at + 7] < 49  # HTTP/1.0
        at += 9
        while self._is_blank(at):
            at += 1
        status = self._number(at, min(at + 3, self._end))
        if status < 100 or (at + 3 != self._end and not self._is_blank(at + 3)):
            raise AnswerError("not an HTTP answer")
        return status

    def _headers(self, answer):
        # Takes lines up to an empty one, and notes what matters; without answer: nothing.
        last = None
        while self._line():
            if self._is_blank(self._start):
                # The line before goes on: nothing that matters may be read in part.
                if last in (_LENGTH, _CODING, _CONTENT):
                    raise AnswerError("answer with a broken header")
                continue
            colon = self._data.find(b":", self._start, self._end)
            if colon < 0:
                raise AnswerError("answer with a broken header")
            last = None
            if answer is not None:
                size = colon - self._start
                while size and self._is_blank(self._start + size - 1):
                    size -= 1
                for name in _KEPT:
                    if len(name) == size and self._reads(self._start, name):
                        self._note(answer, name, colon + 1)
                        last = name

    def _note(self, answer, name, at):
        if name is _LENGTH:
            while at:  # "5, 5" is what a proxy makes of two of them
                comma = self._data.find(b",", at, self._end)
                length = self._number(at, self._end if comma < 0 else comma)
                if self._length not in (None, length):
                    raise AnswerError("answer with two lengths")
                self._length = length
                at = comma + 1
        elif name is _CONNECTION:
            for i in range(at, self._end):
                if self._reads(i, _CLOSE):
                    self._close = True
        elif name is _CODING:
            self._coding = self._codings(self._coding, at)
        elif name is _CONTENT:
            self._content = self._codings(self._content, at)
        elif name is _DATE:
            self._copy_date(at)
        else:
            try:
                answer.headers["location"] = str(self._data[at : self._end], "utf-8").strip()
            except UnicodeError:
                pass  # no place to go to

    def _copy_date(self, at):
        while self._is_blank(at):
            at += 1
        self.dated = self._end - at == _DATE_BYTES
        if self.dated:
            for i in range(_DATE_BYTES):  # a slice would cost memory, each time
                self.date[i] = self._data[at + i]

    def _codings(self, before, at):
        # The list of codings so far, without those that change nothing.
        for word in self._data[at : self._end].lower().split(b","):
            word = word.strip()
            if word and word != b"identity":
                before = before + b", " + word if before else word
        return before

    def _reads(self, at, word):
        # Whether it reads `word`, which is in lower case, there; makes no copy, as lower() does.
        for i in range(len(word)):
            char = self._data[at + i]
            if char != word[i] and (char + 32 != word[i] or not 65 <= char <= 90):
                return False
        return True

    def _is_blank(self, at):
        return at < self._end and self._data[at] in b" \t"

    def _number(self, at, end):
        # The number that stands there between blanks; _BROKEN where none does.
        while self._is_blank(at):
            at += 1
        first, result = at, 0
        while at < end and 48 <= self._data[at] <= 57:
            result = result * 10 + self._data[at] - 48
            at += 1
        if at == first or at - first > _DIGITS_MOST:
            return _BROKEN
        while self._is_blank(at):
            at += 1
        return result if at >= end else _BROKEN

    def _take(self, size):
        # Returns the next `size` bytes.
        if size > _BODY_MOST:
            raise AnswerError("answer of {} bytes, more than {}".format(size, _BODY_MOST))
        while len(self._data) - self._at < size:
            self._more("{} bytes of {}".format(len(self._data) - self._at, size))
        self._at += size
        return self._data[self._at - size : self._at]

    def _take_all(self):
        # Returns everything up to the end of the connection.
        while True:
            if len(self._data) - self._at > _BODY_MOST:
                raise AnswerError("answer larger than {} bytes".format(_BODY_MOST))
            more = self._receive()
            if not more:
                start, self._at = self._at, len(self._data)
                return self._data[start:]
            self._data += more

    def _more(self, where):
        data = self._receive()
        if not data:
            self._cut = True
            raise AnswerError("answer cut short: " + where)
        self._data = self._data[self._at :] + data if self._at < len(self._data) else data
        self._at = 0
