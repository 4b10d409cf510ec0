# What one transaction works on: the rows of the devices it is about, locked, and the time.

import functools
import json
import operator
from dataclasses import dataclass

from sqlalchemy import ARRAY, Text, any_, bindparam, func, or_, select, text

from .many import Update
from .tables import devices, facts, picture_numbers, projects

NUMBER = "picture_number"

_CHANGING = (
    "opened_at",
    "message_at",
    "day",
    "day_messages",
    "heard_at",
    "asked_at",
    "pictures",
    "picture_bytes",
)
_changing = operator.itemgetter(*_CHANGING)
_STATIC = ("id", "project_id", "label", "token_hash", "name", "enabled", "listed", "report_error")

_COLUMNS = (
    *(devices.c[name] for name in (*_STATIC, "device_type", *_CHANGING)),
    projects.c.key_hash,
    projects.c.region,
    projects.c.storage,
    projects.c.name.label("project"),
)
_NAMES = [column.name for column in _COLUMNS]
ROWS = select(*_COLUMNS).join_from(devices, projects)
_LOCKED = ROWS.order_by(devices.c.id).with_for_update(of=devices)


def _one_of(column, name, is_sqlite):
    """Return what tells whether `column` has one of the values bound to `name`: the same text for
    any number of them, so nobody has to read it anew."""
    if is_sqlite:
        values = func.json_each(bindparam(name)).table_valued("value")
        return column.in_(select(values.c.value))
    return column == any_(bindparam(name, type_=ARRAY(Text)))


_FIND = {
    is_sqlite: _LOCKED.where(
        or_(
            _one_of(devices.c.token_hash, "tokens", is_sqlite),
            _one_of(devices.c.label, "labels", is_sqlite),
        )
    )
    for is_sqlite in (True, False)
}
_UPDATE = Update(devices, ("id", *_CHANGING))
_COUNT = text(
    "INSERT INTO facts (name, value) VALUES (:name, :count) ON CONFLICT (name) DO UPDATE"
    " SET value = CAST(CAST(facts.value AS INTEGER) + :count AS TEXT)"
)
_LAST = select(facts.c.value).where(facts.c.name == NUMBER)
_BEHIND = text(
    "INSERT INTO facts (name, value) VALUES (:name, :last) ON CONFLICT (name) DO UPDATE"
    " SET value = CAST(MAX(CAST(facts.value AS INTEGER), :last) AS TEXT)"
)


@dataclass(frozen=True)
class Device:
    """One device, and its project.

    `label` is eight digits that may be shown to anyone, `name` what people call it;
    `device_type` maps its identifiers to data types, None: not bound; `report_error` is an
    errcode or None; `region` and `project` are names. `number` is set by Projects.admit:
    that of the picture it admits.
    """

    id: int
    label: str
    name: str
    enabled: bool
    device_type: dict | None
    report_error: int | None
    region: str
    project: str
    number: int | None = None


@functools.lru_cache(1024)
def _types(value):
    return json.loads(value)


class Row:
    """A device's row as it will be at the end; what is set in it is written."""

    id: int
    label: str
    token_hash: str | None
    name: str
    enabled: bool
    report_error: int | None
    opened_at: float | None
    message_at: float | None
    day: int | None
    day_messages: int
    heard_at: float | None
    asked_at: float | None
    pictures: int
    picture_bytes: int
    key_hash: str
    region: str
    storage: bool
    project: str

    def __init__(self, found):
        # One dict for all columns: this is made for each request.
        values = vars(self)
        values.update(zip(_NAMES, found, strict=True))
        self.device_type = None if found.device_type is None else _types(found.device_type)
        self._before = _changing(values)

    def is_changed(self):
        """Return whether there is anything to write; then this has all of it."""
        return _changing(vars(self)) != self._before

    def device(self, number=None):
        """Return the Device."""
        return Device(
            self.id,
            self.label,
            self.name,
            self.enabled,
            self.device_type,
            self.report_error,
            self.region,
            self.project,
            number,
        )


@dataclass
class Settings:
    """What the index works with: `clock` (seconds, None: the database's own), `now`
    (nanoseconds since 1970), `is_sqlite`."""

    clock: object
    now: object
    is_sqlite: bool


class Scene:
    """What one transaction works on: `connection`, and the rows that `items` are about.

    They are locked, in the order of their ids: so no two transactions wait for each other.
    """

    def __init__(self, connection, settings, items):
        self.connection = connection
        self._settings = settings
        self._clock = None
        tokens = {item.token_hash for item in items if hasattr(item, "token_hash")}
        labels = {item.label for item in items if hasattr(item, "label")}
        self._rows = self._find(sorted(tokens), sorted(labels))
        self.at = settings.now() / 1e9

    def _find(self, tokens, labels):
        if not (tokens or labels):
            return {}
        given = {"tokens": tokens, "labels": labels}
        if self._settings.is_sqlite:
            given = {name: json.dumps(values) for name, values in given.items()}
        rows = {}
        for each in self.connection.execute(_FIND[self._settings.is_sqlite], given).all():
            row = Row(each)
            rows[row.label] = row
            if row.token_hash is not None:
                rows[row.token_hash] = row
        return rows

    def row(self, key):
        """Return the Row of a device by its label or the hash of its token, or None."""
        return self._rows.get(key)

    def clock(self):
        """Return the seconds that paces are measured in, read after all rows were locked."""
        if self._clock is None:
            if self._settings.clock is not None:
                self._clock = self._settings.clock()
            else:
                found = self.connection.exec_driver_sql(
                    "SELECT extract(epoch FROM clock_timestamp())::double precision"
                )
                self._clock = found.scalar_one()
        return self._clock

    def day(self, at=None):
        """Return the number of the day of UTC, by `at` (seconds since 1970; None: now)."""
        return int((self.at if at is None else at) // 86400)

    def numbers(self, count):
        """Return so many new numbers for pictures, as a list: no other one ever gets them."""
        if not count:
            return []
        if not self._settings.is_sqlite:
            given = func.generate_series(1, count)
            return list(
                self.connection.scalars(select(picture_numbers.next_value()).select_from(given))
            )
        self.connection.execute(_COUNT, {"name": NUMBER, "count": count})
        last = self.connection.scalar(_LAST)
        return list(range(int(last) - count + 1, int(last) + 1))

    def write(self):
        """Write what was changed in the rows."""
        rows = {row.id: row for row in self._rows.values()}
        changed = [vars(row) for _, row in sorted(rows.items()) if row.is_changed()]
        _UPDATE.run(self.connection, changed)


def continue_numbers(connection, last):
    """Have SQLite's numbers of pictures go on behind `last`."""
    connection.execute(_BEHIND, {"name": NUMBER, "last": last})
