# Attributes at the service become settings: which may be set, what a value means, what fits.

import binascii
import json

from thingscam.config import Config, ConfigError
from thingscam.config.checks import fill
from thingscam.config.schema import sections
from thingscam.config.values import check
from thingscam.remote.state import lay

# Whole sections, but for what belongs to the wiring; and single settings.
_SECTIONS = ("camera", "sensor", "trigger", "schedule", "report")
_SINGLE = ("outbox_order", "outbox_policy", "log_level")
_NEVER = ("camera_board",)
# Of the section "sensor", those that micropython-camera-API calls so and means the same by.
_SHORT = (
    "vflip",
    "hmirror",
    "brightness",
    "contrast",
    "saturation",
    "sharpness",
    "denoise",
    "ae_level",
)
_FLAGS = {"true": True, "false": False, "1": True, "0": False}


def settable():
    """Return {name of the attribute: (section, row of its ROWS)} for all that may be set."""
    found = {}
    for section, rows in sections(_SECTIONS):
        for row in rows:
            name = section + "_" + row[0]
            never = section not in _SECTIONS or name in _NEVER or name[-4:] == "_pin"
            if name in _SINGLE or not never:
                found[name] = section, row
    return found


def names():
    """Return the names of the attributes to ask for, as a list."""
    return list(_SHORT) + list(settable())


def wanted(attributes):
    """Return what is set of `attributes` (a dict), as a list of (name, value) in a fixed order.

    null and an empty text are what is not set; a short name counts where the long one is not.
    """
    found = []
    for name in settable():
        value = attributes.get(name)
        short = name[7:]
        if value in (None, "") and name[:7] == "sensor_" and short in _SHORT:
            value = attributes.get(short)
        if value not in (None, ""):
            found.append((name, value))
    return found


def mark(wishes, base):
    """Return a check sum of what wanted() has returned, and of `base`, one too."""
    return binascii.crc32(json.dumps(wishes).encode(), base)


def settle(wishes, data):
    """Return (on, errors): what can be taken of `wishes` over `data`, and why not the others.

    `wishes` are those of wanted(), `data` is what config.json holds; `on` is as State.on, `errors`
    a list of texts. A wish that is wrong, or that does not go with config.json and the others, is
    left out; the others are taken.
    """
    errors, left, taken = [], [], []
    known = settable()
    for name, value in wishes:
        section, row = known[name]
        value = _meant(row[1], value, row[3])
        problem = check(row[1], value, row[3])
        if problem:
            errors.append("{}: {}".format(name, problem))
        else:
            left.append((name, section, row[0], value))
    if _trouble(data, left) is None:
        return _on(left), errors
    # Something of them does not go together: one after the other, and again, for one may need
    # another.
    refused = []
    more = True
    while more:
        more = False
        refused = []
        for wish in left:
            why = _trouble(data, taken + [wish])
            if why is None:
                taken.append(wish)
                more = True
            else:
                refused.append("{}: {}".format(wish[0], why))
        left = [wish for wish in left if wish not in taken]
    return _on(taken), errors + refused


def effective(data, on):
    """Return all that may be set, as {name: value}, where `on` lies over `data` (dicts)."""
    laid = lay(data, on)
    found = {}
    known = settable()
    for name in known:
        section, row = known[name]
        found[name] = laid.get(section, {}).get(row[0], row[2])
    return found


def _on(wishes):
    on = {}
    for _, section, key, value in wishes:
        on.setdefault(section, {})[key] = value
    return on


def _trouble(data, wishes):
    config = Config()
    config.secrets = ()
    try:
        fill(config, lay(data, _on(wishes)), "", False)
    except ConfigError as e:
        return e.mistakes[0]
    return None


def _meant(kind, value, limits):
    # A console may keep all as texts, or all as numbers: what can mean one thing only is that.
    if isinstance(value, float) and value % 1 == 0:
        value = int(value)
    if isinstance(value, str):
        value = value.strip()
    if kind[-1] == "?" and value == "null":
        return None
    kind = kind.rstrip("?")
    if kind in ("flag", "light"):
        text = str(value).lower()
        return text if text == "auto" else _FLAGS.get(text, value)
    if not isinstance(value, str):
        return value
    if kind in ("number", "auto", "step"):
        try:
            return int(value[:-2] if value[-2:] == ".0" else value)
        except ValueError:
            return value.lower()  # "auto"
    if kind in ("objects", "degrees"):
        try:
            return json.loads(value)
        except ValueError:
            return value
    if kind == "choice":
        for choice in limits:
            if choice.lower() == value.lower():
                return choice
    return value
