# The loop of a board that stays awake: photograph what triggers ask for, get it to the service.

from thingscam import __version__, crashes
from thingscam.board import chip, rtc, watchdog
from thingscam.board.clock import Clock
from thingscam.board.counters import Counters
from thingscam.capture import Capture
from thingscam.status import Status
from thingscam.util.compat import const, sleep_ms, ticks_diff, ticks_ms
from thingscam.util.log import Log

_LOOP_MS = const(20)
_HEALTHY_MS = const(60000)
_MAX_UNANSWERED = const(5)  # uploads without any answer until Wi-Fi is joined afresh
_OFF_S = const(60)
_HOUR_S = const(3600)
_DAY_S = const(86400)
_PWDN = const(14)  # of a board's camera pins


class App:
    """What app.run() runs: the parts, and who is asked when.

    After a deep sleep the network's parts are not there before connect(): not imported either.
    """

    _wifi = _sender = None

    def __init__(self, config):
        profile = config.profile
        cause = chip.start_cause()
        woken = config.power.mode != "awake" and cause == "deep_sleep"
        self._config = config
        self._started = ticks_ms()
        self._log = Log(config.log.level, config.secrets, ".", sparing=woken)
        self._counters = Counters()
        self._counters.add(cause)
        self._sleep_pins = _sleep_pins(profile)
        for pin in self._sleep_pins:
            chip.let_go(pin)
        box = config.outbox
        self._outbox = self._kind(config.on_card())(
            box.path, box.max_bytes, box.policy, self._log, memory=rtc.Place(rtc.SENT)
        )
        parts = (self._log, self.wanted, self._clock_set, self._gateway)
        hourly = config.power.mode != "awake"  # in a deep sleep it goes wrong by percents
        self._clock = Clock(config.clock.servers, *parts, _HOUR_S if hourly else _DAY_S)
        parts = (self._outbox, self._clock, self._log, self._counters)
        self._status = Status(profile, *parts)
        self._capture = Capture(config, profile, *parts, self._alive)
        self._sent = None
        self._unproven = True
        self._online = self._closed_for_tls = False
        if not woken:
            self.connect()
        # Last: what cannot start for a mistake in the configuration must not restart for ever.
        self._watchdog = watchdog.Watchdog(config.power.watchdog_s)

    def run(self):
        """Photograph and send, for ever."""
        self._say_start()
        self._capture.ready()
        while True:
            self.turn()

    def connect(self):
        """Make what it takes to send. Raises CertificateError when cloud.ca cannot be used."""
        if self._sender is None:
            from thingscam.board.wifi import Wifi
            from thingscam.sender import Sender

            self._wifi = Wifi(self._config.wifi, self._log, self.wanted)
            self._sender = Sender(self._config, self._outbox, self._log, self._counters, self)

    def turn(self):
        """Go round once: nothing in it waits but one upload, if one may start."""
        self._watchdog.feed()
        shot = self._capture.photograph(self._may_send)
        if shot is not None:
            self._send_frame(shot)
        self._network()
        if self._blocked_reason() is None:
            if self._capture.holds():
                self._capture.offer(self._send_held)
            elif len(self._outbox):
                self._send(self._sender.send_kept)
        self._capture.count_losses()
        why = self._blocked_reason()
        self._status.show(self._online, self._sender.trouble, why)
        self._status.log_backlog(why)
        self._log.step()
        if self._unproven and ticks_diff(ticks_ms(), self._started) > _HEALTHY_MS:
            self._unproven = False
            crashes.healthy()
        sleep_ms(_LOOP_MS)

    def status(self):
        """Return counters and state as a dict."""
        return self._status.as_dict(self._blocked_reason(), self._wifi and self._wifi.rssi())

    def crashed(self, e):
        """Put an error that nobody foresaw into the ring file: no one reads a roof's console."""
        self._log.error("crashed, %s: %s", type(e).__name__, e)
        self._log.flush()

    def close(self):
        """Leave the board to a person at the REPL."""
        self._watchdog.give_an_hour()
        self._hang_up()
        self._capture.settle(False)  # if Ctrl-C came before the first byte of it
        self._capture.close()
        self._capture.trigger.close()
        self._log.flush()

    # What the sender asks for while it is sending.

    def wanted(self):
        """Return whether a picture is due or may be any moment: no time for a look-up."""
        return self._capture.trigger.wanted()

    def progress(self, sent):
        """Take note of `sent` bytes, and see to triggers: they cannot wait for the end."""
        if sent != self._sent:
            self._sent = sent
            self._watchdog.feed()
        self._status.sending()
        self._capture.meanwhile()

    def free_memory(self):
        """Give memory back, for a TLS handshake."""
        self._closed_for_tls = True  # camera and connection have no room beside each other
        self._capture.close()

    def dated(self, stamp):
        """Return when a picture was taken, in seconds since 1970 or None: see Clock.dated()."""
        return self._clock.dated(stamp)

    def too_large(self, size):
        """Take smaller pictures than one of `size` bytes."""
        self._capture.too_large(size)

    def _send(self, call, *arguments):
        self._status.sending()
        self._sent = None
        watchdog.waiting(True)
        result = call(*arguments)
        watchdog.waiting(False)
        date = self._sender.date()
        if date is not None:
            self._clock.compare(date)
        if self._is_certificate():
            self._clock.doubted()
        if self._closed_for_tls:
            self._closed_for_tls = False
            self._sender.hang_up()
            if self._config.power.mode == "awake":
                self._capture.ready()
        if self._sender.unanswered >= _MAX_UNANSWERED:
            self._log.warning("no answer %d times in a row: joining Wi-Fi afresh", _MAX_UNANSWERED)
            self._sender.unanswered = 0
            self._wifi.off()
        return result

    def _say_start(self):
        cause, waiting = chip.start_cause(), len(self._outbox)
        self._log.info("start: thingscam %s, %s, %d waiting", __version__, cause, waiting)
        for text in (crashes.ended, self._config.too_old):
            if text:
                self._log.warning(text)

    def _hang_up(self):
        if self._sender is not None:
            self._sender.hang_up()

    def _gateway(self):
        return self._wifi.gateway()

    def _alive(self):
        self._watchdog.feed()

    def _may_send(self):
        # Past the outbox only over an open connection: connecting may hang, and the power go.
        waits = len(self._outbox) or self._blocked_reason() is not None
        return not waits and self._sender.connected()

    def _send_frame(self, shot):
        accepted = False
        try:
            accepted = self._send(self._sender.send_frame, *shot)
        finally:  # Ctrl-C must not cost the picture, nor a fault of ours
            self._capture.settle(accepted)

    def _send_held(self, frame, captured_at, cause):
        return self._send(self._sender.send_frame, frame, captured_at, cause)

    def _network(self):
        online = self._wifi.step()
        if online:
            if not self._online:
                self._clock.joined()
            self._clock.step()
        elif self._online:
            self._sender.hang_up()
        self._online = online

    def _clock_set(self, off_s):
        if abs(off_s) > _OFF_S and self._is_certificate():
            self._sender.backoff.success()  # it may be good by the right time

    def _is_certificate(self):
        # Whether the last trouble was a certificate: nobody answered, and waiting does not help.
        trouble = self._sender.trouble
        return trouble is not None and trouble.status is None and trouble.action == "stop"

    def _kind(self, card):
        # Which outbox: what the configuration does not use is not imported.
        if card:
            from thingscam.outbox.card import CardOutbox as Outbox
        else:
            from thingscam.outbox.policy import Outbox
        return Outbox

    def _blocked_reason(self):
        if not self._online:
            return "no Wi-Fi"
        if self._sender.needs_clock and not self._clock.is_set():
            return "the clock is not set, no certificate can be checked"
        return self._sender.blocked_reason()


def _sleep_pins(profile):
    # What would draw current in a deep sleep: {pin: the level that switches it off}.
    pins = profile.pins
    found = {profile.light: 0, profile.lamp: 0}
    found[pins[_PWDN] if pins and pins[_PWDN] >= 0 else None] = 1
    found.pop(None, 0)
    return found
