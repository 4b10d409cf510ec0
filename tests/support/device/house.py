# A board with camera, Wi-Fi and sensor, on which the whole firmware runs against the stand-in.

import json
import os

import thingscam.battery  # noqa: F401 - so that the played board is in its place there too
import thingscam.board.wifi  # noqa: F401
import thingscam.outbox.memory  # noqa: F401
import thingscam.sender  # noqa: F401
from fakeboard import Board, Gone
from photocamera import Photographer
from support import (
    KEY,
    TOKEN,
    Heard,
    env,
    new_folder,
    no_faults,
    note_in,
    photo,
    raises,
    request,
    uploads,
)
from thingscam import app, extras, loop, sleeper
from thingscam.config import config

HOME = ("home", "the home password")


class House:
    """A board with camera, Wi-Fi and motion sensor, in a folder of its own.

    `heard`: what it sends is; not where each frame of the stack counts.
    """

    def __init__(
        self,
        psram=False,
        endpoint=None,
        networks=(HOME,),
        micropython=None,
        heard=True,
        **sections,
    ):
        self.esp = Board(psram=psram, micropython=micropython or (1, 27))
        self.camera = Photographer()
        cloud = {
            "endpoint": endpoint,
            "access_token": TOKEN,
            "identifier": "image",
            "project_key": KEY,
            "region": "demo",
            "timeout_s": 15,
        }
        cloud.update(sections.pop("cloud", {}))
        self.sections = dict(sections, cloud=cloud)
        self.sections["wifi"] = [{"ssid": ssid, "password": word} for ssid, word in networks]
        for each in networks:
            self.esp.air.add(*each)
        self.app = None
        self.on_progress = None
        self._heard = Heard() if heard else None
        self._logs = {}

    def __enter__(self):
        self._home = os.getcwd()
        folder = new_folder()
        os.chdir(folder)
        self.sections.setdefault("outbox", {})["path"] = folder + "/outbox"
        cloud = self.sections["cloud"]
        cloud["endpoint"] = cloud["endpoint"] or env("SERVICE")
        cloud.setdefault("ca", env("FILES") + "/service_tls/ca.der")
        if self._heard:
            self._heard.__enter__()
        no_faults()
        self.esp.__enter__()
        self.camera.__enter__()
        return self

    def __exit__(self, *_):
        if self._heard:
            self._heard.__exit__()
        self.camera.__exit__()
        self.esp.__exit__()
        app._current = None
        os.chdir(self._home)

    def config(self):
        return config.parse(json.dumps(self.sections).encode(), wifi_needed=True)

    def start(self):
        """Start the app, to be driven by turns()."""
        house = self

        class Watched(loop.App):
            def progress(self, sent):
                if house.on_progress:
                    house.on_progress(sent)
                super().progress(sent)

        settings = self.config()
        base = sleeper.Either if "battery" in settings.extras else Watched
        base = extras.loop(base) if settings.extras else base
        self.app = base(settings)
        return self.app

    def turns(self, ms=0, until=None, apart_ms=0):
        """Go round for so long, or until something holds; that must be within ten minutes.

        `apart_ms` more lie between two turns: for hours in which nothing is to happen.
        """
        end = self.esp.ticks + (ms or 600000)
        while self.esp.ticks < end:
            self.app.turn()
            if until and until():
                return
            self.esp.go(apart_ms)
        assert until is None, self.lines()

    def sleep(self):
        """Run the app as boot does until it sleeps; return for how many ms."""
        assert str(raises(Gone, app.run, self.config())) == "asleep"
        return self.esp.slept

    def wake(self, by_pin=False, after_ms=None):
        """Wake as planned, or by the pin after so long."""
        self.esp.wake(self.esp.slept if after_ms is None else after_ms, by_pin)

    def lines(self):
        """Return the lines in the ring file, and those for it, without their times."""
        found = self._read("log.old.txt") + self._read("log.txt")
        # Not by flush(): how often that writes is bounded.
        return found + ([line[20:] for line in self.app._log._lines] if self.app else [])

    def _read(self, name):
        # Of a file that only grows, or is replaced by a smaller one: once for each size.
        try:
            size = os.stat(name)[6]
        except OSError:
            return []
        if self._logs.get(name, (None,))[0] != size:
            with open(name) as file:
                self._logs[name] = size, [line.strip()[20:] for line in file]
        return self._logs[name][1]

    def count(self, *parts):
        return sum(1 for line in self.lines() if all(part in line for part in parts))

    def online(self):
        return self.count("INFO Wi-Fi") > 0


def arrived():
    """Return the notes of the pictures that the service has stored, each of them whole."""
    return [_note(each["stored"]) for each in uploads() if each["stored"]]


_notes = {}  # by file: once it has arrived whole, it has


def _note(name):
    if name not in _notes:
        status, body = request("GET", env("SERVICE") + "/images/" + name)
        length = body[4] << 8 | body[5]
        assert status == 200 and body[6:10] == b"Exif"
        body = body[:2] + body[4 + length :]
        assert body == photo(note_in(body)), "damaged"
        _notes[name] = note_in(body)
    return _notes[name]
