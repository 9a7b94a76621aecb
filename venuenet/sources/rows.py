"""From a table's rows to records: what each cell says, and which rows are no venues at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from venuenet.registry.model import RowRef, VenueRecord
from venuenet.sources import limits, points, values, words
from venuenet.sources.grid import Grid
from venuenet.sources.refuse_rows import Rejected, header_again, reason, rejected
from venuenet.sources.says import Told
from venuenet.sources.tables import VENUE_ID, Table
from venuenet.sources.values import Unclear, clean, is_blank

# Sensible sizes: the largest museum has some 200,000 m², the most visited some 20 million visits.
_AREA_M2, _VISITS, _DAYS, _PRECISION_M = 2e6, 1e8, 366.0, 1e5
# Words that one cell may say of all rows it is merged over; a figure is never shared out.
_SHARED = ("adcode", "kind", "level", "status", "address_zh", "valid_until", "confidence")
_TEXTS = ("name_en", "address_zh", "phone", "note")


@dataclass(frozen=True)
class Places:
    """Readers of places in one area: see ``words.district_reader``, ``words.elsewhere_reader``."""

    named: Callable[[str], str | None]
    addressed: Callable[[str], str | None]
    elsewhere: Callable[..., str | None]


def places(districts: pd.DataFrame) -> Places:
    """Return the readers of places for ``StudyArea.districts``."""
    return Places(*words.district_reader(districts), words.elsewhere_reader(districts))


def read(
    table: Table, file: str, where: Places, told: Told
) -> tuple[list[VenueRecord], list[Rejected], Grid | None]:
    """Read a table's rows.

    Parameters
    ----------
    table : Table
        Where the columns are.
    file : str
        The file's name.
    where : Places
        Readers of districts and addresses.
    told : Told
        Takes the faults of cells.

    Returns
    -------
    list of VenueRecord, list of Rejected
        Every filled row is in one of them, but for the header itself.
    Grid, optional
        The rows from another header on, where one follows in the sheet.
    """
    reader = _reader(table, where, told)
    shared, spanned = _merged(table)
    records: list[VenueRecord] = []
    others: list[Rejected] = []
    for position, (number, written) in enumerate(table.grid.rows):
        ref = RowRef(file, table.grid.name, number)
        cells = [clean(c) for c in written]
        filled = [c for c in cells if c]
        if not filled or table.above <= position < table.first:
            continue
        again = header_again(cells, table)
        cells += [""] * (len(table.headers) - len(cells))
        raw = dict(zip(table.headers, cells, strict=False))
        if position < table.above:
            others.append(rejected("title", ref, raw))
            continue
        if again is False:
            return records, others, replace(table.grid, rows=table.grid.rows[position:])
        _tell_shape(table, ref, written, told)
        name = cells[table.columns["name_zh"]]
        why = "header_again" if again else reason(filled, name, spanned=number in spanned)
        far = _far(table, cells, where) if why is None else None
        if why is not None or far is not None:
            others.append(rejected(why or "elsewhere", ref, raw, far or name))
            continue
        for at, text in shared.get(number, {}).items():
            cells[at] = cells[at] or text
        records.append(reader(ref, cells, raw))
    return records, others, None


def _tell_shape(table: Table, ref: RowRef, written: list[str], told: Told) -> None:
    """Tell of cells that were cut, and of cells beyond the header."""
    if max(map(len, written)) > limits.CELL_CHARS:
        for header, text in zip(table.headers, written, strict=False):
            if len(text) > limits.CELL_CHARS:
                told.tell("long", ref, header, limit=limits.CELL_CHARS)
    beyond = written[max(map(len, table.heads)) :]
    if any(beyond):
        told.tell("wider", ref, None, value=sum(map(bool, beyond)))


def _far(table: Table, cells: list[str], where: Places) -> str | None:
    """Return what says that a row lies in another province or city."""
    said = [cells[table.columns[f]] for f in ("adcode", "address_zh") if f in table.columns]
    return where.elsewhere(said, [cells[at] for at in table.cities])


def _merged(table: Table) -> tuple[dict[int, dict[int, str]], set[int]]:
    """Return what merged cells say of the rows below their first, and rows with one that is wide.

    Ranges do not overlap in a sound file; of those that do only the first is taken.
    """
    rows = dict(table.grid.rows)
    last = table.grid.rows[-1][0]
    begin = table.grid.rows[table.first - 1][0]
    columns = {table.columns[f] for f in _SHARED if f in table.columns}
    shared: dict[int, dict[int, str]] = {}
    until = dict.fromkeys(columns, 0)
    for top, left, bottom, _ in sorted(table.grid.merged):
        if left not in columns or top <= max(begin, until[left]):
            continue
        until[left] = min(bottom, last)
        cells = rows.get(top, [])
        text = clean(cells[left]) if left < len(cells) else ""
        for row in range(top + 1, until[left] + 1):
            if text and row in rows:
                shared.setdefault(row, {})[left] = text
    return shared, {top for top, left, bottom, right in table.grid.merged if right > left}


def _reader(
    table: Table, where: Places, told: Told
) -> Callable[[RowRef, list[str], Mapping[str, str]], VenueRecord]:
    """Return what turns a row's cells into a record; cells that repeat are read once."""
    columns = table.columns
    readers = _readers(table, where)
    known: dict[str, dict[str, Any]] = {field: {"": None} for field in readers}

    def tell(unclear: Unclear, ref: RowRef, at: int | None, text: str) -> None:
        column = None if at is None else table.headers[at]
        told.tell(unclear.code, ref, column, value=text, **unclear.words)

    def text_of(cells: list[str], field: str) -> str:
        text = cells[columns[field]] if field in columns else ""
        return "" if is_blank(text) else text

    def read_row(ref: RowRef, cells: list[str], raw: Mapping[str, str]) -> VenueRecord:
        found: dict[str, Any] = {}
        for field, reader in readers.items():
            text, before = cells[columns[field]], known[field]
            if text not in before:
                before[text] = _outcome(reader, text)
            if isinstance(before[text], Unclear):
                tell(before[text], ref, columns[field], text)
            elif before[text] is not None:
                found[field] = before[text]
        found |= {field: text_of(cells, field) for field in _TEXTS}
        found["name_zh"] = name = cells[columns["name_zh"]]
        found["kind_text"] = text_of(cells, "kind")
        found["kind"] = kind = _outcome(words.kind, found["kind_text"], name)
        if isinstance(kind, Unclear):
            found["kind"] = None
            tell(kind, ref, columns["kind"], found["kind_text"])
        found["district_text"] = text_of(cells, "adcode")
        if not found["district_text"]:
            found["adcode"] = where.addressed(found["address_zh"])
        if found.get("status") == "unknown":
            found["note"] = _with_state(found["note"], text_of(cells, "status"))
        point = _outcome(_point, table, ref.row, cells)
        if isinstance(point, Unclear):
            tell(point, ref, *_written_point(table, ref.row, cells))
        elif point is not None:
            found["lon"], found["lat"] = point
        return VenueRecord(ref=ref, raw=raw, **found)

    return read_row


def _readers(table: Table, where: Places) -> dict[str, Callable[[str], Any]]:
    """Return how each column with values of few kinds is read."""

    def figure(field: str, measure: values.Measure, high: float) -> Callable[[str], Any]:
        at = table.columns[field]
        scale = values.scale_of(table.meanings[at].unit, measure)
        return lambda text: values.number(text, measure, high=high, scale=scale)

    figures: dict[str, tuple[values.Measure, float]] = {
        "exhibition_m2": ("area", _AREA_M2), "building_m2": ("area", _AREA_M2),
        "visits_per_year": ("people", _VISITS), "open_days": ("days", _DAYS),
        "precision_m": ("metres", _PRECISION_M),
    }  # fmt: skip
    readers: dict[str, Callable[[str], Any]] = {
        "venue_id": _venue_id,
        "aliases": _aliases,
        "adcode": where.named,
        "level": words.level,
        "status": words.status,
        "confidence": words.confidence,
        "opened_on": lambda text: values.date(text, end=False),
        "closed_on": lambda text: values.date(text, end=False),
        "valid_until": lambda text: values.date(text, end=True),
    }
    readers |= {f: figure(f, *how) for f, how in figures.items() if f in table.columns}
    return {field: reader for field, reader in readers.items() if field in table.columns}


def _outcome(reader: Callable[..., Any], *about: object) -> Any:  # noqa: ANN401  any field's value
    """Return what a reader reads, or why it does not."""
    try:
        return reader(*about)
    except Unclear as unclear:
        return unclear


def _point(table: Table, row: int, cells: list[str]) -> tuple[float, float] | None:
    columns = table.columns
    found: tuple[float, float] | None = None
    if table.grid.points is not None:
        found = table.grid.points.get(row)
    elif "point" in columns:
        at = columns["point"]
        found = points.pair(cells[at], lat_first=table.meanings[at].lat_first)
    elif "lon" in columns:
        lon = points.angle(cells[columns["lon"]], "lon")
        lat = points.angle(cells[columns["lat"]], "lat")
        if lon is not None and lat is not None:
            found = lon, lat
        elif lon != lat:
            raise Unclear("half_point")
    return None if found is None else points.checked(*found)


def _written_point(table: Table, row: int, cells: list[str]) -> tuple[int | None, str]:
    """Return the column a point stands in and what is written, to tell what is wrong with it."""
    columns = table.columns
    if table.grid.points is not None:
        return None, ", ".join(f"{c:g}" for c in table.grid.points[row])
    if "point" in columns:
        return columns["point"], cells[columns["point"]]
    return columns["lon"], f"{cells[columns['lon']]}, {cells[columns['lat']]}"


def _venue_id(text: str) -> str | None:
    if is_blank(text):
        return None
    if VENUE_ID.fullmatch(text.upper()):
        return text.upper()
    raise Unclear("venue_id")


def _aliases(text: str) -> tuple[str, ...]:
    """Split other names at bars, else at 、；, else at commas: an English name may hold a comma."""
    separators = next((s for s in ("|", "、;；/", ",，") if any(c in text for c in s)), "|")
    names = (name.strip() for name in re.split(f"[{re.escape(separators)}]", text))
    return tuple(dict.fromkeys(name for name in names if not is_blank(name)))


def _with_state(note: str, state: str) -> str:
    """Keep why a venue's state is unknown: 装修 is worth knowing."""
    return "；".join(filter(None, (note, f"状态：{state}" if state else "")))
