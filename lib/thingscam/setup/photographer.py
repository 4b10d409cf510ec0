# The loop while setup is open: pictures are taken and kept, and sent when it is over.

from thingscam.loop import App
from thingscam.util.compat import const, sleep_ms

_TURN_MS = const(20)


class Photographer(App):
    """Photographs by a Config, and keeps the pictures; the radio is setup's."""

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
