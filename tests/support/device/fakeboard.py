# An ESP32, played: reset causes, RTC memory, pins, timers, watchdog, Wi-Fi, NTP and two clocks.
#
# with Board() as esp: puts it in the place of the modules `machine`, `esp32`, `network` and
# `ntptime`, of `time` and of the ticks, in every module of thingscam that was imported
# before, and takes it away again behind.

import sys
import time

PERIOD = 1 << 30  # the ticks wrap there, as on a board: after 12.4 days
YEAR_2000 = 946684800
NOW = 1790000000  # what time it really is when a board's power comes on: in 2026

MICROPYTHONS = ((1, 21), (1, 22), (1, 24), (1, 27), (1, 29))  # 1.29: head

# References on the clock of timer group 0 at the start of an ESP32; they are counted in eight
# bits, and from 1.26 to 1.28 Timer.init() gives none back: see tools/virtualboard/chip.py.
_REFERENCES = 3
_LEAKING = ((1, 26), (1, 29))

# Pins of the ADCs, and what is on them by raw value: from 142 mV on in a line, above 2880 in a
# flatter one: ESP-IDF, components/esp_adc/esp32/adc_cali_line_fitting.c, 1100 mV and 11 dB.
_ADC1 = (36, 37, 38, 39, 32, 33, 34, 35)
_ADC2 = (4, 0, 2, 15, 13, 12, 14, 27, 25, 26)
_ADC_POINTS = ((0, 142), (2880, 2462), (4095, 3134))
_ESP_ERR_TIMEOUT = 0x107

_BOOT_MS = 300
_DEPTH = 8  # MICROPY_SCHEDULER_DEPTH of ports/esp32
_UP_MS = 15000  # at first: the pace waits a period from a chip's start
# These wait for real sockets, in real time.
_REAL = ("connection", "session", "fetch", "addresses", "compat")


class Gone(BaseException):
    """The program ends here: the board sleeps, or starts anew."""


class Names:
    """Holds what it is given, as a module of constants does."""

    def __init__(self, **values):
        for name in values:
            setattr(self, name, values[name])


class Notes:
    """A log that keeps its lines."""

    def __init__(self):
        self.lines = []

    def debug(self, text, *values):
        self._add("DEBUG", text, values)

    def info(self, text, *values):
        self._add("INFO", text, values)

    def warning(self, text, *values):
        self._add("WARNING", text, values)

    def error(self, text, *values):
        self._add("ERROR", text, values)

    def flush(self, urgent=False):
        """Do nothing: nothing waits."""

    def count(self, *parts):
        """Return how many lines hold all of `parts`."""
        return sum(1 for line in self.lines if all(part in line for part in parts))

    def _add(self, level, text, values):
        self.lines.append(level + " " + (text % values if values else text))


class Board:
    """One board. `epoch` is the year its clock counts from, `psram` how much heap it has.

    `micropython` is the version of the ESP32's port that it behaves as.
    `ticks` are those since the start, unbounded; `wall_ms` is its clock, from its epoch;
    `real_s` what time it is, in seconds since 1970.
    """

    def __init__(self, epoch=1970, psram=False, micropython=(1, 27)):
        assert micropython in MICROPYTHONS, micropython
        self.micropython = micropython
        self.offset_s = YEAR_2000 if epoch == 2000 else 0
        self.psram = psram
        self.wall_ms = (YEAR_2000 - self.offset_s) * 1000
        self.real_ms = NOW * 1000
        self.rtc = b""
        self.levels = {}
        self.volts = {}  # by pin, in mV; a pin that has none takes in the mains' hum
        self.fuses = True  # those with the ADC's calibration are burnt
        self._noise = 1
        self.outputs = {}
        self.held = []
        self.air = Air(self)
        # What servers do other than answer: OSError(-202) their name is not found, after 7 s,
        # another exception, "kiss", or be wrong by so many seconds. That of a gateway is its
        # address.
        self.ntp = {self.air.gateway: OSError(110)}
        self.asked = []
        self.looked_up = []
        self._hosts = []
        self.answers_late_ms = 0
        self.log = []
        self.on_ticks = None  # called whenever time goes on
        self._start("power_on")
        self.ticks = _UP_MS
        self._machine()
        self.esp32 = Names(WAKEUP_ANY_HIGH=True, WAKEUP_ALL_LOW=False, wake_on_ext0=self._ext0)
        self.network = Names(STA_IF=0, WLAN=lambda interface: self.air)
        self.ntptime = Names(host="pool.ntp.org", timeout=1, time=self._ntp_time)
        self.time = Names(
            time=lambda: self.wall_ms // 1000,
            time_ns=lambda: self.wall_ms * 1000000,
            gmtime=self._gmtime,
        )
        self._kept = None

    def __enter__(self):
        places = {
            "machine": self.machine,
            "esp32": self.esp32,
            "network": self.network,
            "ntptime": self.ntptime,
            "getaddrinfo": self._getaddrinfo,
            "Timer": self.machine.Timer,
            "time": self.time,
            "gc": Names(mem_free=lambda: 4000000 if self.psram else 80000, collect=lambda: None),
            "ticks_ms": lambda: self.ticks % PERIOD,
            "ticks_add": _ticks_add,
            "ticks_diff": _ticks_diff,
            "sleep_ms": self._sleep,
            "implementation": Names(
                name="micropython",
                version=self.micropython
                + (int(self.micropython == (1, 24)),)  # 1.24.1: 1.24.0 takes no card
                + (() if self.micropython < (1, 22) else ("",)),
                _machine="Generic ESP32 module with ESP32",
            ),
            "random": Names(random=lambda: 0),
        }
        self._kept = []
        __import__("thingscam.config.reader")  # it is let go after each use
        for path in list(sys.modules):
            if path[:10] != "thingscam." or path.rpartition(".")[2] in _REAL:
                continue
            module = sys.modules[path]
            for name in places:
                if hasattr(module, name) and not (name == "time" and path == "thingscam.util.log"):
                    self._kept.append((module, name, getattr(module, name)))
                    setattr(module, name, places[name])
        return self

    def __exit__(self, *_):
        kept, self._kept = self._kept, []
        for module, name, value in kept:
            setattr(module, name, value)

    # What happens to the board.

    def go(self, ms):
        """Let time go on."""
        if not self.still:
            self.ticks += ms
            self.wall_ms += ms
        self.real_ms += ms
        if self.on_ticks:
            self.on_ticks()

    def power_cut(self, ms=0):
        """Cut the power, for so long: nothing survives."""
        self.rtc = b""
        self.real_ms += ms
        self.wall_ms = (YEAR_2000 - self.offset_s) * 1000
        self._start("power_on")

    def restart(self, cause):
        """Start anew: "reset" (a panic too), "watchdog", or "soft_reset": the ticks go on."""
        kept = self.ticks, self.dog, self.references, self.still
        wake = self.wake_pin, self.wake_reason
        self._start(cause)
        if cause == "soft_reset":
            self.ticks, self.dog, self.references, self.still = kept
            self.wake_pin, self.wake_reason = wake
        else:
            if self.micropython < (1, 22) and cause != "deep_sleep":
                self.rtc = b""
            self.wall_ms += _BOOT_MS
            self.real_ms += _BOOT_MS

    def wake(self, slept_ms, by_pin=False):
        """Wake from a deep sleep: the ticks restart, clock and RTC memory go on.

        `slept_ms` are those of its clock, which may be fast.
        """
        self._start("deep_sleep")
        self.wake_reason = 2 if by_pin else 4
        self.wall_ms += slept_ms
        self.real_ms += slept_ms

    def real_time(self):
        """Return what time it is as time.gmtime() gives it."""
        return time.gmtime(self.real_ms // 1000)

    def set_clock(self):
        """Set the clock to what time it is, as NTP does; return how many seconds it was off."""
        before = self.wall_ms
        self.wall_ms = self.real_ms - self.offset_s * 1000
        return (self.wall_ms - before) // 1000

    def drive(self, number, level):
        """Let something outside drive a pin; a rising edge is seen by its interrupt."""
        rising = level and not self.levels.get(number)
        self.levels[number] = level
        handler = self.irqs.get(number)
        if rising and handler:
            self._schedule(handler, self.machine.Pin(number))

    def pulse(self, number=13):
        """Let the motion sensor see something, shortly."""
        self.drive(number, 1)
        self.drive(number, 0)

    def fire(self, number):
        """Let a timer run out."""
        self._schedule(self.timers[number].callback, self.timers[number])

    def shut(self):
        """Let no callback in from now on, as in a call that blocks in C."""
        self._shut = True

    def let_in(self):
        """The opposite of shut(): those that wait have their turn, one after the other."""
        self._shut = False
        while self._queue and not self._busy:
            callback, argument = self._queue.pop(0)
            self._busy = True
            try:
                callback(argument)
            except AssertionError:  # a test's own
                raise
            except BaseException as e:  # printed, and that is all: py/runtime_utils.c
                self.printed.append(e)
            finally:
                self._busy = False

    @property
    def starving(self):
        """Whether the watchdog would have bitten by now; None without one."""
        return self.dog and self.ticks - self.dog.fed > self.dog.timeout

    # What the modules hold.

    def _schedule(self, callback, argument):
        # A ninth is lost, and nobody hears of it: py/scheduler.c.
        if len(self._queue) < _DEPTH:
            self._queue.append((callback, argument))
        if not self._shut:
            self.let_in()

    def _start(self, cause):
        self.cause = cause
        self.ticks = _BOOT_MS
        self.references = _REFERENCES
        self.still = False  # the ticks have stopped
        self.timers = {}
        self.irqs = {}
        if cause != "soft_reset":
            self.pulls = {}
        self._queue = []
        self._shut = self._busy = False
        self.printed = []  # what callbacks have raised
        self.dog = None
        self.slept = None
        self.wake_pin = None
        self.wake_reason = 0
        if cause != "soft_reset":  # which keeps even the association
            self.air.power_off()

    def _machine(self):
        esp = self
        causes = {"power_on": 1, "reset": 2, "watchdog": 3, "deep_sleep": 4, "soft_reset": 5}

        class Pin:
            IN, OUT, PULL_UP, IRQ_RISING, IRQ_FALLING = 1, 3, 2, 1, 2

            def __init__(self, number, mode=-1, pull=-1, value=None, hold=None):
                self.number = number
                if hold is not None and number in esp.held:
                    esp.held.remove(number)
                if value is not None:
                    self.value(value)
                if hold:
                    esp.held.append(number)
                if pull != -1:  # else an earlier pull stays, as in machine_pin.c
                    esp.pulls[number] = pull

            def value(self, level=None):
                if level is None:
                    pulled = esp.pulls.get(self.number) == Pin.PULL_UP
                    return esp.levels.get(self.number, int(pulled))
                if self.number not in esp.held:
                    esp.outputs[self.number] = level
                return None

            def irq(self, handler=None, trigger=3, wake=None):
                assert trigger == Pin.IRQ_RISING or handler is None
                esp.irqs[self.number] = handler
                # It wakes no more: machine_pin.c. (In a deep sleep no program runs.)
                if esp.wake_pin == self.number and esp.slept is None:
                    esp.wake_pin = None

        class Adc:
            ATTN_0DB, ATTN_2_5DB, ATTN_6DB, ATTN_11DB = 0, 1, 2, 3

            def __init__(self, pin, atten=None):
                self._number = pin.number
                if self._number not in _ADC1 + _ADC2:
                    raise ValueError("invalid pin")
                # The most of all is the default since 1.26, and before the least.
                self.atten = atten if atten is not None else 3 * (esp.micropython >= (1, 26))
                self._on = True
                if esp.micropython >= (1, 26):
                    self.deinit = self._deinit

            def _deinit(self):
                self._on = False

            def read_u16(self):
                if not self._on:
                    raise OSError(1)
                if self._number in _ADC2 and esp.air.active():
                    # From 1.26 to 1.28 nobody looks at what the driver says.
                    if (1, 26) <= esp.micropython < (1, 29):
                        return 0
                    raise OSError(-_ESP_ERR_TIMEOUT, "ESP_ERR_TIMEOUT")
                assert self.atten == self.ATTN_11DB
                raw = esp._on_adc(self._number)
                return raw << 4 | raw >> 8

            def read_uv(self):
                raw = self.read_u16() >> 4
                if not esp.fuses and esp.micropython >= (1, 24):
                    raise OSError(-258, "ESP_ERR_INVALID_ARG")
                return _between(raw, _ADC_POINTS) * 1000

        class Timer:
            ONE_SHOT, PERIODIC = 0, 1

            def __init__(self, number):
                self.number = number

            def init(self, mode, period, callback):
                self.mode = mode
                self.period = period
                self.callback = callback
                esp.timers[self.number] = self
                esp._timer_started(self.number)

            def deinit(self):
                esp.timers.pop(self.number, None)

        class Wdt:
            def __init__(self, timeout):
                assert isinstance(timeout, int) and 0 < timeout < 1 << 30
                self.timeout = timeout
                self.feed()
                esp.dog = self

            def feed(self):
                self.fed = esp.ticks

        class Rtc:
            def memory(self, data=None):
                if data is None:
                    return esp.rtc
                if len(data) > 2048:
                    raise ValueError("buffer too long")
                esp.rtc = bytes(data)
                return None

            def datetime(self, moment):
                year, month, day, _, hour, minute, second, _ = moment
                seconds = _seconds_since_1970(year, month, day, hour, minute, second)
                esp.wall_ms = (seconds - esp.offset_s) * 1000

        self.machine = Names(
            PWRON_RESET=1,
            HARD_RESET=2,
            WDT_RESET=3,
            DEEPSLEEP_RESET=4,
            SOFT_RESET=5,
            PIN_WAKE=2,
            EXT0_WAKE=2,
            TIMER_WAKE=4,
            reset_cause=lambda: causes[esp.cause],
            wake_reason=lambda: esp.wake_reason,
            reset=self._reset,
            deepsleep=self._deepsleep,
            Pin=Pin,
            ADC=Adc,
            Timer=Timer,
            WDT=Wdt,
            RTC=Rtc,
        )

    def _on_adc(self, number):
        mv = self.volts.get(number)
        if mv is None:
            return 700 + 60 * (self.ticks % 20)
        self._noise = self._noise * 1103515245 + 12345 & 0x7FFFFFFF
        raw = int(_between(mv, [(y, x) for x, y in _ADC_POINTS]))
        # One in sixteen is far off, as while the radio sends.
        raw += (self._noise >> 16) % 17 - 8 + 300 * ((self._noise >> 16) % 16 == 0)
        return min(max(raw, 0), 4095) if mv > _ADC_POINTS[0][1] else 0

    def _timer_started(self, number):
        if _LEAKING[0] <= self.micropython < _LEAKING[1] and not number & 1:
            self.references = (self.references + 1) % 256
            if self.references == 1:
                self.still = True
                self.dog = None

    def _sleep(self, ms):
        if self.still:
            raise Gone("asleep for ever: the ticks stand still")
        self.go(ms)

    def _reset(self):
        self.log.append("reset")
        raise Gone("reset")

    def _deepsleep(self, ms=None):
        assert ms != 0, "since 1.22 that wakes at once"
        self.log.append("sleep")
        self.slept = ms or 0
        raise Gone("asleep")

    def _ext0(self, pin, level):
        assert level is True
        self.wake_pin = None if pin is None else pin.number

    def _gmtime(self, seconds=None):
        if seconds is None:
            seconds = self.wall_ms // 1000
        return time.gmtime(seconds + self.offset_s)

    def _getaddrinfo(self, host, port):
        if all(char in "0123456789." for char in host):
            return [(2, 2, 17, host, (host, port))]
        self.looked_up.append(host)
        what = self.ntp.get(host)
        if isinstance(what, OSError) and what.args[0] == -202:
            self.go(7000)
            raise what
        if host not in self._hosts:
            self._hosts.append(host)
        return [(2, 2, 17, host, ("192.0.2.%d" % (self._hosts.index(host) + 1), port))]

    def _ntp_time(self):
        # micropython-lib's ntptime: seconds since this machine's epoch.
        self.log.append("ntp")
        address = self._getaddrinfo(self.ntptime.host, 123)[0][-1][0]
        name = address
        if address[:8] == "192.0.2.":
            name = self._hosts[int(address[8:]) - 1]
        self.asked.append(name)
        what = self.ntp.get(name)
        if isinstance(what, Exception):
            self.go(1000)
            raise what
        self.go(self.answers_late_ms)
        if what == "kiss":  # no time in it: the NTP era's end, to ntptime
            return 2085978496 - self.offset_s
        return self.real_ms // 1000 - self.offset_s + (what or 0)


class Air:
    """network.WLAN, and the access points in reach: `networks` is a list of Names.

    It does what ports/esp32/network_wlan.c does, by version; as tools/virtualboard/air.py, which
    names the sources. `faults`: name of a call -> what it raises. `calls`: what was asked of it.
    """

    JOIN_MS = 1500
    ABSENT_MS = SCAN_MS = 2400
    REFUSED_MS = 3000
    EVENT_MS = 15

    def __init__(self, esp):
        self._esp = esp
        self.networks = []
        self.faults = {}
        self.calls = []
        self.tried = []
        self.points = []  # the address of each, None for any
        self.scans = 0
        self.on_scan = None
        self.gateway = "192.168.4.1"
        self.power_off()

    def add(self, ssid, password="", rssi=-60, **traits):
        """Put up an access point, in the place of one of the same name and address.

        `traits`: bssid, the last byte of its address; hidden; refusal, the reason that a wrong
        password ends in; dhcp; drops_ms, after how long it throws the board out.
        """
        name = ssid if isinstance(ssid, bytes) else ssid.encode()
        point = Names(hidden=False, refusal=15, dhcp=True, drops_ms=None, bssid=0)
        for each in traits:
            setattr(point, each, traits[each])
        point.name, point.password, point.rssi = name, password, rssi
        point.address = b"\2\0\0\0\0" + bytes([point.bssid])
        others = [each for each in self.networks if (each.name, each.bssid) != (name, point.bssid)]
        self.networks = others + [point]
        return point

    def vanish(self, ssid):
        """Take the access points of a name away; an ESP32 notices it after 6 s."""
        self.networks = [each for each in self.networks if each.name != ssid.encode()]
        self._run()
        if self._point is not None and self._point not in self.networks:
            self._due = self._esp.ticks

    def power_off(self):
        """The chip starts anew."""
        self._active = False
        self._config = (b"", b"", None)
        self._requested = self._connected = False
        self._reason = 0
        self._limit = self._tries = 0
        self._point = None  # what it is associated with
        self._due = self._leaving = None

    # What network.WLAN has.

    def active(self, on=None):
        self._called("active")
        if on is not None and bool(on) != self._active:
            was_joined = self._point is not None
            self._active = bool(on)
            self._due = self._leaving = self._point = None
            if on:
                self._tries = 0
            elif was_joined:
                self._disconnected(8)
        return self._active

    def isconnected(self):
        self._called("isconnected")
        return self._connected

    def status(self, what=None):
        self._called("status")
        if what == "rssi":
            if self._point is None:
                raise OSError("Wifi Not Connected")
            return self._point.rssi
        assert what is None
        new = self._esp.micropython >= (1, 22)
        if self._connected:
            return 1010  # STAT_GOT_IP
        if new and self._reason == 201:
            return 201
        if new and self._reason in (202, 205):
            return 202
        if new and self._reason == 8:
            return 1000  # STAT_IDLE
        if self._requested and (not self._limit or self._tries < self._limit):
            return 1001  # STAT_CONNECTING
        return self._reason or 1000

    def config(self, name=None, **values):
        self._called("config")
        if name == "essid":
            ssid, key, _ = self._config
            return (ssid + key if len(ssid) == 32 else ssid).decode()
        self._limit = 0 if values["reconnects"] == -1 else values["reconnects"] + 1
        self._need_rest()
        return None

    def ifconfig(self):
        if not self._connected:
            return ("0.0.0.0",) * 4
        return ("192.168.4.2", "255.255.255.0", self.gateway, self.gateway)

    def scan(self):
        self._called("scan")
        if not self._active:
            raise OSError("STA must be active")
        if self._is_trying():
            return []  # the driver's error is not told
        self.scans += 1
        self._esp.go(self.SCAN_MS)
        if self.on_scan:
            self.on_scan()
        self._run()
        # As ESP-IDF lists them: the strongest first. Whether one is hidden is not told.
        found = [
            (b"" if each.hidden else each.name, each.address, 6, each.rssi, 3, False)
            for each in self.networks
        ]
        return sorted(found, key=lambda each: -each[3])

    def connect(self, ssid, password=None, bssid=None):
        self._called("connect")
        self._need_rest()
        if not self._active:
            raise OSError("Wifi Not Started")
        name = ssid if isinstance(ssid, bytes) else ssid.encode()
        self.tried.append(ssid)
        self.points.append(bssid and bssid[5])
        self._config = (name[:32], (password or "").encode(), bssid)
        self._tries = 0
        if self._point is not None:
            self._leave()
        self._requested = True
        self._attempt()

    def disconnect(self):
        self._called("disconnect")
        self._requested = False
        if not self._active:
            raise OSError("Wifi Not Started")
        if self._point is not None or self._is_trying():
            self._leave()

    def _called(self, name):
        if name not in ("isconnected", "status"):
            self.calls.append(name)
        fault = self.faults.get(name)
        if fault is not None:
            raise fault
        self._run()

    def _need_rest(self):
        if self._is_trying():
            raise OSError("Wifi Internal State Error")

    def _is_trying(self):
        return self._due is not None and self._point is None

    def _leave(self):
        self._point = self._due = None
        self._leaving = self._esp.ticks + self.EVENT_MS

    def _found(self):
        name, key, address = self._config
        for each in self.networks:  # the first one found is taken
            fits = each.name == name and address in (None, each.address)
            if fits and bool(key) == bool(each.password):
                return each
        return None

    def _attempt(self, now=None):
        now = self._esp.ticks if now is None else now
        found = self._found()
        if found is None:
            self._due = now + self.ABSENT_MS
        else:
            right = found.password.encode() == self._config[1]
            self._due = now + (self.JOIN_MS if right else self.REFUSED_MS)

    def _run(self):
        # Everything that has happened by now.
        while True:
            due = [each for each in (self._due, self._leaving) if each is not None]
            if not due or min(due) > self._esp.ticks:
                return
            now = min(due)
            if now == self._leaving:
                self._leaving = None
                self._disconnected(8, now)
            elif self._point is not None:
                reason = 6 if self._point in self.networks else 200
                self._due = self._point = None
                self._disconnected(reason, now)
            else:
                self._due = None
                self._outcome(now)

    def _outcome(self, now):
        found = self._found()
        if found is None:
            self._disconnected(201, now)
        elif found.password.encode() != self._config[1]:
            self._disconnected(found.refusal, now)
        else:
            self._point = found
            if found.drops_ms is not None:
                self._due = now + found.drops_ms
            if found.dhcp:
                self._connected = True
                self._reason = 0

    def _disconnected(self, reason, now=None):
        self._reason = reason
        self._connected = False
        if self._requested and self._active:
            self._tries += 1
            if (not self._limit or self._tries < self._limit) and not self._is_trying():
                self._attempt(now)


def on_board(test):
    """Run a test with a fresh Board as its argument."""

    def run():
        with Board() as esp:
            test(esp)

    return run


def _between(x, points):
    # On the lines through these three.
    (x0, y0), (x1, y1) = points[:2] if x <= points[1][0] else points[1:]
    return y0 + (x - x0) * (y1 - y0) // (x1 - x0)


def _seconds_since_1970(year, month, day, hour, minute, second):
    days = sum(366 if _is_leap(each) else 365 for each in range(1970, year))
    days += sum(
        (31, 29 if _is_leap(year) else 28, 31, 30, 31, 30, 31, 31, 30, 31, 30)[: month - 1]
    )
    return ((days + day - 1) * 24 + hour) * 3600 + minute * 60 + second


def _is_leap(year):
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _ticks_add(ticks, delta):
    if not -PERIOD // 2 < delta < PERIOD // 2:
        raise OverflowError("ticks interval overflow")
    return (ticks + delta) % PERIOD


def _ticks_diff(end, start):
    return (end - start + PERIOD // 2) % PERIOD - PERIOD // 2
