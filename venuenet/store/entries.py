"""Between the registry's types and the rows of its tables, in both directions.

The columns of a table are the fields of the type it keeps; only ``Row`` has parts of its own.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from operator import attrgetter
from typing import Any, cast

import psycopg
from sqlalchemy import JSON, Column, ColumnElement, Connection, Date, Table, select

from venuenet.errors import RegistryError
from venuenet.registry.model import (
    Change,
    Claim,
    Ledger,
    Link,
    Question,
    Reason,
    Receipt,
    Reply,
    Row,
    RowRef,
    SourceInfo,
)
from venuenet.store import schema
from venuenet.store.plain import sound, to_json

Kept = SourceInfo | Claim | Link | Question | Reply
Entry = tuple[Any, ...]
"""A row: its values in the order of its table's columns."""

MOST_BOUND = 5_000
"""Ids bound in one query; SQLite takes 32,766 values at most, PostgreSQL 65,535."""

_TABLES: Mapping[type[Kept], Table] = {
    SourceInfo: schema.source,
    Claim: schema.claim,
    Link: schema.link,
    Question: schema.question,
    Reply: schema.reply,
}
_PARTS: dict[Table, Callable[[Any], Entry]] = {
    table: attrgetter(*(f.name for f in fields(kind) if f.name != "receipt"))
    for kind, table in _TABLES.items()
} | {
    # The cells as pairs: JSON objects lose the order of the list's columns.
    schema.list_row: lambda row: (
        row.source, row.key, row.fingerprint, row.ref.file, row.ref.sheet, row.ref.row,
        row.outcome, row.venue_id, row.reason.zh, row.reason.en,
        [[*cell] for cell in row.raw.items()],
    ),
    schema.mapping: tuple,
}  # fmt: skip


def appended(change: Change, receipt: int) -> dict[Table, list[Entry]]:
    """Turn what a change appends into rows by table, in the order they are written.

    Raises
    ------
    RegistryError
        It holds something that no database keeps or JSON cannot say.
    """
    items: dict[Table, Iterable[Any]] = {
        schema.source: change.sources,
        schema.claim: change.claims,
        schema.link: change.links,
        schema.question: change.questions,
        schema.reply: change.replies,
        schema.list_row: change.rows,
        schema.mapping: sorted(change.mappings.items()),
    }
    return {
        table: [written(table, (receipt, n, *_PARTS[table](item))) for n, item in enumerate(found)]
        for table, found in items.items()
    }


def written(table: Table, entry: Entry) -> Entry:
    """Turn a row's values into numbers and texts, every text looked at."""
    return tuple(write(value) for write, value in zip(_WRITERS[table], entry, strict=True))


def append(connection: Connection, table: Table, rows: Sequence[Entry]) -> None:
    """Add rows to a table, many at once: what SQLAlchemy would do to each took half the time."""
    if not rows:
        return
    names = [f'"{column.name}"' for column in table.columns]
    into = f"{table.name} ({', '.join(names)})"
    if connection.dialect.name == "postgresql":
        driver = cast(psycopg.Connection, connection.connection.driver_connection)
        with driver.cursor() as cursor, cursor.copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
    else:
        marks = ", ".join("?" * len(names))
        connection.exec_driver_sql(f"INSERT INTO {into} VALUES ({marks})", list(rows))


def receipt_of(change: Change, number: int) -> Receipt:
    """Make a change's receipt; ``counts`` tells rows by outcome, and what else was appended."""
    if change.at.tzinfo is None:
        raise RegistryError(
            "更改的时间没有时区，请使用带时区的时间",
            "the change's time has no zone; give one that has",
        )
    counts = Counter(str(row.outcome) for row in change.rows)
    for name in ("claims", "links", "questions", "replies"):
        counts[name] = len(getattr(change, name))
    return Receipt(
        number=number,
        kind=change.kind,
        at=change.at.astimezone(dt.UTC),
        who=change.who,
        why=change.why,
        title=change.title,
        files=dict(change.files),
        counts={name: count for name, count in sorted(counts.items()) if count},
        undoes=change.undoes,
    )


def receipt_entry(receipt: Receipt) -> dict[str, Any]:
    """Turn a receipt into the row that keeps it, by column."""
    names = schema.receipt.columns.keys()
    values = written(schema.receipt, tuple(getattr(receipt, name) for name in names))
    return dict(zip(names, values, strict=True))


def _plainly(value: Any) -> Any:  # noqa: ANN401
    if isinstance(value, str):
        return sound(value)
    if value is None or isinstance(value, int | float | dt.datetime):
        return value
    raise RegistryError(
        f"应为文字或数字：{value!r:.80}", f"text or a number is meant: {value!r:.80}"
    )


def _day(value: dt.date | None) -> str | None:
    if value is None:
        return None
    if type(value) is dt.date:
        return value.isoformat()
    raise RegistryError(f"应为日期：{value!r:.80}", f"a date is meant: {value!r:.80}")


def _writer(column: Column[Any]) -> Callable[[Any], Any]:
    if isinstance(column.type, JSON):
        return to_json
    return _day if isinstance(column.type, Date) else _plainly


_WRITERS = {
    table: tuple(_writer(column) for column in table.columns)
    for table in schema.metadata.sorted_tables
}


def undone(undoes: Mapping[int, int | None]) -> dict[int, int]:
    """Find which receipts are undone, and by which.

    Parameters
    ----------
    undoes : mapping of receipt number to the number it undoes, None where it undoes none

    Returns
    -------
    dict of int to int
        A receipt that is itself undone undoes nothing: undoing an undo brings back what was.
    """
    by: dict[int, int] = {}
    for number, target in sorted(undoes.items(), reverse=True):
        if target is not None and number not in by:
            by[target] = number
    return by


def read_receipts(connection: Connection) -> tuple[Receipt, ...]:
    """Read all receipts, in order."""
    query = select(schema.receipt).order_by(schema.receipt.c.number)
    found = connection.execute(query).mappings().all()
    by = undone({row["number"]: row["undoes"] for row in found})
    return tuple(Receipt(**row, undone_by=by.get(row["number"])) for row in found)


def read_ledger(connection: Connection) -> Ledger:
    """Read the live part of the registry; the transaction makes it one revision."""
    receipts = read_receipts(connection)
    dead = {receipt.number for receipt in receipts if receipt.undone_by is not None}
    questions = (Question(*entry) for entry in _read(connection, Question, dead))
    replies = (Reply(*entry) for entry in _read(connection, Reply, dead))
    last_row = ("source", "key", "fingerprint", "venue_id")
    rows = _read_columns(connection, schema.list_row, last_row, dead)
    mappings = _read_columns(connection, schema.mapping, ("signature", "columns"))
    return Ledger(
        revision=len(receipts),
        receipts=receipts,
        claims=read_claims(connection, dead),
        links=read_links(connection, dead),
        questions={q.key: replace(q, venue_ids=tuple(q.venue_ids)) for q in questions},
        replies={reply.key: reply for reply in replies},
        rows={(source, key): (print_, venue_id) for source, key, print_, venue_id in rows},
        sources=read_sources(connection),
        mappings=dict(mappings),
    )


def read_claims(
    connection: Connection, dead: Container[int], ids: Sequence[str] | None = None
) -> dict[str, tuple[Claim, ...]]:
    """Read the live claims, of some venues or of all."""
    found: dict[str, list[Claim]] = defaultdict(list)
    about = schema.claim.c.venue_id
    for where in [None] if ids is None else [about.in_(part) for part in batches(ids)]:
        for entry in _read(connection, Claim, dead, where):
            claim = Claim(*entry)
            found[claim.venue_id].append(claim)
    return {venue_id: tuple(claims) for venue_id, claims in found.items()}


def read_links(connection: Connection, dead: Container[int]) -> dict[str, str]:
    """Read the links in force: the last live one of each id, unless it parts."""
    told = _read_columns(connection, schema.link, ("gone", "kept"), dead)
    last: dict[str, str | None] = dict(told)
    return {gone: kept for gone, kept in last.items() if kept is not None}


def read_sources(connection: Connection) -> dict[str, SourceInfo]:
    """Read the newest edition of each source; these survive an undo."""
    found = (SourceInfo(*entry) for entry in _read(connection, SourceInfo))
    return {source.id: source for source in found}


def read_rows(connection: Connection, receipt: int) -> list[Row]:
    """Read what became of each row of an import, in file order."""
    table = schema.list_row
    query = select(table).where(table.c.receipt == receipt).order_by(table.c.n)
    return [
        Row(
            source=row.source,
            key=row.key,
            fingerprint=row.fingerprint,
            ref=RowRef(row.file, row.sheet, row.row),
            outcome=row.outcome,
            venue_id=row.venue_id,
            reason=Reason(row.reason_zh, row.reason_en),
            raw=dict(row.raw),
            receipt=row.receipt,
        )
        for row in connection.execute(query)
    ]


def batches(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Split ids into parts that one query can bind."""
    return (ids[i : i + MOST_BOUND] for i in range(0, len(ids), MOST_BOUND))


def _read(
    connection: Connection,
    kind: type[Kept],
    dead: Container[int] = (),
    where: ColumnElement[bool] | None = None,
) -> Iterator[Any]:
    """Read a type's fields, in the type's order."""
    names = tuple(f.name for f in fields(kind))
    return _read_columns(connection, _TABLES[kind], names, dead, where)


def _read_columns(
    connection: Connection,
    table: Table,
    names: Sequence[str],
    dead: Container[int] = (),
    where: ColumnElement[bool] | None = None,
) -> Iterator[Any]:
    """Read columns of what is live, in the order it was appended."""
    query = select(table.c.receipt.label("_receipt"), *(table.c[name] for name in names))
    if where is not None:
        query = query.where(where)
    query = query.order_by(table.c.receipt, table.c.n)
    return (tuple(entry) for number, *entry in connection.execute(query) if number not in dead)
