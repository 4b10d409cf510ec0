# One face for the camera driver: a whole picture, or the reason there is none.
#
# The driver is micropython-camera-API's module `camera` (github.com/cnadler86).

from thingscam import image


class CameraError(Exception):
    """No picture could be taken; the text says why."""


class Camera:
    """The board's camera, set up as `settings` (the section "camera") says.

    Raises CameraError when the firmware has no camera driver, or it does not start.
    """

    def __init__(self, settings, limit):
        try:
            import camera as driver
        except ImportError:
            raise CameraError("this firmware has no module `camera`: flash one with a driver")
        self._limit = limit
        try:
            self._device = driver.Camera(
                frame_size=getattr(driver.FrameSize, settings.frame_size),
                pixel_format=driver.PixelFormat.JPEG,
                jpeg_quality=settings.quality,
            )
        except AttributeError:
            raise CameraError(
                "camera.frame_size: the driver does not know {}".format(settings.frame_size)
            )
        except OSError as e:
            raise CameraError("the camera does not start ({}): check camera.board".format(e))
        for _ in range(settings.warmup_frames):
            # The first frames are dark or stale: exposure has yet to settle.
            self._device.capture()

    def capture(self):
        """Take a picture and return it as a memoryview, whole and within the limit.

        It is the driver's own buffer: it holds until the next capture().

        Raises CameraError when there is none.
        """
        try:
            frame = self._device.capture()
            kind = image.check(frame, self._limit)
        except OSError as e:
            raise CameraError("capture failed ({})".format(e))
        except image.ImageError as e:
            raise CameraError("capture failed: {}".format(e))
        frame = memoryview(frame)
        return frame[: len(frame) - image.padding(frame)] if kind == "jpeg" else frame
