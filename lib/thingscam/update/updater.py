# New versions over the air: asked for, taken while no picture waits, tried, kept or given up.

import binascii
import os
from sys import implementation

from thingscam import __version__, crashes
from thingscam.board import chip, places, rtc, watchdog
from thingscam.extra import Extra
from thingscam.http import HttpError
from thingscam.update import choose
from thingscam.update.bundle import BundleError, Unpacker, clear, load_key
from thingscam.update.fetch import Fetcher
from thingscam.util.compat import const, ticks_diff, ticks_ms

_MOST_MS = const(518400000)
_AGAIN_MS = const(900000)  # after a failure
_SOON_MS = const(60000)  # a download that a sleep has cut off goes on so soon
_HOUR_MS = const(3600000)
_HEALTHY_MS = const(60000)
_TRIAL_MS = const(300000)  # so long online before a look counts
_STAY_MS = const(90000)  # a deep sleeper stays up for it
_OFFLINE_MS = const(30000)  # the same without a network
_PATIENCE_MS = const(60000)  # of a pause of the service, in which pictures cannot go anyway
_INDEX = const(1024)  # bytes of it at the most
_PIECES = const(8)  # of 512 bytes a turn: a picture may have to wait for them
_AGES_MS = const(1000000000)  # without a watchdog
_SENT = const(3)  # Record.why on trial: a picture was accepted, and no report yet
_SPARE = const(1)  # Record.looks after a trial: what is in the spare slot counts no longer
_WAKE_MS = const(1000)
_CLEARED = "%s cannot be cleared: %s"
_WHY = ("", "three starts came to nothing", "no picture was accepted")


class Updater(Extra):
    """Keeps thingscam up to date, by the section `update` of `config`; `app` is the App."""

    def __init__(self, config, app):
        self._settings = config.update
        self._config = config
        self._app = app
        app.updater = self  # for who hears of one in another way
        self._log = app._log
        self._asks = rtc.Deadline(places.UPDATE_ASKS, _MOST_MS)
        self._fetcher = self._body = self._unpacker = None
        self._url = self._version = ""  # of a bundle that is to be had
        self._switched = False
        self._over = False  # nothing to do until the next start
        self._online_at = None  # ticks
        self._looks = None
        self._started = ticks_ms()
        self._before = self._counts()
        self._asked = False
        self._report = None  # a Report that has to have one accepted as well
        self._record = record = choose.read()
        if record.mpy != choose.mpy():
            self._record = record = choose.Record()  # what slots hold is of another firmware
        if record.trial:
            self._looks = rtc.Deadline(places.UPDATE_LOOKS, _HOUR_MS)
            if not config.power.watchdog_s and hasattr(chip.machine, "WDT"):
                chip.machine.WDT(timeout=_AGES_MS)  # the trial's own: nobody will feed it
            self._log.info("version %s is on trial", __version__)
        elif record.why:
            text = "version %s did not work (%s): back to %s"
            self._log.warning(text, record.refused, _WHY[min(record.why, 2)], __version__)
            record.why, record.looks = 0, _SPARE
            self._write()
        if not self._asks.length_ms:
            self._asks.set(self._spread_ms())
        if not any(_is_file(choose.FOLDER + "/__init__." + kind) for kind in ("mpy", "py")):
            self._log.warning("no updates: %s is not set up, deploy does", choose.FOLDER)
            self._over = True

    def offer(self, url, version):
        """Take the bundle at `url` if it is of a higher `version`: what somebody has set, or None.

        It must be as well protected on its way as update.url is.
        """
        if self._over or self._record.trial or self._url or version == self._version:
            return
        try:
            good = url[:6] == self._settings.url[:6] and self._is_new(version)
        except (TypeError, ValueError, AttributeError):
            good = False
        if good:
            self._url, self._version = url, version
        elif url and version:
            self._log.debug("update_url and update_version name nothing that is to be had")

    def status(self):
        record = self._record
        if record.trial:
            return {"update": "on trial"}
        return {"update": record.refused + " did not work" if record.refused else ""}

    def step(self, online):
        if not online:
            self._online_at = None
            self._hang_up()
            return
        if self._online_at is None:
            self._online_at = ticks_ms()
        if self._over:
            return
        if self._record.trial:
            self._try()
        elif self._is_quiet():
            self._work()
        else:
            self._hang_up()

    def busy(self, online):  # pyright: ignore[reportIncompatibleMethodOverride]
        if self._over:
            return False
        up = ticks_diff(ticks_ms(), self._started)
        if self._record.trial:
            due = not self._asked or self._app._capture.next_cause is not None
            return due and up < (_STAY_MS if online else _OFFLINE_MS)
        if self._unpacker is None and not self._url and self._asks.left_ms() > 0:
            return bool(self._record.looks) and online and self._is_quiet()
        if up > _STAY_MS or (up > _OFFLINE_MS and not online):
            self._asks.set(_HOUR_MS)
            return False
        return True

    def sleep_plan(self, ms, pin):
        self._hang_up()
        record = self._record
        if self._switched:  # it may be long until something moves
            return _WAKE_MS, pin
        if record.trial and not self._over:
            choose.works()  # as far as to its sleep
            # It may have been online for something else, with no picture to send.
            tried = len(self._app._outbox) or self._app._counters.as_dict()["capture_failed"]
            done = self._confirm() or self._online_at is None
            if not done and (tried or record.why):
                self._look()
        return ms, pin

    def _is_quiet(self):
        # Pictures go first, unless they cannot go.
        app = self._app
        if app.wanted() or app._capture.holds() or app._held_back() is not None:
            return False
        if self._settings.url.startswith("https:") and not app._clock.is_set():
            return False
        return not len(app._outbox) or app._sender.waits_ms() > _PATIENCE_MS

    def _work(self):
        watchdog.waiting(True)
        try:
            if self._record.looks:
                self._make_room()
            elif self._unpacker is not None:
                self._unpack()
            elif self._url:
                self._begin()
            elif self._asks.left_ms() <= 0:
                self._ask()
        except BundleError as e:
            self._log.error("version %s is not taken: %s", self._version, e)
            self._drop(True)
            self._asks.set(self._next_ms())
        except (OSError, MemoryError, ValueError) as e:  # of the network, and of the flash
            self._log.warning("no update now: %s", e or type(e).__name__)
            self._drop(False)
            self._asks.set(min(_AGAIN_MS, self._next_ms()))
        watchdog.waiting(False)

    def _make_room(self):
        # A slot takes as much as twelve pictures do, and nobody goes back to this one.
        self._record.looks = 0  # once a start, whatever comes of it
        try:
            clear(choose.path(self._record.spare()))
        except OSError as e:
            self._log.warning(_CLEARED, choose.FOLDER, e)
            return
        self._write()

    def _ask(self):
        self._asks.set(self._next_ms())
        url = self._settings.url
        raw = b""
        body = self._get(url, 0)
        while len(raw) <= _INDEX:
            data = body.take()
            if not data:
                break
            raw += data
        self._hang_up()
        from thingscam.util.strict_json import loads

        found = loads(raw)
        try:
            name, version, percent = found["file"], found["version"], found.get("percent", 100)
            if self._share() < percent and self._is_new(version, found.get("downgrade")):
                self._url, self._version = url[: url.rfind("/") + 1] + name, version
                return
        except (KeyError, TypeError, AttributeError):
            raise ValueError("what update.url names is no latest.json")
        self._log.debug("no newer version than %s", __version__)

    def _begin(self):
        self._asks.set(_SOON_MS)
        key = load_key(self._settings.key)
        self._unpacker = Unpacker(choose.path(self._record.spare()), key, self._judge)
        self._log.info("version %s is being fetched", self._version)

    def _unpack(self):
        unpacker = self._unpacker
        if unpacker.done:
            self._switch()
        elif unpacker.looks:
            unpacker.look()
        else:
            self._fetch(unpacker)

    def _fetch(self, unpacker):
        if self._body is None:
            self._body = self._get(self._url, unpacker.at)
        body = self._body
        for _ in range(_PIECES):
            data = body.take()
            if not data:
                self._body = None
                if body.status_code == 200:
                    raise HttpError("the file is cut short")
                return
            at, body.at = body.at, body.at + len(data)
            if not self._feed(unpacker, memoryview(data), at):
                self._hang_up()
                return

    def _feed(self, unpacker, view, at):
        # Byte `at` of the bundle and what follows; returns whether the next bytes are wanted too.
        while len(view):
            while unpacker.looks:
                unpacker.look()
            skip = unpacker.at - at
            if unpacker.done or skip < 0:
                return False
            skip = min(skip, len(view))
            used = skip + (unpacker.feed(view[skip:]) if skip < len(view) else 0)
            view = view[used:]
            at += used
        return True

    def _judge(self, fields):
        # Why this bundle is not for this board, or None.
        version = fields["version"]
        if version != self._version:
            return "it is version {}, not what was announced".format(version)
        if fields["mpy"] != str(choose.mpy()):
            return "it is compiled for .mpy format " + fields["mpy"]
        if _numbers(fields["micropython"]) > tuple(implementation.version[:3]):
            return "it is for MicroPython {} or later".format(fields["micropython"])
        name = self._config.profile.name
        if fields["boards"] != "*" and name not in fields["boards"].split(","):
            return "it is for the boards {}, this one is {}".format(fields["boards"], name)
        if fields["downgrade"] != "yes" and not self._is_higher(version):
            return "it is no higher than {}".format(__version__)
        return None

    def _is_new(self, version, downgrade=False):
        # Whether a version that is offered is one to have; raises ValueError for what is none.
        numbers = _numbers(version)
        if numbers == _numbers(__version__) or version == self._record.refused:
            return False
        return downgrade or self._is_higher(version)

    def _is_higher(self, version):
        refused = self._record.refused
        least = max(_numbers(__version__), _numbers(refused or "0.0.0"))
        return _numbers(version) > least

    def _switch(self):
        version, record = self._version, self._record
        record.trial, record.version, record.mpy = record.spare(), version, choose.mpy()
        record.looks = record.why = 0
        choose.write(record)
        choose.works()
        self._log.info("version %s is complete: on trial from the next start", version)
        self._drop(False)
        self._asks.set(self._next_ms())
        self._switched = True
        self._restart()

    def _try(self):
        if not self._asked:
            self._asked = True
            self._ask_for_signs()
        if self._confirm():
            return
        now = ticks_ms()
        if ticks_diff(now, self._started) > _HEALTHY_MS:
            choose.works()
        if ticks_diff(now, self._online_at) > _TRIAL_MS:  # pyright: ignore
            self._look()

    def _ask_for_signs(self):
        # It may be long until something moves, or a report is due.
        app = self._app
        if self._counts()[0] == self._before[0] and not self._record.why:
            app._capture.next_cause = app._capture.next_cause or "update"
        for extra in app._extras:
            if hasattr(extra, "soon") and extra.soon():
                self._report = extra

    def _confirm(self, late=False):
        # Taken and sent by this version: that is what it is for. A report, where there are any, is
        # waited for, but `late` the picture is enough: the fault may be the endpoint's.
        record = self._record
        missing = self._report is not None and not self._report.taken
        if not record.why and all(map(_is_more, self._counts(), self._before)):
            record.why = _SENT
            if missing:
                self._write()
        if not record.why or missing and not late:
            return False
        record.good, record.trial, record.looks, record.why = record.trial, 0, _SPARE, 0
        if self._write():
            text = "version %s works, a picture was accepted%s"
            self._log.info(text, __version__, ", but no report" if missing else "")
        return True

    def _look(self):
        # Counts a wake, or an hour awake, with a network and without a picture accepted.
        if self._looks.left_ms() > 0 or self._app._held_back() is not None:
            return
        self._looks.set(_HOUR_MS)
        record = self._record
        record.looks += 1
        if record.looks >= self._settings.trial:
            if self._confirm(True):
                return
            record.give_up(choose.NO_PICTURE)
            self._log.error("version %s: %s: back to the one before", __version__, _WHY[2])
        if self._write() and not record.trial:
            self._restart()

    def _restart(self):
        # A deep sleeper's next start comes by itself: see sleep_plan().
        self._over = True
        if self._is_awake():
            self._app._hang_up()
            self._log.flush(True)
            crashes.end()
            chip.reset()

    def _write(self):
        try:
            choose.write(self._record)
            return True
        except OSError as e:
            self._log.error("which version runs cannot be written: %s", e)
            return False

    def _get(self, url, first):
        if self._fetcher is None:
            cloud, app = self._config.cloud, self._app
            ca = (self._settings.ca or cloud.ca) if url.startswith("https:") else None
            ways = (app.progress, app.free_memory, app.wanted)
            self._fetcher = Fetcher(ca, cloud.timeout_s, cloud.verify, *ways)
        self._app._hang_up()  # memory has room for one TLS connection
        return self._fetcher.get(url, first)

    def _hang_up(self):
        if self._fetcher is not None:
            self._fetcher.close()
        self._body = None

    def _drop(self, for_good):
        # Ends a download; what it has brought stays, for the next one to go on, or not.
        self._hang_up()
        unpacker, self._unpacker, self._url = self._unpacker, None, ""
        if unpacker is not None:
            try:
                unpacker.rewind()
                if for_good:
                    unpacker.forget()
            except OSError as e:
                self._log.warning(_CLEARED, choose.FOLDER, e)

    def _counts(self):
        counts = self._app._counters.as_dict()
        return counts["captured"], counts["sent"]

    def _is_awake(self):
        return self._config.power.mode == "awake"

    def _next_ms(self):
        return self._settings.every_s * 1000 + self._spread_ms()

    def _spread_ms(self):
        # Somewhere in the window, so that not all boards come at once.
        return int.from_bytes(os.urandom(2), "big") * self._settings.window_s * 1000 >> 16

    def _share(self):
        # Which hundredth of all boards this one is, always the same.
        return binascii.crc32(self._config.cloud.access_token.encode()) % 100


def _numbers(version):
    found = tuple([int(part) for part in version.split(".")])
    if len(found) != 3:
        raise ValueError("a version is three numbers")
    return found


def _is_more(now, before):
    return now > before


def _is_file(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False
