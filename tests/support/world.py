# What the device tests talk to: the stand-in service, plain and TLS, and the scripted peer.

import contextlib
import os
import pathlib
import subprocess
import tempfile

from tests.support.quick import PYTHON

ROOT = pathlib.Path(__file__).resolve().parents[2]


class World:
    """Servers for the device tests, started on first use and told by environment variables.

    THINGSCAM_SERVICE, THINGSCAM_SERVICE_TLS: base URLs of stand-ins that set no pace.
    THINGSCAM_PEER: host:port of the scripted peer's control port.
    THINGSCAM_UPDATES, THINGSCAM_UPDATES_WHOLE: base URLs of what is in updates/ of
    THINGSCAM_FILES; the second has no Range.
    THINGSCAM_ROOT: the folder of the project.
    THINGSCAM_PHOTOS: a folder with JPEG photographs.
    THINGSCAM_FILES: a folder with the peer's ca.der and room for the tests' own files;
    the TLS stand-in's is service_tls/ca.der in it.
    """

    def __init__(self):
        self._stack = None

    def start(self):
        """Start everything, unless it runs."""
        if self._stack is not None:
            return
        self._stack = contextlib.ExitStack()
        folder = pathlib.Path(self._stack.enter_context(tempfile.TemporaryDirectory()))
        os.environ["THINGSCAM_FILES"] = str(folder)
        os.environ["THINGSCAM_ROOT"] = str(ROOT)
        os.environ["THINGSCAM_PHOTOS"] = str(ROOT / "tools" / "virtualboard" / "photos")
        os.environ["THINGSCAM_PEER"] = self._stack.enter_context(
            server("tests.support.peer", folder)
        )
        (folder / "updates").mkdir()
        for name, ranges in (("UPDATES", 1), ("UPDATES_WHOLE", 0)):
            os.environ["THINGSCAM_" + name] = self._stack.enter_context(
                server("tests.support.updates", folder / "updates", ranges)
            )
        faulty = ("--faults", "--interval", "0", "--message-interval", "0")
        for name, more in (("service", ()), ("service_tls", ("--tls",))):
            os.environ["THINGSCAM_" + name.upper()] = self._stack.enter_context(
                service(folder / name, *faulty, *more)
            )

    def stop(self):
        """Stop everything."""
        if self._stack is not None:
            self._stack.close()
            self._stack = None


def service(data, *options):
    """Run the stand-in with its pictures in the folder `data`; the value is its base URL."""
    return server("tools", "cloud", "--quiet", "--port", "0", "--data", data, *options)


@contextlib.contextmanager
def server(module, *options):
    """Run `python -m module options` until the block ends; the value is what it listens on."""
    command = [*PYTHON, "-m", module, *map(str, options)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            for line in process.stdout:
                if line.startswith("listening on "):
                    yield line.split()[-1]
                    break
            else:
                raise RuntimeError("did not start: " + " ".join(map(str, command)))
        finally:
            process.terminate()
            process.wait(10)
