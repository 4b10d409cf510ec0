# What a chip knows outside its RAM: why it started, its clock, what survives, what wakes it.

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
EXT0_WAKE, EXT1_WAKE, TIMER_WAKE = 2, 3, 4  # esp_sleep_wakeup_cause_t

OFF, RUNNING, ASLEEP = "off", "running", "asleep"

# What the ROM prints: esp32/rom/rtc.h has the numbers. A watchdog is a panic, whose handler
# restarts by software.
_ROM = {PWRON_RESET: "0x1 (POWERON_RESET)", DEEPSLEEP_RESET: "0x5 (DEEPSLEEP_RESET)"}
_ROM_SOFTWARE = "0xc (SW_CPU_RESET)"


class Chip:
    """The state of one chip; `clock` is the world's Clock.

    What it is told by programs comes through the methods; what it decides is in the
    attributes `state`, `cause` and `wake`. `levels` are the pins' levels as driven from
    outside, `driven` those driven by programs, `pulls` what these set up; `held` the levels of
    those that are held, whatever programs do; `timers` the numbers of the periodic timers that
    run.
    """

    def __init__(self, clock):
        self._clock = clock
        self.state = OFF
        self.levels = {}
        self._forget()

    def _forget(self):
        # As after a power cut.
        self.cause = PWRON_RESET
        self.wake = 0
        self.memory = ""  # hexadecimal
        self.held = {}  # over all but a power cut
        self._rtc_ms = -self._clock.now_ms()
        self._restart()

    def _restart(self):
        # What no restart but a soft reset leaves alone.
        self.timers = set()
        self._started_ms = self._clock.now_ms()
        self.driven = {}
        self.pulls = {}
        self.wdt_ms = None
        self.wdt_due = None
        self.ext0: tuple = ()  # pin, level
        self.ext1: tuple = ()  # pins, whether any high will do
        self.wake_due = None

    def power_on(self):
        """Start with nothing remembered."""
        self._forget()
        self.state = RUNNING

    def power_off(self):
        """Stop; everything is forgotten."""
        self._forget()
        self.state = OFF

    def reset(self, cause):
        """Start again for one of the causes of a reset."""
        self.cause = cause
        self.wake = 0
        if cause == SOFT_RESET:
            # Interrupts and wake-up pins are off, but nobody stops the watchdog.
            self.ext0 = self.ext1 = ()
            self.timers = set()
        else:
            self._restart()
        self.state = RUNNING

    def sleep(self, ms):
        """Begin a deep sleep of `ms`, 0 for one that no time ends."""
        self.driven = {}
        self.wdt_due = None
        self.wake_due = self._clock.now_ms() + ms if ms > 0 else None
        self.state = ASLEEP

    def wake_cause(self):
        """Return what ends the deep sleep now, 0 for nothing."""
        if self.ext0 and self._level(self.ext0[0]) == self.ext0[1]:
            return EXT0_WAKE
        if self.ext1:
            pins, any_high = self.ext1  # pyright: ignore
            levels = [self._level(pin) for pin in pins]
            if any(levels) if any_high else not any(levels):
                return EXT1_WAKE
        if self.wake_due is not None and self._clock.now_ms() >= self.wake_due:
            return TIMER_WAKE
        return 0

    def wake_up(self, wake):
        """Start after a deep sleep that `wake` has ended."""
        self.reset(DEEPSLEEP_RESET)
        self.wake = wake

    def watch(self, ms):
        """Start the watchdog, or set it to another time."""
        self.wdt_ms = ms
        self.feed()

    def feed(self):
        """The program lives."""
        if self.wdt_ms is not None:
            self.wdt_due = self._clock.now_ms() + self.wdt_ms

    def is_hanging(self):
        """Return whether the watchdog has waited long enough."""
        return self.wdt_due is not None and self._clock.now_ms() >= self.wdt_due

    def advanced(self, ms):
        """Time was jumped over, in which no program could have fed the watchdog."""
        if self.wdt_due is not None:
            self.wdt_due += ms

    def rtc_ms(self, value=None):
        """Return or set the clock, in milliseconds since 2000."""
        if value is not None:
            self._rtc_ms = value - self._clock.now_ms()
        return int(self._rtc_ms + self._clock.now_ms())

    def ticks_us(self):
        """Return the microseconds since the last start that was no soft reset."""
        return int((self._clock.now_ms() - self._started_ms) * 1000)

    def next_ms(self):
        """Return when to look again, in the clock's milliseconds, or None."""
        due = self.wake_due if self.state == ASLEEP else self.wdt_due
        return due if self.state != OFF else None

    def level_out(self, pin):
        """Return the level at which a pin is driven, None when it is not."""
        return self.held.get(pin, self.driven.get(pin))

    def rom_text(self):
        """Return what the ROM prints at this start."""
        return "ets Jul 29 2019 12:21:46\r\n\r\nrst:{},boot:0x13 (SPI_FAST_FLASH_BOOT)\r\n".format(
            _ROM.get(self.cause, _ROM_SOFTWARE)
        )

    def _level(self, pin):
        return self.levels.get(pin, 0)
