# What a configuration may ask for beyond pictures: an object each, asked in turn by the loop.


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


def make(config, app):
    """Return the extras that `config` asks for, as a list; `app` is the App they belong to."""
    return []


def loop(base):
    """Return the class `base`, App or Sleeper, with the extras in it."""

    class Extended(base):
        _extras = ()

        def __init__(self, config):
            super().__init__(config)
            self._have_extras()

        def connect(self):
            self._have_extras()  # before the radio
            super().connect()

        def _have_extras(self):
            if not self._extras:
                self._extras = make(self._config, self)

        def _network(self):
            super()._network()
            for extra in self._extras:
                extra.step(self._online)

        def _blocked_reason(self):
            for extra in self._extras:
                why = extra.blocked_reason()
                if why:
                    return why
            return super()._blocked_reason()

        def _sleep_plan(self):
            ms, pin = super()._sleep_plan()
            for extra in self._extras:
                ms, pin = extra.sleep_plan(ms, pin)
            return ms, pin

    return Extended
