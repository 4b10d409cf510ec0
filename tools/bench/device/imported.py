# What the device code keeps of the heap once it is imported, and nothing done yet.
#
# Given a ROMFS image it imports from that, where code runs in place. Prints a line of JSON:
# "kept", all of it; "names", what of it is interned names, which stay when a module goes;
# "modules", what each module takes besides, by its name.

import builtins
import gc
import json
import sys

if len(sys.argv) > 1:
    import vfs

    with open(sys.argv[1], "rb") as file:
        vfs.mount(vfs.VfsRom(file.read()), "/rom")
    sys.path.insert(0, "/rom")

# What is loaded while the app runs awake, over plain HTTP, and photographs with this driver.
APP = ("app", "loop", "sender", "board.wifi", "outbox.policy", "camera.camera_api")

_import = builtins.__import__
costs = {}
inner = [0]


def taken():
    """Return the bytes of heap that are in use."""
    gc.collect()
    return gc.mem_alloc()


def counted(name, *rest):
    """Import as ever, and note what that took."""
    if not name.startswith("thingscam"):
        return _import(name, *rest)
    before = taken()
    inner.append(0)
    module = _import(name, *rest)
    took = taken() - before
    own = took - inner.pop()
    inner[-1] += took
    costs[name] = costs.get(name, 0) + own
    return module


def load():
    """Import the app and all it needs."""
    for name in APP:
        __import__("thingscam." + name)


before = taken()
load()
kept = taken() - before
for name in list(sys.modules):
    if name.startswith("thingscam"):
        del sys.modules[name]
# The names are there now: what a second import takes is the rest.
builtins.__import__ = counted
load()
builtins.__import__ = _import
print(json.dumps({"kept": kept, "names": kept - sum(costs.values()), "modules": costs}))
