# Says when a board's programs start, then runs them: micropython starter.py NAME ...

import sys
import time

import camera  # noqa: F401 a board's driver has its frame buffer before all else

print(time.time_ns())
for name in sys.argv[1:]:
    with open(name) as file:
        exec(file.read(), {"__name__": "__main__"})
