# The virtual boards there are: the known boards of lib/, with a driver and a heap.

import dataclasses

from thingscam.board import profiles

# Which file plays which module; the same on every board.
_MODULES = {
    "esp32": "sim_esp32",
    "json": "sim_json",
    "machine": "sim_machine",
    "micropython": "sim_micropython",
    "network": "sim_network",
    "ntptime": "sim_ntptime",
    "os": "sim_os",
    "select": "sim_select",
    "socket": "sim_socket",
    "sys": "sim_sys",
    "time": "sim_time",
}

# By driver: what its firmware has.
DRIVERS = {
    "camera-api": {"camera": "sim_camera_api"},
    "lemariva": {"camera": "sim_camera_lemariva"},
    "openmv": {"csi": "sim_csi"},
    "openmv-sensor": {"sensor": "sim_sensor"},
    "none": {},
}

# The versions of MicroPython's ESP32 port that are played, where they differ; "head" was the
# next one, 1.29, when the sources were read.
MICROPYTHONS = {
    "1.21": (1, 21),
    "1.22": (1, 22),
    "1.24": (1, 24),
    "1.27": (1, 27),
    "head": (1, 29),
}
MICROPYTHON = "1.27"

# MicroPython's heap on this machine, whose words are twice those of a board, and which
# holds the simulation and the frame buffer as well.
_HEAP_PSRAM = 10 * 1024 * 1024
_HEAP_INTERNAL = 2 * 120 * 1024  # about 120 KB are free on an ESP32 without PSRAM
# Without PSRAM thingscam must be built in: there its code takes nothing of the heap, here it does.
_HEAP_CODE = 160 * 1024
_HEAP_SIMULATION = 60 * 1024
_FRAME_PSRAM = 2048 * 1536 // 5
_FRAME_INTERNAL = 800 * 600 // 5


@dataclasses.dataclass(frozen=True)
class Profile:
    """One virtual board.

    `heap` is the size of MicroPython's heap, `frame_bytes` of the largest frame buffer,
    `flash` of the filesystem, all in bytes; `modules` maps names of modules to the files in
    device/ that play them; `led` is (pin, lights when low) or None, `light` the bright LED's pin
    or None; `camera_pins` as in lib/thingscam/board/profiles.py. `micropython` is the version that
    it behaves as: (1, 27).
    """

    name: str
    chip: str
    psram: bool
    heap: int
    frame_bytes: int
    modules: dict
    led: tuple | None
    camera_pins: tuple
    # Over a soft reset: no driver has a finaliser since micropython-camera-API 0.6.0.
    keeps_camera: bool
    micropython: tuple
    flash: int = 2 * 1024 * 1024
    light: int | None = None


def names():
    """Return the names of the boards there are."""
    return [name for name in profiles.names() if name != "firmware"]


def find(name, driver=None, heap=None, micropython=MICROPYTHON):
    """Return the Profile of a board, with the firmware of a camera driver in DRIVERS.

    Without one it is the usual one for the board.

    `micropython` is its version, a name in MICROPYTHONS.

    Raises ValueError for names there are not.
    """
    board = profiles.find(name)
    if driver is None:
        # micropython-camera-API cannot be built without PSRAM.
        driver = "camera-api" if board.psram else "lemariva"
    if driver not in DRIVERS:
        raise ValueError("no driver {}: {}".format(driver, ", ".join(DRIVERS)))
    if micropython not in MICROPYTHONS:
        known = ", ".join(MICROPYTHONS)
        raise ValueError("no MicroPython {} is played, only {}".format(micropython, known))
    frame_bytes = _FRAME_PSRAM if board.psram else _FRAME_INTERNAL
    usual = _HEAP_PSRAM if board.psram else _HEAP_INTERNAL + _HEAP_CODE
    return Profile(
        name=board.name,
        chip=board.chip or "esp32",
        psram=board.psram,
        heap=heap or usual + _HEAP_SIMULATION + frame_bytes,
        frame_bytes=frame_bytes,
        modules={**_MODULES, **DRIVERS[driver]},
        led=None if board.led is None else (board.led, board.led_low),
        camera_pins=board.pins,
        keeps_camera=driver in ("lemariva", "camera-api"),
        micropython=MICROPYTHONS[micropython],
        light=board.light,
    )
