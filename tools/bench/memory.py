# What an upload and the device code take of the heap, in 64-bit words: a board's are half.

import subprocess

from tools.bench import world
from tools.bench.world import Row

SOURCES = ("memory", "file", "outbox", "memory+exif", "outbox+exif")
PER_UPLOAD = 1536
_LEAST_MORE = 8192
_PACKAGE_MOST = 32768
_STEP = 256


def measure(bench):
    """Return the rows."""
    return [*_per_upload(bench), *_least(bench), *_after_import(bench)]


def allocated(bench, name, scheme, size, source):
    """Return the heap in bytes that one upload allocates, collector off."""
    args = (name, bench.url(scheme), bench.ca, bench.picture(size), source)
    found = bench.micropython("heap.py", *args, heap="16M")
    return world.median(found)


def least(bench, name, url, path):
    """Return the least -X heapsize (bytes) in which least.py works, to 256 bytes."""
    low, high = 16, 1 << 14  # in steps: this fails, that works
    while high - low > 1:
        middle = (low + high) // 2
        args = (name, url, bench.ca, path)
        lib = bench.compiled()
        if bench.micropython("least.py", *args, heap=str(middle * _STEP), lib=lib):
            high = middle
        else:
            low = middle
    return high * _STEP


def outbox(bench, size):
    """Return the folder of an outbox that holds that picture, made by the device code."""
    folder = bench.folder / ("outbox" + size.replace(" ", ""))
    if not folder.exists():
        folder.mkdir()
        code = (
            "from thingscam.outbox.policy import Outbox; import sys; "
            "Outbox({!r}, 1 << 20).put(open({!r}, 'rb').read(), None, 'timer')"
        ).format(str(folder), str(bench.picture(size)))
        subprocess.run(
            [world.MICROPYTHON, "-c", code], env=world.environment(), check=True, timeout=30
        )
    return folder


def _per_upload(bench):
    rows = []
    for source in SOURCES:
        for scheme in ("http", "https"):
            mine = [allocated(bench, "ours", scheme, size, source) for size in world.SIZES]
            other_source = "memory" if source.startswith("memory") else "file"
            other = [allocated(bench, "stock", scheme, size, other_source) for size in world.SIZES]
            what = "heap allocated per upload, {}, from {}: bytes ({})"
            rows.append(
                Row(
                    what.format(scheme, source, ", ".join(world.SIZES)),
                    _list(mine),
                    "stock requests" + (", file read first" if other_source == "file" else ""),
                    _list(other),
                    max(other) / max(mine),
                    "at most {}, whatever the size".format(PER_UPLOAD),
                    max(mine) <= PER_UPLOAD and len(set(mine)) == 1,
                )
            )
    return rows


def _least(bench):
    rows = []
    base = least(bench, "ours", "-", "-")
    other_base = least(bench, "stock", "-", "-")
    for scheme in ("http", "https"):
        mine, other = [], []
        for size in ("20 KB", "500 KB"):
            folder = outbox(bench, size)
            mine.append(least(bench, "ours", bench.url(scheme), folder) - base)
            path = bench.picture(size)
            other.append(least(bench, "stock", bench.url(scheme), path) - other_base)
        rows.append(
            Row(
                "least heap for an upload from the outbox, {}, above that for the imports "
                "({}): bytes (20 KB, 500 KB)".format(scheme, base),
                _list(mine),
                "stock requests, file read first (above {})".format(other_base),
                _list(other),
                max(other) / max(max(mine), 1),
                "at most {} more, the same for both".format(_LEAST_MORE),
                max(mine) <= _LEAST_MORE and abs(mine[0] - mine[1]) <= _STEP,
            )
        )
    return rows


def _after_import(bench):
    as_py = bench.micropython("imported.py")
    as_mpy = bench.micropython("imported.py", lib=bench.compiled())
    files = list((bench.compiled() / "thingscam").rglob("*.mpy"))
    sizes = sum(path.stat().st_size for path in files)
    return [
        Row(
            "heap after importing the app and all it needs, as .mpy: bytes",
            "{:,}".format(as_mpy["kept"]),
            "as .py; frozen, by arithmetic",
            "{:,}; {:,}".format(as_py["kept"], as_mpy["frozen"]),
            as_py["kept"] / as_mpy["kept"],
            "at most {:,}".format(_PACKAGE_MOST),
            as_mpy["kept"] <= _PACKAGE_MOST,
            "lib/thingscam: {} files, {:,} bytes as .mpy".format(len(files), sizes),
        )
    ]


def _list(values):
    return ", ".join("{:,}".format(int(value)) for value in values)
