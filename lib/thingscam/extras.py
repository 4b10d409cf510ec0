# What a configuration may ask for beyond pictures: an object each, asked in turn by the loop.

from thingscam.extra import Extra  # noqa: F401 to be had from here as well


def make(config, app):
    """Return the extras that `config` asks for, as a list; `app` is the App they belong to."""
    found = []
    if "bursts" in config.extras:
        from thingscam.bursts import Pause

        found.append(Pause(app._capture.trigger))
    return found


def trigger(config, log, clock):
    """Return the Trigger that `config` asks for, of a kind of its own."""
    from thingscam.trigger import Trigger as Kind

    if "bursts" in config.extras:
        from thingscam.bursts import Bursts as Kind
    return Kind(config.trigger, log)


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

        def _kind(self, card):
            if "bursts" not in self._config.extras:
                return super()._kind(card)
            from thingscam.outbox.thinning import kind

            return kind(card)

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
