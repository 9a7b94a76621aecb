"""Runs parsers that may die (Rust, C++, huge JSON) apart from the service, within bounds.

A script, started by ``apart.py``: a damaged .xls aborts calamine's process, a cell in the last
corner of a sheet asks it for 500 GB, a view in a GeoPackage may never end. It imports nothing of
venuenet, reads one file from standard input and writes JSON lines:

====================================================  =============================================
``{"sheet": name, "hidden": …, "merged": …, "datum": …}``   a sheet begins
``[row, [cell, …]]`` or ``[row, [cell, …], lon, lat]``      a filled row as text, number as shown
``{"warn": code, "row": …, "words": …}``                    something could not be read
``{"refuse": code, "words": …}``                            the file cannot be taken; the last line
====================================================  =============================================
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import math
import sys
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

Message = dict[str, Any] | list[Any]
Limits = Mapping[str, int]
GEOJSON_CRS = ("OGC:1.3:CRS84", "OGC:CRS84", "EPSG::4326", "EPSG:4326")


class Refusal(Exception):  # noqa: N818  it is said, not raised, to people
    """The file cannot be taken; ``code`` is a key of ``says.SAYS``."""

    def __init__(self, code: str, **words: str | int) -> None:
        super().__init__(code)
        self.code, self.words = code, words


def excel(content: bytes, limits: Limits) -> Iterator[Message]:
    """Read every worksheet of an .xlsx or .xls."""
    from python_calamine import (  # noqa: PLC0415  each reader loads only its own parser
        CalamineWorkbook,
        PasswordError,
        SheetTypeEnum,
        SheetVisibleEnum,
    )

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    except PasswordError:
        raise Refusal("password") from None
    kept = [
        (at, m) for at, m in enumerate(book.sheets_metadata) if m.typ is SheetTypeEnum.WorkSheet
    ]
    if len(kept) > limits["SHEETS"]:
        raise Refusal("sheets", value=len(kept), limit=limits["SHEETS"])
    for at, about in kept:
        sheet = book.get_sheet_by_index(at)
        if sheet.start is None:
            continue
        merged = [
            (top + 1, left, bottom + 1, right)
            for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
            if (top, left) != (bottom, right)
        ]
        hidden = about.visible is not SheetVisibleEnum.Visible
        yield {"sheet": about.name, "hidden": hidden, "merged": merged}
        # Rows come from the sheet's first, cells from the first column that is used.
        before = [""] * sheet.start[1]
        for number, row in enumerate(sheet.iter_rows(), 1):
            yield [number, before + [_text(v, limits["CELL_CHARS"]) for v in row]]


def geojson(content: bytes, limits: Limits) -> Iterator[Message]:
    """Read a GeoJSON feature collection (RFC 7946, or 2008 with its ``crs``) in UTF-8."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Refusal("not_json", value=str(error)[:200]) from None
    if isinstance(found, dict) and found.get("type") == "Feature":
        found = {**found, "type": "FeatureCollection", "features": [found]}
    features = found.get("features") if isinstance(found, dict) else None
    if not isinstance(features, list) or found.get("type") != "FeatureCollection":
        raise Refusal("not_geojson")
    features = [f if isinstance(f, dict) else {} for f in features]
    tables = [p if isinstance(p := f.get("properties"), dict) else {} for f in features]
    headers = list(dict.fromkeys(key for table in tables for key in table))
    points = _points([feature.get("geometry") for feature in features])
    written = _crs_member(found.get("crs"))
    default = written is None or any(written.endswith(name) for name in GEOJSON_CRS)
    longest = limits["CELL_CHARS"]
    lines = ([_json_text(table.get(h), longest) for h in headers] for table in tables)
    yield from _layer(None, headers, lines, points, None if default else written, limits)
    for number, (feature, point) in enumerate(zip(features, points, strict=True), 1):
        if point is None and feature.get("geometry") is not None:
            yield {"warn": "geometry", "row": number}


def _points(geometries: list[Any]) -> list[tuple[float, float] | None]:
    """Return a point for each GeoJSON geometry, None for none and for those nobody can read."""
    if not any(geometries):
        return [None] * len(geometries)
    import shapely  # noqa: PLC0415
    from shapely.geometry import shape  # noqa: PLC0415

    unreadable = (ValueError, TypeError, LookupError, AttributeError, RecursionError)
    points = []
    for geometry in geometries:
        point = None
        with contextlib.suppress(*unreadable, shapely.errors.ShapelyError):
            point = None if geometry is None else _point_of(shape(geometry))
        points.append(point)
    return points


def gpkg(content: bytes, limits: Limits) -> Iterator[Message]:
    """Read every plain table of a GeoPackage that ``gpkg_contents`` names; views are not run."""
    # A database left in write-ahead mode is read as its main file stands (SQLite format, 1.3.3).
    content = content[:18] + b"\x01\x01" + content[20:]
    tables, views = _gpkg_tables(content)
    if len(tables) > limits["SHEETS"]:
        raise Refusal("sheets", value=len(tables), limit=limits["SHEETS"])
    import pyogrio  # noqa: PLC0415
    import pyogrio.raw  # noqa: PLC0415
    import shapely  # noqa: PLC0415

    for name in (str(n) for n, _ in pyogrio.list_layers(content)):
        if name not in tables:
            continue
        meta, _, shapes, columns = pyogrio.raw.read(
            content, layer=name, max_features=limits["ROWS"] + 1
        )
        points: list[Any] | None = None
        if shapes is not None:
            found = shapely.from_wkb(shapes, on_invalid="ignore")
            points = [None if g is None else _point_of(g) for g in found]
        lines = (
            [_text(v, limits["CELL_CHARS"]) for v in row] for row in zip(*columns, strict=True)
        )
        if not columns:
            lines = ([] for _ in points or ())
        yield from _layer(name, [*map(str, meta["fields"])], lines, points, meta["crs"], limits)
    for name in views:
        yield {"warn": "layer_view", "words": {"value": name}}


def _gpkg_tables(content: bytes) -> tuple[set[str], list[str]]:
    """Return the plain tables a GeoPackage offers, and what it offers that is none."""
    import sqlite3  # noqa: PLC0415

    with contextlib.closing(sqlite3.connect(":memory:")) as base:
        try:
            base.deserialize(content)
            base.execute("PRAGMA trusted_schema = OFF")
            master = base.execute("SELECT name, type, sql FROM sqlite_master").fetchall()
            plain = {
                name
                for name, kind, sql in master
                if kind == "table" and not str(sql).lstrip().upper().startswith("CREATE VIRTUAL")
            }
            if "gpkg_contents" not in plain:
                raise Refusal("not_gpkg")
            offered = [str(n) for (n,) in base.execute("SELECT table_name FROM gpkg_contents")]
        except sqlite3.Error as error:
            raise Refusal("damaged", value=str(error)[:200]) from None
    return plain & set(offered), [name for name in offered if name not in plain]


def _layer(
    name: str | None,
    headers: list[str],
    lines: Iterable[list[str]],
    points: list[Any] | None,
    crs: str | None,
    limits: Limits,
) -> Iterator[Message]:
    """Tell one layer: its fields as row 0, its features from 1, points in degrees."""
    if len(points or ()) > limits["ROWS"]:
        raise Refusal("rows", limit=limits["ROWS"])
    datum, degrees, trouble = None, points, None
    if points and crs is not None:
        datum, degrees, trouble = _to_degrees(crs, points)
    yield {"sheet": name, "datum": datum, "points": any(points or ())}
    if trouble is not None:
        yield {"warn": "crs", "words": {"value": trouble}}
    yield [0, headers]
    for number, cells in enumerate(lines, 1):
        point = degrees[number - 1] if degrees else None
        yield [number, cells, *point] if point else [number, cells]


def _point_of(geometry: Any) -> tuple[float, float] | None:  # noqa: ANN401  any shapely geometry
    """Return a point of the geometry itself: a park's centroid may lie outside the park."""
    if geometry.is_empty:
        return None
    found = geometry if geometry.geom_type == "Point" else geometry.representative_point()
    return (found.x, found.y) if math.isfinite(found.x + found.y) else None


def _to_degrees(crs: str, points: list[Any]) -> tuple[str | None, list[Any], str | None]:
    """Return (datum, points in degrees, what is wrong); points None where they cannot be had."""
    from pyproj import CRS, Transformer  # noqa: PLC0415
    from pyproj.exceptions import ProjError  # noqa: PLC0415

    none = [None] * len(points)
    try:
        written = CRS.from_user_input(crs)
        home = written.geodetic_crs
        if home is not None and written.is_geographic and written.name.startswith("Undefined"):
            return None, points, None
        if home is None:
            return None, none, written.name[:200]
        chinese = home.datum is not None and home.datum.name == "China 2000"
        # No transformation of China 2000 is published: it is WGS84 to within decimetres.
        target = home if chinese else CRS.from_epsg(4326)
        to = Transformer.from_crs(written, target, always_xy=True, allow_ballpark=False)
    except ProjError as error:
        return None, none, f"{crs[:60]}: {str(error)[:120]}"
    at = [p or (math.nan, math.nan) for p in points]
    lon, lat = to.transform([x for x, _ in at], [y for _, y in at])
    degrees = [
        (x, y) if math.isfinite(x) and math.isfinite(y) else None
        for x, y in zip(lon, lat, strict=True)
    ]
    return ("CGCS2000" if chinese else "WGS84"), degrees, None


def _crs_member(member: Any) -> str | None:  # noqa: ANN401  any JSON value
    """Return the CRS a GeoJSON of 2008 names; "?" where it names one nobody can read."""
    if member is None:
        return None
    try:
        return str(member["properties"]["name"])
    except (TypeError, LookupError):
        return "?"


def _json_text(value: Any, longest: int) -> str:  # noqa: ANN401  any JSON value
    if isinstance(value, list) and all(isinstance(v, str) for v in value):
        value = "、".join(value)
    elif isinstance(value, list | dict):
        value = json.dumps(value, ensure_ascii=False)
    elif isinstance(value, float) and math.isnan(value):
        value = "NaN"
    return _text(value, longest)


def _text(value: Any, longest: int) -> str:  # noqa: ANN401  any cell value
    """Write a cell as people would; one character more than allowed shows that it was longer."""
    if value is None or value == "" or isinstance(value, bytes):
        return ""
    if isinstance(value, float):
        if math.isnan(value):
            return ""  # a blank of a GeoPackage; other readers hand no NaN on
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(float(value))
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    text = str(value)
    return "" if text == "NaT" else text[: longest + 1]


READERS = {"excel": excel, "geojson": geojson, "gpkg": gpkg}


def bounded(messages: Iterable[Message], limits: Limits) -> Iterator[Message]:
    """Drop blank rows and stop at the file's limits."""
    rows = filled = chars = 0
    for message in messages:
        if isinstance(message, list):
            cells = message[1]
            while cells and not cells[-1]:
                cells.pop()
            if not cells and len(message) == 2:
                continue
            if len(cells) > limits["COLUMNS"]:
                raise Refusal("columns", limit=limits["COLUMNS"])
            rows += 1
            filled += len(cells) - cells.count("")
            chars += sum(map(len, cells))
            if rows > limits["ROWS"]:
                raise Refusal("rows", limit=limits["ROWS"])
            if filled > limits["CELLS"] or chars > limits["TEXT_CHARS"]:
                raise Refusal("cells", limit=limits["CELLS"])
        yield message


def main(kind: str, limits: Limits) -> None:
    """Read standard input as ``kind`` and write what it holds."""
    with contextlib.suppress(ImportError, ValueError):  # Windows has none; or they are tighter
        import resource  # noqa: PLC0415

        resource.setrlimit(resource.RLIMIT_AS, (limits["APART_BYTES"],) * 2)
        resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limits["APART_SECONDS"]),) * 2)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    sys.stdout.reconfigure(encoding="utf-8", errors="ignore")  # type: ignore[union-attr]

    def tell(message: Message) -> None:
        sys.stdout.write(json.dumps(message, ensure_ascii=False) + "\n")

    try:
        for message in bounded(READERS[kind](sys.stdin.buffer.read(), limits), limits):
            tell(message)
    except Refusal as refusal:
        tell({"refuse": refusal.code, "words": refusal.words})
    except MemoryError:
        tell({"refuse": "memory"})
    except BaseException as error:  # a panic of Rust is no Exception
        tell({"refuse": "damaged", "words": {"value": f"{type(error).__name__}: {error}"[:200]}})


if __name__ == "__main__":
    main(sys.argv[1], json.loads(sys.argv[2]))
