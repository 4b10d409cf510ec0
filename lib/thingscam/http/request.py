# One HTTP request: its head, checked once and kept for the next one, and its body.

from thingscam.util.compat import const

_BYTES = (str, bytes, bytearray, memoryview)
_LENGTH = const("Content-Length")
_MAX_LENGTH = const(24)  # bytes of any, and of the empty line


class Request:
    """A POST; one to the same URL with the same headers as the last costs little.

    `method`, a text, is another one's name while it is set.
    `origin` is (secure, host, port) of its URL, `length` the bytes of its body, `chunks`
    what they are taken from.
    """

    method = "POST"

    def __init__(self):
        self.origin = (False, "", 0)
        self._url = None
        self._headers = {}
        self._head = memoryview(b"")  # with room for any length at its end
        self._fixed = 0  # bytes of it before the length

    def prepare(self, url, data, headers):
        """Take URL, body and headers as Session.post() does; return the head, a memoryview.

        Host and Content-Length in `headers` are left out.

        Raises ValueError for a URL, header or length that cannot be right.
        """
        length = None
        count = 0
        known = url == self._url
        for name in headers:
            value = headers[name]
            if _is_length(name):
                length = int(value)
            else:
                count += 1
                known = known and self._headers.get(name) == value
        if not known or count != len(self._headers):
            self._build(url, headers)
        self.chunks = data
        if data is None:
            self.chunks, length = (), 0
        elif length is None or isinstance(data, _BYTES):
            try:
                view = memoryview(data.encode() if isinstance(data, str) else data)
            except TypeError:
                raise ValueError("data in chunks needs a Content-Length among the headers")
            self.chunks, length = (view,), len(view)
        self.length = length
        rest = b"%d\r\n\r\n" % length
        end = self._fixed + len(rest)
        self._head[self._fixed : end] = rest
        return self._head[:end]

    def _build(self, url, headers):
        # The head but for its length. The URL is never quoted: it may hold a token.
        self._url = None
        scheme, _, rest = url.partition("://")
        host, _, path = rest.partition("/")
        name, colon, port = host.partition(":")
        secure = scheme == "https"
        usual = 443 if secure else 80
        number = int(port) if port.isdigit() else 0 if colon else usual
        if not name or not 0 < number < 65536 or not (secure or scheme == "http"):
            raise ValueError("the URL is not like http://HOST:PORT/... or https://...")
        self.origin = secure, name, number
        if number == usual:
            host = name
        lines = ["{} /{} HTTP/1.1".format(self.method, path), "Host: " + host]
        coding = "Accept-Encoding: identity"  # nothing here undoes a coding
        self._headers = {}
        for name in headers:
            lower = name.lower()
            if _is_length(name):
                continue
            self._headers[name] = headers[name]
            line = "{}: {}".format(name, headers[name])
            if lower == "accept-encoding":
                coding = line
            elif lower != "host":
                lines.append(line)
        lines += [coding, _LENGTH + ": "]
        # A control would begin another header, or another request. Bytes, not characters:
        # MicroPython keeps each new character of a text for ever.
        raw = "".join(lines).encode()
        if min(raw) < 32 or max(raw) > 126 or " " in path or " " in host:
            raise ValueError("URL or header with a blank, a control or an accented character")
        fixed = "\r\n".join(lines).encode()
        self._fixed = len(fixed)
        self._head = memoryview(bytearray(fixed + bytes(_MAX_LENGTH)))
        self._url = url if self.method == "POST" else None


def _is_length(name):
    # The usual spelling first: lower() makes a copy.
    return name == _LENGTH or (len(name) == 14 and name.lower() == "content-length")
