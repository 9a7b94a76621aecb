"""Walking, driving and transit without a street network: straight lines, honestly labelled.

``walk``     distance x detour / speed
``drive``    distance x detour / zonal speed + terminal time
``transit``  the best of walking all the way, or walking to any station, waiting half a headway,
             riding and changing (``subway.station_seconds``), and walking out of any station;
             with the surface assumption, any leg that is not a ride may be a bus ride instead.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.model import (
    KINDS,
    NEAREST,
    UNREACHED,
    VARIANTS,
    DemandPoints,
    LocatedVenue,
    TravelTimes,
    Variant,
)
from venuenet.standards import Assumptions, SurfaceTransit, Walk
from venuenet.travel.engine import Progress, Seconds, collect, shifted, whole_seconds
from venuenet.travel.subway import station_seconds

Floats = NDArray[np.float64]
Leg = Callable[[Floats], Floats]
FAR = UNREACHED // 4
"""Stand-in for "no way" inside sums of int32 seconds: about 17 years."""

NEAREST_STATIONS = 4
"""How many stations a cell's other stations are compared with; the result does not depend on it."""


def walk_leg(rules: Walk) -> Leg:
    """Seconds to walk a straight-line distance in metres."""
    per_metre = rules.detour.value / (rules.speed_kmh.value / 3.6)
    return lambda metres: metres * per_metre


def surface_leg(walk: Walk, rules: SurfaceTransit) -> Leg:
    """Seconds on foot or by the assumed bus, whichever is less; increasing in distance."""
    on_foot = walk_leg(walk)
    fixed = 60 * (rules.wait_min.value + rules.access_min.value)
    per_metre = 3.6 / rules.speed_kmh.value

    def leg(metres: Floats) -> Floats:
        by_bus = np.where(metres <= 1000 * rules.reach_km.value, fixed + metres * per_metre, np.inf)
        return np.minimum(on_foot(metres), by_bus)

    return leg


def _venue_xy(area: StudyArea, venues: Sequence[LocatedVenue]) -> Floats:
    return _xy(area, [v.lon for v in venues], [v.lat for v in venues])


def _xy(area: StudyArea, lon: ArrayLike, lat: ArrayLike) -> Floats:
    """Degrees as points (n, 2) in metres; also of none at all."""
    return np.column_stack(area.metric(lon, lat)).reshape(-1, 2)


@dataclass(frozen=True)
class WalkEstimate:
    """Straight-line walking."""

    area: StudyArea
    rules: Assumptions

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times."""
        places = _venue_xy(self.area, venues)
        leg = walk_leg(self.rules.walk)
        kind = np.array([KINDS.index(v.kind) for v in venues])
        off = np.array([v.precision_m for v in venues])
        reach = cutoff_s / leg(np.ones(1))[0]

        def block(at: NDArray[np.int64]) -> Mapping[Variant, Seconds]:
            here = demand.sample_xy[at].reshape(-1, 2)
            near = _candidates(here, places, off, kind, reach)
            metres = cdist(here, places[near])
            out = {}
            for variant, distance in shifted(metres, [venues[v] for v in near]).items():
                seconds = np.full((len(here), len(venues)), UNREACHED, dtype=np.int32)
                seconds[:, near] = whole_seconds(leg(distance))
                out[variant] = seconds
            return out

        return collect(
            block,
            demand,
            venues,
            cutoff_s,
            progress,
            mode="walk",
            engine="straight-line walk",
        )


def _candidates(
    here: Floats, places: Floats, off: Floats, kind: NDArray[np.int64], reach: float
) -> NDArray[np.int64]:
    """Venues that may be among the nearest of their kind for some point, or lie within reach.

    With r the radius around the points' middle, a venue is out when NEAREST others of its kind
    are nearer to all of them, whatever the positions' precision.
    """
    middle = (here.min(axis=0) + here.max(axis=0)) / 2
    radius = np.hypot(*(here - middle).T).max()
    distance = np.hypot(*(places - middle).T)
    keep = distance - radius <= reach
    for k in np.unique(kind):
        mine = np.flatnonzero(kind == k)
        worst = np.sort(distance[mine] + radius + off[mine])[:NEAREST][-1]
        keep[mine] |= distance[mine] - radius - off[mine] <= worst
    return np.flatnonzero(keep)


@dataclass(frozen=True)
class DriveEstimate:
    """Straight-line driving, half the way at the origin zone's speed, half at the destination's."""

    area: StudyArea
    rules: Assumptions

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times."""
        places = _venue_xy(self.area, venues)
        drive = self.rules.drive
        pace = np.array(
            [
                3.6 / drive.speed_kmh.get(zone, drive.default_speed_kmh).value
                for zone in self.area.districts["zone_zh"]
            ]
        )
        slow = 3.6 / drive.default_speed_kmh.value
        index = {adcode: i for i, adcode in enumerate(self.area.districts["adcode"])}
        there = np.array([pace[index[v.adcode]] if v.adcode else slow for v in venues])
        here = pace[demand.cell_district]

        def block(at: NDArray[np.int64]) -> Mapping[Variant, Seconds]:
            metres = cdist(demand.sample_xy[at].reshape(-1, 2), places)
            pace_here = np.repeat(here[at], demand.sample_xy.shape[1])[:, None]
            factor = drive.detour.value * (pace_here + there) / 2
            return {
                k: whole_seconds(d * factor + 60 * drive.terminal_min.value)
                for k, d in shifted(metres, venues).items()
            }

        return collect(
            block, demand, venues, cutoff_s, progress, mode="drive", engine="zonal-speed drive"
        )


@dataclass(frozen=True)
class TransitEstimate:
    """Walk, ride, change and walk; rail by expected waits, surface transit only if asked for."""

    area: StudyArea
    rules: Assumptions
    surface: bool = False

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times."""
        period = self.rules.transit.period.value
        places = _venue_xy(self.area, venues)
        stations = _xy(self.area, self.area.stations["lon"], self.area.stations["lat"])
        leg = (
            surface_leg(self.rules.walk, self.rules.surface_transit)
            if self.surface
            else walk_leg(self.rules.walk)
        )
        rides = np.minimum(
            station_seconds(
                self.area.stations,
                self.area.links,
                self.area.transfers,
                period,
                60 * self._hours(period),
            ),
            FAR,
        )
        lost = _lost_by_staying(rides)
        onward = {
            k: _min_plus(rides, whole_seconds(leg(d)))
            for k, d in shifted(cdist(stations, places), venues).items()
        }

        def block(at: NDArray[np.int64]) -> Mapping[Variant, Seconds]:
            here = demand.sample_xy[at].reshape(-1, 2)
            to_station = whole_seconds(leg(cdist(here, stations)))
            direct = shifted(cdist(here, places), venues)
            use = _worth_walking_to(to_station, rides, lost)
            return {
                k: _via_stations(whole_seconds(leg(direct[k])), to_station[:, use], onward[k][use])
                for k in VARIANTS
            }

        return collect(
            block,
            demand,
            venues,
            cutoff_s,
            progress,
            mode="transit",
            engine="walk and rail by frequency" + (" and assumed surface" if self.surface else ""),
            surface_transit=self.surface,
            period=period,
        )

    def _hours(self, period: str) -> int:
        for known in self.area.meta.periods:
            if known.id == period:
                return known.hours
        allowed = [p.id for p in self.area.meta.periods]
        raise BadQueryError(
            f"时段“{period}”不在区域数据包中，可用：{'、'.join(allowed)}",
            f"the area pack has no period {period!r}; it has {', '.join(allowed)}",
            param="transit.period",
            allowed=allowed,
        )


def _min_plus(rides: Seconds, walk_out: Seconds) -> Seconds:
    """Seconds from entering each station to each venue: min over the station one leaves by."""
    out = np.full(walk_out.shape, FAR, dtype=np.int32)
    for s in range(len(rides)):
        np.minimum(out, rides[:, s, None] + walk_out[s], out=out)
    return out


def _lost_by_staying(rides: Seconds) -> Seconds:
    """Seconds by which staying at each station may lose against passing through it, (n,), >= 0.

    The most by which a ride from anywhere to anywhere is longer than two rides that end and begin
    at the station: the walk between its platforms, mostly.
    """
    lost = [(rides - rides[:, s, None] - rides[s]).max(initial=0) for s in range(len(rides))]
    return np.array(lost, dtype=np.int32)


def _worth_walking_to(
    to_station: Seconds, rides: Seconds, lost_by_staying: Seconds
) -> NDArray[np.int64]:
    """Stations that may lie on somebody's best way; the others cannot, whatever the venue.

    Walking to station s is pointless where walking to one of the nearest stations and riding to
    s is faster by more than ``lost_by_staying[s]``: going on from there cannot take longer.
    """
    few = min(NEAREST_STATIONS, to_station.shape[1])
    if few == 0:
        return np.zeros(0, dtype=np.int64)
    nearest = np.argpartition(to_station, few - 1, axis=1)[:, :few]
    by_train = np.full(to_station.shape, FAR, dtype=np.int32)
    for column in nearest.T:
        walk = to_station[np.arange(len(to_station)), column]
        np.minimum(by_train, walk[:, None] + rides[column], out=by_train)
    return np.flatnonzero((to_station <= by_train + lost_by_staying).any(axis=0))


def _via_stations(direct: Seconds, to_station: Seconds, onward: Seconds) -> Seconds:
    """Min over stations of walk in + onward, (n, venues), beginning from the direct way."""
    best = direct
    for walk, rest in zip(to_station.T, onward, strict=True):
        np.minimum(best, walk[:, None] + rest, out=best)
    return best
