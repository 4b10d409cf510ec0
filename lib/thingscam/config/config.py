# config.json -> Config; every mistake named, all at once. What it takes to read it is not kept.

from thingscam.config import Config, ConfigError, Section  # noqa: F401 to be had from here as well
from thingscam.util.compat import unload


def load(path="config.json", wifi_needed=False):
    """Read the file at `path` (text) and return it as a Config, defaults filled in.

    Reads no other file: whether the CA certificate is there shows when a session is made.
    `wifi_needed`: it is for a board, so that a missing network, or CA, is a mistake.

    Raises ConfigError naming the mistakes in the file, or why it cannot be read.
    """
    return _read(None, path, wifi_needed)


def parse(raw, name="config.json", wifi_needed=False):
    """Return the Config written in `raw` (bytes); `name` (text) stands in the messages.

    Raises ConfigError as load() does.
    """
    return _read(raw, name, wifi_needed)


def _read(raw, name, wifi_needed):
    from thingscam.config import reader

    try:
        return reader.read(raw, name, wifi_needed)
    finally:
        let_go()


def let_go():
    """Forget what reads and judges a configuration; who needs it again imports it again."""
    unload("config.reader", "config.checks", "config.values", "config.schema")
    unload("config.sensor", "config.setup", "config.battery", "config.schedule", "camera.sensor")
    unload("board.firmware", "board.profiles", "board.sensorpin")
    unload("util.strict_json", "util.spelling", "config.report", "config.update")
    unload("config.remote", "remote.overlay")
