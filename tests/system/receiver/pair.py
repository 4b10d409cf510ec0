# Two instances on one database: they must agree, at once.

import collections
import threading
import time

from tests.system.receiver import rig
from tests.system.receiver.fleet import Fleet, accounts
from tests.system.receiver.judge import judge

INTERVAL_S = 10


class Pair:
    """Two receivers at one `place`, which keep the pace of `interval_s`, and `cameras`."""

    def __init__(self, place, cameras, *options, interval_s=INTERVAL_S, step="none"):
        self.place = place
        self.fleet = Fleet(cameras, seed="pair")
        rig.load_accounts(place, accounts(self.fleet.tokens))
        pace = ("--interval", str(interval_s), "--message-interval", "0")
        self.receivers = [rig.Receiver(place, *pace, *options) for _ in range(2)]
        self._step = step

    def __enter__(self):
        for receiver in self.receivers:
            receiver.start(self._step)
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

    def verdict(self):
        """Return the Verdict on all that was sent."""
        return judge(self.fleet.ledger, self.place.found())
