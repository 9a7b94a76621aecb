"""A real PostGIS for tests: a server somebody names, else one of our own for the session.

``VENUENET_TEST_DATABASE_URL`` names a server where databases may be created; nothing in its other
databases is touched. Without it the installed PostgreSQL is started on a socket in a temporary
folder. Where there is none, tests are skipped; a missing one fails where every change is judged.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from sqlalchemy import URL, make_url

TIMEOUT_S = 120
# The time zone is not UTC on purpose; what is lost in a crash of the machine is of no interest.
CONFIGURATION = """
listen_addresses = ''
unix_socket_directories = '{folder}'
timezone = 'Asia/Shanghai'
fsync = off
full_page_writes = off
synchronous_commit = off
"""


class Postgis:
    """A server, and databases on it with PostGIS enabled and nothing else in them."""

    def __init__(self, url: str) -> None:
        self.server = make_url(url)
        self._template = f"venuenet_test_{os.getpid()}"
        self._numbers = count(1)
        self.execute("CREATE DATABASE {}", self._template)
        try:
            self.execute("CREATE EXTENSION postgis", database=self._template)
        except psycopg.Error as error:
            self.drop(self._template)
            missing(f"PostGIS is not installed for the PostgreSQL found: {error}")

    def url(self, database: str | None = None) -> str:
        """The address of a database, as a user would write it."""
        url = self.server.set(database=database or self.server.database, drivername="postgresql")
        return url.render_as_string(hide_password=False)

    def execute(self, statement: str, *names: str, database: str | None = None) -> None:
        """Run a statement outside any transaction, names quoted."""
        quoted = sql.SQL(statement).format(*map(sql.Identifier, names))
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(quoted)

    def create(self) -> str:
        """Make a fresh database; return its name."""
        name = f"{self._template}_{next(self._numbers)}"
        self.execute("CREATE DATABASE {} TEMPLATE {}", name, self._template)
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def close(self) -> None:
        """Remove what the databases were made from."""
        self.drop(self._template)


def missing(reason: str) -> None:
    reason = f"no PostGIS for this test (see .ci/system-packages): {reason}"
    pytest.fail(reason) if os.environ.get("CI") == "true" else pytest.skip(reason)


@pytest.fixture(scope="session")
def postgis() -> Iterator[Postgis]:
    """A server for the session."""
    named = os.environ.get("VENUENET_TEST_DATABASE_URL")
    folder = None if named else start()
    try:
        server = Postgis(named or address(folder))
        yield server
        server.close()
    finally:
        if folder is not None:
            stop(folder)


@pytest.fixture
def postgis_url(postgis: Postgis) -> Iterator[str]:
    """The address of a fresh database with PostGIS, gone after the test."""
    name = postgis.create()
    yield postgis.url(name)
    postgis.drop(name)


def address(folder: Path) -> str:
    return URL.create(
        "postgresql", "postgres", database="postgres", query={"host": str(folder)}
    ).render_as_string()


def programs() -> Path:
    """The folder of PostgreSQL's programs; Debian keeps them off the PATH."""
    found = [Path(p).resolve().parent for p in [shutil.which("initdb")] if p]
    found += sorted(
        (p.parent for p in Path("/usr/lib/postgresql").glob("*/bin/initdb")),
        key=lambda p: float(p.parent.name),
        reverse=True,
    )
    return found[0] if found else missing("PostgreSQL is not installed")


def run(folder: Path, *command: str | Path) -> None:
    """Run one of PostgreSQL's programs, never as root: it refuses."""
    as_whom = {}
    if os.geteuid() == 0:
        owner = pwd.getpwuid(folder.stat().st_uid)
        as_whom = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    log = folder / "output"
    with log.open("ab") as output:
        done = subprocess.run(
            [str(part) for part in command],
            check=False,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=TIMEOUT_S,
            **as_whom,
        )
    assert done.returncode == 0, log.read_text()


def start() -> Path:
    """Start a server in a folder of its own; its socket lies there as well."""
    bin_ = programs()
    folder = Path(tempfile.mkdtemp(prefix="venuenet-pg-"))
    try:
        if os.geteuid() == 0:
            names = {entry.pw_name: entry for entry in pwd.getpwall()}
            owner = names.get("postgres") or names["nobody"]
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        initdb = (bin_ / "initdb", "--no-sync", "--auth=trust", "--username=postgres")
        run(folder, *initdb, "--encoding=UTF8", "--locale=C", "--pgdata", data)
        with (data / "postgresql.conf").open("a") as file:
            file.write(CONFIGURATION.format(folder=folder))
        run(folder, bin_ / "pg_ctl", "start", "--wait", "--pgdata", data, "--log", folder / "log")
    except BaseException:
        stop(folder)
        raise
    return folder


def stop(folder: Path) -> None:
    data = folder / "data"
    if (data / "postmaster.pid").exists():
        run(folder, programs() / "pg_ctl", "stop", "--mode=immediate", "--pgdata", data)
    shutil.rmtree(folder)
