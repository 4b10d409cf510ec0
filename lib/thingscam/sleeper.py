# The loop of a board that sleeps between pictures: photograph first, send, sleep again.

from thingscam import crashes
from thingscam.board import chip
from thingscam.cloud.errcodes import PACE
from thingscam.loop import App
from thingscam.util.compat import const, sleep_ms, ticks_add, ticks_diff, ticks_ms

_LOOP_MS = const(20)
_GRACE_MS = const(8000)  # a deep sleeper stays up so long after power-on: for mpremote
_BUSY_MS = const(120000)  # a deep sleeper's network waits so long for those who are there
_LAST_MS = const(3000)  # so long for motion while the board goes to sleep
_OFFLINE_MS = const(30000)  # a deep sleeper looks for the network so long


class Sleeper(App):
    """What app.run() runs where power.mode is deepsleep."""

    def run(self):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Do what this wake-up is for, and sleep again."""
        self._say_start()
        if chip.start_cause() != "deep_sleep":
            self._log.info("a deep sleeper: up for %d s first, for mpremote", _GRACE_MS // 1000)
            while ticks_diff(ticks_ms(), self._started) < _GRACE_MS:
                self.turn()
        self._photograph()  # first of all: joining Wi-Fi takes seconds
        self._deliver()
        self._sleep()

    def _photograph(self):
        self._capture.photograph()
        if "bursts" in self._config.extras:
            from thingscam.bursts import finish

            finish(self._capture, self._alive)

    def _deliver(self):
        # A deep sleeper stays up for what can be sent now, one picture in 10 s.
        give_up = ticks_add(ticks_ms(), _OFFLINE_MS)
        while self._may_go():
            self.connect()
            if self._sender.waits_ms():
                break
            self.turn()
            why = self._blocked_reason()
            busy = self.wanted() and ticks_diff(ticks_ms(), self._started) < _BUSY_MS
            if why == PACE or busy:  # one has just been sent, or is taken first
                give_up = ticks_add(ticks_ms(), _OFFLINE_MS)
            elif ticks_diff(ticks_ms(), give_up) > 0:
                # Nothing may be wrong, and yet none be sent: when the outbox cannot read them.
                self._sender.note_offline(why or "what waits cannot be read")

    def _may_go(self):
        return self._capture.holds() or len(self._outbox)

    def _sleep(self):
        self._quiet()
        give_up = ticks_add(ticks_ms(), _LAST_MS)
        while True:
            self._watchdog.feed()
            self._photograph()  # the last moment counts too
            self._capture.close()
            ms, pin = self._sleep_plan()  # from here on motion wakes the board
            late = ticks_diff(ticks_ms(), give_up) >= 0  # a sensor that never rests
            if late or not self._capture.trigger.restless():
                break
            sleep_ms(_LOOP_MS)
        self._leave(ms, pin)

    def _rest(self):
        # Without another picture.
        self._quiet()
        self._capture.close()
        self._leave(*self._sleep_plan())

    def _quiet(self):
        self._hang_up()
        if self._wifi is not None:
            self._wifi.off()
        self._status.off()

    def _leave(self, ms, pin):
        crashes.healthy()
        self._capture.abandon()
        if len(self._outbox):
            left = self._left_ms()
            ms = min(ms or left, left)
        self._log.info("asleep, %d waiting, waking in %s", len(self._outbox), _plan(ms, pin))
        self._log.flush()
        for number in self._sleep_pins:
            chip.hold(number, self._sleep_pins[number])
        chip.deep_sleep(ms, pin)

    def _left_ms(self):
        self.connect()
        return max(self._sender.left_ms(), 1)

    def _sleep_plan(self):
        return self._capture.trigger.sleep_plan()


class Either(Sleeper):
    """What runs with a battery that may have a board sleep which else stays awake."""

    def run(self):
        """Do as Sleeper, or photograph and send until the battery asks for a sleep."""
        if self._config.power.mode == "deepsleep":
            super().run()
        self._say_start()
        self._capture.ready()
        while not self._rests():  # pyright: ignore[reportAttributeAccessIssue] extras.py has it
            self.turn()
        self._rest()


def _plan(ms, pin):
    plans = ["%d s" % (ms // 1000)] if ms else []
    return " or ".join(plans if pin is None else plans + ["at motion"])
