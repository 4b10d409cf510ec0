# The Wi-Fi around the board, and the chip's part that joins it: ports/esp32/network_wlan.c.

import dataclasses

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010
BEACON_TIMEOUT, NO_AP_FOUND, WRONG_PASSWORD, ASSOC_LEAVE = 200, 201, 202, 8  # wifi_err_reason_t

_JOIN_MS = 1800  # scan, association, DHCP; the others take longer to fail
_NO_AP_MS = 2400
_WRONG_MS = 3600
_BEACONS_MS = 6000  # without them until the chip notices
_SCAN_MS = 2100


@dataclasses.dataclass
class Network:
    """One access point."""

    ssid: str
    password: str = ""
    rssi: int = -60
    up: bool = True
    channel: int = 6


class Air:
    """The station: joins one of `networks` (by name), loses it, tries again.

    `clock` is the world's Clock. `lease` changes when the board comes by a new address.
    """

    def __init__(self, clock, networks):
        self._clock = clock
        self.networks = {network.ssid: network for network in networks}
        self.lease = 0
        self.new_address = False
        self.internet = True
        self.rate = 500000  # bytes a second, about what an ESP32 sends over TCP
        self.reset()

    def reset(self):
        """The chip starts; a soft reset does not come here and keeps the connection."""
        self._active = False
        self._config = ("", "")
        self._requested = False
        self._connected = False
        self._reason = 0
        self._reconnects = 0
        self._tries = 0
        self._due = None  # when the attempt, or the loss, will be known

    def online(self):
        """Return whether packets get anywhere now."""
        return self._connected and self._current() is not None and self.internet

    def next_ms(self):
        """Return when step() is wanted, in the clock's milliseconds, or None."""
        return self._due

    def step(self):
        """Do what is due."""
        if self._connected:
            self._watch()
        elif self._due is not None and self._clock.now_ms() >= self._due:
            self._due = None
            self._outcome()

    def status(self):
        """Return the number WLAN.status() returns."""
        if self._connected:
            return GOT_IP
        if self._requested and (not self._reconnects or self._tries < self._reconnects):
            return CONNECTING
        return self._reason or IDLE

    def answer(self, what, argument):
        """Return what WLAN's method `what` returns; OSError with the text of the chip's error."""
        self.step()
        return getattr(self, "_" + what)(argument)

    def _activate(self, active):
        if active is not None and active != self._active:
            self.reset()
            self._active = active
        return self._active

    def _connect(self, config):
        self._need_active()
        if config is not None:
            if self._due is not None and not self._connected:
                raise OSError("Wifi Internal State Error")
            self._config = tuple(config)
        self._connected = False
        self._requested = True
        self._tries = 0
        self._attempt()

    def _disconnect(self, _):
        self._need_active()
        if self._connected or self._due is not None:
            self._reason = ASSOC_LEAVE
        self._connected = self._requested = False
        self._due = None

    def _state(self, _):
        return [self._connected, self.status()]

    def _rssi(self, _):
        if not self._connected:
            raise OSError("Wifi Not Connected")
        return self.networks[self._config[0]].rssi

    def _scan(self, _):
        if not self._active:
            raise OSError("STA must be active")
        if self._due is not None and not self._connected:
            raise OSError("Wifi Internal State Error")
        found = sorted(
            (network for network in self.networks.values() if network.up),
            key=lambda network: -network.rssi,
        )
        return [_SCAN_MS] + [[n.ssid, n.channel, n.rssi, 3 if n.password else 0] for n in found]

    def _address(self, _):
        return "192.168.4.{}".format(100 + self.lease % 100) if self._connected else None

    def _essid(self, _):
        return self._config[0]

    def _set_reconnects(self, count):
        self._reconnects = max(0, count)

    def _get_reconnects(self, _):
        return self._reconnects or -1

    def _need_active(self):
        if not self._active:
            raise OSError("Wifi Not Started")

    def _current(self):
        network = self.networks.get(self._config[0])
        return network if network is not None and network.up else None

    def _attempt(self):
        network = self._current()
        if network is None:
            ms = _NO_AP_MS
        else:
            ms = _JOIN_MS if network.password == self._config[1] else _WRONG_MS
        self._due = self._clock.now_ms() + ms

    def _outcome(self):
        network = self._current()
        if network is not None and network.password == self._config[1]:
            self._connected = True
            self._reason = 0
            if self.new_address or not self.lease:
                self.lease += 1
                self.new_address = False
            return
        self._failed(NO_AP_FOUND if network is None else WRONG_PASSWORD)

    def _failed(self, reason):
        self._reason = reason
        self._tries += 1
        if self._requested and (not self._reconnects or self._tries < self._reconnects):
            self._attempt()

    def _watch(self):
        if self._current() is not None:
            self._due = None
        elif self._due is None:
            self._due = self._clock.now_ms() + _BEACONS_MS
        elif self._clock.now_ms() >= self._due:
            self._due = None
            self._connected = False
            self._failed(BEACON_TIMEOUT)
