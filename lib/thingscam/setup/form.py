# What the page's form sends, and config.json: one becomes the other, whole or not at all.

import binascii
import json
import os

from thingscam.config import ConfigError
from thingscam.config.config import parse
from thingscam.setup.server import Refused, fields
from thingscam.util.compat import const, unload
from thingscam.util.strict_json import loads

FILE = "config.json"
NEW = "config.new"
_CAS = ("ca.der", "ca-2.der")  # in turn: the one in use is not written over
_BEGIN, _END = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
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

    `mistakes`: field of the form -> what is wrong there, a line each; "" for what is in none.
    """

    def __init__(self):
        self.data = load()
        self.mistakes = {}
        self._ca = None  # a new one, DER
        self._old = self._ca_file()

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
        if form.get("ca", "").strip():
            try:
                self._ca = certificate(form["ca"])
            except ValueError as e:
                self.mistakes["ca"] = str(e)
        new = self._networks(form)
        self.check()
        secure = str(self.value("cloud.endpoint")).startswith("https:")
        if secure and self.value("cloud.verify") is not False and not self.has_ca():
            self.mistakes.setdefault("ca", "missing")  # the app would not start
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

    def has_ca(self):
        """Return whether there is a CA certificate: on the board, or still to be saved."""
        try:
            return self._ca is not None or os.stat(self._old)[6] > 0
        except OSError:
            return False

    def save(self):
        """Write config.json and a new CA: both, or the old ones stay. Raises OSError."""
        if self._ca is not None:
            name = _CAS[self._old.lstrip("/") == _CAS[0]]
            with open(name, "wb") as file:
                file.write(self._ca)
            self._set("cloud", "ca", name)
            self._ca = None
        with open(NEW, "wb") as file:
            file.write(json.dumps(self.data).encode())
        try:
            os.rename(NEW, FILE)  # littlefs: the old one or the new one, whenever the power goes
        except OSError:
            # FAT puts no file in another's place: see load().
            os.remove(FILE)
            os.rename(NEW, FILE)
        old, self._old = self._old, self._ca_file()
        if old != self._old and old in _CAS:
            try:
                os.remove(old)
            except OSError:
                pass  # there was none

    def _ca_file(self):
        found = self.value("cloud.ca")
        return found if isinstance(found, str) else _CAS[0]

    def _set(self, section, name, value):
        values = self.data.get(section)
        self.data[section] = values = values if isinstance(values, dict) else {}
        values[name] = value

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
        for name in known:
            if isinstance(values.get(name), str):
                self._set("cloud", name, values[name])

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
        self.mistakes[key] = why if before is None else before + "\n" + why


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


def certificate(text):
    """Return the certificate in `text`, PEM or DER in base64, as DER; ValueError says why not."""
    count = text.count(_BEGIN)
    if count > 1:
        raise ValueError("{} certificates are in it: the CA's alone is needed".format(count))
    if count:
        text = text.partition(_BEGIN)[2].partition(_END)[0]
    from thingscam.http import CertificateError
    from thingscam.http.context import make_context

    try:
        found = binascii.a2b_base64("".join(text.split()).encode())
        make_context(found, True)
    except (ValueError, CertificateError):
        raise ValueError("is no certificate in PEM: it begins with {}".format(_BEGIN))
    finally:
        unload("http.context")
    return found


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


def shown(networks):
    """Yield (name, dBm, has a password) of those `networks` whose names are text."""
    for ssid, dbm, locked in networks:
        try:
            name = str(ssid, "utf-8")
        except UnicodeError:
            continue
        if "\0" not in name:
            yield name, dbm, locked


def _number(text):
    # What is no number is left to the check.
    try:
        return int(text)
    except ValueError:
        return text
