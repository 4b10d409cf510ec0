# config.json -> Config; every mistake named, all at once.

import binascii

from thingscam.board import profiles as boards
from thingscam.config.schema import (
    FRAME_SIZES,
    NEEDED,
    NETWORK,
    PLACEHOLDERS,
    SECTIONS,
    check,
    is_like,
    nearest,
    what,
)
from thingscam.util import strict_json as jsons
from thingscam.util.redact import hide, mask

_MOST_BYTES = 16384
_TOLD_MOST = 10
_TOO_LARGE = "there is too little memory to read it: make it shorter"
_OURS = ("boot.py", "main.py", "config.json", "log.txt", "log.old.txt")
# A driver waits 4 s for a frame that does not come, some on an ESP32-S3 8 s; the watchdog is fed
# before each. The rest is room for a flash that erases, and a card.
_LEAST_DOG_S = 45


class ConfigError(Exception):
    """The configuration cannot be used; the text names the mistakes, `mistakes` lists them.

    Ten at most, and then how many more there are.
    """

    def __init__(self, name, mistakes, more=0):
        self.mistakes = mistakes
        count = len(mistakes) + more
        if more:
            mistakes.append("and {} more".format(more))
        if count == 1:
            super().__init__("{}: {}".format(name, mistakes[0]))
        else:
            lines = "\n  ".join(mistakes)
            super().__init__("{}: {} mistakes\n  {}".format(name, count, lines))


class _Mistakes:
    # The first ten, masked: a secret can stand in the wrong place, and be quoted from there.

    def __init__(self, secrets):
        self._secrets = secrets
        self.told = []
        self.more = 0

    def is_full(self):
        return len(self.told) == _TOLD_MOST

    def add(self, text):
        if self.is_full():
            self.more += 1
        else:
            self.told.append(mask(text, self._secrets))


class Section:
    """One part of the configuration: its settings are its attributes."""


class Config:
    """The whole configuration: config.cloud.endpoint, config.camera.quality and so on.

    Attributes are the sections of config.json, each a Section; `wifi`, a list of
    (ssid, password), an ssid that is no text as bytes; and `secrets`, the texts that no log
    and no error may show.
    """

    def __init__(self):
        self.wifi = []
        self.secrets = ()

    def on_card(self):
        """Return whether pictures are to wait on an SD card."""
        return self.outbox.path.startswith("/sd/")  # pyright: ignore


def load(path="config.json", wifi_needed=False):
    """Read the file at `path` (text) and return it as a Config, defaults filled in.

    Reads no other file: whether the CA certificate is there shows when a session is made.
    `wifi_needed`: it is for a board, so that a missing network, or CA, is a mistake.

    Raises ConfigError naming the mistakes in the file, or why it cannot be read.
    """
    try:
        with open(path, "rb") as file:
            # Not simply so many: a board reserves what it is asked for.
            size = min(file.seek(0, 2), _MOST_BYTES + 1)
            file.seek(0)
            raw = file.read(size)
    except (OSError, ValueError) as e:  # ValueError: a path with a zero character
        problem = "cannot be read ({}): copy config.example.json and fill it in".format(e)
        raise ConfigError(path, [problem])
    except MemoryError:
        raw = None
    if raw is None:
        raise ConfigError(path, [_TOO_LARGE])
    return parse(raw, path, wifi_needed)


def parse(raw, name="config.json", wifi_needed=False):
    """Return the Config written in `raw` (bytes); `name` (text) stands in the messages.

    Raises ConfigError as load() does.
    """
    try:
        return _parse(raw, name, wifi_needed)
    except MemoryError:
        pass
    # Only here is what was read so far given back.
    raise ConfigError(name, [_TOO_LARGE])


def _parse(raw, name, wifi_needed):
    data = _decode(raw, name)
    config = Config()
    config.secrets = _secrets(data)
    hide(config.secrets)
    mistakes = _Mistakes(config.secrets)
    for section, settings in SECTIONS:
        values = _object(data.get(section, {}), section, mistakes)
        setattr(config, section, _section(values, section, settings, mistakes))
    config.wifi = _networks(data.get("wifi", []), wifi_needed, mistakes)
    _unknown(data, "", mistakes)
    for judge in _JUDGES:
        try:
            judge(config, mistakes.add, wifi_needed)
        except (AttributeError, boards.UnknownBoardError):
            pass  # a part of it is wrong by itself, and told already
    if mistakes.told:
        raise ConfigError(name, mistakes.told, mistakes.more)
    return config


def _decode(raw, name):
    if len(raw) > _MOST_BYTES:
        raise ConfigError(name, ["larger than {} bytes".format(_MOST_BYTES)])
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


def _object(values, name, mistakes):
    if isinstance(values, dict):
        return values
    mistakes.add("{}: must be an object, found {}".format(name, what(values)))
    return None


def _section(values, name, settings, mistakes):
    result = Section()
    if values is None:
        return result
    for key, kind, default, limits in settings:
        if key in values:
            problem = check(kind, values[key], limits)
        else:
            problem = "missing" if default is NEEDED else None
        if problem:
            mistakes.add("{}.{}: {}".format(name, key, problem))
        else:
            setattr(result, key, values.get(key, default))
    _unknown(values, name + ".", mistakes)
    return result


def _networks(values, needed, mistakes):
    if not isinstance(values, list):
        mistakes.add("wifi: must be a list of objects, found {}".format(what(values)))
        return []
    if needed and not values:
        mistakes.add("wifi: missing: a board needs one network at least")
    result = []
    for i, entry in enumerate(values):
        name = "wifi[{}]".format(i)
        network = _section(_object(entry, name, mistakes), name, NETWORK, mistakes)
        ssid = getattr(network, "ssid", None)
        if isinstance(entry, dict) and "ssid_hex" in entry:
            if "ssid" in entry:
                mistakes.add(name + ".ssid_hex: takes the place of ssid, and both are there")
            if hasattr(network, "ssid_hex"):
                ssid = binascii.unhexlify(network.ssid_hex)
        elif isinstance(entry, dict) and "ssid" not in entry:
            mistakes.add(name + ".ssid: missing")
        result.append((ssid, getattr(network, "password", "")))
    return result


def _unknown(values, prefix, mistakes):
    known = _known(prefix)
    names = None
    for key in values:
        if prefix + key in known:
            continue
        if mistakes.is_full():
            mistakes.add("")
            continue
        # It may have strayed from another section.
        names = names or known + _known(None)
        name = nearest(prefix + key, names)
        # A secret may be typed in a name's place: only what is like a name is shown whole.
        shown = key if is_like(key, name) else key[:3] + "..."
        mistakes.add("{}{!r}: unknown, the nearest known one is {}".format(prefix, shown, name))


def _known(prefix):
    if prefix == "":
        return [section for section, _ in SECTIONS] + ["wifi"]
    if prefix and prefix.startswith("wifi"):
        return [prefix + setting[0] for setting in NETWORK]
    return [
        section + "." + setting[0]
        for section, settings in SECTIONS
        if prefix is None or prefix == section + "."
        for setting in settings
    ]


# Settings that are right one by one and wrong together: each tells it. AttributeError: a part is
# wrong by itself.


def _board(config, tell, _on_board):
    try:
        boards.find(config.camera.board)
    except boards.UnknownBoardError as e:
        tell(str(e))


def _sensor(config, tell, _on_board):
    profile = boards.find(config.camera.board)
    sleeps = config.power.mode == "deepsleep"
    trouble = boards.sensor_trouble(profile, config.trigger.pir_pin, sleeps, config.on_card())
    if trouble:
        tell(trouble)


def _triggers(config, tell, _on_board):
    if config.trigger.pir_pin is None and config.trigger.every_s == 0:
        tell("trigger: nothing would ever take a picture: set pir_pin or every_s")


def _light(config, tell, _on_board):
    if config.camera.light and boards.find(config.camera.board).light is None:
        text = "camera.light: no light is known on the board {}: set it to false"
        tell(text.format(config.camera.board))


def _frame_size(config, tell, _on_board):
    # The driver reserves a fifth of a byte a pixel, in one piece.
    size = config.camera.frame_size
    large = FRAME_SIZES.index(size) > FRAME_SIZES.index("SVGA")
    if large and not boards.find(config.camera.board).psram:
        text = "camera.frame_size: {} needs PSRAM, the board {} has none: SVGA at most"
        tell(text.format(size, config.camera.board))


def _card(config, tell, _on_board):
    if config.on_card() and not boards.find(config.camera.board).card:
        text = "outbox.path: no SD card can be used on the board {}: set it to /outbox"
        tell(text.format(config.camera.board))


def _files(config, tell, _on_board):
    ca = config.cloud.ca and config.cloud.ca.strip("/")
    if ca in _OURS:
        tell("cloud.ca: {} is a file of thingscam: take another name".format(ca))
    path = config.outbox.path.strip("/")
    first = path.split("/")[0]
    if first in _OURS or first == "lib" or path == ca:
        tell("outbox.path: /{} is not for pictures: take another name".format(first))


def _authority(config, tell, on_board):
    cloud = config.cloud
    if on_board and cloud.verify and cloud.ca is None and cloud.endpoint.startswith("https:"):
        tell("cloud.ca: null, but a board has no certificates of its own: give one in DER")


def _watchdog(config, tell, _on_board):
    dog = config.power.watchdog_s
    # Connecting to two addresses, and the handshake, may each take the whole timeout.
    if 0 < dog < 4 * config.cloud.timeout_s:
        text = "power.watchdog_s: {} must be at least four times cloud.timeout_s {}, or 0 for none"
        tell(text.format(dog, config.cloud.timeout_s))
    elif 0 < dog < _LEAST_DOG_S:
        text = "power.watchdog_s: {} must be at least {}, or 0 for none"
        tell(text.format(dog, _LEAST_DOG_S))


_JUDGES = (_board, _sensor, _triggers, _light, _frame_size, _card, _files, _authority, _watchdog)


def _secrets(data):
    found = []
    cloud = data.get("cloud")
    if isinstance(cloud, dict):
        found = [cloud.get("access_token"), cloud.get("project_key")]
    if isinstance(data.get("wifi"), list):
        found += [entry.get("password") for entry in data["wifi"] if isinstance(entry, dict)]
    return tuple(
        secret for secret in found if isinstance(secret, str) and secret not in PLACEHOLDERS
    )
