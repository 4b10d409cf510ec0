# How each camera stands, to be searched and sorted by.

import json

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_AT_ONCE = 500


def upgrade():
    """Add the table and the column, and fill them."""
    op.add_column("devices", sa.Column("sort_name", sa.Text()))
    table = op.create_table(
        "standings",
        sa.Column("device_id", _ID, autoincrement=False, nullable=False),
        sa.Column("silent_s", sa.Double()),
        sa.Column("version", sa.BigInteger()),
        sa.Column("waiting", sa.Double(), nullable=False),
        sa.Column("stopped", sa.Boolean(), nullable=False),
        sa.Column("low", sa.Boolean(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_standings_device_id"),
        sa.PrimaryKeyConstraint("device_id", name="pk_standings"),
    )
    connection = op.get_bind()
    # It is no module of a package: what it needs of ours is handed over.
    config = op.get_context().config
    assert config
    standing = config.attributes["standing"]
    rows = connection.execute(sa.text("SELECT id, name FROM devices ORDER BY id")).all()
    for start in range(0, len(rows), _AT_ONCE):
        few = rows[start : start + _AT_ONCE]
        _fill(connection, table, standing, {row.id: row.name for row in few})


def _fill(connection, table, standing, names):
    change = sa.text("UPDATE devices SET sort_name = :name WHERE id = :id")
    connection.execute(change, [{"id": of, "name": n.lower()} for of, n in names.items()])
    query = sa.text(
        "SELECT device_id, name, value FROM attributes"
        " WHERE device_id BETWEEN :first AND :last AND name IN :names"
    ).bindparams(sa.bindparam("names", expanding=True))
    given = {"first": min(names), "last": max(names), "names": list(standing.NAMES)}
    values = {}
    for of, name, value in connection.execute(query, given):
        values.setdefault(of, {})[name] = json.loads(value)
    new = [standing.standing(known).row(of) for of, known in values.items()]
    if new:
        connection.execute(table.insert(), new)
