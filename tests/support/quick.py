# `python -m tools` that begins at once: a fork of a process that has imported the tools already.
#
# The tests start it hundreds of times, and nearly all of what that takes is imports: `receiver
# devices` 1.1 s of CPU, 0.14 s as a fork. A command that begins with PYTHON in place of
# sys.executable is a process of its own all the same, with its own streams, environment, folder,
# signals and exit code; `tests/support/launch.py` stands for it. Where the two could differ, that
# starts the real one.

import gc
import importlib
import marshal
import os
import pathlib
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile

LAUNCH = pathlib.Path(__file__).with_name("launch.py")
PYTHON = (sys.executable, "-I", "-S", LAUNCH)
PLACE = "THINGSCAM_QUICK"  # environment variable: the socket

_ROOT = LAUNCH.parents[2]
# What Python and its libraries have read of the environment before the fork.
_READ = ("PYTHON", "LC_", "LANG", "TERM", "COLUMNS", "NO_COLOR", "FORCE_COLOR")


class Quick:
    """The process that PYTHON's commands are forks of; it runs from now until close()."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory(prefix="thingscam-quick")
        os.environ[PLACE] = place = self._folder.name + "/socket"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.support.quick", place],
            cwd=_ROOT,
            stdin=subprocess.PIPE,
            # As a fork's mostly are: a stream finds out at its start whether it can seek.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def close(self):
        """End it."""
        del os.environ[PLACE]
        self._process.kill()
        self._process.communicate()
        self._folder.cleanup()


def main(place):
    """Serve forks at the socket `place` until standard input ends."""
    for verb in sorted((_ROOT / "tools" / "cli").iterdir()):
        if not verb.name.startswith("_"):
            importlib.import_module("tools.cli." + verb.stem)
    gc.collect()
    gc.freeze()  # a fork that looks at all of that would have to copy it
    alive = os.dup(0)
    with socket.socket(socket.AF_UNIX) as listener, selectors.DefaultSelector() as selector:
        # There only when it listens: who finds none starts Python itself.
        listener.bind(place + ".new")
        listener.listen(64)
        os.rename(place + ".new", place)
        selector.register(alive, selectors.EVENT_READ)
        selector.register(listener, selectors.EVENT_READ, _begin)
        while True:
            for key, _ in selector.select():
                if key.fd == alive:
                    return None
                arguments = key.data(key.fileobj, selector)
                if arguments is not None:
                    os.close(alive)
                    return arguments


def _begin(listener, selector):
    """Answer one that connects: return its arguments in the fork, None otherwise."""
    connection, _ = listener.accept()
    with connection.makefile("rb") as stream:
        _, streams, _, _ = socket.recv_fds(connection, 1, 3)
        arguments, folder, environment, signals = marshal.load(stream)
    if _read(environment) != _read(os.environ):
        connection.close()
        _close(streams)
        return None
    pid = os.fork()
    if pid == 0:
        connection.close()
        for at, stream in enumerate(streams):
            os.dup2(stream, at)
        _close(streams)
        os.chdir(folder)
        os.environ.clear()
        os.environ.update(environment)
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        return arguments
    _close(streams)
    connection.sendall(b"y")
    ended = os.pidfd_open(pid)

    def signalled(connection, selector):
        # The launcher was told a signal; it is gone: so that was SIGKILL.
        for number in connection.recv(16) or bytes([signal.SIGKILL]):
            signal.pidfd_send_signal(ended, number)
            if number == signal.SIGKILL:
                selector.unregister(connection)

    def told(ended, selector):
        status = os.waitpid(pid, 0)[1]
        selector.unregister(ended)
        os.close(ended)
        if connection in selector.get_map():
            selector.unregister(connection)
        try:
            connection.sendall(status.to_bytes(2, "big"))
        except OSError:
            pass
        connection.close()

    selector.register(connection, selectors.EVENT_READ, signalled)
    selector.register(ended, selectors.EVENT_READ, told)
    return None


def _read(environment):
    return {name: value for name, value in environment.items() if name.startswith(_READ)}


def _close(streams):
    for stream in streams:
        os.close(stream)


if __name__ == "__main__":
    given = main(sys.argv[1])
    if given is not None:
        _, module, *sys.argv[1:] = given
        runpy.run_module(module, run_name="__main__", alter_sys=True)
