# The head of an HTTP request: URL and headers checked once, and kept for the next one.

from thingscam.util.compat import const

LENGTH = "Content-Length"
_LENGTH_MOST = const(24)  # bytes of any, and of the empty line


class Request:
    """Makes the heads of requests; those to the same URL with the same headers cost little.

    `peer` is (secure, host, port) of the URL seen last.
    """

    def __init__(self):
        self.peer = None
        self._url = None
        self._headers = {}
        self._head = bytearray()  # with room for any length at its end
        self._fixed = 0  # bytes of it before the length

    def head(self, url, headers, length):
        """Return the head of a POST of `length` bytes to `url`: a memoryview, until the next.

        `headers` is a dict of texts, or None; Host and Content-Length in it are left out.

        Raises ValueError for a URL or header that cannot be right.
        """
        if url != self._url or not self._knows(headers or ()):
            self._prepare(url, headers or {})
        rest = b"%d\r\n\r\n" % length
        end = self._fixed + len(rest)
        self._head[self._fixed : end] = rest
        return memoryview(self._head)[:end]

    def _knows(self, headers):
        count = 0
        for name in headers:
            if is_length(name):
                continue
            if self._headers.get(name) != headers[name]:
                return False
            count += 1
        return count == len(self._headers)

    def _prepare(self, url, headers):
        self._url = None
        peer, path = _split(url)
        secure, host, port = peer
        if port != (443 if secure else 80):
            host = "{}:{}".format(host, port)
        lines = ["POST {} HTTP/1.1".format(path), "Host: " + host]
        self._headers = {}
        for name, value in headers.items():
            if is_length(name):
                continue
            self._headers[name] = value
            if name.lower() == "host":
                continue
            line = "{}: {}".format(name, value)
            _refuse_controls(line.replace(" ", ""), "header")
            lines.append(line)
        if not any(name.lower() == "accept-encoding" for name in headers):
            lines.append("Accept-Encoding: identity")  # nothing here undoes a coding
        lines.append(LENGTH + ": ")
        fixed = "\r\n".join(lines).encode()
        self._fixed = len(fixed)
        self._head = bytearray(self._fixed + _LENGTH_MOST)
        self._head[: self._fixed] = fixed
        self.peer = peer
        self._url = url


def is_length(name):
    """Return whether a header of this `name` is Content-Length."""
    # The usual spelling first: lower() makes a copy.
    return name == LENGTH or (len(name) == len(LENGTH) and name.lower() == LENGTH.lower())


def _split(url):
    # The URL is never quoted: it holds the access token.
    scheme, mark, rest = url.partition("://")
    if not mark or scheme not in ("http", "https"):
        raise ValueError("the URL must begin with http:// or https://")
    _refuse_controls(url, "URL")
    host, slash, path = rest.partition("/")
    host, colon, port = host.partition(":")
    secure = scheme == "https"
    try:
        port = int(port) if colon else (443 if secure else 80)
    except ValueError:
        port = 0
    if not host or not 0 < port < 65536:
        raise ValueError("the URL has no host, or a port that is none")
    return (secure, host, port), "/" + path


def _refuse_controls(text, name):
    # A line break would begin another header, or another request. Bytes, not characters:
    # MicroPython keeps each new character of a text for ever.
    raw = text.encode()
    if raw and not (min(raw) > 32 and max(raw) < 127):
        raise ValueError("the {} holds a blank, a control or an accented character".format(name))
