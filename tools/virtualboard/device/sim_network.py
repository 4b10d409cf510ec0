# `network`: the ESP32's: ports/esp32/network_wlan.c.

import _sim
from sim_accesspoint import AccessPoint

STA_IF, AP_IF = 0, 1
STAT_IDLE, STAT_CONNECTING, STAT_GOT_IP = 1000, 1001, 1010
STAT_BEACON_TIMEOUT, STAT_NO_AP_FOUND, STAT_WRONG_PASSWORD = 200, 201, 202
STAT_ASSOC_FAIL, STAT_HANDSHAKE_TIMEOUT = 203, 204
AUTH_OPEN, AUTH_WEP, AUTH_WPA_PSK, AUTH_WPA2_PSK, AUTH_WPA_WPA2_PSK = 0, 1, 2, 3, 4
_NOWHERE = "0.0.0.0"
_NAME = "mpy-" + _sim.state["chip"]
_VERSION = _sim.state["micropython"]
_FOR_AP = ("ssid", "essid", "hidden", "security", "authmode", "key", "password", "max_clients")


def _wlan(what, argument=None):
    # Only networks are much to tell: the firmware's heap is not to pay for more.
    answer = _sim.ask(3072 if what == "scan" else 512, wlan=[what, argument])
    if "error" in answer:
        raise OSError(answer["error"])
    return answer["answer"]


def _state():
    # Told when it changes, for programs ask it all the time.
    _sim.take()
    return _sim.state["net"]["state"]


def _hex(value):
    return (value.encode() if isinstance(value, str) else bytes(value or b"")).hex()


def hostname(name=None):
    """Return or set the name that DHCP is told."""
    if name is None:
        return _sim.state["kept"].get("hostname", _NAME)
    if len(name) > 32:
        raise ValueError
    _sim.keep("hostname", name)
    return None


def country(code=None):
    """Return or set the country whose channels are used."""
    if code is None:
        return _sim.state["kept"].get("country", "XX")
    if len(code) != 2:
        raise ValueError
    _sim.keep("country", code)
    return None


class WLAN:
    """The Wi-Fi interface; all objects of an interface are the same."""

    if _VERSION >= [1, 23]:
        IF_STA, IF_AP = STA_IF, AP_IF
        SEC_OPEN, SEC_WEP, SEC_WPA, SEC_WPA2, SEC_WPA_WPA2 = 0, 1, 2, 3, 4
    PM_NONE, PM_PERFORMANCE, PM_POWERSAVE = 0, 1, 2

    def __new__(cls, interface=STA_IF):
        """Return one of the two; the driver starts with the first."""
        if interface not in (STA_IF, AP_IF):
            raise ValueError("invalid WLAN interface identifier")
        _wlan("init")
        return AccessPoint() if interface == AP_IF else super().__new__(cls)

    def active(self, flag=None):
        """Return whether it is switched on, or switch it."""
        return _wlan("activate", None if flag is None else bool(flag))

    def connect(self, ssid=None, key=None, *, bssid=None):
        """Begin to join; status() and isconnected() tell what becomes of it."""
        if bssid is not None and len(bssid) != 6:
            raise ValueError
        bssid = None if bssid is None else _hex(bssid)
        _wlan("connect", None if ssid is None else [_hex(ssid), _hex(key), bssid])

    def disconnect(self):
        """Leave, and no longer try."""
        _wlan("disconnect")

    def isconnected(self):
        """Return whether there is a network and an address."""
        return _state()[0]

    def status(self, param=None):
        """Return a STAT_ number, or the signal's strength in dBm for "rssi"."""
        if param is None:
            return _state()[1]
        if param == "rssi":
            return _wlan("rssi")
        raise ValueError("unknown status param")

    def scan(self):
        """Return [(ssid, bssid, channel, RSSI, security, hidden)], the strongest first."""
        found = _wlan("scan")
        # Nothing else runs meanwhile.
        _sim.block(found[0] * 1000)
        return [
            (bytes.fromhex(ssid), bytes.fromhex(bssid), channel, rssi, auth, False)
            for ssid, bssid, channel, rssi, auth in found[1:]
        ]

    def ifconfig(self, config=None):
        """Return (address, netmask, gateway, DNS server); setting it changes nothing."""
        if config is not None:
            return None
        address = _wlan("address")
        if address is None:
            return (_NOWHERE, _NOWHERE, _NOWHERE, _NOWHERE)
        return (address, "255.255.255.0", "192.168.4.1", "192.168.4.1")

    def ipconfig(self, param=None, **settings):
        """Return one of addr4, gw4, dhcp4, has_dhcp4; setting them changes nothing."""
        if param is None:
            return None
        address, mask, gateway, _ = self.ifconfig()
        values = {"addr4": (address, mask), "gw4": gateway, "dhcp4": True}
        values["has_dhcp4"] = address != _NOWHERE
        if param not in values:
            raise ValueError("unknown config param")
        return values[param]

    def config(self, param=None, **settings):
        """Return or set what the interface is like."""
        if settings and param is not None:
            raise TypeError("either pos or kw args are allowed")
        if not settings and param is None:
            raise TypeError("can query only one param")
        for name in settings:
            if name == "reconnects":
                _wlan("set_reconnects", settings[name])
            elif name == "pm":
                _sim.keep("pm", settings[name])
            elif name in ("hostname", "dhcp_hostname"):
                hostname(settings[name])
            elif name in _FOR_AP:
                raise OSError("AP required")
            elif name not in ("txpower", "protocol", "mac", "channel"):
                raise ValueError("unknown config param")
        if settings:
            return None
        if param in ("essid", "ssid"):
            return bytes.fromhex(_wlan("essid")).decode()  # UnicodeError where it is no text
        if param == "reconnects":
            return _wlan("get_reconnects")
        if param in ("hidden", "security", "authmode"):
            raise OSError("AP required")
        values = {"mac": b"\x24\x6f\x28\x01\x02\x03", "hostname": hostname()}
        values["pm"] = _sim.state["kept"].get("pm", WLAN.PM_PERFORMANCE)
        values["dhcp_hostname"] = hostname()
        values["protocol"] = 7  # 802.11 b, g and n
        values["channel"] = 6
        values["txpower"] = 20.0
        if param not in values:
            raise ValueError("unknown config param")
        return values[param]
