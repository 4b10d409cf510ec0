# Whether a config.json may be used: every setting, and what must agree between them.

from thingscam.board import profiles as boards
from thingscam.board import sensorpin
from thingscam.config import ConfigError, Section
from thingscam.config.schema import (
    FRAME_SIZES,
    NEEDED,
    NETWORK,
    OPTIONAL,
    SECTIONS,
    optional,
    section,
    sections,
)
from thingscam.config.values import check, what
from thingscam.util import strict_json as jsons
from thingscam.util.compat import const
from thingscam.util.redact import mask

_MAX_TOLD = const(10)
_OURS = (
    "boot.py",
    "main.py",
    "config.json",
    "log.txt",
    "log.old.txt",
    "remote.0.json",
    "remote.1.json",
)
# A driver waits 4 s for a frame that does not come, some on an ESP32-S3 8 s; the watchdog is fed
# before each. The rest is room for a flash that erases, and a card.
_MIN_WATCHDOG_S = const(45)


def decode(raw, name):
    """Return the object that the JSON text `raw` (bytes) holds, as a dict.

    Raises ConfigError.
    """
    if raw[:3] == b"\xef\xbb\xbf" or raw[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ConfigError(name, ["begins with a byte-order mark: save it as UTF-8 without one"])
    try:
        data = jsons.loads(raw)
    except UnicodeError:
        raise ConfigError(name, ["not UTF-8 text: save it as UTF-8"])
    except ValueError as e:
        at = getattr(e, "at", None)  # None: a word or number that is none
        place = ""
        if at is not None:
            line = raw.count(b"\n", 0, at) + 1
            place = ", line {} column {}".format(line, at - raw.rfind(b"\n", 0, at))
        problem = "not JSON{}: look for a missing quote, comma or brace".format(place)
        raise ConfigError(name, [problem])
    if not isinstance(data, dict):
        raise ConfigError(name, ["must hold one object, found {}".format(what(data))])
    return data


def fill(config, data, name, wifi_needed):
    """Give `config` what `data` (a dict) holds, checked; `name` and `wifi_needed` as in load().

    Raises ConfigError.
    """
    mistakes = _Mistakes(config.secrets)
    for key, rows in sections(data):
        values = _object(data.get(key, {}), key, mistakes)
        setattr(config, key, _section(values, key, rows, mistakes))
    _networks(data.get("wifi", []), wifi_needed, mistakes)
    _unknown(data, "", mistakes)
    judges = [getattr(optional(key), "judge", None) for key in OPTIONAL if key in data]
    for judge in _JUDGES + tuple(filter(None, judges)):
        try:
            judge(config, mistakes.add, wifi_needed)
        except AttributeError:
            pass  # a part of it is wrong by itself, and told already
    if mistakes.told:
        raise ConfigError(name, mistakes.told, mistakes.more)


class _Mistakes:
    # The first ten, masked: a secret can stand in the wrong place, and be quoted from there.

    def __init__(self, secrets):
        self._secrets = secrets
        self.told = []
        self.more = 0

    def is_full(self):
        return len(self.told) == _MAX_TOLD

    def add(self, text):
        if self.is_full():
            self.more += 1
        else:
            self.told.append(mask(text, self._secrets))


def _object(values, name, mistakes):
    if isinstance(values, dict):
        return values
    mistakes.add("{}: must be an object, found {}".format(name, what(values)))
    return None


def _section(values, name, rows, mistakes):
    def wrong(row):
        key, kind, default, limits = row
        if key in values:
            problem = check(kind, values[key], limits)
        else:
            problem = "missing" if default == NEEDED else None
        if problem:
            mistakes.add("{}.{}: {}".format(name, key, problem))
        return problem

    if values is None:
        return Section()
    found = section(values, rows, wrong)
    _unknown(values, name + ".", mistakes)
    return found


def _networks(values, needed, mistakes):
    if not isinstance(values, list):
        mistakes.add("wifi: must be a list of objects, found {}".format(what(values)))
        return
    if needed and not values:
        mistakes.add("wifi: missing: a board needs one network at least")
    for i, entry in enumerate(values):
        name = "wifi[{}]".format(i)
        entry = _object(entry, name, mistakes)
        _section(entry, name, NETWORK, mistakes)
        if entry is None:
            continue
        if "ssid_hex" in entry and "ssid" in entry:
            mistakes.add(name + ".ssid_hex: takes the place of ssid, and both are there")
        elif "ssid_hex" not in entry and "ssid" not in entry:
            mistakes.add(name + ".ssid: missing")


def _unknown(values, prefix, mistakes):
    known = _known(prefix)
    names = None
    for key in values:
        if prefix + key in known:
            continue
        if mistakes.is_full():
            mistakes.add("")
            continue
        from thingscam.util.spelling import is_like, nearest

        # It may have strayed from another section.
        names = names or known + _known(None)
        name = nearest(prefix + key, names)
        # A secret may be typed in a name's place: only what is like a name is shown whole.
        shown = key if is_like(key, name) else key[:3] + "..."
        mistakes.add("{}{!r}: unknown, the nearest known one is {}".format(prefix, shown, name))


def _known(prefix):
    if prefix == "":
        return [section for section, _ in SECTIONS] + list(OPTIONAL) + ["wifi"]
    if prefix and prefix.startswith("wifi"):
        return [prefix + setting[0] for setting in NETWORK]
    return [
        section + "." + setting[0]
        for section, settings in sections(OPTIONAL if prefix is None else (prefix[:-1],))
        if prefix is None or prefix == section + "."
        for setting in settings
    ]


# Settings that are right one by one and wrong together: each tells it. AttributeError: a part is
# wrong by itself.


def _board(config, tell, _on_board):
    try:
        boards.settle(config)
    except boards.UnknownBoardError as e:
        tell(str(e))


def _sensor(config, tell, _on_board):
    sleeps = config.power.mode == "deepsleep"
    wrong = sensorpin.trouble(config.profile, config.trigger.pir_pin, sleeps, config.on_card())
    if wrong:
        tell(wrong)


def _triggers(config, tell, _on_board):
    if config.trigger.pir_pin is None and config.trigger.every_s == 0:
        tell("trigger: nothing would ever take a picture: set pir_pin or every_s")


def _bursts(config, tell, _on_board):
    trigger = config.trigger
    for name, least in (("burst", 1), ("retrigger_s", 0)):
        if trigger.pir_pin is None and getattr(trigger, name) > least:
            tell("trigger.{}: goes with a motion sensor: set pir_pin".format(name))
    if 0 < trigger.retrigger_s < trigger.cooldown_s:
        text = "trigger.retrigger_s: {} must be at least cooldown_s {}, or 0 for none"
        tell(text.format(trigger.retrigger_s, trigger.cooldown_s))


def _light(config, tell, _on_board):
    camera, sleeps = config.camera, config.power.mode == "deepsleep"
    if camera.light and config.profile.lamp is None:
        text = "camera.light: no light is known on the board {}: set it to false, or set light_pin"
        tell(text.format(camera.board))
    card = config.on_card()
    wrong = sensorpin.lamp_trouble(config.profile, camera.light_pin, sleeps, card)
    if wrong:
        tell(wrong)


def _frame_size(config, tell, _on_board):
    # The driver reserves a fifth of a byte a pixel, in one piece: its README has CIF at most.
    roomy, size = config.profile.psram, config.camera.frame_size
    if not roomy and FRAME_SIZES.index(size) > FRAME_SIZES.index("CIF"):
        text = "camera.frame_size: {} needs PSRAM, the board {} has none: CIF at most"
        tell(text.format(size, config.camera.board))


def _rotate(config, tell, _on_board):
    if config.camera.rotate in (90, 270) and not config.camera.exif:
        text = "camera.rotate: {} is told by EXIF: set camera.exif to true"
        tell(text.format(config.camera.rotate))


def _card(config, tell, _on_board):
    if config.on_card() and not config.profile.card:
        text = "outbox.path: no SD card can be used on the board {}: set it to /outbox"
        tell(text.format(config.camera.board))


def _files(config, tell, _on_board):
    ca = config.cloud.ca and config.cloud.ca.strip("/")
    if ca in _OURS:
        tell("cloud.ca: {} is a file of thingscam: take another name".format(ca))
    path = config.outbox.path.strip("/")
    first = path.split("/")[0]
    if first in _OURS or first in ("lib", "slot") or path == ca:
        tell("outbox.path: /{} is not for pictures: take another name".format(first))


def _authority(config, tell, on_board):
    cloud = config.cloud
    secure = "https:" in (cloud.endpoint[:6], cloud.device_endpoint[:6])
    if on_board and cloud.verify and cloud.ca is None and secure:
        tell("cloud.ca: null, but a board has no certificates of its own: give one in DER")


def _watchdog(config, tell, _on_board):
    dog = config.power.watchdog_s
    # Connecting to two addresses, and the handshake, may each take the whole timeout.
    if 0 < dog < 4 * config.cloud.timeout_s:
        text = "power.watchdog_s: {} must be at least four times cloud.timeout_s {}, or 0 for none"
        tell(text.format(dog, config.cloud.timeout_s))
    elif 0 < dog < _MIN_WATCHDOG_S:
        text = "power.watchdog_s: {} must be at least {}, or 0 for none"
        tell(text.format(dog, _MIN_WATCHDOG_S))


_JUDGES = (
    _board,
    _sensor,
    _triggers,
    _bursts,
    _light,
    _frame_size,
    _rotate,
    _card,
    _files,
    _authority,
    _watchdog,
)
