# What the device code keeps of the heap once it is imported, and nothing done yet.
#
# "kept" is measured; "frozen" is arithmetic for code frozen into the firmware, where names,
# byte code and constants stay in flash: modules, classes, functions and their tables alone.

import gc
import json
import sys

_BLOCK = 32  # of the heap, with 64-bit words
_SLOT = 16  # of a table: a name and a value


def _table(entries):
    # MicroPython's tables have some room to grow.
    return (entries + entries // 4 + 2) * _SLOT


def _frozen(thing, seen):
    size = 0
    names = dir(thing)
    for name in names:
        value = getattr(thing, name, None)
        kind = type(value).__name__
        if kind in ("function", "generator", "closure"):
            size += _BLOCK
        elif kind == "type" and value not in seen and not hasattr(sys, name):
            seen.append(value)
            size += 4 * _BLOCK + _frozen(value, seen)
    return size + _table(len(names))


gc.collect()
before = gc.mem_alloc()
from thingscam import app, loop, sender  # noqa: E402, F401
from thingscam.board import wifi  # noqa: E402, F401

gc.collect()
kept = gc.mem_alloc() - before
frozen = 0
seen = []
for name in sys.modules:
    if name.startswith("thingscam"):
        frozen += 2 * _BLOCK + _frozen(sys.modules[name], seen)
print(json.dumps({"kept": kept, "frozen": frozen, "modules": len(sys.modules)}))
