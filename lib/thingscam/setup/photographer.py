# The loop while setup is open: pictures are taken and kept, and sent when it is over.

from thingscam.board import chip
from thingscam.loop import App
from thingscam.util.compat import const, sleep_ms

_TURN_MS = const(20)


class Photographer(App):
    """Photographs by a Config, and keeps the pictures; the radio is setup's.

    `take_camera()` is called before its camera is used: who has it is to give it back.
    """

    take_camera = None

    def connect(self):
        """Make nothing of what it takes to send."""

    def turn(self):
        """Photograph what is due; takes 20 ms at the least."""
        self._watchdog.feed()
        self._capture.photograph()
        self._capture.count_losses()
        self._status.show(False, None)
        self._log.step()
        sleep_ms(_TURN_MS)

    def meanwhile(self):
        """Do what cannot wait while something is sent."""
        self._watchdog.feed()
        self._capture.meanwhile()

    def give_camera(self):
        """Give the camera back, until a picture is due."""
        self._capture.close()

    def feed(self):
        """Tell the watchdog that there is progress."""
        self._watchdog.feed()

    def seen(self):
        """Return what sensor and battery have to say, a dict."""
        found = {}
        pin = self._config.trigger.pir_pin
        if pin is not None:
            # Whether it asks for a picture or not.
            found["motion"] = chip.input_pin(pin).value()
        battery = getattr(self._config, "battery", None)
        if battery is not None and battery.pin is not None:
            from thingscam.board.adc import NoVoltageError, read_mv

            try:
                found["battery_mv"] = int(read_mv(battery.pin) * battery.divider)
            except NoVoltageError:
                pass  # nothing is wired there
        return found

    def _alive(self):
        # Before each use of the camera's driver.
        if self.take_camera is not None:
            self.take_camera()
        self._watchdog.feed()
