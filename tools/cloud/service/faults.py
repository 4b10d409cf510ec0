# Faults on demand: what they are, as JSON, and the queue of those waiting for a request.

"""A fault is a JSON object, posted to /_faults alone or in a list of them.

One of these says what happens instead of the service's own judgement (nothing is stored,
the rules are not asked):

    errcode N          the body is read, the answer is this errcode
    early N            this errcode at once, the body unread, the connection closed behind it
    html NAME          a page with status 200: "portal" (or true) is a captive portal's, "firewall"
                       and "gateway" those of proxies, "xml" and "text" another service's
    redirect URL       to there, with status 302
    garbage N          N bytes that are no HTTP, then the connection is closed
    raw TEXT           this text (latin-1) as the answer, then the connection is closed
    no_answer          true or "hold": nothing until the client goes away; "close": closed
    reset_after N      N bytes of the body are read, then the connection is reset
    status N           with one of the first four: another HTTP status

Without one of them the service judges and stores as ever. Its answer, or the one named
above (not with no_answer and reset_after), may be spoiled, also in several ways at once:

    cut N              the answer is cut at byte N and the connection closed
    content_length N   Content-Length is off by N (-5: too small), the connection stays open
    slow S             S seconds after each byte of the answer
    close true         the connection is closed behind an answer that did not say so
    gzip true          its body is compressed, whatever the client accepts
    stored_but_lost    with none of these: no answer, and the connection is closed (true or
                       "close") or held open until the client goes away ("hold")

With any of them, or alone:

    delay {"before_read": S, "before_answer": S, "before_body": S}
                       seconds; before_body is between the answer's head and its body
    times N            for how many requests (1)
    token TEXT         for requests with this AccessToken only
    on KIND            for requests of another kind than "image": "report" and "read" (of
                       attributes), "event", "write" (by an app), or "any" of them
    shape NAME         with "on": "read": attributes under "data", or at the "top"
    containing TEXT    for pictures with this text (latin-1) somewhere in their bytes only
"""

import collections
import dataclasses
import json
import math
from dataclasses import dataclass, field

BODY = "before_body"
IMAGE, REPORT, READ, EVENT, WRITE, ANY = "image", "report", "read", "event", "write", "any"
KINDS = (IMAGE, REPORT, READ, EVENT, WRITE, ANY)
TOP = "top"
_SHAPES = ("data", TOP)
PAGES = ("portal", "firewall", "gateway", "xml", "text")


class FaultError(Exception):
    """The JSON is no fault; the text names the field."""


@dataclass
class Fault:
    """One fault; the fields are those of its JSON, None or {} where it has none."""

    errcode: int | None = None
    early: int | None = None
    html: bool | str | None = None
    redirect: str | None = None
    garbage: int | None = None
    raw: str | None = None
    no_answer: bool | str | None = None
    reset_after: int | None = None
    stored_but_lost: bool | str | None = None
    status: int | None = None
    cut: int | None = None
    content_length: int | None = None
    slow: float | None = None
    close: bool | None = None
    gzip: bool | None = None
    delay: dict[str, float] = field(default_factory=dict)
    times: int = 1
    token: str | None = None
    containing: str | None = None
    on: str | None = None
    shape: str | None = None

    def meant_for(self, token, kind):
        """Return whether it waits for such a request of the device `token`."""
        return self.token in (None, token) and (self.on or IMAGE) in (kind, ANY)

    @property
    def judged(self):
        """Whether the service itself judges the request."""
        instead = [name for name in _INSTEAD if getattr(self, name) is not None]
        return instead in ([], ["stored_but_lost"])

    @property
    def unanswered(self):
        """None, or what happens in place of an answer: "hold" or "close"."""
        for found, usual in ((self.no_answer, "hold"), (self.stored_but_lost, "close")):
            if found is not None:
                return usual if found is True else found
        return None

    @property
    def spoils(self):
        """Whether the answer must be written byte for byte, past aiohttp."""
        given = (self.early, self.raw, self.garbage, self.cut, self.content_length, self.slow)
        given += (self.close, self.gzip, self.delay.get(BODY))
        return any(value is not None for value in given)

    @property
    def closes(self):
        """Whether the connection is closed behind a spoiled answer."""
        return any(
            value is not None
            for value in (self.early, self.raw, self.garbage, self.cut, self.close)
        )

    def as_json(self):
        """Return the fault as it was given, with the times left."""
        given = dataclasses.asdict(self)
        return {name: value for name, value in given.items() if value not in (None, {})}

    def names(self):
        """Return the names of what it does, for the journal."""
        return [name for name in self.as_json() if name not in _FOR_WHOM]


def _integer(value):
    return isinstance(value, int) and not isinstance(value, bool)


def _seconds(value):
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    return math.isfinite(value) and 0 <= value <= 3600


def _text(value):
    return isinstance(value, str) and value != ""


def _latin(value):
    return _text(value) and all(ord(sign) < 256 for sign in value)


def _header(value):
    return _text(value) and value.isascii() and value.isprintable()


def _count(value):
    return _integer(value) and value >= 0


def _true(value):
    return value is True


def _page(value):
    return value is True or (isinstance(value, str) and value in PAGES)


def _open_or_closed(value):
    return value is True or value in ("hold", "close")


_FIELDS = {
    "errcode": (_integer, "a whole number"),
    "early": (_integer, "a whole number"),
    "html": (_page, "true, " + ", ".join(PAGES)),
    "redirect": (_header, "a URL in ASCII"),
    "garbage": (_count, "a number of bytes"),
    "raw": (_latin, "a text of latin-1 characters"),
    "no_answer": (_open_or_closed, 'true, "hold" or "close"'),
    "reset_after": (_count, "a number of bytes"),
    "stored_but_lost": (_open_or_closed, 'true, "close" or "hold"'),
    "status": (lambda value: _integer(value) and 200 <= value <= 599, "200 to 599"),
    "cut": (_count, "a number of bytes"),
    "content_length": (lambda value: _integer(value) and value != 0, "a number, not 0"),
    "slow": (_seconds, "seconds per byte"),
    "close": (_true, "true"),
    "gzip": (_true, "true"),
    "times": (lambda value: _integer(value) and value >= 1, "a whole number, 1 or more"),
    "token": (_text, "an AccessToken"),
    "containing": (_latin, "a text of latin-1 characters"),
    "on": (lambda value: value in KINDS, "one of " + ", ".join(KINDS)),
    "shape": (lambda value: value in _SHAPES, " or ".join(_SHAPES)),
}
_FOR_WHOM = ("times", "token", "containing", "on")
_STAGES = ("before_read", "before_answer", BODY)
_INSTEAD = (
    "errcode",
    "early",
    "html",
    "redirect",
    "garbage",
    "raw",
    "no_answer",
    "reset_after",
    "stored_but_lost",
)
_UNANSWERED = ("no_answer", "reset_after", "stored_but_lost")
_WITH_STATUS = ("errcode", "early", "html", "redirect")
_SPOILING = ("cut", "content_length", "slow", "close", "gzip")


def parse(text):
    """Make a list of Fault of JSON `text`: one object, or a list of them.

    Raises FaultError.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FaultError(f"not JSON: {error}") from error
    if isinstance(found, dict):
        return [_fault(found, "")]
    if not isinstance(found, list):
        raise FaultError("expected an object or a list of objects")
    return [_fault(item, f"[{number}].") for number, item in enumerate(found)]


def _fault(found, place):
    if not isinstance(found, dict):
        raise FaultError(f"{place[:-1]}: expected an object")
    for name, value in found.items():
        if name == "delay":
            _check_delay(value, place)
        elif name not in _FIELDS:
            raise FaultError(f"{place}{name}: unknown; known: {', '.join([*_FIELDS, 'delay'])}")
        elif not _FIELDS[name][0](value):
            raise FaultError(f"{place}{name}: expected {_FIELDS[name][1]}, found {value!r}")
    _check_combination(found, place)
    return Fault(**found)


def _check_delay(value, place):
    if not isinstance(value, dict) or not value:
        raise FaultError(f"{place}delay: expected an object of {', '.join(_STAGES)}")
    for stage, seconds in value.items():
        if stage not in _STAGES:
            raise FaultError(f"{place}delay.{stage}: unknown; known: {', '.join(_STAGES)}")
        if not _seconds(seconds):
            raise FaultError(f"{place}delay.{stage}: expected seconds, found {seconds!r}")


def _check_combination(found, place):
    instead = [name for name in _INSTEAD if name in found]
    spoiling = [name for name in _SPOILING if name in found]
    if len(instead) > 1:
        raise FaultError(f"{place}{instead[1]}: cannot go with {instead[0]}")
    if spoiling and any(name in _UNANSWERED for name in instead):
        raise FaultError(f"{place}{spoiling[0]}: cannot go with {instead[0]}")
    if "status" in found and not any(name in _WITH_STATUS for name in instead):
        raise FaultError(f"{place}status: goes only with {', '.join(_WITH_STATUS)}")
    for name in ("content_length", "gzip"):
        if name in found and any(other in ("raw", "garbage") for other in instead):
            raise FaultError(f"{place}{name}: cannot go with {instead[0]}")
    if "shape" in found and (found.get("on") != READ or instead):
        raise FaultError(f'{place}shape: goes only with "on": "{READ}", and no other answer')
    if not instead and not spoiling and "delay" not in found and "shape" not in found:
        raise FaultError(f"{place[:-1] or 'the object'} names no fault")


class Faults:
    """The faults waiting for requests of devices, first in, first out."""

    def __init__(self):
        self._queue = collections.deque()

    def add(self, faults):
        """Queue a list of Fault."""
        self._queue.extend(faults)

    def withdraw(self, fault):
        """Take a Fault that waits out of the queue; nothing happens if it is not there."""
        self._queue = collections.deque(other for other in self._queue if other is not fault)

    def waits(self, fault):
        """Return whether this very Fault waits in the queue."""
        return any(other is fault for other in self._queue)

    def wants_body(self, token, kind=IMAGE):
        """Return whether it takes the body to tell which fault a device's request gets."""
        return any(fault.containing for fault in self._queue if fault.meant_for(token, kind))

    def take(self, token, body=b"", kind=IMAGE):
        """Return the fault for a request of the device `token` with `body`, or None."""
        for fault in self._queue:
            wanted = (fault.containing or "").encode("latin-1")
            if fault.meant_for(token, kind) and wanted in body:
                fault.times -= 1
                if not fault.times:
                    self._queue.remove(fault)
                return fault
        return None

    def queued(self):
        """Return the waiting faults as a list for JSON."""
        return [fault.as_json() for fault in self._queue]

    def clear(self):
        """Forget all waiting faults."""
        self._queue.clear()
