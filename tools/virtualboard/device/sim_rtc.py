# machine.RTC: the clock and the memory that go on in deep sleep: ports/esp32/machine_rtc.c.

import time as _time

import _sim

_EPOCH = 946684800
_MEMORY = 2048


class RTC:
    """The real time clock; all objects are the same clock."""

    def datetime(self, moment=None):
        """Return or set (year, month, day, weekday, hour, minute, second, microsecond)."""
        if moment is None:
            ms = _sim.rtc_ms()
            date = _time.gmtime(ms // 1000 + _EPOCH)
            return date[:3] + (date[6],) + date[3:6] + (ms % 1000 * 1000,)
        year, month, day, _, hour, minute, second, us = moment
        seconds = int(_time.mktime((year, month, day, hour, minute, second, 0, 0, 0)))
        ms = (seconds - _EPOCH) * 1000 + us // 1000
        _sim.state["rtc_ms"] += ms - _sim.rtc_ms()
        _sim.tell(rtc_ms=ms)
        return None

    def init(self, moment):
        """Set it; since 1.25 by (year, month, day, hour, minute, second, -, microsecond)."""
        moment = tuple(moment)
        if _sim.state["micropython"] >= [1, 25]:
            moment = moment[:3] + (0,) + moment[3:6] + moment[7:]
        self.datetime(moment)

    def memory(self, data=None):
        """Return or set the bytes that survive a deep sleep, 2048 at most."""
        if data is None:
            return bytes.fromhex(_sim.state["memory"])
        if len(data) > _MEMORY:
            raise ValueError("buffer too long")
        _sim.state["memory"] = bytes(data).hex()
        _sim.tell(memory=_sim.state["memory"])
        return None
