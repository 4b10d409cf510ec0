# The calls that the vendor's app makes of a device's access point, in the vendor's shapes:
# IoT-ThingsCloud/thingscloud-esp-sdk, src/ThingsCloudWiFiManager.cpp, handleWifiList() and so on.

import binascii
import json

from thingscam import __version__
from thingscam.board import chip
from thingscam.setup.form import shown
from thingscam.setup.server import Response
from thingscam.util.compat import ticks_diff, ticks_ms

_WORST_DBM, _BEST_DBM = -100, -50  # WiFiManager's 0 and 100 %


def answer(request, portal, point):
    """Return the Response to a call below /api/."""
    call = _CALLS.get(request.path)
    found = call(request, portal, point) if call else None
    if found is None:
        found = {"result": False}
    status = 200 if call else 404
    return Response(status, "application/json", json.dumps(found).encode())


def _wifilist(request, portal, point):
    if "refresh" in request.query:
        portal.scan()
    found = []
    for name, dbm, locked in shown(point.networks):
        percent = (min(max(dbm, _WORST_DBM), _BEST_DBM) - _WORST_DBM) * 2
        found.append(
            {"v": name, "e": "WPA2" if locked else "", "r": str(percent), "R": str(dbm), "q": "l"}
        )
    return {"board": "esp32", "wifi": found} if found else None


def _wifisave(request, portal, _point):
    # What else is in config.json stays as it is; customer_id, which theirs needs to hand the
    # device over to its owner's account, is nothing to this one.
    values = request.form() if request.method == "POST" else request.query
    ssid = values.get("ssid")
    if not ssid:
        return None
    entries = portal.draft.networks()
    number = [entry.get("ssid") for entry in entries] + [ssid]
    row = min(number.index(ssid), 3)
    portal.save({"ssid.%d" % row: ssid, "password.%d" % row: values.get("password", "")})
    return {"result": not portal.draft.mistakes}


def _info(_request, _portal, point):
    uptime_s = ticks_diff(ticks_ms(), 0) // 1000  # pyright: ignore
    return {
        "device_key": binascii.hexlify(chip.machine.unique_id()).decode(),
        "chip_id": binascii.hexlify(chip.machine.unique_id()).decode(),
        "esphead": "thingscam " + __version__,
        "uptime_secs": str(uptime_s % 60),
        "uptime_mins": str(uptime_s // 60),
        "soft_ap_ip": point.address,
        "wifi_connected": point.station.isconnected(),
    }


def _wifistatus(_request, _portal, _point):
    return {"result": True, "count": 1}


def _reset(_request, portal, _point):
    portal.done = True
    return {"result": True}


_CALLS = {
    "/api/wifilist": _wifilist,
    "/api/wifisave": _wifisave,
    "/api/info": _info,
    "/api/wifistatus": _wifistatus,
    "/api/reset": _reset,
}
