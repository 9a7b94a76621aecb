"""Where the mobile hall may stop, where it starts from, and how long it drives between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from venuenet.coverage import covered_rows, group_people
from venuenet.engines import Engines
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import BEYOND, DemandPoints, LocatedVenue
from venuenet.networks import Networks
from venuenet.proposals.mobile_ask import MobileRequest, StopSource, parse_point
from venuenet.publish.answers import gaps, times_for
from venuenet.publish.evidence import rooms_of
from venuenet.publish.how import basis_of
from venuenet.publish.snapshot import Snapshot
from venuenet.standards import TravelRules, load_travel_rules
from venuenet.travel.engine import TravelEngine
from venuenet.travel.estimate import DriveEstimate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_STOPS = 400
"""Stops looked at; those with the most people come first."""
AROUND_DEG = 1.0
"""How far outside the area's box a depot may lie, degrees: a slip of the pen lies farther."""
BEST_DEPOTS = ("center_district", "center_city", "science_museum", "base", "center_n", "other")
"""The default depot is a venue of the first of these kinds that the districts have."""


@dataclass(frozen=True)
class Stop:
    """A place to stop at, WGS84 degrees; a gap's centre is named after its township."""

    stop_id: str
    source: StopSource
    name_zh: str
    name_en: str
    adcode: str
    township_code: str
    lon: float
    lat: float


@dataclass(frozen=True)
class Depot:
    """Where every day starts and ends; ``default`` when nobody named it."""

    venue_id: str | None
    name_zh: str
    name_en: str
    lon: float
    lat: float
    default: bool


def uncovered_people(snapshot: Snapshot, request: MobileRequest) -> Ints | None:
    """Residents of every cell whom the question leaves uncovered, (n,), in the districts asked.

    They add up to ``uncovered`` of ``GET /coverage``. None when nothing is known of the group.
    """
    demand, question = snapshot.demand, request.question
    persons = group_people(demand, question.group)
    if persons is None:
        return None
    rooms = rooms_of(snapshot) if question.capacitated else None
    covered = covered_rows(demand, times_for(snapshot, question), question, persons, rooms=rooms)
    here = np.isin(demand.cell_district[demand.row_cell], district_rows(snapshot, request))
    left = np.where(here, persons - covered, 0)
    return np.bincount(demand.row_cell, left, minlength=len(demand.cell)).astype(np.int64)


def district_rows(snapshot: Snapshot, request: MobileRequest) -> list[int]:
    """Positions of the districts asked for, those left out of whose group nothing is known."""
    group = request.question.group
    standing = {} if group == "all" else snapshot.demand.group_standing[group]
    return [
        i
        for i, adcode in enumerate(snapshot.area.districts["adcode"])
        if (not request.districts or adcode in request.districts)
        and standing.get(adcode) != "unknown"
    ]


def find_stops(snapshot: Snapshot, request: MobileRequest, people: Ints) -> list[Stop]:
    """List the township seats with a position, and the cells of gaps with the most people."""
    codes = [snapshot.area.districts["adcode"].iloc[i] for i in district_rows(snapshot, request)]
    found = []
    towns = snapshot.area.townships
    if "townships" in request.stops:
        seats = towns[towns["adcode"].isin(codes) & towns["lon"].notna()]
        found += [
            Stop(
                stop_id=str(t["township_code"]),
                source="townships",
                name_zh=str(t["name_zh"]),
                name_en=str(t["name_en"] or t["name_zh"]),
                adcode=str(t["adcode"]),
                township_code=str(t["township_code"]),
                lon=float(t["lon"]),
                lat=float(t["lat"]),
            )
            for t in seats.to_dict("records")
        ]
    if "gaps" in request.stops:
        named = towns.set_index("township_code")
        for gap in gaps(snapshot, request.question):
            if gap.adcode in codes:
                at = int(gap.cells[people[gap.cells].argmax()])
                town = named.loc[gap.township_code]
                found.append(
                    Stop(
                        gap.gap_id, "gaps", f"{town['name_zh']}缺口中心",
                        f"{town['name_en'] or town['name_zh']}, centre of a gap", gap.adcode,
                        gap.township_code, float(snapshot.demand.lon[at]),
                        float(snapshot.demand.lat[at]),
                    )
                )  # fmt: skip
    return found


def find_depot(snapshot: Snapshot, request: MobileRequest) -> Depot:
    """Find the depot somebody names, or the best-placed venue of the districts asked for.

    Raises
    ------
    BadQueryError
        No such venue, one without a position, or a point far outside the area.
    """
    placed = [v for v in snapshot.area.venues if isinstance(v, LocatedVenue)]
    if request.depot is None:
        return _default_depot(snapshot, request, [v for v in placed if v.counts])
    text = request.depot.strip()
    point = parse_point(text)
    if point is not None:
        return _point_depot(snapshot, *point)
    wanted = text.casefold()
    names = [v for v in snapshot.area.venues if wanted in _names(v)] if wanted else []
    if len(names) == 1 and isinstance(names[0], LocatedVenue):
        venue = names[0]
        return Depot(
            venue.venue_id, venue.name_zh, venue.name_en, venue.lon, venue.lat, default=False
        )
    what = ("没有位置，请改填 lon,lat", "has no position; give lon,lat")
    if len(names) != 1:
        what = ("不是唯一的场馆编号或全称", "is not the id or full name of one venue")
    allowed = [v.venue_id for v in names or placed][:20]
    raise UnknownNameError(
        f"from：“{text[:60]}”{what[0]}",
        f"from: “{text[:60]}” {what[1]}",
        param="from",
        allowed=["lon,lat", *allowed],
    )


def _names(venue: object) -> set[str]:
    own = (getattr(venue, name) for name in ("venue_id", "name_zh", "name_en"))
    return {str(n).strip().casefold() for n in own if n}


def _default_depot(
    snapshot: Snapshot, request: MobileRequest, placed: Sequence[LocatedVenue]
) -> Depot:
    here = [v for v in placed if v.adcode in request.districts] or placed
    if not here:
        raise BadQueryError(
            "没有可作起点的场馆，请用 from 给出 lon,lat",
            "there is no venue to start from; give from as lon,lat",
            param="from",
            allowed=["lon,lat"],
        )
    first = min(
        here, key=lambda v: (BEST_DEPOTS.index(v.kind), -(v.exhibition_m2 or 0), v.precision_m)
    )
    return Depot(first.venue_id, first.name_zh, first.name_en, first.lon, first.lat, default=True)


def _point_depot(snapshot: Snapshot, lon: float, lat: float) -> Depot:
    left, bottom, right, top = snapshot.area.districts.total_bounds
    edges = (left - AROUND_DEG, right + AROUND_DEG, bottom - AROUND_DEG, top + AROUND_DEG)
    if not (edges[0] <= lon <= edges[1] and edges[2] <= lat <= edges[3]):
        box = "{:.1f}..{:.1f},{:.1f}..{:.1f}".format(*edges)
        raise BadQueryError(
            f"from：{lon:g},{lat:g} 远在区域之外，应为 经度,纬度（WGS84）",
            f"from: {lon:g},{lat:g} lies far outside the area; longitude first, WGS84",
            param="from",
            allowed=[box],
        )
    return Depot(None, f"{lon:g},{lat:g}", f"{lon:g},{lat:g}", lon, lat, default=False)


def in_reach(snapshot: Snapshot, stops: Sequence[Stop], cells: Ints, reach_km: float) -> Floats:
    """Metres from cells to stops in a straight line, (cells, stops); inf beyond the reach.

    People come to the stops of their own district only where the stops are those of one.
    """
    demand = snapshot.demand
    x, y = snapshot.area.metric([s.lon for s in stops], [s.lat for s in stops])
    metres = np.hypot(demand.x[cells, None] - x, demand.y[cells, None] - y)
    return np.where(metres <= 1000 * reach_km, metres, np.inf)


def drive_seconds(
    snapshot: Snapshot, depot: Depot, stops: Sequence[Stop], networks: Path | None
) -> tuple[Floats, str, bool]:
    """Drive between the depot (first) and the stops, by the snapshot's own rules.

    On the roads where the snapshot's driving times are on roads and these are still there; by the
    estimate otherwise.

    Returns
    -------
    (stops + 1, stops + 1) float64
        Seconds from row to column, parking included; inf where there is no way.
    str
        The engine's name.
    bool
        Whether the times are estimated.
    """
    points, venues = _as_travellers(snapshot, depot, stops)
    times = _engine(snapshot, networks).times(points, venues, int(BEYOND) - 1)
    seconds = np.full((len(venues), len(venues)), np.inf)
    to = np.repeat(np.arange(len(venues)), np.diff(times.indptr))
    seconds[times.cell, to] = times.seconds
    np.fill_diagonal(seconds, 0)
    return seconds, times.engine, times.estimated


def _engine(snapshot: Snapshot, networks: Path | None) -> TravelEngine:
    if networks is None or basis_of(snapshot.times["drive"]) != "streets":
        return DriveEstimate(snapshot.area, snapshot.assumptions)
    given = snapshot.manifest.parameters.get("travel")
    rules = TravelRules.model_validate(given["rules"]) if given else load_travel_rules()
    engines = Engines(snapshot.area, snapshot.assumptions, rules, networks=Networks(networks))
    return engines.own_drive()


def _as_travellers(
    snapshot: Snapshot, depot: Depot, stops: Sequence[Stop]
) -> tuple[DemandPoints, list[LocatedVenue]]:
    """Make the depot and the stops both origins and destinations."""
    area = snapshot.area
    lon = np.array([depot.lon, *(s.lon for s in stops)])
    lat = np.array([depot.lat, *(s.lat for s in stops)])
    x, y = area.metric(lon, lat)
    shapes = area.districts.geometry.to_crs(area.meta.crs_metric).to_numpy()
    away = shapely.distance(shapely.points(x, y)[:, None], shapes[None, :])
    home = away.argmin(axis=1).astype(np.int32)
    n = len(lon)
    points = replace(
        snapshot.demand,
        cell=np.arange(n, dtype=np.uint64),
        lon=lon,
        lat=lat,
        x=x,
        y=y,
        area_km2=np.ones(n),
        cell_district=home,
        cell_township=np.zeros(n, dtype=np.int32),
        sample_xy=np.stack([x, y], axis=1)[:, None, :],
        neighbours=np.zeros((0, 2), dtype=np.int32),
        row_cell=np.arange(n, dtype=np.int32),
        row_township=np.zeros(n, dtype=np.int32),
        people=np.ones(n, dtype=np.int64),
        groups={},
    )
    codes = list(area.districts["adcode"])
    venues = [
        LocatedVenue(
            venue_id=f"mobile-{i}", name_zh="", name_en="", kind="other", tier="-", level="",
            adcode=codes[home[i]], address_zh=None, status="open", source="", confidence="",
            lon=float(lon[i]), lat=float(lat[i]), precision_m=0.0, method="",
        )
        for i in range(n)
    ]  # fmt: skip
    return points, venues
