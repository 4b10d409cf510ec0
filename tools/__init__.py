# Host side of thingscam: `python -m tools VERB`, one file (or package) a verb.

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# The verbs share the device code, which lives in lib/ as it does on a board.
sys.path.insert(0, str(ROOT / "lib"))
