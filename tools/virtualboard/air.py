# The Wi-Fi around the board, and the chip's part that joins it: ports/esp32/network_wlan.c
# (MicroPython v1.21.0 to head), over ESP-IDF v5.5.1 (docs/en/api-guides/wifi.rst).

import dataclasses

IDLE, CONNECTING, GOT_IP = 1000, 1001, 1010
# wifi_err_reason_t
ASSOC_LEAVE, NOT_AUTHED, HANDSHAKE_TIMEOUT = 8, 6, 15
BEACON_TIMEOUT, NO_AP_FOUND, AUTH_FAIL, CONNECTION_FAIL = 200, 201, 202, 205
_SECURITY = (210, 211, 212)  # WIFI_REASON_NO_AP_FOUND_..., which status() shows from 1.23 on

GATEWAY = "192.168.4.1"

_SCAN_MS = 2400  # channels 1 to 11 for 120 ms each, passively 12 to 14 for 360 ms
_HOME_MS = 420  # 30 ms more on the home channel after each, while joined
_BEACONS_MS = 6000  # without them until the chip notices: esp_wifi_set_inactive_time()
# These no source tells: the driver is closed.
_JOIN_MS = 1800  # scan, association, DHCP
_WRONG_MS = 3600  # a password that is refused
_EVENT_MS = 15  # from the driver's task to the one that handles the event


@dataclasses.dataclass
class Network:
    """One access point. `ssid` may be bytes; `bssid` is the last byte of its address.

    `refusal` is the reason that a wrong password ends in; without `dhcp` no address comes;
    `drops_s` is after how long it throws the board out.
    """

    ssid: str | bytes
    password: str = ""
    rssi: int = -60
    up: bool = True
    channel: int = 6
    bssid: int = 0
    hidden: bool = False
    refusal: int = HANDSHAKE_TIMEOUT
    dhcp: bool = True
    drops_s: float | None = None

    @property
    def name(self):
        """The SSID's bytes."""
        return self.ssid if isinstance(self.ssid, bytes) else self.ssid.encode()

    @property
    def address(self):
        """The BSSID, in hex."""
        return "0200000000{:02x}".format(self.bssid)

    def seen(self):
        """Return what a scan finds of it: name, address, channel, RSSI, security."""
        name = "" if self.hidden else self.name.hex()
        return [name, self.address, self.channel, self.rssi, 3 if self.password else 0]


class Air:
    """The station: joins one of `networks`, loses it, tries again.

    `clock` is the world's Clock; `micropython` the version it behaves as. `lease` changes
    when the board comes by a new address.
    """

    def __init__(self, clock, networks, micropython=(1, 27)):
        self._clock = clock
        self._version = micropython
        self._point = None  # the access point it is joined to
        self.networks = []
        for network in networks:
            self.add(network)
        self.lease = 0
        self.new_address = False
        self.internet = True
        self.dns = True  # its servers answer
        self.dns_servers = 1  # that DHCP tells; lwIP asks 3 at most
        self.dns_late_ms = 0
        self.names = {}  # what they say, in turn, where not this machine's resolver does
        self.rate = 500000  # bytes a second, about what an ESP32 sends over TCP
        self.reset()

    def add(self, network):
        """Put up an access point, in the place of one of the same name and address."""
        same = (network.name, network.bssid)
        self.networks = [n for n in self.networks if (n.name, n.bssid) != same] + [network]
        if self._point is not None and (self._point.name, self._point.bssid) == same:
            self._point = network

    def called(self, ssid):
        """Return the access points of that name."""
        name = ssid if isinstance(ssid, bytes) else ssid.encode()
        return [network for network in self.networks if network.name == name]

    def reset(self):
        """The chip starts; a soft reset does not come here and keeps the connection."""
        self._active = False
        self._config = (b"", b"", None)
        self._requested = False
        self._connected = False  # there is an address
        self.joined_ms = None  # since when
        self._reason = 0
        self._limit = 0  # conf_wifi_sta_reconnects: how many tries, 0 for ever
        self._tries = 0
        self._point = None
        self._due = None  # when the attempt, or the loss, will be known
        self._leaving = None  # when the event of a disconnect() will be handled

    def online(self):
        """Return whether packets get anywhere now."""
        return self.joined() and self.internet

    def is_on(self):
        """Return whether the radio is."""
        return self._active

    def joined(self):
        """Return whether packets get to the access point now."""
        return self._connected and self._point is not None and self._point.up

    def next_ms(self):
        """Return when step() is wanted, in the clock's milliseconds, or None."""
        return min((each for each in (self._due, self._leaving) if each is not None), default=None)

    def step(self):
        """Do what is due."""
        now = self._clock.now_ms()
        if self._leaving is not None and now >= self._leaving:
            self._leaving = None
            self._disconnected(ASSOC_LEAVE)
        if self._point is not None:
            self._watch(self._point)
        elif self._due is not None and now >= self._due:
            self._due = None
            self._outcome()

    def status(self):
        """Return the number WLAN.status() returns."""
        if self._connected:
            return GOT_IP
        if self._version >= (1, 22):
            if self._reason == NO_AP_FOUND:
                return NO_AP_FOUND
            if self._reason in _SECURITY and self._version >= (1, 23):
                return self._reason
            if self._reason in (AUTH_FAIL, CONNECTION_FAIL):
                return AUTH_FAIL
            if self._reason == ASSOC_LEAVE:
                return IDLE
        if self._requested and (not self._limit or self._tries < self._limit):
            return CONNECTING
        return self._reason or IDLE

    def state(self):
        """Return [what WLAN.isconnected() returns, what WLAN.status() does]."""
        return [self._connected, self.status()]

    def answer(self, what, argument):
        """Return what WLAN's method `what` returns; OSError with the text of the chip's error."""
        self.step()
        return getattr(self, "_" + what)(argument)

    def _activate(self, active):
        if active is not None and active != self._active:
            was_joined = self._point is not None
            self._active = active
            self._due = self._leaving = self._point = None
            if active:
                self._tries = 0  # WIFI_EVENT_STA_START; the last reason stays
            elif was_joined:
                # active() waits for the event that comes behind this one.
                self._disconnected(ASSOC_LEAVE)
        return self._active

    def _connect(self, config):
        if config is not None:
            self._need_rest()
            ssid, key, bssid = config
            self._config = (bytes.fromhex(ssid)[:32], bytes.fromhex(key)[:64], bssid)
        self._tries = 0
        self._need_active()
        if self._is_trying():
            raise OSError("Wifi Internal Error")
        if self._point is not None:
            self._leave()
        self._requested = True
        self._attempt()

    def _disconnect(self, _):
        self._requested = False
        self._need_active()
        if self._point is not None or self._is_trying():
            self._leave()

    def _leave(self):
        self._point = self._due = None
        self._leaving = self._clock.now_ms() + _EVENT_MS

    def _rssi(self, _):
        if self._point is None:
            raise OSError("Wifi Not Connected")
        return self._point.rssi

    def _scan(self, _):
        if not self._active:
            raise OSError("STA must be active")
        if self._is_trying():
            return [0]  # an error of the driver's, which scan() makes an empty list of
        found = sorted(
            (network for network in self.networks if network.up),
            key=lambda network: -network.rssi,
        )
        took = _SCAN_MS + (_HOME_MS if self._point else 0)
        return [took, *(network.seen() for network in found)]

    def _address(self, _):
        return "192.168.4.{}".format(100 + self.lease % 100) if self._connected else None

    def _essid(self, _):
        ssid, key, _ = self._config
        # A C string: one of 32 bytes has no end of its own, and the password lies behind it.
        return (ssid + key if len(ssid) == 32 else ssid).split(b"\0")[0].hex()

    def _set_reconnects(self, count):
        self._limit = 0 if count == -1 else (count + 1) % 256
        self._need_rest()  # config() writes the whole configuration back

    def _get_reconnects(self, _):
        return self._limit - 1

    def _need_active(self):
        if not self._active:
            raise OSError("Wifi Not Started")

    def _need_rest(self):
        if self._is_trying():
            raise OSError("Wifi Internal State Error")

    def _is_trying(self):
        return self._due is not None and self._point is None

    def _found(self):
        # The first one found is taken (WIFI_FAST_SCAN), the channels go upwards.
        ssid, key, bssid = self._config
        fits = [
            n
            for n in sorted(self.called(ssid), key=lambda n: n.channel)
            # To a password where none is needed, or none where one is, they are not there.
            if n.up and bssid in (None, n.address) and bool(n.password) == bool(key)
        ]
        return fits[0] if fits else None

    def _attempt(self):
        found = self._found()
        if found is None:
            ms = _SCAN_MS
        else:
            ms = _JOIN_MS if found.password.encode() == self._config[1] else _WRONG_MS
        self._due = self._clock.now_ms() + ms

    def _outcome(self):
        found = self._found()
        if found is None:
            self._disconnected(NO_AP_FOUND)
        elif found.password.encode() != self._config[1]:
            self._disconnected(found.refusal)
        else:
            self._point = found
            if found.drops_s is not None:
                self._due = self._clock.now_ms() + found.drops_s * 1000
            if not found.dhcp:
                return
            self._connected = True
            self.joined_ms = self._clock.now_ms()
            self._reason = 0
            if self.new_address or not self.lease:
                self.lease += 1
                self.new_address = False

    def _disconnected(self, reason):
        # WIFI_EVENT_STA_DISCONNECTED: the reason stays until there is an address.
        self._reason = reason
        self._connected = False
        self.joined_ms = None
        if not self._requested or not self._active:
            return
        if self._limit:
            self._tries += 1
            if self._tries >= self._limit:
                return
        if not self._is_trying():
            self._attempt()

    def _watch(self, point):
        now = self._clock.now_ms()
        if point.up and point.drops_s is None:
            self._due = None
        elif self._due is None:
            self._due = now + _BEACONS_MS
        elif now >= self._due:
            reason = NOT_AUTHED if point.up else BEACON_TIMEOUT
            self._due = self._point = None
            self._disconnected(reason)
