# The camera behind all three drivers: frame buffers, first frames, and what goes wrong.

import collections
import dataclasses
import pathlib
import random

from tools.virtualboard.scenes import SIZES

FAULTS = ("failed", "enomem", "truncated", "padding", "garbage", "start")
_RANDOM_FAULTS = ("failed", "truncated", "padding")
_LIGHT = (0.05, 0.4)  # of the first frames after a start; the exposure is still to find
_FRAME_MS = 66  # 15 frames a second
_KEPT = 10000
_NO_PSRAM_PIXELS = 800 * 600  # a larger frame buffer is more than the RAM has in one piece


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

    def __init__(self, clock, scenes, folder, profile, trouble=0.0, seed=0):
        self.path = pathlib.Path(folder) / "frame"
        self.path.touch()
        self.delivered = collections.deque(maxlen=_KEPT)
        self.listeners = []
        self.trouble = trouble
        self._faults = collections.deque()
        self._clock = clock
        self._scenes = scenes
        self._psram = profile.psram
        self._pins = profile.camera_pins
        self._random = random.Random(seed)
        self._number = 0
        self.reset()

    def reset(self):
        """The chip was reset."""
        self._running = False
        self._waiting = collections.deque()
        self._held = False

    def fault(self, kind, count=1):
        """Have the next `count` captures (for "start": starts) go wrong in one of FAULTS."""
        if kind not in FAULTS:
            raise ValueError("no camera fault {}: {}".format(kind, ", ".join(FAULTS)))
        self._faults.extend([kind] * count)

    def answer(self, what, argument):
        """Answer a driver."""
        return getattr(self, "_" + what)(argument)

    def _start(self, settings):
        if self._running:
            return {"error": "running"}
        if self._faults and self._faults[0] == "start":
            self._faults.popleft()
            return {"error": "no camera"}
        if settings["pins"] is not None and tuple(settings["pins"]) != self._pins:
            return {"error": "no camera"}
        width, height = SIZES[settings["size"]]
        in_ram = not self._psram or settings.get("dram")
        if in_ram and width * height > _NO_PSRAM_PIXELS:
            return {"error": "no memory"}
        self._size = settings["size"]
        self._buffer = width * height // 5  # cam_hal.c's, for JPEG
        self._quality = settings["quality"]
        self._buffers = settings["buffers"]
        self._latest = settings["latest"]
        self._running = True
        self._held = False
        self._seen = 0
        self._waiting.clear()
        while len(self._waiting) < self._buffers:
            self._waiting.append(self._expose())
        return {"error": None}

    def _stop(self, _):
        self.reset()
        return {}

    def _set(self, settings):
        self._quality = settings["quality"]
        return {}

    def _ready(self, _):
        return {"count": len(self._waiting)}

    def _free(self, _):
        # The sensor fills an empty buffer at once; that frame waits, however long.
        if self._held:
            self._held = False
            self._waiting.append(self._expose())
        return {}

    def _capture(self, keep):
        """`keep`: the driver gives the buffer itself away, and gets it back later."""
        if not self._running:
            return {"error": "not started"}
        fault = self._next_fault()
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
        data = self._scenes.jpeg(
            frame.number, frame.moment_ms, self._size, self._quality, frame.light
        )
        if fault == "failed" or len(data) > self._buffer:
            return {"error": "failed"}
        data = _spoiled(data, fault)[: self._buffer]
        self.path.write_bytes(data)
        self.delivered.append((frame.number, len(data), fault))
        for listener in self.listeners:
            listener(frame.number, data, fault)
        return {"error": None, "size": len(data), "wait_ms": wait}

    def _next_fault(self):
        if self._faults and self._faults[0] != "start":
            return self._faults.popleft()
        if self._random.random() < self.trouble:
            return self._random.choice(_RANDOM_FAULTS)
        return None

    def _expose(self):
        self._number += 1
        light = _LIGHT[self._seen] if self._seen < len(_LIGHT) else 1.0
        self._seen += 1
        return Frame(self._number, self._clock.world_ms(), light)


def _spoiled(data, fault):
    if fault == "truncated":
        return data[: len(data) * 6 // 10]
    if fault == "padding":
        return data + bytes(512)
    if fault == "garbage":
        return bytes(16) + data[16:]
    return data
