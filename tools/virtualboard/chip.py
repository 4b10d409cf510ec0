# What a chip knows outside its RAM: why it started, its clock, what survives, what wakes it.

PWRON_RESET, HARD_RESET, WDT_RESET, DEEPSLEEP_RESET, SOFT_RESET = 1, 2, 3, 4, 5
EXT0_WAKE, EXT1_WAKE, TIMER_WAKE = 2, 3, 4  # esp_sleep_wakeup_cause_t

OFF, RUNNING, ASLEEP = "off", "running", "asleep"

# MicroPython 1.26 to 1.28: each Timer.init() takes a reference on a timer group's clock and
# gives none back (ports/esp32/machine_timer.c); ESP-IDF counts in eight bits, and at 0 resets
# the group (periph_ctrl.c). What holds one from the start, of groups 0 and 1: calibration and
# task watchdog, on an ESP32 esp_timer too; the interrupt watchdog.
_LEAKING = (1, 26), (1, 29)
_HELD = {"esp32": (3, 1), "esp32s3": (2, 1)}
_REFERENCES = 256

# What the ROM prints: esp32/rom/rtc.h has the numbers. A watchdog is a panic, whose handler
# restarts by software.
_ROM = {PWRON_RESET: "0x1 (POWERON_RESET)", DEEPSLEEP_RESET: "0x5 (DEEPSLEEP_RESET)"}
_ROM_SOFTWARE = "0xc (SW_CPU_RESET)"


class Chip:
    """The state of one chip; `clock` is the world's Clock, `name` "esp32" or "esp32s3".

    `micropython` is the version whose faults it has. `clock_fast` is by how much its clock for
    sleep is fast, as a part of 1.

    What it is told by programs comes through the methods; what it decides is in the
    attributes `state`, `cause` and `wake`. `levels` are the pins' levels as driven from
    outside, `driven` those driven by programs, `pulls` what these set up; `held` the levels of
    those that are held, whatever programs do; `timers` the numbers of the periodic timers that
    run, `timer_starts` how often any was started since a restart that was no soft reset.
    """

    def __init__(self, clock, name="esp32", micropython=(1, 27)):
        self._clock = clock
        self._name = name
        self._micropython = micropython
        self.clock_fast = 0.0
        self.state = OFF
        self.levels = {}
        self.bounces = {}  # pin: how often a second it rises, until when in the clock's ms
        self._forget()

    def _forget(self):
        # As after a power cut.
        self.cause = PWRON_RESET
        self.wake = 0
        self.memory = ""  # hexadecimal
        self.held = {}  # over all but a power cut
        self._awake_holds = set()
        self._slept_ms = self._clock.now_ms()
        self._rtc_ms = -self._clock.now_ms()
        self._restart()

    def _restart(self):
        # What no restart but a soft reset leaves alone.
        self.timers = set()
        self.kept = {}  # what C's own memory holds for the simulated modules
        self.timer_starts = 0
        self._references = list(_HELD[self._name])
        self._stopped_ms = None  # when the ticks stopped for good
        self._wdt_gone = False
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

    def reset(self, cause, orderly=False):
        """Start again for one of the causes of a reset; `orderly`: by an esp_restart()."""
        if cause in (WDT_RESET, HARD_RESET) and not orderly:
            # Awake it is esp_timer that counts; the two clocks are reconciled before a deep sleep
            # and an esp_restart() only: esp_timer's system_time.c registers it for those.
            self._rtc_ms += (self._clock.now_ms() - self._started_ms) * self.clock_fast
        if self._micropython < (1, 22) and cause not in (SOFT_RESET, DEEPSLEEP_RESET):
            self.memory = ""  # RTC_DATA_ATTR, NOINIT since 1.22: ports/esp32/machine_rtc.c
        self.cause = cause
        if cause == SOFT_RESET:
            # Interrupts are off; wake-up pins and the watchdog stay on.
            self.timers = set()
        else:
            self.wake = 0
            self._restart()
        self.state = RUNNING

    def hold(self, pin, on, in_sleep):
        """Hold a pin's level, or let it go; one that is none of RTC's until the next sleep."""
        if on:
            self.held[pin] = self.level_out(pin)
            (self._awake_holds.discard if in_sleep else self._awake_holds.add)(pin)
        else:
            self.held.pop(pin, None)

    def sleep(self, ms):
        """Begin a deep sleep of `ms`, None for one that no time ends."""
        self.driven = {}
        self.held = {pin: self.held[pin] for pin in self.held if pin not in self._awake_holds}
        self.wdt_due = None
        self._slept_ms = self._clock.now_ms()
        # The clock that wakes it is the one that counts the time.
        self.wake_due = None if ms is None else self._slept_ms + ms / (1 + self.clock_fast)
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
        self._rtc_ms += (self._clock.now_ms() - self._slept_ms) * self.clock_fast
        self.reset(DEEPSLEEP_RESET)
        self.wake = wake

    def timer_started(self, number):
        """A program has initialised timer `number`; return whether the ticks stand still now."""
        self.timer_starts += 1
        if not _LEAKING[0] <= self._micropython < _LEAKING[1]:
            return False
        group = number & 1  # not its own: the port takes the index for the group
        self._references[group] = (self._references[group] + 1) % _REFERENCES
        # The reset comes with the reference that finds none.
        if self._references[group] == 1 and not self._wdt_gone and group == 0:
            self._wdt_gone = True
            self.wdt_ms = self.wdt_due = None
            if self._name == "esp32":
                self._stopped_ms = self._clock.now_ms()
        return self.is_stopped()

    def is_stopped(self):
        """Return whether the ticks stand still."""
        return self._stopped_ms is not None

    def watch(self, ms):
        """Start the watchdog, or set it to another time."""
        if not self._wdt_gone:
            # In halves of a ms, in 32 bits: esp_task_wdt_impl_timer_reconfigure() of ESP-IDF.
            self.wdt_ms = ms * 2 % 2**32 / 2
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
            self._rtc_ms = value - self._now_ms()
        return int(self._rtc_ms + self._now_ms())

    def ticks_us(self):
        """Return the microseconds since the last start that was no soft reset."""
        return int((self._now_ms() - self._started_ms) * 1000)

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

    def _now_ms(self):
        return self._clock.now_ms() if self._stopped_ms is None else self._stopped_ms

    def bounces_now(self):
        """Return [pin, rises a second, ms left] of the pins that bounce."""
        now = self._clock.now_ms()
        return [[pin, hz, int(end - now)] for pin, (hz, end) in self.bounces.items() if end > now]

    def _level(self, pin):
        return self.levels.get(pin, 0)
