# What the loop asks of each extra.


class Extra:
    """What the loop asks of an extra, and what one that does not care answers."""

    def step(self, online):
        """Do a bit: called each turn; `online` tells whether Wi-Fi is joined."""

    def blocked_reason(self):
        """Return why no picture may be sent now, a text, or None."""

    def sleep_plan(self, ms, pin):
        """Return how long to sleep deeply, in ms (0: no limit), and the pin that may wake.

        The arguments are what was planned without it.
        """
        return ms, pin
