# What of the camera a person should know at once: each at most once an hour, and when it is over.

import struct

from thingscam.board import places, rtc
from thingscam.board.counters import NAMES
from thingscam.cloud import errcodes
from thingscam.util.compat import const

# The first four last, and their end is told as the last one.
_NAMES = ("stopped", "storage_failed", "battery_low", "camera_failed", "crashed", "recovered")
_LASTING = const(4)
_CRASHED = const(4)
_RECOVERED = const(5)
_HOUR_S = const(3600)

# When each was told or tried last, in s; of which of the first four it is known that they are;
# crashes that were told.
_RECORD = "<6IBH"
_CAPTURED = NAMES.index("captured")
_FAILED = NAMES.index("capture_failed")
_SENT = NAMES.index("sent")
_CRASHES = NAMES.index("crash")


class Events:
    """Watches the App `app`; what was told is kept over deep sleep and resets."""

    def __init__(self, app):
        self._app = app
        self._counts = app._counters._values
        self._sent = self._counts[_SENT]
        self._captured = self._counts[_CAPTURED]
        self._failed = self._counts[_FAILED]
        self._camera = None  # how the last picture went, as _what()
        kept = rtc.recall(places.EVENTS)
        found = struct.unpack(_RECORD, kept) if kept else (0,) * 8
        self._times = list(found[:6])
        self._told, self._crashes = found[6:]

    def next(self):
        """Return (name, a text about it) of what is to be told now, or None."""
        for kind in range(len(_NAMES)):
            if self._is_resting(kind):
                continue
            what = self._over() if kind == _RECOVERED else self._what(kind)
            if what and not self._told & 1 << kind:
                return _NAMES[kind], what
        return None

    def tried(self, event, success):
        """Take note that what next() returned was told, or could not be."""
        name, what = event
        kind = _NAMES.index(name)
        self._times[kind] = max(_now_s(), 1)  # pyright: ignore
        if success and kind < _LASTING:
            self._told |= 1 << kind
        elif success and kind == _RECOVERED:
            self._told &= ~(1 << _NAMES.index(what))
        elif success:
            self._crashes = self._counts[_CRASHES] & 0xFFFF
        record = struct.pack(_RECORD, *(self._times + [self._told, self._crashes]))
        rtc.remember(places.EVENTS, record)

    def _is_resting(self, kind):
        at = self._times[kind]
        return at and (_now_s() - at) & 0xFFFFFFFF < _HOUR_S

    def _over(self):
        for kind in range(_LASTING):
            if self._told & 1 << kind and self._what(kind) == "":
                return _NAMES[kind]
        return None

    def _what(self, kind):
        # What is wrong, a text; an empty one: nothing; None: nobody knows.
        counts, app = self._counts, self._app
        if kind == 0:
            trouble = app._sender and app._sender.trouble
            if trouble and trouble.action == errcodes.STOP:
                return str(trouble)
            return "" if counts[_SENT] != self._sent and not trouble else None
        if kind == 1:
            return app._outbox.fault or ""
        if kind == 2:
            level = self._battery()
            return level if level in ("low", "critical") else level and ""
        if kind == _CRASHED:
            return self._crashes != counts[_CRASHES] & 0xFFFF and "the app has crashed"
        if counts[_CAPTURED] != self._captured:
            self._captured, self._failed = counts[_CAPTURED], counts[_FAILED]
            self._camera = ""
        elif counts[_FAILED] != self._failed:
            self._camera = "no picture can be taken"
        return self._camera

    def _battery(self):
        # What the extra that knows says; None: none does.
        for extra in self._app._extras:
            level = extra.status().get("battery")
            if level:
                return level
        return None


def _now_s():
    return rtc.steady_ms() // 1000 & 0xFFFFFFFF
