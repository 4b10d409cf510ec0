# Stands for `python ARGUMENTS`: has the process of tests/support/quick.py fork, or starts Python.
#
# It is what the test sees of the fork: signals go on to that, and its end is this one's.

import marshal
import os
import signal
import socket
import sys

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def main(arguments):
    """Run `python ARGUMENTS` to its end; its exit code is this one's."""
    place = os.environ.get("THINGSCAM_QUICK", "")
    on_terminal = any(map(os.isatty, range(3)))  # which has signals of its own
    if arguments[:2] == ["-m", "tools"] and not on_terminal and os.path.exists(place):
        with socket.socket(socket.AF_UNIX) as connection:
            if connection.connect_ex(place) == 0:
                _follow(connection, arguments)
    os.execv(sys.executable, [sys.executable, *arguments])


def _follow(connection, arguments):
    """Be the fork that these arguments are given to; return if there is none."""
    ignored = [int(number) for number in _SIGNALS if signal.getsignal(number) == signal.SIG_IGN]
    # No signal may come between its start and our handlers.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    socket.send_fds(connection, [b"."], range(3))
    connection.sendall(marshal.dumps((arguments, os.getcwd(), dict(os.environ), ignored)))
    if connection.recv(1):
        for number in _SIGNALS:
            if number not in ignored:
                signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)
        status = connection.recv(2) or sys.exit("the process that was to fork is gone")
        code = os.waitstatus_to_exitcode(int.from_bytes(status, "big"))
        if code < 0:
            signal.signal(-code, signal.SIG_DFL)
            os.kill(os.getpid(), -code)
        os._exit(code)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)


if __name__ == "__main__":
    main(sys.argv[1:])
