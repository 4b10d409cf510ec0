# Which pictures are too many: too old, or more of a device than are to be kept.

from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, text

from .errors import AccountError
from .tables import ARRIVAL, devices, facts, pictures

DAY = 86400

# One process at a time deletes; the word of one that has gone counts no more after a while.
_LEASE = "keeping"
_TAKE = text(
    "INSERT INTO facts (name, value) VALUES (:name, :value) ON CONFLICT (name) DO UPDATE"
    " SET value = :value WHERE facts.value < :now OR facts.value LIKE :mine RETURNING value"
)
_OLDEST = (
    select(pictures.c.name, pictures.c.size)
    .where(pictures.c.device_id == bindparam("device"), ~pictures.c.deleting)
    .order_by(*ARRIVAL)
    .limit(bindparam("count"))
)
_KEEP = ("keep_days", "keep_pictures", "keep_bytes")


@dataclass(frozen=True)
class Limits:
    """What is kept of each device: pictures of so many `days`, so many `pictures`, so many
    `bytes` of them; None: all."""

    days: float | None = None
    pictures: int | None = None
    bytes: int | None = None

    def __bool__(self):
        return (self.days, self.pictures, self.bytes) != (None, None, None)


class Surplus:
    """What is to be deleted from an index. All raises UnavailableError.

    A device may have limits of its own, which come first.
    """

    def __init__(self, database, now):
        self._database = database
        self._now = now

    def take_turn(self, owner, seconds):
        """Return whether `owner` (text) is the one that deletes, for the next `seconds`."""
        now = self._now() / 1e9
        given = {
            "name": _LEASE,
            # Sorts as a number, so that one statement can compare it.
            "value": f"{now + seconds:017.3f} {owner}",
            "now": f"{now:017.3f}",
            "mine": f"% {owner}",
        }
        return self._database.write(lambda c: c.execute(_TAKE, given).first() is not None)

    def end_turns(self, owner):
        """Let another one delete at once: `owner` (text) is no more the one that does."""
        value = facts.c.value.endswith(f" {owner}", autoescape=True)
        query = delete(facts).where(facts.c.name == _LEASE, value)
        self._database.write(lambda connection: connection.execute(query) and None)

    def limit(self, label, limits):
        """Give a device limits of its own (Limits; None in it: those of all). Raises
        AccountError."""
        values = dict(zip(_KEEP, (limits.days, limits.pictures, limits.bytes), strict=True))
        change = devices.update().where(devices.c.label == label, devices.c.listed).values(values)
        if not self._database.write(lambda connection: connection.execute(change).rowcount):
            raise AccountError(f"there is no device {label}")

    def begun(self, last, count):
        """Return the next pictures after the one with the id `last` whose deletion was begun and
        not ended, as a list of (id, name)."""
        query = select(pictures.c.id, pictures.c.name).where(pictures.c.deleting)
        query = query.where(pictures.c.id > last).order_by(pictures.c.id).limit(count)
        rows = self._database.read(lambda connection: connection.execute(query).all())
        return [tuple(row) for row in rows]

    def aged(self, days, count):
        """Return the names of at most `count` pictures that are too old.

        `days` is the limit of devices without one of their own; None: none.
        """
        now = self._now() / 1e9
        old = select(pictures.c.name).where(~pictures.c.deleting)
        others = select(devices.c.id).where(devices.c.keep_days.is_not(None))
        # In no order: all of them are to go. By the join alone SQLite looks at all pictures.
        own = old.join_from(devices, pictures).where(
            pictures.c.device_id.in_(others),
            pictures.c.taken_in < now - devices.c.keep_days * DAY,
        )

        def read(connection):
            found = []
            if days is not None:
                query = old.where(
                    pictures.c.taken_in < now - days * DAY, pictures.c.device_id.not_in(others)
                )
                found += connection.scalars(query.order_by(pictures.c.taken_in).limit(count))
            if len(found) < count:
                found += connection.scalars(own.limit(count - len(found)))
            return found

        return self._database.read(read)

    def crowded(self, limits, count):
        """Return the names of at most `count` pictures that devices have too many, or too many
        bytes in, of each the oldest; `limits` (Limits) are of devices without their own."""
        number = devices.c.pictures - func.coalesce(devices.c.keep_pictures, limits.pictures)
        size = devices.c.picture_bytes - func.coalesce(devices.c.keep_bytes, limits.bytes)
        query = select(devices.c.id, number.label("number"), size.label("size"))
        query = query.where((number > 0) | (size > 0)).limit(count)

        def read(connection):
            found = []
            for device in connection.execute(query).all():
                if len(found) >= count:
                    break
                given = {"device": device.id, "count": count - len(found)}
                rows = connection.execute(_OLDEST, given)
                found += _first(rows, device.number or 0, device.size or 0)
            return found

        return self._database.read(read)


def _first(rows, number, size):
    """Return the names of the first `rows` (name, size): so many, and of so many bytes."""
    names = []
    for row in rows:
        if len(names) >= number and size <= 0:
            break
        names.append(row.name)
        size -= row.size
    return names
