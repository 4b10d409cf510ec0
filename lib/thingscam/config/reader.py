# Reads config.json: bytes to a Config. Which mistakes are in it, checks.py knows.

import binascii
import json
from sys import implementation

from thingscam import __version__
from thingscam.board import chip, profiles, rtc
from thingscam.config import Config, ConfigError
from thingscam.config.schema import (
    OPTIONAL,
    PLACEHOLDERS,
    SECRETS,
    optional,
    section,
    sections,
)
from thingscam.util.compat import const
from thingscam.util.redact import hide

_MAX_BYTES = const(16384)
_TOO_LARGE = "there is too little memory to read it: make it shorter"


def read(raw, name, wifi_needed):
    """Return the Config in `raw` (bytes; None: in the file `name`); see config.load().

    Raises ConfigError.
    """
    try:
        if raw is not None:
            return _parse(raw, name, wifi_needed)
        raw = contents(name)
        if b'"remote"' in raw:
            from thingscam.remote import overlay

            return overlay.read(raw, name, wifi_needed, _parse)
        return _parse(raw, name, wifi_needed)
    except MemoryError:
        pass
    # Only here is what was read so far given back.
    raise ConfigError(name, [_TOO_LARGE])


def contents(path):
    """Return the bytes of a configuration file; raises ConfigError."""
    try:
        with open(path, "rb") as file:
            # Not simply so many: a board reserves what it is asked for.
            size = min(file.seek(0, 2), _MAX_BYTES + 1)
            file.seek(0)
            return file.read(size)
    except (OSError, ValueError) as e:  # ValueError: a path with a zero character
        problem = "cannot be read ({}): copy config.example.json and fill it in".format(e)
        raise ConfigError(path, [problem])


def _parse(raw, name, wifi_needed):
    if len(raw) > _MAX_BYTES:
        raise ConfigError(name, ["larger than {} bytes".format(_MAX_BYTES)])
    # A file that has passed this version needs no second look each time the board wakes.
    mark = binascii.crc32(raw, binascii.crc32(__version__.encode()) + wifi_needed)
    mark = mark.to_bytes(4, "little")
    passed = chip.start_cause() == "deep_sleep" and rtc.recall(rtc.CONFIG) == mark
    checks = None
    if passed:
        data = json.loads(raw)
    else:
        from thingscam.config import checks

        data = checks.decode(raw, name)
    cloud = data.get("cloud")
    if isinstance(cloud, dict) and cloud.get("device_endpoint"):
        data.setdefault("report", {})
    config = Config()
    config.secrets = secrets(data)
    hide(config.secrets)
    if checks is not None:
        checks.fill(config, data, name, wifi_needed)
        rtc.remember(rtc.CONFIG, mark)
    else:
        for key, rows in sections(data):
            setattr(config, key, section(data.get(key, {}), rows))
        profiles.settle(config)
    camera = config.camera  # pyright: ignore
    camera.sensor = _sensor(data.get("sensor", {}), camera.rotate)
    config.too_old = _too_old(config.on_card())
    config.extras = tuple(name for name in OPTIONAL[1:] if _is_used(data, name))
    for name in config.extras:
        settle = getattr(optional(name), "settle", None)
        if settle:
            settle(config)
    trigger = config.trigger  # pyright: ignore
    if trigger.burst > 1 or trigger.retrigger_s:
        config.extras += ("bursts",)
    config.wifi = [_network(entry) for entry in data.get("wifi", ())]
    return config


def _too_old(card):
    if tuple(implementation.version[:3]) >= (1, 24, 1):
        return None
    from thingscam.board.firmware import too_old

    return too_old(implementation.version, card)


def _is_used(data, name):
    # Whether something of an optional section is not as it would be without it.
    if name == "report":
        return bool(data["cloud"].get("device_endpoint"))
    values = data.get(name)
    return values and any(values.get(row[0], row[2]) != row[2] for row in optional(name).ROWS)


def _sensor(values, rotate):
    # What is set, by name; None where nothing is. A camera that hangs upside down turns it.
    found = {name: values[name] for name in values if values[name] is not None}
    if rotate == 180:
        for name in ("vflip", "hmirror"):
            found[name] = not found.get(name, False)
    return found or None


def _network(entry):
    # (ssid, password) of an entry of "wifi".
    ssid = entry.get("ssid")
    if "ssid_hex" in entry:
        ssid = binascii.unhexlify(entry["ssid_hex"])
    return ssid, entry.get("password", "")


def secrets(data):
    """Return the secrets in `data` (a dict), right or wrong, as a tuple of texts."""
    found = []
    for name, key in SECRETS:
        entries = data.get(name)
        for entry in entries if isinstance(entries, list) else (entries,):
            if isinstance(entry, dict):
                found.append(entry.get(key))
    return tuple(
        secret for secret in found if isinstance(secret, str) and secret not in PLACEHOLDERS
    )
