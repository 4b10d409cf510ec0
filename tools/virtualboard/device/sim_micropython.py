# `micropython`: the unix port's, with a Ctrl-C that can be switched off.

import termios as _termios

import micropython as _micropython

import _sim

_ISIG = 1  # of c_lflag


def __getattr__(name):
    return getattr(_micropython, name)


def kbd_intr(char):
    """Let Ctrl-C be data (-1), as for binary data on the serial line, or an interrupt (3)."""
    # The supervisor has to know where binary data begins and ends.
    _sim.ask(binary=char == -1)
    settings = _termios.tcgetattr(0)
    if char == -1:
        settings[3] &= ~_ISIG
    else:
        settings[3] |= _ISIG
    _termios.tcsetattr(0, _termios.TCSANOW, settings)
