# Settings and commands from afar: asked for while online, tried, and undone where they fail.

import json

from thingscam import crashes
from thingscam.board import chip, places, rtc
from thingscam.cloud import errcodes
from thingscam.cloud.uploader import UploadError
from thingscam.config import ConfigError
from thingscam.extra import Extra
from thingscam.talk import Talk
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms, unload
from thingscam.util.redact import mask

_SELF = "settings_state"  # what the camera itself has told: an answer without it knows nothing
_UPDATE = ("update_url", "update_version")
_TRIAL = "trial"  # causes of pictures
_ASKED = "asked"
_HOUR_MS = const(3600000)
_DAY_MS = const(86400000)  # after so long a deep sleeper wakes to ask
_MOST_MS = const(518400000)
_SOON_MS = const(60000)  # between two questions while a person waits; what is not told, again
_MOST_TELLINGS = const(3)  # of what the service does not know then, a start
_UP_MS = const(60000)  # in a deep sleeper's wake
_MAX_ERROR = const(400)


class Remote(Extra):
    """Asks the service for settings and commands, by the section "remote".

    `config` is a Config that was loaded from config.json, `app` the App. What is asked for is laid
    over config.json and the board restarted; a picture that the service accepts ends the trial. A
    question never goes before a picture that can be taken or sent.
    """

    def __init__(self, config, app):
        settings = config.remote
        self._config = config
        self._app = app
        self._state = settings.state
        self._base = settings.base
        self._every_ms = settings.every_s * 1000
        self._trial_ms = settings.trial_s * 1000
        self._due = rtc.Deadline(places.REMOTE_ASK, _MOST_MS, past_ms=_MOST_MS)
        self._trial = rtc.Deadline(places.REMOTE_TRIAL, _MOST_MS, past_ms=_MOST_MS)
        self._runs = self._trial.left_ms() != 0
        self._again = rtc.Deadline(places.REMOTE_PICTURE, _MOST_MS)  # another picture on trial
        self._awake = rtc.Deadline(places.REMOTE_AWAKE, _DAY_MS)
        self._online = False
        self._asked = False  # since this start
        self._until = None  # ticks: a deep sleeper is kept up so long
        self._tell_at = ticks_ms()
        self._tell = False
        self._tellings = _MOST_TELLINGS
        # What a start has undone; and what is on trial, where there is time to tell it.
        self._news = chip.start_cause() != "deep_sleep" and self._state.status != "in force"
        self._restart = None  # why
        self._commands = []  # to be done, (name, value)
        self._cause = None  # of a picture to be taken, past the triggers
        self._due_now = False  # the capture knows of it
        if self._state.photo is not None:
            self._cause = "{} {}".format(_ASKED, self._state.photo)
            newest = app._outbox.newest()
            # The power may have failed behind the picture, not before.
            self._due_now = newest is not None and newest.cause.startswith(self._cause)
        if app.talk is None:
            app.talk = Talk(config, app)
        state = self._state
        if state.number and chip.start_cause() != "deep_sleep":
            app._log.info("settings from afar, %s: %s", state.status, json.dumps(state.on))
        if state.error:
            app._log.warning("settings from afar: %s", state.error)

    def step(self, online):
        """Ask, tell or do one thing, when nothing else is to be done."""
        app = self._app
        self._photograph()
        if self._online and not online:
            self._stop()  # without a network nothing can be accepted
        self._online = online
        if self._news:
            self._news = False
            self._told()
        if self._on_trial() and self._again.left_ms() <= 0 and self._cause is None:
            self._again.set(self._trial_ms // 3)
            self._cause = _TRIAL
        if app.wanted() or app._capture.holds() or self._cause is not None:
            return
        if self._restart:
            self._leave()
        if not (self._commands or self._tells() or self._is_due()):
            return
        ms = app.talk.moment_ms()
        if not ms:
            return
        if self._commands:
            self._do(ms, *self._commands[0])
        elif self._tells():
            self._tell = False
            self._say(ms)
        else:
            self._ask(ms)

    def busy(self, online):  # pyright: ignore[reportIncompatibleMethodOverride]
        """Return whether a deep sleeper is to stay up."""
        if self._awake.left_ms() > 0:
            return True
        if self._until is None:
            self._until = ticks_add(ticks_ms(), _UP_MS)
        tries = self._on_trial() and (self._again.left_ms() <= 0 or self._is_due())
        tries = tries or self._due.left_ms() <= _UP_MS - _DAY_MS
        if ticks_diff(self._until, ticks_ms()) <= 0:
            if tries:
                # There is no network.
                self._due.set(self._trial_ms if self._on_trial() else self._every_ms)
            return False
        # It goes online for nothing else: there may never be a picture.
        if tries or self._cause is not None or self._restart:
            return True
        return online and (self._tells() or bool(self._commands) or self._is_due())

    def accepted(self, cause):
        if self._on_trial():
            if cause.split(" ")[0] == _TRIAL:
                self._passed()
            else:
                self._stop()  # the network takes pictures, and these come first

    def sleep_plan(self, ms, pin):
        # Whatever was set: it can be taken back within a day.
        if not self._due.left_ms():
            self._due.set(1)  # the power came on, and there was no network
        own = max(self._due.left_ms() + _DAY_MS, _UP_MS)
        return min(ms or own, own), pin

    def report(self):
        """Return what a report has of it, a dict of attributes: what is in force, and why."""
        from thingscam.remote import wishes

        try:
            found = wishes.effective(_config(), self._state.on)
        except (ConfigError, MemoryError):
            found = {}
        finally:
            _unload()
        found = {name: found[name] for name in found if found[name] is not None}
        return {
            "settings": json.dumps(found),
            _SELF: self._state.status,
            "settings_error": mask(self._state.error),
        }

    def _on_trial(self):
        # Not while what was in force before is so yet.
        return self._state.good is not None and not self._restart

    def _tells(self):
        return self._tell and ticks_diff(self._tell_at, ticks_ms()) <= 0

    def _is_due(self):
        # In deep sleep a wake asks once, unless a person waits for it.
        awake = self._awake.left_ms() > 0
        if self._asked and self._config.power.mode != "awake" and not awake:
            return False
        return self._due.left_ms() <= 0

    def _photograph(self):
        # Has the picture taken that is to be, and notes that it was.
        capture = self._app._capture
        if self._cause is None or capture.next_cause is not None:
            return
        if not self._due_now:
            self._due_now = True
            capture.next_cause = self._cause
            return
        if self._cause != _TRIAL:
            state = self._state.copy()
            state.photo = None
            self._save(state)
        self._cause, self._due_now = None, False

    def _passed(self):
        self._state.good = None
        self._state.status = "in force"
        self._stop()
        if self._save(self._state):
            self._app._log.info("settings from afar are in force: a picture was accepted")
        self._told()

    def _ask(self, ms):
        from thingscam.remote import commands, wishes

        self._asked = True
        often = self._trial_ms // 4 if self._on_trial() else self._every_ms
        soon = _SOON_MS if self._awake.left_ms() > 0 else often
        self._due.set(min(often, self._every_ms, soon))
        try:
            keys = commands.NAMES + (_SELF,) + tuple(wishes.names())
            updater = getattr(self._app, "updater", None)
            if updater is not None:
                keys += _UPDATE
            found = self._app.talk.say(ms, lambda device: device.attributes(keys))
            if updater is not None and found:
                updater.offer(found.get("update_url"), found.get("update_version"))
            self._compare((found or {}).get(_SELF))
            if self._on_trial() and not self._is_good():
                self._failed()
            elif found or found is not None and self._state.seen is None:
                self._take(found, wishes)
                self._commands = self._new_commands(commands.counts(found), commands)
        except (UploadError, MemoryError) as e:
            self._stop()
            self._app._log.warning("no settings from afar: %s", e)
        finally:
            _unload()

    def _compare(self, known):
        # What got lost, or there is nothing to answer without: it is told again.
        if known == self._state.status:
            self._tellings = _MOST_TELLINGS
        elif self._tellings and not self._restart and self._state.good is None:
            self._tellings -= 1
            self._told()

    def _is_good(self):
        # The service answers: now it takes pictures as well, or the time runs.
        if self._app._held_back():
            self._stop()  # for the battery, say
            return True
        if not self._runs:
            self._runs = True
            self._trial.set(self._trial_ms)
        return self._trial.left_ms() > 0

    def _stop(self):
        # The time of the trial begins anew.
        if self._runs:
            self._runs = False
            self._trial.clear()

    def _failed(self):
        state = self._state.copy()
        trouble = self._app._sender.trouble
        why = "no picture was accepted in {} s".format(self._trial_ms // 1000)
        state.undo(state.good, "rolled back", "{}: {}".format(why, trouble) if trouble else why)
        self._change(state, True)

    def _take(self, found, wishes):
        state = self._state.copy()
        wanted = wishes.wanted(found)
        mark = wishes.mark(wanted, self._base)
        if state.wish is None:
            state.wish = mark
            self._save(state)
        elif state.wish != mark and not crashes.recall()[0]:
            try:
                restart = self._judge(state, wanted, wishes)
            except (ConfigError, MemoryError) as e:
                self._app._log.error("settings from afar cannot be judged: %s", e)
                return
            state.wish = mark
            self._change(state, restart)

    def _judge(self, state, wanted, wishes):
        # Returns whether other settings are in force by it.
        data = _config()
        on, errors = wishes.settle(wanted, data)
        state.error = "; ".join(errors)[:_MAX_ERROR]
        now = wishes.effective(data, on)
        before = wishes.effective(data, state.on)
        good = None if state.good is None else wishes.effective(data, state.good)
        if now == (good or before):
            state.good = None
            state.status = "refused" if errors else "in force"
        elif now != before:
            if good is None:
                state.good = state.on
            state.status = "on trial"
            state.starts = 0
        state.on = on
        return now != before

    def _change(self, state, restart):
        # Keeps another state; other settings are in force after a start.
        old = self._state
        if not self._save(state):
            return
        if state.error:
            self._app._log.warning("settings from afar, %s: %s", state.status, state.error)
        if not restart:
            if (state.on, state.status, state.error) != (old.on, old.status, old.error):
                self._told()
        else:  # it is told behind the start
            self._stop()
            self._again.clear()
            self._due.clear()
            self._restart = "settings from afar, {}".format(state.status)

    def _save(self, state):
        try:
            state.save()
        except OSError as e:
            self._app._log.error("settings from afar cannot be kept: %s", e)
            return False
        self._state = state
        return True

    def _new_commands(self, now, commands):
        # What is to be done, as a list; at the first sight nothing is.
        if self._state.seen is not None:
            return commands.new(now, self._state.seen)
        state = self._state.copy()
        state.seen = now
        self._save(state)
        return []

    def _do(self, ms, name, count):
        from thingscam.remote import commands

        self._commands.pop(0)
        try:
            if count and name == "send_log":
                text = commands.log_text(self._app._log, self._config.secrets)
                params = {"count": count, "text": text}
                self._app.talk.say(ms, lambda device: device.event("log", params))
        except (UploadError, MemoryError) as e:
            self._app._log.warning("the log cannot be sent: %s", e)
            return
        state = self._state.copy()
        state.seen = dict(state.seen or {})
        state.seen[name] = count
        if name == "send_log":
            self._state.seen = state.seen  # also where it cannot be kept: once a start is enough
        if count and name == "take_photo":
            state.photo = str(count)
        if not self._save(state) or not count:
            return
        if name == "take_photo":
            self._cause, self._due_now = "{} {}".format(_ASKED, count), False
        elif name == "restart":
            self._restart = "asked for from afar"
        elif name == "setup":
            rtc.remember(places.SETUP, b"\1")  # whatever ends this run, the next begins with it
            self._restart = "setup by telephone is asked for from afar"
        elif name == "safe_mode_hours":
            hours = commands.hours(count)
            self._awake.set(hours * _HOUR_MS)
            self._app._log.info("asked for from afar: awake for %d h", hours)

    def _told(self):
        # The next report, soon, has what became of it; where there are none it is told alone.
        reports = [extra for extra in self._app._extras if hasattr(extra, "soon")]
        self._tell = not (reports and reports[0].soon())

    def _say(self, ms):
        try:
            self._app.talk.say(ms, lambda device: device.report(self.report()))
        except UploadError as e:
            self._app._log.warning("what became of settings from afar is not told: %s", e)
            if e.action == errcodes.WAIT and self._config.power.mode == "awake":
                self._tell = True
                self._tell_at = ticks_add(ticks_ms(), _SOON_MS)

    def _leave(self):
        app = self._app
        app._log.info("restarting: %s", self._restart)
        app.close()
        crashes.end()
        chip.reset()


def _config():
    # What config.json holds, a dict. Raises ConfigError.
    from thingscam.config import checks, reader

    return checks.decode(reader.contents("config.json"), "config.json")


def _unload():
    from thingscam.config.config import let_go

    let_go()
    unload("config.config", "remote.wishes", "remote.commands")
