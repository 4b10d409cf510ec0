# config.json: what a Config is.


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


class Section:
    """One part of the configuration: its settings are its attributes."""


class Config:
    """The whole configuration: config.cloud.endpoint, config.camera.quality and so on.

    Attributes are the sections of config.json, each a Section; `wifi`, a list of
    (ssid, password), an ssid that is no text as bytes; `secrets`, the texts that no log and no
    error may show; and `profile`, the board's (thingscam.board.profiles.Profile). What is set of
    the section "sensor" is a dict, or None, and is `camera.sensor`. `extras` has the names of the
    other optional sections that are in use, a tuple: those that are not may be missing; and
    "bursts" where `trigger` asks for these.
    """

    def on_card(self):
        """Return whether pictures are to wait on an SD card."""
        return self.outbox.path.startswith("/sd/")  # pyright: ignore
