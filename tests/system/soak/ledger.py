# What becomes of each picture: told by the board's output, kept by frame; judge.py judges it.

import dataclasses
import math
import re
import threading
import time
import zlib

from thingscam.image import checks as image

PACE_MS = 10000
_KEPT = re.compile(r"INFO kept \d+ bytes [^,]+, (\d+) waiting")
_START = re.compile(r"INFO start: .*, (\d+) waiting")
_UPLOAD = re.compile(r"INFO upload \d+ bytes .+ -> \S+/(\S+) \d+ ms")
_PANIC = "Guru Meditation"
# What a board must not do by itself.
_TROUBLE = ("task_wdt", "crashed", "STOPPED", "SAFE MODE", "Traceback", "picture refused for good")
# Nor this, unless flash or card fails or is full.
_STORAGE = ("picture not kept", "dropped, the outbox", "cannot be read", "damaged")


@dataclasses.dataclass
class Upload:
    """One call of Uploader.upload(); `begin` and `end` are (number of the start, its ticks).

    `name`: as acknowledged.
    """

    life: int
    begin: tuple
    end: tuple | None = None
    name: str | None = None


@dataclasses.dataclass
class Captured:
    """One picture that the camera gave to the app; `at` as in Upload, `heard_ms` steady."""

    frame: int
    life: int
    at: tuple
    heard_ms: int


class Ledger:
    """Listens to one board; `now_ms()` is the world's time, that which the board goes by.

    `steady_ms()` is the same, but never set back: the order of what happened, faults as well.

    `life` counts the times the memory was lost: the power came on, the button EN was pressed, the
    chip panicked. `phases` are the steps under way, the innermost last. All else is for judge()
    and the driver.
    """

    def __init__(self, now_ms, steady_ms=None):
        self._now_ms = now_ms
        self._steady_ms = steady_ms or now_ms
        self.changed = threading.Condition()
        self.life = 0
        self.lines = []  # all that was printed
        self.heard_at = 0.0  # real time of the last output
        self.life_ended_ms = {}
        self.phases = []
        self.seen = {}  # how often each phase has begun
        self.frames = {}  # CRC-32 of each frame delivered, without what stands behind it
        self._by_crc = {}
        self._last_frame = None
        self.captured = []
        self.kept = set()
        self._numbers = {}  # number in the outbox -> frame
        self.held = {}  # frame -> life: in memory alone, as flash and card failed
        self.given_up = {}  # frame -> (what became of it, life, when in steady ms)
        self.stuck = set()  # frames that were sent and could not be deleted
        self.uploads = []
        self.acknowledged = {}  # name -> the Upload
        self.trouble = []  # (life, when in steady ms, line, whether it is about flash or card)
        self.panics = 0  # that are to come
        self.waiting = 0
        self.starts = 0
        self.ready = False
        self.ended_ms = None  # the last upload, as it was heard of
        self.heap = []
        self.power_ons = 0
        self.log_writes = []  # (which power-on, world's time in ms)
        self.callback_gaps = []  # (life, ms without a callback while something was sent)
        self._photographing = []  # (when, "on", "off", or a picture was tried), of _moment()
        self._starts = []  # per start: the world's time at which its ticks were 0
        self._putting = None
        self._line = ""

    def power_on(self):
        """The power comes on: a new life."""
        with self.changed:
            self.life += 1
            self.power_ons += 1
            self.phases = []
            self.ready = False
            self._photographing.append((self._now_ms(), "on"))

    def power_cut(self):
        """The power has gone; returns the phase it was in, and forgets half a line."""
        with self.changed:
            self._photographing.append((self._now_ms(), "off"))
            return self._life_over()

    def pressed(self):
        """The button EN was pressed, and the board starts anew."""
        with self.changed:
            self._life_over()
            self.life += 1
            self.power_ons += 1
            self.ready = False

    def _life_over(self):
        self._line = ""
        phase = self.phases[-1] if self.phases else None
        self.life_ended_ms[self.life] = self._now_ms()
        self.phases = []
        return phase

    def note(self, text):
        """Put a line of our own among those of the board."""
        with self.changed:
            self.lines.append("# " + text)

    def frame(self, number, data, _fault):
        """A frame was delivered: a listener of VirtualBoard.on_frame()."""
        crc = zlib.crc32(_picture(data))
        self.frames[number] = crc
        self._by_crc[crc] = number
        self._last_frame = number

    def text(self, text):
        """The board has printed: a listener of VirtualBoard.on_output()."""
        *lines, self._line = (self._line + text).split("\n")
        with self.changed:
            self.heard_at = time.monotonic()
            self.lines += lines
            for line in lines:
                self._take(line)
            self.changed.notify_all()

    def _take(self, line):
        if line.startswith("@ "):
            _, ticks, *words = line.split()
            self._step(int(ticks), words)
        elif line.startswith("rst:"):
            self.starts += 1
            self.phases = []
            self.ready = False
            self._starts.append(math.inf)
        elif found := _UPLOAD.search(line):
            upload = self.uploads[-1]
            upload.name = found[1]
            self.acknowledged[found[1]] = upload
        elif found := _KEPT.search(line):
            self.waiting = int(found[1])
            if self._putting is None:  # nothing was put
                self.kept.add(self._last_frame)
            self._putting = None
        elif found := _START.search(line):
            self.waiting = int(found[1])
            self.ready = True
        elif _PANIC in line and self.panics:
            self.panics -= 1
            self._life_over()
            self.life += 1
        elif any(word in line for word in (*_TROUBLE, _PANIC)):
            self.trouble.append((self.life, self._steady_ms(), line, False))
        elif any(word in line for word in _STORAGE):
            self.trouble.append((self.life, self._steady_ms(), line, True))

    def _step(self, ticks, words):
        now = self._now_ms()
        # That of the line which came through fastest.
        self._starts[-1] = min(self._starts[-1], now - ticks)
        moment = len(self._starts) - 1, ticks
        what, *values = words
        if what == "begin":
            self._begins(moment, *values)
        elif what == "end":
            self._ends(moment, *values)
        elif what == "try":
            self._photographing.append((moment, what))
        elif what == "log":
            self.log_writes.append((self.power_ons, now))
        elif what == "heap":
            self.heap.append((now, int(values[0])))
        elif what == "gap":
            self.callback_gaps.append((self.life, int(values[0])))
        elif what == "held":
            self.held[self._by_crc.get(int(values[0]))] = self.life
        elif what == "unheld":
            self._gives_up(self._by_crc.get(int(values[0])), "memory")
        elif what == "gone":
            number = int(values[1])
            known = self._by_crc if values[0] == "memory" else self._numbers
            self._gives_up(known.get(number), values[0])

    def _begins(self, moment, name, value):
        self.phases.append(name)
        self.seen[name] = self.seen.get(name, 0) + 1
        if name == "upload":
            self.uploads.append(Upload(self.life, moment))
        elif name == "put":
            self._putting = self._by_crc.get(int(value))

    def _ends(self, moment, name, done, number=None):
        if name in self.phases:
            del self.phases[self.phases.index(name) :]
        if name == "upload":
            self.uploads[-1].end = moment
            self.ended_ms = self._now_ms()
        elif name == "capture" and done == "1":
            heard_ms = self._steady_ms()
            self.captured.append(Captured(self._last_frame, self.life, moment, heard_ms))
        elif name == "put" and done == "1":
            self.kept.add(self._putting)
            self.held.pop(self._putting, None)
            self._numbers[int(number)] = self._putting
        elif name == "remove":
            self.waiting = max(self.waiting - 1, 0)
            if done == "0" and number is not None:
                self.stuck.add(self._numbers.get(int(number)))
        elif name == "reject" and number is not None:
            self.waiting = max(self.waiting - 1, 0)
            self._gives_up(self._numbers.get(int(number)), "aside")

    def _gives_up(self, frame, what):
        self.given_up[frame] = what, self.life, self._steady_ms()

    def world_ms(self, moment):
        """Return the world's time of (number of a start, its ticks), by which all is judged.

        A number is world time already.
        """
        if not isinstance(moment, tuple):
            return moment
        return self._starts[moment[0]] + moment[1]

    def pauses(self):
        """Yield (when, ms) for the time before each picture that was tried, or the power's end."""
        last = None
        for moment, what in self._photographing:
            now = self.world_ms(moment)
            if what != "on" and last is not None:
                yield now, now - last
            last = now

    def pace(self):
        """Return (ms from an upload's end to the next one's begin, that, whether of one start).

        One that a reset or a cut has ended ended then.
        """
        gaps = []
        for last, upload in zip(self.uploads, self.uploads[1:], strict=False):
            ended = last.end if last.end is not None else self.life_ended_ms.get(last.life)
            if ended is not None:
                gap = self.world_ms(upload.begin) - self.world_ms(ended)
                gaps.append((gap, upload, upload.begin[0] == last.begin[0]))
        return gaps


def _picture(data):
    # The frame without what the driver's buffer has behind it.
    try:
        return data[: image.measure(data)[1]]
    except image.ImageError:
        return data
