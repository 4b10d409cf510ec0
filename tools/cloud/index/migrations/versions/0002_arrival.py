# Pictures that are found late have their place in the order of arrival.

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade():
    """Add the column, and the indexes by that order."""
    op.add_column("pictures", sa.Column("place", sa.BigInteger()))
    order = [sa.text("coalesce(place, id)"), "taken_in", "id"]
    op.create_index("ix_pictures_arrival", "pictures", order)
    op.create_index("ix_pictures_device_arrival", "pictures", ["device_id", *order])
    op.drop_index("ix_pictures_device_id_id", "pictures")
    if op.get_bind().dialect.name == "sqlite":
        name = "ix_pictures_deleting_id"
        op.drop_index(name, "pictures")
        only = sa.text("deleting = 1")
        op.create_index(name, "pictures", ["deleting", "id"], sqlite_where=only)
