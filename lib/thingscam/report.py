# Tells the service how the camera is: each period, and by events at once.

from thingscam.board import places, rtc
from thingscam.cloud import errcodes
from thingscam.cloud.uploader import UploadError
from thingscam.events import Events
from thingscam.extra import Extra
from thingscam.talk import Talk
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms, unload

_LOOK_MS = const(250)
_HOUR_MS = const(3600000)
_MOST_MS = const(518400000)
_UP_MS = const(30000)  # a deep sleeper looks for the network so long
_QUOTA = const(413)  # the service's errcodes
_TOO_OFTEN = const(403)
_APART_MS = const(60000)  # between two messages; behind a picture, where the service wants that
_AGAIN_MS = const(600000)


class Report(Extra):
    """Sends a report when its period is over, and events, in moments without a picture.

    What cannot be sent is dropped: the next report goes a period later. A deep sleeper sends it in
    a wake that is online anyway once a period is over; after two it goes online for it.
    `taken` tells whether the service has taken one since the start.
    """

    taken = False

    def __init__(self, config, app):
        self._config = config
        self._app = app
        self._every_ms = config.report.every_s * 1000
        # In deep sleep a bit early is better than half a period late.
        self._early_ms = 0 if config.power.mode == "awake" else self._every_ms // 10
        self._due = rtc.Deadline(places.REPORT, _MOST_MS, past_ms=_MOST_MS)
        self._events = Events(app)
        self._apart = rtc.recall(places.APART) == b"\1"
        self._looked = self._picture_at = ticks_ms()
        self._quiet = True  # no picture was sent since _APART_MS
        self._said = None  # ticks of the last message
        self._give_up = None  # ticks
        if app.talk is None:
            app.talk = Talk(config, app)

    def step(self, online):
        now = ticks_ms()
        if not online or ticks_diff(now, self._looked) < _LOOK_MS:
            return
        self._looked = now
        if self._app._sender.interval.left_ms():
            self._picture_at, self._quiet = now, False
        elif ticks_diff(now, self._picture_at) > _APART_MS:
            self._quiet = True
        if self._must_wait():
            return
        event = self._events.next()
        if event is None and not self._is_due():
            return
        ms = self._app.talk.moment_ms()
        if ms and event is not None:
            self._events.tried(event, self._say(ms, "tell", *event))
        elif ms:
            self._due.set(self._every_ms)
            self.taken = self._say(ms, "report") or self.taken

    def busy(self, online):  # pyright: ignore[reportIncompatibleMethodOverride]
        now = ticks_ms()
        if self._give_up is None:
            self._give_up = ticks_add(now, _UP_MS)
        event = self._events.next()
        if ticks_diff(self._give_up, now) <= 0:
            if event is not None:
                self._events.tried(event, False)
            return False
        if self._must_wait():
            return False
        if self._is_overdue() or event is not None:
            return True
        return online and self._is_due()

    def soon(self):
        """Have a report go as soon as the service takes one; return whether there are any."""
        if self._every_ms:
            self._due.clear()
        return self._every_ms > 0

    def sleep_plan(self, ms, pin):
        if self._every_ms:
            if self._is_overdue() and self._said is None:
                self._due.set(self._every_ms)  # there was no network
            own = max(self._due.left_ms() + self._every_ms, _APART_MS)
            ms = min(ms or own, own)
        return ms, pin

    def _must_wait(self):
        if self._said is not None and ticks_diff(ticks_ms(), self._said) < _APART_MS:
            return True
        self._said = None
        return self._apart and not self._quiet

    def _is_due(self):
        return self._every_ms > 0 and self._due.left_ms() <= self._early_ms

    def _is_overdue(self):
        left = self._due.left_ms()  # 0: the power came on
        return self._every_ms > 0 and (left <= -self._every_ms or not left)

    def _say(self, ms, name, *arguments):
        # Has health.py do it; returns whether it was taken.
        try:
            from thingscam import health

            call = getattr(health, name)
            self._said = ticks_ms()
            self._app.talk.say(ms, call, self._config, self._app, *arguments)
            return True
        except UploadError as e:
            self._failed(e)
        except (ImportError, OSError, MemoryError) as e:
            self._app._log.warning("no report: %s", e)
        finally:
            unload("health")
        return False

    def _failed(self, e):
        self._app._log.warning("no report: %s", e)
        if e.errcode == _TOO_OFTEN and not self._apart:
            self._apart = True
            rtc.remember(places.APART, b"\1")
            self._quiet = False
            self._picture_at = ticks_ms()
            self._due.set(min(self._every_ms, _AGAIN_MS) or _AGAIN_MS)
        elif e.errcode == _QUOTA or e.action == errcodes.STOP:
            self._due.set(max(self._every_ms, _HOUR_MS))
