# `ntptime` as micropython-lib has it (micropython/net/ntptime); the supervisor is the server.

import errno

import _sim

host = "pool.ntp.org"
timeout = 1  # s
_UNREACHABLE = -2


def time():
    """Return the seconds since 2000, UTC; OSError when no server answers."""
    import socket  # the simulated one, which is in its place by now

    address = socket.getaddrinfo(host, 123)[0][-1][0]  # no callback runs in it
    found = _sim.ask(ntp=address)["answer"]
    if found == _UNREACHABLE:
        raise OSError(errno.EHOSTUNREACH)
    if found < 0:
        _sim.wait(timeout * 1000000)  # in recv(), where they do
        raise OSError(errno.ETIMEDOUT)
    return found // 1000


def settime():
    """Set the clock."""
    import time as clock

    import machine

    now = clock.gmtime(time())
    machine.RTC().datetime((now[0], now[1], now[2], now[6] + 1, now[3], now[4], now[5], 0))
