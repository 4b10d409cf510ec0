# The serial port that mpremote opens: a pseudo-terminal that drops what nobody reads.

import contextlib
import errno
import os
import select
import termios

_BUFFER = 1 << 20  # bytes kept for a reader that is slower than the board


class SerialPort:
    """A pseudo-terminal; `path` is what others open, `fd` is ours.

    As on a real serial port, what is sent while nobody has it open is lost, and what an
    earlier user left unread is not there for the next one.
    """

    def __init__(self, link=None):
        if link is not None and os.path.lexists(link) and not os.path.islink(link):
            raise FileExistsError("{}: there is a file of that name".format(link))
        self.fd, other = os.openpty()
        self.path = os.ttyname(other)
        _make_raw(other)
        os.close(other)
        os.set_blocking(self.fd, False)
        self._poll = select.poll()
        self._poll.register(self.fd, select.POLLIN)  # POLLHUP comes always
        self._pending = b""
        self._opened = False
        self._link = link
        if link is not None:
            # Made beside it and renamed, so that there is never none.
            new = "{}.{}".format(link, os.getpid())
            try:
                os.symlink(self.path, new)
                os.replace(new, link)
            except OSError as e:
                os.close(self.fd)
                raise OSError(e.errno, e.strerror, str(link)) from e

    def is_open(self):
        """Return whether somebody has the port open."""
        is_open = not any(event & select.POLLHUP for _, event in self._poll.poll(0))
        if self._opened and not is_open:
            self._pending = b""
            self._forget_unread()
        self._opened = is_open
        return is_open

    def is_wanted(self):
        """Return whether somebody has the port open, or has sent something and is gone."""
        events = self._poll.poll(0)
        return not events or any(event & ~select.POLLHUP for _, event in events)

    def read(self):
        """Return what was sent to the board, b"" for nothing."""
        try:
            return os.read(self.fd, 4096)
        except OSError as e:
            if e.errno in (errno.EIO, errno.EAGAIN):  # EIO: nobody has it open
                return b""
            raise

    def write(self, data):
        """Send to whoever has the port open; never waits."""
        if self.is_open():
            self._pending = (self._pending + data)[:_BUFFER]
            self.flush()

    def flush(self):
        """Send on what the reader had no room for."""
        while self._pending:
            try:
                self._pending = self._pending[os.write(self.fd, self._pending) :]
            except BlockingIOError:
                return
            except OSError:  # closed meanwhile
                self._pending = b""

    def is_behind(self):
        """Return whether flush() has something to do."""
        return bool(self._pending)

    def close(self):
        """Give the port up; whoever has it open sees it hang up."""
        if self._link is not None:
            with contextlib.suppress(OSError):
                if os.readlink(self._link) == self.path:
                    os.unlink(self._link)
        os.close(self.fd)

    def _forget_unread(self):
        # Only the end that would read it can throw it away.
        with contextlib.suppress(OSError):
            other = os.open(self.path, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
            try:
                termios.tcflush(other, termios.TCIFLUSH)
            finally:
                os.close(other)


def _make_raw(fd):
    mode = termios.tcgetattr(fd)
    mode[0] = mode[1] = mode[3] = 0
    mode[2] |= termios.CS8 | termios.CREAD | termios.CLOCAL
    termios.tcsetattr(fd, termios.TCSANOW, mode)
