# cnadler86/micropython-camera-API: the driver of the recommended firmware.

from thingscam.camera import constant


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
        self.driver = module.Camera(
            pixel_format=module.PixelFormat.JPEG,
            frame_size=constant(module.FrameSize, frame_size),
            jpeg_quality=quality,
            fb_count=1,  # a second buffer costs memory and would hold an old frame
            grab_mode=module.GrabMode.WHEN_EMPTY,
            **arguments,
        )

    def capture(self):
        """Return the driver's own frame buffer, or None."""
        return _unsigned(self.driver.capture())

    def set_quality(self, percent):
        """Set the JPEG quality in percent, the driver's own scale."""
        if hasattr(self.driver, "quality"):
            self.driver.quality = percent
        else:  # before 0.4 there were methods only
            self.driver.set_quality(percent)

    def close(self):
        """Give the driver's memory back."""
        self.driver.deinit()


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
