# A program on a pseudo-terminal: a test reads what it asks, and answers.

import codecs
import os
import pty
import select
import sys
import time

from tests.support.world import ROOT


class Terminal:
    """A program on a terminal of its own: reads until a prompt, answers it."""

    def __init__(self, *command):
        self.process, self.output = pty.fork()
        if self.process == 0:
            os.chdir(ROOT)
            os.execv(sys.executable, [sys.executable, *map(str, command)])
        self.seen = ""
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._at = 0

    def interrupt(self, text):
        """Press Ctrl-C until `text` comes: input() misses one just as it begins to read."""
        os.write(self.output, b"\x03")
        self.expect(text, again=b"\x03")

    def expect(self, text, answer=None, again=b""):
        deadline = time.monotonic() + 120  # a loaded computer is slow
        while text not in self.seen[self._at :]:
            assert time.monotonic() < deadline, self.seen
            if select.select([self.output], [], [], 1)[0]:
                try:
                    self.seen += self._decode(os.read(self.output, 4096))
                except OSError:  # it has ended
                    break
            else:
                os.write(self.output, again)
        assert text in self.seen[self._at :], self.seen
        self._at = self.seen.index(text, self._at) + len(text)
        if answer is not None:
            os.write(self.output, answer.encode() + b"\n")

    def wait(self):
        try:
            while data := os.read(self.output, 4096):
                self.seen += self._decode(data)
        except OSError:
            pass
        os.close(self.output)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])
