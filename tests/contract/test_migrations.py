"""Migrations end where the schema stands, and stop anywhere without leaving anything behind."""

import os
import re
import shutil
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, make_url, text

from tests.contract.changes import change, claims, commit, tables
from venuenet.errors import RegistryError
from venuenet.store import DatabaseStore, migrations, schema
from venuenet.store.database import connect

HERE = Path(migrations.__file__).parent
# What PostGIS brings along, and what only it can have.
NOT_OURS = {"spatial_ref_sys", "geom", "ix_venue_geom", "ix_venue_geography"}
NEXT = '''
"""A later version, for tests."""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade():
    op.create_table("later", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("INSERT INTO later VALUES (1)")
    op.execute("DELETE FROM venue")
    with op.batch_alter_table("claim") as batch:
        batch.add_column(sa.Column("weight", sa.Integer))
    {then}
'''


@pytest.fixture
def connection(store):
    with store._engine.connect() as connection:
        yield connection


def test_the_newest_migration_is_the_one_the_program_asks_for():
    config = Config()
    config.set_main_option("script_location", migrations.SCRIPTS)
    assert ScriptDirectory.from_config(config).get_heads() == [schema.VERSION]


def test_a_migrated_database_is_what_the_schema_says(connection):
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "compare_server_default": True,
            "include_object": lambda _item, name, *_: name not in NOT_OURS,
        },
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Did not recognize type 'geometry")
        warnings.filterwarnings("ignore", "autogenerate skipping metadata-specified")
        assert compare_metadata(context, schema.metadata) == []


def described(engine):
    """All that a database tells of its tables, rules and computed columns included."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection:
            made = text("SELECT name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")
            return {
                (name, *sorted(line.strip(" \t,") for line in sql.splitlines()))
                for name, sql in connection.execute(made)
            }
    columns = """
        SELECT table_name, column_name, data_type, udt_name, is_nullable, column_default,
               generation_expression, format_type(attribute.atttypid, attribute.atttypmod)
        FROM information_schema.columns JOIN pg_attribute AS attribute
          ON attname = column_name AND attrelid = table_name::regclass
        WHERE table_schema = 'public' AND table_name !~ '^g.*_columns$'"""
    rules = """
        SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0"""
    indexes = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"
    with engine.connect() as connection:
        return {
            tuple(row)
            for query in (columns, rules, indexes)
            for row in connection.exec_driver_sql(query)
        }


def test_migrations_and_schema_make_the_same_rules_and_indexes(store, request, tmp_path):
    """compare_metadata looks at no rule (CHECK), no deferral, no computed column."""
    migrated = store._engine
    if migrated.dialect.name == "sqlite":
        made = connect(f"sqlite:///{tmp_path / 'made.sqlite'}")
    else:
        postgis = request.getfixturevalue("postgis")
        name = postgis.create()
        request.addfinalizer(lambda: postgis.drop(name))
        made = connect(postgis.url(name))
    with made.begin() as connection:
        schema.metadata.create_all(connection)
    found = {row for row in described(migrated) if "alembic_version" not in row}
    assert {table.name for table in schema.metadata.sorted_tables} <= set().union(*found)
    assert len(found) >= 12
    assert found == described(made)
    made.dispose()


def test_a_current_database_is_opened_by_one_query_and_without_alembic(store, url):
    assert store.ledger().revision == 0
    program = """
import sys
from venuenet.store import DatabaseStore
from venuenet.store.database import connect
from sqlalchemy import event
asked = []
engine = connect(sys.argv[1])
event.listen(engine, "before_cursor_execute", lambda *a: asked.append(a[2]))
DatabaseStore(engine).close()
assert "alembic" not in sys.modules
asked = [statement for statement in asked if statement != "BEGIN"]
assert len(asked) == 1 and asked[0].startswith("SELECT version_num"), asked
"""
    subprocess.run([sys.executable, "-c", program, url], check=True)


def killed_at(url, statement, scripts=migrations.SCRIPTS, version=schema.VERSION):
    """Open a registry in a process that ends at once before a statement; return its end."""
    program = """
import os, signal, sys
from sqlalchemy import event
from venuenet.store import DatabaseStore, migrations
from venuenet.store.database import connect
url, statement, migrations.SCRIPTS, migrations.VERSION = sys.argv[1:]
def look(connection, cursor, sql, *rest):
    if statement and statement in sql:
        os.kill(os.getpid(), signal.SIGKILL)
engine = connect(url)
event.listen(engine, "before_cursor_execute", look)
DatabaseStore(engine)
"""
    command = [sys.executable, "-c", program, url, statement, scripts, version]
    return subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE alembic_version",
        "CREATE TABLE receipt",
        "CREATE TABLE mapping",
        "CREATE INDEX ix_venue_lat_lon",
        "INSERT INTO alembic_version",
    ],
)
def test_a_first_opening_killed_midway_leaves_nothing(url, statement):
    assert killed_at(url, statement) == -signal.SIGKILL
    engine = connect(url)
    assert set(inspect(engine).get_table_names()) - NOT_OURS == set()
    engine.dispose()
    store = DatabaseStore(connect(url))
    assert commit(store, change(claims=claims("A"))).number == 1
    store.close()


@pytest.fixture
def later(tmp_path):
    """Write the migrations with one more, which ends as told; return where."""

    def write(then="pass"):
        folder = tmp_path / "migrations"
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(HERE, folder)
        (folder / "versions" / "0002_later.py").write_text(NEXT.format(then=then))
        return str(folder)

    return write


def upgraded(url, scripts, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(migrations, "SCRIPTS", scripts)
        patch.setattr(migrations, "VERSION", "0002")
        DatabaseStore(connect(url)).close()


@pytest.mark.parametrize("how", ["raises", "is killed"])
def test_an_upgrade_that_ends_midway_leaves_the_version_before(store, url, later, how, monkeypatch):
    commit(store, change(claims=claims("A")))
    before = tables(store)
    if how == "raises":
        with pytest.raises(ZeroDivisionError):
            upgraded(url, later("1 / 0"), monkeypatch)
    else:
        scripts = later("os.kill(os.getpid(), signal.SIGKILL)")
        assert killed_at(url, "", scripts, "0002") == -signal.SIGKILL
    assert "later" not in inspect(store._engine).get_table_names()
    again = DatabaseStore(connect(url))
    assert tables(again) == before
    assert commit(again, change()).number == 2
    again.close()


def test_a_database_of_a_newer_version_is_refused(store, url, later, monkeypatch):
    commit(store, change(claims=claims("A")))
    upgraded(url, later(), monkeypatch)
    assert "later" in inspect(store._engine).get_table_names()
    with pytest.raises(RegistryError, match=r"0002.*请升级.*upgrade venuenet"):
        DatabaseStore(connect(url))


def test_without_postgis_and_the_right_to_it_the_way_out_is_told(postgis, request):
    role = f"venuenet_plain_{os.getpid()}"
    postgis.execute("CREATE ROLE {} LOGIN PASSWORD 'plain'", role)
    request.addfinalizer(lambda: postgis.execute("DROP ROLE {}", role))
    postgis.execute("CREATE DATABASE {0} OWNER {0} TEMPLATE template0", role)
    request.addfinalizer(lambda: postgis.drop(role))
    url = make_url(postgis.url(role)).set(username=role, password="plain")
    with pytest.raises(RegistryError, match=r"管理员.*CREATE EXTENSION postgis"):
        DatabaseStore(connect(url))
    postgis.execute("CREATE EXTENSION postgis", database=role)
    store = DatabaseStore(connect(url))
    assert commit(store, change()).number == 1
    store.close()


@pytest.mark.parametrize("table", schema.metadata.sorted_tables, ids=lambda table: table.name)
def test_every_column_stands_in_its_document(table):
    document = (HERE.parents[2] / "docs" / "registry-store.md").read_text(encoding="utf-8")
    (told,) = [line for line in document.splitlines() if line.startswith(f"| `{table.name}` |")]
    told = set(re.findall(r"`(\w+)`", told.split("|", 2)[2]))
    assert {c.name for c in table.columns} - {"receipt", "n"} <= told
