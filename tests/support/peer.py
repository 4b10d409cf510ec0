# A server that does exactly what a test tells it, byte by byte, and reports what it got.
#
# Both interpreters drive it the same way: one line of JSON over its control port makes a
# listener with a script, one line more asks for the report. A process of its own
# (python -m tests.support.peer FOLDER), so that tests can count their own descriptors.

import contextlib
import json
import pathlib
import select
import socket
import ssl
import struct
import sys
import threading
import time

from tests.support import certificates


class Peer:
    """Serves scripts; `address` is "host:port" of the control port.

    `contexts` are the TLS contexts a script may ask for by name.
    """

    def __init__(self, contexts):
        self._contexts = contexts
        self._control = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:{}".format(self._control.getsockname()[1])

    def run(self):
        """Take scripts until the process is ended."""
        while True:
            control, _ = self._control.accept()
            _spawn(self._serve, control)

    def _serve(self, control):
        with control, control.makefile("rw") as lines:
            order = json.loads(lines.readline())
            play = Play(order["script"], self._contexts.get(order.get("tls")), self._contexts)
            lines.write(json.dumps({"port": play.port}) + "\n")
            lines.flush()
            lines.readline()  # the test has seen enough
            lines.write(json.dumps(play.finish()) + "\n")
            lines.flush()


class Play:
    """Plays one script at a `port` of its own, until finish(); TLS as the context says, or none.

    A script has for each connection in turn its steps: [name, values], as below.
    """

    def __init__(self, script, context, contexts):
        self._script = script
        self._context = context
        self._contexts = contexts
        self._report = []
        self._threads = []
        self._last = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=8)
        self.port = self._listener.getsockname()[1]
        self._acceptor = _spawn(self._accept)

    def finish(self):
        """Stop listening and return what each connection saw, in order."""
        # One more connection, our own, tells where they end: those that still wait to be
        # accepted come before it.
        with socket.socket() as last:
            last.bind(("127.0.0.1", 0))
            self._last = last.getsockname()
            last.connect(self._listener.getsockname())
            self._acceptor.join(5)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)
        return self._report

    def _accept(self):
        while True:
            sock, address = self._listener.accept()
            if address == self._last:
                sock.close()
                return
            number = len(self._report)
            seen = {"handshake": self._context is None, "received": 0, "head": "", "ended": ""}
            self._report.append(seen)
            # Connections past the script are taken and closed: a test counts them.
            steps = self._script[number] if number < len(self._script) else []
            self._threads.append(_spawn(self._play, sock, steps, seen))

    def _play(self, sock, steps, seen):
        sock.settimeout(10)
        try:
            if self._context is not None:
                sock = self._context.wrap_socket(sock, server_side=True)
                seen["handshake"] = True
            for name, *values in steps:
                getattr(self, "_do_" + name)(sock, seen, *values)
            seen["ended"] = seen["ended"] or "script"
        except (OSError, ValueError) as e:  # ValueError: asked of a closed socket
            seen["ended"] = type(e).__name__
        finally:
            sock.close()

    def _do_head(self, sock, seen):
        # Byte by byte: nothing of the body is taken with it.
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = sock.recv(1)
            if not byte:
                raise ClientClosed("in the head")
            head += byte
        seen["received"] += len(head)
        seen["head"] = head.decode("latin-1")

    def _do_body(self, sock, seen):
        for line in seen["head"].split("\r\n"):
            if line.lower().startswith("content-length:"):
                self._do_read(sock, seen, int(line.split(":")[1]))

    def _do_read(self, sock, seen, size):
        while size:
            data = sock.recv(min(size, 65536))
            if not data:
                raise ClientClosed("in the body")
            seen["received"] += len(data)
            seen["sum"] = seen.get("sum", 0) + sum(data)
            size -= len(data)

    def _do_send(self, sock, seen, text):
        sock.sendall(text.encode("latin-1"))

    def _do_drip(self, sock, seen, text, pause_s):
        for char in text:
            sock.sendall(char.encode("latin-1"))
            time.sleep(pause_s)

    def _do_shake_hands(self, sock, seen, size, pause_s):
        # Only the handshake is of TLS, in pieces; what comes behind it is counted as it is.
        came, goes = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._contexts["good"].wrap_bio(came, goes, server_side=True)
        seen["handshake"] = False
        while not seen["handshake"]:
            try:
                tls.do_handshake()
                seen["handshake"] = True
            except ssl.SSLWantReadError:
                pass
            data = goes.read()
            for start in range(0, len(data), size):
                sock.sendall(data[start : start + size])
                time.sleep(pause_s)
            if not seen["handshake"]:
                data = sock.recv(65536)
                if not data:
                    raise ClientClosed("in the handshake")
                came.write(data)

    def _do_pause(self, sock, seen, pause_s):
        # No longer than there is a client: what it has sent may still wait to be read.
        poll = select.poll()
        poll.register(sock, select.POLLRDHUP)
        poll.poll(pause_s * 1000)

    def _do_until_closed(self, sock, seen):
        while data := sock.recv(65536):
            seen["received"] += len(data)
        seen["ended"] = "closed by the client"

    def _do_close(self, sock, seen):
        if isinstance(sock, ssl.SSLSocket):
            with contextlib.suppress(OSError):
                sock.unwrap()
        sock.close()

    def _do_reset(self, sock, seen):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


class ClientClosed(OSError):  # noqa: N818
    """The client closed where the script expected more."""


def _spawn(target, *args):
    thread = threading.Thread(target=target, args=args, daemon=True)
    thread.start()
    return thread


if __name__ == "__main__":
    peer = Peer(certificates.make(pathlib.Path(sys.argv[1])))
    print("listening on", peer.address, flush=True)
    peer.run()
