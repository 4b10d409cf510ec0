# What thingscam uses of the two drivers that are a module `camera`; a board has one of them.

# micropython-camera-API (github.com/cnadler86/micropython-camera-API), by its README and
# typings/camera.pyi.

class FrameSize: ...

class PixelFormat:
    JPEG: int

class GrabMode:
    WHEN_EMPTY: int
    LATEST: int

class Camera:
    def __init__(
        self,
        *,
        data_pins: list[int] = ...,
        xclk_pin: int = ...,
        pclk_pin: int = ...,
        vsync_pin: int = ...,
        href_pin: int = ...,
        sda_pin: int = ...,
        scl_pin: int = ...,
        powerdown_pin: int = ...,
        reset_pin: int = ...,
        frame_size: int = ...,
        pixel_format: int = ...,
        jpeg_quality: int = ...,
        fb_count: int = ...,
        grab_mode: int = ...,
    ) -> None: ...
    quality: int
    def set_quality(self, value: int) -> None: ...
    def capture(self) -> memoryview | None: ...
    def deinit(self) -> None: ...

# lemariva/micropython-camera-driver (github.com/lemariva), by its README and modcamera.c.

JPEG: int
PSRAM: int

def init(
    id: int,
    *,
    format: int = ...,
    framesize: int = ...,
    fb_location: int = ...,
    d0: int = ...,
    d1: int = ...,
    d2: int = ...,
    d3: int = ...,
    d4: int = ...,
    d5: int = ...,
    d6: int = ...,
    d7: int = ...,
    xclk: int = ...,
    pclk: int = ...,
    vsync: int = ...,
    href: int = ...,
    siod: int = ...,
    sioc: int = ...,
    pwdn: int = ...,
    reset: int = ...,
) -> bool: ...
def deinit() -> bool: ...
def capture() -> bytes | bool: ...
def quality(value: int) -> None: ...
