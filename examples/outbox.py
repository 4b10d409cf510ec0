# Keeps readings through power cuts until somebody has taken them.
#
# On a board, with MicroPython 1.22 or later, installed without the rest:
#     mpremote mip install github:OWNER/NAME/package-outbox.json
# On a computer:
#     PYTHONPATH=lib python examples/outbox.py FOLDER

import sys

from thingscam.outbox.policy import Outbox

FOLDER = "/readings"


def main(folder=FOLDER):
    """Keep three readings, then hand out all that wait, the oldest first."""
    outbox = Outbox(folder, 100000)
    for number in range(3):
        # True once it would survive a power cut; any bytes will do.
        outbox.put(b"reading %d" % number, 1700000000 + number, "timer")
    print(len(outbox), "wait")
    while True:
        entry = outbox.oldest()  # read through, and found whole
        if entry is None:
            break
        data = bytearray(entry.size)
        file = entry.open()
        try:
            file.readinto(data)
        finally:
            file.close()
        print(entry.captured_at, entry.cause, bytes(data).decode())
        outbox.remove(entry)  # not before somebody has it


if __name__ == "__main__":
    main(*sys.argv[1:])
