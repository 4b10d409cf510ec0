# Whether every promise was kept: a Verdict on what a Ledger and a Service have seen.

import dataclasses
import zlib

from tests.system.soak.ledger import PACE_MS
from tools.virtualboard.scenes import frame_of

# From the shutter to put() at the longest: a picture sent from memory is kept after 2 s.
_HAND_MS = 10000
# After a fault of flash or card has ended the outbox looks again: in 30 s for a card.
_GRACE_MS = 60000
_STILL_MS = 60000  # so long may photographing stop, beyond the period
# Of the log's files in one power-on, each start among them: so many at once, and one more each so
# many ms, 46 in an hour. In a deep sleep the chip's clock may be 5 % fast.
_WRITES = 16
_WRITE_MS = 120000 / 1.05
# Of board time, without a callback while something is sent: three DNS servers that do not answer
# take 21 s, in which nothing can be called back, and there may be two look-ups.
_CALLBACK_MS = 50000
_STARTS_MS = 300  # how far the times of two starts may be wrong
_UNREAD_MOST = 3  # times that a picture is stored by requests whose answer cannot be read
_LATE_MS = 10000  # an answer that took so long may have come too late for the board, see Request
# What has the board miss an answer may have begun so long before the request, and come so long
# after.
_BEFORE_MS = 10000
_AFTER_MS = 60000


@dataclasses.dataclass
class Verdict:
    """Counts, and `broken`: a line for each promise that was not kept.

    The costs of faults, by name: `in_hand`, `from_ram`, `no_room`, `aside`.
    """

    captured: int = 0
    kept: int = 0
    sent: int = 0  # pictures in the store, each once
    from_memory: int = 0  # of these, never put into the outbox
    requests: int = 0
    lost: int = 0
    in_hand: int = 0  # being exposed, written or just sent when memory was lost
    from_ram: int = 0  # in memory alone, since flash and card failed
    no_room: int = 0  # given up for newer ones, by flash or card that was full
    aside: int = 0  # given up: something refused them, and no others
    damaged: int = 0
    repeats_by_cut: int = 0
    repeats_by_answer: int = 0
    repeats_by_storage: int = 0  # sent, could not be deleted, and that was forgotten
    closest_board_ms: float | None = None
    closest_service_ms: float | None = None
    broken: list = dataclasses.field(default_factory=list)


class Faults:
    """What was wrong, and when, of the kinds that cost something.

    "storage": flash or card fails, or is full; "full": it is that; "network": answers may not
    get through. `refused`: frames that something refuses, and no others. `strict`: a picture that
    is stored again needs a fault that explains it.
    """

    def __init__(self, steady_ms=lambda: 0, strict=False):
        self.strict = strict
        self.refused = set()
        self._steady_ms = steady_ms
        self._found = []  # [name, kinds, begin, end or None in steady ms]

    def begin(self, name, *kinds):
        """Take note that the fault of this name begins."""
        self._found.append([name, kinds, self._steady_ms(), None])

    def end(self, name=None):
        """Take note that it is over; without a name all are."""
        for one in self._found:
            if one[3] is None and name in (None, one[0]):
                one[3] = self._steady_ms()

    def goes_on(self, name):
        """Return whether it has begun, and is not over."""
        return any(one[0] == name and one[3] is None for one in self._found)

    def was(self, kind, begin, end, grace=_GRACE_MS):
        """Return whether something of a kind was wrong between two times, or shortly before."""
        return any(
            kind in kinds and first <= end and (last is None or begin <= last + grace)
            for _, kinds, first, last in self._found
        )


def judge(ledger, service, faults=None):
    """Return the Verdict on all that a Ledger and a Service have seen.

    `faults`: a Faults; without one there were none of flash and card.
    """
    faults = faults or Faults()
    found = Verdict(
        captured=len(ledger.captured),
        kept=len(ledger.kept),
        requests=len(service.requests),
    )
    storings = _storings(ledger, service, found)
    found.sent = len(storings)
    found.from_memory = len(set(storings) - ledger.kept)
    _judge_losses(ledger, storings, found, faults)
    _judge_repeats(ledger, storings, found, faults)
    _judge_pace(ledger, service, found)
    for life, at_ms, line, storage in ledger.trouble:
        if not storage or not faults.was("storage", at_ms, at_ms):
            found.broken.append("life {}: {}".format(life, line))
    return found


def still(ledger, every_s):
    """Return a text for each time that no picture was tried for longer than it may be."""
    text = "no picture for {:.0f} s, at {:.0f}"
    return [
        text.format(gap / 1000, at)
        for at, gap in ledger.pauses()
        if gap > every_s * 1000 + _STILL_MS
    ]


def wears(ledger):
    """Return a text if the log's files were written too often in some power-on, else nothing."""
    writes = ledger.log_writes
    for at, (power_on, begin) in enumerate(writes):
        rest = [ms - begin for other, ms in writes[at:] if other == power_on]
        for count, gone in enumerate(rest, 1):
            if count > _WRITES + 1 + gone / _WRITE_MS:  # one more: it counts in seconds
                return ["{} writes of the log in {:.0f} s".format(count, gone / 1000)]
    return []


def deaf(ledger):
    """Return a text for each time that nothing was called back for too long while it sent."""
    text = "life {}: no callback for {:.0f} s while something was sent"
    gaps = ledger.callback_gaps
    return [text.format(life, gap / 1000) for life, gap in gaps if gap > _CALLBACK_MS]


def without_exif(jpeg):
    """Return a JPEG (bytes) without an EXIF segment right behind its SOI."""
    if jpeg[2:4] == b"\xff\xe1" and jpeg[6:12] == b"Exif\0\0":
        return jpeg[:2] + jpeg[4 + int.from_bytes(jpeg[4:6], "big") :]
    return jpeg


@dataclasses.dataclass
class _Storing:
    # One time that a picture was stored.
    life: int
    name: str
    request: object


def _storings(ledger, service, found):
    # {frame: [_Storing]}, in the order of their storing; what is damaged is counted.
    by_name = {
        request.upload.stored: request
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
        request = by_name[name]
        storings.setdefault(frame, []).append(_Storing(request.life, name, request))
    return storings


def _judge_losses(ledger, storings, found, faults):
    sent = set(storings)
    acknowledged = {
        frame
        for frame, all_of_it in storings.items()
        if any(one.name in ledger.acknowledged for one in all_of_it)
    }
    if len(ledger.acknowledged) > sum(map(len, storings.values())):
        found.broken.append("more uploads reported than pictures stored")
    captured = {one.frame: one for one in ledger.captured}
    for frame in sorted((ledger.kept | set(captured)) - sent, key=str):
        why = _cost(ledger, frame, captured.get(frame), faults)
        if why in ("in_hand", "from_ram", "no_room", "aside"):
            setattr(found, why, getattr(found, why) + 1)
        else:
            found.lost += 1
            found.broken.append("frame {}: {}".format(frame, why))
    for frame in sorted(sent & set(captured) - ledger.kept - acknowledged):
        # Stored, but the board did not know: it had to keep it.
        why = _cost(ledger, frame, captured[frame], faults)
        if why not in ("in_hand", "from_ram"):
            found.lost += 1
            found.broken.append("frame {}: stored by luck, and {}".format(frame, why))


def _cost(ledger, frame, captured, faults):
    # Which cost of which fault it is that a picture is not in the store, or what is broken.
    what, _, at_ms = ledger.given_up.get(frame, (None, 0, 0))
    taken_ms = captured.heard_ms if captured else at_ms
    if what == "aside":
        return "aside" if frame in faults.refused else "set aside, and nothing has refused it"
    if what == "dropped":
        fits = faults.was("full", taken_ms, at_ms)
        return "no_room" if fits else "dropped, and nothing was full"
    if what == "memory":
        fits = faults.was("storage", taken_ms, taken_ms)
        return "from_ram" if fits else "lost from memory, and flash and card were good"
    if what is not None:
        return what
    if frame in ledger.kept:
        return "kept, and not in the store"
    if frame in ledger.held:
        over = ledger.held[frame] in ledger.life_ended_ms
        fits = over and faults.was("storage", taken_ms, taken_ms)
        return "from_ram" if fits else "held in memory, and not sent"
    ended = ledger.life_ended_ms.get(captured.life)
    if ended is not None and ended - ledger.world_ms(captured.at) <= _HAND_MS:
        return "in_hand"
    return "captured in life {}, neither kept nor sent".format(captured.life)


def _judge_repeats(ledger, storings, found, faults):
    last_upload = {upload.life: upload for upload in ledger.uploads}
    last_name = {}
    for one in sorted(
        (one for names in storings.values() for one in names), key=lambda one: _number(one.name)
    ):
        last_name[one.life] = one.name
    used = set()  # lives whose cut has had its repeat
    for frame, all_of_it in storings.items():
        for one in all_of_it[:-1]:
            upload = ledger.acknowledged.get(one.name)
            last = last_upload.get(one.life)
            # Cut while it waited for the answer, or behind the answer.
            cut = one.life in ledger.life_ended_ms and one.name == last_name[one.life]
            cut = cut and last is not None and (upload is last or last.end is None)
            if cut and one.life not in used:
                used.add(one.life)
                found.repeats_by_cut += 1
            elif upload is None and not cut and _is_explained(one.request, faults):
                found.repeats_by_answer += 1  # the board heard no answer, or waited in vain
            elif upload is not None and frame in ledger.stuck:
                found.repeats_by_storage += 1
            else:
                found.broken.append(
                    "frame {}: sent again without a reason: {}".format(frame, one.name)
                )
        unread = sum("gzip" in one.request.upload.fault for one in all_of_it)
        if unread > _UNREAD_MOST:
            found.broken.append("frame {}: {} answers that cannot be read".format(frame, unread))


def _is_explained(request, faults):
    # Whether there is a reason for the board not to have heard, or understood, an answer.
    if not faults.strict or request.upload.fault or request.ended_ms is None:
        return True
    begin, end = request.arrived_ms, request.answered_ms or request.ended_ms
    late = end - begin > _LATE_MS
    return late or faults.was("network", begin, end + _AFTER_MS, _BEFORE_MS)


def _number(name):
    return name.rpartition("-")[2]


def _judge_pace(ledger, service, found):
    gaps = ledger.pace()
    found.closest_board_ms = min((gap for gap, _, _ in gaps), default=None)
    for gap, upload, same_start in gaps:
        if gap < PACE_MS - (0 if same_start else _STARTS_MS):
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
