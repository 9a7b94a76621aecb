"""The registry's tables, one schema for SQLite and PostGIS.

All but ``venue`` are only ever appended to; ``venue`` is worked out from them, again and again.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import get_args

from sqlalchemy import (
    DDL,
    JSON,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Dialect,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    event,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import SchemaItem

from venuenet.model import KINDS, Status
from venuenet.registry.model import (
    OUTCOMES,
    Answer,
    Confidence,
    QuestionKind,
    ReceiptKind,
    Standing,
)

VERSION = "0001"
"""The newest migration; what a database must be at for this program."""

Json = JSON().with_variant(JSONB(), "postgresql")
"""Text on SQLite, JSONB on PostgreSQL; given as the text that ``plain.to_json`` writes."""


class Utc(TypeDecorator[dt.datetime]):
    """A moment: any time zone in, UTC out, on databases that keep zones and those that do not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        """Turn what Python holds into what the database is given."""
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(
        self, value: dt.datetime | None, dialect: Dialect
    ) -> dt.datetime | None:
        """Turn what the database gave into what Python holds; SQLite forgets the zone."""
        if value is None:
            return None
        return value.astimezone(dt.UTC) if value.tzinfo else value.replace(tzinfo=dt.UTC)


def _one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def _short(column: str, most: int = 200) -> CheckConstraint:
    """Keep an indexed text within what PostgreSQL can index, on SQLite as well."""
    return CheckConstraint(f"length({column}) BETWEEN 1 AND {most}", name=f"{column}_length")


def _appended(name: str, *parts: SchemaItem) -> Table:
    """Make a table of what receipts append; ``n`` counts within a receipt, from 0."""
    return Table(
        name,
        metadata,
        Column("receipt", Integer, ForeignKey("receipt.number"), primary_key=True),
        Column("n", Integer, primary_key=True),
        *parts,
    )


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

receipt = Table(
    "receipt",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("at", Utc, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("files", Json, nullable=False),
    Column("counts", Json, nullable=False),
    Column("undoes", Integer, ForeignKey("receipt.number")),
    CheckConstraint("number >= 1", name="number"),
    _one_of("kind", get_args(ReceiptKind)),
    CheckConstraint("undoes < number", name="undoes"),
    CheckConstraint("kind <> 'undo' OR undoes IS NOT NULL", name="undo_of"),
)
"""Which receipt is undone is not stored: it follows from ``undoes`` (see ``entries.undone``)."""

source = _appended(
    "source",
    Column("id", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("date", Date, nullable=False),
    Column("licence", Text, nullable=False),
    UniqueConstraint("receipt", "id"),
    _short("id"),
)

claim = _appended(
    "claim",
    Column("venue_id", Text, nullable=False, index=True),
    Column("source", Text, nullable=False),
    Column("stated_on", Date, nullable=False),
    Column("fields", Json, nullable=False),
    Column("confidence", Text, nullable=False),
    Column("valid_from", Date),
    _short("venue_id"),
    _one_of("confidence", get_args(Confidence)),
)

link = _appended(
    "link",
    Column("gone", Text, nullable=False),
    Column("kept", Text),
    _short("gone"),
    _short("kept"),
    CheckConstraint("gone <> kept", name="apart"),
)

question = _appended(
    "question",
    Column("key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("venue_ids", Json, nullable=False),
    Column("adcode", Text),
    Column("evidence", Json, nullable=False),
    _one_of("kind", get_args(QuestionKind)),
)

reply = _appended(
    "reply",
    Column("key", Text, nullable=False),
    Column("answer", Text, nullable=False),
    Column("values", Json, nullable=False),
    _one_of("answer", get_args(Answer)),
)

list_row = _appended(
    "list_row",
    Column("source", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("file", Text, nullable=False),
    Column("sheet", Text),
    Column("row", Integer, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("venue_id", Text),
    Column("reason_zh", Text, nullable=False),
    Column("reason_en", Text, nullable=False),
    Column("raw", Json, nullable=False),
    UniqueConstraint("receipt", "source", "key"),
    _short("source"),
    _short("key", 400),
    _one_of("outcome", OUTCOMES),
)

mapping = _appended(
    "mapping",
    Column("signature", Text, nullable=False),
    Column("columns", Json, nullable=False),
)

venue = Table(
    "venue",
    metadata,
    Column("venue_id", Text, primary_key=True),
    # Deferred: a venue's row is taken out and put back while others refer to it.
    # Indexed: each row taken out is looked for here.
    Column(
        "merged_into",
        Text,
        ForeignKey("venue.venue_id", deferrable=True, initially="DEFERRED"),
        index=True,
    ),
    Column("standing", Text),
    Column("name_zh", Text),
    Column("kind", Text),
    Column("adcode", Text),
    Column("status", Text),
    Column("lon", Double),
    Column("lat", Double),
    Column("data", Json, nullable=False),
    _short("venue_id"),
    CheckConstraint("(merged_into IS NULL) = (standing IS NOT NULL)", name="merged_into"),
    _one_of("standing", get_args(Standing)),
    _one_of("kind", KINDS),
    _one_of("status", get_args(Status)),
    CheckConstraint("lon BETWEEN -180 AND 180", name="lon"),
    CheckConstraint("lat BETWEEN -90 AND 90", name="lat"),
    CheckConstraint("(lon IS NULL) = (lat IS NULL)", name="point"),
    Index(None, "lat", "lon"),
)
"""The state of every venue, WGS84 degrees; merged ids have ``merged_into`` and nothing else.

``data`` holds the values of all fields, by name.
"""

POSTGIS = (
    "ALTER TABLE venue ADD COLUMN geom geometry(Point, 4326)"
    " GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED",
    "CREATE INDEX ix_venue_geom ON venue USING gist (geom)",
    "CREATE INDEX ix_venue_geography ON venue USING gist ((geom::geography))",
)
"""What PostGIS has beyond the common tables: a point for maps, an index for metres."""

for _statement in POSTGIS:
    _ddl = DDL(_statement)  # type: ignore[no-untyped-call]
    event.listen(venue, "after_create", _ddl.execute_if(dialect="postgresql"))
