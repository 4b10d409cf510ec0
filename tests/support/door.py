# A door before the service, for the end-to-end tests: shut, it lets connecting hang.

import contextlib
import pathlib
import socket
import threading


class Door:
    """What stands before the service at `port`, shut until open() is called.

    Shut, a `full` one does not answer at all; else it takes a connection and says nothing.
    """

    def __init__(self, full=False):
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=0 if full else 5)
        self.port = self._listener.getsockname()[1]
        self.count = 0  # of those that were let through
        self._others = []  # that have filled its queue
        while full:
            other = socket.socket()
            self._others.append(other)
            other.settimeout(0.2)
            try:
                other.connect(("127.0.0.1", self.port))
            except TimeoutError:
                break

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()
        for other in self._others:
            other.close()

    def connecting(self):
        """Return whether somebody is trying, or has come in."""
        rows = [line.split() for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()]
        ends = [row[3] for row in rows[1:] if row[2].endswith(":{:04X}".format(self.port))]
        # ESTABLISHED, SYN_SENT
        return ends.count("01") + ends.count("02") > len(self._others)

    def open(self, port):
        """Let everybody through to `port`."""
        for other in self._others:
            other.close()
        self._listener.listen(5)
        threading.Thread(target=self._serve, args=[port], daemon=True).start()

    def _serve(self, port):
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self.count += 1
                far = socket.create_connection(("127.0.0.1", port))
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=_pump, args=ends, daemon=True).start()


def _pump(source, target):
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
