# `micropython`: the unix port's, with a Ctrl-C that can be switched off.


import micropython as _micropython

import _sim


def __getattr__(name):
    return getattr(_micropython, name)


def kbd_intr(char):
    """Let Ctrl-C be data (-1), as for binary data on the serial line, or an interrupt (3)."""
    # It is the supervisor that makes an interrupt of it. It has to know exactly where binary
    # data begins and ends, so it is asked and not told.
    _sim.ask(binary=char == -1)
