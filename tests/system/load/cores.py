# More cores than this computer has, if slower ones: control groups of Linux (version 1, as root)
# give a process at most so much of a core's time, and a server so many times as much.

import contextlib
import os
import pathlib

_ROOT = pathlib.Path("/sys/fs/cgroup/cpu")
_PERIOD_US = 20_000

# Of a core's time each of ours has; eight of them and a fleet fit into two.
SHARE = 0.15


def can_be_had():
    """Return whether this computer and user can."""
    return os.access(_ROOT / "cpu.cfs_quota_us", os.R_OK) and os.access(_ROOT, os.W_OK)


class Cores:
    """Gives cores to servers; a context manager that takes them back."""

    def __enter__(self):
        self._made = []
        self._folder = self._group(_ROOT / f"thingscam-load-{os.getpid()}")
        return self

    def __exit__(self, *_):
        for folder in reversed(self._made):
            # Their processes have ended: a group is removed when it is empty.
            with contextlib.suppress(OSError):
                folder.rmdir()

    def give(self, server, count):
        """Let `server` (Server) have `count` cores, and each of its processes one of them."""
        folder = self._group(self._folder / f"{len(self._made)}", count)
        for pid in server.processes():
            group = self._group(folder / str(pid), 1)
            (group / "cgroup.procs").write_text(str(pid))

    def _group(self, folder, count=None):
        folder.mkdir()
        self._made.append(folder)
        if count:
            (folder / "cpu.cfs_period_us").write_text(str(_PERIOD_US))
            (folder / "cpu.cfs_quota_us").write_text(str(int(count * SHARE * _PERIOD_US)))
        return folder
