# A camera module whose frames are real photographs, numbered, in one buffer that is overwritten.

import sys

from fakecamera import Names
from support import photo


class Photographer:
    """Stands for the module `camera`, in the form of micropython-camera-API.

    Each frame's note is "frame N", see support.note_in(). `broken`: what capture() raises.
    `starts`: how often the camera was started. `on_capture` is called before each frame,
    `on_close` when the camera is closed.
    """

    def __init__(self):
        self.frames = 0
        self.starts = 0
        self.running = False
        self.broken = None
        self.on_capture = None
        self.on_close = None
        self._buffer = bytearray(len(photo("frame 9999")))
        taker = self

        class Camera:
            def __init__(self, **_):
                if taker.broken:
                    raise taker.broken
                taker.starts += 1
                taker.running = True

            def capture(self):
                if taker.broken:
                    raise taker.broken
                assert taker.running
                return taker._frame()

            def deinit(self):
                # The buffer is the system's again.
                taker.running = False
                taker._wipe()
                if taker.on_close:
                    taker.on_close()

            quality = 85

        sizes = ("QQVGA", "QVGA", "CIF", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "QXGA")
        self._module = Names(
            Camera=Camera,
            FrameSize=Names(**{name: sizes.index(name) for name in sizes}),
            PixelFormat=Names(JPEG=4),
            GrabMode=Names(WHEN_EMPTY=0),
        )

    def __enter__(self):
        sys.modules["camera"] = self._module
        return self

    def __exit__(self, *_):
        del sys.modules["camera"]

    def _frame(self):
        if self.on_capture:
            self.on_capture()
        self.frames += 1
        data = photo("frame %04d" % self.frames)
        self._buffer[:] = data
        return memoryview(self._buffer)

    def _wipe(self):
        for i in range(0, len(self._buffer), 64):
            self._buffer[i] = 0xEE
