# `sys`: the unix port's, which says that it is an ESP32: py/modsys.c of each version.

import sys as _sys
from collections import namedtuple as _namedtuple

import _sim

platform = "esp32"


_SUFFIX = {False: "", True: "preview"}


def _implementation(version):
    fields = [
        ("name", "micropython"),
        # 1.24.1: 1.24.0 takes the True of an SD card's driver for an error (vfs_blockdev.c).
        ("version", tuple(version) + (int(version == [1, 24]), _SUFFIX[version >= [1, 29]])),
        ("_machine", _sim.firmware()[1]),
        # Version and subversion of .mpy files; Xtensa with windows.
        ("_mpy", 6 | (3 if version >= [1, 23] else version[1] - 20) << 8 | 10 << 10),
    ]
    if version < [1, 22]:
        fields[1] = ("version", tuple(version) + (0,))
    if version >= [1, 25]:
        fields.append(("_build", _sim.firmware()[0]))
    if version >= [1, 26]:
        fields.append(("_thread", "GIL"))
    names = [name for name, _ in fields]
    return _namedtuple("implementation", names)(*(value for _, value in fields))


implementation = _implementation(_sim.state["micropython"])


def __getattr__(name):
    return getattr(_sys, name)
