"""Brings a database to the schema of this program, in one transaction or not at all."""

from __future__ import annotations

from sqlalchemy import Connection, Text, column, select, table, text
from sqlalchemy.exc import DBAPIError

from venuenet.errors import RegistryError
from venuenet.store.schema import VERSION

SCRIPTS = "venuenet.store:migrations"
"""Where alembic finds them: a package and a folder in it."""

_version = select(column("version_num", Text)).select_from(table("alembic_version"))


def is_current(connection: Connection) -> bool:
    """Tell whether a database is at ``VERSION``, by one query; False also when it is empty."""
    try:
        return bool(connection.scalar(_version) == VERSION)
    except DBAPIError:
        return False


def upgrade(connection: Connection) -> None:
    """Run the migrations a database lacks, in the transaction the connection is in.

    Raises
    ------
    RegistryError
        A newer program wrote the database, or PostGIS is missing and may not be created.
    """
    # Alembic takes longer to import than a store to open, and is needed once per version.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", SCRIPTS)
    config.attributes["connection"] = connection
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise RegistryError(
            f"登记簿由更新版本的 venuenet 写成（{found}，本程序 {VERSION}），请升级 venuenet",
            f"a newer venuenet wrote this registry ({found}, this one knows {VERSION});"
            " upgrade venuenet",
        )
    if connection.dialect.name == "postgresql":
        _ensure_postgis(connection)
    command.upgrade(config, "head")


def _ensure_postgis(connection: Connection) -> None:
    try:
        connection.execute(text("CREATE EXTENSION IF NOT EXISTS postgis"))
    except DBAPIError as error:
        raise RegistryError(
            "数据库没有 PostGIS，本用户也无权启用；请管理员安装 PostGIS 并在该库执行"
            " CREATE EXTENSION postgis",
            "the database lacks PostGIS and this user may not enable it; have its administrator"
            " install PostGIS and run CREATE EXTENSION postgis there",
        ) from error
