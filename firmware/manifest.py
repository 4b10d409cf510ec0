# Freezes thingscam into a MicroPython build, as build.sh does it.
#
# Frozen code runs from flash and takes no RAM. It comes before /lib on a board's sys.path, and
# a frozen boot.py or main.py before the files of that name: so the two programs are frozen
# only for a board that nobody shall change over mpremote, with FREEZE_PROGRAMS=1 in the
# environment of the build.

import os

include("$(PORT_DIR)/boards/manifest.py")  # noqa: F821 a manifest's own functions
include("../manifest.py")  # noqa: F821

if os.environ.get("FREEZE_PROGRAMS") == "1":
    module("boot.py", base_path="..")  # noqa: F821
    module("main.py", base_path="..")  # noqa: F821
