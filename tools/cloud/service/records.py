# What is known of each device: its attributes, who set them and when, and its events; on disk.

import json
import re
import time
from dataclasses import dataclass

from .files import remove_unfinished, write_whole

DEVICE = "device"
PERSON = "person"

# Of each device the newest events stay, and no more of them than this in characters of JSON.
EVENTS = 100
EVENT_SIGNS = 300_000

_FILE = re.compile(r"([0-9a-f]{8})\.json", re.ASCII)


class RecordError(Exception):
    """A file of the folder holds no records; the text names it."""


@dataclass(frozen=True)
class Attribute:
    """One attribute: its value (text, number, true or false), set `at` (seconds since 1970) `by`
    DEVICE or PERSON."""

    value: str | int | float | bool
    at: float
    by: str


@dataclass(frozen=True)
class Event:
    """One event that a device told of `at` (seconds since 1970)."""

    at: float
    method: str
    params: dict


class Records:
    """Keeps the attributes and events of each device, by its label, in `folder`/LABEL.json.

    `now` gives the nanoseconds since 1970; `changes` counts what was changed by this object.
    Raises OSError when the folder cannot be used, RecordError for a file that is none of ours.
    """

    def __init__(self, folder, now=time.time_ns):
        self._folder = folder
        self._now = now
        self._watchers = []
        self._heard = {}
        self._asked = {}
        self.changes = 0
        folder.mkdir(exist_ok=True)
        remove_unfinished(folder)
        found = {path: _FILE.fullmatch(path.name) for path in sorted(folder.iterdir())}
        self._devices = {name[1]: _read(path) for path, name in found.items() if name}

    def watch(self, callback):
        """Have `callback` called, without arguments, after each change."""
        self._watchers.append(callback)

    def attributes(self, device):
        """Return the values of a device's attributes as a dict."""
        return {name: found.value for name, found in self.details(device).items()}

    def details(self, device):
        """Return a device's attributes as a dict of Attribute."""
        return self._devices.get(device, _EMPTY)[0]

    def events(self, device):
        """Return the events of a device as a list of Event, newest first."""
        return self._devices.get(device, _EMPTY)[1]

    def set(self, device, values, by):
        """Set the attributes `values` (a dict; None: remove it) of a device. Raises OSError."""
        at = self._now() / 1e9
        attributes = dict(self.details(device))
        for name, value in values.items():
            attributes.pop(name, None)
            if value is not None:
                attributes[name] = Attribute(value, at, by)
        self._keep(device, attributes, self.events(device))

    def tell(self, device, method, params):
        """Keep an event of a device: its `method`, and `params` (a dict). Raises OSError."""
        events = [Event(self._now() / 1e9, method, params), *self.events(device)][:EVENTS]
        sizes = 0
        for number, event in enumerate(events):
            sizes += len(json.dumps(event.params))
            if sizes > EVENT_SIGNS and number:
                del events[number:]
                break
        self._keep(device, self.details(device), events)

    def hear(self, device, asks=False):
        """Note that the device was just heard from, and whether it `asks` for its attributes.

        Not on disk.
        """
        self._heard[device] = self._now() / 1e9
        if asks:
            self._asked[device] = self._heard[device]
            self._changed()

    def asked(self, device):
        """Return when the device asked for its attributes last (seconds since 1970), or None."""
        return self._asked.get(device)

    def heard(self, device):
        """Return when the device was heard from last (seconds since 1970), or None."""
        times = [found.at for found in self.details(device).values() if found.by == DEVICE]
        times += [event.at for event in self.events(device)[:1]]
        if device in self._heard:
            times.append(self._heard[device])
        return max(times, default=None)

    def _keep(self, device, attributes, events):
        found = {
            "attributes": {name: [a.value, a.at, a.by] for name, a in attributes.items()},
            "events": [[event.at, event.method, event.params] for event in events],
        }
        write_whole(self._folder / f"{device}.json", json.dumps(found, indent=1).encode())
        self._devices[device] = attributes, events
        self._changed()

    def _changed(self):
        self.changes += 1
        for callback in self._watchers:
            callback()


_EMPTY = {}, []


def _attribute(value, at, by):
    if not (isinstance(value, (str, int, float)) and isinstance(at, (int, float))):
        raise TypeError
    return Attribute(value, at, by)


def _read(path):
    try:
        found = json.loads(path.read_bytes())
        attributes = {name: _attribute(*three) for name, three in found["attributes"].items()}
        return attributes, [Event(*three) for three in found["events"]]
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{path}: is not JSON: {error}") from error
    except (LookupError, TypeError, AttributeError) as error:
        raise RecordError(f"{path}: is not a file of a device's attributes and events") from error
