# The settings that a camera takes from afar, as a form has them.

import json
import re
from dataclasses import dataclass

from thingscam.config.values import check
from thingscam.remote import wishes
from thingscam.schedule.windows import window
from thingscam.schedule.zone import Zone

# In the order of the form; behind these come sections that are not known here.
_TITLES = {
    "trigger": "When it takes pictures",
    "camera": "Camera",
    "sensor": "Sensor",
    "schedule": "Schedule",
    "report": "Reports",
    "outbox": "Outbox",
    "log": "Log",
}
# What is less plain by its name.
_WORDS = {
    "trigger_every_s": "A picture every",
    "trigger_cooldown_s": "Triggers are one for",
    "trigger_burst": "Pictures in a burst",
    "trigger_burst_ms": "Apart by",
    "trigger_retrigger_s": "While it goes on, again every",
    "camera_light_ms": "Light before the capture",
    "camera_frame_size": "Picture size",
    "camera_quality": "JPEG quality",
    "camera_warmup_frames": "Dark frames to drop",
    "camera_light": "Light for the capture",
    "camera_exif": "EXIF in pictures",
    "camera_rotate": "Turn by, degrees",
    "schedule_windows": "Hours of pictures",
    "schedule_outside": "Outside of them",
    "report_every_s": "A report every",
    "outbox_order": "Which goes first",
    "outbox_policy": "When it is full",
    "log_level": "Tell from",
    "sensor_vflip": "Upside down",
    "sensor_hmirror": "Left and right exchanged",
    "sensor_ae_level": "Exposure level",
    "sensor_gainceiling": "Gain ceiling",
    "sensor_white_balance": "White balance",
    "sensor_lens_correction": "Lens correction",
}
_UNITS = {"_s": " s", "_ms": " ms", "_mv": " mV", "quality": " %"}
_LONGEST = 2000
# What a value must be beyond its kind; each raises ValueError.
_DEEPER = {
    "schedule_windows": lambda found: [window(each) for each in found],
    "schedule_timezone": Zone,
}
_FLAGS = {"true": True, "false": False}


class WishError(Exception):
    """What was typed is no value for the setting; the text says what it must be."""


@dataclass(frozen=True)
class Field:
    """One setting: its attribute's `name`, its `section` and `key`, its kind and limits.

    The kind is that of thingscam.config.schema, without the ? at its end.
    """

    name: str
    section: str
    key: str
    kind: str
    limits: tuple | None

    @property
    def choices(self):
        """What may be chosen, as texts; an empty list where one types."""
        if self.kind in ("flag", "light"):
            return [*_FLAGS, "auto"] if self.kind == "light" else [*_FLAGS]
        if self.kind in ("choice", "step"):
            return [str(choice) for choice in self.limits or ()]
        return []

    @property
    def label(self):
        """What it is called, in a few words."""
        unit = next((end for end in _UNITS if end[0] == "_" and self.key.endswith(end)), "")
        plain = self.key.removesuffix(unit).replace("_", " ").capitalize()
        return _WORDS.get(self.name, plain)

    @property
    def hint(self):
        """The setting's own name, and what it may be."""
        if not self.bounds:
            return self.key
        unit = next((text for end, text in _UNITS.items() if self.key.endswith(end)), "")
        return "{}: {:,} to {:,}{}".format(self.key, *self.bounds, unit)

    @property
    def bounds(self):
        """(least, most) of a whole number, else None."""
        return self.limits if self.kind == "number" else None

    def parse(self, text):
        """Return the value that `text` means; None: nothing is asked for. Raises WishError."""
        text = text.strip()
        if not text:
            return None
        value = _FLAGS.get(text.lower(), text) if self.kind in ("flag", "light") else text
        if self.kind in ("number", "auto", "step") and re.fullmatch(r"-?[0-9]{1,18}", text):
            value = int(text)
        if self.kind in ("objects", "degrees"):
            try:
                value = json.loads(text, parse_constant=str)
            except (ValueError, RecursionError):
                pass
        wrong = "is too long" if len(text) > _LONGEST else check(self.kind, value, self.limits)
        try:
            if not wrong and self.name in _DEEPER:
                _DEEPER[self.name](value)
        except ValueError as error:
            wrong = str(error)
        if wrong:
            raise WishError(wrong)
        # An attribute is flat.
        return json.dumps(value, ensure_ascii=False) if self.kind == "objects" else value


def fields():
    """Return all settings that may be set from afar, as a dict: the attribute's name, Field."""
    return {
        name: Field(name, section, row[0], row[1].rstrip("?"), row[3])
        for name, (section, row) in wishes.settable().items()
    }


def titles(found):
    """Return (title, fields) for each section of the settings `found`, in order."""
    there = {field.section for field in found.values()}
    names = [*(name for name in _TITLES if name in there), *sorted(there - {*_TITLES})]
    return [
        (_TITLES.get(name, name), [field for field in found.values() if field.section == name])
        for name in names
    ]


def text_of(value):
    """Return a value as it stands in a form: true and false in small letters, a list as JSON."""
    if isinstance(value, (list, dict)):
        return json.dumps(value, ensure_ascii=False)
    return str(value).lower() if isinstance(value, bool) else "" if value is None else str(value)
