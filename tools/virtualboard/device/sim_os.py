# `os` as on an ESP32: without the unix port's doors to the host.

import os as _os
from collections import namedtuple as _namedtuple
from os import (  # noqa: F401
    chdir,
    getcwd,
    ilistdir,
    listdir,
    mkdir,
    mount,
    remove,
    rename,
    rmdir,
    stat,
    statvfs,
    umount,
    unlink,
    urandom,
)

import _sim

VfsFat = _os.VfsFat
VfsLfs2 = _os.VfsLfs2
_UNAME = _namedtuple("uname_result", ("sysname", "nodename", "release", "version", "machine"))


def sync():
    """Every write is through already."""


def uname():
    """Return the names of the machine."""
    major, minor = _sim.state["micropython"]
    release = "{}.{}.{}{}".format(
        major, minor, int(minor == 24), "-preview" if minor >= 29 else ""
    )
    version = "v" + release + ", virtual board"
    return _UNAME("esp32", "esp32", release, version, _sim.firmware()[1])
