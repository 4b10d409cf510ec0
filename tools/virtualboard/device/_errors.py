# Linux' error numbers as the ESP32's C library and lwIP number them.

_NUMBERS = {
    32: 104,  # EPIPE, which lwIP has not: ECONNRESET
    97: 106,  # EAFNOSUPPORT
    98: 112,  # EADDRINUSE
    99: 125,  # EADDRNOTAVAIL
    101: 118,  # ENETUNREACH: EHOSTUNREACH
    103: 113,  # ECONNABORTED
    106: 127,  # EISCONN
    107: 128,  # ENOTCONN
    110: 116,  # ETIMEDOUT
    113: 118,  # EHOSTUNREACH
    114: 120,  # EALREADY
    115: 119,  # EINPROGRESS
}

EAGAIN = 11
ECONNABORTED = 113
ETIMEDOUT = 116
EHOSTUNREACH = 118
EINPROGRESS = 119


def of_board(error):
    """Return the OSError a board would raise for one of this machine."""
    return OSError(_NUMBERS.get(error.errno, error.errno))
