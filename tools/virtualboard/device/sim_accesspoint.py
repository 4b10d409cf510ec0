# The access point of `network`: ports/esp32/network_wlan.c, WLAN(AP_IF).

import _sim

# esp_netif_create_default_wifi_ap()
_ADDRESS = ("192.168.4.1", "255.255.255.0", "192.168.4.1", "0.0.0.0")
_NAMES = {"essid": "ssid", "authmode": "security", "password": "key"}
_OPEN, _WEP = 0, 1


class AccessPoint:
    """The interface WLAN(AP_IF); all objects of it are the same."""

    address = _ADDRESS

    def active(self, flag=None):
        """Return whether it is on, or switch it; it keeps its settings."""
        if flag is None:
            return _sim.state["ap"]["on"]
        self._change(on=bool(flag))
        return bool(flag)

    def config(self, param=None, **settings):
        """Return or set what it is like."""
        if settings and param is not None:
            raise TypeError("either pos or kw args are allowed")
        if not settings:
            return self._told(param)
        new = dict(_sim.state["ap"])
        for name in settings:
            value = settings[name]
            name = _NAMES.get(name, name)
            if name == "reconnects":
                raise OSError("STA required")
            if name == "mac" or name not in new:
                raise ValueError("unknown config param")
            if name == "ssid":
                value = _text(value, 32)
            elif name == "key":
                value = _text(value, 63)
            elif name == "hidden":
                value = bool(value)
            new[name] = value
        # esp_wifi_set_config(): "only when specified interface is enabled".
        if not new["on"]:
            raise OSError("Wifi Invalid Mode")
        if new["security"] not in (_OPEN, _WEP) and len(new["key"].encode()) < 8:
            raise OSError("Wifi Invalid Password")
        self._change(**new)
        return None

    def _told(self, param):
        param = _NAMES.get(param, param)
        if param == "mac":
            return b"\x24\x6f\x28\x01\x02\x04"
        if param in ("key", "on") or param not in _sim.state["ap"]:
            raise ValueError("unknown config param")
        return _sim.state["ap"][param]

    def _change(self, **new):
        _sim.state["ap"].update(new)
        _sim.ask(ap=_sim.state["ap"])

    def isconnected(self):
        """Return whether somebody has joined it."""
        return _sim.state["ap"]["on"]

    def status(self, param=None):
        """Return the stations, for "stations"."""
        if param is None:
            return None
        if param == "stations":
            return []
        if param == "rssi":
            raise OSError("STA required")
        raise ValueError("unknown status param")

    def ifconfig(self, config=None):
        """Return or set (address, netmask, gateway, DNS server)."""
        if config is None:
            return AccessPoint.address
        if len(config) != 4:
            raise ValueError("requested length 4 but object has length {}".format(len(config)))
        AccessPoint.address = tuple(config)
        return None

    def scan(self):
        """Only a station scans."""
        raise OSError("STA must be active")

    def connect(self, *_, **__):
        """Only a station joins."""
        raise OSError("Wifi Invalid Mode")

    def disconnect(self):
        """Only a station leaves."""
        raise OSError("Wifi Not Started")


def _text(value, most):
    # What C takes of it: so many bytes, that may end in the middle of a character.
    value = value.encode() if isinstance(value, str) else bytes(value)
    return value[:most].decode()
