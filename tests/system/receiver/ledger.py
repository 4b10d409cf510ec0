# What the fleet knows: each request it sent, and what it was answered.

import dataclasses
import threading

STORED = 0  # the answer to a picture or message that was taken; any other number is an errcode
UNCLEAR = (None, 5001, 1023)  # no answer, or one that may come behind a step that was done
UNSENT = -2  # there was nobody to send it to


@dataclasses.dataclass(eq=False)
class Upload:
    """One picture on its way: the `number`-th request of its `device` (label).

    `answer` is STORED, an errcode, UNSENT, or None: none came; `url` is that of the answer.
    `adopted`: `check` has made it known. Times are seconds of the monotonic clock.
    """

    device: str
    number: int
    sha256: str
    md5: str
    size: int
    begun: float
    ended: float = 0.0
    answer: int | None = None
    url: str | None = None
    adopted: bool = False

    @property
    def name(self):
        """The picture's name."""
        return self.url and self.url.rpartition("/")[2]


@dataclasses.dataclass(eq=False)
class Message:
    """One report ("report") or event ("event") to the device interface; both tell `number`."""

    device: str
    kind: str
    number: int
    begun: float
    ended: float = 0.0
    answer: int | None = None


class Ledger:
    """All `uploads` and `messages` of a fleet, and what was `wrong` at once (lines)."""

    def __init__(self):
        self.uploads = []
        self.messages = []
        self.wrong = []
        self._lock = threading.Lock()

    def add(self, request):
        """Take note of an Upload or Message that is about to be sent."""
        with self._lock:
            (self.uploads if isinstance(request, Upload) else self.messages).append(request)

    def complain(self, line):
        """Take note of something that must not be."""
        with self._lock:
            self.wrong.append(line)

    def stored(self):
        """Return how many pictures were answered as stored so far."""
        with self._lock:
            return sum(each.answer == STORED for each in self.uploads)
