# `os` as on an ESP32: without the unix port's doors to the host.

import os as _os
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

VfsFat = _os.VfsFat
VfsLfs2 = _os.VfsLfs2


def sync():
    """Every write is through already."""


def uname():
    """Return the names of the machine."""
    return ("esp32", "esp32", "1.29.0", "v1.29.0-preview", "virtual board with ESP32")
