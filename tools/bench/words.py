# From this machine's 64-bit words to a board's 32-bit ones, by ratios that were measured.
#
# MicroPython 1.27.0, ports/unix, was built four times on 26 November 2026: MICROPY_FORCE_32BIT=0
# and 1, FROZEN_MANIFEST empty and manifest.py; MICROPY_PY_SSL, _FFI and _BTREE 0.
# `imported.py` and the least heap of a cycle over HTTP on each, in KB:
_MEASURED = {
    # words, frozen: (import, cycle)
    (64, False): (146.8, 193),
    (32, False): (105.5, 142),
    (64, True): (47.5, 78),
    (32, True): (24.1, 46),
}

TEXT = """\
A board's 32-bit ones are worked out by
  ratios, measured on builds of MicroPython 1.27.0 with both words and with thingscam frozen into
  them, 26 November 2026 (`tools/bench/words.py`): after import {:.2f} as .mpy and {:.2f} frozen,
  for a whole cycle {:.2f} and {:.2f}."""


def _ratio(frozen, which):
    return _MEASURED[32, frozen][which] / _MEASURED[64, False][which]


IMPORT, CYCLE = _ratio(False, 0), _ratio(False, 1)
FROZEN_IMPORT, FROZEN_CYCLE = _ratio(True, 0), _ratio(True, 1)
TEXT = TEXT.format(IMPORT, FROZEN_IMPORT, CYCLE, FROZEN_CYCLE)
