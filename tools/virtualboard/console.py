# Everything the board has printed, for whoever wants to see it beside the serial port.

import codecs
import contextlib
import threading
import traceback

_KEPT = 1 << 20  # characters


class Console:
    """The board's output as text, with new lines as new lines."""

    def __init__(self):
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._changed = threading.Condition()
        self._listeners = []
        self._text = self._half = ""

    @property
    def text(self):
        """All output so far; the last megabyte of it."""
        return self._text

    def subscribe(self, listener):
        """Have listener(text) called with each piece; returns a function that ends it.

        It is called in the board's thread, and must not wait.
        """
        self._listeners.append(listener)
        return lambda: self._end(listener)

    def _end(self, listener):
        with contextlib.suppress(ValueError):
            self._listeners.remove(listener)

    def put(self, data):
        """Add output (bytes)."""
        text = self._half + self._decoder.decode(data)
        # Perhaps the first half of a new line.
        self._half = "\r" if text.endswith("\r") else ""
        text = text[: len(text) - len(self._half)].replace("\r\n", "\n")
        if not text:
            return
        with self._changed:
            self._text = (self._text + text)[-_KEPT:]
            self._changed.notify_all()
        for listener in list(self._listeners):
            try:
                listener(text)
            except Exception:
                # A listener's mistake is told, but does not stop the board.
                traceback.print_exc()
                self._end(listener)

    def wait_for(self, text, timeout, count=1):
        """Wait until `text` was printed `count` times; returns whether it was in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._text.count(text) >= count, timeout)
