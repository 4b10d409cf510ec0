# A board on the page: its log, its state and its buttons, as the page asks for them.

import collections
import threading
import time
from dataclasses import dataclass, field

from ...host.harmless import harmless

LINES = 500
LONGEST_LINE = 1000


class PanelError(Exception):
    """The action cannot be done now; the text says why, for the person at the page."""


@dataclass(frozen=True)
class Action:
    """One button: `label` says what pressing it will do now, `state` what is so now.

    `tone` colours the state: "ok", "wait", "bad" or "" (none). `hint` says in a few words
    what to watch for. One with `enabled` False can be seen but not pressed.
    """

    name: str
    label: str
    state: str = ""
    tone: str = ""
    hint: str = ""
    enabled: bool = True


@dataclass(frozen=True)
class Status:
    """What the board is doing; None is shown as unknown.

    `captured`, `sent` and `waiting` count pictures (`waiting`: those in the outbox); `led`
    is what the status LED shows ("starting", "joining", "sending", "waiting", "stopped" or
    "off"), `wifi` and `power` are a few words. `tones` colours words as Action.tone does,
    by the field's name: {"wifi": "bad"}.
    """

    captured: int | None = None
    sent: int | None = None
    waiting: int | None = None
    led: str | None = None
    wifi: str | None = None
    power: str | None = None
    tones: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One line of the board's log; `at` is in seconds since 1970, when the page's side got it."""

    number: int
    at: float
    text: str


class Panel:
    """What the page asks of a board. Derive from it; give an object to server.make_app.

    Override actions(), act() and status(): the first and the last are asked often, by the
    event loop of the server, and must not wait for anything. Call log() for each line, or
    output() for what a serial port gives, and changed() when actions() or status() have
    something new to say; from any thread.
    """

    def __init__(self, lines=LINES):
        self._lines = collections.deque(maxlen=lines)
        self._count = 0
        self._lock = threading.Lock()
        self._unfinished = ""
        self._watchers = []

    def actions(self):
        """Return the buttons, as a list of Action; their names are fit for a URL's path."""
        return []

    async def act(self, name):
        """Do the action `name`, one of actions(). Raises PanelError."""
        raise NotImplementedError

    def status(self):
        """Return the Status of now."""
        return Status()

    def log(self, text):
        """Add a line (str) to the log; what would act on a page's line is written out."""
        text = harmless(text)
        with self._lock:
            self._count += 1
            self._lines.append(Line(self._count, time.time(), text[:LONGEST_LINE]))
        self.changed()

    def output(self, text):
        """Add what the board printed: lines (str) that may be cut anywhere."""
        *lines, self._unfinished = (self._unfinished + text).split("\n")
        for line in lines:
            self.log(line.rstrip("\r"))
        if len(self._unfinished) > LONGEST_LINE:
            self.log(self._unfinished)
            self._unfinished = ""

    def changed(self):
        """Tell the page to ask again."""
        for callback in list(self._watchers):
            callback()

    def lines(self, after=0):
        """Return the kept lines with a number above `after`, as a list of Line, oldest first."""
        with self._lock:
            return [line for line in self._lines if line.number > after]

    def watch(self, callback):
        """Have `callback` called, without arguments and from any thread, by changed()."""
        self._watchers.append(callback)

    def unwatch(self, callback):
        """Call it no longer."""
        self._watchers.remove(callback)
