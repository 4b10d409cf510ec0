# A camera driver that thingscam does not know: here one that "captures" JPEG files of a folder.
#
# It is of use as it is, for trying the rest on a board without a camera: copy it and a folder
# /pictures to the board, and put these lines into main.py, before `app.main()`:
#
#     import camera_driver
#     camera_driver.use()

import os

from thingscam.camera import CameraError, drivers

FOLDER = "/pictures"


class Folder:
    """The shape of a driver; `frame_size` is a name such as "SVGA", `quality` in percent."""

    stale = 0  # so many frames that capture() gives are older than its call

    def __init__(self, frame_size, quality):
        # Starts the camera. What may be raised: OSError, MemoryError, RuntimeError, ValueError:
        # tried again; CameraError: told to a person, who must change something.
        try:
            names = os.listdir(FOLDER)
        except OSError:
            raise CameraError("no folder " + FOLDER)
        self._names = sorted(name for name in names if name.endswith(".jpg"))
        self._next = 0
        self.set_quality(quality)

    def capture(self):
        """Return a JPEG, bytes-like; None or what is no JPEG counts as a failed capture."""
        if not self._names:
            return None
        name = self._names[self._next % len(self._names)]
        self._next += 1
        with open(FOLDER + "/" + name, "rb") as file:
            return file.read()

    def set_quality(self, percent):
        """Take pictures of this quality from now on: thingscam lowers it for a size limit."""
        self._quality = percent

    def close(self):
        """Give the memory back; another object is made for the next picture."""
        self._names = ()


def use():
    """Have the app take its pictures by this driver."""
    drivers.start = lambda profile, frame_size, quality: Folder(frame_size, quality)
