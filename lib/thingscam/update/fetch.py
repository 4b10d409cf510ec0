# A file from any web server, by parts where that has Range, else from its beginning.

from thingscam.http import HttpError
from thingscam.http.connection import READY
from thingscam.http.response import Response
from thingscam.http.session import Session
from thingscam.util.compat import const, ticks_add, ticks_ms

PART = const(4096)  # bytes asked for at once: so long a picture may have to wait


class Body(Response):
    """A response whose body stays in the connection: take() has it piece by piece.

    `at` is the byte of the file at which it begins. Each PART of it has one deadline.
    """

    at = 0

    def _body(self):
        self._again = self.keep
        if self.status_code not in (200, 206):
            super()._body()
        elif self._codings:
            raise HttpError("a body in chunks or in a coding")

    def open(self, first):
        """Return this, ready for take(), where byte `first` was asked for.

        Raises HttpError where it is no such part of a file.
        """
        if self.status_code == 206:
            self.at = first
            if self._length is None or not 0 < self._length <= PART:
                raise HttpError("a part of another size")
        elif self.status_code != 200:
            raise HttpError("HTTP status %d" % self.status_code)
        self._taken = 0
        self._more = PART
        # One that is longer is read as far as it is wanted.
        self._end = self._length if self._length is not None and self._length <= PART else None
        return self

    def take(self):
        """Return the next bytes, b"" at the end of what was asked for; raises HttpError."""
        end = self._end
        if self._taken == end:
            return b""
        data, self._data = self._data[self._at :], b""
        self._at = 0
        if self._taken >= self._more:
            self._more += PART
            connection = self._connection
            connection.deadline = ticks_add(ticks_ms(), connection.timeout_ms)
        data = data or self._connection.receive()
        self._taken += len(data)
        if end is not None:
            if not data or self._taken > end:
                raise HttpError("a part of another size")
            if self._taken == end and self._again:
                self._connection.state = READY
        return data


class Fetcher(Session):
    """Gets files; made and closed as a Session."""

    def get(self, url, first):
        """Ask for the file at `url`, PART bytes from `first` on or all of it; return a Body.

        Raises CertificateError, HttpError, MemoryError, and ValueError for a URL that cannot be.
        """
        request = self.request
        request.method = "GET"
        part = "bytes=%d-%d" % (first, first + PART - 1)
        head = request.prepare(url, None, {"Range": part})
        done = False
        try:
            timeout_ms = self._timeout * 1000
            if request.origin != self._origin or not self.connected():
                self.close()
                head = head[self._connect(timeout_ms, head) :]
            early = self._send(head)
            body = Body(self._connection).read(early or b"").open(first)
            self._used = ticks_ms()
            done = True
            return body
        finally:
            if self._connection is not None:
                self._addresses.judge(done or self._verify and self._origin[0])
                if not done:
                    self.close()
