"""Reads a planner's list as it is: a district's spreadsheet, a map's export, an old directory."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pandas as pd

from venuenet.errors import Fault, SourceError
from venuenet.registry.model import Datum, RowRef, SourceList, VenueRecord
from venuenet.sources import files, limits, rows, tables
from venuenet.sources.grid import Grid
from venuenet.sources.headers import FIELDS, plain
from venuenet.sources.refuse_rows import Rejected
from venuenet.sources.says import Told, refused, say
from venuenet.sources.tables import Table
from venuenet.sources.values import clean

_SAME: set[Datum | None] = {"WGS84", "CGCS2000"}  # one datum to within decimetres


def read_list(
    path: Path, districts: pd.DataFrame, mapping: Mapping[str, str] | None = None
) -> SourceList:
    """Read a list of venues.

    Parameters
    ----------
    path : Path
        An .xlsx, .xlsm, .xls, .csv, .tsv, .txt, .geojson, .json or .gpkg file.
    districts : DataFrame
        ``StudyArea.districts``: the districts a row may lie in; rows that say they lie in another
        province are rejected.
    mapping : mapping of str to str, optional
        Header as written → field, over what would be recognised; "" leaves a column unknown.
        Fields are those of ``headers.FIELDS``.

    Returns
    -------
    SourceList
        Every filled row under or above a header is a record or rejected. Degrees as the list
        gives them, in ``datum`` where the file declares one; areas m², visits and days a year.

    Raises
    ------
    SourceError
        The file cannot be taken as a whole: missing, damaged, protected, beyond a limit
        (``limits.py``), without any header, or mapped to fields that do not exist.
    """
    mapping = mapping or {}
    file = clean(path.name)
    _check(mapping, file)
    content = files.content(path, file)
    grids, faults = files.grids(file, content)
    return _read(file, content, grids, faults, districts, mapping)


def _check(mapping: Mapping[str, str], file: str) -> None:
    faults = [
        say("bad_mapping", file, None, header, value=str(field), allowed=" ".join(FIELDS))
        for header, field in mapping.items()
        if field not in ("", *FIELDS)
    ]
    if faults:
        raise SourceError(faults)


def _read(
    file: str,
    content: bytes,
    grids: list[Grid],
    faults: list[Fault],
    districts: pd.DataFrame,
    mapping: Mapping[str, str],
) -> SourceList:
    told = Told(faults)
    where = rows.places(districts)
    parts: list[tuple[Table, list[VenueRecord]]] = []
    others: list[Rejected] = []
    for grid in grids:
        rest: Grid | None = grid
        while rest is not None:
            table, found = tables.find(rest, mapping, file)
            told.faults += found
            if table is None:
                told.faults.append(say("sheet_no_header", RowRef(file, grid.name, 0).where()))
                break
            if len(parts) == limits.TABLES:
                raise refused("tables", file, limit=limits.TABLES)
            if len(table.headers) * len(rest.rows) > limits.CELLS:
                raise refused("cells", file, limit=limits.CELLS)
            records, out, rest = rows.read(table, file, where, told)
            parts.append((table, records))
            others += out
        if grid.hidden and any(table.grid.name == grid.name for table, _ in parts):
            told.faults.append(say("hidden_sheet", RowRef(file, grid.name, 0).where()))
    if not grids:
        raise refused("empty", file)
    if not parts:
        nowhere = refused("no_header", file, limit=limits.HEADER_ROWS).faults
        raise SourceError([*nowhere, *told.everything()])
    told.faults += _absent(mapping, [t for t, _ in parts], file)
    datum, parts = _one_datum(parts, file, told)
    columns: dict[str, str] = {}
    for table, _ in parts:
        for field, at in table.columns.items():
            columns.setdefault(table.headers[at], field)
    return SourceList(
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        records=tuple(record for _, records in parts for record in records),
        rejected=tuple(others),
        faults=tuple(told.everything()),
        columns=columns,
        datum=datum,
    )


def _absent(mapping: Mapping[str, str], found: list[Table], file: str) -> list[Fault]:
    """Tell which columns were mapped by hand and are not there."""
    there = {plain(header) for table in found for header in table.headers}
    there |= {plain(cell) for table in found for head in table.heads for cell in head}
    return [
        say("mapping_absent", file, None, header)
        for header, field in mapping.items()
        if field and plain(header) not in there
    ]


def _one_datum(
    parts: list[tuple[Table, list[VenueRecord]]], file: str, told: Told
) -> tuple[Datum | None, list[tuple[Table, list[VenueRecord]]]]:
    """Settle on the datum of the file: its points must all be in one.

    Tables that declare another than the first lose their points; where some declare one and
    others none, the file declares none.
    """
    kept: list[tuple[Table, list[VenueRecord]]] = []
    first: Datum | None = None
    datums: set[Datum | None] = set()
    for table, records in parts:
        taken = records
        if any(r.lon is not None for r in records):
            first = first or table.datum
            if table.datum not in (None, first) and {table.datum, first} != _SAME:
                place = RowRef(file, table.grid.name, 0).where()
                told.faults.append(
                    say("datum_other", place, value=str(table.datum), other=str(first))
                )
                taken = [replace(r, lon=None, lat=None) for r in records]
            else:
                datums.add(first if table.datum is not None else None)
        kept.append((table, taken))
    if len(datums) > 1:
        told.faults.append(say("datum_mixed", file))
        return None, kept
    return first if datums else None, kept
