# Every setting of config.json: its kind, its default, and what a value may be.

from thingscam.config import Section
from thingscam.util.compat import const

_NEEDED = const("<needed>")  # in place of a default
NEEDED = _NEEDED

# Frame sizes by the names the camera drivers share (esp32-camera's framesize_t), by size.
_SIZES = const(("QQVGA", "QVGA", "CIF", "VGA", "SVGA", "XGA", "HD", "SXGA", "UXGA", "QXGA"))
FRAME_SIZES = _SIZES

# Asked in turn: one may be blocked or down. The third answers in China as well.
_TIME_SERVERS = const(("pool.ntp.org", "time.cloudflare.com", "ntp.aliyun.com"))

# section, ((key, kind, default (None: needed), bounds or choices), ...); all of it constants: they
# are loaded as they are, no byte code makes them.
SECTIONS = (
    (
        "cloud",
        (
            ("endpoint", "endpoint", _NEEDED, None),
            ("access_token", "word", _NEEDED, None),
            ("identifier", "word", _NEEDED, None),
            ("project_key", "word", _NEEDED, None),
            ("region", "word", _NEEDED, None),
            ("ca", "path?", "ca.der", None),
            ("verify", "flag", True, None),
            ("limit_bytes", "number", 512000, (4096, 512000)),
            ("timeout_s", "number", 15, (1, 300)),
            ("device_endpoint", "endpoint", "", ("",)),  # it may be empty
        ),
    ),
    (
        "camera",
        (
            ("board", "text", "ai-thinker", None),
            ("frame_size", "choice", "", _SIZES),  # "": the largest that is sure to go
            ("quality", "number", 85, (1, 100)),
            ("warmup_frames", "number", 2, (0, 30)),
            ("light", "light", False, None),
            ("light_pin", "number?", None, (0, 48)),
            ("light_ms", "number", 0, (0, 5000)),
            ("exif", "flag", True, None),
            ("rotate", "step", 0, (0, 90, 180, 270)),
        ),
    ),
    (
        "trigger",
        (
            ("pir_pin", "number?", -1, (0, 48)),  # -1: the board's own
            ("every_s", "number", 0, (0, 518400)),
            ("cooldown_s", "number", 10, (0, 86400)),
            ("burst", "number", 1, (1, 20)),
            ("burst_ms", "number", 500, (0, 10000)),
            ("retrigger_s", "number", 0, (0, 86400)),
        ),
    ),
    (
        "outbox",
        (
            ("path", "folder", "/outbox", None),
            ("max_bytes", "number", 1048576, (32768, 1 << 40)),
            ("order", "choice", "oldest", ("oldest", "newest")),
            ("policy", "choice", "drop_oldest", ("drop_oldest", "keep_oldest")),
        ),
    ),
    (
        "power",
        (
            ("mode", "choice", "awake", ("awake", "deepsleep")),
            ("watchdog_s", "number", 60, (0, 3600)),
        ),
    ),
    ("clock", (("servers", "hosts", _TIME_SERVERS, None),)),
    ("log", (("level", "choice", "info", ("debug", "info", "warning", "error")),)),
)


# Sections that few need. Each has a module of its name in this room, loaded only for a config.json
# that has the section: its ROWS; judge(), if its settings must agree with others; settle(), if it
# changes others. The first is the camera's; each of the others, where anything in it is set, is an
# extra: see extras.py. So is "report" where there is a cloud.device_endpoint.
OPTIONAL = ("sensor", "report", "battery", "schedule", "remote", "setup", "update")


def optional(name):
    """Return the module of the section `name`, one of OPTIONAL."""
    return __import__("thingscam.config." + name, None, None, ("ROWS",))


def sections(names=OPTIONAL):
    """Return SECTIONS, and of the OPTIONAL ones those in `names`."""
    return SECTIONS + tuple((name, optional(name).ROWS) for name in OPTIONAL if name in names)


# What each entry of the list "wifi" holds: a name as text, or its bytes where it is none.
NETWORK = (
    ("ssid", "ssid", "", None),
    ("ssid_hex", "hex", "", None),
    ("password", "password", "", None),
)

# What nobody is to read: masked in every text, and asked without an echo.
SECRETS = (
    ("cloud", "access_token"),
    ("cloud", "project_key"),
    ("setup", "password"),
    ("wifi", "password"),
)

# Those of config.example.json, and no others: a network may well be called <home>.
PLACEHOLDERS = (
    "<ssid>",
    "<password>",
    "https://<endpoint>",
    "<AccessToken>",
    "<ProjectKey>",
    "<region>",
)


def section(values, rows, wrong=None):
    """Return a Section of `values` (a dict) by `rows` of SECTIONS, defaults filled in.

    A setting of which `wrong(row)` is true is left out.
    """
    found = Section()
    for row in rows:
        if wrong is None or not wrong(row):
            setattr(found, row[0], values.get(row[0], row[2]))
    return found
