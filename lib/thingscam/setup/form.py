# What the page's form sends, and config.json: one becomes the other, whole or not at all.

import json
import os

from thingscam.config import ConfigError
from thingscam.config.config import parse
from thingscam.setup.server import Refused, fields
from thingscam.util.compat import const
from thingscam.util.strict_json import loads

FILE = "config.json"
NEW = "config.new"
ROWS = const(4)  # networks that the form has room for

# The form's settings: (name, kind). A secret is never sent to the page; empty, it stays as it is.
# An empty text, number or choice is taken out, so that the default holds.
SETTINGS = (
    ("cloud.endpoint", "text"),
    ("cloud.access_token", "secret"),
    ("cloud.identifier", "text"),
    ("cloud.project_key", "secret"),
    ("cloud.region", "text"),
    ("camera.board", "text"),
    ("camera.rotate", "number"),
    ("sensor.vflip", "flag"),
    ("sensor.hmirror", "flag"),
    ("sensor.brightness", "number"),
    ("trigger.every_s", "number"),
)


class Draft:
    """A configuration that is being edited; `data` is what config.json will hold, a dict.

    `mistakes`: field of the form -> what is wrong there; "" for what is in none.
    """

    def __init__(self):
        self.data = load()
        self.mistakes = {}

    def take(self, form):
        """Take what the form sent, a dict of texts; returns the networks that are new.

        These are pairs (number of the row, entry of config.json). What is wrong is told by
        `mistakes`.
        """
        self.mistakes = {}
        if form.get("fresh"):
            self.data = {key: self.data[key] for key in ("setup",) if key in self.data}
        for key, kind in SETTINGS:
            if key in form or kind == "flag":
                self._take(key, kind, form.get(key, "").strip(), "has." + key in form)
        if form.get("values", "").strip():
            self._paste(form["values"].strip())
        new = self._networks(form)
        self.check()
        return new

    def check(self):
        """Have config.py look at it, and note what it finds."""
        try:
            parse(json.dumps(self.data).encode(), FILE, True)
        except ConfigError as e:
            for text in e.mistakes:
                self._note(text)

    def value(self, key):
        """Return what the setting `key` ("cloud.region") is in config.json, or None."""
        section, _, name = key.partition(".")
        found = self.data.get(section)
        return found.get(name) if isinstance(found, dict) else None

    def networks(self):
        """Return the entries of "wifi" that are of use."""
        found = self.data.get("wifi")
        found = found if isinstance(found, list) else ()
        return [entry for entry in found if isinstance(entry, dict)]

    def save(self):
        """Write config.json: whole, or the old one stays. Raises OSError."""
        with open(NEW, "wb") as file:
            file.write(json.dumps(self.data).encode())
        try:
            os.rename(NEW, FILE)  # littlefs: the old one or the new one, whenever the power goes
        except OSError:
            # FAT puts no file in another's place: see load().
            os.remove(FILE)
            os.rename(NEW, FILE)

    def _take(self, key, kind, value, shown):
        section, _, name = key.partition(".")
        values = self.data.get(section)
        if not isinstance(values, dict):
            values = {}
        if kind == "flag":
            if shown:
                values[name] = bool(value) or None
        elif kind == "secret":
            if value:
                values[name] = value
        elif not value:
            values.pop(name, None)
        elif kind == "number":
            values[name] = _number(value)
        else:
            values[name] = value
        if values.get(name) is None:
            values.pop(name, None)
        if values:
            self.data[section] = values
        else:
            self.data.pop(section, None)

    def _paste(self, text):
        # What `config --qr` has made: a URL with the values behind its #; or JSON.
        values = None
        if text[0] == "{":
            try:
                values = json.loads(text)
            except ValueError:
                pass
            if isinstance(values, dict) and isinstance(values.get("cloud"), dict):
                values = values["cloud"]
        elif "#" in text:
            values = pasted(text.partition("#")[2])
        known = [key[6:] for key, _ in SETTINGS if key[:6] == "cloud."]
        if not isinstance(values, dict) or not any(name in values for name in known):
            self.mistakes["values"] = "nothing of the service is in it"
            return
        cloud = self.data.get("cloud")
        self.data["cloud"] = cloud = cloud if isinstance(cloud, dict) else {}
        for name in known:
            if isinstance(values.get(name), str):
                cloud[name] = values[name]

    def _networks(self, form):
        old = self.networks()
        kept, new = [], []
        for number in range(ROWS):
            before = old[number] if number < len(old) else None
            ssid, password = form.get("ssid.%d" % number), form.get("password.%d" % number)
            if ssid is None:
                if before is not None:
                    kept.append(before)
                continue
            if not ssid and not password:
                continue  # an empty row, or one that was emptied
            entry = {"ssid": ssid, "password": password or ""}
            if before is not None and ssid == shown_ssid(before):
                if not password:
                    kept.append(before)
                    continue
                if "ssid_hex" in before:
                    entry = {"ssid_hex": before["ssid_hex"], "password": password}
            new.append((len(kept), entry))
            kept.append(entry)
        self.data["wifi"] = kept + old[ROWS:]
        return new

    def _note(self, text):
        key, colon, why = text.partition(": ")
        if key[:5] == "wifi[":
            number, _, name = key[5:].partition("].")
            key = ("ssid." if name[:4] == "ssid" or not name else "password.") + number[:1]
        elif key == "wifi":
            key = "ssid.0"
        if not colon or not (key[:5] in ("ssid.", "passw") or any(key == s[0] for s in SETTINGS)):
            key, why = "", text
        before = self.mistakes.get(key)
        self.mistakes[key] = why if before is None else before + "; " + why


def load():
    """Return what config.json holds, a dict; an empty one where it holds nothing of use."""
    found = _read(FILE)
    if found is None:
        try:
            os.stat(FILE)
        except OSError:
            # A power cut in save(), on FAT: the new one is there alone.
            found = _read(NEW)
            if found is not None:
                os.rename(NEW, FILE)
    return found or {}


def _read(path):
    try:
        with open(path, "rb") as file:
            found = loads(file.read())
    except (OSError, ValueError):  # UnicodeError is a ValueError
        return None
    return found if isinstance(found, dict) else None


def pasted(text):
    """Return the values behind the # of a URL, a dict; None for what is none."""
    try:
        return fields(text.encode())
    except Refused:
        return None


def shown_ssid(entry):
    """Return an entry's network as the form shows it, a text."""
    ssid = entry.get("ssid", entry.get("ssid_hex", ""))
    return ssid if isinstance(ssid, str) else ""


def _number(text):
    # What is no number is left to the check.
    try:
        return int(text)
    except ValueError:
        return text
