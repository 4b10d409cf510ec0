# All tables of the index, and the versions of them that there have been.
#
# Times are seconds since 1970; what is JSON is text, so that both databases keep it as it came.

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Sequence,
    String,
    Table,
    Text,
    event,
    func,
    text,
)

# The newest last; each is a file in migrations/versions. Add one there for each change below.
VERSIONS = ("0001", "0002", "0003")

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite counts by itself only in a column that is exactly INTEGER.
_ID = BigInteger().with_variant(Integer, "sqlite")

# Numbers in pictures' names; SQLite, which has no sequences, keeps the last one in `facts`.
picture_numbers = Sequence("picture_numbers", metadata=metadata)

version = Table("alembic_version", metadata, Column("version_num", String(32), primary_key=True))

# What there is one of: the digest of the accounts in force, the last number of a picture.
facts = Table(
    "facts",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

projects = Table(
    "projects",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False, unique=True),
    Column("region", Text, nullable=False, index=True),
    Column("storage", Boolean, nullable=False),
    Column("listed", Boolean, nullable=False),
)

devices = Table(
    "devices",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("project_id", _ID, ForeignKey("projects.id"), nullable=False, index=True),
    Column("label", String(8), nullable=False, unique=True),
    Column("token_hash", String(64), unique=True),
    Column("name", String(64), nullable=False),
    Column("enabled", Boolean, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("device_type", Text),
    Column("report_error", Integer),
    Column("opened_at", Double),
    Column("message_at", Double),
    Column("day", Integer),
    Column("day_messages", Integer, nullable=False, server_default="0"),
    Column("heard_at", Double),
    Column("asked_at", Double),
    # Of its pictures: how many, and how many bytes; without those being deleted.
    Column("pictures", BigInteger, nullable=False, server_default="0"),
    Column("picture_bytes", BigInteger, nullable=False, server_default="0"),
    Column("keep_days", Integer),
    Column("keep_pictures", Integer),
    Column("keep_bytes", BigInteger),
    # Its name in small letters, by which cameras are sorted and searched: see standing.py.
    Column("sort_name", Text),
)

# A row changes with each upload: room for its next version lies beside it. Not said with
# Table's own postgresql_with, which would load PostgreSQL's dialect everywhere.
event.listen(
    devices,
    "after_create",
    DDL("ALTER TABLE devices SET (fillfactor = 50)").execute_if(dialect="postgresql"),
)

pictures = Table(
    "pictures",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("device_id", _ID, ForeignKey("devices.id"), nullable=False),
    Column("name", String(80), nullable=False, unique=True),
    Column("taken_in", Double, nullable=False, index=True),
    Column("size", BigInteger, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("captured_at", String(40)),
    Column("cause", Text, nullable=False),
    Column("deleting", Boolean, nullable=False),
    # Of one that was found late: the id that it stands behind in the order of arrival.
    Column("place", BigInteger),
    # In SQLite of these few alone: it would take it for all others too, and sort a million.
    Index(None, "deleting", "id", sqlite_where=text("deleting = 1")),
    # A number is never given twice: who has seen up to one has seen all below it.
    sqlite_autoincrement=True,
)
# The order of arrival; not by time, for a clock may go back.
ARRIVAL = (func.coalesce(pictures.c.place, pictures.c.id), pictures.c.taken_in, pictures.c.id)
Index("ix_pictures_arrival", *ARRIVAL)
Index("ix_pictures_device_arrival", pictures.c.device_id, *ARRIVAL)

attributes = Table(
    "attributes",
    metadata,
    Column("device_id", _ID, ForeignKey("devices.id"), primary_key=True, autoincrement=False),
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("set_by", String(8), nullable=False),
)

events = Table(
    "events",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("device_id", _ID, ForeignKey("devices.id"), nullable=False),
    Column("at", Double, nullable=False),
    Column("method", String(64), nullable=False),
    Column("params", Text, nullable=False),
    Index(None, "device_id", "id"),
    sqlite_autoincrement=True,
)

# Of each device that has told something how it stands, made of its attributes as these change.
standings = Table(
    "standings",
    metadata,
    Column("device_id", _ID, ForeignKey("devices.id"), primary_key=True, autoincrement=False),
    Column("silent_s", Double),
    Column("version", BigInteger),
    Column("waiting", Double, nullable=False),
    Column("stopped", Boolean, nullable=False),
    Column("low", Boolean, nullable=False),
    Column("text", Text, nullable=False),
)

users = Table(
    "users",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("password_hash", Text, nullable=False),
    Column("made_at", Double, nullable=False),
)

sessions = Table(
    "sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("user", String(64), ForeignKey("users.name"), nullable=False, index=True),
    Column("csrf", String(64), nullable=False),
    Column("made_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False, index=True),
)

# Of logins that failed, by whom: an address or a user's name.
attempts = Table(
    "attempts",
    metadata,
    Column("who", String(128), primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", Double, nullable=False),
)
