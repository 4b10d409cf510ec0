# How a camera stands, by what it reported: as pages tell it, and as all cameras are searched.

import json
import re
from dataclasses import dataclass, field

SETTINGS = "settings"
STATE = "settings_state"

# A camera is silent when nothing was heard from it for so many of its periods.
_PERIODS = 3
_PERIOD_S = 3600  # where it does not tell: the setting's own default

# The attributes that it is told by, and those that a camera is found by too.
_HEALTH = (SETTINGS, STATE, "version", "blocked_reason", "battery", "waiting")
_SEARCHED = ("version", "board", "last_error", "blocked_reason", "wifi")
NAMES = tuple(dict.fromkeys(_HEALTH + _SEARCHED))

# Of the battery: level, how bad it is.
LOW = {"low": "wait", "critical": "bad"}
MOST = 1e15  # a larger number is none of a camera's


@dataclass
class Standing:
    """What is known of a camera's health but for the time and the newest version.

    It is silent when nothing was heard from it for longer than `silent_s` (seconds; None: it
    sends no reports). `version` is version_number() of its own. `troubles` are pairs of a kind
    ("stopped", "low", or None) and a few words; `text` is what it is found by, in small letters.
    """

    silent_s: float | None
    version: int | None
    waiting: float
    troubles: list[tuple[str | None, str, str]] = field(default_factory=list)
    text: str = ""

    def is_in(self, kind):
        """Return whether a trouble is of a kind."""
        return any(kind == each for each, *_ in self.troubles)

    def row(self, device_id):
        """Return its row of the table standings, as a dict."""
        return {
            "device_id": device_id,
            "silent_s": self.silent_s,
            "version": self.version,
            "waiting": self.waiting,
            "stopped": self.is_in("stopped"),
            "low": self.is_in("low"),
            "text": self.text,
        }


def standing(values):
    """Return the Standing by `values`, a dict of attributes' values."""
    every = in_force(values).get("report_every_s", _PERIOD_S)
    period = min(every, MOST) if isinstance(every, int) else _PERIOD_S
    reports = "version" in values and period > 0
    found = Standing(
        _PERIODS * period if reports else None,
        version_number(values.get("version")),
        _number(values.get("waiting")),
    )
    if str(values.get("blocked_reason")).startswith("stopped"):
        found.troubles.append(("stopped", "stopped", "bad"))
    level = values.get("battery")
    if isinstance(level, str) and level in LOW:
        found.troubles.append(("low", f"battery {level}", LOW[level]))
    state = str(values.get(STATE) or "")
    if state in ("refused", "rolled back"):
        found.troubles.append((None, f"settings {state}", "wait"))
    texts = [text for _, text, _ in found.troubles]
    texts += [str(values[name]) for name in _SEARCHED if name in values]
    text = " ".join(texts).lower().replace("\0", " ")  # PostgreSQL takes none of these
    found.text = text.encode("utf-8", "replace").decode()
    return found


def in_force(values):
    """Return the settings in force that a camera tells, as a dict: name of the wish, value."""
    try:
        found = json.loads(str(values.get(SETTINGS)))
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def version_number(version):
    """Return a number by which versions are compared, or None: `version` is none."""
    found = re.match(r"(\d{1,6})\.(\d{1,6})\.(\d{1,6})", str(version), re.ASCII)
    if not found or not isinstance(version, str):
        return None
    first, second, third = map(int, found.groups())
    return (first * 1_000_000 + second) * 1_000_000 + third


def _number(value):
    if not isinstance(value, (int, float)) or value != value:
        return 0.0
    return float(max(-MOST, min(value, MOST)))
