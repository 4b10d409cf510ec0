# The three camera drivers of the field behind one small face, told apart by what they hold.
#
# Each class starts the camera when it is made. `stale`: how many frames wait in the driver
# that are older than the call of capture(). The frame buffer is dimensioned by the frame
# size at the start (espressif/esp32-camera issue 514), so another size takes a new start.


class CameraError(Exception):
    """No picture could be taken; the text says why, and what a person should do."""


def start(profile, frame_size, quality):
    """Start the camera with whichever driver the firmware has, and return it.

    `profile` is the board's (boards.Profile), `frame_size` one of the names in settings,
    `quality` in percent. What it returns has capture() -> the JPEG frame as a bytes-like
    object, or something else when that failed; set_quality(percent); close(); `stale`.

    Raises CameraError when there is no driver or it does not know the frame size, and what
    the driver raises when the camera does not start: OSError, MemoryError, RuntimeError,
    ValueError, TypeError.
    """
    try:
        import camera
    except ImportError:
        return OpenMv(_openmv(), frame_size, quality)
    if hasattr(camera, "Camera"):
        return CameraApi(camera, profile, frame_size, quality)
    if hasattr(camera, "init"):
        return Lemariva(camera, profile, frame_size, quality)
    raise CameraError("module camera is no camera driver: is there a camera.py on the board?")


class CameraApi:
    """cnadler86/micropython-camera-API, 0.2 and later: a class, frames in place."""

    # With its one buffer in our hands nothing is captured until the next call.
    stale = 0

    def __init__(self, module, profile, frame_size, quality):
        arguments = {}
        if profile.pins:
            names = "xclk_pin pclk_pin vsync_pin href_pin sda_pin scl_pin powerdown_pin reset_pin"
            arguments = dict(zip(names.split(), profile.pins[8:]))  # noqa: B905
            # A tuple is refused.
            arguments["data_pins"] = list(profile.pins[:8])
        # Always made anew: init() after deinit() fails (issue 52 there, version 0.6.1).
        self._camera = module.Camera(
            pixel_format=module.PixelFormat.JPEG,
            frame_size=_constant(module.FrameSize, frame_size),
            jpeg_quality=quality,
            fb_count=1,  # a second buffer costs memory and would hold an old frame
            grab_mode=module.GrabMode.WHEN_EMPTY,
            **arguments,
        )

    def capture(self):
        """Return the driver's own frame buffer, or None."""
        return _unsigned(self._camera.capture())

    def set_quality(self, percent):
        """Set the JPEG quality in percent, the driver's own scale."""
        if hasattr(self._camera, "quality"):
            self._camera.quality = percent
        else:  # before 0.4 there were methods only
            self._camera.set_quality(percent)

    def close(self):
        """Give the driver's memory back."""
        self._camera.deinit()


class Lemariva:
    """lemariva/micropython-camera-driver and its forks: a module, frames as bytes."""

    # Its buffer is filled again as soon as it was read (issue 95 there): the frame that
    # waits is as old as the last capture.
    stale = 1

    def __init__(self, module, profile, frame_size, quality):
        self._module = module
        arguments = {}
        if profile.pins:
            names = "d0 d1 d2 d3 d4 d5 d6 d7 xclk pclk vsync href siod sioc pwdn reset"
            arguments = dict(zip(names.split(), profile.pins))  # noqa: B905
        if profile.psram and hasattr(module, "PSRAM"):
            arguments["fb_location"] = module.PSRAM
        # After a soft reset the camera still runs, and would not start a second time.
        module.deinit()
        size = _constant(module, "FRAME_" + frame_size, frame_size)
        if module.init(0, format=module.JPEG, framesize=size, **arguments) is False:
            raise OSError("camera.init() returned False")
        self.set_quality(quality)

    def capture(self):
        """Return the frame as bytes, or False or None."""
        return self._module.capture()

    def set_quality(self, percent):
        """Set the JPEG quality; its scale goes from 63 (worst) to 10 (best).

        As micropython-camera-API maps percent to the same registers: 85 is 10, 50 is 32.
        """
        self._module.quality(max(10, 63 - percent * 63 // 100))

    def close(self):
        """Give the driver's memory back."""
        self._module.deinit()


class OpenMv:
    """OpenMV's `csi`, or `sensor` on older firmware: frames are image objects in place."""

    stale = 0  # single-buffered: a frame is captured when it is asked for

    def __init__(self, module, frame_size, quality):
        self._old = not hasattr(module, "CSI")
        self._sensor = module if self._old else module.CSI()
        self._quality = quality
        self._sensor.reset()
        try:
            self._set("pixformat", module.JPEG)
            self._encodes = True
        except (RuntimeError, ValueError, OSError):
            # Only OV2640 and OV5640 encode; for the others the board does it.
            self._set("pixformat", module.RGB565)
            self._encodes = False
        self._set("framesize", _constant(module, frame_size))
        if hasattr(self._sensor, "set_framebuffers" if self._old else "framebuffers"):
            self._set("framebuffers", 1)
        self.set_quality(quality)

    def capture(self):
        """Return the frame buffer with a JPEG in it, or None."""
        frame = self._sensor.snapshot()
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
        if hasattr(self._sensor, "shutdown"):
            self._sensor.shutdown(True)

    def _set(self, name, value):
        # The same functions under two names.
        getattr(self._sensor, "set_" + name if self._old else name)(value)


def _openmv():
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


def _constant(where, name, frame_size=None):
    value = getattr(where, name, None)
    if value is None:
        raise CameraError(
            "camera.frame_size: the driver does not know {}".format(frame_size or name)
        )
    return value


def _unsigned(frame):
    # micropython-camera-API's view has signed bytes, where an FF reads as -1 and which
    # cannot be compared or assigned everywhere: the same memory, seen as unsigned.
    if not frame or frame[0] >= 0:
        return frame
    try:
        import uctypes
    except ImportError:
        return frame
    return memoryview(uctypes.bytearray_at(uctypes.addressof(frame), len(frame)))
