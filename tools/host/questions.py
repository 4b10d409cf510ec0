# What `config` asks of a person, with choices, and where each value comes from.

import json
import re

import click

from thingscam.board import profiles
from thingscam.config import values
from thingscam.config.config import ConfigError

from . import configfile, prompt
from .harmless import harmless
from .language import said
from .screen import echo

_INTRODUCTION = """\
This makes {}: the settings of one camera. What is not asked has a default.
Enter alone takes what stands in [brackets]. Ctrl-C ends it, and nothing is written.
Where the service's values come from: docs/board.md, "Where the values come from".
ThingsCloud's image upload takes its enterprise plan, and OSS storage of your own."""
_ENDED = "ended: nothing was written"
_NEEDED = "Enter alone will not do: a camera cannot work without this value. Ctrl-C ends."
_OPEN = "no password: taken as an open network"
_KEPT = "Enter keeps it"

BOARDS = {
    "ai-thinker": "ESP32-CAM by AI-Thinker, and boards like it",
    "esp-eye": "ESP-EYE by Espressif",
    "m5stack-psram": "M5Camera, model A",
    "m5stack-wide": "M5Camera with the wide lens, and model B",
    "ttgo-t-journal": "TTGO T-Journal, without PSRAM",
    "wrover-kit": "ESP-WROVER-KIT, and Freenove ESP32-WROVER",
    "xiao-esp32s3-sense": "Seeed XIAO ESP32S3 Sense",
    "esp32-s3-eye": "ESP32-S3-EYE by Espressif",
    "freenove-esp32s3": "Freenove's ESP32-S3 board with camera",
    "firmware": "any board whose firmware knows its own pins: built for one board, OpenMV",
}
_MODES = {
    "awake": "always on: sees every motion at once; for a mains supply",
    "deepsleep": "sleeps between pictures: for a battery",
}

# Setting, question, what is said before it, what can be chosen; all else has a default that is
# seldom wrong.
_QUESTIONS = (
    ("wifi.ssid", "Wi-Fi name (SSID)", "The board's Wi-Fi, 2.4 GHz only; case counts.", None),
    ("wifi.password", "Wi-Fi password", "Not shown as you type; Enter: an open network.", None),
    (
        "cloud.endpoint",
        "Endpoint of the image service (https://host)",
        "The address for image uploads, from ThingsCloud's support: it is none of those that "
        "the console shows.",
        None,
    ),
    (
        "cloud.access_token",
        "The device's AccessToken",
        "Console, the device's page, Connection, device certificate. Not shown as you type.",
        None,
    ),
    (
        "cloud.project_key",
        "The project's Project-Key",
        "On the same page. Not shown as you type.",
        None,
    ),
    (
        "cloud.identifier",
        "Identifier of the picture's attribute",
        "Console, the device type, its functions: an attribute, text in picture URL format, "
        "such as image.",
        None,
    ),
    (
        "cloud.region",
        "Region of the device",
        "What the service calls the device's region, not where the camera hangs: ask "
        "ThingsCloud's support for it, with the endpoint.",
        None,
    ),
    ("camera.board", "Board (number or name)", "The board:", BOARDS),
    (
        "trigger.pir_pin",
        "GPIO of the motion sensor (null: none)",
        "The pin that the sensor's OUT is wired to.",
        None,
    ),
    ("trigger.every_s", "A picture every so many seconds (0: none)", "By time, too?", None),
    ("power.mode", "Power mode (number or name)", "Power:", _MODES),
)
# The same, asked on request alone; Enter leaves it as it is.
_MORE = "More settings: orientation, hours, battery, reports, setup by telephone, updates?"
_OTHERS = (
    ("sensor.vflip", "Upside down (true, false, null)", "The picture stands on its head?"),
    ("sensor.hmirror", "Mirrored (true, false, null)", "Left and right are exchanged?"),
    (
        "schedule.windows",
        "Hours of pictures",
        "Such as 07:00-18:00, sunrise-sunset, or a list as in docs/board.md, Hours; []: always.",
    ),
    ("schedule.timezone", "Time zone", "Of these hours: such as Asia/Shanghai or Europe/Berlin."),
    ("schedule.latitude", "Latitude (null: none)", "Degrees, for sunrise and sunset."),
    ("schedule.longitude", "Longitude (null: none)", "Degrees, east of Greenwich above 0."),
    (
        "battery.pin",
        "GPIO of the battery (null: none)",
        "Its voltage is measured through two resistors: docs/board.md, The battery.",
    ),
    (
        "cloud.device_endpoint",
        "Endpoint of the device (null: none)",
        "Console, the device's page, Connection: where the camera reports how it is.",
    ),
    ("report.every_s", "A report every so many seconds (0: events alone)", "With that endpoint:"),
    (
        "remote.every_s",
        "Ask for settings every so many seconds (0: never)",
        "Settings and commands from afar, by that endpoint: docs/remote.md.",
    ),
    (
        "setup.password",
        "Password of the board's own network",
        "For setup by telephone, 8 to 63 bytes; not set: the board makes one. Not shown.",
    ),
    ("setup.pin", "GPIO that opens setup (null: none)", "Held to GND for 3 s: docs/setup.md."),
    ("update.url", "URL of new versions (null: none)", "Of their latest.json: docs/update.md."),
)
_HOURS = re.compile(r"(\d\d:\d\d|sunrise|sunset)-(\d\d:\d\d|sunrise|sunset)")


def ask(data, named, file, wifi_needed):
    """Ask for the settings but those `named`, put them into `data`; return the Config of it.

    `file` is what it is called, `wifi_needed` whether it is for a board. What does not go
    together is asked once more. Raises ConfigError where the answers stay the same,
    SystemExit where the person ends it.
    """
    before = others = None
    asked = [each for each in _QUESTIONS if _is_asked(each[0], data, named, wifi_needed)]
    if asked:
        echo(said(_INTRODUCTION.format(file)))
    try:
        while True:
            for question in asked:
                _question(data, *question)
            if others is None:
                others = [each for each in _OTHERS if each[0] not in named]
                if not asked or not prompt.confirm(_MORE, False):
                    others = []
            for question in others:
                _question(data, *question, None, True)
            try:
                return configfile.check(data, file, wifi_needed)
            except ConfigError as e:
                if not asked or e.mistakes == before:
                    raise
                before = e.mistakes
                echo(said(str(e)), err=True)
                echo(said("Once more; Enter keeps what is shown."), err=True)
    except (click.Abort, KeyboardInterrupt):
        echo("\n" + said(_ENDED), err=True)
        raise SystemExit(1) from None


def suits_region(name):
    """Return whether `name` can be a region without a question: it is not called as a board."""
    return str(name).lower() not in profiles.names()


def _is_asked(name, data, named, wifi_needed):
    if name == "cloud.region" and name in named:
        return not suits_region(configfile.get(data, name))
    by_bytes = name == "wifi.ssid" and configfile.get(data, "wifi.ssid_hex")
    return not (name in named or by_bytes or name.startswith("wifi.") and not wifi_needed)


def _question(data, name, text, hint, choices, keeps=False):
    hidden = name in configfile.SECRETS
    known = configfile.get(data, name)
    text = said(text)
    if known is None and configfile.describe(name)[0][-1] == "?":
        known = "null"
    if keeps and not hidden:
        known = known if isinstance(known, str) else json.dumps(known)
    if known not in (None, ""):
        text += " ({})".format(said(_KEPT)) if hidden else " [{}]".format(known)
    echo("\n" + said(hint))
    numbers = dict(enumerate(choices or (), 1))
    for number, choice in numbers.items():
        echo("  {:2} {:20} {}".format(number, choice, said(choices[choice])))
    while True:
        answer = prompt.line(text, hidden)
        if not name.startswith("wifi."):
            answer = answer.strip()
        if keeps and not answer:
            return
        if name == "schedule.windows" and (hours := _HOURS.fullmatch(answer)):
            answer = json.dumps([{"from": hours[1], "to": hours[2]}])
        if not answer and name == "wifi.password" and not known:
            echo(said(_OPEN))
        elif not answer and known not in (None, ""):
            answer = str(known)
        elif not answer:
            echo(said(_NEEDED), err=True)
            continue
        if answer.isdecimal() and int(answer) in numbers:
            answer = numbers[int(answer)]
        problem = _problem(name, answer)
        if problem:
            echo(said(problem), err=True)
        elif name != "cloud.region" or suits_region(answer) or _is_region(answer):
            break
    configfile.put(data, name, answer)


def _problem(name, answer):
    kind, _, limits = configfile.describe(name)
    try:
        found = configfile.value(name, answer)
    except configfile.SettingError as e:  # a time zone that is none
        return str(e)
    problem = values.check(kind, found, limits)
    if problem is None and name == "camera.board" and found not in profiles.names():
        problem = "must be one of {}".format(", ".join(profiles.names()))
    return problem and "{}: {}".format(name, problem)


def _is_region(answer):
    question = '"{}" is a board\'s name. Is it really your region?'
    return prompt.confirm(question.format(harmless(answer)), False)
