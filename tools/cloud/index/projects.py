# Projects and their devices: who may send what, how often, and the commands that manage them.

import hashlib
import json
import operator
import secrets
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, func, select

from ..service import rules
from ..service.rules import RefusedError
from .errors import AccountError
from .many import Insert, Update
from .scene import ROWS, Row
from .tables import attributes, devices, events, facts, projects, standings

NAME_SIGNS = 40
# The project of devices that are in none: no region is empty, and nobody has its key.
_NOBODYS = "no project"
ACCOUNTS = "accounts"  # the fact that tells which accounts are in force

_PROJECT = select(projects).where(projects.c.key_hash == bindparam("key"), projects.c.listed)
_REGION = (
    select(projects.c.id).where(projects.c.region == bindparam("region"), projects.c.listed)
).limit(1)
_GIVEN = (
    "project_id",
    "token_hash",
    "name",
    "sort_name",
    "enabled",
    "listed",
    "device_type",
    "report_error",
)
_ADD = Insert(devices, ("label", *_GIVEN))
_SET = Update(devices, ("id", *_GIVEN))
_LEAVE = Update(devices, ("id", "token_hash", "listed"))
_KNOWN = ROWS.where(devices.c.token_hash == bindparam("token"))


@dataclass(frozen=True)
class Ask:
    """A wish to upload a picture, as its request's head tells it.

    `interval` is the least time between two of a device in seconds of the index's clock (0: no
    limit), `arrived` when this one came in seconds of that clock; None: when it is judged.
    """

    region: str
    key: str
    token: str
    identifier: str
    interval: float
    arrived: float | None = None


@dataclass(frozen=True)
class _Ask:
    ask: Ask
    key_hash: str
    token_hash: str


class Projects:
    """The projects and devices of an index, by Project-Keys and AccessTokens.

    Of both only hashes are kept.
    """

    def __init__(self, database, writer, now, done):
        self._database = database
        self._writer = writer
        self._now = now
        self._done = done

    def admit(self, ask):
        """Check all that can be checked before a picture's body is read; open the rate window.

        `ask` is an Ask. Returns a Future, of the Device; it raises RefusedError with the first
        rule broken, and UnavailableError.
        """
        return self._writer.put(_admit, _Ask(ask, digest(ask.key), digest(ask.token)))

    def known(self, key, token):
        """Return the Device that has this AccessToken in the project with this Project-Key.

        Raises RefusedError 401 or 451, UnavailableError.
        """
        rows = self._read(_KNOWN, {"token": digest(token)})
        row = next((row for row in rows if row.key_hash == digest(key)), None)
        return Row(rules.check_known(row)).device()

    def devices(self):
        """Return all devices that are listed as a list of Device. Raises UnavailableError."""
        query = ROWS.where(devices.c.listed).order_by(devices.c.id)
        return [Row(row).device() for row in self._read(query)]

    def device(self, label):
        """Return the listed device with this label, or None. Raises UnavailableError."""
        rows = self._read(ROWS.where(devices.c.label == label, devices.c.listed))
        return Row(rows[0]).device() if rows else None

    def names(self, labels):
        """Return the names of the devices with these labels, as a dict by label.

        Of one that is listed no more the label is left. Raises UnavailableError.
        """
        query = select(devices.c.label, devices.c.name, devices.c.listed)
        rows = self._read(query.where(devices.c.label.in_(labels)))
        return {row.label: row.name if row.listed else "device " + row.label for row in rows}

    def version(self):
        """Return a text that is another one when a project or device was changed, by anyone.

        Raises UnavailableError.
        """
        found = self._read(select(facts.c.value).where(facts.c.name == ACCOUNTS))
        return found[0][0] if found else ""

    def secrets(self):
        """Return the digest of each Project-Key and AccessToken as a dict: digest, name of its
        device or "". Raises UnavailableError."""
        tokens = select(devices.c.token_hash, devices.c.name)
        found = dict(self._read(tokens.where(devices.c.token_hash.is_not(None))))
        found.update((key, "") for (key,) in self._read(select(projects.c.key_hash)))
        return found

    def count(self, heard_within=None):
        """Return how many devices are listed, or of these, heard from in the last so many
        seconds. Raises UnavailableError."""
        query = select(func.count()).select_from(devices).where(devices.c.listed)
        if heard_within is not None:
            query = query.where(devices.c.heard_at > self._now() / 1e9 - heard_within)
        return self._read(query)[0][0]

    def region(self, project):
        """Return the region of a project by its name, or None: there is none. Raises
        UnavailableError."""
        query = select(projects.c.region).where(projects.c.name == project, projects.c.listed)
        rows = self._read(query)
        return rows[0][0] if rows else None

    def add_project(self, name, region, storage=True):
        """Add a project and return its Project-Key, which is kept nowhere.

        Raises AccountError if there is one of that `name`, or it cannot be one; UnavailableError.
        """
        name = _name(name)
        key = secrets.token_hex(16)

        def add(connection):
            if connection.scalar(select(projects.c.id).where(projects.c.name == name)):
                raise AccountError(f"there is a project {name} already")
            connection.execute(
                projects.insert(),
                {
                    "key_hash": digest(key),
                    "name": name,
                    "region": region,
                    "storage": storage,
                    "listed": True,
                },
            )

        self._change(add)
        return key

    def add_device(self, project, name, device_type):
        """Add a device to a `project` (its name); return its AccessToken, which is kept nowhere.

        `device_type` maps identifiers to data types; None: not bound. Raises AccountError if there
        is no such project, or `name` cannot be one; UnavailableError.
        """
        name = _name(name)

        def add(connection):
            of = connection.scalar(select(projects.c.id).where(projects.c.name == project))
            if of is None:
                raise AccountError(f"there is no project {project}")
            while True:
                token = secrets.token_hex(16)
                label = digest(token)[:8]
                if not connection.scalar(select(devices.c.id).where(devices.c.label == label)):
                    break
            row = _device_row(of, name, True, device_type, None)
            row.update(label=label, token_hash=digest(token))
            connection.execute(devices.insert(), row)
            return token

        return self._change(add)

    def set_enabled(self, label, enabled):
        """Let a device send, or not. Raises AccountError, UnavailableError."""
        self._change(lambda connection: _alter(connection, label, enabled=enabled))

    def rotate_token(self, label):
        """Give a device another AccessToken and return it; its label stays.

        Raises AccountError, UnavailableError.
        """
        token = secrets.token_hex(16)
        self._change(lambda connection: _alter(connection, label, token_hash=digest(token)))
        return token

    def remove(self, label):
        """Take a device away, with its attributes and events; its pictures stay.

        Raises AccountError, UnavailableError.
        """

        def change(connection):
            of = _alter(connection, label, token_hash=None, listed=False)
            for table in (attributes, events, standings):
                connection.execute(delete(table).where(table.c.device_id == of))

        self._change(change)

    def replace(self, accounts):
        """Make the index say what `accounts` (service/accounts.py) say; cheap if it does already.

        Devices that are not in them are listed no more; what is known of them stays. Raises
        UnavailableError.
        """
        wanted = _wanted(accounts)
        text = json.dumps(wanted, sort_keys=True)
        mark = hashlib.sha256(text.encode()).hexdigest()
        if self.version() != mark:
            self._change(lambda connection: _replace(connection, wanted, mark))

    def add(self, accounts):
        """Add what `accounts` (service/accounts.py) say, or change it to that; what they do not
        name stays. Raises UnavailableError."""
        wanted = _wanted(accounts)
        self._change(lambda connection: _put(connection, wanted))

    def _change(self, function):
        def change(connection):
            self._database.alone(connection)
            # Whatever is changed: it is what the accounts said no more.
            connection.execute(delete(facts).where(facts.c.name == ACCOUNTS))
            row = {"name": ACCOUNTS, "value": secrets.token_hex(8)}
            connection.execute(facts.insert(), row)
            return function(connection)

        found = self._database.write(change)
        self._done()
        return found

    def _read(self, query, given=None):
        return self._database.read(lambda connection: connection.execute(query, given).all())


def digest(secret):
    """Return what is kept of a Project-Key or AccessToken: SHA-256, in hexadecimal digits."""
    # In a header's text there may be bytes that are no UTF-8.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()


def place(connection, labels):
    """Return the row numbers of the devices with these labels, as a dict by label.

    Unknown ones are made: listed nowhere, as what their pictures and attributes belong to.
    """
    query = select(devices.c.label, devices.c.id).where(devices.c.label.in_(labels))
    found = dict(iter(connection.execute(query)))
    missing = sorted(set(labels) - found.keys())
    if missing:
        of = connection.scalar(select(projects.c.id).where(projects.c.name == _NOBODYS))
        if of is None:
            row = {"region": "", "storage": False, "name": _NOBODYS, "listed": False}
            row["key_hash"] = digest(secrets.token_hex(16))
            of = connection.execute(projects.insert().values(row)).inserted_primary_key[0]
        for label in missing:
            row = _device_row(of, "device " + label, True, None, None)
            row.update(label=label, token_hash=None, listed=False)
            connection.execute(devices.insert(), row)
        found = dict(iter(connection.execute(query)))
    return found


def _admit(scene, items):
    results = []
    for item in items:
        row = scene.row(item.token_hash)
        try:
            _check(scene, item, row)
            results.append(row)
        except RefusedError as error:
            results.append(error)
    numbers = scene.numbers(sum(not isinstance(result, RefusedError) for result in results))
    return [
        result if isinstance(result, RefusedError) else result.device(numbers.pop(0))
        for result in results
    ]


def _check(scene, item, row):
    ask = item.ask
    project, regions = row, (ask.region,)
    if row is None or row.key_hash != item.key_hash or row.region != ask.region:
        # Something is wrong: what, is looked up.
        project = scene.connection.execute(_PROJECT, {"key": item.key_hash}).first()
        if scene.connection.scalar(_REGION, {"region": ask.region}) is None:
            regions = ()
        if row is not None and (project is None or row.project_id != project.id):
            row = None
    row = rules.check_account(ask.region, ask.identifier, regions, project, row)
    arrived = scene.clock() if ask.arrived is None else ask.arrived
    rules.check_pace(row.opened_at, arrived, ask.interval, 4291)
    row.opened_at = arrived


def _name(text):
    name = text.strip()
    if not (0 < len(name) <= NAME_SIGNS and name.isprintable()):
        raise AccountError(f"a name has 1 to {NAME_SIGNS} signs that can be printed")
    return name


def _alter(connection, label, **values):
    query = select(devices.c.id).where(devices.c.label == label, devices.c.listed)
    of = connection.scalar(query)
    if of is None:
        raise AccountError(f"there is no device {label}")
    connection.execute(devices.update().where(devices.c.id == of).values(values))
    return of


def _device_row(project, name, enabled, device_type, report_error):
    return {
        "project_id": project,
        "name": name,
        "sort_name": name.lower(),
        "enabled": enabled,
        "listed": True,
        "device_type": None if device_type is None else json.dumps(device_type),
        "report_error": report_error,
    }


def _wanted(accounts):
    """Return what accounts say, without secrets: rows of projects, each with rows of devices."""
    return [
        {
            "key_hash": digest(key),
            "region": project.region,
            "storage": project.storage,
            "devices": {
                digest(token): _device_row(
                    None, device.name, device.enabled, device.device_type, device.report_error
                )
                for token, device in project.devices.items()
            },
        }
        for key, project in accounts.projects.items()
    ]


def _replace(connection, wanted, mark):
    connection.execute(projects.update().values(listed=False))
    gone = sorted(_put(connection, wanted))
    _LEAVE.run(connection, [{"id": of, "token_hash": None, "listed": False} for of in gone])
    connection.execute(facts.update().where(facts.c.name == ACCOUNTS).values(value=mark))


def _put(connection, wanted):
    """Make or change projects and devices to be as wanted; return the rows of the others that
    have a token."""
    rows = connection.execute(select(devices)).all()
    by_token = {row.token_hash: row.id for row in rows if row.token_hash}
    by_label = {row.label: row.id for row in rows if not row.token_hash}
    labels = {row.label for row in rows}
    old, new = [], []
    for project in wanted:
        of = _project(connection, project)
        for token, values in project["devices"].items():
            row = {**values, "project_id": of, "token_hash": token}
            # One that was listed no more has its label left.
            there = by_token.pop(token, None) or by_label.pop(token[:8], None)
            if there is None:
                row["label"] = _label(token, labels)
                labels.add(row["label"])
                new.append(row)
            else:
                old.append({**row, "id": there})
    _SET.run(connection, sorted(old, key=operator.itemgetter("id")))
    _ADD.run(connection, new)
    return by_token.values()


def _project(connection, project):
    """Return the id of a project that is made or changed to be as wanted."""
    values = {"region": project["region"], "storage": project["storage"], "listed": True}
    of = connection.scalar(select(projects.c.id).where(projects.c.key_hash == project["key_hash"]))
    if of is not None:
        connection.execute(projects.update().where(projects.c.id == of).values(values))
        return of
    values["key_hash"] = project["key_hash"]
    values["name"] = "project " + project["key_hash"][:8]
    return connection.execute(projects.insert().values(values)).inserted_primary_key[0]


def _label(token, taken):
    """Return the label of a device: the first eight digits that no other one has."""
    places = (token[start : start + 8] for start in range(57))
    return next(label for label in places if label not in taken)
