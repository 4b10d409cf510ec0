# The virtual board's own access point: as awkward as the chip's.

import pytest

from tests.support.board import execute, running


def test_it_is_open_until_it_is_set():
    with running(networks=[]) as board:
        printed = execute(
            board,
            """
import network
ap = network.WLAN(network.AP_IF)
def fails(**settings):
    try:
        ap.config(**settings)
    except (OSError, ValueError) as e:
        print(e)
fails(ssid="early")
ap.active(True)
print(ap.config("essid"), ap.config("security"), ap.ifconfig()[0])
fails(security=3, key="short")
fails(reconnects=2)
fails(nothing=2)
ap.ifconfig(("192.0.2.1", "255.255.255.0", "192.0.2.1", "192.0.2.1"))
print(ap.ifconfig()[0])
ap.config(ssid="mine", security=3, key="x" * 70)
print(ap.config("ssid"), ap.config("authmode"), network.WLAN(network.STA_IF).active())
""",
        )
        assert printed.splitlines() == [
            "Wifi Invalid Mode",
            "ESP_010204 0 192.168.4.1",
            "Wifi Invalid Password",
            "STA required",
            "unknown config param",
            "192.0.2.1",
            "mine 3 False",
        ]
        point = board.state()["wifi"]["access_point"]
        assert point["on"] and point["key"] == "x" * 63
        with pytest.raises(TimeoutError):
            board.door(80, timeout=0)
