"""Coverage and gaps as CSV for a spreadsheet: UTF-8 with BOM, and nothing becomes a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from venuenet.publish.answers import GAP_COLUMNS, Row
from venuenet.publish.quality import QUALITY_COLUMNS

FORMULA_STARTS = tuple("=+-@＝＋－＠\t\r\n")

COVERAGE_COLUMNS = (
    "adcode", "township_code", "name_zh", "name_en", "group", "group_zh", "group_en", "standing",
    "people", "covered", "uncovered", "share", "low", "high", "mean_minutes", "median_minutes",
    "p90_minutes", "no_access", "nearest_venue_id", "nearest_venue_zh", "nearest_venue_en",
    "nearest_minutes", "covered_with_assumed_surface", "share_with_assumed_surface", "flags",
)  # fmt: skip
SOMETIMES = {"township_code", "group", "group_zh", "group_en", "standing"}


def coverage_csv(rows: Sequence[Row]) -> bytes:
    """Write coverage items as CSV, UTF-8 with a byte-order mark so that spreadsheets read Chinese.

    Blank means no data, never zero; ``flags`` are joined by ``|``. Text that a spreadsheet would
    run as a formula gets an apostrophe before it.
    """
    flat = [_flat(row) for row in rows]
    named = [c for c in COVERAGE_COLUMNS if c not in SOMETIMES or any(c in r for r in flat)]
    return to_csv(named, flat)


def gaps_csv(rows: Sequence[Row]) -> bytes:
    """Write gap items as CSV; see ``coverage_csv``."""
    return to_csv(GAP_COLUMNS, rows)


def quality_csv(rows: Sequence[Row]) -> bytes:
    """Write data-quality items as CSV; see ``coverage_csv``."""
    return to_csv(QUALITY_COLUMNS, rows)


def _flat(row: Row) -> Row:
    """Spread a coverage item's nested parts over columns."""
    nearest, surface = row.get("nearest") or {}, row.get("with_surface") or {}
    return {
        **row,
        "nearest_venue_id": nearest.get("venue_id"),
        "nearest_venue_zh": nearest.get("name_zh"),
        "nearest_venue_en": nearest.get("name_en"),
        "nearest_minutes": nearest.get("minutes"),
        "covered_with_assumed_surface": surface.get("covered"),
        "share_with_assumed_surface": surface.get("share"),
    }


def to_csv(columns: Sequence[str], rows: Sequence[Row]) -> bytes:
    """Write rows of plain values under some columns; see ``coverage_csv``."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns)
    writer.writerows([safe_cell(row.get(c)) for c in columns] for row in rows)
    return out.getvalue().encode("utf-8-sig")


def safe_cell(value: object) -> object:
    """Return a cell no spreadsheet runs: lists joined, an apostrophe before a formula's start."""
    if isinstance(value, list):
        value = "|".join(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str) and value.startswith(FORMULA_STARTS):
        return f"'{value}"
    return value
