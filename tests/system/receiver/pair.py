# Two instances on one database: they must agree, at once.

import collections
import contextlib
import http.client
import socket
import threading
import time

from tests.system.receiver import rig
from tests.system.receiver.fleet import Camera, Fleet, accounts
from tests.system.receiver.judge import judge
from tests.system.receiver.ledger import STORED

INTERVAL_S = 10
_EVENT_S = 3.0


class Pair:
    """Two receivers at one `place`, which keep the pace of `interval_s`, and `cameras`."""

    def __init__(self, place, cameras, *options, interval_s=INTERVAL_S, steps=""):
        self.place = place
        self._interval_s = interval_s + 0.1
        self.fleet = Fleet(cameras, seed="pair")
        rig.load_accounts(place, accounts(self.fleet.tokens))
        pace = ("--interval", str(interval_s), "--message-interval", "0")
        self.receivers = [rig.Receiver(place, *pace, *options) for _ in range(2)]
        self._steps = steps

    def __enter__(self):
        for receiver in self.receivers:
            receiver.start(self._steps)
        return self

    def __exit__(self, *_):
        for receiver in self.receivers:
            if receiver.runs:
                receiver.kill()

    def race(self, camera):
        """Send two pictures of one device at one moment, one to each; return the answers, sorted.

        Both have their connection before, so that nothing but the request is on the way.
        """
        barrier = threading.Barrier(2)
        found = []

        def send(address):
            camera.connect(address)
            barrier.wait(30)
            found.append(camera.upload(address).answer)

        threads = [threading.Thread(target=send, args=(r.address,)) for r in self.receivers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        return tuple(sorted(found, key=str))

    def races(self, rounds, pause_s):
        """Have each camera race so many times, `pause_s` apart; return the pairs (Counter)."""
        found = collections.Counter()
        due = dict.fromkeys(self.fleet.cameras, 0.0)
        for camera in rounds * self.fleet.cameras:
            time.sleep(max(due[camera] - time.monotonic(), 0))
            found[self.race(camera)] += 1
            due[camera] = time.monotonic() + pause_s
        return found

    def disagreements(self):
        """Return what one does not know of what came to the other, or of commands, as lines.

        Takes five times the interval.
        """
        one, other = (receiver.address for receiver in self.receivers)
        camera = self.fleet.cameras[-1]
        found = [*self._news(camera, one, other), *self._news(camera, other, one)]
        old = camera.token
        camera.token = self._command("rotate-token", camera.label).split()[-1]
        for address in (one, other):
            before = Camera(old, self.fleet.ledger, list)
            found += _unlike(before.upload(address), 1480, "an old token")
        found += _unlike(self._paced(camera, other), STORED, "a new token")
        self._command("disable", camera.label)
        time.sleep(self._interval_s)
        for address in (one, other):
            found += _unlike(camera.upload(address), 1480, "a device that is disabled")
        self._command("enable", camera.label)
        return found + _unlike(camera.upload(one), STORED, "a device that is enabled again")

    def _paced(self, camera, address):
        time.sleep(self._interval_s)
        return camera.upload(address)

    def _news(self, camera, here, there):
        with _Stream(there) as stream:
            upload = self._paced(camera, here)
            if upload.answer != STORED:
                return [f"a picture alone: {upload.answer}"]
            page = _get(there, "/")
            attributes = camera.attributes(there) or {}
            seen = {
                "its page": upload.name in page,
                "its cameras": f"/camera/{camera.label}" in _get(there, "/cameras"),
                "its attributes": attributes.get("image") == upload.url,
                "its events": stream.brings(upload.name),
            }
        return [f"{what}: not what came to the other" for what, is_so in seen.items() if not is_so]

    def _command(self, *words):
        options = self.place.options()[:4]
        done = rig.command(self.place, *words, *options)
        if done.returncode:
            raise RuntimeError(done.stdout + done.stderr)
        return done.stdout

    def verdict(self):
        """Return the Verdict on all that was sent."""
        return judge(self.fleet.ledger, self.place.found())


class _Stream:
    """The page's events at `address`, from now on."""

    def __init__(self, address):
        self._connection = socket.create_connection(address, timeout=_EVENT_S)
        host = "{}:{}".format(*address)
        self._connection.sendall(f"GET /page/events HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        self._found = self._connection.recv(65536)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._connection.close()

    def brings(self, text):
        """Return whether the text comes within a few seconds."""
        end = time.monotonic() + _EVENT_S
        with contextlib.suppress(TimeoutError):
            while text.encode() not in self._found and time.monotonic() < end:
                self._found += self._connection.recv(65536)
        return text.encode() in self._found


def _get(address, path):
    connection = http.client.HTTPConnection(*address, timeout=30)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


def _unlike(upload, answer, what):
    return [] if upload.answer == answer else [f"{what}: {upload.answer}"]


def expected(count):
    """Return what Pair.races() finds where all is well: of each two one is stored."""
    return {(STORED, 4291): count}
