"""Door to door by timetable: walk, ride, change and walk, over all departures of a window.

Every departure is searched exactly; kept are percentiles and the mean of its travel times.
"""

from __future__ import annotations

import datetime as dt
import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venuenet.area import StudyArea
from venuenet.errors import BadQueryError
from venuenet.model import KINDS, UNREACHED, DemandPoints, LocatedVenue, TravelTimes
from venuenet.standards import Assumptions
from venuenet.travel.compiled import kernel
from venuenet.travel.engine import Progress, Seconds, collect
from venuenet.travel.legs import Legs, Walking, direct_legs
from venuenet.travel.scan import NEVER, Ints, Longs, Profiles, Walks, lower, search, walks
from venuenet.travel.timetable import Timetable

PERCENTS = (50, 15, 85)
"""The percentiles of all departures that are kept: the first for every point, all for centres."""

GOLDEN = (math.sqrt(5) - 1) / 2
"""Its multiples, whole parts dropped, lie evenly between 0 and 1 however many there are."""

LATEST = 48 * 3600
"""No window ends later, seconds after the midnight of the timetable's day."""

TILE = 64
"""Venues sorted at a time: two hours of departures to them fit into the nearest memory."""


@dataclass(frozen=True)
class ScheduledTransit:
    """Walking and the vehicles of a timetable; see docs/timetable.md.

    Attributes
    ----------
    area : StudyArea
    rules : Assumptions
        Its walk rule turns a venue's precision in metres into seconds.
    timetable : Timetable
    walking : Walking
        Ways to, from and between stops, and all the way.
    day : datetime.date
        The timetable's day, for the account.
    window : (int, int)
        People leave from the first to before the second, seconds after midnight.
    step_s : int
        One departure in every so many seconds; divides the window.
    walk_s, change_walk_s : int
        The longest walk to or from a stop, and from station to station between two rides.
    direct_s : int, optional
        The longest walk all the way; None is the cut-off of the times asked for, and beyond it
        to the nearest few of each kind.
    most_rides : int, optional
        Vehicles anybody boards; None is any number.
    estimated : bool
        Whether ``walking`` knows no streets.
    """

    area: StudyArea
    rules: Assumptions
    timetable: Timetable
    walking: Walking
    day: dt.date
    window: tuple[int, int]
    step_s: int = 60
    walk_s: int = 1200
    change_walk_s: int = 600
    direct_s: int | None = None
    most_rides: int | None = None
    estimated: bool = True

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times.

        Raises
        ------
        BadQueryError
            The window, its step or the number of rides make no sense.
        """
        period = "-".join(f"{s // 3600:02}:{s // 60 % 60:02}" for s in self.window)
        return collect(
            self._block(demand, venues, cutoff_s),
            demand,
            venues,
            cutoff_s,
            progress,
            mode="transit",
            engine=f"walk and timetable, {self.day:%Y-%m-%d}, {period}",
            estimated=self.estimated,
            period=period,
        )

    def _block(
        self, demand: DemandPoints, venues: Sequence[LocatedVenue], cutoff_s: int
    ) -> Callable[[Longs], Mapping[str, Seconds]]:
        """Scan for all venues and give what works out cells; see ``collect``."""
        departs = departures(self.window, self.step_s)
        stops = self._metric(self.timetable.stop_lon, self.timetable.stop_lat)
        places = self._metric([v.lon for v in venues], [v.lat for v in venues])
        points = demand.sample_xy.reshape(-1, 2)
        samples = demand.sample_xy.shape[1]
        kind = np.array([KINDS.index(v.kind) for v in venues], dtype=np.int64)
        direct = walks(
            direct_legs(self.walking, points, places, kind, cutoff_s)
            if self.direct_s is None
            else self.walking.legs(points, places, self.direct_s)
        )
        access = walks(self.walking.legs(points, stops, self.walk_s))
        profiles = search(
            with_walks(self.timetable, self.walking.legs(stops, stops, self.change_walk_s)),
            self.walking.legs(stops, places, self.walk_s),
            (int(departs[0]), int(departs[-1]) + int(access.seconds.max(initial=0))),
            self.most_rides,
            os.cpu_count() or 1,
        )
        rule = self.rules.walk
        pace = rule.detour.value / (rule.speed_kmh.value / 3.6)
        off = np.rint([v.precision_m * pace for v in venues]).astype(np.int32)

        def block(cells: Longs) -> Mapping[str, Seconds]:
            rows = (cells[:, None] * samples + np.arange(samples)).ravel()
            median = np.empty((len(rows), len(venues)), dtype=np.int32)
            spread = np.empty((3, len(cells), len(venues)), dtype=np.int32)
            door_to_door(rows, samples, departs, access, direct, profiles, median, spread)
            return {
                "point": median,
                "late": shifted(median, median[::samples], spread[2], off),
                "early": shifted(median, median[::samples], spread[1], -off),
                "mean": spread[0],
                "p15": spread[1],
                "p85": spread[2],
            }

        return block

    def _metric(self, lon: ArrayLike, lat: ArrayLike) -> NDArray[np.float64]:
        return np.column_stack(self.area.metric(lon, lat)).reshape(-1, 2)


def shifted(median: Seconds, centre: Seconds, percentile: Seconds, off: Seconds) -> Seconds:
    """Move medians of points (c * m, venues) to a percentile of the day, and by ``off`` seconds.

    How far the percentile lies from the median is known of the cells' centres (c, venues) and
    taken for all their points; a centre that has the median and not the percentile has no way.
    """
    samples = len(median) // len(centre)
    known = centre < UNREACHED
    change = np.where(known & (percentile < UNREACHED), percentile - centre, 0)
    lost = known & (percentile == UNREACHED)
    moved = np.maximum(median + np.repeat(change, samples, axis=0) + off, 0)
    gone = (median == UNREACHED) | np.repeat(lost, samples, axis=0)
    return np.where(gone, np.int32(UNREACHED), moved).astype(np.int32)


def departures(window: tuple[int, int], step_s: int) -> Ints:
    """Choose one departure in each step of a window.

    Timetables are made in whole minutes and intervals. People who left on whole minutes would
    all miss, or all just catch, their train. The j-th departure therefore lies j golden ratios
    into its step, whole parts dropped: no two alike, evenly spread, the same in every run.

    Parameters
    ----------
    window : (int, int)
        Seconds after midnight, the first included, the second not.
    step_s : int
        Seconds; divides the window.

    Returns
    -------
    (n,) int32
        Ascending seconds after midnight.

    Raises
    ------
    BadQueryError
        The window is empty, begins before midnight or ends after ``LATEST``, or the step does not
        divide it.
    """
    first, last = window
    if not 0 <= first < last <= LATEST:
        raise BadQueryError(
            f"出发时段 {first}–{last} 秒无效：应在 0 与 {LATEST} 之间，先早后晚",
            f"no window from {first} to {last} s: give two seconds in 0..{LATEST}, earlier first",
            param="window",
        )
    if step_s < 1 or (last - first) % step_s:
        raise BadQueryError(
            f"间隔 {step_s} 秒不能整除出发时段 {last - first} 秒",
            f"a step of {step_s} s does not divide the window of {last - first} s",
            param="step_s",
        )
    j = np.arange((last - first) // step_s)
    within = np.floor((j + 1) * GOLDEN % 1 * step_s).astype(np.int64)
    seconds: Ints = (first + step_s * j + within).astype(np.int32)
    return seconds


def with_walks(timetable: Timetable, between: Legs) -> Timetable:
    """Add walks from stop to stop to a timetable's own ways.

    Within a station only the timetable knows the way: a straight line between two platforms is
    none. A way between stations that it knows is kept as it is, however near they lie.
    """
    stops = len(timetable.stop_ids)
    start = np.repeat(np.arange(stops), np.diff(timetable.change_at))
    out = np.repeat(np.arange(stops), np.diff(between.at))
    known = np.isin(out * stops + between.to, start * stops + timetable.change_to)
    new = ~known & (timetable.station[out] != timetable.station[between.to])
    start = np.concatenate([start, out[new]])
    order = np.argsort(start, kind="stable")
    return replace(
        timetable,
        change_at=np.concatenate([[0], np.cumsum(np.bincount(start, minlength=stops))]),
        change_to=np.concatenate([timetable.change_to, between.to[new]])[order],
        change_s=np.concatenate([timetable.change_s, between.seconds[new]])[order],
    )


@cache
def merge_exchange(n: int, wanted: tuple[int, ...]) -> Ints:
    """List the comparisons that put the ``wanted`` ranks of n values into their places.

    Batcher's merge exchange (D. Knuth, The Art of Computer Programming 3, 5.2.2, algorithm M),
    without the comparisons no wanted rank depends on. The same for all values, so that many
    columns are sorted side by side.

    Returns
    -------
    (m, 2) int32
        Positions (i, k), i < k, to be put into ascending order one pair after another.
    """
    pairs = []
    top = 1 << max(n - 1, 0).bit_length() >> 1
    p = top
    while p > 0:
        q, r, d = top, 0, p
        while True:
            pairs += [(i, i + d) for i in range(n - d) if i & p == r]
            if q == p:
                break
            d, q, r = q - p, q >> 1, p
        p >>= 1
    needed, kept = set(wanted), []
    for i, k in reversed(pairs):
        if i in needed or k in needed:
            needed |= {i, k}
            kept.append((i, k))
    return np.array(kept[::-1], dtype=np.int32).reshape(-1, 2)


def nearest_ranks(n: int) -> tuple[int, ...]:
    """Positions of ``PERCENTS`` among n sorted values: ceil(n x percent / 100), counted from 1."""
    return tuple(-(-n * p // 100) - 1 for p in PERCENTS)


def door_to_door(
    points: Longs,
    samples: int,
    departs: Ints,
    access: Walks,
    direct: Walks,
    profiles: Profiles,
    median: Ints,
    spread: Ints,
) -> None:
    """Find travel times from points to venues over all departures.

    Parameters
    ----------
    points : (p,) int64
        Rows of ``access`` and ``direct``, a cell's ``samples`` points together, its centre first.
    samples : int
    departs : (n,) int32
        When people leave, ascending seconds after midnight.
    access, direct : Walks
        From all points to stops, and all the way to venues.
    profiles : Profiles
    median : (p, venues) int32
        Filled: seconds, UNREACHED where half of the departures have no way.
    spread : (3, cells, venues) int32
        Filled for the centres: mean (UNREACHED where one departure has no way), p15 and p85.
    """
    ranks = nearest_ranks(len(departs))
    sort_all, sort_median = (merge_exchange(len(departs), wanted) for wanted in (ranks, ranks[:1]))
    legs = points, samples, departs, access, direct, profiles
    _door_to_door(*legs, sort_all, sort_median, np.array(ranks), median, spread)


@kernel
def _door_to_door(
    points: Longs,
    samples: int,
    departs: Ints,
    access: Walks,
    direct: Walks,
    profiles: Profiles,
    sort_all: Ints,
    sort_median: Ints,
    ranks: Longs,
    median: Ints,
    spread: Ints,
) -> None:
    n = len(departs)
    tile = np.empty((n, TILE), dtype=np.int32)
    most = 0
    for p in points:
        most = max(most, access.at[p + 1] - access.at[p])
    rows = np.empty((most, n), dtype=np.int64)
    for i in range(len(points)):
        p, cell, centre = points[i], i // samples, i % samples == 0
        _walk(p, direct, median[i])
        if centre:
            for k in range(len(spread)):
                _walk(p, direct, spread[k, cell])
        legs = access.at[p + 1] - access.at[p]
        if legs == 0:
            continue
        _catch(p, departs, access, profiles, rows)
        for c in range(0, len(profiles.venue), TILE):
            venue = profiles.venue[c : c + TILE]
            _travel(departs, rows[:legs], profiles.arrives, c, tile)
            if centre:
                _mean(tile, venue, spread[0, cell])
                _sort(tile, sort_all)
                _keep(tile[ranks[1]], venue, spread[1, cell])
                _keep(tile[ranks[2]], venue, spread[2, cell])
            else:
                _sort(tile, sort_median)
            _keep(tile[ranks[0]], venue, median[i])


@kernel
def _walk(p: int, direct: Walks, seconds: Ints) -> None:
    """Begin with the walk all the way, which takes the same whenever people leave."""
    for v in range(len(seconds)):
        seconds[v] = UNREACHED
    for leg in range(direct.at[p], direct.at[p + 1]):
        seconds[direct.to[leg]] = direct.seconds[leg]


@kernel
def _catch(p: int, departs: Ints, access: Walks, profiles: Profiles, rows: Longs) -> None:
    """Note which boarding each departure from a point catches at each stop near it, -1 for none."""
    time = profiles.boardings.time
    for leg in range(access.at[p], access.at[p + 1]):
        stop, walk = access.to[leg], access.seconds[leg]
        r, last = profiles.boardings.at[stop], profiles.boardings.at[stop + 1]
        for j in range(len(departs)):
            while r < last and time[r] < departs[j] + walk:
                r += 1
            rows[leg - access.at[p], j] = r if r < last else -1


@kernel
def _travel(departs: Ints, rows: Longs, arrives: Ints, first: int, tile: Ints) -> None:
    """Fill ``tile`` with seconds to the venues from column ``first`` on, UNREACHED for no way."""
    last = min(first + TILE, arrives.shape[1])
    for j in range(len(departs)):
        here = tile[j, : last - first]
        for v in range(len(here)):
            here[v] = NEVER
        for leg in range(len(rows)):
            if rows[leg, j] >= 0:
                lower(here, arrives[rows[leg, j], first:last], 0)
        for v in range(len(here)):
            here[v] = np.int32(here[v] - departs[j]) if here[v] < NEVER else UNREACHED


@kernel
def _mean(tile: Ints, venue: Ints, mean: Ints) -> None:
    """Put the mean of all departures into ``mean``, which holds the walk all the way."""
    n = len(tile)
    for v in range(len(venue)):
        walk, total, slowest = mean[venue[v]], 0, 0
        for j in range(n):
            seconds = min(tile[j, v], walk)
            total += seconds
            slowest = max(slowest, seconds)
        if slowest < UNREACHED:
            mean[venue[v]] = (2 * total + n) // (2 * n)


@kernel
def _sort(tile: Ints, pairs: Ints) -> None:
    """Sort the columns, as far as the wanted ranks go; see :func:`merge_exchange`."""
    for i in range(len(pairs)):
        low, high = tile[pairs[i, 0]], tile[pairs[i, 1]]
        for v in range(len(low)):
            a, b = low[v], high[v]
            low[v], high[v] = min(a, b), max(a, b)


@kernel
def _keep(rank: Ints, venue: Ints, seconds: Ints) -> None:
    """Lower the walk to what a rank says; walking shortens every departure alike."""
    for v in range(len(venue)):
        seconds[venue[v]] = min(seconds[venue[v]], rank[v])
