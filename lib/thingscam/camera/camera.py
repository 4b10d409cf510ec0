# One face for the camera drivers: a whole picture within the limit, or why there is none.
#
# The drivers themselves are plain (drivers.py); this file handles what goes wrong with them.

import gc

from thingscam.board import chip
from thingscam.camera import CameraError, drivers
from thingscam.image import checks as image
from thingscam.util.compat import const, ticks_diff, ticks_ms

_TRIES = const(3)  # failures in a row until the camera is started anew
_STEP = const(15)  # quality, percent
_FLOOR = const(40)  # no lower quality than this, percent
_STEP_UP_AFTER = const(20)  # good captures until one step better is tried
_MIN_LIMIT = const(8192)  # bytes; below that nothing can be seen
_SLOW_MS = const(2000)  # a start that fails so late waited for a frame in vain
_ANY_SIZE = const(1 << 30)

# HD is no step: it shows another part of the scene than its neighbours.
_SMALLER = {
    "QXGA": "UXGA",
    "UXGA": "SXGA",
    "SXGA": "XGA",
    "HD": "XGA",
    "XGA": "SVGA",
    "SVGA": "VGA",
    "VGA": "CIF",
    "CIF": "QVGA",
}

# What drivers raise; NotImplementedError is a RuntimeError.
_DRIVER_ERRORS = (OSError, MemoryError, RuntimeError, ValueError)


class Camera:
    """The board's camera, set up as `settings` (the section "camera") says.

    `limit` is the largest picture in bytes, `profile` the board's (profiles.Profile; None:
    found by settings.board). `feed()` is called before each call of the driver, which may take
    4 s, or 8. `refused` are those of settings.sensor that this camera does not take. One with a
    lamp is in lamp.py.

    Raises CameraError when the firmware has no camera driver, or the camera does not start;
    profiles.UnknownBoardError when it has to look for the profile and there is none.
    """

    def __init__(self, settings, limit, profile=None, feed=None):
        self._settings = settings
        self.refused = ()
        self._feed = feed
        self._limit = self._most = limit
        if profile is None:
            from thingscam.board import profiles

            profile = profiles.find(settings.board)
        self._profile = profile
        self._device = None
        self.size = None  # what the device runs at, or did
        self._quality = 0
        self._largest = settings.frame_size  # that there is memory for, as far as is known
        self._level = 0  # steps below that size and the configured quality
        self._good = 0  # captures since the last step
        self._start()

    def capture(self):
        """Take a picture and return it as a memoryview: a whole JPEG within the limit.

        It is the driver's own buffer where the driver gives that away: it holds until the
        next capture() or close(). A camera that was closed is started again.

        Raises CameraError when there is none; the next capture() starts the camera anew.
        """
        level = self._level
        try:
            self._prepare()
            frame = self._within_limit()
        except (CameraError,) + _DRIVER_ERRORS as e:
            # What was lowered in vain is no reason for worse pictures afterwards.
            self._level = level
            self.close()
            raise e if isinstance(e, CameraError) else self._error("no picture", e)
        self._good += 1
        return frame

    def too_large(self, size):
        """Stay below `size` bytes: the service has refused such a picture. None: no longer."""
        self._limit = self._most
        if size is not None:
            self._limit = min(self._limit, max(size - size // 8, _MIN_LIMIT))

    def ready(self):
        """Start a camera that was closed, so that capture() need not; raises CameraError."""
        if self._device is None:
            self._start()

    def close(self):
        """Give the camera's memory back to the system; capture() starts it again."""
        device, self._device = self._device, None
        if device is not None:
            try:
                device.close()
            except _DRIVER_ERRORS:
                pass  # what cannot be closed is as good as closed: it is started anew
        device = None
        gc.collect()

    def _prepare(self):
        if self._good >= _STEP_UP_AFTER and (
            self._level or self._largest != self._settings.frame_size
        ):
            # Now, and not after the last capture: its picture may still be in the buffer.
            if self._level:
                self._move(-1)
            else:
                self._largest = self._settings.frame_size
                self._good = 0
                self.close()
                self._start()
        elif self._device is None:
            self._start()

    def _within_limit(self):
        while True:
            frame = self._whole()
            if len(frame) <= self._limit:
                return frame
            size = len(frame)
            frame = None  # it would not outlive what follows
            if not self._move(1):
                raise CameraError(
                    "picture too large: {} bytes at {} and quality {}, limit {}: "
                    "raise cloud.limit_bytes".format(size, self.size, self._quality, self._limit)
                )

    def _whole(self):
        # A whole JPEG of any size, without what stands behind it.
        seen = None
        for last in (False, True):
            for _ in range(_TRIES):
                try:
                    return self._shoot()
                except image.ImageError as e:
                    seen = e
                except _DRIVER_ERRORS as e:
                    seen = e
                    if chip.is_out_of_memory(e):
                        break  # the same again in the same memory is no use
            if not last:
                self.close()
                # A frame too large for the driver's buffer looks like a failed capture too.
                if not self._move(1):
                    self._start()
        raise self._error("no picture", seen)

    def _shoot(self):
        data = None
        for _ in range(self._device.stale + 1):
            data = None  # a driver that copies needs the room of the last copy
            data = self._take()
            if not data:
                break  # it took seconds to fail: once a try is enough
        kind, size = image.measure(data, _ANY_SIZE)
        if kind != "jpeg":
            raise image.ImageError("a {} picture in place of a JPEG".format(kind))
        return memoryview(data)[:size]

    def _take(self):
        if self._feed:
            self._feed()
        return self._device.capture()

    def _start(self):
        largest, level, tries = self._largest, self._level, 0
        while True:
            begin = ticks_ms()
            size, quality = self._quality_step(self._level)
            try:
                if self._feed:
                    self._feed()
                self._device = drivers.start(self._profile, size, quality)
                self.size, self._quality = size, quality
                if self._settings.sensor:
                    from thingscam.camera.sensor import apply

                    driver = getattr(self._device, "driver", None)
                    self.refused = apply(driver, self._settings.sensor)
                self._warm_up()
                return
            except _DRIVER_ERRORS + (TypeError,) as e:
                self.close()
                tries += 1
                if not self._yields(size, tries, ticks_diff(ticks_ms(), begin) > _SLOW_MS):
                    self._largest, self._level = largest, level
                    raise self._error("the camera does not start", e)

    def _yields(self, size, tries, late):
        # Whether there is something else to start with, after so many failures.
        if late:
            # A driver that takes a first frame itself: it may be too large for its buffer.
            self._level += 1
            return tries < _TRIES and self._quality_step(self._level)[0] is not None
        if tries > 1:
            # There may be too little memory: few drivers tell.
            self._largest, self._level = _SMALLER.get(size), 0
        return self._largest is not None

    def _warm_up(self):
        # The first frames after the start, or after the light came on, are dark or stale:
        # exposure has yet to settle. One at the least, for one waits in the buffer.
        for _ in range(max(1, self._settings.warmup_frames)):
            try:
                if not self._take():
                    return  # a camera that gives nothing takes seconds for it, each time
            except _DRIVER_ERRORS:
                return  # the capture that counts will meet it too, and try again

    def _move(self, steps):
        # Goes so many steps down (or up, below 0); returns whether there are such.
        size, quality = self._quality_step(self._level + steps)
        if size is None:
            return False
        self._level += steps
        self._good = 0
        if self._device is not None and size == self.size:
            self._set_quality(quality)
        else:
            self.close()
            self._start()
        return True

    def _quality_step(self, level):
        # Size and quality so many steps below the configured: quality first, then size.
        # (None, 0) where there is none.
        size, quality = self._largest, self._settings.quality
        for _ in range(level):
            if quality > _FLOOR:
                quality = max(_FLOOR, quality - _STEP)
            elif size in _SMALLER:
                size = _SMALLER[size]
            else:
                return None, 0
        return size, quality

    def _set_quality(self, quality):
        if quality != self._quality:
            self._device.set_quality(quality)
            self._quality = quality

    def _error(self, what, seen):
        if chip.is_out_of_memory(seen):
            advice = "out of memory: choose a smaller camera.frame_size, or firmware with PSRAM"
        else:
            advice = (
                "check that camera.board is right ({}), the camera's ribbon cable, the power "
                "supply, and that the firmware uses the board's PSRAM"
            ).format(self._profile.name)
        return CameraError("{} ({}): {}".format(what, str(seen) or type(seen).__name__, advice))
