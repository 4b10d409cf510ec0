# A proxy in front of an S3 server that does what broken storage does.

import contextlib
import http.client
import socket
import socketserver
import struct
import threading
import time
import urllib.parse

_ERROR = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{}</Code>'
    "<Message>as told</Message><RequestId>1</RequestId></Error>"
)
# Mode -> HTTP status and code of the answer.
ANSWERS = {
    "slow down": (503, "SlowDown"),
    "internal": (500, "InternalError"),
    "full": (507, "InsufficientStorage"),
    "quota": (403, "QuotaExceeded"),
    "denied": (403, "AccessDenied"),
    "no bucket": (404, "NoSuchBucket"),
    "wrong key": (403, "InvalidAccessKeyId"),
}
_HOP = {"connection", "transfer-encoding", "content-length", "date", "server"}


class Proxy:
    """Stands before the S3 server `target` (URL) at `url`; `mode` says what it does to PUTs.

    None: nothing. A name of ANSWERS: that answer, nothing is stored. "stall": no answer, for
    `stall_s`. "stored 500", "stored late", "stored reset": it is stored; then a 500, an answer
    after `late_s`, a reset. "reset": a reset within the body. "cut": an answer of half a line.
    "page": a web page, status 200. "refuse": nobody listens. `every`: to other requests too.
    `count` is how many requests came; `slow_s` each of them waits.
    """

    def __init__(self, target):
        self._target = urllib.parse.urlsplit(target)
        self.mode = None
        self.every = False
        self.stall_s = 60.0
        self.late_s = 3.0
        self.slow_s = 0.0
        self.count = 0
        self._released = threading.Event()
        self._open = set()
        self._server = None
        self._port = 0
        self._listen()

    @property
    def url(self):
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    def set(self, mode, every=False):
        """Change the mode; what stalls is let go without an answer."""
        self._released.set()
        if (mode == "refuse") != (self.mode == "refuse"):
            self._shut() if mode == "refuse" else self._listen()
        self._released = threading.Event()
        self.mode, self.every = mode, every

    def close(self):
        """End."""
        self._released.set()
        if self.mode != "refuse":
            self._shut()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _listen(self):
        proxy = self

        class Handler(socketserver.StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self):
                proxy._open.add(self.connection)
                with contextlib.suppress(OSError, ValueError, http.client.HTTPException):
                    while proxy._one(self):
                        pass
                proxy._open.discard(self.connection)

        class Server(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True
            request_queue_size = 128

            def handle_error(self, request, client_address):
                pass  # the other end went away

            def shutdown_request(self, request):
                self.close_request(request)  # without a FIN before a reset

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def _shut(self):
        self._server.shutdown()
        self._server.server_close()
        for connection in list(self._open):
            _reset(connection)

    def _one(self, handler):
        """Take one request; return whether another one may follow."""
        first = handler.rfile.readline(65536)
        if not first:
            return False
        method, path, _ = first.decode("latin-1").split(" ", 2)
        headers = http.client.parse_headers(handler.rfile)
        self.count += 1
        mode = self.mode if self.every or method == "PUT" else None
        length = int(headers.get("Content-Length") or 0)
        if headers.get("Expect", "").lower() == "100-continue":
            handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if mode == "reset":
            handler.rfile.read(length // 2)
            _reset(handler.connection)
            return False
        body = handler.rfile.read(length)
        if self.slow_s:
            time.sleep(self.slow_s)
        if mode in ANSWERS:
            status, code = ANSWERS[mode]
            return _answer(handler, status, _ERROR.format(code).encode())
        if mode in ("stall", "refuse"):
            self._released.wait(self.stall_s)
            return False
        if mode == "page":
            return _answer(handler, 200, b"<html>Log in</html>", [("Content-Type", "text/html")])
        if mode == "cut":
            handler.wfile.write(b"HTTP/1.1 20")
            return False
        return self._through(handler, mode, method, path, headers, body)

    def _through(self, handler, mode, method, path, headers, body):
        connection = http.client.HTTPConnection(self._target.netloc, timeout=60)
        try:
            passed = {name: value for name, value in headers.items() if name != "Expect"}
            connection.request(method, path, body, passed)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        if mode == "stored reset":
            _reset(handler.connection)
            return False
        if mode == "stored 500":
            return _answer(handler, 500, _ERROR.format("InternalError").encode())
        if mode == "stored late":
            self._released.wait(self.late_s)
        return _answer(handler, answer.status, data, answer.getheaders(), method == "HEAD")


def _answer(handler, status, data, headers=(("Content-Type", "application/xml"),), bare=False):
    lines = [f"HTTP/1.1 {status} {http.client.responses.get(status, '')}"]
    lines += [f"{name}: {value}" for name, value in headers if name.lower() not in _HOP]
    if not (bare or status == 204):
        lines.append(f"Content-Length: {len(data)}")
    elif bare:
        lines += [f"{n}: {v}" for n, v in headers if n.lower() == "content-length"]
    handler.wfile.write("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")
    if not bare:
        handler.wfile.write(data)
    return True


def _reset(connection):
    # RST in place of an orderly end, once its handler has ended.
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RD)
