"""The registry: receipts, what they append, and the venues that follow from it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import SchemaItem

revision = "0001"
down_revision = None

JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "receipt",
        sa.Column("number", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("who", sa.Text, nullable=False),
        sa.Column("why", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("files", JSON, nullable=False),
        sa.Column("counts", JSON, nullable=False),
        sa.Column("undoes", sa.Integer),
        sa.PrimaryKeyConstraint("number", name="pk_receipt"),
        sa.ForeignKeyConstraint(["undoes"], ["receipt.number"], name="fk_receipt_undoes"),
        _check("receipt", "number", "number >= 1"),
        _check("receipt", "kind", "kind IN ('seed', 'import', 'decision', 'undo')"),
        _check("receipt", "undoes", "undoes < number"),
        _check("receipt", "undo_of", "kind <> 'undo' OR undoes IS NOT NULL"),
    )
    _appended(
        "source",
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("date", sa.Date, nullable=False),
        sa.Column("licence", sa.Text, nullable=False),
        sa.UniqueConstraint("receipt", "id", name="uq_source_receipt_id"),
        _short("source", "id", 200),
    )
    _appended(
        "claim",
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("stated_on", sa.Date, nullable=False),
        sa.Column("fields", JSON, nullable=False),
        sa.Column("confidence", sa.Text, nullable=False),
        sa.Column("valid_from", sa.Date),
        _short("claim", "venue_id", 200),
        _check("claim", "confidence", "confidence IN ('high', 'medium', 'low')"),
    )
    op.create_index("ix_claim_venue_id", "claim", ["venue_id"])
    _appended(
        "link",
        sa.Column("gone", sa.Text, nullable=False),
        sa.Column("kept", sa.Text),
        _short("link", "gone", 200),
        _short("link", "kept", 200),
        _check("link", "apart", "gone <> kept"),
    )
    _appended(
        "question",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("venue_ids", JSON, nullable=False),
        sa.Column("adcode", sa.Text),
        sa.Column("evidence", JSON, nullable=False),
        _check("question", "kind", "kind IN ('same', 'new', 'place', 'datum')"),
    )
    _appended(
        "reply",
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("answer", sa.Text, nullable=False),
        sa.Column("values", JSON, nullable=False),
        _check(
            "reply", "answer", "answer IN ('accept', 'reject', 'move', 'merge', 'ask', 'split')"
        ),
    )
    _appended(
        "list_row",
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("file", sa.Text, nullable=False),
        sa.Column("sheet", sa.Text),
        sa.Column("row", sa.Integer, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("venue_id", sa.Text),
        sa.Column("reason_zh", sa.Text, nullable=False),
        sa.Column("reason_en", sa.Text, nullable=False),
        sa.Column("raw", JSON, nullable=False),
        sa.UniqueConstraint("receipt", "source", "key", name="uq_list_row_receipt_source_key"),
        _short("list_row", "source", 200),
        _short("list_row", "key", 400),
        _check(
            "list_row",
            "outcome",
            "outcome IN ('added', 'changed', 'unchanged', 'merged', 'queued', 'quarantined',"
            " 'rejected')",
        ),
    )
    _appended(
        "mapping",
        sa.Column("signature", sa.Text, nullable=False),
        sa.Column("columns", JSON, nullable=False),
    )
    op.create_table(
        "venue",
        sa.Column("venue_id", sa.Text, nullable=False),
        sa.Column("merged_into", sa.Text),
        sa.Column("standing", sa.Text),
        sa.Column("name_zh", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("adcode", sa.Text),
        sa.Column("status", sa.Text),
        sa.Column("lon", sa.Double),
        sa.Column("lat", sa.Double),
        sa.Column("data", JSON, nullable=False),
        sa.PrimaryKeyConstraint("venue_id", name="pk_venue"),
        sa.ForeignKeyConstraint(
            ["merged_into"],
            ["venue.venue_id"],
            name="fk_venue_merged_into",
            deferrable=True,
            initially="DEFERRED",
        ),
        _short("venue", "venue_id", 200),
        _check("venue", "merged_into", "(merged_into IS NULL) = (standing IS NOT NULL)"),
        _check(
            "venue", "standing", "standing IN ('confirmed', 'pending', 'quarantined', 'rejected')"
        ),
        _check(
            "venue",
            "kind",
            "kind IN ('science_museum', 'base', 'center_city', 'center_district', 'center_n',"
            " 'other')",
        ),
        _check("venue", "status", "status IN ('open', 'closed', 'planned', 'lapsed', 'unknown')"),
        _check("venue", "lon", "lon BETWEEN -180 AND 180"),
        _check("venue", "lat", "lat BETWEEN -90 AND 90"),
        _check("venue", "point", "(lon IS NULL) = (lat IS NULL)"),
    )
    op.create_index("ix_venue_merged_into", "venue", ["merged_into"])
    op.create_index("ix_venue_lat_lon", "venue", ["lat", "lon"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE venue ADD COLUMN geom geometry(Point, 4326)"
            " GENERATED ALWAYS AS (ST_SetSRID(ST_MakePoint(lon, lat), 4326)) STORED"
        )
        op.execute("CREATE INDEX ix_venue_geom ON venue USING gist (geom)")
        op.execute("CREATE INDEX ix_venue_geography ON venue USING gist ((geom::geography))")


def _appended(name: str, *parts: SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("receipt", sa.Integer, nullable=False),
        sa.Column("n", sa.Integer, nullable=False),
        *parts,
        sa.PrimaryKeyConstraint("receipt", "n", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(["receipt"], ["receipt.number"], name=f"fk_{name}_receipt"),
    )


def _check(name: str, what: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{name}_{what}"))


def _short(name: str, column: str, most: int) -> sa.CheckConstraint:
    return _check(name, f"{column}_length", f"length({column}) BETWEEN 1 AND {most}")
