# The camera behind all three drivers: frame buffers, first frames, and what goes wrong.

import collections
import dataclasses
import pathlib
import random

from .scenes import SIZES

# esp32-camera itself gives away no frame without FF D8 FF or FF D9 (cam_hal.c v2.1.5, cam_task and
# cam_take): it waits for another one. "truncated" and "garbage" are harsher than it is. What
# stands in the DMA's ring behind the last bytes of a frame is "stale", up to the last FF D9.
FAULTS = (
    "failed",
    "enomem",
    "truncated",
    "padding",
    "garbage",
    "stale",
    "empty",
    "other_size",
    "start",
    "first_frame",
)
_AT_START = ("start", "first_frame")
_RANDOM_FAULTS = ("failed", "truncated", "padding", "stale")
_LIGHT = (0.05, 0.4)  # of the first frames after a start; the exposure is still to find
_FRAME_MS = 66  # 15 frames a second
# esp_camera_fb_get() waits so long for a frame (FB_GET_TIMEOUT, esp_camera.c v2.0.0 to v2.1.5).
_TIMEOUT_MS = 4000
_KEPT = 10000
# On an ESP32 (ll_cam.c v2.1.5, ll_cam_dma_sizes): 8 halves of 4096 bytes, and cam_task's stack.
_DMA_BYTES = 8 * 4096 + 4096


@dataclasses.dataclass(frozen=True)
class Frame:
    """One exposure: its number, when (ms since 2000), and how light it is."""

    number: int
    moment_ms: int
    light: float


class Sensor:
    """The camera; `path` is the file in which a captured frame waits for the driver.

    `trouble` is the part of captures that go wrong by themselves. `delivered` holds
    (frame number, size, fault or None) of each frame a program was given.
    """

    def __init__(self, clock, scenes, folder, profile, ram, trouble=0.0, seed=0):
        self.scene_light = lambda: 1.0  # how light it is outside
        self.path = pathlib.Path(folder) / "frame"
        self.path.touch()
        self.delivered = collections.deque(maxlen=_KEPT)
        self.listeners = []
        self.trouble = trouble
        self._faults = collections.deque()
        self._clock = clock
        self._scenes = scenes
        self._psram = profile.psram
        self._ram = ram
        self._pins = profile.camera_pins
        self._random = random.Random(seed)
        self._number = 0
        self.reset()

    def reset(self):
        """The chip was reset."""
        self._running = False
        self._ram.give("camera")
        self._waiting = collections.deque()
        self._held = self._lost = False

    def fault(self, kind, count=1):
        """Have the next `count` captures go wrong in one of FAULTS.

        "start": so many starts find no camera; "first_frame": at so many starts no frame comes.
        """
        if kind not in FAULTS:
            raise ValueError("no camera fault {}: {}".format(kind, ", ".join(FAULTS)))
        self._faults.extend([kind] * count)

    def answer(self, what, argument):
        """Answer a driver."""
        return getattr(self, "_" + what)(argument)

    def _start(self, settings):
        if self._running:
            # esp_camera_init() finds its state there, and takes all down (esp_camera.c v2.1.5).
            self.reset()
            return {"error": "running"}
        if self._faults and self._faults[0] == "start":
            self._faults.popleft()
            return {"error": "no camera"}
        if settings["pins"] is not None and tuple(settings["pins"]) != self._pins:
            return {"error": "no camera"}
        width, height = SIZES[settings["size"]]
        buffer = width * height // 5  # cam_hal.c v2.1.5, cam_config, for JPEG
        if not self._find_room(buffer * settings["buffers"], settings.get("dram")):
            return {"error": "no memory"}
        self._size = settings["size"]
        self._buffer = buffer
        self._quality = settings["quality"]
        self._buffers = settings["buffers"]
        self._latest = settings["latest"]
        self._timeout_ms = settings.get("timeout_ms", _TIMEOUT_MS)
        self._running = True
        self._look = {}
        self._held = self._lost = False
        self._seen = 0
        self._waiting.clear()
        while len(self._waiting) < self._buffers:
            self._waiting.append(self._expose())
        return {"error": None}

    def _find_room(self, buffers, in_dram):
        if not in_dram:
            return self._psram and self._ram.take("camera", _DMA_BYTES)
        return self._ram.take("camera", _DMA_BYTES + buffers)

    def _stop(self, _):
        was = self._running
        self.reset()
        return {"was": was}

    def _set(self, settings):
        if not self._running:
            return {"result": False}
        self._quality = settings.pop("quality", self._quality)
        self._look.update(settings)
        return {"result": True}

    def _ready(self, _):
        return {"count": len(self._waiting)}

    def _free(self, _):
        # The sensor fills an empty buffer at once; that frame waits, however long.
        if self._held:
            self._held = False
            self._waiting.append(self._expose())
        return {}

    def _lose(self, _):
        # A buffer that was never given back: lemariva's, when there is no room for its copy.
        self._lost = True
        return {}

    def _capture(self, question):
        """`keep`: the driver gives the buffer itself away, and gets it back later.

        `first`: it is the frame that the driver takes for itself, when it has started.
        """
        keep, first = question
        if not self._running:
            return {"error": "not started"}
        fault = self._next_fault(first)
        if self._lost:
            return {"error": "failed", "wait_ms": self._timeout_ms}
        # With its only buffer away the sensor has to wait; a new frame takes its time.
        wait = 0 if self._waiting and not self._latest else _FRAME_MS
        if self._latest or not self._waiting:
            self._waiting.clear()
            frame = self._expose()
        else:
            frame = self._waiting.popleft()
        self._held = True
        if not keep:
            self._free(None)
        if fault == "enomem":
            return {"error": "no memory"}
        size = "QQVGA" if fault == "other_size" else self._size
        data = self._scenes.jpeg(
            frame.number, frame.moment_ms, size, self._quality, frame.light, self._look
        )
        # A frame that is too large is dropped (FB-OVF), and the driver waits for another.
        if fault in ("failed", "first_frame") or len(data) > self._buffer:
            return {"error": "failed", "wait_ms": self._timeout_ms}
        data = self._spoiled(data, fault)[: self._buffer]
        self.path.write_bytes(data)
        if first:
            return {"error": None, "size": len(data), "wait_ms": _FRAME_MS}
        self.delivered.append((frame.number, len(data), fault))
        for listener in self.listeners:
            listener(frame.number, data, fault)
        return {"error": None, "size": len(data), "wait_ms": wait}

    def _next_fault(self, first):
        # What is ordered befalls what a program asks for.
        if self._faults and (
            self._faults[0] == "first_frame" if first else self._faults[0] not in _AT_START
        ):
            return self._faults.popleft()
        if not first and self._random.random() < self.trouble:
            return self._random.choice(_RANDOM_FAULTS)
        return None

    def _expose(self):
        self._number += 1
        light = _LIGHT[self._seen] if self._seen < len(_LIGHT) else 1.0
        self._seen += 1
        return Frame(self._number, self._clock.world_ms(), light * self.scene_light())

    def _spoiled(self, data, fault):
        if fault == "truncated":
            return data[: len(data) * 6 // 10]
        if fault == "padding":
            return data + bytes(512)
        if fault == "garbage":
            return bytes(16) + data[16:]
        if fault == "stale":
            # What an older frame has left there, with its end or without.
            tail = data[-self._random.randrange(200, 1400) : -2]
            return (
                data
                + b"\x05\x3b\xb5\x31"
                + tail
                + self._random.choice((b"", b"\xff\xd9", b"\xff\xd9\x17"))
            )
        return b"" if fault == "empty" else data
