# A folder's files over HTTP, parts of them by Range too: what a web server does, for a try.

import http.server
import pathlib
import re

_RANGE = re.compile(r"bytes=(\d{1,12})-(\d{1,12})?", re.ASCII)


class Server(http.server.ThreadingHTTPServer):
    """Serves the files in `folder`, none below it, at `address` (host, port).

    `on_request(text)` is called for each. Without `ranges` each answer is the whole file.
    """

    def __init__(self, folder, address, on_request=None, ranges=True):
        super().__init__(address, _Handler)
        self.folder = pathlib.Path(folder)
        self.on_request = on_request
        self.ranges = ranges

    def handle_error(self, request, client_address):
        """Say nothing: a board may hang up whenever it likes."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self):  # noqa: N802 http.server's own name
        name = self.path.partition("?")[0].strip("/")
        path = self.server.folder / name
        if "/" in name or "\\" in name or name.startswith(".") or not path.is_file():
            self._answer(404, b"")
            return
        data = path.read_bytes()
        found = _RANGE.fullmatch(self.headers.get("Range", ""))
        if not found or not self.server.ranges:
            self._answer(200, data)
            return
        first, last = int(found[1]), min(int(found[2] or len(data)), len(data) - 1)
        if first > last:
            self._answer(416, b"", ("Content-Range", "bytes */{}".format(len(data))))
            return
        what = "bytes {}-{}/{}".format(first, last, len(data))
        self._answer(206, data[first : last + 1], ("Content-Range", what))

    def _answer(self, status, body, *headers):
        self.send_response(status)
        for name, value in (("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):  # noqa: A002 http.server's own name
        if self.server.on_request:
            self.server.on_request("{} {}".format(self.client_address[0], format % args))
