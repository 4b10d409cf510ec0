# One receiver, a fleet, and something behind the receiver that fails for a while.

import collections
import contextlib
import dataclasses
import time

from tests.system.receiver import rig
from tests.system.receiver.fleet import Fleet, accounts
from tests.system.receiver.judge import judge
from tests.system.receiver.ledger import STORED

# From the end of a trouble until each camera has a picture stored.
_BACK_S = 30.0
# A message at most, on a machine that is busy with tests, while the storage is in trouble.
_MESSAGE_S = 4.0
CAMERAS = 12


@dataclasses.dataclass
class Outcome:
    """What one trouble did: the `answers` to uploads (Counter), the slowest answer to one and to
    a message in seconds, `back_s` until all was well again, `broken`: lines."""

    name: str
    answers: collections.Counter = dataclasses.field(default_factory=collections.Counter)
    slowest_s: float = 0.0
    messages: int = 0
    slowest_message_s: float = 0.0
    back_s: float = 0.0
    broken: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Trouble:
    """`begin()` it and `end()` it after `lasts_s`: uploads are then answered with one of `codes`.

    That takes them `within_s` at most. `hurts`: messages cannot be taken meanwhile either.
    `may_pass`: some of the uploads may be stored all the same.
    """

    name: str
    begin: object
    end: object
    lasts_s: float = 1.0
    codes: tuple = (5001,)
    within_s: float = 25.0
    hurts: bool = False
    may_pass: bool = False


class Trial:
    """A receiver at `place` with a fleet that sends; troubles come one after the other.

    `receiver` is a rig.Receiver that runs.
    """

    def __init__(self, place, *options, steps="", cameras=CAMERAS, tellers=2):
        self.place = place
        self.fleet = Fleet(cameras, seed="trial", tellers=tellers)
        rig.load_accounts(place, accounts(self.fleet.tokens))
        quick = ("--interval", "0", "--message-interval", "0")
        self.receiver = rig.Receiver(place, *quick, *options)
        self._steps = steps
        self._uploaders = {camera.label for camera in self.fleet.cameras[:cameras]}

    def __enter__(self):
        self.receiver.start(self._steps)
        self.fleet.addresses[:] = [self.receiver.address]
        self.fleet.start()
        if not self._is_well(time.monotonic()):
            raise RuntimeError("nothing is stored: " + "\n".join(self.receiver.lines[-20:]))
        return self

    def __exit__(self, *_):
        with contextlib.suppress(TimeoutError):
            self.fleet.stop()
        if self.receiver.runs:
            self.receiver.kill()

    def go_through(self, trouble):
        """Have one trouble; return the Outcome."""
        outcome = Outcome(trouble.name)
        trouble.begin()
        begun = time.monotonic()
        time.sleep(trouble.lasts_s)
        ending = time.monotonic()
        trouble.end()
        ended = time.monotonic()
        if not self._is_well(ended):
            outcome.broken.append(f"not well again {_BACK_S} s later")
        outcome.back_s = time.monotonic() - ended
        self._uploads(outcome, trouble, begun, ending)
        self._messages(outcome, trouble, begun, ending)
        if not self.receiver.runs:
            outcome.broken.append("the receiver has ended")
        return outcome

    def end(self, *, stop=True):
        """Stop; return the Verdict on all that was sent."""
        self.fleet.stop()
        if stop:
            self.receiver.stop()
        return judge(self.fleet.ledger, self.place.found())

    def _is_well(self, since):
        """Wait until each camera has had a picture stored since then; return whether it has."""

        def stored():
            return self._uploaders <= {
                upload.device
                for upload in list(self.fleet.ledger.uploads)
                if upload.begun >= since and upload.answer == STORED
            }

        return rig.until(stored, _BACK_S)

    def _uploads(self, outcome, trouble, begun, ending):
        for upload in list(self.fleet.ledger.uploads):
            if upload.begun >= ending or upload.ended <= begun:
                continue
            took = upload.ended - upload.begun
            outcome.slowest_s = max(outcome.slowest_s, took)
            if upload.ended > ending and took <= trouble.within_s:
                continue  # waited for until the trouble was over
            outcome.answers[upload.answer] += 1
            may_pass = trouble.may_pass or upload.begun < begun
            expected = (*trouble.codes, STORED) if may_pass else trouble.codes
            if upload.answer not in expected:
                outcome.broken.append(f"{upload.device} {upload.number}: {upload.answer}")
            if took > trouble.within_s:
                outcome.broken.append(f"{upload.device} {upload.number}: took {took:.1f} s")

    def _messages(self, outcome, trouble, begun, ending):
        for message in list(self.fleet.ledger.messages):
            if not begun <= message.begun < ending:
                continue
            took = message.ended - message.begun
            outcome.messages += 1
            outcome.slowest_message_s = max(outcome.slowest_message_s, took)
            answers = (STORED, 5001) if trouble.hurts else (STORED,)
            within_s = trouble.within_s if trouble.hurts else _MESSAGE_S
            if message.answer not in answers or took > within_s:
                found = f"{message.answer} after {took:.1f} s"
                outcome.broken.append(f"{message.kind} {message.device}: {found}")
        if not outcome.messages and not trouble.hurts:
            outcome.broken.append("no message was sent meanwhile")
