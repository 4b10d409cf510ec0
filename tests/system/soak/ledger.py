# What becomes of each picture: told by the board's output, kept by frame, and judged at the end.

import dataclasses
import re
import threading
import time
import zlib

from thingscam.image import checks
from tools.virtualboard.scenes import frame_of

PACE_MS = 10000
_KEPT = re.compile(r"INFO kept \d+ bytes \w+, (\d+) waiting")
_START = re.compile(r"INFO start: thingscam \S+, (\w+), (\d+) waiting")
_UPLOAD = re.compile(r"INFO upload \d+ bytes \w+ -> \S+/(\S+) \d+ ms")
# What a board must not do by itself.
_TROUBLE = ("task_wdt", "crashed", "STOPPED", "SAFE MODE", "Traceback", "Guru", "picture not kept")
_TROUBLE += ("picture refused for good", "dropped, the outbox", "cannot be read", "damaged")
# From the shutter to put() at the longest: a picture sent from memory is kept after 2 s, but a
# call that blocks may be in between.
_HASTE_MS = 60000


@dataclasses.dataclass
class Upload:
    """One call of Uploader.upload(), in milliseconds of world time; `name`: as acknowledged."""

    life: int
    begin_ms: float
    end_ms: float | None = None
    name: str | None = None


@dataclasses.dataclass
class Captured:
    """One picture that the camera gave to the app."""

    frame: int
    life: int
    at_ms: int


class Ledger:
    """Listens to one board; `now_ms()` is the world's time.

    `life` counts the times the power came on. `phases` are the steps under way, the innermost
    last. All else is for verdict() and the driver.
    """

    def __init__(self, now_ms):
        self._now_ms = now_ms
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
        self.uploads = []
        self.acknowledged = {}  # name -> the Upload
        self.trouble = []
        self.waiting = 0
        self.starts = 0
        self.ready = False
        self.ended_ms = None  # the last upload, as it was heard of
        self.heap = []
        self.log_writes = []
        self._tried = []  # (life, when a picture was tried or the board was ready)
        self._starts = []  # per start: (time of a line, ticks in it)
        self._putting = None
        self._line = ""

    def power_on(self):
        """The power comes on: a new life."""
        with self.changed:
            self.life += 1
            self.phases = []
            self.ready = False

    def power_cut(self):
        """The power has gone; returns the phase it was in, and forgets half a line."""
        with self.changed:
            self._line = ""
            phase = self.phases[-1] if self.phases else None
            self.life_ended_ms[self.life] = self._now_ms()
            self.phases = []
            return phase

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
            _, ticks, *words = line.split(" ")
            self._step(int(ticks), words)
        elif line.startswith("rst:"):
            self.starts += 1
            self.phases = []
            self.ready = False
            self._starts.append([])
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
            self.waiting = int(found[2])
            self.ready = True
            if found[1] == "power_on":
                self._tried.append((self.life, self._now_ms()))
        if any(word in line for word in _TROUBLE):
            self.trouble.append("life {}: {}".format(self.life, line))

    def _step(self, ticks, words):
        now = self._now_ms()
        self._starts[-1].append((now, ticks))
        if words[0] == "log":
            self.log_writes.append(now)
            return
        if words[0] == "heap":
            self.heap.append((now, int(words[1])))
            return
        edge, name, value = words
        if edge == "begin":
            self.phases.append(name)
            self.seen[name] = self.seen.get(name, 0) + 1
            if name == "upload":
                self.uploads.append(Upload(self.life, (len(self._starts) - 1, ticks)))
            elif name == "capture":
                self._tried.append((self.life, now))
            elif name == "put":
                self._putting = self._by_crc.get(int(value))
            return
        if name in self.phases:
            del self.phases[self.phases.index(name) :]
        if name == "upload":
            self.uploads[-1].end_ms = (len(self._starts) - 1, ticks)
            self.ended_ms = now
        elif name == "capture" and value == "1":
            self.captured.append(Captured(self._last_frame, self.life, now))
        elif name == "put" and value == "1":
            self.kept.add(self._putting)
        elif name == "remove":
            self.waiting = max(self.waiting - 1, 0)

    def pauses(self):
        """Yield (life, when, when before) for each picture that was tried, and each life's end."""
        ends = [(life, self.life_ended_ms[life]) for life in self.life_ended_ms]
        tried = sorted(self._tried + ends)
        for (before, then), (life, now) in zip(tried, tried[1:], strict=False):
            if life == before:
                yield life, now, then

    def pace(self):
        """Return the gaps in ms from each upload's end to the next one's begin, in one life.

        By the board's own ticks: each start's place in the world's time is that of the line
        that came through fastest.
        """
        offsets = [min((at - ticks for at, ticks in lines), default=0) for lines in self._starts]

        def world(moment):
            return offsets[moment[0]] + moment[1]

        gaps = []
        for last, upload in zip(self.uploads, self.uploads[1:], strict=False):
            if last.life == upload.life and last.end_ms is not None:
                gaps.append((world(upload.begin_ms) - world(last.end_ms), upload))
        return gaps


def without_exif(jpeg):
    """Return a JPEG (bytes) without an EXIF segment right behind its SOI."""
    if jpeg[2:4] == b"\xff\xe1" and jpeg[6:12] == b"Exif\0\0":
        return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6], "big") :]
    return jpeg


@dataclasses.dataclass
class Verdict:
    """Counts, and `broken`: a line for each promise that was not kept."""

    captured: int = 0
    kept: int = 0
    sent: int = 0  # pictures in the store, each once
    from_memory: int = 0  # of these, never put into the outbox
    requests: int = 0
    lost: int = 0
    aside: int = 0  # given up, as the log says, and in rejected/
    damaged: int = 0
    repeats_by_cut: int = 0
    repeats_by_answer: int = 0
    closest_board_ms: float | None = None
    closest_service_ms: float | None = None
    broken: list = dataclasses.field(default_factory=list)


def judge(ledger, service, slack_ms=0, aside=()):
    """Return the Verdict on all that a Ledger and a Service have seen.

    `slack_ms`: how far the times of two starts of one life may be wrong. `aside`: frames that
    were given up, as the log says, and found in rejected/.
    """
    found = Verdict(
        captured=len(ledger.captured),
        kept=len(ledger.kept),
        requests=len(service.requests),
    )
    storings = _storings(ledger, service, found)
    found.sent = len(storings)
    found.from_memory = len(set(storings) - ledger.kept)
    found.aside = len(set(aside) - set(storings))
    _judge_losses(ledger, storings, found, set(aside))
    _judge_repeats(ledger, storings, found)
    _judge_pace(ledger, service, found, slack_ms)
    found.broken += ledger.trouble
    return found


def _storings(ledger, service, found):
    # {frame: [(life, name)]}, in the order of their storing; what is damaged is counted.
    life_of = {
        request.upload.stored: request.life
        for request in service.requests
        if request.upload is not None and request.upload.stored
    }
    storings = {}
    for name in sorted(service.names(), key=_number):
        data = without_exif(service.stored(name))
        frame = (frame_of(data) or (None,))[0]
        if ledger.frames.get(frame) != zlib.crc32(data):
            found.damaged += 1
            found.broken.append("{}, frame {}: not as the camera gave it".format(name, frame))
        storings.setdefault(frame, []).append((life_of[name], name))
    return storings


def _judge_losses(ledger, storings, found, aside):
    acknowledged = {
        frame
        for frame, names in storings.items()
        if any(name in ledger.acknowledged for _, name in names)
    }
    for frame in sorted(ledger.kept - set(storings) - aside, key=str):
        found.lost += 1
        found.broken.append("frame {}: kept, and not in the store".format(frame))
    if len(ledger.acknowledged) > sum(map(len, storings.values())):
        found.broken.append("more uploads reported than pictures stored")
    for one in ledger.captured:
        if one.frame in ledger.kept or one.frame in acknowledged:
            continue
        ended = ledger.life_ended_ms.get(one.life)
        if ended is None or ended - one.at_ms > _HASTE_MS:
            found.lost += 1
            found.broken.append(
                "frame {}: captured in life {}, neither kept nor sent".format(one.frame, one.life)
            )


def _judge_repeats(ledger, storings, found):
    last_upload = {upload.life: upload for upload in ledger.uploads}
    last_name = {}
    for life, name in sorted(one for names in storings.values() for one in names):
        last_name[life] = max(last_name.get(life, ""), name, key=_number)
    used = set()  # lives whose cut has had its repeat
    for frame, names in storings.items():
        for life, name in names[:-1]:
            upload = ledger.acknowledged.get(name)
            last = last_upload.get(life)
            # Cut while it waited for the answer, or behind the answer.
            cut = life in ledger.life_ended_ms and name == last_name[life]
            cut = cut and last is not None and (upload is last or last.end_ms is None)
            if cut and life not in used:
                used.add(life)
                found.repeats_by_cut += 1
            elif upload is None and not cut:
                found.repeats_by_answer += 1  # the board heard no answer, or waited in vain
            else:
                found.broken.append(
                    "frame {}: sent again without a reason: {}".format(frame, name)
                )


def _number(name):
    return name.rpartition("-")[2]


def _judge_pace(ledger, service, found, slack_ms):
    gaps = ledger.pace()
    found.closest_board_ms = min((gap for gap, _ in gaps), default=None)
    for gap, upload in gaps:
        if gap < PACE_MS - slack_ms:
            found.broken.append("life {}: {:.0f} ms after the last".format(upload.life, gap))
    closest = None
    for last, request in zip(service.requests, service.requests[1:], strict=False):
        if last.life != request.life:
            continue
        gap = request.arrived_ms - (last.ended_ms or last.arrived_ms)
        closest = gap if closest is None else min(closest, gap)
        if gap < PACE_MS - 1000:
            found.broken.append(
                "life {}: request {:.0f} ms behind the last one's end, at the service".format(
                    request.life, gap
                )
            )
    found.closest_service_ms = closest


def _picture(data):
    # The frame without what the driver's buffer has behind it.
    try:
        return data[: checks.measure(data)[1]]
    except checks.ImageError:
        return data
