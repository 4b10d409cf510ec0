# lemariva/micropython-camera-driver and its forks.

from thingscam.camera import constant


class Lemariva:
    """lemariva/micropython-camera-driver and its forks: a module, frames as bytes."""

    # Its buffer is filled again as soon as it was read (issue 95 there): the frame that
    # waits is as old as the last capture.
    stale = 1

    def __init__(self, module, profile, frame_size, quality):
        self.driver = module
        arguments = {}
        if profile.pins:
            names = "d0 d1 d2 d3 d4 d5 d6 d7 xclk pclk vsync href siod sioc pwdn reset"
            arguments = dict(zip(names.split(), profile.pins))  # noqa: B905
        if profile.psram and hasattr(module, "PSRAM"):
            arguments["fb_location"] = module.PSRAM
        # After a soft reset the camera still runs, and would not start a second time.
        module.deinit()
        size = constant(module, "FRAME_" + frame_size, frame_size)
        if module.init(0, format=module.JPEG, framesize=size, **arguments) is False:
            raise OSError("camera.init() returned False")
        self.set_quality(quality)

    def capture(self):
        """Return the frame as bytes, or False or None."""
        return self.driver.capture()

    def set_quality(self, percent):
        """Set the JPEG quality; its scale goes from 63 (worst) to 10 (best).

        As micropython-camera-API maps percent to the same registers: 85 is 10, 50 is 32.
        """
        self.driver.quality(max(10, 63 - percent * 63 // 100))

    def close(self):
        """Give the driver's memory back."""
        self.driver.deinit()
