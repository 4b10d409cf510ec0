# The access point, and the station beside it, which tries a new Wi-Fi meanwhile.

import binascii
import os

import network

from thingscam.board import chip
from thingscam.setup import ADDRESS, made_password
from thingscam.util.compat import const, ticks_add, ticks_diff, ticks_ms

_WPA2 = const(3)  # AUTH_WPA2_PSK; SEC_WPA2 since 1.23
_STATIONS = const(4)
_JOIN_MS = const(20000)
_NETWORKS = const(20)  # of a scan that are told
_RECONNECTS = const(2)
_DOUBT_MS = const(6000)  # a reason may pass: the driver's next try is under way
_IDLE = const(1000)  # of status(), and below it the driver's reasons: see board/wifi.py
_REFUSALS = (202, 205, 15, 204)
_ABSENT = (201, 210, 211, 212)
_FILE = "setup.key"  # the password that the board has made itself


class AccessPoint:
    """The board's own network: `name` and `address`, texts, when it is open."""

    def __init__(self):
        self._ap = network.WLAN(network.AP_IF)
        self.station = network.WLAN(network.STA_IF)
        self.station.active(True)  # to scan; and only with the radio on are random numbers random
        self.networks = []  # of the last scan: (name as bytes, dBm, whether it has a password)
        self._trying = None
        self._until = ticks_ms()
        self._stale = None  # the status before this try
        self.name = self.address = None

    def open(self, password):
        """Open it with this password, or with one of the board's own (None).

        Returns the password. Raises OSError or RuntimeError when the driver does not.
        """
        password = password or _own_password()
        self.name = name()
        # The driver takes settings only of an interface that is on: for some ms it is the
        # driver's open network, in which nobody listens yet.
        self._ap.active(True)
        self._ap.config(ssid=self.name, security=_WPA2, key=password, max_clients=_STATIONS)
        self._ap.ifconfig((ADDRESS, "255.255.255.0", ADDRESS, ADDRESS))
        self.address = ADDRESS
        return password

    def close(self):
        """Close it, and leave what was joined."""
        for each in (self._ap, self.station):
            try:
                each.active(False)
            except (OSError, RuntimeError):
                pass  # the restart behind it does the same

    def scan(self):
        """Look which networks are in reach, for 2.4 s, in which nothing else is done."""
        try:
            found = self.station.scan()
        except (OSError, RuntimeError):
            return
        best = {}
        for each in found:
            if each[0] and (each[0] not in best or best[each[0]][1] < each[3]):
                best[each[0]] = (bytes(each[0]), each[3], each[4] != 0)
        self.networks = sorted(best.values(), key=lambda each: -each[1])[:_NETWORKS]

    def join(self, ssid, password):
        """Begin to join a network; joined() tells what becomes of it."""
        self.leave()
        self._until = ticks_add(ticks_ms(), _JOIN_MS)
        self._trying = (ssid, password)

    def joined(self):
        """Return True when the network of join() is joined, None while that is not known.

        A text says why it cannot be: "refused", "absent" or "silent".
        """
        try:
            return self._joined()
        except (OSError, RuntimeError):
            return self._over("silent")

    def leave(self):
        """Leave what was joined, or is tried."""
        self._trying = None
        try:
            self.station.disconnect()
        except (OSError, RuntimeError):
            pass  # there is nothing to leave

    def _joined(self):
        if self._trying is not None:
            # The event of disconnect() must come first.
            if not self.station.isconnected():
                (ssid, password), self._trying = self._trying, None
                self._stale = self.station.status()
                self.station.config(reconnects=_RECONNECTS)
                self.station.connect(ssid, password or None)
        elif self.station.isconnected():
            return True
        status = self.station.status()
        if status != self._stale:
            self._stale = None
            left = ticks_diff(self._until, ticks_ms())
            if status < _IDLE and left > _DOUBT_MS:
                self._until = ticks_add(ticks_ms(), _DOUBT_MS)
        if ticks_diff(self._until, ticks_ms()) > 0:
            return None
        why = "refused" if status in _REFUSALS else "absent" if status in _ABSENT else "silent"
        return self._over(why)

    def _over(self, why):
        self.leave()
        return why


def name():
    """Return the access point's name, by the chip's id."""
    tail = binascii.hexlify(chip.machine.unique_id()[-2:]).decode().upper()
    return "thingscam-" + tail


def own_password():
    """Return the password that the board has made itself, or None."""
    try:
        with open(_FILE) as file:
            found = file.read(64).strip()
    except (OSError, ValueError):
        return None
    return found if 8 <= len(found) <= 63 else None


def _own_password():
    found = own_password()
    if found is None:
        found = made_password(os.urandom(12))
        with open(_FILE, "w") as file:
            file.write(found)
    return found
