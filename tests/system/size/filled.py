# Fills an index, and a folder, with as many pictures as one wants.

import os
import time

from tests.support.cloud import picture
from tests.support.page import REPORT
from tools.cloud.index import DEVICE, Found

DAYS = 100  # they were taken in over so many days, until now
BYTES = 52_000  # what the index says that each has

_AT_ONCE = 1000


def fill(index, folder, count, orphans=0):
    """Make `count` pictures known to `index` (Index), evenly of all its devices, and store each in
    `folder` (pathlib.Path), as few bytes; every device has told how it is.

    `orphans` more are stored only, each with bytes of its own.
    """
    labels = [device.label for device in index.projects.devices()]
    for start in range(0, len(labels), _AT_ONCE):
        few = labels[start : start + _AT_ONCE]
        for done in [index.records.set(label, REPORT, DEVICE) for label in few]:
            done.result(60)
    index.set_fact("older", "")  # no older version's folder, to be taken over at the start
    folder.mkdir(exist_ok=True)
    data = picture(size=(16, 12))
    step = DAYS * 86400 / count
    first = time.time() - DAYS * 86400
    found = []
    for number in range(count):
        name = _name(first + number * step, labels[number % len(labels)], number)
        _store(folder / name, data)
        found.append(Found(name, BYTES, f"{number:064x}", 16, 12))
        if len(found) == _AT_ONCE or number == count - 1:
            index.pictures.adopt(found)
            found.clear()
    for number in range(orphans):
        name = _name(first + 1 + number * step, labels[number % len(labels)], count + number)
        # What stands behind the end of a JPEG is no part of it.
        _store(folder / name, data + number.to_bytes(8))
        os.utime(folder / name, (first, first))  # not as if it were still on its way


def _name(at, label, number):
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(at))
    return f"{stamp}.{int(at % 1 * 1e6):06d}Z-{label}-{number:06d}.jpg"


def _store(path, data):
    # It is nobody's only copy: not flushed to the disk.
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.write(file, data)
    os.close(file)
