# What a camera reports, in groups and units for people, and what of it a person should look at.

from dataclasses import dataclass, field
from html import escape

from thingscam import __version__

from ..index import standing
from . import words

_ERROR = "settings_error"

# Group, ((attribute, what it is called, how it is written), ...): a unit, or a name in _WRITTEN.
_GROUPS = (
    (
        "Pictures",
        (
            ("captured", "captured", ""),
            ("sent", "sent", ""),
            ("waiting", "waiting", ""),
            ("waiting_bytes", "they take", "bytes"),
            ("oldest_s", "the oldest waits for", "span"),
            ("set_aside", "set aside", ""),
            ("dropped", "dropped", ""),
            ("retried", "uploads repeated", ""),
            ("capture_failed", "captures failed", ""),
        ),
    ),
    (
        "How it stands",
        (
            ("blocked_reason", "nothing goes out", ""),
            ("last_error", "last error", ""),
            ("started", "started by", "word"),
            ("uptime_s", "runs for", "span"),
            ("next_wake_s", "wakes at the latest in", "span"),
            ("clock_set", "clock set", "yes"),
        ),
    ),
    (
        "Power",
        (
            ("battery", "battery", ""),
            ("battery_mv", "its voltage", "volt"),
            ("temperature_c", "chip", "°C"),
        ),
    ),
    (
        "Network",
        (("wifi", "Wi-Fi", ""), ("rssi", "signal", "dBm")),
    ),
    (
        "Memory",
        (
            ("heap_free", "free heap", "bytes"),
            ("flash_free", "free flash", "bytes"),
            ("card", "SD card", "yes"),
            ("card_free", "free on the card", "bytes"),
        ),
    ),
    (
        "Software",
        (
            ("version", "thingscam", ""),
            ("micropython", "MicroPython", ""),
            ("board", "board", ""),
        ),
    ),
    (
        "Restarts",
        (
            ("power_on", "power on", ""),
            ("reset", "reset button", ""),
            ("deep_sleep", "woken", ""),
            ("soft_reset", "soft reset", ""),
            ("watchdog", "watchdog", ""),
            ("crash", "crash", ""),
        ),
    ),
)
_OTHER = "Other"
_KNOWN = {name: row for _, rows in _GROUPS for name, *row in rows}
# What an attribute of no known name is written as, by the end of its name.
_ENDS = (("_s", "span"), ("_mv", "volt"), ("_bytes", "bytes"), ("_at", "time"), ("_c", "°C"))
_APART = (standing.SETTINGS, standing.STATE, _ERROR)
# The newest version that there is, to compare with.
VERSION = standing.version_number(__version__) or 0
_LOW_LEVELS = tuple(standing.LOW)


@dataclass(frozen=True)
class Row:
    """One line of a report: the attribute, what it is called, its value as HTML, its colour."""

    name: str
    label: str
    value: str
    tone: str = ""


@dataclass(frozen=True)
class Health:
    """How a camera stands: each trouble a few words, worst first, with their tone "bad" or "wait".

    `heard` is when it was heard from, `reports` tells whether it sends reports. `kinds` names the
    troubles for a filter: "silent", "stopped", "low", "old", "waiting".
    """

    heard: float | None
    reports: bool
    troubles: list[tuple[str, str]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)


def groups(attributes, left_out):
    """Return the report in `attributes` (name: Attribute) as a list of (group, rows).

    Those in `left_out` and the camera's settings are not in it.
    """
    apart = {*left_out, *_APART}
    # An empty text says that there is nothing to say.
    rest = {name: a.value for name, a in attributes.items() if name not in apart and a.value != ""}
    found = []
    for title, rows in _GROUPS:
        lines = [
            Row(name, label, _written(rest[name], how), _tone(name, rest[name]))
            for name, label, how in rows
            if name in rest
        ]
        if lines:
            found.append((title, lines))
    other = [
        Row(name, name, _written(rest[name], _by_end(name)))
        for name in sorted(rest)
        if name not in _KNOWN
    ]
    return [*found, (_OTHER, other)] if other else found


def in_force(attributes):
    """Return the settings in force that a camera tells, as a dict: name of the wish, value."""
    return standing.in_force(_values(attributes))


def settings_state(attributes):
    """Return what the camera says of the settings asked for: (state, error), both texts."""
    return str(_value(attributes, standing.STATE) or ""), str(_value(attributes, _ERROR) or "")


def health(attributes, heard, now):
    """Return the Health of a camera that was `heard` from last at that time (None: never).

    Times are in seconds since 1970.
    """
    known = standing.standing(_values(attributes))
    found = Health(heard, known.silent_s is not None)

    def tell(kind, text, tone):
        found.troubles.append((text, tone))
        found.kinds.update({kind} - {None})

    if known.silent_s is not None and heard is not None and now - heard > known.silent_s:
        tell("silent", "silent", "bad")
    for trouble in known.troubles:
        tell(*trouble)
    if known.version is not None and known.version < VERSION:
        tell("old", "old version", "wait")
    if known.waiting > 0:
        found.kinds.add("waiting")
    return found


def text_of(attributes, name):
    """Return one attribute as HTML, an empty text where there is none."""
    value = _value(attributes, name)
    return "" if value is None else _written(value, _KNOWN[name][1])


def _value(attributes, name):
    found = attributes.get(name)
    return None if found is None else found.value


def _values(attributes):
    return {name: found.value for name, found in attributes.items()}


def _by_end(name):
    return next((how for end, how in _ENDS if name.endswith(end)), "")


def _tone(name, value):
    if name in ("blocked_reason", "capture_failed", "crash", "watchdog", "dropped") and value:
        return "wait"
    if name == "battery" and value in _LOW_LEVELS:
        return "bad" if value == "critical" else "wait"
    return ""


def _written(value, how):
    if isinstance(value, bool):
        return "yes" if value else "no"
    if not isinstance(value, (int, float)):
        return escape(value.replace("_", " ") if how == "word" else value)
    if abs(value) >= standing.MOST:
        return f"{value:g}"
    if how in _WRITTEN:
        return _WRITTEN[how](value)
    return f"{round(value, 2):,}{how and ' ' + how}"


def _at(value):
    try:
        return words.moment(words.utc(value))
    except (ValueError, OverflowError, OSError):
        return str(value)


_WRITTEN = {
    "span": words.span,
    "bytes": words.size,
    "volt": lambda value: f"{value / 1000:.2f} V",
    "time": _at,
}
