# The sun over a virtual board, and the battery that it charges: a model, all of whose figures are
# told in docs/energy.md.

import datetime
import math

from . import chip as chips
from .clock import EPOCH_2000

# mA by what the board does.
SLEEP_MA = 4.4
AWAKE_MA = 85  # camera, no radio
RADIO_MA = 190  # Wi-Fi joins, and for a moment behind that
JOINED_MA = 110  # Wi-Fi waits for beacons
LIGHT_MA = 250  # the bright LED; a lamp on a pin is taken for as much
_BUSY_MS = 2000  # handshake and picture, behind the joining
# Open-circuit voltage of a lithium cell by its charge; typical, not of any cell.
_CURVE = (
    (0.0, 3.0),
    (0.05, 3.35),
    (0.1, 3.5),
    (0.2, 3.6),
    (0.4, 3.7),
    (0.6, 3.83),
    (0.8, 3.99),
    (1.0, 4.18),
)
_OHM = 0.15  # of cell and wires
_BACK = 0.02  # charge at which an empty one is switched on again
_STEP_MS = 300000  # the sun does not stand still


class Sky:
    """The sun at a place, in degrees; `clear` is what clouds leave of it, 1 to 0."""

    def __init__(self, latitude, longitude):
        if not (abs(latitude) <= 90 and abs(longitude) <= 180):
            raise ValueError("no place on Earth: {}, {}".format(latitude, longitude))
        self._latitude = math.radians(latitude)
        self._longitude = longitude
        self.clear = 1.0

    def height(self, world_ms):
        """Return the sine of the sun's height at a moment (ms since 2000), by a degree or two."""
        moment = datetime.datetime.fromtimestamp(world_ms / 1000 + EPOCH_2000, datetime.UTC)
        hours = moment.hour + moment.minute / 60 + moment.second / 3600
        day = moment.timetuple().tm_yday + hours / 24
        tilt = math.radians(-23.44) * math.cos(2 * math.pi * (day + 10) / 365.25)
        turn = math.radians((hours - 12) * 15 + self._longitude)
        return math.sin(self._latitude) * math.sin(tilt) + math.cos(self._latitude) * math.cos(
            tilt
        ) * math.cos(turn)

    def shine(self, world_ms):
        """Return the part of a panel's best that a flat one gives."""
        return max(0.0, self.height(world_ms)) * self.clear

    def daylight(self, world_ms):
        """Return how light a scene is, 0.02 at night to 1; clouds do not matter to a camera."""
        return min(1.0, max(0.02, self.height(world_ms) * 6 + 0.5))


class Battery:
    """A cell of `mah` on a divider at GPIO `pin`, which a panel of `panel_ma` charges under `sky`.

    `charge` is a part of 1. `ma` is what the board takes now; pass_time() after each change.
    """

    def __init__(self, clock, mah, pin, divider=2.0, charge=1.0, panel_ma=0.0, sky=None):
        if mah <= 0 or not 0 <= charge <= 1:
            raise ValueError("battery: no cell has {} mAh, {} of it left".format(mah, charge))
        self.pin = pin
        self.charge = charge
        self.ma = 0.0
        self._clock = clock
        self._mah = mah
        self._divider = divider
        self._panel = panel_ma if sky is not None else 0.0
        self._sky = sky
        self._until = clock.now_ms()
        self.used_mah = self.got_mah = 0.0

    def pass_time(self, ma):
        """Take what was drawn since the last time; `ma` is drawn from now on."""
        now = self._clock.now_ms()
        while self._until < now:
            # Of a jump: what the world's time was then.
            ms = min(now - self._until, _STEP_MS)
            got = self._panel * self._shine(now - self._until - ms / 2) * ms / 3600000
            used = self.ma * ms / 3600000
            self._until += ms
            before = self.charge
            self.charge = min(1.0, max(0.0, self.charge + (got - used) / self._mah))
            self.used_mah += used
            self.got_mah += (self.charge - before) * self._mah + used
        self._until = now
        self.ma = ma

    def mv(self):
        """Return the millivolts of the cell under its load."""
        at = next(n for n in range(1, len(_CURVE)) if self.charge <= _CURVE[n][0])
        (low, a), (high, b) = _CURVE[at - 1 : at + 1]
        volts = a + (self.charge - low) * (b - a) / (high - low)
        net = self._panel * self._shine(0) - self.ma
        return (volts + net / 1000 * _OHM) * 1000

    def on_pin(self):
        """Return the millivolts that the divider leaves on its pin."""
        return self.mv() / self._divider

    def is_empty(self):
        """Return whether its protection has switched it off."""
        return self.charge <= 0

    def is_back(self):
        """Return whether it would switch on again."""
        return self.charge >= _BACK

    def _shine(self, ago_ms):
        return self._sky.shine(self._clock.world_ms() - ago_ms) if self._sky else 0.0


def drawn(world):
    """Return the mA that the board of `world` takes as it is now."""
    chip, air = world.chip, world.air
    if chip.state == chips.OFF:
        return 0.0
    if chip.state == chips.ASLEEP:
        return SLEEP_MA
    ma = AWAKE_MA
    if air.is_on():
        since = air.joined_ms
        busy = since is None or world.clock.now_ms() - since < _BUSY_MS
        ma = RADIO_MA if busy else JOINED_MA
    return ma + LIGHT_MA * world.lit()
