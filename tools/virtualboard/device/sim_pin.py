# machine.Pin: levels come from the supervisor, which also hears of what is driven.

import _sim

# As in ports/esp32/machine_pin.h, where GPIO 6 to 11 of an ESP32 can be had too: they carry the
# flash, and setting one up would be the end of the program.
if _sim.state["chip"] == "esp32":
    PINS = (0, 1, 2, 3, 4, 5) + tuple(range(12, 16)) + tuple(range(18, 24)) + (25, 26, 27)
    PINS += tuple(range(32, 40))
    if not _sim.state["psram"]:
        PINS += (16, 17)
    RTC_PINS = (0, 2, 4, 12, 13, 14, 15, 25, 26, 27, 32, 33, 34, 35, 36, 37, 38, 39)
    _INPUT_ONLY = 34  # this and up have no output driver, and no pull
else:
    # ESP32-S3: 22 to 25 do not exist, 26 to 37 carry flash and octal PSRAM.
    PINS = tuple(range(22)) + tuple(range(38, 49))
    RTC_PINS = tuple(range(22))
    _INPUT_ONLY = 99
_pins = {}
_bounces = {}
_NOTHING = ()  # the argument is not there
_DEEPSLEEP = 4  # machine.DEEPSLEEP


def ext0():
    """Return (the number of the pin that wakes, -1 for none; whether it does by being high)."""
    return _sim.state["kept"].get("ext0", (-1, False))


def set_ext0(number, high, wake=_DEEPSLEEP):
    """Have a pin wake the chip, from the sleeps of `wake`: machine_rtc_config of the port."""
    _sim.keep("ext0", [number, high])
    _sim.tell(ext0=[number, int(high)] if number >= 0 and wake & _DEEPSLEEP else None)


class _Irq:
    # What Pin.irq() returns.

    def __init__(self, pin):
        self._pin = pin

    def __call__(self):
        _sim.schedule(self._pin._handler, self._pin)

    def trigger(self, edges=None):
        """Return the edges, and set others."""
        before = self._pin._edges
        if edges is not None:
            self._pin._edges = edges
        return before


class Pin:
    """A pin; who asks for the same number gets the same pin."""

    IN = 1
    OUT = 3
    OPEN_DRAIN = 7
    PULL_DOWN = 1
    PULL_UP = 2
    DRIVE_0, DRIVE_1, DRIVE_2, DRIVE_3 = 0, 1, 2, 3
    IRQ_RISING = 1
    IRQ_FALLING = 2
    WAKE_LOW = 4
    WAKE_HIGH = 5

    def __new__(cls, number, *args, **kwargs):
        if isinstance(number, Pin):
            number = number._number
        if number not in PINS:
            raise ValueError("invalid pin")
        if number not in _pins:
            _pins[number] = object.__new__(cls)
            _pins[number]._set_up(number)
        return _pins[number]

    def __init__(self, number, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        self.init(mode, pull, value=value, drive=drive, hold=hold)

    def __repr__(self):
        return "Pin({})".format(self._number)

    def _set_up(self, number):
        self._number = number
        # A soft reset leaves the pins as they were.
        self._out = _sim.state["driven"].get(str(number))
        self._told = self._out  # what the supervisor believes
        self._mode = Pin.IN if self._out is None else Pin.OUT
        self._pull = _sim.state["pulls"].get(str(number))
        self._handler = None
        self._edges = 0

    def init(self, mode=-1, pull=-1, *, value=None, drive=None, hold=None):
        """Set the pin up; `hold` keeps its level, of an RTC pin's in a deep sleep too."""
        if hold is not None and not hold:
            self._tell_hold(False)
        if mode != -1 and mode is not None:
            if mode != Pin.IN and self._number >= _INPUT_ONLY:
                raise ValueError("pin can only be input")
            if mode == Pin.IN and self._mode != Pin.IN:
                _sim.tell(out=[self._number, None])
            self._mode = mode
            if value is None and mode != Pin.IN:
                value = self._out or 0
            self._told = None
        if value is not None:
            self._latch(value)
        # machine_pin.c: -1, which is no argument at all, leaves the pull as it was; None ends it.
        if pull != -1 and self._number < _INPUT_ONLY:
            self._pull = pull
            _sim.tell(pull=[self._number, pull])
        if hold:
            self._tell_hold(True)

    def _tell_hold(self, on):
        if self._number < _INPUT_ONLY:
            _sim.tell(hold=[self._number, on, self._number in RTC_PINS])

    def value(self, value=None):
        """Return the level, or set it."""
        if value is not None:
            return self._latch(value)
        _sim.pump()
        return self._out if self._mode == Pin.OUT else self._level()

    __call__ = value

    def on(self):
        """Set it high."""
        self._latch(1)

    def off(self):
        """Set it low."""
        self._latch(0)

    def toggle(self):
        """Set it to the opposite."""
        self._latch(not self._out)

    def irq(self, handler=_NOTHING, trigger=_NOTHING, wake=None):
        """Have handler(pin) called on the edges of `trigger`, or the pin wake the chip.

        A pin that is given a handler, or none, wakes the chip no more. Levels interrupt nothing
        here.
        """
        if handler is _NOTHING and trigger is _NOTHING and wake is None:
            return _Irq(self)
        handler = None if handler is _NOTHING else handler
        trigger = 3 if trigger is _NOTHING else trigger
        number, high = ext0()
        if trigger in (Pin.WAKE_LOW, Pin.WAKE_HIGH) and wake is not None:
            if not isinstance(wake, int) or not 2 <= wake <= 7:
                raise ValueError("bad wake value")
            if self._number not in RTC_PINS:
                raise ValueError("invalid pin for wake")
            if number not in (-1, self._number):
                raise ValueError("no resources")
            set_ext0(self._number, trigger == Pin.WAKE_HIGH, wake)
            return _Irq(self)
        if number == self._number:
            set_ext0(-1, high)
        self._handler = handler
        self._edges = 0 if handler is None else trigger
        return _Irq(self)

    def _latch(self, value):
        self._out = 1 if value else 0
        if self._mode != Pin.IN and self._out != self._told:
            self._told = self._out
            _sim.tell(out=[self._number, self._out])

    def _level(self):
        bounce = _bounces.get(self._number)
        if bounce is not None:
            return bounce.level()
        open_level = 1 if self._pull == Pin.PULL_UP else 0
        return _sim.state["pins"].get(str(self._number), open_level)

    def _edge(self, level):
        edge = Pin.IRQ_RISING if level else Pin.IRQ_FALLING
        if self._handler is not None and self._edges < 4 and self._edges & edge:
            _sim.schedule(self._handler, self)


def _changed(message):
    number, level = message["pin"], message["level"]
    pin = _pins.get(number)
    before = pin and pin._level()
    if level is None:
        _sim.state["pins"].pop(str(number), None)
    else:
        _sim.state["pins"][str(number)] = level
    if pin and pin._level() != before:
        pin._edge(pin._level())


class _Bounce:
    # A wire that touches and lets go: a rise each period, of which every second half is low.

    def __init__(self, number, hz, ms):
        self._number = number
        self._period_us = int(1000000 / hz)
        self._end_us = _sim.ticks_us() + ms * 1000
        self.due_us = _sim.ticks_us()
        _bounces[number] = self
        _sim.add_timer(self)

    def level(self):
        return 1 if (self.due_us - _sim.ticks_us()) * 2 > self._period_us else 0

    def fire(self, now):
        pin = _pins.get(self._number)
        while self.due_us <= now:
            if self.due_us > self._end_us:
                _sim.drop_timer(self)
                _bounces.pop(self._number)
                return
            self.due_us += self._period_us
            if pin is not None:
                pin._edge(1)


def _bounce(message):
    _Bounce(message["pin"], message["hz"], message["ms"])


for each in _sim.state["bounces"]:
    _Bounce(*each)
_sim.on("pin", _changed)
_sim.on("bounce", _bounce)
