# `sys`: the unix port's, which says that it is an ESP32.

import sys as _sys
from collections import namedtuple as _namedtuple

import _sim

platform = "esp32"
implementation = _namedtuple(
    "implementation", ("name", "version", "_machine", "_mpy", "_build", "_thread")
)(
    "micropython",
    _sys.implementation.version,
    "Generic ESP32 module with " + _sim.state["chip"].upper(),
    6 | 3 << 8 | 10 << 10,  # version and subversion of .mpy files; Xtensa with windows
    "ESP32_GENERIC",
    "GIL",
)


def __getattr__(name):
    return getattr(_sys, name)
