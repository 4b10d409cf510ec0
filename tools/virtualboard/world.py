# What is on the board and around it, beside the program: one object to hold it together.

import dataclasses

from tools.virtualboard.air import GATEWAY, Air
from tools.virtualboard.card import Card
from tools.virtualboard.chip import Chip
from tools.virtualboard.clock import Clock
from tools.virtualboard.profiles import Profile
from tools.virtualboard.ram import Ram
from tools.virtualboard.sensor import Sensor
from tools.virtualboard.serialport import SerialPort


@dataclasses.dataclass
class World:
    """See the classes; `image` is the path of the flash's file.

    Of the time servers, `dead_ntp` names those that do not answer, a router as most are among
    them; `wrong_ntp` has by how many seconds others are wrong; `time_servers` has the address of
    each that was looked up.
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
    card: Card | None = None
    ntp: bool = True
    dead_ntp: set = dataclasses.field(default_factory=lambda: {GATEWAY})
    wrong_ntp: dict = dataclasses.field(default_factory=dict)
    time_servers: dict = dataclasses.field(default_factory=dict)

    def switched_off(self):
        """The chip has lost power, or was reset: so have camera and radio."""
        self.air.reset()
        self.sensor.reset()
        self.ram.reset()

    def net(self):
        """Return what the sockets have to know."""
        air = self.air
        return {
            "online": air.online(),
            "joined": air.joined(),
            "lease": air.lease,
            "rate": air.rate,
            "dns": air.dns,
            "servers": air.dns_servers,
            "names": air.names,
        }
