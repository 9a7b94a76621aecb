"""The rules an area pack must keep, cell by cell, between tables and on the map.

Frames go in, faults come out: all of them at once, with the row numbers a spreadsheet shows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import distance, is_valid_reason
from shapely.geometry.base import BaseGeometry

from venuenet import crs
from venuenet.errors import Fault
from venuenet.faults import say
from venuenet.model import Frame
from venuenet.packformat import META, POLYGONS, TABLES, AreaMeta, Column, Table, columns_of

OVERLAP_KM2 = 0.05
"""Shared area of two districts that is more than the thickness of a border line."""
TRACK_SLACK_M = 350.0
"""How far apart stations may lie beyond their track; Beijing's tables need 248 m."""
NAMESAKES = 20
NAMESAKE_M = 3000.0
"""How many township-station namesakes, and how close, an offset is drawn from."""
OFFSET_SHARE = 0.6
"""Share of the GCJ-02 offset between namesakes from which they cannot share a datum."""
LEAN_SHARE = 0.3
"""Share of all metres outside that has to lean towards GCJ-02 before a table is said to be mixed:
tried on honest lists of 1,000 to 20,000 points around Beijing's borders, none of 60 is accused."""
FOREIGN = "gcj|bd-?09|amap|baidu|tencent|高德|百度|腾讯|火星"
CONVERTED = "convert|checked|转换|核对"
"""Words of a point's method that name another datum, and that say it was dealt with."""
_KIND = "(街道|地区|镇|乡)$"


def check(
    tables: Mapping[str, Frame], polygons: gpd.GeoDataFrame | None, meta: AreaMeta | None
) -> list[Fault]:
    """List everything wrong with a pack.

    Parameters
    ----------
    tables : mapping of file name to DataFrame
        Every cell text, rows in file order, blank is ``""``; only the tables that could be read.
    polygons : GeoDataFrame or None
        ``adcode`` and geometry in EPSG:4326, in file order; None where it could not be read.
    meta : AreaMeta or None
        ``area.yaml``; without it, nothing that needs a map, a total or a period is checked.

    Returns
    -------
    list of Fault
        In the order of the files, then of their rows; empty for a sound pack. A table that lacks
        a column is judged no further, nor is what refers to it.
    """
    faults: list[Fault] = []
    whole: dict[str, Frame] = {}
    for table in (t for t in TABLES if t.file in tables):
        missing = [c.name for c in columns_of(table, meta) if c.name not in tables[table.file]]
        faults += [say("no_column", table.file, column=name) for name in missing]
        if not missing:
            whole[table.file] = tables[table.file]
    for table in (t for t in TABLES if t.file in whole):
        faults += _cells(table, whole, meta)
    if "stations.csv" in whole:
        faults += _lines(whole)
    if "districts.csv" in whole and meta is not None:
        faults += _sums(whole, meta)
        if polygons is not None:
            shape_faults = list(_polygons(polygons, whole["districts.csv"], meta))
            faults += shape_faults
            if not shape_faults:
                shapes = polygons.set_index("adcode").geometry
                faults += _places(whole, shapes, meta)
    order = [META, POLYGONS, *(t.file for t in TABLES)]
    return sorted(faults, key=lambda f: (order.index(f.file), f.row or 0))


def _cells(table: Table, tables: Mapping[str, Frame], meta: AreaMeta | None) -> Iterator[Fault]:
    """Check one table by itself: cells, keys, names, references."""
    frame = tables[table.file]
    for column in columns_of(table, meta):
        cells = frame[column.name]
        filled = cells[cells.ne("")]
        if column.filled:
            for row in cells.index[cells.eq("")]:
                yield say("blank", table.file, row, column.name)
        if column.kind != "text":
            yield from _numbers(table.file, column, filled)
        if column.allowed:
            for row, value in filled[~filled.isin(column.allowed)].items():
                told = {"value": value, "allowed": ", ".join(column.allowed)}
                yield say("allowed", table.file, row, column.name, **told)
        if column.refers:
            file, name = column.refers.split(":")
            there = tables[file][name] if file in tables else filled
            for row, value in filled[~filled.isin(there)].items():
                told = {"value": value, "refers": column.refers}
                yield say("refers", table.file, row, column.name, **told)
    yield from _repeats(table.file, frame, table.key)
    if table.file == "townships.csv":
        yield from _repeats(table.file, frame, ("adcode", "name_zh"))
    if table.file == "venues.csv":
        # Homonyms exist; two at one place are one.
        yield from _repeats(table.file, frame, ("adcode", "address_zh", "lon", "lat", "name_zh"))


def _numbers(file: str, column: Column, cells: pd.Series[str]) -> Iterator[Fault]:
    """Check that cells are finite numbers, whole where asked, and in range."""
    low = -np.inf if column.low is None else column.low
    high = np.inf if column.high is None else column.high
    for (row, text), value in zip(cells.items(), _number(cells), strict=True):
        told: dict[str, str | float] = {"value": text, "low": low, "high": high}
        if not np.isfinite(value):
            yield say("number", file, row, column.name, **told)
        elif column.kind == "whole" and value != round(value):
            yield say("whole", file, row, column.name, **told)
        elif not low <= value <= high:
            yield say("range", file, row, column.name, **told)


def _repeats(file: str, frame: Frame, columns: tuple[str, ...]) -> Iterator[Fault]:
    """Report rows that repeat an earlier one in all of these columns."""
    first: dict[tuple[str, ...], int] = {}
    for row, key in enumerate(zip(*(frame[c] for c in columns), strict=True)):
        if first.setdefault(key, row) != row:
            value = key[-1] if columns[0] == "adcode" else " ".join(key)
            yield say("twice", file, row, columns[-1], value=value, other=first[key] + 2)


def _lines(tables: Mapping[str, Frame]) -> Iterator[Fault]:
    """Check that links and transfers use lines their stations are on."""
    stations = tables["stations.csv"]
    pairs = zip(stations["station_id"], stations["lines"], strict=True)
    lines = {station: set(names.split("|")) for station, names in pairs}
    for file, line, station in (
        ("links.csv", "line", "from_id"),
        ("links.csv", "line", "to_id"),
        ("transfers.csv", "from_line", "station_id"),
        ("transfers.csv", "to_line", "station_id"),
    ):
        rows = tables[file][[line, station]].to_numpy() if file in tables else ()
        for row, (name, at) in enumerate(rows):
            if at in lines and name not in lines[at]:
                yield say("line", file, row, line, value=name, station=at)


def _sums(tables: Mapping[str, Frame], meta: AreaMeta) -> Iterator[Fault]:
    """Check people: districts to the total, known townships within their district."""
    districts = tables["districts.csv"]
    people = _number(districts["people"]).fillna(0)
    if people.sum() != meta.total_people:
        told = {"value": f"{people.sum():.0f}", "total": f"{meta.total_people}"}
        yield say("total", "districts.csv", None, "people", **told)
    if "townships.csv" in tables:
        townships = tables["townships.csv"]
        residents = _number(townships["residents"])
        known = residents.groupby(townships["adcode"]).sum()
        unknown = residents.isna().groupby(townships["adcode"]).sum()
        for row, (adcode, all_people) in enumerate(zip(districts["adcode"], people, strict=True)):
            if known.get(adcode, 0) > all_people:
                told = {"value": f"{known[adcode]:.0f}", "total": f"{all_people:.0f}"}
                yield say("over", "districts.csv", row, "people", **told)
            elif adcode not in known:
                yield say("no_township", "districts.csv", row, "adcode", value=adcode)
            elif unknown[adcode] == 0 and known[adcode] < all_people:
                told = {"value": f"{known[adcode]:.0f}", "total": f"{all_people:.0f}"}
                yield say("under", "districts.csv", row, "people", **told)


def _number(cells: pd.Series[str]) -> pd.Series[float]:
    """Read cells as finite numbers; what is not one is NaN (and was reported by its own rule)."""
    values = pd.to_numeric(cells, errors="coerce").astype("float64")
    return values.where(np.isfinite(values))


def _polygons(polygons: gpd.GeoDataFrame, districts: Frame, meta: AreaMeta) -> Iterator[Fault]:
    """Check the polygons: one valid shape per district, none upon another.

    A fault's row is the feature's place in the collection, counted from 1.
    """
    known = set(districts["adcode"])
    seen: set[str] = set()
    for row, (code, shape) in enumerate(
        zip(polygons["adcode"], polygons.geometry, strict=True), start=-1
    ):
        if code not in known:
            told = {"value": code, "refers": "districts.csv:adcode"}
            yield say("refers", POLYGONS, row, "adcode", **told)
        if code in seen:
            yield say("same_code", POLYGONS, row, "adcode", value=code)
        seen.add(code)
        if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon"):
            yield say("shape", POLYGONS, row, "geometry", value="no polygon")
        elif not shape.is_valid:
            yield say("shape", POLYGONS, row, "geometry", value=is_valid_reason(shape))
    for code in sorted(known - seen):
        yield say("no_polygon", POLYGONS, None, "adcode", value=code)
    shapes = polygons.geometry.to_crs(meta.crs_metric).reset_index(drop=True)
    shapes = shapes[shapes.notna() & shapes.is_valid]
    for a, b in combinations(shapes.index, 2):
        km2 = shapes[a].intersection(shapes[b]).area / 1e6
        if km2 > OVERLAP_KM2:
            told = {"value": polygons["adcode"].iloc[a], "km2": km2}
            yield say("overlap", POLYGONS, b - 1, "geometry", **told)


def _places(
    tables: Mapping[str, Frame], polygons: gpd.GeoSeries, meta: AreaMeta
) -> Iterator[Fault]:
    """Check every point against its district, or the city where it names none.

    **Datum mixes.** GCJ-02 moves a point of Beijing some 530 m east and 150 m north, a fiftieth
    of a district, so most shifted points stay in their district and no rule sees every one. What
    is caught: (1) any point further outside than its table's tolerance, named as GCJ-02 where
    undoing the offset brings it inside; (2) a table whose points outside come inside when the
    offset is undone, but not when it is added instead, by more than border errors, which have no
    preferred side, add up to; (3) stations against the townships they share a name with;
    (4) a station that lies further from its neighbour than the track is long; (5) a method that
    names GCJ-02, BD-09 or their maps without saying it was converted. Tried on Beijing: a whole
    table shifted is always found, half of it in 17 of 20 draws, a tenth in 4 of 20; shifted
    stations always, unless a city has no namesakes and all moved together. A few silent rows deep
    inside their districts pass: only their source can tell.
    """
    metric = polygons.to_crs(meta.crs_metric)
    city = metric.union_all()
    for table in (t for t in TABLES if t.placed and t.file in tables):
        frame = tables[table.file]
        tolerance = getattr(meta.tolerances, table.placed[0])
        needs = ["lon", "lat", *table.placed[1:]]
        blank = frame[needs] == ""
        told = {c.name for c in table.columns if c.filled}
        for row in frame.index[blank.any(axis=1) & ~blank[["lon", "lat"]].all(axis=1)]:
            for name in sorted(set(blank.columns[blank.loc[row]]) - told):
                yield say("half_point", table.file, row, name)
        method = frame[table.placed[-1]].str.lower()
        foreign = method.str.contains(FOREIGN) & ~method.str.contains(CONVERTED)
        for row in frame.index[foreign]:
            yield say("foreign", table.file, row, table.placed[-1], value=method[row])
        points = frame.assign(lon=_number(frame["lon"]), lat=_number(frame["lat"]))
        points = points[points["lon"].notna() & points["lat"].notna()]
        codes = points.get("adcode", pd.Series("", index=points.index))
        own = [metric.get(code, city) for code in codes]
        yield from _outside(table.file, points, own, tolerance, meta)
    if {"stations.csv", "townships.csv"} <= set(tables):
        yield from _namesakes(tables, meta)
    if {"stations.csv", "links.csv"} <= set(tables):
        yield from _tracks(tables, meta)


def _outside(
    file: str, points: Frame, own: list[BaseGeometry], tolerance: float, meta: AreaMeta
) -> Iterator[Fault]:
    """Report points outside their own shape, and a table that leans towards GCJ-02."""
    lon, lat = points["lon"].to_numpy(float), points["lat"].to_numpy(float)

    def metres(lon: crs.Floats, lat: crs.Floats) -> crs.Floats:
        x, y = crs.to_metric(lon, lat, meta.crs_metric)
        real = np.isfinite(x) & np.isfinite(y)
        dots = gpd.points_from_xy(np.where(real, x, 0), np.where(real, y, 0))
        return np.where(real, distance(dots, own), np.inf)

    away = metres(lon, lat)
    undone = metres(*crs.wgs84_from_gcj02(lon, lat))
    added = metres(*crs.gcj02_from_wgs84(lon, lat))
    swapped = metres(lat, lon)
    for row, far, back, other in zip(points.index, away, undone, swapped, strict=True):
        if far > tolerance:
            code = "swapped" if other <= tolerance else "gcj02_point" if back == 0 else "outside"
            yield say(code, file, row, "lon", metres=far)
    lean = away[(undone == 0) & (away > 0)].sum() - away[(added == 0) & (away > 0)].sum()
    # Border errors add up like a random walk; a datum mix leans with most of what lies outside.
    chance = max(tolerance * math.sqrt((away > 0).sum()), LEAN_SHARE * away[away > 0].sum())
    if crs.has_gcj02(lon, lat) and lean > max(tolerance, chance):
        yield say("gcj02_table", file, None, "lon", metres=lean)


def _namesakes(tables: Mapping[str, Frame], meta: AreaMeta) -> Iterator[Fault]:
    """Compare stations with townships of the same name along the GCJ-02 offset."""
    stations, townships = tables["stations.csv"], tables["townships.csv"]
    named = townships.assign(name_zh=townships["name_zh"].str.replace(_KIND, "", regex=True))
    pairs = named.merge(stations, on="name_zh", suffixes=("", "_station"))
    lon, lat = _number(pairs["lon"]), _number(pairs["lat"])
    x, y = crs.to_metric(lon, lat, meta.crs_metric)
    station_x, station_y = crs.to_metric(
        _number(pairs["lon_station"]), _number(pairs["lat_station"]), meta.crs_metric
    )
    there_x, there_y = crs.to_metric(*crs.gcj02_from_wgs84(lon, lat), meta.crs_metric)
    east, north, off_e, off_n = x - station_x, y - station_y, there_x - x, there_y - y
    near = np.hypot(east, north) <= NAMESAKE_M
    if near.sum() < NAMESAKES or not crs.has_gcj02(lon, lat):
        return
    offset = np.hypot(off_e, off_n)[near]
    along = np.median((east * off_e + north * off_n)[near] / offset)
    if abs(along) > OFFSET_SHARE * offset.mean():
        file = "townships.csv" if along > 0 else "stations.csv"
        yield say("gcj02_names", file, None, "lon", metres=abs(along))


def _tracks(tables: Mapping[str, Frame], meta: AreaMeta) -> Iterator[Fault]:
    """Report links whose stations lie further apart than the track between them is long."""
    stations, links = tables["stations.csv"], tables["links.csv"]
    x, y = crs.to_metric(_number(stations["lon"]), _number(stations["lat"]), meta.crs_metric)
    spots = pd.DataFrame({"x": x, "y": y}, index=stations["station_id"])
    spots = spots[~spots.index.duplicated()]
    ends = (spots.reindex(links[name]).to_numpy() for name in ("from_id", "to_id"))
    straight = np.hypot(*(next(ends) - next(ends)).T)
    excess = straight - _number(links["track_m"]).to_numpy()
    for row in np.flatnonzero(excess > TRACK_SLACK_M):
        yield say("track", "links.csv", row, "track_m", metres=excess[row])
