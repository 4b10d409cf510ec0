# What a report and an event say: put together as they are sent, and let go.

import gc
import json
import os
from sys import implementation

from thingscam import crashes
from thingscam.board import chip
from thingscam.cloud import errcodes
from thingscam.util import log as logs
from thingscam.util.compat import const
from thingscam.util.redact import MAX_MASKED, mask

_TAIL = const(2048)  # bytes of the ring files that are looked through
_BAD = (" ERROR ", " WARNING ", " STOPPED ")
_CRASH = (" ERROR crashed, ",)
_NO_DEGREES = const(128)  # of an ESP32: it cannot tell

# What may be told of the settings in force: sections, and settings of them (None: all but pins and
# what the board is).
_SHOWN = (
    ("camera", None),
    ("trigger", None),
    ("outbox", ("order", "policy")),
    ("log", None),
    ("report", None),
)
_HIDDEN = ("board", "sensor", "pir_pin", "light_pin")


def report(device, config, app):
    """Tell `device` (a Device) how the camera is."""
    device.report(attributes(config, app))
    app._log.info("report sent, %d waiting", len(app._outbox))


def tell(device, config, app, name, what):
    """Tell `device` the event `name`; `what` is a text."""
    if name == "crashed":
        what = crashes.ended or last_line(app._log, _CRASH) or what
    elif name == "camera_failed":
        what = last_line(app._log, _BAD) or what
    device.event(name, {"what": mask(what[:MAX_MASKED], config.secrets)})
    app._log.info("event %s sent: %s", name, what)


def attributes(config, app):
    """Return what there is to report, a dict; what nobody knows is not in it."""
    found = app.status()
    why = found["blocked_reason"] or ""
    if why == errcodes.PACE:  # nothing is wrong
        why = ""
    trouble = app._sender.trouble
    if trouble and trouble.action == "stop":
        why = "stopped: " + why
    found.update(
        board=config.camera.board,
        micropython=".".join(str(n) for n in implementation.version[:3]),
        started=chip.start_cause(),
        blocked_reason=mask(why[:MAX_MASKED], config.secrets),
        last_error=last_line(app._log, _BAD),
        set_aside=_set_aside(config.outbox.path),
        wifi=mask(_network(app._wifi) or "", config.secrets) or None,
        flash_free=_room("/"),
        temperature_c=_temperature(),
        settings=json.dumps(settings(config)),
    )
    for extra in app._extras:
        if hasattr(extra, "report"):
            found.update(extra.report())
    if not found["waiting"]:
        found["oldest_s"] = 0
    if config.power.mode != "awake":
        found["next_wake_s"] = _next_wake_ms(config, app) // 1000
    if config.on_card():
        found["card"] = app._outbox.fault is None
        found["card_free"] = _room("/sd")
    gc.collect()
    if hasattr(gc, "mem_free"):
        found["heap_free"] = gc.mem_free()
    return {name: found[name] for name in found if found[name] is not None}


def settings(config):
    """Return the settings in force that may be told, a dict: SECTION_SETTING, value."""
    found = {}
    for section, names in _SHOWN:
        part = getattr(config, section).__dict__
        for name in names or part:
            if name not in _HIDDEN:
                found[section + "_" + name] = part[name]
    for name in config.camera.sensor or ():
        found["sensor_" + name] = config.camera.sensor[name]
    return found


def last_line(log, marks):
    """Return the last line of the ring file, or for it, with one of `marks` in it; "" without."""
    for line in reversed(log._lines):
        if any(mark in line for mark in marks):
            return line
    for name in (logs.NEWER, logs.OLDER):
        try:
            with open(name, "rb") as file:
                file.seek(max(0, file.seek(0, 2) - _TAIL))
                lines = file.read().split(b"\n")
        except OSError:
            continue
        while lines:
            line = lines.pop()
            if any(mark.encode() in line for mark in marks):
                try:
                    return str(line, "utf-8")
                except UnicodeError:
                    pass  # its begin is cut off, or it is damaged
    return ""


def _next_wake_ms(config, app):
    # As far as it is known: motion may wake it before.
    own = 2000 * config.report.every_s
    pictures = app._capture.trigger._due.left_ms() if config.trigger.every_s else own
    return max(min(pictures, own or pictures), 0)


def _network(wifi):
    return None if wifi._here is None else wifi._text(wifi._here)


def _set_aside(path):
    try:
        return sum(name.endswith(".jpg") for name in os.listdir(path + "/rejected"))
    except OSError:
        return 0


def _room(path):
    try:
        status = os.statvfs(path)  # pyright: ignore
    except (OSError, AttributeError):
        return None
    # littlefs may count more blocks in use than there are, and takes the difference.
    return status[0] * status[3] if 0 < status[3] <= status[2] else 0


def _temperature():
    esp32 = chip.esp32
    if hasattr(esp32, "mcu_temperature"):  # ESP32-S3 and its like
        return esp32.mcu_temperature()  # pyright: ignore
    raw = esp32.raw_temperature() if hasattr(esp32, "raw_temperature") else _NO_DEGREES
    return None if raw == _NO_DEGREES else (raw - 32) * 5 // 9
