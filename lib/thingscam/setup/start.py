# Setup by telephone: when it opens, how long it is open, what goes on meanwhile, how it ends.

from thingscam.board import chip
from thingscam.config import ConfigError
from thingscam.http import CertificateError
from thingscam.setup import pulled_up
from thingscam.util.compat import const, sleep_ms, ticks_diff, ticks_ms, unload
from thingscam.util.log import Log

_HELD_MS = const(3000)
_WIRE_MS = const(10000)  # held for longer: a wire, for safe mode
_UNUSED_MS = const(600000)
_LONGEST_MS = const(3600000)  # a page that was left open uses it for ever
_LAST_MS = const(3000)  # for the last page to get out
_TURN_MS = const(20)
_HTTP = const(80)
_DNS = const(53)


def main(why):
    """Open setup behind a start that did not lead to the app, if `why` is a reason to.

    That is a ConfigError; or a text of safemode.reason(), that setup was asked for, or that a pin
    is held to GND, if it is let go after three seconds and before ten.
    """
    if not hasattr(chip.machine, "Pin"):
        return
    reason = why if isinstance(why, str) else ""
    wanted = "held" in reason or "asked" in reason
    if not wanted and not isinstance(why, ConfigError):
        return
    if reason[:4] == "GPIO":
        pin = pulled_up(int(reason[4:].split()[0]))
        since = ticks_ms()
        print("For setup by telephone let go of it after 3 s.")
        while not pin.value():
            sleep_ms(_TURN_MS)
            if ticks_diff(ticks_ms(), since) > _WIRE_MS:
                return
        if ticks_diff(ticks_ms(), since) < _HELD_MS:
            return
    begin()


def begin():
    """Open setup; restart the board behind it if its configuration is of use, or return."""
    if not hasattr(chip.machine, "unique_id"):
        return
    config = _configured()
    log = Log("info", config.secrets if config else None, ".")
    app = _photographer(config, log)
    setup = None
    try:
        setup = Setup(log, _password(), app)
        while not setup.over():
            setup.step()
    except Exception as e:  # also a fault of ours: the camera goes on
        print("setup by telephone:", type(e).__name__, e)
        log.error("setup by telephone ends: %s, %s", type(e).__name__, e)
    finally:
        if setup is not None:
            setup.close()
        if app is not None:
            app.close()
        log.flush(True)
    if _configured() is not None:
        chip.reset()


class Setup:
    """Setup while it is open, with the access point's `password` or None for one of its own.

    `app` photographs meanwhile: a Photographer, or None. Raises OSError or RuntimeError.
    """

    def __init__(self, log, password, app):
        from thingscam.setup.dns import Dns
        from thingscam.setup.point import AccessPoint
        from thingscam.setup.portal import Portal
        from thingscam.setup.server import Server

        self._app = app
        self._log = log
        self._servers = []
        self._eye = self._trial = None
        self._begins = False
        self._point = point = AccessPoint()
        try:
            point.scan()
            shown = point.open(password)
            self._eye = self._look()
            seen = app and app.seen
            self.portal = Portal(point, log, self._eye, seen, self._begin_trial)
            address = point.address
            self._servers.append(Dns(address, _DNS, address))
            calls = self.portal.answer, self.portal.refusal, self.portal.is_ours
            self._servers.append(Server(address, _HTTP, *calls))
        except BaseException:
            self.close()
            raise
        log.info("setup by telephone: Wi-Fi %s", point.name)
        # A label, or the file that made the label, has the other one.
        print(
            "Setup by telephone: join the Wi-Fi {}, password {}".format(
                point.name, "as in setup.password" if password else shown
            )
        )
        self._opened = ticks_ms()
        self._ended = None

    def step(self):
        """Do the next bit of all that goes on; takes 20 ms."""
        if self._app is None:
            sleep_ms(_TURN_MS)
        else:
            self._app.turn()
        self._serve()
        self.portal.step()
        if self._begins:
            self._begins = False
            self._trial = self._make_trial()
        if self._trial is not None:
            self._trial.step()
            if self._trial.outcome is not None:
                self.portal.say(*self._trial.outcome)
                self._trial = None
                self._point.leave()

    def over(self):
        """Return whether it ends: by the person, or because nobody uses it."""
        now = ticks_ms()
        if self._ended is not None:
            return ticks_diff(now, self._ended) > _LAST_MS
        unused = ticks_diff(now, self.portal.used) > _UNUSED_MS and not self.portal.is_trying()
        if unused or ticks_diff(now, self._opened) > _LONGEST_MS:
            self._log.info("setup by telephone: nobody is there any more")
            return True
        if self.portal.done:
            self._ended = now
        return False

    def close(self):
        """Close the access point, and all that listens there."""
        if self._eye is not None:
            self._eye.close()
        for each in self._servers:
            each.close()
        self._servers = []
        self._point.close()

    def _serve(self):
        for each in self._servers:
            each.step()

    def _look(self):
        # Only where memory is plenty; what it takes is not imported elsewhere.
        from thingscam.setup.eye import Eye, has_room

        if not has_room():
            unload("setup.eye")
            return None
        app = self._app
        if app is None:
            return Eye(self._log)
        eye = Eye(self._log, app.feed, app.give_camera)
        app.take_camera = eye.close
        return eye

    def _begin_trial(self):
        # Not in the middle of an answer.
        self._begins = self._trial is None
        self.portal.say("sending", "")

    def _make_trial(self):
        config = _configured()
        if config is None:
            self.portal.say("unsent", "nothing is saved yet")
            return None
        from thingscam.setup.trial import Trial

        return Trial(config, self._point, self._log, self._meanwhile, self._free_camera)

    def _free_camera(self):
        if self._eye is not None:
            self._eye.close()
        if self._app is not None:
            self._app.give_camera()

    def _meanwhile(self):
        if self._app is not None:
            self._app.meanwhile()
        self._serve()


def _configured():
    from thingscam.config.config import load

    try:
        return load(wifi_needed=True)
    except ConfigError:
        return None
    finally:
        unload("config.config")


def _password():
    # Whatever else is wrong in config.json.
    from thingscam.setup.form import load

    section = load().get("setup")
    found = section.get("password") if isinstance(section, dict) else None
    return found if isinstance(found, str) and 8 <= len(found.encode()) <= 63 else None


def _photographer(config, log):
    if config is None:
        return None
    try:
        from thingscam.setup.photographer import Photographer

        return Photographer(config)
    except (MemoryError, CertificateError) as e:
        log.warning("setup by telephone: no pictures meanwhile (%s)", e)
        return None
