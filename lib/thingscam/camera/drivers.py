# Finds the firmware's camera driver, one of three of the field, by what its module holds.
#
# Each has a file with a class, imported when it is the one. The class starts the camera when it
# is made. `stale`: how many frames wait in the driver that are older than the call of capture().
# The frame buffer is dimensioned by the frame size at the start (espressif/esp32-camera issue
# 514), so another size takes a new start.

from thingscam.camera import CameraError


def start(profile, frame_size, quality):
    """Start the camera with whichever driver the firmware has, and return it.

    `profile` is the board's (profiles.Profile), `frame_size` one of the names in settings,
    `quality` in percent. What it returns has capture() -> the JPEG frame as a bytes-like
    object, or something else when that failed; set_quality(percent); close(); `stale`; and,
    where the sensor can be set, `driver`, what sensor.apply() takes.

    Raises CameraError when there is no driver or it does not know the frame size, and what
    the driver raises when the camera does not start: OSError, MemoryError, RuntimeError,
    ValueError, TypeError.
    """
    try:
        import camera
    except ImportError:
        from thingscam.camera import openmv

        return openmv.OpenMv(openmv.find(), frame_size, quality)
    if hasattr(camera, "Camera"):
        from thingscam.camera.camera_api import CameraApi

        return CameraApi(camera, profile, frame_size, quality)
    if hasattr(camera, "init"):
        from thingscam.camera.lemariva import Lemariva

        return Lemariva(camera, profile, frame_size, quality)
    raise CameraError("module camera is no camera driver: is there a camera.py on the board?")
