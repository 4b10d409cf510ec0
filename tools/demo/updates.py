# New versions for the demo's board: this one with a higher number, good or broken, signed, served,
# and named to the board by the service's attributes.

import json
import pathlib
import shutil
import threading
import urllib.request

from thingscam import __version__

from .. import ROOT
from ..cli import update
from ..host import bundle, fileserver, slots

_BROKEN = (
    "loop.py",
    "    def turn(self):\n",
    "    def turn(self):\n        raise KeyError(self)\n\n    def _turn(self):\n",
)


class Updates:
    """Publishes versions from a folder in `folder`, one after the other; close() ends that."""

    def __init__(self, folder):
        self._folder = folder
        self._served = folder / "updates"
        self._served.mkdir()
        index = {"version": __version__, "file": "none"}  # nothing new yet
        (self._served / update.INDEX).write_text(json.dumps(index), "utf-8")
        self._number = 0
        self._key = bundle.private(bundle.new_key()[0], str)
        self._server = fileserver.Server(self._served, ("127.0.0.1", 0))
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self._url = "http://127.0.0.1:{}/".format(self._server.server_port)

    def settings(self):
        """Return the section "update" of the board's config.json."""
        return {"url": self._url + update.INDEX, "every_s": 432000, "window_s": 0}

    def files(self):
        """Return {path on the board: bytes} of what it needs for them."""
        return {
            slots.CHOOSE.lstrip("/"): slots.choose_mpy(),
            "update.pub": bundle.public_text(self._key),
        }

    def publish(self, service, broken):
        """Make the next version, `broken` or good, and name it to the board of `service` (URL)."""
        self._number += 1
        version = "9.0.{}".format(self._number)
        root = self._folder / version
        shutil.copytree(ROOT / "lib", root / "lib", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("boot.py", "main.py"):
            shutil.copy(ROOT / name, root)
        package = root / "lib" / "thingscam"
        (package / "__init__.py").write_text('__version__ = "{}"\n'.format(version), "utf-8")
        if broken:
            _change(package / _BROKEN[0], *_BROKEN[1:])
        path = update.write(self._served, self._key, root=root)
        shutil.rmtree(root)
        _name(service, {"update_url": self._url + path.name, "update_version": version})

    def close(self):
        """Serve no more."""
        self._server.shutdown()
        self._server.server_close()


def _change(path: pathlib.Path, old, new):
    text = path.read_text("utf-8")
    if old not in text:
        raise AssertionError("{} is another by now".format(path.name))
    path.write_text(text.replace(old, new, 1), "utf-8")


def _name(service, attributes):
    # As a person's app does it.
    request = urllib.request.Request(
        service + "/app/device/v1/demo-camera/attributes",
        json.dumps(attributes).encode(),
        {"Content-Type": "application/json", "Project-Key": "demo-project-key"},
        method="PUT",
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        answer.read()
