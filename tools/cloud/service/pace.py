# The service's pace: how often one device may send.
#
# Source: ThingsCloud's "Device image upload" documentation: one request per device per
# 10 seconds. That a refused request does not open a new window is our reading.


class Pace:
    """Lets one request per device through in `interval` seconds; 0: all of them."""

    def __init__(self, interval):
        self._interval = interval
        self._opened = {}

    def admit(self, token, arrived):
        """Return whether a request may pass; if so, its window opens at `arrived`.

        `token` is the device's AccessToken, `arrived` seconds of a clock that never
        goes back.
        """
        opened = self._opened.get(token)
        if opened is not None and arrived - opened < self._interval:
            return False
        self._opened[token] = arrived
        return True
