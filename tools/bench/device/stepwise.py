# One upload for each line of input: micropython stepwise.py NAME URL CA PICTURE SOURCE
#
# Prints true after each. The names and sources are those of heap.py.

import sys

import sources

prepare, upload = sources.make(*sys.argv[1:])
for _ in sys.stdin:
    upload(prepare() if prepare else None)
    print("true")
