"""What must hold between the rows and files of a feed; every breach is told with its line."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from venuenet.travel.gtfs_calendar import service_days
from venuenet.travel.gtfs_faults import Faults
from venuenet.travel.gtfs_format import CALENDARS, FORMAT, KEYS
from venuenet.travel.gtfs_tables import Bools, Table

FAR_KM = 500
"""A stop further than this from every other station is misplaced."""
_NULL_ISLAND_DEGREES = 0.01
_EARTH_KM = 6371.0

Tables = Mapping[str, Table]


def check_tables(tables: Tables, faults: Faults) -> None:
    """Check ids, references, places, calendars, headways and transfers.

    Parameters
    ----------
    tables : mapping of file name to Table
        Bad rows and trips are marked.
    faults : Faults
        Gathers what is wrong.
    """
    _duplicates(tables, faults)
    _references(tables, faults)
    if tables["stops.txt"].has("stop_id", "stop_lat", "stop_lon"):
        _places(tables["stops.txt"], faults)
        _parents(tables["stops.txt"], faults)
        _platforms(tables, faults)
    _services(tables, faults)
    _headways(tables["frequencies.txt"], faults)
    _transfers(tables["transfers.txt"], faults)
    _trip_lengths(tables, faults)


def _duplicates(tables: Tables, faults: Faults) -> None:
    """Mark rows whose key an earlier row has."""
    for file, key in KEYS.items():
        table = tables[file]
        if not table.has(*key) or (file == "pathways.txt" and table.rows[key[0]].eq("").all()):
            continue
        codes = np.zeros(len(table.rows), np.int64)
        for column in key:
            part, different = pd.factorize(table.rows[column])
            codes = codes * (len(different) + 1) + part
        codes = pd.factorize(codes)[0]
        ids = table.rows[key[0]].ne("").to_numpy() & ~table.bad
        again = np.zeros(len(codes), bool)
        again[ids] = pd.Series(codes[ids]).duplicated().to_numpy()
        if again.any():
            lines = pd.Series(table.rows.index[ids]).groupby(codes[ids]).first()
            shown = table.rows[list(key)].astype(str).agg(" ".join, axis=1)[again]
            words = pd.Series("", index=table.rows.index).mask(again, shown)
            table.mark(
                faults, "twice", again, key[-1], words, others=lines[codes[again].tolist()].tolist()
            )


def _references(tables: Tables, faults: Faults) -> None:
    """Mark rows that name a stop, route, trip or service nobody has."""
    for file, columns in FORMAT.items():
        table = tables[file]
        for name, column in columns.items():
            if column.refers is None or not table.has(name):
                continue
            key = next(iter(FORMAT[column.refers]))
            if tables[column.refers].has(key):
                there = tables[column.refers].rows[key].cat.categories
                lost = _lost(table.rows[name], there)
                table.mark(
                    faults, "refers", lost, name, table.rows[name],
                    refers=column.refers, spoils=column.spoils,
                )  # fmt: skip
                if column.spoils == "cell":
                    table.rows[name] = _cleared(table.rows[name], lost)
    trips = tables["trips.txt"]
    known = [tables[f].rows["service_id"] for f in CALENDARS if tables[f].has("service_id")]
    if known and trips.has("service_id"):
        there = pd.Index([service for ids in known for service in ids.cat.categories])
        table_words = trips.rows["service_id"]
        trips.mark(
            faults, "refers", _lost(table_words, there), "service_id", table_words,
            refers="calendar.txt, calendar_dates.txt", spoils="trip",
        )  # fmt: skip


def _lost(words: pd.Series, there: pd.Index) -> Bools:
    known = words.cat.categories.isin(there) | (words.cat.categories == "")
    lost: Bools = ~known[words.cat.codes.to_numpy()]
    return lost


def _cleared(words: pd.Series, at: Bools) -> pd.Series:
    """Return words with some made blank."""
    return words.astype(object).mask(at, "").astype("category") if at.any() else words


def _places(stops: Table, faults: Faults) -> None:
    """Mark stops without a point, at (0, 0), or far from every other station."""
    lat, lon = stops.rows["stop_lat"].to_numpy(), stops.rows["stop_lon"].to_numpy()
    kind = stops.rows["location_type"].to_numpy()
    placed = np.isfinite(lat) & np.isfinite(lon)
    stop_id = stops.rows["stop_id"]
    stops.mark(faults, "no_point", ~placed & (kind <= 2) & ~stops.bad, "stop_lat", stop_id)
    zero = (np.abs(lat) < _NULL_ISLAND_DEGREES) & (np.abs(lon) < _NULL_ISLAND_DEGREES)
    stops.mark(faults, "zero_point", zero & ~stops.bad, "stop_lat", stop_id)
    here = np.flatnonzero(placed & ~stops.bad)
    parent = stops.rows["parent_station"].astype(object)
    station = pd.factorize(parent.where(parent != "", stop_id.astype(object)).to_numpy()[here])[0]
    far = np.zeros(len(lat), bool)
    far[here] = _far(lat[here], lon[here], station)
    stops.mark(faults, "far", far, "stop_lat", stop_id, km=FAR_KM)


def _far(lat: NDArray[np.float64], lon: NDArray[np.float64], station: NDArray[np.intp]) -> Bools:
    """Return which points have no point of another station within ``FAR_KM``."""
    if len(np.unique(station)) < 2:
        return np.zeros(len(lat), bool)
    y, x = np.radians(lat), np.radians(lon)
    globe = np.column_stack([np.cos(y) * np.cos(x), np.cos(y) * np.sin(x), np.sin(y)])
    # One point more than the largest station has: among these is one of another station.
    chord = 2 * np.sin(FAR_KM / _EARTH_KM / 2)
    tree = cKDTree(globe)
    most = int(np.bincount(station).max())
    lonely = np.arange(len(lat))
    for k in sorted({2, most + 1}):  # nearly all have an answer in their nearest
        away, at = tree.query(globe[lonely], k=k, distance_upper_bound=chord)
        others = np.append(station, -1)[at] != station[lonely][:, None]
        lonely = lonely[~(others & np.isfinite(away)).any(axis=1)]
    far = np.zeros(len(lat), bool)
    far[lonely] = True
    return far


def _parents(stops: Table, faults: Faults) -> None:
    """Clear parents that cannot be one; mark what needs one and has none."""
    rows = stops.rows
    kind, parent = rows["location_type"].to_numpy(), rows["parent_station"]
    types = pd.Series(kind, rows["stop_id"].astype(object)).groupby(level=0).first()
    above = parent.astype(object).map(types).fillna(-1).to_numpy()
    named = parent.ne("").to_numpy()
    wrong = named & (above != np.where(kind == 4, 0, np.where(kind == 1, -2, 1)))
    stops.mark(faults, "parent", wrong, "parent_station", parent, spoils="cell")
    stops.mark(faults, "no_parent", ~named & (kind >= 2) & ~stops.bad, "parent_station")
    rows["parent_station"] = _cleared(parent, wrong)


def _platforms(tables: Tables, faults: Faults) -> None:
    """Mark stop times and transfers at stops nobody can board at."""
    rows = tables["stops.txt"].rows
    for file, column, most in (
        ("stop_times.txt", "stop_id", 0),
        ("transfers.txt", "from_stop_id", 1),
        ("transfers.txt", "to_stop_id", 1),
    ):
        if tables[file].has(column):
            others = rows["stop_id"][rows["location_type"].gt(most)].astype(object)
            words = tables[file].rows[column]
            at = words.cat.categories.isin(others)[words.cat.codes.to_numpy()]
            tables[file].mark(faults, "no_platform", at, column, words)


def _services(tables: Tables, faults: Faults) -> None:
    """Mark services that end before they begin or never run."""
    week, dates = (tables[name] for name in CALENDARS)
    if week.has("start_date", "end_date"):
        start, end = week.rows["start_date"].to_numpy(), week.rows["end_date"].to_numpy()
        week.mark(faults, "ends_first", (end < start) & ~week.bad, "end_date")
    days = service_days(week, dates)
    idle = {service for service, on in days.items() if not len(on)}
    for table in (week, dates):
        if idle and table.has("service_id"):
            ids = table.rows["service_id"].astype(object)
            at = ids.isin(idle).to_numpy() & ~ids.duplicated().to_numpy() & ~table.bad
            table.mark(faults, "never", at, "service_id", ids)
            idle -= set(ids)


def _headways(table: Table, faults: Faults) -> None:
    """Mark periods that end before they begin or overlap another of their trip."""
    if not table.has("trip_id", "start_time", "end_time"):
        return
    rows = table.rows
    start, end = rows["start_time"].to_numpy(), rows["end_time"].to_numpy()
    table.mark(faults, "ends_first", (end <= start) & ~table.bad, "end_time")
    good = np.flatnonzero(~table.bad)
    order = good[np.lexsort((start[good], rows["trip_id"].cat.codes.to_numpy()[good]))]
    trip = rows["trip_id"].cat.codes.to_numpy()[order]
    meets = (trip[1:] == trip[:-1]) & (start[order][1:] < end[order][:-1])
    at = np.zeros(len(rows), bool)
    at[order[1:][meets]] = True
    other = pd.Series(rows.index[order[:-1][meets]], order[1:][meets]).sort_index()
    table.mark(faults, "overlap", at, "start_time", rows["trip_id"], others=other.tolist())


def _transfers(table: Table, faults: Faults) -> None:
    """Mark transfers without the stops or the time their type needs."""
    if not table.has("from_stop_id", "to_stop_id", "transfer_type"):
        return
    rows = table.rows
    kind = rows["transfer_type"].to_numpy()
    for column in ("from_stop_id", "to_stop_id"):
        table.mark(faults, "blank", (rows[column] == "").to_numpy() & (kind <= 3), column)
    untimed = (kind == 2) & rows["min_transfer_time"].isna().to_numpy() & ~table.bad
    table.mark(faults, "no_minutes", untimed, "min_transfer_time")


def _trip_lengths(tables: Tables, faults: Faults) -> None:
    """Mark trips with fewer than two stop times."""
    trips, times = tables["trips.txt"], tables["stop_times.txt"]
    if trips.has("trip_id") and times.has("trip_id"):
        words = trips.rows["trip_id"]
        calls = times.rows["trip_id"].value_counts()
        few = words.astype(object).map(calls).fillna(0).to_numpy(float) < 2
        trips.mark(faults, "no_calls", few & ~trips.bad, "trip_id", words, spoils="trip")
