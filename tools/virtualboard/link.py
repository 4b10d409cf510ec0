# The host's end of the line to the simulated modules: one JSON object a packet.

import contextlib
import json
import os
import socket


class Link:
    """Waits at `path` for the board's line, and sends and receives over it."""

    def __init__(self, path):
        self._path = path
        self.server = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.server.bind(path)
        self.server.listen(4)
        self.server.setblocking(False)
        self.line = None

    def accept(self):
        """Take the line of a board that has just started."""
        self.hang_up()
        with contextlib.suppress(BlockingIOError):
            self.line, _ = self.server.accept()
            self.line.setblocking(False)
        return self.line

    def receive(self):
        """Return the messages that have arrived; None when the board's end is closed."""
        found = []
        while self.line is not None:
            try:
                data = self.line.recv(65536)
            except BlockingIOError:
                break
            except OSError:
                data = b""
            if not data:
                return found or None
            found.append(json.loads(data))
        return found

    def send(self, **message):
        """Send a message, if there is a board to hear it."""
        if self.line is None:
            return
        with contextlib.suppress(OSError):
            # A board that has not listened for hundreds of messages loses some, as its
            # queue of interrupts would.
            self.line.send(json.dumps(message).encode())

    def hang_up(self):
        """Close the line, until the next board."""
        if self.line is not None:
            self.line.close()
            self.line = None

    def close(self):
        """Close everything."""
        self.hang_up()
        self.server.close()
        os.unlink(self._path)
