# What the status LED tells a person who stands before the board.

from thingscam.util.compat import ticks_diff, ticks_ms

# Each pattern: milliseconds on, off, on, off, ... and again.
PATTERNS = {
    "starting": (1, 0),  # on
    "joining": (250, 250),  # blinks evenly: looking for Wi-Fi
    "sending": (60, 60),  # flickers
    "waiting": (30, 4970),  # a short flash in 5 s: all is well
    "held": (30, 270, 30, 4670),  # two of them: pictures wait and cannot go now
    "storage": (30, 270, 30, 270, 30, 4370),  # three: flash or card fails
    "stopped": (150, 150, 150, 1550),  # two blinks and a pause: needs a person, see the log
}


class Led:
    """Plays a pattern on `light`, a callable that takes True for on."""

    def __init__(self, light):
        self._light = light
        self._pattern = ()
        self._start = 0
        self._on = None

    def show(self, name):
        """Play the pattern `name`, one of PATTERNS, from its beginning, unless it plays."""
        pattern = PATTERNS[name]
        if pattern is not self._pattern:
            self._pattern = pattern
            self._start = ticks_ms()
            self.step()

    def step(self):
        """Switch the LED if that is due; call it often."""
        at = ticks_diff(ticks_ms(), self._start) % sum(self._pattern)
        on = True
        for part in self._pattern:
            if at < part:
                break
            at -= part
            on = not on
        if on != self._on:
            self._on = on
            self._light(on)

    def off(self):
        """Switch it off, for a deep sleep."""
        self._light(False)
