# machine.Timer: four of them, in board time: ports/esp32/machine_timer.c.

import _sim

_timers = {}
_NEVER_MS = 1 << 40  # 35 years
_VERSION = _sim.state["micropython"]
_HEAD = [1, 29]
_NO_SUCH = "Timer({}) doesn't exist, there are only 4 hardware timers"
_virtual = 0  # the number of the last of esp_timer's, below 0


class Timer:
    """A hardware timer, 0 to 3; who asks for the same number gets the same timer."""

    ONE_SHOT = 0
    PERIODIC = 1

    def __new__(cls, number, **kwargs):
        global _virtual
        if _VERSION >= _HEAD:
            if number > 3:
                raise ValueError(_NO_SUCH.format(number))
            if number < 0:  # esp_timer's; each is a new one
                _virtual -= 1
                number = _virtual
        elif number not in (0, 1, 2, 3):
            if _VERSION >= [1, 25]:
                raise ValueError("invalid Timer number")
            number &= 3  # -1 too: there are no software timers
        if number not in _timers:
            _timers[number] = object.__new__(cls)
            _timers[number]._number = number
            _timers[number]._told = False
            _timers[number]._set = False
        return _timers[number]

    def __init__(self, number, **kwargs):
        if kwargs:
            self.init(**kwargs)

    def init(self, *, mode=1, period=-1, freq=None, callback=None, tick_hz=1000, **hard):
        """Start it; `period` in ms, never over when it is negative; `freq` in Hz."""
        if hard and (_VERSION < [1, 27] or list(hard) != ["hard"]):
            raise TypeError("extra keyword arguments given")
        if hard.get("hard"):
            raise ValueError("hard Timers are not implemented")
        self._set = True
        self._mode = mode
        self._callback = callback
        if freq is not None:
            self._period_us = int(1000000 / freq)
        else:
            self._period_us = (_NEVER_MS if period < 0 else period) * 1000000 // tick_hz
        if not self._period_us and _VERSION >= _HEAD:
            raise ValueError("Timer period is too short for this timer")
        if not self._period_us:  # on a chip it does nothing any more but interrupt
            raise NotImplementedError("virtual board: no timer without a period")
        self.due_us = _sim.ticks_us() + self._period_us
        _sim.add_timer(self)
        self._tell(mode == Timer.PERIODIC)
        if _sim.ask(timer_started=self._number)["stopped"]:
            _sim.stop_ticks()

    def deinit(self):
        """Stop it."""
        _sim.drop_timer(self)
        self._set = False
        self._tell(False)

    def _tell(self, goes_round):
        if goes_round != self._told:
            self._told = goes_round
            _sim.tell(timer=[self._number, goes_round])

    def value(self):
        """Return the ms that have passed of this period."""
        if not self._set:
            raise ValueError("timer not set")
        return (_sim.ticks_us() - self.due_us + self._period_us) // 1000

    def fire(self, now):
        """Called by the simulation when it is due; rounds that were missed are lost."""
        if self._mode == Timer.ONE_SHOT:
            _sim.drop_timer(self)
        else:
            self.due_us = now + self._period_us - (now - self.due_us) % self._period_us
        _sim.schedule(self._callback, self)
