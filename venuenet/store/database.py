"""The registry in a database: a SQLite file beside the snapshots, or PostGIS on a server.

One writer at a time, one transaction per commit; readers never wait and see whole revisions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psycopg
from filelock import FileLock
from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DataError, DBAPIError, IntegrityError, SQLAlchemyError

from venuenet.errors import RegistryError, StaleRegistryError
from venuenet.registry.model import Change, Ledger, Receipt, Row
from venuenet.registry.resolve import register
from venuenet.settings import Settings
from venuenet.store import entries, migrations, schema, states

FILE = "registry.sqlite"
"""The registry's name in the data folder."""

WAIT_S = 30
"""How long a writer waits for the one before it."""

_RULES = (IntegrityError, DataError, psycopg.IntegrityError, psycopg.DataError, OverflowError)
_POSTGRES = ("postgresql", "postgres", "postgresql+psycopg")


def connect(url: str | URL) -> Engine:
    """Prepare access to a database; nothing is opened yet.

    Parameters
    ----------
    url : str or URL
        ``postgresql://user@host/name`` (``postgres://`` as well) or ``sqlite:////path/to/file``.

    Raises
    ------
    RegistryError
        It is no such address.
    """
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        # What was given may hold a password in some place nobody looks for it.
        raise RegistryError(
            "VENUENET_DATABASE_URL 不是数据库地址，应形如 postgresql://用户@主机/库名",
            "VENUENET_DATABASE_URL is no database address such as postgresql://user@host/name",
            param="database_url",
        ) from None
    if found.drivername in _POSTGRES:
        query = {"connect_timeout": "10", "application_name": "venuenet"} | found.query
        found = found.set(drivername="postgresql+psycopg", query=query)
        return create_engine(found, json_serializer=_as_written, pool_pre_ping=True)
    if found.drivername == "sqlite" and found.database:
        engine = create_engine(found, json_serializer=_as_written, connect_args={"timeout": WAIT_S})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    raise RegistryError(
        f"登记簿不能保存在 {found.drivername} 中",
        f"the registry cannot be kept in {found.drivername}",
        param="database_url",
        allowed=["postgresql", "sqlite"],
    )


def open_store(settings: Settings | None = None, data: Path | None = None) -> DatabaseStore:
    """Open the registry: the database the settings name, else a file in the data folder.

    Parameters
    ----------
    settings : Settings, optional
        From the environment by default.
    data : Path, optional
        The data folder, in place of the settings'.

    Raises
    ------
    RegistryError
        The database cannot be reached, or was written by a newer program.
    """
    settings = settings or Settings()
    if settings.database_url is not None:
        return DatabaseStore(connect(settings.database_url.get_secret_value()))
    file = ((data or settings.data) / FILE).absolute()
    # Not as text: a folder's name may hold what means something in an address.
    return DatabaseStore(connect(URL.create("sqlite", database=str(file))))


def registry_exists(data: Path | None = None) -> bool:
    """Tell whether there is a registry to open, without making one.

    A database that the settings name counts as one, empty or not: somebody wants it there.
    """
    settings = Settings()
    return settings.database_url is not None or ((data or settings.data) / FILE).is_file()


class DatabaseStore:
    """A Store in SQLite or PostGIS; brings the database to its schema when it is opened.

    Parameters
    ----------
    engine : Engine
        From :func:`connect`.
    work_out : states.States, optional
        What states follow from claims.
    """

    def __init__(self, engine: Engine, work_out: states.States = register) -> None:
        self._engine = engine
        self._work_out = work_out
        self._reader = engine
        if engine.dialect.name == "postgresql":
            self._reader = engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        with self._told(), self._alone_opening():
            with self._reader.connect() as connection:
                current = migrations.is_current(connection)
            if not current:
                with self._writing() as connection:
                    migrations.upgrade(connection)

    def ledger(self) -> Ledger:
        """See Store."""
        with self._told(), self._reader.connect() as connection:
            return entries.read_ledger(connection)

    def commit(self, change: Change, revision: int) -> Receipt:
        """See Store.

        Raises
        ------
        StaleRegistryError
            Another receipt came between; nothing was written.
        RegistryError
            The change breaks a rule of the tables, undoes what is not there or is undone
            already, or merges in a circle; nothing was written.
        """
        receipt = entries.receipt_of(change, revision + 1)
        appended = entries.appended(change, receipt.number)
        with self._told(), self._writing() as connection:
            columns = schema.receipt.c
            undoes = dict(connection.execute(select(columns.number, columns.undoes)).all())
            if len(undoes) != revision:
                raise StaleRegistryError(
                    f"登记簿已到第 {len(undoes)} 号回执，此更改基于第 {revision} 号；"
                    "请重新读取后再试",
                    f"the registry is at receipt {len(undoes)}, this change was planned on"
                    f" {revision}; read it again and repeat",
                )
            before = entries.undone(undoes)
            if change.undoes is not None:
                _refuse_undo(change.undoes, undoes, before)
            connection.execute(insert(schema.receipt), entries.receipt_entry(receipt))
            for table, rows in appended.items():
                entries.append(connection, table, rows)
            after = entries.undone(undoes | {receipt.number: receipt.undoes})
            turned = {receipt.number, *(before.keys() ^ after.keys())}
            touched = states.touched_by(connection, turned)
            states.refresh(connection, touched, self._work_out)
        return receipt

    def rows(self, receipt: int) -> Sequence[Row]:
        """See Store."""
        with self._told(), self._reader.connect() as connection:
            return entries.read_rows(connection, receipt)

    def near(self, lon: float, lat: float, metres: float) -> Sequence[str]:
        """See Store; ``states.near`` tells how."""
        with self._told(), self._reader.connect() as connection:
            return states.near(connection, lon, lat, metres)

    def rebuild(self) -> None:
        """Work out every venue's state anew, after the rules of ``register`` changed."""
        with self._told(), self._writing() as connection:
            states.refresh(connection, None, self._work_out)

    def close(self) -> None:
        """See Store."""
        self._engine.dispose()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Hold the one transaction that may write."""
        with self._engine.execution_options(sqlite_begin="BEGIN IMMEDIATE").begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
                key = func.hashtext("venuenet registry")
                connection.execute(select(func.pg_advisory_xact_lock(key)))
            yield connection

    def _alone_opening(self) -> AbstractContextManager[Any]:
        """Keep others from opening a SQLite file meanwhile.

        Its first opener turns the file to WAL, which fails at once while another reads it:
        SQLite does not wait for that lock.
        """
        if self._engine.dialect.name == "postgresql":
            return nullcontext()
        file = Path(str(self._engine.url.database))
        file.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(f"{file}.lock", timeout=WAIT_S)

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Word what the database refuses for people, without its password."""
        try:
            yield
        except _RULES as error:
            why = self._reason(error)
            raise RegistryError(
                f"更改不合登记簿的规则，未写入任何内容：{why}",
                f"the change breaks a rule of the registry; nothing was written: {why}",
            ) from error
        except (SQLAlchemyError, psycopg.Error, OSError) as error:
            why, where = self._reason(error), _where(self._engine.url)
            raise RegistryError(
                f"登记簿的数据库 {where} 无法使用：{why}",
                f"the registry's database {where} cannot be used: {why}",
            ) from error

    def _reason(self, error: Exception) -> str:
        cause = error.orig if isinstance(error, DBAPIError) else error
        # Without the row that PostgreSQL quotes beside.
        first = cause.diag.message_primary if isinstance(cause, psycopg.Error) else None
        said = " ".join((first or str(cause)).split())
        url = self._engine.url
        for secret in (url.password, url.query.get("password"), url.query.get("sslpassword")):
            if secret:
                said = said.replace(str(secret), "***")
        return said


def _where(url: URL) -> str:
    """Name a database by its place alone: passwords hide in more than one part of an address."""
    if url.drivername == "sqlite":
        return str(url.database)
    host = url.host or url.query.get("host") or "localhost"
    return f"{host}:{url.port or 5432}/{url.database or ''}"


def _refuse_undo(number: int, undoes: dict[int, int | None], undone: dict[int, int]) -> None:
    if number not in undoes:
        raise RegistryError(f"没有第 {number} 号回执", f"there is no receipt {number}")
    if number in undone:
        raise RegistryError(
            f"第 {number} 号回执已由第 {undone[number]} 号撤销",
            f"receipt {number} was undone by receipt {undone[number]} already",
        )


def _as_written(text: str) -> str:
    """Leave JSON as ``entries`` wrote it."""
    return text


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401  the driver's own
    # The driver must not begin by itself: it would leave reads and DDL outside (see _begin_sqlite).
    connection.isolation_level = None
    # FULL: a commit that was reported survives a power cut. NORMAL would lose it (not kill -9,
    # which neither does) to save one flush per commit, and commits are rare.
    for setting in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {setting}")


def _begin_sqlite(connection: Connection) -> None:
    """Begin as asked: a reader's snapshot is taken at its first query, a writer's lock at once."""
    connection.exec_driver_sql(connection.get_execution_options().get("sqlite_begin", "BEGIN"))
