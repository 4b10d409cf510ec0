# What is on the board and around it, beside the program: one object to hold it together.

import dataclasses

from .air import GATEWAY, Air
from .card import Card
from .chip import Chip
from .clock import Clock
from .power import Battery, Sky, drawn
from .profiles import Profile
from .ram import Ram
from .sensor import Sensor
from .serialport import SerialPort

# What device/_boot.py makes of them: reading what has a text in it fails, all of a block that has
# it is corrupt, nothing can be written.
FLASH_FAULTS = ("read", "corrupt", "write")
_LIT = 0.6  # how light the bright LED, or a lamp, makes the night

# As ESP-IDF has it before anybody sets anything: open, WIFI_AP_DEF.
_AP = {
    "on": False,
    "ssid": "ESP_010204",
    "key": "",
    "security": 0,
    "hidden": False,
    "channel": 1,
    "max_clients": 4,
}


@dataclasses.dataclass
class World:
    """See the classes; `image` is the path of the flash's file.

    `fair`: what this computer has no time for does not count, `lost_ms` of board time so far.
    `flash_faults` has the text of each kind of FLASH_FAULTS that is on.

    Of the time servers, `dead_ntp` names those that do not answer, a router as most are among
    them; `wrong_ntp` has by how many seconds others are wrong; `time_servers` has the address of
    each that was looked up. `voltages` has the millivolts on pins, for the ADC.
    Without a `sky` it is always day, without a `battery` there is always power. `lamp` is the pin
    of a lamp beside the bright LED, if there is one.

    `access_point` has the settings of the board's own network. Who joins it comes in by this
    computer's port `ap_port` (0: a free one); `doors` has the real port of each that the board
    listens at there.
    """

    clock: Clock
    chip: Chip
    air: Air
    sensor: Sensor
    port: SerialPort
    profile: Profile
    image: str
    ram: Ram
    slow_flash: bool = False
    fair: bool = False
    lost_ms: float = 0.0
    flash_faults: dict = dataclasses.field(default_factory=dict)
    card: Card | None = None
    ntp: bool = True
    dead_ntp: set = dataclasses.field(default_factory=lambda: {GATEWAY})
    wrong_ntp: dict = dataclasses.field(default_factory=dict)
    time_servers: dict = dataclasses.field(default_factory=dict)
    voltages: dict = dataclasses.field(default_factory=dict)
    access_point: dict = dataclasses.field(default_factory=lambda: dict(_AP))
    ap_port: int = 0
    doors: dict = dataclasses.field(default_factory=dict)
    sky: Sky | None = None
    battery: Battery | None = None
    lamp: int | None = None

    def lit(self):
        """Return how many lamps are on: of the bright LED, and that of one's own."""
        pins = {self.profile.light, self.lamp} - {None}
        return sum(self.chip.level_out(pin) == 1 for pin in pins)

    def pass_time(self):
        """Have the battery know what is drawn now: before and after whatever changes that."""
        if self.battery is not None:
            self.battery.pass_time(drawn(self))

    def on_pin(self, number):
        """Return the millivolts on a pin, None where nothing is wired to it."""
        if self.battery is not None and number == self.battery.pin:
            self.pass_time()
            return self.battery.on_pin()
        return self.voltages.get(number)

    def scene_light(self):
        """Return how light it is before the camera, 1 by day."""
        if self.sky is None:
            return 1.0
        return max(self.sky.daylight(self.clock.world_ms()), _LIT if self.lit() else 0.0)

    def switched_off(self):
        """The chip has lost power, or was reset: so have camera and radio."""
        self.air.reset()
        self.sensor.reset()
        self.ram.reset()
        self.access_point = dict(_AP)
        self.doors = {}

    def net(self):
        """Return what sockets and WLAN have to know."""
        air = self.air
        return {
            "state": air.state(),
            "online": air.online(),
            "joined": air.joined(),
            "lease": air.lease,
            "rate": air.rate,
            "dns": air.dns,
            "dns_late_ms": air.dns_late_ms,
            "servers": air.dns_servers,
            "names": air.names,
        }
