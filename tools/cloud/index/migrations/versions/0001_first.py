# The first tables.

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade():
    """Make them."""
    _accounts()
    _login()
    _records()
    _pictures()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("picture_numbers")))
        op.execute("ALTER TABLE devices SET (fillfactor = 50)")


def _accounts():
    op.create_table(
        "facts",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    op.create_table(
        "projects",
        sa.Column("id", _ID, nullable=False),
        sa.Column("key_hash", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("storage", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_projects"),
        sa.UniqueConstraint("key_hash", name="uq_projects_key_hash"),
        sa.UniqueConstraint("name", name="uq_projects_name"),
    )
    op.create_index("ix_projects_region", "projects", ["region"])
    op.create_table(
        "devices",
        sa.Column("id", _ID, nullable=False),
        sa.Column("project_id", _ID, nullable=False),
        sa.Column("label", sa.String(length=8), nullable=False),
        sa.Column("token_hash", sa.String(length=64)),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("device_type", sa.Text()),
        sa.Column("report_error", sa.Integer()),
        sa.Column("opened_at", sa.Double()),
        sa.Column("message_at", sa.Double()),
        sa.Column("day", sa.Integer()),
        sa.Column("day_messages", sa.Integer(), server_default="0", nullable=False),
        sa.Column("heard_at", sa.Double()),
        sa.Column("asked_at", sa.Double()),
        sa.Column("pictures", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("picture_bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("keep_days", sa.Integer()),
        sa.Column("keep_pictures", sa.Integer()),
        sa.Column("keep_bytes", sa.BigInteger()),
        sa.ForeignKeyConstraint(["project_id"], ["projects.id"], name="fk_devices_project_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
        sa.UniqueConstraint("label", name="uq_devices_label"),
        sa.UniqueConstraint("token_hash", name="uq_devices_token_hash"),
    )
    op.create_index("ix_devices_project_id", "devices", ["project_id"])


def _login():
    op.create_table(
        "users",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "sessions",
        sa.Column("id_hash", sa.String(length=64), nullable=False),
        sa.Column("user", sa.String(length=64), nullable=False),
        sa.Column("csrf", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["user"], ["users.name"], name="fk_sessions_user"),
        sa.PrimaryKeyConstraint("id_hash", name="pk_sessions"),
    )
    op.create_index("ix_sessions_seen_at", "sessions", ["seen_at"])
    op.create_index("ix_sessions_user", "sessions", ["user"])
    op.create_table(
        "attempts",
        sa.Column("who", sa.String(length=128), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("who", name="pk_attempts"),
    )


def _records():
    op.create_table(
        "attributes",
        sa.Column("device_id", _ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("set_by", sa.String(length=8), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_attributes_device_id"),
        sa.PrimaryKeyConstraint("device_id", "name", name="pk_attributes"),
    )
    op.create_table(
        "events",
        sa.Column("id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("method", sa.String(length=64), nullable=False),
        sa.Column("params", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_events_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_events_device_id_id", "events", ["device_id", "id"])


def _pictures():
    op.create_table(
        "pictures",
        sa.Column("id", _ID, nullable=False),
        sa.Column("device_id", _ID, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("taken_in", sa.Double(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("captured_at", sa.String(length=40)),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("deleting", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_pictures_device_id"),
        sa.PrimaryKeyConstraint("id", name="pk_pictures"),
        sa.UniqueConstraint("name", name="uq_pictures_name"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_pictures_deleting_id", "pictures", ["deleting", "id"])
    op.create_index("ix_pictures_device_id_id", "pictures", ["device_id", "id"])
    op.create_index("ix_pictures_taken_in", "pictures", ["taken_in"])
