# Updates over the air on the virtual board: real boots from slots, good versions and broken ones.

import contextlib
import shutil
import threading

from tests.support import certificates
from tests.support.site import PIR, in_steps, is_as_seen, site
from tests.support.world import ROOT
from tools.cli import update as commands
from tools.host import bundle, fileserver, slots

CRASHES = (
    "loop.py",
    "        self._watchdog.feed()\n        shot",
    "        raise KeyError(0)\n        shot",
)
# It does not come to the app: boot.py cannot even ask whether that may start.
DOES_NOT_START = ("safemode.py", "import sys\n", "import nothing\n")


class Server(fileserver.Server):
    """A web server with a certificate: `context` is the ssl.SSLContext from here on."""

    context = None

    def get_request(self):
        connection, address = super().get_request()
        options = {"server_side": True, "do_handshake_on_connect": False}
        return self.context.wrap_socket(connection, **options), address


class Publisher:
    """Signs versions of this checkout, with a mistake if wanted, and serves them over TLS.

    Its CA is not the service's; certified(name) has its server take another certificate of
    tests/support/certificates.py.
    """

    def __init__(self, folder):
        self._folder = folder
        self._key = bundle.private(bundle.new_key()[0], lambda: "")
        (folder / "updates").mkdir()
        (folder / "press").mkdir()
        self._contexts = certificates.make(folder / "press")
        self.server = Server(folder / "updates", ("127.0.0.1", 0))
        self.url = "https://localhost:{}/latest.json".format(self.server.server_port)
        self.certified("good")

    def certified(self, name):
        self.server.context = self._contexts[name]

    def publish(self, version, *changes):
        root = self._folder / version
        shutil.copytree(ROOT / "lib", root / "lib")
        shutil.copy(ROOT / "boot.py", root)
        shutil.copy(ROOT / "main.py", root)
        (root / "lib" / "thingscam" / "__init__.py").write_text('__version__ = "%s"\n' % version)
        for name, old, new in changes:
            path = root / "lib" / "thingscam" / name
            text = path.read_text()
            assert old in text
            path.write_text(text.replace(old, new, 1))
        commands.write(self._folder / "updates", self._key, root=root)

    def files(self):
        """What a board has of it, put there by cable."""
        return {
            slots.CHOOSE[1:]: slots.choose_mpy(),
            "update.pub": bundle.public_text(self._key),
            "press.der": (self._folder / "press" / "ca.der").read_bytes(),
        }


@contextlib.contextmanager
def publisher(folder):
    found = Publisher(folder)
    with found.server as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield found
        server.shutdown()


def test_a_good_version_stays_and_a_broken_one_goes(tmp_path):
    with publisher(tmp_path) as press:
        press.publish("9.0.0")
        press.certified("unknown")
        update = {"url": press.url, "ca": "press.der", "window_s": 0, "every_s": 600}
        options = {"update": update}
        with site(tmp_path, files=press.files(), compiled=True, speed=20, **options) as place:
            place.wait_for("certificate of localhost refused")
            press.certified("good")
            place.board.advance(600)
            place.wait_for("INFO start: thingscam 9.0.0, reset")
            place.wait_for("INFO version 9.0.0 works, a picture was accepted")
            (picture,) = place.wait_for_pictures(1)
            assert picture.cause == "update" and is_as_seen(picture)
            for version, change in (("9.1.0", CRASHES), ("9.2.0", DOES_NOT_START)):
                press.publish(version, change)
                place.board.advance(600)
                place.wait_for("INFO version {} is complete: on trial".format(version))
                in_steps(place, lambda v=version: said_back(place, v), 60)
            assert place.board.output.count("KeyError") >= 3
            assert place.board.output.count("boot.py: ImportError") == 3
            # It works as before, and does not take them again.
            place.board.pin(PIR, 1)
            assert is_as_seen(place.wait_for_pictures(2)[-1])
            place.board.advance(700)
            place.let_pass(20)
            assert place.board.output.count("version 9.2.0 is complete") == 1
            assert "is being fetched" not in place.board.output.rpartition("back to 9.0.0")[2]


def said_back(place, version):
    text = "WARNING version {} did not work (three starts came to nothing): back to 9.0.0"
    return text.format(version) in place.board.output
