# What is on the board and around it, beside the program: one object to hold it together.

import dataclasses

from tools.virtualboard.air import Air
from tools.virtualboard.card import Card
from tools.virtualboard.chip import Chip
from tools.virtualboard.clock import Clock
from tools.virtualboard.profiles import Profile
from tools.virtualboard.sensor import Sensor
from tools.virtualboard.serialport import SerialPort


@dataclasses.dataclass
class World:
    """See the classes; `image` is the path of the flash's file, `dead_ntp` names servers."""

    clock: Clock
    chip: Chip
    air: Air
    sensor: Sensor
    port: SerialPort
    profile: Profile
    image: str
    slow_flash: bool = False
    card: Card | None = None
    ntp: bool = True
    dead_ntp: set = dataclasses.field(default_factory=set)

    def switched_off(self):
        """The chip has lost power, or was reset: so have camera and radio."""
        self.air.reset()
        self.sensor.reset()

    def net(self):
        """Return what the sockets have to know."""
        return {"online": self.air.online(), "lease": self.air.lease, "rate": self.air.rate}
