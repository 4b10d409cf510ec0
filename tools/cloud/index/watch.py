# What a database does not answer in time is given up: its connection is cut.

import contextlib
import os
import socket
import threading
import time
from dataclasses import dataclass


@dataclass(eq=False)
class _Over:
    number: int
    until: float
    struck: bool = False


class Watch:
    """Cuts connections (psycopg's) that are used for longer than `seconds` at a time.

    A server that stands still, or a network that loses everything, keeps to none of the limits
    that the server was told.
    """

    def __init__(self, seconds):
        self._seconds = seconds
        self._all = {}
        self._changed = threading.Condition()
        self._thread = None
        self._closed = False

    @contextlib.contextmanager
    def over(self, connection):
        """Watch over a connection in a block; the value's `struck` tells whether it was cut."""
        # A copy: the connection's own may be closed at any time, and its number be another's.
        mine = _Over(os.dup(connection.fileno()), time.monotonic() + self._seconds)
        with self._changed:
            self._all[mine] = None  # in the order of their ends
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="index watch", daemon=True)
                self._thread.start()
            elif len(self._all) == 1:
                self._changed.notify()
        try:
            yield mine
        finally:
            with self._changed:
                self._all.pop(mine, None)
                os.close(mine.number)

    def close(self):
        """End it."""
        with self._changed:
            self._closed = True
            self._changed.notify()

    def _run(self):
        with self._changed:
            while not self._closed:
                first = next(iter(self._all), None)
                left = None if first is None else first.until - time.monotonic()
                if left is None or left > 0:
                    self._changed.wait(left)
                elif first:
                    del self._all[first]
                    first.struck = True
                    _cut(first.number)


def _cut(number):
    # Who waits for an answer sees the end of the connection, and closes it.
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as other:
        other.shutdown(socket.SHUT_RDWR)
