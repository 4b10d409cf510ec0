# What is known of each device: its attributes, who set them and when, and its events.

import itertools
import json
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select

from ..service import rules
from .errors import AccountError
from .many import Insert
from .projects import place
from .standing import NAMES, standing
from .tables import attributes, devices, events, standings

DEVICE = "device"
PERSON = "person"

# Of each device the newest events stay, and no more of them than this in characters of JSON.
EVENTS = 100
EVENT_SIGNS = 300_000

_SET = Insert(attributes, ("device_id", "name", "value", "at", "set_by"), ("device_id", "name"))
_ADD = Insert(events, ("device_id", "at", "method", "params"))
_STAND = Insert(standings, [column.name for column in standings.c], ("device_id",))
_REMOVE = delete(attributes).where(
    attributes.c.device_id == bindparam("of"), attributes.c.name == bindparam("named")
)
_NAMES = select(attributes.c.device_id, attributes.c.name)
_DETAILS = select(
    devices.c.label,
    attributes.c.name,
    attributes.c.value,
    attributes.c.at,
    attributes.c.set_by,
).join_from(attributes, devices)
_EVENTS = (
    select(events.c.at, events.c.method, events.c.params)
    .join_from(events, devices)
    .where(devices.c.label == bindparam("label"))
    .order_by(events.c.id.desc())
    .limit(EVENTS)
)
_SIZES = (
    select(events.c.id, events.c.device_id, func.length(events.c.params))
    .where(events.c.device_id.in_(bindparam("ids", expanding=True)))
    .order_by(events.c.device_id, events.c.id.desc())
)


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


@dataclass(frozen=True)
class Message:
    """That something is a message of a device, and so limited.

    `interval` is the least time between two in seconds of the index's clock, `daily` how many a
    day of UTC has (0: no limit). `arrived` is when it came, in seconds of that clock, `date` in
    seconds since 1970; None: when it is written.
    """

    interval: float = 0
    daily: int = 0
    arrived: float | None = None
    date: float | None = None


@dataclass(frozen=True)
class _Set:
    label: str
    values: dict
    by: str
    message: Message | None


@dataclass(frozen=True)
class _Tell:
    label: str
    method: str
    params: str
    message: Message | None


@dataclass(frozen=True)
class _Hear:
    label: str
    asks: bool


class Records:
    """The attributes and events of the devices, by their labels."""

    def __init__(self, database, writer):
        self._database = database
        self._writer = writer

    def attributes(self, device):
        """Return the values of a device's attributes as a dict. Raises UnavailableError."""
        return {name: found.value for name, found in self.details(device).items()}

    def details(self, device):
        """Return a device's attributes as a dict of Attribute. Raises UnavailableError."""
        return self.details_of_all([device])[device]

    def details_of_all(self, labels, names=None):
        """Return the attributes of these devices as a dict: label, dict of Attribute. With `names`
        only attributes of these. Raises UnavailableError."""
        query = _DETAILS.order_by(attributes.c.device_id, attributes.c.name)
        if names is not None:
            query = query.where(attributes.c.name.in_(names))
        if len(labels) == 1:
            query = query.where(devices.c.label == labels[0])
        else:
            query = query.where(devices.c.label.in_(labels))
        found = {label: {} for label in labels}
        for label, name, value, at, by in self._read(query):
            found[label][name] = Attribute(json.loads(value), at, by)
        return found

    def events(self, device):
        """Return the events of a device as a list of Event, newest first."""
        rows = self._read(_EVENTS, {"label": device})
        return [Event(at, method, json.loads(params)) for at, method, params in rows]

    def asked(self, device):
        """Return when the device asked for its attributes last (seconds since 1970), or None."""
        return self._time(device, devices.c.asked_at)

    def heard(self, device):
        """Return when the device was heard from last (seconds since 1970), or None."""
        return self._time(device, devices.c.heard_at)

    def heard_of_all(self):
        """Return when each listed device was heard from last: a dict of label, seconds or None."""
        query = select(devices.c.label, devices.c.heard_at).where(devices.c.listed)
        return dict(self._read(query))

    def set(self, device, values, by, message=None):
        """Set attributes `values` (a dict; None: remove it) of a device, `by` DEVICE or PERSON.

        With a `message` (Message) its limits come first. Returns a Future, of None; it raises
        RefusedError 403, 413, the account's error of reports, or 402 for more than
        rules.MOST_ATTRIBUTES; AccountError, UnavailableError.
        """
        return self._writer.put(_set, _Set(device, dict(values), by, message))

    def tell(self, device, method, params, message=None):
        """Keep an event of a device: its `method`, and `params` (a dict).

        Returns a Future, of None, as set() does.
        """
        return self._writer.put(_tell, _Tell(device, method, json.dumps(params), message))

    def hear(self, device, asks=False):
        """Note that the device was just heard from, and whether it `asks` for its attributes.

        Returns a Future, of None; it raises AccountError, UnavailableError.
        """
        return self._writer.put(_hear, _Hear(device, asks))

    def adopt(self, label, details, told):
        """Take over what is known of a device from elsewhere, if nothing of it is known here.

        `details` is a dict of Attribute by name, `told` a list of Event, newest first. Raises
        UnavailableError.
        """

        def add(connection):
            of = place(connection, [label])[label]
            for table in (attributes, events):
                if connection.execute(select(table).where(table.c.device_id == of)).first():
                    return
            named = [
                {"name": name, "value": json.dumps(a.value), "at": a.at, "set_by": a.by}
                for name, a in details.items()
            ]
            rows = [
                {"at": each.at, "method": each.method, "params": json.dumps(each.params)}
                for each in reversed(told)
            ]
            for table, new in ((attributes, named), (events, rows)):
                if new:
                    connection.execute(table.insert(), [{"device_id": of, **row} for row in new])
            _stand(connection, [of])
            times = [a.at for a in details.values() if a.by == DEVICE]
            times += [each.at for each in told]
            heard = max(times, default=None)
            connection.execute(devices.update().where(devices.c.id == of).values(heard_at=heard))

        self._database.write(add)

    def _time(self, device, column):
        rows = self._read(select(column).where(devices.c.label == device))
        return rows[0][0] if rows else None

    def _read(self, query, given=None):
        return self._database.read(lambda connection: connection.execute(query, given).all())


def check_message(scene, row, message):
    """Count a message of a device; `row` is its Row. Raises RefusedError 403 or 413."""
    arrived = scene.clock() if message.arrived is None else message.arrived
    rules.check_pace(row.message_at, arrived, message.interval, 403)
    row.message_at = arrived
    count(scene, row, message)


def count(scene, row, message):
    """Count one of the day's messages of a device. Raises RefusedError 413."""
    day = scene.day(message.date)
    if row.day != day:
        row.day, row.day_messages = day, 0
    row.day_messages += 1
    rules.check_quota(row.day_messages, message.daily)


def write_attributes(scene, changes):
    """Write attributes: `changes` is a list of device's id, name, value or None, by; in order."""
    last = {(of, name): (value, by) for of, name, value, by in changes}
    gone, new = [], []
    for (of, name), (value, by) in sorted(last.items(), key=lambda pair: pair[0]):
        if value is None:
            gone.append({"of": of, "named": name})
        else:
            new.append(
                {
                    "device_id": of,
                    "name": name,
                    "value": json.dumps(value),
                    "at": scene.at,
                    "set_by": by,
                }
            )
    if gone:
        scene.connection.execute(_REMOVE, gone)
    _SET.run(scene.connection, new)
    _stand(scene.connection, sorted({of for of, name in last if name in NAMES}))


def _stand(connection, ids):
    """Write how these devices stand, by the attributes that they have now."""
    if not ids:
        return
    query = select(attributes.c.device_id, attributes.c.name, attributes.c.value)
    query = query.where(attributes.c.device_id.in_(ids), attributes.c.name.in_(NAMES))
    values = {of: {} for of in ids}
    for of, name, value in connection.execute(query):
        values[of][name] = json.loads(value)
    _STAND.run(connection, [standing(values[of]).row(of) for of in ids])


def _admitted(scene, items):
    """Yield the row of each item, or an exception: why it is not done."""
    for item in items:
        row = scene.row(item.label)
        if row is None:
            yield AccountError(f"there is no device {item.label}")
            continue
        try:
            if item.message:
                row.heard_at = scene.at
                check_message(scene, row, item.message)
                rules.check_report(row)
            yield row
        except rules.RefusedError as error:
            yield error


def _set(scene, items):
    found = list(_admitted(scene, items))
    names = _names_of(scene, [row.id for row in found if not isinstance(row, Exception)])
    results, changes = [], []
    for item, row in zip(items, found, strict=True):
        if isinstance(row, Exception):
            results.append(row)
            continue
        own = names.setdefault(row.id, set())
        if len(own | item.values.keys()) > rules.MOST_ATTRIBUTES:
            results.append(rules.RefusedError(402))
            continue
        for name, value in item.values.items():
            (own.discard if value is None else own.add)(name)
            changes.append((row.id, name, value, item.by))
        if item.by == DEVICE:
            row.heard_at = scene.at
        results.append(None)
    write_attributes(scene, changes)
    return results


def _names_of(scene, ids):
    names = {}
    if ids:
        for of, name in scene.connection.execute(_NAMES.where(attributes.c.device_id.in_(ids))):
            names.setdefault(of, set()).add(name)
    return names


def _tell(scene, items):
    found = list(_admitted(scene, items))
    new = []
    for item, row in zip(items, found, strict=True):
        if not isinstance(row, Exception):
            row.heard_at = scene.at
            new.append(
                {
                    "device_id": row.id,
                    "at": scene.at,
                    "method": item.method,
                    "params": item.params,
                }
            )
    if new:
        _ADD.run(scene.connection, new)
        _trim(scene, {row["device_id"] for row in new})
    return [row if isinstance(row, Exception) else None for row in found]


def _trim(scene, ids):
    """Remove the oldest events of these devices beyond what is kept."""
    gone = []
    rows = scene.connection.execute(_SIZES, {"ids": sorted(ids)})
    for _, own in itertools.groupby(rows, key=lambda row: row[1]):
        signs = 0
        for number, (event, _, size) in enumerate(own):
            signs += size
            if number and (number >= EVENTS or signs > EVENT_SIGNS):
                gone.append({"event": event})
    if gone:
        scene.connection.execute(delete(events).where(events.c.id == bindparam("event")), gone)


def _hear(scene, items):
    results = []
    for item in items:
        row = scene.row(item.label)
        if row is None:
            results.append(AccountError(f"there is no device {item.label}"))
            continue
        row.heard_at = scene.at
        if item.asks:
            row.asked_at = scene.at
        results.append(None)
    return results
