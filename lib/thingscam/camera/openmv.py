# OpenMV's own firmware, the new camera module and the old one.

from thingscam.camera import CameraError, constant


class OpenMv:
    """OpenMV's `csi`, or `sensor` on older firmware: frames are image objects in place."""

    stale = 0  # single-buffered: a frame is captured when it is asked for

    def __init__(self, module, frame_size, quality):
        self._old = not hasattr(module, "CSI")
        self.driver = module if self._old else module.CSI()
        self._quality = quality
        self.driver.reset()
        try:
            self._set("pixformat", module.JPEG)
            self._encodes = True
        except (RuntimeError, ValueError, OSError):
            # Only OV2640 and OV5640 encode; for the others the board does it.
            self._set("pixformat", module.RGB565)
            self._encodes = False
        self._set("framesize", constant(module, frame_size))
        if hasattr(self.driver, "set_framebuffers" if self._old else "framebuffers"):
            self._set("framebuffers", 1)
        self.set_quality(quality)

    def capture(self):
        """Return the frame buffer with a JPEG in it, or None."""
        frame = self.driver.snapshot()
        if frame is None:
            return None
        if not self._encodes:
            # In place; named compress() before firmware 4.
            encode = frame.to_jpeg if hasattr(frame, "to_jpeg") else frame.compress
            frame = encode(quality=self._quality) or frame
        return frame.bytearray()

    def set_quality(self, percent):
        """Set the JPEG quality in percent, the driver's own scale."""
        self._quality = percent
        if self._encodes:
            self._set("quality", percent)

    def close(self):
        """Switch the sensor off; the frame buffer is the firmware's own."""
        if hasattr(self.driver, "shutdown"):
            self.driver.shutdown(True)

    def _set(self, name, value):
        # The same functions under two names.
        getattr(self.driver, "set_" + name if self._old else name)(value)


def find():
    """Return the firmware's camera module; raises CameraError when there is none."""
    try:
        import csi

        return csi
    except ImportError:
        pass
    try:
        import sensor

        return sensor
    except ImportError:
        raise CameraError(
            "this firmware has no camera driver (no module camera, csi or sensor): "
            "flash one that has"
        )
