# Power cuts while settings are changed from afar, right and wrong ones.

import collections
import json
import pathlib
import tempfile

from tests.system.soak import rounds
from thingscam.config import config
from thingscam.remote import state as states

_SECTION = {"every_s": 30, "trial_s": 300, "insecure": True}
# What somebody may ask for: right, and behind it wrong. What is not set is None.
_WISHES = {
    "trigger_every_s": (20, 30, "40", None, -1, "soon"),
    "trigger_cooldown_s": (0, 1, 2.0, None, 90000),
    "camera_quality": (60, "75", 90, None, 0, "high"),
    "camera_frame_size": ("QVGA", "cif", None, "HUGE", 7),
    "camera_rotate": (0, 90, 180, None, 45),
    "camera_exif": (True, "true", None, "perhaps"),
    "outbox_order": ("oldest", "newest", None, "random"),
    "vflip": (True, False, None, 5),
    "log_level": ("info", "debug", None, "loud"),
}


def soak(kind, count, seed):
    """Run so many rounds of a Kind, as rounds.soak(); the Result's `troubles` count wishes."""
    drain_s = rounds.DRAIN_S

    def make(rig, chance):
        return Settings(rig, chance, drain_s)

    return rounds.soak(kind, count, seed, make=make, remote=_SECTION)


class Settings(rounds.Rounds):
    """Rounds in which somebody changes settings, and the power fails in the writes of that too."""

    moments = rounds.MOMENTS | {"settings": 0.01}
    steps = (*rounds.Rounds.steps, *["settings"] * 6)
    length_s = (40, 200)

    def __init__(self, rig, chance, drain_s):
        super().__init__(rig, chance, drain_s)
        self.troubles = collections.Counter()
        self._number = 0
        self._broken = []

    def _plan_triggers(self, length):
        super()._plan_triggers(length)
        for _ in range(self._random.choice((1, 1, 2, 3))):
            self._later(self._random.uniform(0, length / 2), self._wish)

    def _wish(self):
        names = self._random.sample(list(_WISHES), self._random.choice((1, 1, 2, 4)))
        asked = {name: self._random.choice(_WISHES[name]) for name in names}
        self._rig.service.ask(**asked)
        self.troubles["wishes"] += 1

    def _mend(self):
        super()._mend()
        self._look()

    def _look(self):
        # What the flash has: a state no older than the last, with which a board starts.
        files = self._rig.board.files()
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for path in ("remote.0.json", "remote.1.json"):
                if path in files:
                    (folder / path).write_bytes(files[path])
            state = states.load(name + "/")
        if state is None or state.number < self._number:
            if self._number:
                self._broken.append("state {} is gone, found {}".format(self._number, state))
            return
        self._number = state.number
        self.troubles[state.status] += 1
        data = states.lay(json.loads(files["config.json"]), state.on)
        try:
            config.parse(json.dumps(data).encode(), wifi_needed=True)
        except config.ConfigError as e:
            self._broken.append("state {} does not start: {}".format(state.number, e))

    def more(self, kind):
        """Return what was not as promised of the settings."""
        self.troubles["states"] = self._number
        return self._broken
