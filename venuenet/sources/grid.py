"""A sheet as text, whatever file it came from: what readers hand to the rest of this room."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from venuenet.registry.model import Datum


@dataclass(frozen=True)
class Grid:
    """One sheet, layer or text file.

    Attributes
    ----------
    name : str, optional
        Of the sheet; None where a file has none.
    rows : list of (int, list of str)
        Filled rows only, with their number as a spreadsheet shows it (from 1; the field names of
        a GeoJSON or GeoPackage are row 0). Cells as written, trailing blanks may be missing.
    merged : list of (int, int, int, int)
        Merged ranges: first row, first column (from 0), last row, last column.
    points : mapping of row to (lon, lat), optional
        Degrees; None where the file has no geometries, a row without one is absent.
    datum : Datum, optional
        Of ``points``, where the file declares it.
    hidden : bool
        Whether people do not see the sheet.
    """

    name: str | None
    rows: list[tuple[int, list[str]]]
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    points: Mapping[int, tuple[float, float]] | None = None
    datum: Datum | None = None
    hidden: bool = False
