"""Door to door by expected waits: walk, ride, change and walk, from the headways of any feed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from venuenet.area import StudyArea
from venuenet.model import KINDS, UNREACHED, DemandPoints, LocatedVenue, TravelTimes
from venuenet.travel.compiled import kernel
from venuenet.travel.engine import Progress, Seconds, collect
from venuenet.travel.graph import Ints
from venuenet.travel.legs import Legs, Walking, direct_legs
from venuenet.travel.reach import MOST_S, no_direct, rows, turned
from venuenet.travel.rides import onto, rides

Longs = NDArray[np.int64]


@dataclass(frozen=True)
class FrequentTransit:
    """Walking and the lines of some feeds, with half a headway as the wait; a TravelEngine.

    Attributes
    ----------
    area : StudyArea
    platforms, links, transfers : DataFrame
        As ``gtfs_frequency.FrequencyTables`` has them: ``platforms`` with ``station_id``,
        ``line``, ``stop_id``, ``lon``, ``lat`` (WGS84 degrees).
    minutes : float
        Length of the window the trains were counted in.
    tick_minutes : float
        The minutes times are given in; 0 for timetables to the second.
    period : str
        The window, for the account.
    walking : Walking
        Ways to, from and between stops, and all the way.
    walk_s, change_walk_s : int
        The longest walk to or from a stop, and between stops of two stations.
    most_rides : int, optional
        Vehicles anybody boards; any number by default.
    unsure_s_per_m : float
        Seconds a metre of a venue's precision may add or take.
    estimated : bool
        Whether ``walking`` knows no streets.
    """

    area: StudyArea
    platforms: pd.DataFrame
    links: pd.DataFrame
    transfers: pd.DataFrame
    minutes: float
    tick_minutes: float
    period: str
    walking: Walking
    walk_s: int
    change_walk_s: int
    most_rides: int | None
    unsure_s_per_m: float
    estimated: bool

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times."""
        return collect(
            self._block(demand, venues, cutoff_s),
            demand,
            venues,
            cutoff_s,
            progress,
            mode="transit",
            engine="walk and ride by frequency",
            estimated=self.estimated,
            period=self.period,
        )

    def _block(
        self, demand: DemandPoints, venues: Sequence[LocatedVenue], cutoff_s: int
    ) -> Callable[[Longs], Mapping[str, Seconds]]:
        places = self._metric([v.lon for v in venues], [v.lat for v in venues])
        points = demand.sample_xy.reshape(-1, 2)
        samples = demand.sample_xy.shape[1]
        kind = np.array([KINDS.index(v.kind) for v in venues], dtype=np.int64)
        stop_xy, onward = self._onward(places)
        access = self.walking.legs(points, stop_xy, self.walk_s)
        direct = direct_legs(self.walking, points, places, kind, cutoff_s)
        unsure = np.rint([v.precision_m * self.unsure_s_per_m for v in venues]).astype(np.int32)

        def block(cells: Longs) -> Mapping[str, Seconds]:
            here = (cells[:, None] * samples + np.arange(samples)).ravel()
            best = np.full((len(here), len(venues)), UNREACHED, dtype=np.int32)
            _walk_or_ride(
                here,
                (direct.at, direct.to, direct.seconds),
                (access.at, access.to, access.seconds),
                onward,
                best,
            )
            reached = best < UNREACHED
            return {
                "point": best,
                "late": np.where(reached, best + unsure, np.int32(UNREACHED)),
                "early": np.where(reached, np.maximum(best - unsure, 0), np.int32(UNREACHED)),
            }

        return block

    def _onward(self, places: NDArray[np.float64]) -> tuple[NDArray[np.float64], Seconds]:
        """Return the stops' points, and seconds (stops, venues) from being at a stop."""
        platform = self.platforms.drop_duplicates(["station_id", "line"]).reset_index(drop=True)
        stops = self.platforms.drop_duplicates("stop_id").reset_index(drop=True)
        stop_xy = self._metric(stops["lon"], stops["lat"])
        of = _positions(platform, self.platforms, ["station_id", "line"])
        stop = _positions(stops, self.platforms, ["stop_id"])
        order = np.lexsort((of, stop))
        counts = np.bincount(stop, minlength=len(stops))
        platforms_of = Legs(
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            of[order].astype(np.int32),
            np.zeros(len(of), dtype=np.int32),
        )
        net = rides(
            platform,
            self.links,
            self.transfers,
            self._walks(stops, stop_xy, platforms_of),
            self.minutes,
            most_rides=self.most_rides,
            tick_minutes=self.tick_minutes,
        )
        egress = self.walking.legs(stop_xy, places, self.walk_s)
        by_venue = turned(len(places), egress.at, egress.to, egress.seconds)
        from_stops = Legs(by_venue.at, by_venue.node, by_venue.cost)
        found = rows(
            net.graph,
            net.entering(platforms_of),
            net.leaving(onto(from_stops, platforms_of)),
            no_direct(len(places)),
            MOST_S,
        )
        onward = np.full((len(stops), len(places)), UNREACHED, dtype=np.int32)
        venue = np.repeat(np.arange(len(places)), np.diff(found.at))
        onward[found.point, venue] = found.seconds
        return stop_xy, onward

    def _walks(
        self, stops: pd.DataFrame, stop_xy: NDArray[np.float64], platforms_of: Legs
    ) -> pd.DataFrame:
        """Return the walks between platforms of different stations.

        Within a station the feed's transfers say what is possible.
        """
        legs = self.walking.legs(stop_xy, stop_xy, self.change_walk_s)
        start = np.repeat(np.arange(len(stops)), np.diff(legs.at))
        station = pd.factorize(stops["station_id"])[0]
        apart = station[start] != station[legs.to]
        kept = Legs(
            np.concatenate([[0], np.cumsum(np.bincount(start[apart], minlength=len(stops)))]),
            legs.to[apart],
            legs.seconds[apart],
        )
        led = onto(kept, platforms_of)
        from_stop = np.repeat(np.arange(len(stops)), np.diff(led.at))
        both = onto(
            Legs(np.arange(len(from_stop) + 1), from_stop.astype(np.int32), led.seconds),
            platforms_of,
        )
        count = np.diff(both.at)
        return pd.DataFrame(
            {"start": both.to, "end": np.repeat(led.to, count), "seconds": both.seconds}
        )

    def _metric(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
        return np.column_stack(self.area.metric(lon, lat)).reshape(-1, 2)


def _positions(among: pd.DataFrame, rows_: pd.DataFrame, columns: list[str]) -> Longs:
    """Return the position in ``among`` of what each row names."""
    index = pd.MultiIndex.from_frame(among[columns])
    at: Longs = index.get_indexer(pd.MultiIndex.from_frame(rows_[columns])).astype(np.int64)
    return at


@kernel
def _walk_or_ride(
    here: Longs,
    direct: tuple[Longs, Ints, Ints],
    access: tuple[Longs, Ints, Ints],
    onward: Seconds,
    best: Seconds,
) -> None:
    """Put the faster of walking all the way and riding into ``best`` (points, venues)."""
    for i in range(len(here)):
        p = here[i]
        for j in range(direct[0][p], direct[0][p + 1]):
            best[i, direct[1][j]] = direct[2][j]
        for j in range(access[0][p], access[0][p + 1]):
            walk = access[2][j]
            row = onward[access[1][j]]
            for v in range(best.shape[1]):
                if row[v] < UNREACHED:
                    best[i, v] = min(best[i, v], walk + row[v])
