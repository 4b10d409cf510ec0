# What a configuration may ask for beyond pictures: an object each, asked in turn by the loop.


def make(config, app):
    """Return the extras that `config` asks for, as a list; `app` is the App they belong to."""
    found = []
    if "bursts" in config.extras:
        from thingscam.bursts import Pause

        found.append(Pause(app._capture.trigger))
    if "report" in config.extras:
        from thingscam.report import Report

        found.append(Report(config, app))
    if _has_hours(config):
        found.append(app._capture.trigger.hours)
    if "remote" in config.extras and hasattr(config.remote, "state"):
        from thingscam.remote.remote import Remote

        found.append(Remote(config, app))
    if "setup" in config.extras:
        from thingscam.setup.watch import Watch

        found.append(Watch(config, app._log))
    if "update" in config.extras:
        from thingscam.update.updater import Updater

        found.append(Updater(config, app))
    # Last: none plans for a sleep that the battery asks for.
    if "battery" in config.extras and config.battery.pin is not None:
        from thingscam.battery import Battery

        found.append(Battery(config, app._log, app._capture, app.waits))
    return found


def _has_hours(config):
    return "schedule" in config.extras and config.schedule.windows


def trigger(config, log, clock):
    """Return the Trigger that `config` asks for, of a kind of its own."""
    from thingscam.trigger import Trigger as Kind

    if "bursts" in config.extras:
        from thingscam.bursts import Bursts as Kind
    if _has_hours(config):
        from thingscam.schedule.hours import Hours, within

        hours = Hours(config.schedule, log, clock, config.power.mode != "awake")
        return within(Kind)(config.trigger, log, hours)
    return Kind(config.trigger, log)


def loop(base):
    """Return the class `base`, App or Sleeper, with the extras in it."""
    return _sending(_having(base))


def _having(base):
    # They are made, and asked each turn.

    class Having(base):
        _extras = ()
        talk = None  # with the service beside pictures, a Talk: made by who has something to say

        def __init__(self, config):
            super().__init__(config)
            self._have_extras()

        def connect(self):
            self._have_extras()  # before the radio
            super().connect()

        def run(self):
            if self._rests():
                self._rest()
            super().run()

        def status(self):
            found = super().status()
            for extra in self._extras:
                found.update(extra.status())
            return found

        def progress(self, sent):
            super().progress(sent)
            if self.talk is not None:
                self.talk.progress()

        def accepted(self, cause):
            """Take note that the service has a picture of this `cause`."""
            for extra in self._extras:
                extra.accepted(cause)

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

        def _rests(self):
            return any(extra.rests() for extra in self._extras)

    return Having


def _sending(base):
    # They say when pictures go, and for how long the board sleeps.

    class Sending(base):
        def waits(self):
            """Return whether pictures wait."""
            return self._capture.holds() or len(self._outbox) > 0

        def say(self, call, *arguments):
            """Do as _send() what is no picture."""
            return super()._send(call, *arguments)

        def _send(self, call, *arguments):
            result = super()._send(call, *arguments)
            if not self.waits():
                self._sent_all()
            return result

        def _sent_all(self):
            for extra in self._extras:
                extra.sent()

        def _held_back(self):
            for extra in self._extras:
                why = extra.blocked_reason()
                if why:
                    return why
            return None

        def _blocked_reason(self):
            return self._held_back() or super()._blocked_reason()

        def _may_go(self):
            return self._held_back() is None and super()._may_go()

        def _deliver(self):
            self._send_all()
            while any(extra.busy(self._online) for extra in self._extras):
                self.connect()
                self.turn()
                self._send_all()

        def _send_all(self):
            if self._may_go():
                super()._deliver()
                self._sent_all()

        def _left_ms(self):
            left = max([extra.left_ms() or 0 for extra in self._extras] + [0])
            return left or super()._left_ms()

        def _sleep_plan(self):
            ms, pin = super()._sleep_plan()
            for extra in self._extras:
                ms, pin = extra.sleep_plan(ms, pin)
            return ms, pin

    return Sending
