# Versions of the tables: by Alembic what a new database gets at once; older and newer ones.

import contextlib
import pathlib
import shutil
import subprocess
import sys

import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from tests.support.index import LABEL, accounts
from tests.support.world import ROOT
from tools.cloud.index import DatabaseError, Index, tables
from tools.cloud.index.fleet import Wish
from tools.cloud.index.migrations import upgrade
from tools.cloud.index.standing import version_number

NEXT = """
import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{last}"


def upgrade():
    op.add_column("devices", sa.Column("place", sa.Text()))
    op.execute("UPDATE devices SET place = 'garden'")
    {more}
"""


@contextlib.contextmanager
def connected(url):
    """Write to a database behind the index's back."""
    engine = sqlalchemy.create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture
def newer(tmp_path, monkeypatch):
    """Return what gives this program a version of the tables more, which does `more`."""

    def make(more="pass"):
        folder = tmp_path / "migrations"
        shutil.copytree(pathlib.Path(upgrade.__file__).parent, folder)
        text = NEXT.format(last=tables.VERSIONS[-1], more=more)
        (folder / "versions" / "next.py").write_text(text)
        monkeypatch.setattr(upgrade, "FOLDER", folder)
        monkeypatch.setattr(tables, "VERSIONS", (*tables.VERSIONS, "next"))

    return make


# Alembic cannot see these of SQLite: their names are compared below.
@pytest.mark.filterwarnings("ignore:.*expression-based index")
@pytest.mark.parametrize("way", ["at once", "version by version"])
def test_both_ways_to_the_tables_lead_to_the_same_ones(way, index_url):
    if way == "at once":
        Index(index_url).close()
    with connected(index_url) as connection:
        if way != "at once":
            upgrade.upgrade(connection)
        context = MigrationContext.configure(
            connection, opts={"compare_server_default": True, "compare_type": True}
        )
        assert compare_metadata(context, tables.metadata) == []
        indexes = {index.name for index in tables.pictures.indexes}
        if connection.dialect.name == "sqlite":
            query = "SELECT name FROM sqlite_master WHERE tbl_name = 'pictures'"
            query += " AND sql LIKE 'CREATE INDEX%'"
            assert set(connection.exec_driver_sql(query).scalars()) == indexes
        found = connection.scalar(sqlalchemy.select(tables.version.c.version_num))
        assert found == tables.VERSIONS[-1]
        names = sqlalchemy.inspect(connection).get_sequence_names
        if connection.dialect.name == "postgresql":
            assert "picture_numbers" in names()
    with Index(index_url) as index:
        index.projects.replace(accounts())
        index.records.set(LABEL, {"a": 1}, "person").result(10)


def test_each_version_has_its_file():
    scripts = ScriptDirectory.from_config(upgrade.config())
    found = [script.revision for script in scripts.walk_revisions()]
    assert tuple(reversed(found)) == tables.VERSIONS


def test_older_tables_are_brought_up_to_date(index_url, newer):
    with Index(index_url) as index:
        index.projects.replace(accounts())
        index.records.set(LABEL, {"a": 1}, "person").result(10)
    newer()
    with Index(index_url) as index:
        assert index.records.attributes(LABEL) == {"a": 1}
    with connected(index_url) as connection:
        assert connection.exec_driver_sql("SELECT place FROM devices").scalars().all() == [
            "garden"
        ]
    Index(index_url).close()


def test_what_fails_on_the_way_leaves_them_as_they_were(index_url, newer, monkeypatch):
    with Index(index_url) as index:
        index.projects.replace(accounts())
    with monkeypatch.context() as inner:
        newer("op.execute('no SQL')")
        with pytest.raises(
            DatabaseError, match=f"{tables.VERSIONS[-2]} to next, and are as they were: .*no"
        ):
            Index(index_url)
        inner.undo()
    monkeypatch.undo()
    with Index(index_url) as index:
        assert index.projects.count() == 1
    with connected(index_url) as connection:
        columns = sqlalchemy.inspect(connection).get_columns("devices")
    assert "place" not in [column["name"] for column in columns]


def test_newer_tables_are_refused(index_url):
    Index(index_url).close()
    with connected(index_url) as connection:
        connection.execute(tables.version.update().values(version_num="9999"))
    with pytest.raises(DatabaseError, match="version 9999, newer than this program's"):
        Index(index_url)


def test_another_programs_tables_are_left_alone(index_url):
    with connected(index_url) as connection:
        connection.exec_driver_sql("CREATE TABLE devices (id INTEGER)")
    with pytest.raises(DatabaseError, match="another program's tables"):
        Index(index_url)


def test_a_start_loads_only_what_it_needs(tmp_path):
    code = f"""
import sys
from tools.cloud.index import Index
for _ in range(2):
    Index("sqlite:///{tmp_path}/index.db").close()
large = ("alembic", "psycopg", "sqlalchemy.orm", "sqlalchemy.dialects.postgresql")
print([name for name in large if name in sys.modules])
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"


def test_how_cameras_stand_is_made_of_what_older_tables_say(index_url, monkeypatch):
    older = tables.VERSIONS[: tables.VERSIONS.index("0003")]
    with connected(index_url) as connection, monkeypatch.context() as then:
        then.setattr(tables, "VERSIONS", older)
        upgrade.upgrade(connection)
        connection.exec_driver_sql(
            "INSERT INTO projects VALUES (1, 'k', 'home', 'home', true, true)"
        )
        connection.exec_driver_sql(
            "INSERT INTO devices (id, project_id, label, name, enabled, listed, heard_at)"
            " VALUES (1, 1, '0badcafe', 'Élan', true, true, 1000.0)"
        )
        values = [("version", '"1.2.3"'), ("battery", '"low"'), ("waiting", "7")]
        for name, value in values:
            connection.execute(
                tables.attributes.insert(),
                {"device_id": 1, "name": name, "value": value, "at": 1000.0, "set_by": "device"},
            )
    with Index(index_url) as index:
        wish = Wish(now=1001.0, version=version_number("1.3.0"), words=("éla", "low"))
        kinds = {"silent": 0, "stopped": 0, "low": 1, "old": 1, "waiting": 1}
        assert index.fleet.counts(wish) == {"": 1, **kinds, "wanted": 1}
        assert [camera.name for camera in index.fleet.page(wish, 0, 10)] == ["Élan"]
