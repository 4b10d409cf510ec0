# Heap allocated by one upload, collector off: micropython heap.py NAME URL CA PICTURE SOURCE
#
# NAME: ours or stock; SOURCE: memory, file or outbox. Prints the bytes of three uploads.

import gc
import json
import sys

import sources

_ROUNDS = 3


def main(name, url, ca, path, source):
    """Print how much each upload allocates on a connection that is open already."""
    prepare, upload = sources.make(name, url, ca, path, source)
    found = []
    for _ in range(2 + _ROUNDS):
        image = prepare() if prepare else None
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        upload(image)
        found.append(gc.mem_alloc() - before)
        gc.enable()
    print(json.dumps(found[2:]))


main(*sys.argv[1:])
