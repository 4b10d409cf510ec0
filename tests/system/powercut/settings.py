# What happens to settings from afar in the proof, and what must be true of them after a power cut.

import json
import os

from flash import Flash
from thingscam.config import config
from thingscam.remote import state as states

NAME = "settings from afar"
_ROOT = "/card"
_FOLDER = _ROOT + "/"
# wish (other settings, on trial), start (as the board does), pass and fail (of the trial), photo
# (a command is noted).
_STEPS = "wish start pass photo wish start start fail photo wish start pass wish wish start fail "
_STEPS += "photo start wish start start start pass photo fail"
_CONFIG = {
    "wifi": [{"ssid": "home", "password": "wifi-password"}],
    "cloud": {
        "endpoint": "https://images.example",
        "device_endpoint": "https://devices.example",
        "access_token": "t0ken-value",
        "identifier": "image",
        "project_key": "pr0ject-key",
        "region": "demo",
    },
    "trigger": {"every_s": 3600},
    "remote": {"every_s": 600},
}
_USUAL = states._NAMES
# Thousands of starts: to compile ten modules for each would take longer than all else.
config.unload = lambda *names: None


class Run:
    """One passage, as scenario.Run; `lost` counts states that are neither the old nor the new.

    `damaged` counts starts that fail, or go by settings that are not those of the state.
    """

    def __init__(self, system, name, tear=(0, False), cuts=(), outbox=None):
        self.lost = self.damaged = self.repeats = self.cut = 0
        self.lines = []
        states._NAMES = getattr(outbox, "settings", _USUAL)
        self._kind = os.VfsFat if system == "FAT" else os.VfsLfs2
        self._tear = tear
        self._cuts = list(cuts)
        block = 512 if system == "FAT" else 1024
        self._flash = Flash(block, 64 * 1024 // block)
        self._kind.mkfs(self._flash)
        os.mount(self._kind(self._flash), _ROOT)
        with open(_FOLDER + "config.json", "w") as file:
            json.dump(_CONFIG, file)
        self._state = states.State()
        self._state.save(_FOLDER)  # a board that has asked once
        self._room = self._free()
        self._count = 0
        self._arm()

    def run(self):
        """Go through it all."""
        for word in _STEPS.split():
            before = _values(self._state)
            new = self._state.copy()
            getattr(self, "_" + word)(new)
            if self._flash.dead:
                self._restart(before, _values(new))
            elif word != "start":
                self._state = new
        self.writes = self._flash.writes
        self.leaked = self._room - self._free()
        os.umount(_ROOT)

    def _wish(self, new):
        self._count += 1
        new.good = new.good or new.on
        new.on = {"trigger": {"every_s": 3600 + self._count}}
        new.status = "on trial"
        new.error = "x" * (self._count * 150)  # from one sector to three
        new.starts = 0
        _save(new)

    def _pass(self, new):
        new.good = None
        new.status = "in force"
        _save(new)

    def _fail(self, new):
        new.undo(new.good or {}, "rolled back", "no picture was accepted")
        _save(new)

    def _photo(self, new):
        new.seen = {"take_photo": self._count}
        _save(new)

    def _start(self, new):
        new.starts += new.good is not None
        try:
            found = config.load(_FOLDER + "config.json", True)
        except (config.ConfigError, OSError) as e:
            if not self._flash.dead:
                self.damaged += 1
                self.lines.append("no start: %s" % e)
            return
        state = found.remote.state
        every_s = state.on.get("trigger", _CONFIG["trigger"])["every_s"]
        if found.trigger.every_s != every_s:
            self.damaged += 1
            self.lines.append("not in force: %s" % state.on)
        self._state = state

    def _restart(self, *may):
        self.cut += 1
        os.umount(_ROOT)
        old = self._flash
        self._flash = Flash(old.block, old.count, old.data)
        old.bury()
        os.mount(self._kind(self._flash), _ROOT)
        self._state = states.load(_FOLDER) or states.State()
        if _values(self._state) not in may:
            self.lost += 1
            self.lines.append("%s is none of %s" % (_values(self._state), may))
        self._arm()
        before = _values(self._state)
        new = self._state.copy()
        self._start(new)
        if self._flash.dead:  # again, in the start
            self._restart(before, _values(new))

    def _arm(self):
        self._flash.writes = 0
        self._flash.torn, self._flash.garbage = self._tear
        self._flash.cut_at = self._cuts.pop(0) if self._cuts else None

    def _free(self):
        status = os.statvfs(_ROOT)
        return status[0] * status[3]


def _values(state):
    return state.on, state.good, state.status, state.starts, state.seen


def _save(state):
    try:
        state.save(_FOLDER)
    except OSError:
        pass  # the power is gone
