# What the loop asks of each extra.


class Extra:
    """What the loop asks of an extra, and what one that does not care answers."""

    def step(self, online):
        """Do a bit: called each turn; `online` tells whether Wi-Fi is joined."""

    def blocked_reason(self):
        """Return why no picture may be sent now, a text, or None."""

    def left_ms(self):
        """Return for how many ms blocked_reason() will have one; 0 or None: not known."""

    def accepted(self, cause):
        """Take note that the service has a picture of this `cause`, a text."""

    def sent(self):
        """Take note that nothing waits any more, or that a sleeper has done what it could."""

    def sleep_plan(self, ms, pin):
        """Return how long to sleep deeply, in ms (0: no limit), and the pin that may wake.

        The arguments are what was planned without it.
        """
        return ms, pin

    def rests(self):
        """Return whether the board is to sleep now, also one that stays awake, without a picture.

        Asked at the start, and by a board that stays awake at each turn.
        """

    def busy(self, online):
        """Return whether the board is to stay up: asked where it would sleep deeply otherwise."""

    def status(self):
        """Return what App.status() is to tell of it, a dict."""
        return {}
