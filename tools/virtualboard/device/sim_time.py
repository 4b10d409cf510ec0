# `time` as on an ESP32: whole seconds since 2000, ticks that begin at each start.

import time as _time

import _sim

_EPOCH = 946684800  # 2000-01-01 in the seconds of the unix port
_PERIOD = 1 << 30  # of all ticks on a port with 32-bit words


def time():
    """Return the whole seconds since 2000."""
    return _sim.rtc_ms() // 1000


def time_ns():
    """Return the nanoseconds since 2000."""
    return _sim.rtc_ms() * 1000000


def gmtime(seconds=None):
    """Return (year, month, day, hour, minute, second, weekday, yearday)."""
    return _time.gmtime((time() if seconds is None else int(seconds)) + _EPOCH)[:8]


localtime = gmtime


def mktime(moment):
    """Return the seconds since 2000 of a tuple as gmtime gives it."""
    return int(_time.mktime(tuple(moment[:8]) + (0,) * (9 - len(moment[:8])))) - _EPOCH


def ticks_ms():
    """Return the milliseconds since the start, modulo 2 ** 30."""
    _sim.pump()
    return _sim.ticks_us() // 1000 % _PERIOD


def ticks_us():
    """Return the microseconds since the start, modulo 2 ** 30."""
    _sim.pump()
    return _sim.ticks_us() % _PERIOD


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    """Return the ticks `delta` later."""
    if not -_PERIOD // 2 < delta < _PERIOD // 2:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) % _PERIOD


def ticks_diff(end, start):
    """Return end - start, as a number from -2 ** 29 to 2 ** 29 - 1."""
    return (end - start + _PERIOD // 2) % _PERIOD - _PERIOD // 2


def sleep(seconds):
    """Sleep; handlers run meanwhile."""
    _sim.wait(int(seconds * 1000000))


def sleep_ms(ms):
    """Sleep; handlers run meanwhile."""
    _sim.wait(int(ms) * 1000)


def sleep_us(us):
    """Sleep; handlers run meanwhile."""
    _sim.wait(int(us))
