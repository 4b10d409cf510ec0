# What is known of each picture; the pictures themselves are kept elsewhere (Objects).

import datetime
import time
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select, tuple_, update

from ..names import PICTURE
from ..names import taken_in as datetime_in
from ..service import rules
from .errors import AccountError
from .many import Insert
from .projects import place
from .records import DEVICE, Message, check_message, count, write_attributes
from .scene import Device, continue_numbers
from .tables import ARRIVAL, devices, pictures

_COLUMNS = (
    pictures.c.id,
    pictures.c.name,
    pictures.c.taken_in,
    devices.c.label,
    pictures.c.size,
    pictures.c.sha256,
    pictures.c.width,
    pictures.c.height,
    pictures.c.captured_at,
    pictures.c.cause,
)
_ROWS = select(*_COLUMNS).join_from(pictures, devices)
_SHOWN = _ROWS.where(~pictures.c.deleting)
_COUNT = (
    update(devices)
    .where(devices.c.id == bindparam("row"))
    .values(
        pictures=devices.c.pictures + bindparam("more"),
        picture_bytes=devices.c.picture_bytes + bindparam("bytes"),
    )
)
_ADD = Insert(pictures, [column.name for column in pictures.c if column.name != "id"])
_arrival = tuple_(*ARRIVAL)
_NEWEST = [column.desc() for column in ARRIVAL]


@dataclass(frozen=True)
class New:
    """A picture that lies in the object storage, to be made known.

    `device` is the Device, `name` that of Pictures.name, `size` in bytes, `sha256` in digits,
    `width` and `height` in pixels, `captured_at` a datetime or None, `cause` a text;
    `identifier` the attribute that is to be its `url`. `message` (Message) limits it as a
    message; `paced` tells whether by its interval too, or by the day's number only.
    """

    device: Device
    name: str
    size: int
    sha256: str
    width: int
    height: int
    identifier: str
    url: str
    captured_at: datetime.datetime | None = None
    cause: str = ""
    message: Message = Message()
    paced: bool = False

    @property
    def label(self):
        """The device's."""
        return self.device.label


@dataclass(frozen=True)
class Found:
    """A picture that is there already, to be made known: as in New."""

    name: str
    size: int
    sha256: str
    width: int
    height: int
    captured_at: datetime.datetime | None = None
    cause: str = ""


@dataclass(frozen=True)
class Stored:
    """One picture: its number `id` in the order of arrival, when it was `taken_in` (a datetime
    in UTC), the `device` (label), and as in New."""

    id: int
    name: str
    taken_in: datetime.datetime
    device: str
    size: int
    sha256: str
    width: int
    height: int
    captured_at: datetime.datetime | None
    cause: str


@dataclass(frozen=True)
class Page:
    """Some `pictures` (list of Stored), newest first; whether there are `older` and `newer`."""

    pictures: list
    older: bool
    newer: bool


class Pictures:
    """The pictures of an index. All that reads raises UnavailableError."""

    def __init__(self, database, writer, now, done):
        self._database = database
        self._writer = writer
        self._now = now
        self._done = done

    def name(self, device, ending):
        """Return a name for a picture of `device` (Device) that no other one ever has.

        `ending` is that of the name ("jpg"). Its number is that which the device got with
        Projects.admit: given out by the database, it is unique whatever instance gave it.
        """
        seconds, nanoseconds = divmod(self._now(), 1_000_000_000)
        stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime(seconds))
        number = device.number
        if number is None:
            number = self._writer.put(_number, None).result()
        return f"{stamp}.{nanoseconds // 1000:06d}Z-{device.label}-{number:06d}.{ending}"

    def keep(self, new):
        """Make a picture known: its row, its URL as an attribute, a message of the day.

        `new` is a New. Returns a Future, of None; it raises RefusedError with the account's error
        of reports, 403 or 413 (the picture stays then, only the attribute is not set), and
        DuplicateError, AccountError, UnavailableError.
        """
        return self._writer.put(_keep, new)

    def adopt(self, found):
        """Make pictures known that lie there already: `found` is a list of Found.

        Those that are known are passed over; no attribute is set. Numbers of new pictures go on
        behind theirs. In the order of arrival each stands where its time is; those later than all
        that is known, in the order given. Returns how many were made known.
        """

        def add(connection):
            known = _known(connection, [each.name for each in found])
            new = [each for each in found if each.name not in known]
            ids = place(connection, {_label(each.name) for each in new})
            rows = [_row(ids[_label(each.name)], each, taken_in(each.name)) for each in new]
            newest = connection.scalar(select(func.max(pictures.c.taken_in)))
            for row in rows:
                if newest is not None and row["taken_in"] < newest:
                    row["place"] = _before(connection, row["taken_in"])[0]
            _count(connection, rows, 1)
            _ADD.run(connection, rows)
            if rows and self._database.is_sqlite:  # a sequence goes on by itself
                continue_numbers(connection, max(number(each.name) for each in new))
            return len(rows)

        return self._write(add)

    def page(self, before=None, device=None, count=48):
        """Return a Page of the newest pictures, those older than the one named `before` if given.

        That need not be there any more; what cannot be a picture's name leaves all of them.
        `device` (label) takes those of one device.
        """
        query = _SHOWN if device is None else _SHOWN.where(devices.c.label == device)

        def read(connection):
            place = _place(connection, before)
            chosen = query
            if place is not None:
                # The first alone says nothing new; SQLite finds the place by it.
                chosen = query.where(ARRIVAL[0] <= place[0], _arrival < place)
            rows = connection.execute(chosen.order_by(*_NEWEST).limit(count + 1)).all()
            newer = False
            if place is not None:
                above = query.where(ARRIVAL[0] >= place[0], _arrival >= place)
                newer = connection.execute(above.order_by(*ARRIVAL).limit(1)).first() is not None
            return Page([_stored(row) for row in rows[:count]], len(rows) > count, newer)

        return self._database.read(read)

    def newest(self, device):
        """Return the newest picture of a device (label) as Stored, or None."""
        return next(iter(self.page(device=device, count=1).pictures), None)

    def get(self, name):
        """Return the picture of this name as Stored, or None."""
        if not PICTURE.fullmatch(name):
            return None
        rows = self._read(_SHOWN.where(pictures.c.name == name))
        return _stored(rows[0]) if rows else None

    def same(self, device, hashes):
        """Return the names of pictures of a device (label) that have these SHA-256, as a dict:
        SHA-256, the name of one of them."""
        query = select(pictures.c.sha256, pictures.c.name).join_from(pictures, devices)
        query = query.where(devices.c.label == device, ~pictures.c.deleting)
        return dict(iter(self._read(query.where(pictures.c.sha256.in_(hashes)))))

    def count(self, device=None):
        """Return how many pictures there are, of a device (label) or of all."""
        return self._sum(devices.c.pictures, device)

    def bytes(self, device=None):
        """Return how many bytes the pictures are, of a device (label) or of all."""
        return self._sum(devices.c.picture_bytes, device)

    def known(self, names):
        """Return those of `names` that have a row, being deleted or not, as a set."""
        return self._database.read(lambda connection: _known(connection, names))

    def after(self, last=0, count=1000):
        """Return the next pictures after the one with the id `last`, in the order of their ids,
        also those being deleted: rows with `id`, `name` and `taken_in` (seconds since 1970)."""
        query = select(pictures.c.id, pictures.c.name, pictures.c.taken_in)
        query = query.where(pictures.c.id > last).order_by(pictures.c.id).limit(count)
        return self._read(query)

    def begin_delete(self, names):
        """Have these pictures shown no more; when their objects are gone: end_delete()."""

        def begin(connection):
            query = select(pictures.c.id, pictures.c.device_id, pictures.c.size)
            query = query.where(pictures.c.name.in_(names), ~pictures.c.deleting)
            rows = connection.execute(query.order_by(pictures.c.id).with_for_update()).mappings()
            rows = rows.all()
            _count(connection, rows, -1)
            chosen = pictures.c.id.in_([row["id"] for row in rows])
            connection.execute(update(pictures).where(chosen).values(deleting=True))

        if names:
            self._write(begin)

    def deleting(self, count=1000):
        """Return the names of pictures whose deletion was begun and not ended, at most `count`."""
        query = select(pictures.c.name).where(pictures.c.deleting).order_by(pictures.c.id)
        return [row.name for row in self._read(query.limit(count))]

    def end_delete(self, names):
        """Forget these pictures, whose deletion was begun."""
        chosen = delete(pictures).where(pictures.c.deleting, pictures.c.name.in_(names))
        if names:
            self._write(lambda connection: connection.execute(chosen) and None)

    def _sum(self, column, device):
        query = select(func.coalesce(func.sum(column), 0))
        if device is not None:
            query = query.where(devices.c.label == device)
        return int(self._read(query)[0][0])

    def _read(self, query):
        return self._database.read(lambda connection: connection.execute(query).all())

    def _write(self, function):
        found = self._database.write(function)
        self._done()
        return found


def taken_in(name):
    """Return the time in a picture's name in seconds since 1970, or None if it is no name."""
    try:
        return datetime_in(name).timestamp()
    except ValueError:
        return None


def number(name):
    """Return the number in a picture's name: in that order they were taken in."""
    return int(name.rpartition("-")[2].partition(".")[0])


def _label(name):
    return name.split("-")[1]


def _number(scene, items):
    return scene.numbers(len(items))


def _keep(scene, items):
    results, rows, changes = [], [], []
    for new in items:
        row = scene.row(new.label)
        if row is None:
            results.append(AccountError(f"there is no device {new.label}"))
            continue
        rows.append(_row(row.id, new, scene.at))
        row.pictures += 1
        row.picture_bytes += new.size
        row.heard_at = scene.at
        try:
            rules.check_report(row)
            if new.paced:
                check_message(scene, row, new.message)
            else:
                count(scene, row, new.message)
            changes.append((row.id, new.identifier, new.url, DEVICE))
            results.append(None)
        except rules.RefusedError as error:
            results.append(error)
    _ADD.run(scene.connection, rows)
    write_attributes(scene, changes)
    return results


def _count(connection, rows, sign):
    """Count these rows of pictures (mappings) with their devices; `sign` -1: no more."""
    sums = {}
    for row in rows:
        found = sums.setdefault(row["device_id"], [0, 0])
        found[0] += sign
        found[1] += sign * row["size"]
    given = [{"row": of, "more": n, "bytes": size} for of, (n, size) in sorted(sums.items())]
    if given:
        connection.execute(_COUNT, given)


def _row(device_id, new, at):
    return {
        "device_id": device_id,
        "name": new.name,
        "taken_in": at,
        "size": new.size,
        "sha256": new.sha256,
        "width": new.width,
        "height": new.height,
        "captured_at": new.captured_at and new.captured_at.isoformat(),
        "cause": new.cause,
        "deleting": False,
        "place": None,
    }


def _stored(row):
    return Stored(
        row.id,
        row.name,
        datetime.datetime.fromtimestamp(row.taken_in, datetime.UTC),
        row.label,
        row.size,
        row.sha256,
        row.width,
        row.height,
        row.captured_at and datetime.datetime.fromisoformat(row.captured_at),
        row.cause,
    )


def _place(connection, before):
    """Return the place of the picture `before` in the order of arrival, a tuple as ARRIVAL, or
    None: it cannot be a picture's name."""
    at = taken_in(before or "")
    if at is None:
        return None
    row = connection.execute(select(*ARRIVAL).where(pictures.c.name == before)).first()
    if row:
        return tuple(row)
    place, last, number = _before(connection, at)
    return place, last, number + 1


def _before(connection, at):
    """Return the place of the newest picture taken in before `at` (seconds since 1970)."""
    query = select(*ARRIVAL).where(pictures.c.taken_in < at)
    row = connection.execute(query.order_by(pictures.c.taken_in.desc()).limit(1)).first()
    return tuple(row) if row else (0, 0, 0)


def _known(connection, names):
    query = select(pictures.c.name).where(pictures.c.name.in_(names))
    return set(connection.scalars(query))
