# What the board tells of itself: by the LED, in the log, and to people at the REPL.

from thingscam import __version__
from thingscam.board import chip, rtc
from thingscam.cloud import errcodes
from thingscam.led import Led
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_SETTLE_MS = const(20000)  # joining Wi-Fi at the start is no news
_REPEAT_MS = const(3600000)


class Status:
    """Shows and tells how things stand; `profile` is the board's, the rest the app's parts."""

    def __init__(self, profile, outbox, clock, log, counters):
        self._led = Led(chip.Light(profile.led, profile.led_low))
        self._outbox = outbox
        self._clock = clock
        self._log = log
        self._counters = counters
        self._started = rtc.steady_ms()
        self._why = None  # nothing goes out
        self._log_at = ticks_ms()
        self._led.show("starting")

    def show(self, online, trouble, why=None):
        """Have the LED show how things stand.

        `online`: whether Wi-Fi is joined; `trouble`: the last UploadError, or None; `why` as
        in log_backlog().
        """
        if trouble is not None and trouble.action == errcodes.STOP:
            self._led.show("stopped")
        elif self._outbox.fault:
            self._led.show("storage")
        elif not online:
            self._led.show("joining")
        else:
            held = why is not None and why != errcodes.PACE and len(self._outbox)
            self._led.show("held" if held else "waiting")
        self._led.step()

    def sending(self):
        """Have the LED show that an upload is under way."""
        self._led.show("sending")
        self._led.step()

    def off(self):
        """Switch the LED off."""
        self._led.off()

    def log_backlog(self, why):
        """Say in the log what waits, and `why` (None: it is going out): when it lasts, hourly."""
        waiting = len(self._outbox)
        if not waiting or why is None or why == errcodes.PACE:
            self._why = None
            return
        if why != self._why:
            self._why, self._log_at = why, ticks_add(ticks_ms(), _SETTLE_MS)
        if ticks_diff(self._log_at, ticks_ms()) > 0:
            return
        self._log_at = ticks_add(ticks_ms(), _REPEAT_MS)
        age = self._oldest_s()
        age = "unknown" if age is None else "%d s" % age
        self._log.info("%d waiting, the oldest for %s: %s", waiting, age, why)

    def as_dict(self, why, rssi):
        """Return all there is to know as a dict; `why` as for log_backlog(), `rssi` in dBm."""
        found = self._counters.as_dict()
        found.update(
            version=__version__,
            waiting=len(self._outbox),
            waiting_bytes=self._outbox.bytes_used,
            oldest_s=self._oldest_s(),
            blocked_reason=why,
            rssi=rssi,
            clock_set=self._clock.is_set(),
            uptime_s=(rtc.steady_ms() - self._started) // 1000,
        )
        return found

    def _oldest_s(self):
        oldest = self._outbox.oldest()
        now = self._clock.now()
        taken = None if oldest is None else self._clock.dated(oldest.captured_at)
        return None if taken is None or now is None else now - taken
