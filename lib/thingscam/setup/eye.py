# Live pictures to aim by: one still after another, at VGA, with what is set on the page.

import gc

from thingscam.board.profiles import UnknownBoardError, find
from thingscam.camera.camera import Camera, CameraError
from thingscam.config import Section
from thingscam.util.compat import const

_LIMIT = const(100000)  # bytes of a picture
_ROOM = const(1000000)  # free heap that only PSRAM gives
_SIZE = "VGA"
_QUALITY = const(70)


class Eye:
    """Takes pictures until close(); `log` is a Log, `feed()` as for Camera.

    `others()` is called before it starts the camera: whoever has it is to give it back.
    """

    def __init__(self, log, feed=None, others=None):
        self._log = log
        self._feed = feed
        self._others = others
        self._camera = None
        self._wanted = None  # what the camera runs with

    def look(self, query):
        """Return a JPEG picture as bytes, taken as `query` says, a dict of texts; or None."""
        wanted = [query.get(name, "") for name in ("board", "vflip", "hmirror", "brightness")]
        try:
            if wanted != self._wanted or self._camera is None:
                self.close()
                self._start(wanted)
            # The driver's buffer is overwritten while this is still being sent.
            return bytes(self._camera.capture())  # pyright: ignore
        except (CameraError, UnknownBoardError, MemoryError) as e:
            self.close()
            self._log.warning("no live picture: %s", e)
            return None

    def close(self):
        """Give the camera back."""
        camera, self._camera = self._camera, None
        if camera is not None:
            camera.close()

    def _start(self, wanted):
        if self._others is not None:
            self._others()
        board, vflip, hmirror, brightness = self._wanted = wanted
        settings = Section()
        settings.frame_size, settings.quality = _SIZE, _QUALITY  # pyright: ignore
        settings.warmup_frames = 1  # pyright: ignore
        settings.sensor = {}  # pyright: ignore
        for name, value in (("vflip", vflip), ("hmirror", hmirror)):
            if value:
                settings.sensor[name] = True  # pyright: ignore
        if brightness in ("-2", "-1", "0", "1", "2"):
            settings.sensor["brightness"] = int(brightness)  # pyright: ignore
        self._camera = Camera(settings, _LIMIT, find(board), self._feed)


def has_room():
    """Return whether there is memory for live pictures: in PSRAM alone."""
    gc.collect()
    return not hasattr(gc, "mem_free") or gc.mem_free() > _ROOM
