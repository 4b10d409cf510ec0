# A config.json as a computer makes it: set from texts, secrets masked, written 0600.

import contextlib
import importlib.resources
import json
import os
import pathlib
import re
import tempfile
import zoneinfo

from thingscam.board import profiles, sensorpin
from thingscam.config import battery, config, schema
from thingscam.config.reader import secrets
from thingscam.config.schema import NEEDED, NETWORK, sections
from thingscam.config.values import check as check_value
from thingscam.http import CertificateError
from thingscam.http.context import make_context
from thingscam.schedule.windows import window
from thingscam.util.redact import mask
from thingscam.util.spelling import is_like, nearest

from . import textfile
from .errors import ToolError
from .harmless import in_json, is_deep

SECRETS = tuple(map(".".join, schema.SECRETS))
_MASKED = "***"
_KINDS = {
    "{}.{}".format(section, row[0]): row[1:] for section, rows in sections() for row in rows
} | {"wifi." + row[0]: row[1:] for row in NETWORK}
_INSTEAD = {"ssid": "ssid_hex", "ssid_hex": "ssid"}
_WIFI = re.compile(r"wifi(?:\[([0-9])\])?\.(\w+)")


class SettingError(ToolError):
    """A name that is no setting, or a file that is no configuration; says what to do."""


def names():
    """Return the names of all settings: "cloud.endpoint" and so on."""
    return list(_KINDS)


def describe(name):
    """Return (kind, default, limits) of the setting `name`, as in thingscam.config.schema.

    Raises SettingError with the nearest known name.
    """
    plain = _WIFI.sub(r"wifi.\2", name)
    if plain not in _KINDS:
        found = nearest(name, names())
        # Perhaps a secret, typed in the wrong place.
        shown = name if is_like(name.split(".")[-1], found) else name[:3] + "..."
        text = "{}: no such setting, the nearest known one is {}"
        raise SettingError(text.format(shown, found))
    return _KINDS[plain]


def value(name, text):
    """Return what `text` means for the setting `name`: a flag, number, null or text.

    What does not fit stays a text: the device's own check then says what it should be.
    """
    kind = describe(name)[0]
    if kind[-1] == "?" and text in ("null", "none"):
        return None
    kind = kind.rstrip("?")
    if kind in ("flag", "light"):
        return {"true": True, "yes": True, "false": False, "no": False}.get(text.lower(), text)
    if name == "schedule.timezone" and "/" in text:
        return _zone(text)
    if kind == "objects":
        try:
            return json.loads(text)
        except ValueError:
            return text
    if kind == "degrees" and re.fullmatch(r"[-+]?[0-9]{1,3}(\.[0-9]{1,9})?", text):
        return float(text)
    if kind in ("number", "auto", "step") and re.fullmatch(r"-?[0-9]{1,18}", text):
        return int(text)
    if kind == "decimal" and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", text):
        return float(text)
    return text


def _zone(name):
    # The POSIX text of a zone of the time zone database: the last line of its file, RFC 8536.
    key = name.split("/")
    places = [pathlib.Path(place).joinpath(*key) for place in zoneinfo.TZPATH]
    with contextlib.suppress(ModuleNotFoundError):
        package = str(importlib.resources.files("tzdata"))
        places.append(pathlib.Path(package, "zoneinfo", *key))
    for place in places:
        if ".." not in key and place.is_file():
            raw = place.read_bytes()
            if raw[:4] == b"TZif":
                return raw.rstrip(b"\n").rpartition(b"\n")[2].decode("ascii", "replace")
    text = "{}: no known time zone: such as Europe/Berlin, or {}"
    raise SettingError(text.format(name, "CET-1CEST,M3.5.0,M10.5.0/3"))


def put(data, name, text):
    """Set `name` in `data` (what a config.json holds) from `text`; raises SettingError.

    Of wifi.ssid and wifi.ssid_hex the later one stays.
    """
    found = value(name, text)
    network = _WIFI.fullmatch(name)
    if network is None:
        section, key = name.split(".")
        part = data.setdefault(section, {})
    else:
        number, key = int(network[1] or 0), network[2]
        entries = data.setdefault("wifi", [])
        if not isinstance(entries, list) or number > len(entries):
            raise SettingError("{}: set wifi[{}] first".format(name, number - 1))
        if number == len(entries):
            entries.append({})
        part = entries[number]
    if not isinstance(part, dict):
        raise SettingError("{}: the file has no object there: fix it first".format(name))
    part[key] = found
    if network is not None:
        part.pop(_INSTEAD.get(key), None)


def get(data, name):
    """Return the value of `name` in `data`, or its default (None for what is needed)."""
    part = data.get(name.split(".")[0])
    if name.startswith("wifi."):
        part = part[0] if isinstance(part, list) and part else None
    key = name.split(".")[1]
    if isinstance(part, dict) and key in part:
        return part[key]
    default = describe(name)[1]
    if name in ("trigger.pir_pin", "camera.frame_size"):
        board = get(data, "camera.board")
        profile = profiles.find(board if board in profiles.names() else "ai-thinker")
        default = profile.pir if name == "trigger.pir_pin" else "SVGA" if profile.psram else "CIF"
    return None if default == NEEDED else default


def load(path):
    """Return what the file `path` (pathlib.Path) holds, right or wrong; raises SettingError."""
    try:
        data = json.loads(textfile.read(path))
    except FileNotFoundError as e:
        text = "{}: no such file: to make it: python -m tools config {}"
        raise SettingError(text.format(path, textfile.typed(path))) from e
    except OSError as e:
        raise SettingError("{}: cannot be read: {}".format(path, e.strerror)) from e
    except textfile.TextError as e:
        raise SettingError(str(e)) from e
    except json.JSONDecodeError as e:
        text = "{}: not JSON, line {} column {}: look for a missing quote, comma or brace"
        raise SettingError(text.format(path, e.lineno, e.colno)) from e
    except (ValueError, RecursionError):
        data = None
    if not isinstance(data, dict) or is_deep(data):
        raise SettingError("{}: holds no JSON object: fix or remove it".format(path))
    return data


def check(data, name, wifi_needed=True):
    """Return `data` as the device's own Config; raises thingscam.config.config.ConfigError.

    `wifi_needed`: it is for a board.
    """
    return config.parse(encoded(data), str(name), wifi_needed)


def encoded(data):
    """Return `data` as the bytes of a config.json."""
    try:
        return (in_json(json.dumps(data, indent=2, ensure_ascii=False)) + "\n").encode()
    except UnicodeEncodeError:  # half a character: for check() to tell of
        return (json.dumps(data, indent=2) + "\n").encode()


def for_board(path):
    """Return the bytes of the configuration `path` as a board takes them.

    That is without a byte-order mark, in UTF-8, not larger than need be where that is too
    large, and no character is written as two halves. Raises SettingError, OSError.
    """
    data = load(path)
    raw = textfile.read(path).encode()
    try:
        config.parse(raw, str(path))
    except config.ConfigError:
        return encoded(data)
    return encoded(data) if b"\\ud" in raw.lower() else raw


def beside(folder, path):
    """Return where in `folder` (pathlib.Path) the board's file `path` (text) is kept."""
    return folder / path.lstrip("/")


def reject_chip(settings, chip):
    """Raise SettingError unless `settings` (a Config) go with a board's `chip` ("esp32"...; None:
    not known)."""
    profile = settings.profile
    if chip is None:
        return
    if profile.chip not in (None, chip):
        text = "camera.board: {} has an {}, and this one an {}: name the right board"
        raise SettingError(text.format(profile.name, profile.chip.upper(), chip.upper()))
    sleeps = settings.power.mode == "deepsleep"
    pin = settings.trigger.pir_pin
    wrong = sensorpin.trouble(profile, pin, sleeps, settings.on_card(), chip)
    wrong = wrong or battery.trouble(profile, configured_battery(settings), chip)
    if wrong:
        raise SettingError(wrong)


def configured_battery(settings):
    """Return the GPIO on which `settings` (a Config) have the battery measured, or None."""
    return settings.battery.pin if "battery" in settings.extras else None


def secure_endpoint(cloud):
    """Return the endpoint of the section `cloud` that has a certificate, None without one."""
    for endpoint in (cloud.endpoint, cloud.device_endpoint):
        if endpoint.startswith("https:"):
            return endpoint
    return None


def certificate(settings, folder, advice):
    """Return (path on the board, DER) of the CA certificate that `settings` (a Config) need.

    None where none is needed. It is kept in `folder` (pathlib.Path); `advice` is the command
    that fetches it. Raises SettingError when it is not there, or is none; OSError.
    """
    cloud = settings.cloud
    if secure_endpoint(cloud) is None or not cloud.verify or cloud.ca is None:
        return None
    return cloud.ca, certificate_in(beside(folder, cloud.ca), advice)


def certificate_in(path, advice):
    """Return the certificate in the file `path` in DER; raises as certificate() does."""
    if not path.exists():
        raise SettingError("{}: not there: {}".format(path, advice))
    try:
        found = textfile.certificate(path)
        make_context(found, True)
    except textfile.TextError as e:
        raise SettingError(str(e)) from e
    except CertificateError as e:
        text = "{}: no certificate, neither in DER nor in PEM: {}"
        raise SettingError(text.format(path, advice)) from e
    return found


def write(path, raw):
    """Write `raw` (bytes) to `path`, whole or not at all, readable by its owner alone.

    Raises SettingError where there is no such folder, OSError.
    """
    if not path.parent.is_dir():
        raise SettingError("{}: no such folder: make it first".format(path.parent))
    # mkstemp's file is 0600 from the start.
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix="." + path.name)
    try:
        with open(handle, "wb") as file:
            file.write(raw)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def masked(data):
    """Return a copy of `data` to show to others: secrets, and all that is unknown, as ***."""
    hidden = secrets(data)
    return {mask(key, hidden): _masked(found, key, hidden) for key, found in data.items()}


def _masked(found, name, hidden):
    if isinstance(found, dict):
        return {
            mask(key, hidden): _masked(item, name + "." + key, hidden)
            for key, item in found.items()
        }
    if isinstance(found, list) and name not in _KINDS:
        return [_masked(item, name, hidden) for item in found]
    if found in ("", None):
        return found
    # A misspelt name may hold a secret too, and so may an endpoint that is a whole URL.
    if name in SECRETS or name not in _KINDS:
        return _MASKED
    kind, _, limits = _KINDS[name]
    if kind == "objects":
        return [_window(each, hidden) for each in found] if isinstance(found, list) else _MASKED
    if isinstance(found, list):
        odd = check_value(kind, found, limits)
        return _MASKED if odd else [mask(each, hidden) for each in found]
    if not isinstance(found, str):
        return found
    choices = []
    if name == "camera.board":
        choices = profiles.names()
    elif kind.startswith("choice"):
        choices = [str(each) for each in limits or ()]
    # So may a text that is none of those that can stand there.
    odd = check_value(kind, found, limits) or (choices and found not in choices)
    if odd and not any(is_like(found, each.lower()) for each in choices):
        return _MASKED
    return mask(found, hidden)


def _window(entry, hidden):
    # What is none may be a secret.
    try:
        window(entry)
        whole = all(key in ("days", "from", "to") for key in entry)
    except (ValueError, AttributeError):
        whole = False
    return {key: mask(entry[key], hidden) for key in entry} if whole else _MASKED
