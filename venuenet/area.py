"""A study area is a folder of plain tables: read it, prove it holds together, hand it on.

``data/geo`` is Beijing; the same code reads any city's folder (docs/area-pack.md).
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import yaml
from numpy.typing import ArrayLike
from pydantic import ValidationError
from shapely.errors import ShapelyError

from venuenet import contracts, crs
from venuenet.errors import AreaPackError, Fault, UnknownNameError
from venuenet.faults import say
from venuenet.model import Frame, LocatedVenue, Venue
from venuenet.packformat import META, POLYGONS, TABLES, AreaMeta, Table

FILES = (META, POLYGONS, *(t.file for t in TABLES))
RAIL = {t.file for t in TABLES if t.optional}
MAX_BYTES = 64 * 2**20
"""Size from which a file of a pack is refused unread; Beijing's largest has some 70 kB."""


@dataclass(frozen=True)
class StudyArea:
    """One city, read and proved.

    Attributes
    ----------
    meta : AreaMeta
        ``area.yaml``.
    districts : GeoDataFrame
        One row per district in GB/T 2260 order (by ``adcode``), EPSG:4326; the position of a row
        is what ``DemandPoints.cell_district`` refers to. ``people`` whole persons, ``area_km2``,
        shares 0..1 (NaN unknown).
    townships : DataFrame
        By ``township_code``; positions as in ``DemandPoints.row_township``. Degrees, km², persons;
        NaN unknown, blank text ``""``.
    venues : tuple of Venue
        By id; ``LocatedVenue`` where a point is known.
    stations, links, transfers : DataFrame
        Rail: degrees, metres, minutes, trains per period. Empty where the city has none.
    root : Path
        The folder.
    digest : str
        SHA-256 over the names and bytes of the pack's files.
    venue_table : DataFrame
        ``venues.csv`` with the columns a Venue does not carry: ``aliases``, ``same_site_as``.
    """

    meta: AreaMeta
    districts: gpd.GeoDataFrame
    townships: pd.DataFrame
    venues: tuple[Venue, ...]
    stations: pd.DataFrame
    links: pd.DataFrame
    transfers: pd.DataFrame
    root: Path
    digest: str
    venue_table: pd.DataFrame

    def metric(self, lon: ArrayLike, lat: ArrayLike) -> tuple[crs.Floats, crs.Floats]:
        """Project WGS84 degrees to metres in the area's ``crs_metric``: x (east), y (north)."""
        return crs.to_metric(lon, lat, self.meta.crs_metric)


@dataclass(frozen=True)
class _Raw:
    """The pack as written: every cell text, rows in file order."""

    meta: AreaMeta | None
    polygons: gpd.GeoDataFrame | None
    tables: Mapping[str, Frame]


def default_root() -> Path:
    """Return the embedded pack: inside the installed package, else in the repository."""
    package = Path(__file__).parent
    inside = package / "data" / "geo"
    return inside if inside.is_dir() else package.parent / "data" / "geo"


def load(root: Path | None = None) -> StudyArea:
    """Read an area pack.

    Parameters
    ----------
    root : Path, optional
        Folder of the pack; the embedded one (Beijing) by default.

    Returns
    -------
    StudyArea
        Districts and townships sorted by code.

    Raises
    ------
    AreaPackError
        The pack breaks its contract; carries every fault found.
    """
    root = root or default_root()
    raw, faults = _read(root)
    if faults or raw.meta is None or raw.polygons is None:
        raise AreaPackError(faults)
    typed = {t.file: _typed(t, raw.tables.get(t.file), raw.meta) for t in TABLES}
    shapes = raw.polygons.set_index("adcode").geometry
    districts = typed["districts.csv"]
    venue_table = typed["venues.csv"]
    return StudyArea(
        meta=raw.meta,
        districts=gpd.GeoDataFrame(
            districts,
            geometry=shapes.reindex(districts["adcode"]).to_numpy(),
            crs=crs.WGS84,
        ),
        townships=typed["townships.csv"],
        venues=tuple(_venue(row) for row in venue_table.to_dict("records")),
        stations=typed["stations.csv"],
        links=typed["links.csv"],
        transfers=typed["transfers.csv"],
        root=root,
        digest=_digest(root),
        venue_table=venue_table,
    )


def check(root: Path) -> list[Fault]:
    """List every fault of the area pack in ``root``; an empty list is a sound pack."""
    return _read(root)[1]


def resolve_district(area: StudyArea | pd.DataFrame, text: str) -> str:
    """Find the district someone means.

    Parameters
    ----------
    area : StudyArea or DataFrame
        The area, or its table of districts.
    text : str
        Adcode, Chinese name with or without its suffix (区, 县 ...), English name or pinyin;
        case, spaces and apostrophes do not matter.

    Returns
    -------
    str
        The adcode.

    Raises
    ------
    UnknownNameError
        Nobody is called that; ``allowed`` lists the districts.
    """
    frame = area.districts if isinstance(area, StudyArea) else area
    wanted = _plain(text)
    for row in frame.to_dict("records"):
        zh, en, pinyin = (str(row.get(c) or "") for c in ("name_zh", "name_en", "pinyin"))
        short = zh[:-1] if len(zh) > 2 and zh[-1] in "区县市旗" else zh
        names = (row["adcode"], zh, short, en, f"{en} district", pinyin, pinyin.rpartition(" ")[0])
        if wanted and wanted in {_plain(str(n)) for n in names}:
            return str(row["adcode"])
    raise UnknownNameError(
        f"没有名为“{text[:60]}”的区",
        f"no district is called {text[:60]!r}",
        param="district",
        allowed=[*frame["name_zh"], *frame["adcode"]],
    )


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _read(root: Path) -> tuple[_Raw, list[Fault]]:
    """Read all files and run the contracts; whatever cannot be read is a fault as well."""
    faults: list[Fault] = []
    present = {file for file in FILES if (root / file).is_file()}
    needed = {META, POLYGONS, *(t.file for t in TABLES if not t.optional)}
    if present & RAIL:
        needed |= RAIL - {"transfers.csv"}
    faults += [say("no_file", file) for file in FILES if file in needed - present]
    texts: dict[str, str] = {}
    for file in (f for f in FILES if f in present):
        if (root / file).stat().st_size > MAX_BYTES:
            faults.append(say("too_large", file, value=str(MAX_BYTES // 2**20)))
            continue
        content = (root / file).read_bytes()
        try:
            texts[file] = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            faults.append(say("not_utf8", file, content[: error.start].count(b"\n") - 1))
    meta = _read_meta(texts[META], faults) if META in texts else None
    polygons = _read_polygons(texts[POLYGONS], faults) if POLYGONS in texts else None
    tables = {t.file: _read_table(t.file, texts[t.file], faults) for t in TABLES if t.file in texts}
    faults += contracts.check(tables, polygons, meta)
    return _Raw(meta, polygons, tables), faults


def _read_meta(text: str, faults: list[Fault]) -> AreaMeta | None:
    try:
        return AreaMeta.model_validate(yaml.safe_load(text))
    except yaml.YAMLError as error:
        faults.append(say("unreadable", META, value=" ".join(str(error).split())))
    except ValidationError as error:
        for found in error.errors():
            key = ".".join(str(part) for part in found["loc"])
            faults.append(say("unreadable", META, None, key or None, value=found["msg"]))
    return None


def _read_polygons(text: str, faults: list[Fault]) -> gpd.GeoDataFrame | None:
    try:
        frame = gpd.GeoDataFrame.from_features(json.loads(text), crs=crs.WGS84)
    except (ValueError, TypeError, LookupError, AttributeError, ShapelyError) as error:
        faults.append(say("unreadable", POLYGONS, value=f"{type(error).__name__}: {error}"))
        return None
    if "adcode" in frame.columns:
        return frame
    faults.append(say("no_column", POLYGONS, column="adcode"))
    return None


def _read_table(file: str, text: str, faults: list[Fault]) -> Frame:
    """Read a table as text, row by row, so that row numbers are those of a spreadsheet."""
    try:
        header, *rows = list(csv.reader(io.StringIO(text, newline=""))) or [[]]
    except csv.Error as error:
        faults.append(say("unreadable", file, value=str(error)))
        return pd.DataFrame()
    width = len(header)
    for position, row in enumerate(rows):
        if len(row) != width:
            faults.append(say("width", file, position, value=len(row), total=width))
    cells = [[c.strip() for c in (row + [""] * width)[:width]] for row in rows]
    frame = pd.DataFrame(cells, columns=[h.strip() for h in header], dtype=str)
    twice = frame.columns.duplicated()
    faults += [say("same_column", file, None, str(name)) for name in frame.columns[twice]]
    return frame.loc[:, ~twice]


def _typed(table: Table, raw: Frame | None, meta: AreaMeta) -> Frame:
    """Turn checked text into numbers: blank is NaN; columns nobody knows stay text."""
    trains = [f"trains_{p.id}" for p in meta.periods] if table.file == "links.csv" else []
    if raw is None:
        raw = pd.DataFrame(columns=[*(c.name for c in table.columns), *trains], dtype=str)
    frame = raw.copy()
    for column in table.columns:
        if column.kind != "text":
            whole = column.kind == "whole" and column.filled
            frame[column.name] = pd.to_numeric(frame[column.name]).astype(
                "int64" if whole else "float64"
            )
    for name in trains:
        frame[name] = pd.to_numeric(frame[name]).astype("int64")
    if len(table.key) == 1:
        frame = frame.sort_values(table.key[0], ignore_index=True)
    return frame


def _venue(row: Mapping[Any, Any]) -> Venue:
    fields: dict[str, Any] = {
        name: row[name]
        for name in (
            "venue_id", "name_zh", "name_en", "kind", "tier", "level", "status", "source",
            "confidence",
        )
    }  # fmt: skip
    fields |= {name: row[name] or None for name in ("adcode", "address_zh", "note")}
    fields |= {
        name: None if pd.isna(row[name]) else row[name]
        for name in ("exhibition_m2", "visits_per_year")
    }
    fields["flags"] = tuple(filter(None, row["flags"].split("|")))
    if pd.isna(row["lon"]):
        return Venue(**fields)
    return LocatedVenue(
        **fields,
        **{name: row[name] for name in ("lon", "lat", "precision_m", "method")},
    )


def _digest(root: Path) -> str:
    total = hashlib.sha256()
    for file in sorted(FILES):
        path = root / file
        if path.is_file():
            content = path.read_bytes()
            total.update(f"{file}\n{len(content)}\n".encode() + content)
    return total.hexdigest()
