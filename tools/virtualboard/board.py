# The virtual board, for tests, the demo and the command line.

import fcntl
import json
import os
import pathlib
import shutil
import tempfile
import time

from ..host import filesystem
from . import chip, profiles
from .air import Air, Network
from .card import Card
from .clock import Clock
from .power import Battery, Sky
from .ram import Ram
from .scenes import PHOTOS, Scenes
from .sensor import Sensor
from .serialport import SerialPort
from .supervisor import Supervisor
from .world import FLASH_FAULTS, World


class VirtualBoard:
    """Real MicroPython behind a serial port, with simulated hardware around it.

    `files` maps paths on the board to bytes or text; without it the firmware of this
    project. `image` is the path of the flash's image: made from `files` where there is
    none, else used as it is, files and all. `networks` are air.Network; without them those
    that config.json on the board names. `photos` is a folder of JPEG files.
    `slow_flash`: writing and erasing take the time they take on a chip. `fair`: time in which
    this computer had none for the board is not board time. `micropython` is the version of the
    ESP32's port that it behaves as, a name in profiles.MICROPYTHONS.
    `sun` is the place, (latitude, longitude), whose nights are dark; None: it is always day.
    `lamp` is a pin at which a lamp lights them, as the bright LED does.
    `battery` has power.Battery's arguments but clock and sky, a dict; None: there is always power.
    `card` is the path of an SD card's image, or how many bytes a new one has; None: the slot
    is empty for ever. `ap_port` is the port of this computer at which the board's own access
    point is reached, TCP and UDP; 0: a free one.

    start() and stop() may be called from any thread, as all else; also a context manager.
    """

    def __init__(
        self,
        files=None,
        *,
        image=None,
        profile="ai-thinker",
        driver=None,
        heap=None,
        speed=1.0,
        networks=None,
        photos=PHOTOS,
        trouble=0.0,
        seed=0,
        port_link=None,
        slow_flash=False,
        fair=False,
        micropython=profiles.MICROPYTHON,
        card=None,
        ap_port=0,
        sun=None,
        battery=None,
        lamp=None,
    ):
        self.profile = profiles.find(profile, driver, heap, micropython)
        self._folder = tempfile.mkdtemp(prefix="virtualboard-")
        self._stopped = False
        self._lock = None
        try:
            self.image = pathlib.Path(image or pathlib.Path(self._folder) / "flash.img")
            _prepare(self.image, files, self.profile.flash)
            self._lock = _locked(self.image)
            if networks is None:
                networks = configured_networks(self.image)
            clock = Clock(speed)
            ram = Ram(self.profile.psram)
            self._world = World(
                clock=clock,
                chip=chip.Chip(clock, self.profile.chip, self.profile.micropython),
                air=Air(clock, networks, self.profile.micropython),
                sensor=Sensor(
                    clock, Scenes(photos), self._folder, self.profile, ram, trouble, seed
                ),
                ram=ram,
                port=SerialPort(port_link),
                profile=self.profile,
                image=str(self.image.resolve()),
                slow_flash=slow_flash,
                fair=fair,
                card=None if card is None else self._card(card),
                ap_port=ap_port,
            )
            self._have_power(sun, battery, lamp)
            self._supervisor = Supervisor(self._world, self._folder)
        except BaseException:
            self._forget()
            raise
        self.console = self._supervisor.console

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """Switch the board on; returns itself."""
        self._supervisor.start()
        self._supervisor.power_on()
        return self

    def stop(self):
        """End it and remove what it needed, but for an image whose path was given."""
        if not self._stopped:
            self._stopped = True
            self._supervisor.stop()
            self._forget()

    def _have_power(self, sun, battery, lamp):
        world = self._world
        world.sensor.scene_light = world.scene_light
        if sun is not None:
            world.sky = Sky(*sun)
        if lamp is not None:
            world.lamp = lamp
            world.chip.levels[lamp] = 0  # its transistor has a resistor to GND
        if battery is not None:
            world.battery = Battery(world.clock, sky=world.sky, **battery)

    def _card(self, card):
        folder = pathlib.Path(self._folder)
        if isinstance(card, int):
            made = Card(folder / "card.img", folder / "slot", card)
        else:
            made = Card(pathlib.Path(card).resolve(), folder / "slot")
        made.push()
        return made

    def _forget(self):
        if self._lock is not None:
            os.close(self._lock)
        shutil.rmtree(self._folder)

    @property
    def port(self):
        """The path of the serial port."""
        return self._world.port.path

    @property
    def output(self):
        """What the board has printed so far, whoever has the port open."""
        return self.console.text

    def on_output(self, listener):
        """Have listener(text) called with all output; returns a function that ends it.

        It is called in the board's thread, and must not wait.
        """
        return self.console.subscribe(listener)

    def wait_for(self, text, timeout=20, count=1):
        """Wait until the board has printed `text`, `count` times; returns all output.

        Raises TimeoutError, with the output, after `timeout` real seconds.
        """
        if not self.console.wait_for(text, timeout, count):
            raise TimeoutError("not printed: {!r}, but:\n{}".format(text, self.output))
        return self.output

    def pin(self, number, level):
        """Drive a pin from outside: 1, 0, or None to let it go.

        Raises ValueError for a pin that no board has.
        """
        if not isinstance(number, int) or not 0 <= number < 49:
            raise ValueError("no pin {!r}".format(number))
        with self._supervisor.lock:
            if level is None:
                self._world.chip.levels.pop(number, None)
            else:
                self._world.chip.levels[number] = int(bool(level))
            self._supervisor.link.send(event="pin", pin=number, level=level)
        self._supervisor.wake()

    def pulse(self, number, seconds=2.0):
        """Drive a pin high for `seconds` of board time, as a PIR sensor does that saw someone."""
        self.pin(number, 1)
        self._supervisor.later(seconds * 1000, lambda: self.pin(number, 0))

    def voltage(self, number, mv):
        """Put `mv` millivolts on a pin, for its ADC; None: nothing is wired to it."""
        if mv is not None and not 0 <= mv <= 100000:
            raise ValueError("mv: {} is not between 0 and 100000".format(mv))
        with self._supervisor.lock:
            self._world.voltages[number] = mv

    def weather(self, clear):
        """Have clouds leave so much of the sun, 1 to 0, for the panel.

        Raises ValueError without a sun.
        """
        if self._world.sky is None or not 0 <= clear <= 1:
            raise ValueError("clear: {} is not between 0 and 1, or no sun".format(clear))
        with self._supervisor.lock:
            self._world.pass_time()
            self._world.sky.clear = float(clear)

    def charge(self, part):
        """Have the battery hold `part` of 1 of what it can. Raises ValueError without one."""
        if self._world.battery is None or not 0 <= part <= 1:
            raise ValueError("part: {} is not between 0 and 1, or no battery".format(part))
        with self._supervisor.lock:
            self._world.pass_time()
            self._world.battery.charge = float(part)
        self._supervisor.wake()

    def bounce(self, number, hz, seconds):
        """Let a wire bounce for `seconds` of board time: the pin rises `hz` times a second.

        It is low in the end. While the chip sleeps it counts as high, and wakes it.
        """
        if not 0 < hz <= 1000:
            raise ValueError("hz: {} is not between 0 and 1000".format(hz))
        self.pin(number, 1)
        with self._supervisor.lock:
            self._supervisor.link.send(event="bounce", pin=number, hz=hz, ms=int(seconds * 1000))
            self._world.chip.bounces[number] = hz, self._world.clock.now_ms() + seconds * 1000
        self._supervisor.later(seconds * 1000, lambda: self._rest(number))

    def _rest(self, number):
        self._world.chip.bounces.pop(number, None)
        self.pin(number, 0)

    def wifi(self, up, ssid=None, *, rssi=None, new_address=False):
        """Switch the access point `ssid`, or all, on or off.

        `new_address`: the next time the board joins it gets another, which ends its
        connections.
        """
        with self._supervisor.lock:
            air = self._world.air
            if ssid is not None and not air.called(ssid):
                raise ValueError("no network {}".format(ssid))
            for network in air.called(ssid) if ssid else air.networks:
                network.up = bool(up)
                network.rssi = network.rssi if rssi is None else rssi
            air.new_address = air.new_address or new_address
        self._supervisor.wake()

    def internet(self, up, rate=None):
        """Have the access points' line to the world on or off: the board stays joined.

        `rate` is how many bytes a second go out by it.
        """
        if rate is not None and not 1 <= rate <= 10000000:
            raise ValueError("rate: {} is not between 1 and 10000000".format(rate))
        with self._supervisor.lock:
            self._world.air.internet = bool(up)
            self._world.air.rate = rate or self._world.air.rate
        self._supervisor.wake()

    def network(self, ssid, password="", rssi=-60, **traits):
        """Add an access point, or change one; `traits` are more fields of air.Network."""
        with self._supervisor.lock:
            self._world.air.add(Network(ssid, password, rssi, **traits))
        self._supervisor.wake()

    def dns(self, up, servers=1, names=None, late_s=0):
        """Switch the answers of all `servers` (1 to 3) on or off, for a look-up of a name.

        `names` is {name: [addresses]}, given one at a time, in turn; other names are this
        machine's. Without an answer a look-up blocks for 7 s a server, and with one for `late_s`.
        """
        if not 1 <= servers <= 3:
            raise ValueError("servers: {} is not between 1 and 3".format(servers))
        with self._supervisor.lock:
            air = self._world.air
            air.dns, air.dns_servers, air.dns_late_ms = bool(up), servers, int(late_s * 1000)
            air.names = air.names if names is None else dict(names)
        self._supervisor.wake()

    def door(self, port, timeout=20):
        """Return this computer's port that is `port` at the board's access point.

        Waits until the board listens there; raises TimeoutError.
        """
        end = time.monotonic() + timeout
        while port not in self._world.doors:
            if time.monotonic() > end:
                raise TimeoutError("nobody listens at port {}".format(port))
            time.sleep(0.005)
        return self._world.doors[port]

    def ntp(self, up, server=None, wrong_s=0):
        """Have one time server, or all, answer or not; one may be wrong by `wrong_s`."""
        with self._supervisor.lock:
            if server is not None:
                self._world.wrong_ntp[server] = wrong_s
            if server is None:
                self._world.ntp = bool(up)
            elif up:
                self._world.dead_ntp.discard(server)
            else:
                self._world.dead_ntp.add(server)

    def flash_fault(self, kind, text=""):
        """Have the flash fail in one way of world.FLASH_FAULTS until it is told to with None.

        "read": reading what has `text` in it is EIO; "corrupt": so is littlefs, EILSEQ, in each
        block that has it, once it is mounted; "write": nothing can be written or erased, EIO.
        """
        if kind not in FLASH_FAULTS:
            raise ValueError("no flash fault {}: {}".format(kind, ", ".join(FLASH_FAULTS)))
        with self._supervisor.lock:
            faults = self._world.flash_faults
            if text is None:
                faults.pop(kind, None)
            else:
                faults[kind] = text
            self._supervisor.link.send(event="flash", faults=faults)
        self._supervisor.wake()

    def flash_fill(self, room):
        """Leave `room` bytes free on the flash, by a file; None: take that away again.

        Raises ValueError while the power is on.
        """
        if self.state()["power"] != chip.OFF:
            raise ValueError("the flash can be filled while the power is off only")
        filesystem.fill(self.image, room)

    def camera_fault(self, kind, count=1):
        """Have the next `count` captures go wrong: a kind in sensor.FAULTS."""
        with self._supervisor.lock:
            self._world.sensor.fault(kind, count)

    def card_pull(self):
        """Pull the SD card out of its slot."""
        self._slot().pull()

    def card_push(self):
        """Push it back: it has lost its power, and does not know the driver any more."""
        self._slot().push()

    def card_fault(self, kind, count=1):
        """Have the next `count` accesses to the card fail: a kind in card.FAULTS.

        Of "protected" any count but 0 holds until it is set to 0.
        """
        self._slot().fault(kind, count)

    def card_fill(self, room):
        """Leave `room` bytes free on the card, by a file; None: take that away again.

        Raises ValueError while the power is on.
        """
        if self.state()["power"] != chip.OFF:
            raise ValueError("the card can be filled while the power is off only")
        self._slot().fill(room)

    def card_files(self):
        """Return the files on the card as they are now, {path: bytes}."""
        return self._slot().files()

    def _slot(self):
        if self._world.card is None:
            raise ValueError("this board was made without a card")
        return self._world.card

    def grow_heap(self, size):
        """Have MicroPython's heap take `size` bytes more of the internal RAM, as it grows.

        Raises ValueError when there are not so many, and where the heap is in PSRAM.
        """
        with self._supervisor.lock:
            self._world.ram.grow_heap(size)

    def cut_power(self):
        """Take the power away at once; only the flash remembers."""
        self._supervisor.power_off()

    def power_on(self):
        """Give the power back."""
        if self.state()["power"] == chip.OFF:
            self._supervisor.power_on()

    def press_reset(self):
        """Press the button EN; for an ESP32 that is a power cut and no power cut."""
        self._supervisor.power_off()
        self._supervisor.power_on()

    def panic(self):
        """Have the chip run into an error in C, as of a camera driver, and restart.

        Returns whether it has: a chip that sleeps does not.
        """
        return self._supervisor.panic()

    def clock_fast(self, part):
        """Have the clock that goes on in deep sleep be fast by `part` of 1 (slow below 0)."""
        if not -0.5 <= part <= 0.5:
            raise ValueError("part: {} is not between -0.5 and 0.5".format(part))
        with self._supervisor.lock:
            self._world.chip.clock_fast = part

    def advance(self, seconds, patience=0.0):
        """Let board time pass at once; what was due in it is due now, once.

        The watchdog does not count it, for the program had no time to feed it. With
        `patience`, wait so many real seconds at most until the program has taken note;
        returns whether it has.
        """
        if seconds < 0:
            raise ValueError("seconds: {} is not to come".format(seconds))
        supervisor = self._supervisor
        ms = int(seconds * 1000)
        with supervisor.lock:
            supervisor.advances += 1
            count = supervisor.advances
            self._world.pass_time()
            self._world.clock.advance(ms)
            self._world.pass_time()
            self._world.chip.advanced(ms)
            supervisor.link.send(event="advance", ms=ms, count=count)
        supervisor.wake()
        end = time.monotonic() + patience
        while supervisor.advanced < count and time.monotonic() < end:
            time.sleep(0.0005)
        return supervisor.advanced >= count

    @property
    def speed(self):
        """How many times as fast as real time the board's time goes."""
        return self._world.clock.speed

    def set_speed(self, speed):
        """Have board time go `speed` times as fast as real time from now on."""
        if not 0.01 <= speed <= 1000:
            raise ValueError("speed: {} is not between 0.01 and 1000".format(speed))
        with self._supervisor.lock:
            self._world.clock.speed = float(speed)
            at_us = self._world.clock.changed_us
            self._supervisor.link.send(event="speed", speed=int(speed * 100), at_us=at_us)
        self._supervisor.wake()

    def on_frame(self, listener):
        """Have listener(number, data, fault) called with each frame the firmware is given.

        It is called in the board's thread, and must not wait. What the program printed
        before has then been heard by those of on_output().
        """
        self._world.sensor.listeners.append(listener)

    @property
    def board_ms(self):
        """The milliseconds of board time that have passed since the board was made."""
        with self._supervisor.lock:
            return int(self._world.clock.now_ms())

    @property
    def world_ms(self):
        """The UTC time around the board, in milliseconds since 2000."""
        return self._world.clock.world_ms()

    @property
    def steady_ms(self):
        """The same, but that time which was given back (see `fair`) counts: it never goes back."""
        with self._supervisor.lock:
            return int(self._world.clock.world_ms() + self._world.lost_ms)

    def delivered(self):
        """Return (frame number, bytes, fault or None) of each frame the firmware was given."""
        with self._supervisor.lock:
            return list(self._world.sensor.delivered)

    def files(self):
        """Return the files on the flash as they are now, {path: bytes}."""
        return filesystem.contents(self.image.read_bytes())

    def state(self):
        """Return what can be seen of the board, as a dict that JSON can hold."""
        with self._supervisor.lock:
            world = self._world
            driven = world.chip.driven | world.chip.held
            led = self.profile.led
            return {
                "board": self.profile.name,
                "micropython": list(self.profile.micropython),
                "port": self.port,
                "power": world.chip.state,
                "starts": self._supervisor.starts,
                "reset_cause": world.chip.cause,
                "timer_starts": world.chip.timer_starts,
                "ticks_stopped": world.chip.is_stopped(),
                "wake_reason": world.chip.wake,
                "pins": {str(pin): level for pin, level in sorted(world.chip.levels.items())},
                "driven": {str(pin): level for pin, level in sorted(driven.items())},
                "led": led is not None and driven.get(led[0]) == int(not led[1]),
                "wifi": {
                    "status": world.air.status(),
                    "online": world.air.online(),
                    "networks": [
                        {"ssid": n.name.decode(errors="replace"), "rssi": n.rssi, "up": n.up}
                        for n in world.air.networks
                    ],
                    "access_point": dict(world.access_point),
                },
                "card": world.card and world.card.state(),
                "ntp": world.ntp,
                "light": round(world.scene_light(), 3),
                "battery": self._battery(),
                "wakes_in_ms": self._wakes_in_ms(),
                "ram": world.ram.free(),
                "frames": len(world.sensor.delivered),
                "board_ms": int(world.clock.now_ms()),
                "world_ms": world.clock.world_ms(),
                "speed": world.clock.speed,
                "lost_ms": int(world.lost_ms),
            }

    def _battery(self):
        battery = self._world.battery
        if battery is None:
            return None
        self._world.pass_time()
        return {
            "mv": int(battery.mv()),
            "charge": round(battery.charge, 4),
            "ma": battery.ma,
            "used_mah": round(battery.used_mah, 3),
            "got_mah": round(battery.got_mah, 3),
        }

    def _wakes_in_ms(self):
        due = self._world.chip.wake_due
        if self._world.chip.state != chip.ASLEEP or due is None:
            return None
        return max(0, int(due - self._world.clock.now_ms()))


def _prepare(image, files, size):
    if image.exists():
        _reject_other_files(image)
    else:
        files = filesystem.firmware_files() if files is None else files
        filesystem.make_image(image, files, size)


def _reject_other_files(image):
    # A board formats what it cannot mount: an empty flash, but not somebody's letters.
    data = image.read_bytes()
    if data.strip(b"\xff") or not data:
        try:
            with filesystem.opened(image):
                pass
        except filesystem.FilesystemError as e:
            text = "{}: not the flash of a board, it would be overwritten: {}"
            raise ValueError(text.format(image, e)) from e


def _locked(image):
    # Two boards on one flash would be the end of its files.
    fd = os.open(image, os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise ValueError("{}: in use by another virtual board".format(image))
    return fd


def configured_networks(image):
    """Return the networks that config.json in the image at `image` names."""
    try:
        with filesystem.opened(image) as system, system.open("config.json", "rb") as file:
            wifi = json.loads(file.read()).get("wifi", [])
        return [
            Network(
                entry.get("ssid") or bytes.fromhex(entry["ssid_hex"]), entry.get("password", "")
            )
            for entry in wifi
        ]
    except (LookupError, ValueError, AttributeError, TypeError, RecursionError):
        return []
    except (FileNotFoundError, filesystem.FilesystemError):
        return []
