# The camera drivers of the field, played: as awkward as the real ones, and telling what was done.
#
# One Sensor behind every driver. It has one frame buffer, overwritten by the next frame and
# by what comes after deinit(); a frame says when it was exposed, how many came before it since
# the start or since the light changed, and whether the light was on.

import array
import sys

from thingscam.camera import camera

try:
    import uctypes
except ImportError:  # CPython
    uctypes = None

# Thousands of pixels.
SIZES = {
    "QQVGA": 19,
    "QVGA": 77,
    "CIF": 118,
    "VGA": 307,
    "SVGA": 480,
    "XGA": 786,
    "HD": 921,
    "SXGA": 1310,
    "UXGA": 1920,
    "QXGA": 3145,
}
# micropython-camera-API's attributes (src/modcamera_api.c), and what esp32-camera's ov2640.c and
# gc2145.c do with them: the ranges they take.
_TWO = (-2, -1, 0, 1, 2)
_SWITCH = (False, True)
API = {
    "contrast": _TWO,
    "brightness": _TWO,
    "saturation": _TWO,
    "sharpness": (),
    "denoise": (),
    "gainceiling": range(7),
    "whitebal": _SWITCH,
    "gain_ctrl": _SWITCH,
    "exposure_ctrl": _SWITCH,
    "hmirror": _SWITCH,
    "vflip": _SWITCH,
    "awb_gain": _SWITCH,
    "agc_gain": range(1000),
    "aec_value": range(1000001),
    "special_effect": range(7),
    "wb_mode": range(5),
    "ae_level": _TWO,
    "lenc": _SWITCH,
}
_GC2145 = ("hmirror", "vflip")  # all that it has
_CAPACITY = 40000
_HEAD = b"\xff\xd8\xff\xe0\x00\x06"  # the segment holds what the frame shows
_SCAN = b"\xff\xc0\x00\x08\x08\x00\x10\x00\x10\x00\xff\xda\x00\x03\x01"
_STALE = b"\x05\x3b\xb5\x31" + b"\xa7" * 300 + b"\xff\xd9" + b"\x17"


class Names:
    """Holds what it is given, as a module or class of constants does."""

    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


class Settings:
    """The section "camera" of the configuration."""

    def __init__(self, board="ai-thinker", size="SVGA", quality=85, warmup=2, light=False, ms=0):
        self.board = board
        self.frame_size = size
        self.quality = quality
        self.warmup_frames = warmup
        self.light = light
        self.light_ms = ms
        self.sensor = None


class Sensor:
    """What all drivers have in common.

    `faults`: what befalls the next frames, one each: "none", "false", "cut", "garbage",
    "empty", "png", "padded", "stale", "headless", "oserror", "runtime", "memory". `broken`: the
    same, for every frame.
    `cured`: a new start ends that. `start_faults`: exceptions for the next starts. `largest`:
    the thousands of pixels there is memory for. `waited`: the milliseconds spent in vain.
    """

    def __init__(self):
        signed = array.array("b", bytes(_CAPACITY))
        self.buffer = signed
        if uctypes:
            self.bytes = uctypes.bytearray_at(uctypes.addressof(signed), _CAPACITY)
        else:
            self.bytes = memoryview(signed).cast("B")
        self.log = []
        self.faults = []
        self.broken = None
        self.cured = False
        self.start_faults = []
        self.largest = 10000
        self.waited = 0
        self.running = False
        self.clock = 1
        self.lit = False
        self.settled = 0
        self.taken = 0
        self.scale = 85
        self.room = _CAPACITY  # the driver's buffer: a larger frame comes cut short
        self.lost = False
        self.on_capture = None
        self.look = {}  # what was set since the start
        self.simple = False  # a GC2145, which has next to nothing
        self.model = "OV2640"

    def set(self, name, value, limits):
        """Set something of how frames look; returns whether the sensor takes it."""
        assert self.running and not self.shot, "to be set before the first frames"
        if value not in limits or (self.simple and name not in _GC2145):
            return False
        self.look[name] = value
        return True

    def start(self, size, quality):
        self.log.append("start {} {}".format(size, quality))
        if self.start_faults:
            fault = self.start_faults.pop(0)
            if fault is not None:
                raise fault
        if SIZES[size] > self.largest:
            raise OSError(1, "ESP_FAIL")
        self.running = True
        self.lost = False
        self.size = size
        self.start_size = size
        self.settled = self.shot = 0
        self.look = {}
        if self.cured:
            self.broken = None

    def stop(self):
        was, self.running = self.running, False
        if was:
            self.log.append("stop")
            self.bytes[:] = b"\xee" * _CAPACITY
        return was

    def fits(self, percent):
        """Return whether a frame of this quality fits into the driver's buffer."""
        return SIZES[self.size] * percent // 8 <= self.room

    def expose(self):
        """Return what a frame shows that begins now."""
        self.settled += 1
        return (self.clock, self.settled - 1, int(self.lit))

    def frame(self, seen, percent):
        """Write the frame of an exposure; return its length, or None or False."""
        self.taken += 1
        self.shot += 1
        if self.on_capture:
            self.on_capture()
        fault = self.faults.pop(0) if self.faults else self.broken
        if not self.running:
            raise OSError(2)
        if fault == "oserror":
            raise OSError(5)
        if fault == "runtime":
            raise RuntimeError("frame capture has timed out")
        if fault == "memory":
            self.lost = True
            raise MemoryError("memory allocation failed")
        length = SIZES[self.size] * percent // 8
        assert self.size == self.start_size, "the buffer is made for the size at the start"
        if fault in ("none", "false") or self.lost or length > self.room:
            self.waited += 4000
            return None
        data = self.bytes
        data[:length] = b"\x5a" * length
        data[:6] = _HEAD
        data[6:10] = bytes((seen[0] >> 8, seen[0] & 255, min(seen[1], 255), seen[2]))
        data[10 : 10 + len(_SCAN)] = _SCAN
        data[length - 2 : length] = b"\xff\xd9"
        if fault == "cut":
            data[length - 2 : length] = b"\x5a\x5a"
        elif fault == "garbage":
            data[:4] = b"\x01\x02\x03\x04"
            data[length - 2 : length] = b"\x5a\x5a"
        elif fault == "png":
            data[:8] = b"\x89PNG\r\n\x1a\n"
        elif fault == "empty":
            length = 0
        elif fault == "headless":
            data[10 : 10 + len(_SCAN)] = b"\xff\xd9" + b"\x5a" * (len(_SCAN) - 2)
        elif fault in ("padded", "stale"):
            behind = bytes(700) if fault == "padded" else _STALE
            data[length : length + len(behind)] = behind
            length += len(behind)
        return length


def shown(frame):
    """Return (clock, frames before it, lit) of a frame."""
    return (frame[6] << 8 | frame[7], frame[8], bool(frame[9]))


def _size_name(number):
    return sorted(SIZES)[number]


def _numbers(prefix=""):
    names = sorted(SIZES)
    return {prefix + name: names.index(name) for name in names}


class Api:
    """micropython-camera-API: one object at a time, frames in place with signed bytes."""

    stale = 0

    def __init__(self, sensor, old=False):
        fake = self
        self.sensor = sensor
        self.given = None
        self.percents = []

        class Camera:
            def __init__(self, frame_size=1, pixel_format=0, jpeg_quality=85, fb_count=2, **pins):
                assert pixel_format == 4
                grab_mode = pins.pop("grab_mode", 1)
                data_pins = pins.get("data_pins")
                if data_pins is not None and not isinstance(data_pins, list):
                    raise TypeError("data_pins must be a list or bytearray")
                fake.given = pins
                fake.percents.append(jpeg_quality)
                self._percent = jpeg_quality
                # A second buffer is filled long before it is asked for.
                self._ahead = fb_count > 1 or grab_mode != 0
                if sensor.running:
                    sensor.stop()
                sensor.start(_size_name(frame_size), jpeg_quality)
                # The first frame is the constructor's own, and must come.
                sensor.expose()
                if sensor.broken in ("none", "false") or not sensor.fits(jpeg_quality):
                    sensor.waited += 4000
                    sensor.stop()
                    raise OSError("Failed to capture initial frame. Construct a new object")
                self._waiting = sensor.expose()

            def capture(self):
                seen, self._waiting = self._waiting, None
                if seen is None:
                    seen = sensor.expose()
                if self._ahead:
                    self._waiting = sensor.expose()
                length = sensor.frame(seen, self._percent)
                if length is None:
                    return None
                return memoryview(sensor.buffer if uctypes else sensor.bytes)[:length]

            def deinit(self):
                sensor.stop()

            def set_quality(self, percent):
                fake.percents.append(percent)
                self._percent = percent

            def get_sensor_name(self):
                return sensor.model

            def _set(self, name, value):
                real = name == "gainceiling" and sensor.model != "OV2640"
                if not sensor.set(name, value, range(1024) if real else API[name]):
                    raise ValueError("Invalid setting for " + name)

            def __getattr__(self, name):
                # Before 0.4 there were methods alone.
                if old and name[:4] == "set_" and name[4:] in API:
                    return lambda value: self._set(name[4:], value)
                if not old and name in API:
                    return sensor.look.get(name)
                raise AttributeError(name)

        class Newer(Camera):
            def __setattr__(self, name, value):
                if name in API:
                    self._set(name, value)
                else:
                    super().__setattr__(name, value)

            def _get(self):
                return self._percent

            quality = property(_get, Camera.set_quality)

            def set_quality(self, percent):
                raise AssertionError("deprecated")

        self.module = Names(
            Camera=Camera if old else Newer,
            FrameSize=Names(**_numbers()),
            PixelFormat=Names(JPEG=4, RGB565=0),
            GrabMode=Names(WHEN_EMPTY=0, LATEST=1),
        )
        self.modules = {"camera": self.module}


_LEMARIVA = {
    "flip": "vflip",
    "mirror": "hmirror",
    "contrast": "contrast",
    "saturation": "saturation",
    "brightness": "brightness",
    "speffect": "special_effect",
    "whitebalance": "wb_mode",
}


class Lemariva:
    """lemariva/micropython-camera-driver: a module, frames as bytes, one frame late."""

    stale = 1

    def __init__(self, sensor):
        self.sensor = sensor
        self.given = None
        self.percents = []
        self._quality = 12
        numbers = _numbers("FRAME_")
        self.module = Names(
            JPEG=4,
            PSRAM=0,
            DRAM=1,
            init=self._init,
            deinit=self._deinit,
            capture=self._capture,
            quality=self._set_quality,
            **numbers,
        )
        for name, its in _LEMARIVA.items():
            setattr(self.module, name, self._setter(its))
        self.modules = {"camera": self.module}

    def _setter(self, name):
        # It tells nothing of what the sensor says: src/modcamera.c.
        def give(value):
            assert isinstance(value, int) and not isinstance(value, bool)
            if not self.sensor.running:
                return False
            self.sensor.set(name, value, API[name])
            return None

        return give

    def _init(self, number, format=0, framesize=0, **pins):
        assert number == 0 and format == 4
        if self.sensor.running:
            self.sensor.stop()  # the driver takes down what it finds
            raise OSError("Camera Init Failed")
        self.given = pins
        try:
            self.sensor.start(_size_name(framesize), "-")
        except OSError:
            raise OSError("Camera Init Failed")
        self._waiting = self.sensor.expose()
        return True

    def _deinit(self):
        return self.sensor.stop()

    def _capture(self):
        seen, self._waiting = self._waiting, self.sensor.expose()
        length = self.sensor.frame(seen, -((self._quality - 63) * 100 // 63))
        if length is None:
            return False
        return bytes(self.sensor.bytes[:length])

    def _set_quality(self, value):
        assert 10 <= value <= 63
        self.percents.append(value)
        self._quality = value


# modules/py_csi.c: what the newer raises for is False with the older.
_OPENMV = {
    "vflip": _SWITCH,
    "hmirror": _SWITCH,
    "contrast": range(-3, 4),
    "brightness": range(-3, 4),
    "saturation": range(-3, 4),
    "gainceiling": (2, 4, 8, 16, 32, 64, 128),
    "special_effect": (0, 1),
    "auto_whitebal": _SWITCH,
    "auto_exposure": _SWITCH,
    "auto_gain": _SWITCH,
}


class OpenMv:
    """OpenMV: `csi`, or the older `sensor`; images in place, encoded by the sensor or not."""

    stale = 0

    def __init__(self, sensor, old=False, encodes=True):
        self.sensor = sensor
        self.given = None
        self.percents = []
        self._encodes = encodes
        self._ahead = True
        self._percent = 50
        self._format = None
        calls = {
            "reset": self._reset,
            "snapshot": self._snapshot,
            "shutdown": self._shutdown,
        }
        for name in ("pixformat", "framesize", "framebuffers", "quality"):
            calls["set_" + name if old else name] = getattr(self, "_set_" + name)
        for name in _OPENMV:
            calls["set_" + name if old else name] = self._setter(name, old)
        constants = dict(_numbers(), JPEG=4, RGB565=1)
        if old:
            self.module = Names(**dict(calls, **constants))
            self.modules = {"sensor": self.module}
        else:
            self.module = Names(CSI=lambda: Names(**calls), **constants)
            self.modules = {"csi": self.module}
        self._encoder = "compress" if old else "to_jpeg"

    def _reset(self):
        self._format = None
        self._ahead = True

    def _setter(self, name, old):
        def give(value, exposure_us=-1, gain_db=None):
            taken = self.sensor.set(name, value, _OPENMV[name])
            for each, number in (("exposure_us", exposure_us), ("gain_db", gain_db)):
                if number not in (-1, None):
                    self.sensor.look[each] = number
            if old and name[:5] != "auto_":
                return bool(taken)
            if not taken:
                raise RuntimeError("Sensor control is not supported.")
            return None

        return give

    def _set_pixformat(self, value):
        if value == 4 and not self._encodes:
            raise RuntimeError("Pixel format is not supported")
        self._format = value

    def _set_framesize(self, value):
        assert self._format is not None
        self.sensor.start(_size_name(value), "-")
        self._waiting = self.sensor.expose()

    def _set_framebuffers(self, count):
        self._ahead = count > 1
        if not self._ahead:
            self._waiting = None

    def _set_quality(self, percent):
        assert self._encodes
        self.percents.append(percent)
        self._percent = percent

    def _shutdown(self, enable):
        assert enable
        self.sensor.stop()

    def _snapshot(self):
        seen, self._waiting = self._waiting, None
        if seen is None:
            seen = self.sensor.expose()
        if self._ahead:
            self._waiting = self.sensor.expose()
        image = Names()
        if self._encodes:
            length = self.sensor.frame(seen, self._percent)
            if length is None:
                return None
            image.bytearray = lambda: memoryview(self.sensor.bytes)[:length]
            return image

        def encode(quality):
            self.percents.append(quality)
            length = self.sensor.frame(seen, quality)
            image.bytearray = lambda: memoryview(self.sensor.bytes)[: length or 0]
            return image

        setattr(image, self._encoder, encode)
        return image


FLAVOURS = {
    "api": lambda sensor: Api(sensor),
    "api, old": lambda sensor: Api(sensor, old=True),
    "lemariva": Lemariva,
    "csi": lambda sensor: OpenMv(sensor),
    "sensor": lambda sensor: OpenMv(sensor, old=True),
    "csi, not encoding": lambda sensor: OpenMv(sensor, encodes=False),
    "sensor, not encoding": lambda sensor: OpenMv(sensor, old=True, encodes=False),
}


class World:
    """One board's firmware: a driver of some flavour among the modules."""

    def __init__(self, name):
        self.name = name
        self.sensor = Sensor()
        self.driver = FLAVOURS[name](self.sensor)
        self.stale = self.driver.stale

    def __enter__(self):
        for name in self.driver.modules:
            sys.modules[name] = self.driver.modules[name]
        self._ticks_ms, camera.ticks_ms = camera.ticks_ms, lambda: self.sensor.waited
        return self

    def __exit__(self, *_):
        camera.ticks_ms = self._ticks_ms
        for name in self.driver.modules:
            del sys.modules[name]

    def light(self, on):
        """The bright light's switch."""
        if on != self.sensor.lit:
            self.sensor.settled = 0
        self.sensor.lit = on
        self.sensor.log.append("light on" if on else "light off")

    def bad(self, fault, tries):
        """Let so many tries in a row go wrong."""
        whole = fault in ("cut", "garbage", "png", "headless")
        self.sensor.faults = [fault] * (tries * (self.stale + 1 if whole else 1))

    def starts(self):
        """Return how often the camera was started."""
        return sum(1 for line in self.sensor.log if line.startswith("start"))
