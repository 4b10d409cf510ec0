# Storage that stalls, refuses, is full, answers late: what the receiver makes of it.

import subprocess
import time

from tests.system.receiver.trouble import Trouble

# What a proxy before S3 does to PUTs, the errcodes that uploads then get.
MODES = {
    "slow down": 5001,
    "internal": 5001,
    "full": 5001,
    "quota": 5001,
    "refuse": 5001,
    "reset": 5001,
    "cut": 5001,
    "page": 5001,
    "stored 500": 5001,
    "stored reset": 5001,
    "stored late": 5001,
    "stall": 5001,
    "denied": 1023,
    "no bucket": 1023,
    "wrong key": 1023,
}
_LONG = ("stall", "stored late")
# Of these each costs little time: for many in a row.
QUICK = ("slow down", "full", "denied", "stored 500", "reset", "refuse")
_MORE_THREADS = 4
_MORE_BYTES = 24_000_000
_MORE_FILES = 12


def of_s3(proxy, mode, deadline_s, lasts_s=1.0):
    """Return the Trouble of a mode of a Proxy; the receiver waits `deadline_s` for storage."""
    if mode in _LONG:
        lasts_s = deadline_s + lasts_s
        proxy.late_s = proxy.stall_s = lasts_s + 5
    return Trouble(
        f"S3: {mode}",
        lambda: proxy.set(mode),
        lambda: proxy.set(None),
        lasts_s,
        (MODES[mode],),
        deadline_s + 8,
    )


def of_folder(folder, lasts_s=1.0):
    """Return the Troubles of a `folder` (pathlib.Path) on a disk that root need not mount."""
    away = folder.with_name(folder.name + ".away")
    return [
        Trouble("folder: gone", lambda: folder.rename(away), lambda: away.rename(folder), lasts_s),
        Trouble(
            "folder: a file in its place",
            lambda: (folder.rename(away), folder.write_bytes(b"")),
            lambda: (folder.unlink(), away.rename(folder)),
            lasts_s,
        ),
    ]


def of_disk(disk, lasts_s=1.0):
    """Return the Troubles of a Disk under the folder."""
    return [
        Trouble("disk: full", disk.fill, disk.free, lasts_s),
        Trouble(
            "disk: not writable",
            lambda: _insist(lambda: disk.allow_writing(False)),
            lambda: disk.allow_writing(True),
            lasts_s,
        ),
    ]


def _insist(step):
    # What is just being written makes the disk busy.
    for _ in range(200):
        try:
            step()
            return
        except subprocess.CalledProcessError:
            time.sleep(0.01)
    step()


def leak(trial, proxy, faults=300):
    """Have so many uploads fail; return threads, bytes and open files before, the same after, and
    lines: what has grown.
    """
    _fail(trial, proxy, faults // 3)
    before = _sizes(trial)
    _fail(trial, proxy, faults)
    after = _sizes(trial)
    limits = _MORE_THREADS, _MORE_BYTES, _MORE_FILES
    names = "threads", "bytes of memory", "open files"
    grown = [
        f"{after[at]} {names[at]} after {faults} faults, {before[at]} before"
        for at in range(3)
        if after[at] > before[at] + limits[at]
    ]
    return before, after, grown


def _sizes(trial):
    time.sleep(1)  # what was under way ends
    receiver = trial.receiver
    return receiver.threads(), receiver.resident(), receiver.descriptors()


def _fail(trial, proxy, count):
    ledger = trial.fleet.ledger
    failed = _failed(ledger)
    end = time.monotonic() + 120
    number = 0
    while _failed(ledger) < failed + count:
        proxy.set(QUICK[number % len(QUICK)])
        number += 1
        time.sleep(0.3)
        if time.monotonic() > end:
            proxy.set(None)
            raise RuntimeError(f"{_failed(ledger) - failed} of {count} faults in 120 s")
    proxy.set(None)


def _failed(ledger):
    return sum(upload.answer in (5001, 1023) for upload in list(ledger.uploads))
