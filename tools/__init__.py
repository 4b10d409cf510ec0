# Host side of thingscam, one file (or package) a verb: `python -m tools VERB` in a checkout.
#
# Installed it is the package `thingscam_tools`, whose command is `thingscam`: so that it runs
# under both names, a file here imports its neighbours relatively.

import pathlib
import sys

_HERE = pathlib.Path(__file__).resolve().parent
INSTALLED = (_HERE / "project").is_dir()  # pyproject.toml puts the board's files there
ROOT = _HERE / "project" if INSTALLED else _HERE.parent
COMMAND = "thingscam" if INSTALLED else "python -m tools"

# The verbs share the device code, which lives in lib/ as it does on a board.
sys.path.insert(0, str(ROOT / "lib"))
