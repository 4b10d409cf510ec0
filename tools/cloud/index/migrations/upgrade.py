# Brings older tables up to date.

import pathlib

from alembic import command, util
from alembic.config import Config

from .. import standing, tables

FOLDER = pathlib.Path(__file__).parent


def config(connection=None):
    """Return Alembic's settings for our versions, to work on `connection` if given."""
    found = Config(attributes={"connection": connection, "standing": standing})
    found.set_main_option("script_location", str(FOLDER))
    found.set_main_option("path_separator", "os")
    return found


def upgrade(connection):
    """Bring the tables that `connection` sees to the newest version, in its transaction."""
    try:
        command.upgrade(config(connection), tables.VERSIONS[-1])
    except util.CommandError as error:
        raise RuntimeError(f"the versions of the tables: {error}") from error
