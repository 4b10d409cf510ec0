# What an upload and the device code take of the heap, in this machine's 64-bit words.

import contextlib
import io
import subprocess

from mpremote.romfs import make_romfs

from . import words, world
from .world import Row

SOURCES = ("memory", "file", "outbox", "memory+exif", "outbox+exif")
PER_UPLOAD = 1536
_LEAST_MORE = 8192
_PACKAGE_MOST = 86000
_STEP = 256


def measure(bench):
    """Return the rows, and a second table: what each room takes."""
    found = imported(bench)
    rows = [*_per_upload(bench), *_least(bench)]
    return [*rows, _after_import(bench, found), _in_place(bench, found)], _rooms(found)


def imported(bench):
    """Return what importing the app takes, in bytes: "kept", of it "names", and "modules"."""
    return bench.micropython("imported.py", lib=bench.compiled())


def in_place(bench):
    """Return the same where byte code and texts stay in a ROMFS image, as frozen ones do."""
    image = bench.folder / "rom.img"
    with contextlib.redirect_stdout(io.StringIO()):  # it lists what it takes
        data = make_romfs(str(bench.compiled()), mpy_cross=None)
    image.write_bytes(data)
    return bench.micropython("imported.py", image, lib=world.DEVICE)


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
            # Less than nothing by the grain of the search, and by where the holes are.
            mine.append(max(least(bench, "ours", bench.url(scheme), folder) - base, 0))
            path = bench.picture(size)
            other.append(least(bench, "stock", bench.url(scheme), path) - other_base)
        rows.append(
            Row(
                "least heap for an upload from the outbox, {}, above that for imports "
                "and configuration ({}): bytes (20 KB, 500 KB)".format(scheme, base),
                _list(mine),
                "stock requests, file read first (above {})".format(other_base),
                _list(other),
                max(other) / max(mine) if max(mine) else None,
                "at most {} more, the same for both".format(_LEAST_MORE),
                max(mine) <= _LEAST_MORE and abs(mine[0] - mine[1]) <= _STEP,
            )
        )
    return rows


def _after_import(bench, found):
    kept = found["kept"]
    as_py = bench.micropython("imported.py")["kept"]
    files = list((bench.compiled() / "thingscam").rglob("*.mpy"))
    sizes = sum(path.stat().st_size for path in files)
    return Row(
        "heap after importing the app and all it needs, as .mpy: bytes",
        "{:,}".format(kept),
        "in a board's words; frozen",
        "{:,.0f}; {:,.0f}".format(kept * words.IMPORT, kept * words.FROZEN_IMPORT),
        None,
        "at most {:,}".format(_PACKAGE_MOST),
        kept <= _PACKAGE_MOST,
        "as .py {:,}; lib/thingscam: {} files, {:,} bytes as .mpy".format(
            as_py, len(files), sizes
        ),
    )


def _in_place(bench, found):
    least = in_place(bench)["kept"]
    return Row(
        "the same, with code that runs in place from ROMFS: bytes",
        "{:,}".format(least),
        "from files",
        "{:,}".format(found["kept"]),
        found["kept"] / least,
        "",
        None,
        "MicroPython 1.25 or later, built with MICROPY_VFS_ROM; a board's usual builds are not",
    )


def _rooms(found):
    rooms = {}
    for name, size in found["modules"].items():
        room, _, module = name.partition(".")[2].rpartition(".")
        if size:
            rooms.setdefault(room or "the top", []).append((size, module or room))
    lines = [
        [
            room,
            "{:,}".format(sum(size for size, _ in each)),
            ", ".join("{} {:,}".format(name, size) for size, name in sorted(each, reverse=True)),
        ]
        for room, each in rooms.items()
    ]
    lines.sort(key=lambda line: -int(line[1].replace(",", "")))
    names = "kept for good, whatever is unloaded"
    lines.append(["names", "{:,}".format(found["names"]), names])
    title = "What of it is whose, in bytes of 64-bit words:"
    return title, ["room", "heap", "by module"], lines


def _list(values):
    return ", ".join("{:,}".format(int(value)) for value in values)
