"""From districts, townships and stations to DemandPoints, exact to the census total."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from venuenet.area import StudyArea
from venuenet.demand.cells import Cells, cover, neighbour_pairs, sample_points
from venuenet.demand.density import spread, unknown_residents, weights
from venuenet.demand.groups import share_out
from venuenet.demand.shares import Shares
from venuenet.model import SCENARIO, DemandPoints
from venuenet.rounding import apportion
from venuenet.standards import Demand

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class _Places:
    """Townships in metres (NaN without a point) and everyone's distance to a station."""

    xy: Floats
    station_m: Floats


def build_demand(
    area: StudyArea,
    rules: Demand,
    resolution: int | None = None,
    shares: Shares | None = None,
) -> DemandPoints:
    """Spread the residents of a study area over H3 cells.

    Parameters
    ----------
    area : StudyArea
        Districts with people, townships with what is known of them, stations.
    rules : Demand
        The density model's values.
    resolution : int, optional
        H3 resolution; the area pack's own by default.
    shares : Shares, optional
        Shares of groups that users bring; of groups the area has (``shares.with_groups``).

    Returns
    -------
    DemandPoints
        One row per (cell, township) with people; rows sum to townships (census figure where
        known), districts and the area's total exactly.
    """
    cells = cover(area, resolution if resolution is not None else area.meta.h3_resolution)
    xy = np.column_stack(area.metric(cells.lon, cells.lat))
    stations = _station_distance(area, xy)
    towns = area.townships
    town_xy = np.column_stack(
        area.metric(towns["lon"].to_numpy(float), towns["lat"].to_numpy(float))
    )
    town_xy[~np.isfinite(town_xy)] = np.nan
    places = _Places(town_xy, _station_distance(area, town_xy))
    residents, flags = _residents(area, places, rules)
    home = _home_township(area, cells, xy, town_xy)
    rows = [
        _district_rows(area, d, cells, xy, stations, places, residents, home, rules)
        for d in range(len(area.districts))
    ]
    cell = np.concatenate([r[0] for r in rows])
    town = np.concatenate([r[1] for r in rows])
    people = np.concatenate([r[2] for r in rows])
    return _assemble(area, cells, xy, home, cell, town, people, flags, shares or Shares())


def _station_distance(area: StudyArea, xy: Floats) -> Floats:
    """Metres from each point to the nearest station; infinite without any, NaN without a point."""
    out = np.full(len(xy), np.nan)
    ok = np.isfinite(xy).all(axis=1)
    # A scenario's new stations change how people travel, not where they live.
    stations = area.stations[area.stations["method"] != SCENARIO]
    if len(stations) == 0:
        out[ok] = np.inf
        return out
    at = area.metric(stations["lon"].to_numpy(float), stations["lat"].to_numpy(float))
    out[ok] = cKDTree(np.column_stack(at)).query(xy[ok])[0]
    return out


def _residents(
    area: StudyArea, places: _Places, rules: Demand
) -> tuple[Ints, tuple[tuple[str, ...], ...]]:
    """Residents of every township, whole persons, and what is modelled about each."""
    towns = area.townships
    residents = towns["residents"].to_numpy(float)
    unknown = ~np.isfinite(residents)
    out = np.zeros(len(towns), dtype=np.int64)
    out[~unknown] = residents[~unknown].astype(np.int64)
    for adcode, people in zip(area.districts["adcode"], area.districts["people"], strict=True):
        mine = (towns["adcode"] == adcode).to_numpy()
        gap = mine & unknown
        remainder = int(people) - int(out[mine & ~unknown].sum())
        if gap.any():
            shares = unknown_residents(
                rules,
                remainder,
                towns.loc[gap, "units"].to_numpy(float),
                np.where(np.isinf(places.station_m), np.nan, places.station_m)[gap],
                towns.loc[gap, "residents_other"].to_numpy(float),
            )
            out[gap] = apportion(remainder, shares)
    pointless = np.isnan(places.xy[:, 0])
    flags = tuple(
        (("residents_estimated",) if u else ()) + (("point_unknown",) if p else ())
        for u, p in zip(unknown, pointless, strict=True)
    )
    return out, flags


def _home_township(area: StudyArea, cells: Cells, xy: Floats, town_xy: Floats) -> NDArray[np.int32]:
    """Position of the nearest placed township of the same district, for every cell."""
    home = np.full(len(cells.cell), -1, dtype=np.int32)
    for d, adcode in enumerate(area.districts["adcode"]):
        mine = (area.townships["adcode"] == adcode).to_numpy()
        placed = np.flatnonzero(mine & np.isfinite(town_xy[:, 0]))
        at = cells.district == d
        if len(placed):
            home[at] = placed[cKDTree(town_xy[placed]).query(xy[at])[1]]
        else:
            home[at] = np.flatnonzero(mine)[0]
    return home


def _district_rows(
    area: StudyArea,
    district: int,
    cells: Cells,
    xy: Floats,
    station_m: Floats,
    places: _Places,
    residents: Ints,
    home: NDArray[np.int32],
    rules: Demand,
) -> tuple[NDArray[np.int64], NDArray[np.int64], Ints]:
    """Rows (cell, township, people) of one district, people > 0."""
    at = np.flatnonzero(cells.district == district)
    mine = np.flatnonzero(
        (area.townships["adcode"] == area.districts["adcode"].iloc[district]).to_numpy()
    )
    km2 = area.townships["area_km2"].to_numpy(float)
    area_km2 = cells.area_km2[at]
    placed_people = np.zeros(len(at))
    rows: list[tuple[NDArray[np.int64], NDArray[np.int64], Ints]] = []

    def add(town: np.int64, local: NDArray[np.int64], share: Floats) -> None:
        people = apportion(int(residents[town]), share)
        some = people > 0
        rows.append((at[local][some], np.full(int(some.sum()), town), people[some]))
        placed_people[local] += people

    own_km2 = np.array([area_km2[home[at] == town].sum() for town in mine])
    crowding = residents[mine] / np.maximum(own_km2, 1e-9)
    adrift = [town for town in mine if np.isnan(places.xy[town, 0])]
    # The crowded come last, so that what they pour over finds its neighbours' places taken.
    for town in mine[np.argsort(crowding, kind="stable")]:
        if town in adrift:
            continue
        people = float(residents[town])
        from_centre = np.hypot(*(xy[at] - places.xy[town]).T)
        room = np.maximum(rules.cap_per_km2.value * area_km2 - placed_people, 0)
        local = _reach(home[at] == town, from_centre, room, people * rules.slack.value)
        weight = weights(
            rules,
            people,
            None if np.isnan(km2[town]) else float(km2[town]),
            area_km2[local],
            from_centre[local],
            station_m[at[local]],
        )
        add(town, local, spread(rules, people, weight, area_km2[local], room[local]))
    # A township nobody can place lies somewhere its neighbours live: it takes their pattern.
    pattern = placed_people.copy() if placed_people.any() else cells.area_km2[at]
    for town in adrift:
        add(town, np.arange(len(at)), pattern)
    return (
        np.concatenate([r[0] for r in rows]),
        np.concatenate([r[1] for r in rows]),
        np.concatenate([r[2] for r in rows]),
    )


def _reach(
    own: NDArray[np.bool_], from_centre: Floats, room: Floats, needed: float
) -> NDArray[np.int64]:
    """Take a township's own cells and, where they have too little room, the next nearest."""
    nearest_first = np.lexsort((from_centre, ~own))
    enough = int(np.searchsorted(np.cumsum(room[nearest_first]), needed)) + 1
    return np.sort(nearest_first[: max(enough, int(own.sum()))])


def _assemble(
    area: StudyArea,
    cells: Cells,
    xy: Floats,
    home: NDArray[np.int32],
    row_cell: NDArray[np.int64],
    row_town: NDArray[np.int64],
    people: Ints,
    flags: tuple[tuple[str, ...], ...],
    shares: Shares,
) -> DemandPoints:
    """Keep the inhabited cells, order the rows and share out the groups."""
    used = np.unique(row_cell)
    order = np.lexsort((row_town, row_cell))
    town, people = row_town[order].astype(np.int32), people[order]
    row = np.searchsorted(used, row_cell[order]).astype(np.int32)
    district = cells.district[used]
    groups, standing = share_out(area, district[row], town, people, shares)
    return DemandPoints(
        cell=cells.cell[used],
        lon=cells.lon[used],
        lat=cells.lat[used],
        x=xy[used, 0],
        y=xy[used, 1],
        area_km2=cells.area_km2[used],
        sample_xy=np.stack(area.metric(*sample_points(cells.cell[used])), axis=-1),
        cell_district=district,
        cell_township=home[used],
        neighbours=neighbour_pairs(cells.cell[used]),
        row_cell=row,
        row_township=town,
        people=people,
        groups=groups,
        township_flags=flags,
        group_standing=standing,
        adcodes=tuple(area.districts["adcode"]),
    )
