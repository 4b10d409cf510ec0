# A lamp that lights the scene: the board's own, or one on a pin; always, or when it is dark.

from thingscam.board import chip
from thingscam.camera.camera import Camera
from thingscam.util.compat import const, sleep_ms

_DARK = const(48)  # mean luminance, of 255: automatic exposure and gain are at their end


class LitCamera(Camera):
    """A Camera that has a lamp on while it captures: each time, or, "auto", where it must.

    That is where the picture without it is dark (or nobody can tell); then it is taken anew.
    The lamp is on for settings.light_ms before the first frame. `light`, a callable that takes
    True or False, switches it; None: it is on the profile's pin `lamp`.
    """

    _changed = False  # the light, since the last frame

    def __init__(self, settings, limit, profile=None, feed=None, light=None):
        super().__init__(settings, limit, profile, feed)
        self._light = light or chip.Light(self._profile.lamp)

    def capture(self):
        """Take a picture: see Camera."""
        if self._settings.light == "auto":
            from thingscam.image import brightness

            frame = super().capture()
            seen = brightness.mean(frame, _DARK)
            if seen is not None and seen >= _DARK:
                return frame
            frame = None  # the next one has its place
        try:
            self._changed = True
            self._light(True)
            sleep_ms(self._settings.light_ms)
            return super().capture()
        finally:
            self._changed = True
            self._light(False)

    def _prepare(self):
        running = self._device is not None
        super()._prepare()
        if self._changed and running:
            self._warm_up()  # exposure has yet to settle in this light
        self._changed = False
