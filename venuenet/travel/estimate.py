"""Walking, driving and transit without a street network: straight lines, honestly labelled.

``walk``     distance x detour / speed
``drive``    distance x detour / zonal speed + terminal time
``transit``  the best of walking all the way, or walking to any station, waiting half a headway,
             riding and changing (``subway.station_seconds``), and walking out of any station;
             with the surface assumption, any leg that is not a ride may be a bus ride instead.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.model import VARIANTS, DemandPoints, LocatedVenue, TravelTimes, Variant
from venuenet.standards import Assumptions, SurfaceTransit, Walk
from venuenet.travel.engine import Progress, Seconds, collect
from venuenet.travel.subway import station_seconds

Floats = NDArray[np.float64]
NO_BUS = np.array([0.0, 0.0, -1.0])


def _walk_pace(rules: Walk) -> float:
    """Seconds on foot for each metre of a straight line."""
    return rules.detour.value / (rules.speed_kmh.value / 3.6)


def _bus(rules: SurfaceTransit) -> Floats:
    """Seconds per metre, seconds beside, and the metres it reaches: see ``leg_seconds``."""
    fixed = 60 * (rules.wait_min.value + rules.access_min.value)
    return np.array([3.6 / rules.speed_kmh.value, fixed, 1000 * rules.reach_km.value])


@dataclass(frozen=True)
class _Places:
    """Where straight lines lead: metres (2, k), and how far off each may be, metres (k,)."""

    xy: Floats
    off: Floats

    def seconds(
        self, here: Floats, pace: Floats | float, fixed: float = 0, bus: Floats = NO_BUS
    ) -> Seconds:
        """Seconds (3, p, k) from points (p, 2) by variant; see ``leg_seconds``."""
        # numba comes with it, which commands that build nothing should not wait for.
        from venuenet.travel.straight import leg_seconds  # noqa: PLC0415

        paces = pace if isinstance(pace, np.ndarray) else np.full((1, len(self.off)), pace)
        return leg_seconds(here, self.xy, self.off, paces, float(fixed), bus)


def _venues_at(area: StudyArea, venues: Sequence[LocatedVenue]) -> _Places:
    xy = _xy(area, [v.lon for v in venues], [v.lat for v in venues])
    off = np.array([v.precision_m for v in venues], dtype=np.float64)
    return _Places(np.ascontiguousarray(xy.T), off)


def _points(demand: DemandPoints, at: NDArray[np.int64]) -> Floats:
    """Points (p, 2) of some cells, metres."""
    return demand.sample_xy[at].reshape(-1, 2)


def _variants(seconds: Seconds) -> Mapping[Variant, Seconds]:
    return dict(zip(VARIANTS, seconds, strict=True))


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
        places = _venues_at(self.area, venues)
        pace = _walk_pace(self.rules.walk)

        def block(at: NDArray[np.int64]) -> Mapping[Variant, Seconds]:
            return _variants(places.seconds(_points(demand, at), pace))

        return collect(
            block,
            demand,
            venues,
            cutoff_s,
            progress,
            mode="walk",
            engine="straight-line walk",
        )


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
        places = _venues_at(self.area, venues)
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
            factor = drive.detour.value * (here[at, None] + there) / 2
            fixed = 60 * drive.terminal_min.value
            return _variants(places.seconds(_points(demand, at), factor, fixed))

        return collect(
            block, demand, venues, cutoff_s, progress, mode="drive", engine="zonal-speed drive"
        )


@dataclass(frozen=True)
class Access:
    """Walks from all points of some cells to the stations worth walking to.

    Attributes
    ----------
    cell : (n,) uint64
        The cells, ascending.
    samples : int
    at, to, seconds
        See ``straight.worthwhile_legs``; a cell's points follow one another.
    """

    cell: NDArray[np.uint64]
    samples: int
    at: NDArray[np.int64]
    to: NDArray[np.int32]
    seconds: Seconds

    def rows(self, cells: NDArray[np.uint64]) -> NDArray[np.int64]:
        """Row of every point of some of the cells, (len(cells) * samples,)."""
        first = np.searchsorted(self.cell, cells).astype(np.int64) * self.samples
        return (first[:, None] + np.arange(self.samples)).ravel()


@dataclass(frozen=True)
class TransitEstimate:
    """Walk, ride, change and walk; rail by expected waits, surface transit only if asked for.

    With ``access`` the walks to stations are not looked for again: see :meth:`prepared`.
    """

    area: StudyArea
    rules: Assumptions
    surface: bool = False
    access: Access | None = None

    def prepared(self, demand: DemandPoints) -> TransitEstimate:
        """Return an engine for ``demand``, or some of its cells, that is quick to ask again."""
        from venuenet.travel import straight  # noqa: PLC0415  numba comes with it, as above

        rides, lost = self._rides
        points = demand.sample_xy.reshape(-1, 2)
        legs = straight.worthwhile_legs(
            points, self._stations, _walk_pace(self.rules.walk), self._bus, rides, lost
        )
        ready = replace(self, access=Access(demand.cell, demand.sample_xy.shape[1], *legs))
        ready.__dict__["_rides"] = (rides, lost)
        return ready

    @cached_property
    def _rides(self) -> tuple[Seconds, Seconds]:
        """Seconds between stations, and what staying at each may lose."""
        from venuenet.travel import straight  # noqa: PLC0415  as above

        period = self.rules.transit.period.value
        area, minutes = self.area, 60 * self.hours(period)
        found = station_seconds(area.stations, area.links, area.transfers, period, minutes)
        rides = np.minimum(found, straight.FAR)
        return rides, straight.lost_by_staying(rides)

    @cached_property
    def _stations(self) -> Floats:
        """Stations, metres (2, s)."""
        at = _xy(self.area, self.area.stations["lon"], self.area.stations["lat"])
        return np.ascontiguousarray(at.T)

    @property
    def _bus(self) -> Floats:
        return _bus(self.rules.surface_transit) if self.surface else NO_BUS

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times."""
        from venuenet.travel import straight  # noqa: PLC0415  as above

        rides, lost = self._rides
        stations, bus = self._stations, self._bus
        places = _venues_at(self.area, venues)
        pace = _walk_pace(self.rules.walk)
        out = places.seconds(np.ascontiguousarray(stations.T), pace, bus=bus)
        onward = straight.onward_seconds(rides, out)
        access = self.access

        def block(at: NDArray[np.int64]) -> Mapping[Variant, Seconds]:
            here = _points(demand, at)
            best = places.seconds(here, pace, bus=bus)
            if access is None:
                legs = straight.worthwhile_legs(here, stations, pace, bus, rides, lost)
                points = np.arange(len(here))
            else:
                legs = access.at, access.to, access.seconds
                points = access.rows(demand.cell[at])
            straight.improve_by_rail(best, points, *legs, onward)
            return _variants(best)

        return collect(
            block,
            demand,
            venues,
            cutoff_s,
            progress,
            mode="transit",
            engine="walk and rail by frequency" + (" and assumed surface" if self.surface else ""),
            surface_transit=self.surface,
            period=self.rules.transit.period.value,
        )

    def hours(self, period: str) -> int:
        """Return a period's length. Raises BadQueryError when the area pack has none such."""
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
