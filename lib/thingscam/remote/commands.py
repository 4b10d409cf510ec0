# Commands from afar: attributes at the service that are counters, each new value done once.

from thingscam.util import log as logs
from thingscam.util.compat import const
from thingscam.util.redact import mask

NAMES = ("take_photo", "send_log", "safe_mode_hours", "restart", "setup")  # as they are done
_MAX_HOURS = const(24)
_MAX_LOG = const(4096)
_MAX_COUNT = const(16)  # characters: it stands in a picture's cause


def counts(attributes):
    """Return {name: count} of all commands in `attributes` (a dict); 0 where there is none."""
    return {name: _count(attributes.get(name)) for name in NAMES}


def new(now, seen):
    """Return what is to be done, a list of (name, count): what counts() says, and said before."""
    return [(name, now[name]) for name in NAMES if now[name] != _count(seen.get(name))]


def hours(count):
    """Return for how many hours "safe_mode_hours" keeps a board up."""
    try:
        return min(max(int(count), 0), _MAX_HOURS)
    except ValueError:
        return 0


def log_text(log, secrets):
    """Return the end of the ring file of `log`, at most 4 KB of text, masked."""
    log.flush()
    raw = b""
    for name in (logs.NEWER, logs.OLDER):
        try:
            with open(name, "rb") as file:
                size = file.seek(0, 2)
                file.seek(max(0, size - (_MAX_LOG - len(raw))))
                raw = file.read() + raw
        except OSError:
            pass  # there is none yet
    raw = mask(raw[raw.find(b"\n") + 1 :] if len(raw) >= _MAX_LOG else raw, secrets)
    try:
        return str(raw, "utf-8")
    except UnicodeError:  # a power cut may have spoilt it
        return "".join(chr(code) if code < 128 else "?" for code in raw)


def _count(value):
    # A whole number or a short text: what JSON and a picture's record keep as it is.
    if isinstance(value, (bool, float)):
        try:
            value = int(value)
        except (ValueError, OverflowError):  # infinity
            value = 0
    if value is None or isinstance(value, (dict, list)):
        return 0
    text = "".join(char for char in str(value) if "!" <= char <= "~")[-_MAX_COUNT:]
    if text.lower() in ("", "0", "false", "null"):
        return 0
    return int(text) if isinstance(value, int) else text
