# What the tests of the virtual board share: boards in temporary folders, and mpremote.

import contextlib
import os
import pathlib
import subprocess
import sys
import time

from tools.virtualboard.board import VirtualBoard

# A configuration that is right, and whose service nobody is.
CONFIG = {
    "wifi": [{"ssid": "garden", "password": "wifi-pass-word"}],
    "cloud": {
        "endpoint": "http://127.0.0.1:9",
        "access_token": "t0ken-abcdef",
        "identifier": "image",
        "project_key": "s3cret-key-7x",
        "region": "cn-1",
    },
}
MPREMOTE = pathlib.Path(sys.executable).parent / "mpremote"


@contextlib.contextmanager
def running(main="", **options):
    """A board with `main` as its main.py, switched on."""
    files = {"boot.py": "print('boot')\n", "main.py": main}
    files.update(options.pop("files", {}))
    board = VirtualBoard(files, **options)
    try:
        yield board.start()
    finally:
        board.stop()


def mpremote(board, *arguments, check=True, cwd=None):
    """Run the real mpremote against the board; returns what it printed."""
    done = subprocess.run(
        [MPREMOTE, "connect", board.port, *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
    )
    if check:
        assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def execute(board, text):
    """Have the board run `text` in its raw REPL, after a soft reset; returns what it prints."""
    return mpremote(board, "exec", text)


def until(condition, timeout=20):
    """Wait until condition() is true, and return its value."""
    end = time.monotonic() + timeout
    while True:
        begin = time.process_time()
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, "it did not come about"
        # What is dear to ask is asked less often, so that the board has the processor.
        time.sleep(min(max(0.01, 4 * (time.process_time() - begin)), 0.1))


def children():
    """Return the process ids of this process's MicroPythons."""
    found = []
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, rest = path.read_text().split("(", 1)[1].rsplit(")", 1)
            if name == "micropython" and int(rest.split()[1]) == os.getpid():
                found.append(int(path.parent.name))
    return found


def is_alive(pid):
    """Return whether there is such a process, and no zombie."""
    try:
        return (
            pathlib.Path("/proc/{}/stat".format(pid)).read_text().rsplit(")")[1].split()[0] != "Z"
        )
    except OSError:
        return False
