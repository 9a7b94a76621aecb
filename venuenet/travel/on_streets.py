"""Times on a real street network: the engine for walking, cycling and driving, and walking legs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property
from os import cpu_count

import numpy as np
from numpy.typing import NDArray

from venuenet.area import StudyArea
from venuenet.model import (
    KINDS,
    NEAREST,
    REASONS,
    UNREACHED,
    VARIANTS,
    DemandPoints,
    LocatedVenue,
    Mode,
    TravelTimes,
    Variant,
)
from venuenet.travel.contract import Hierarchy
from venuenet.travel.engine import Progress
from venuenet.travel.graph import FAR, Ends, Ints, spans
from venuenet.travel.legs import Legs
from venuenet.travel.reach import Direct, Rows, nearest, rows, rows_by_sweep, seconds_of, turned
from venuenet.travel.snap import Placed, Snapper
from venuenet.travel.streets import Streets
from venuenet.travel.ways import Ways


@dataclass(frozen=True)
class Network:
    """One profile's ways over streets, and how people get from a place to its street.

    Attributes
    ----------
    streets : Streets
    ways : Ways
    off_kmh : float
        Speed, in a straight line, between a place and the street nearest to it.
    most_off_m : float
        Farther from any such street, a place is on none.
    on : (e,) bool
        The streets places are set on: those of the part everybody can go around in, since a
        street behind a closed gate leads nowhere.
    """

    streets: Streets
    ways: Ways
    off_kmh: float
    most_off_m: float
    on: NDArray[np.bool_]

    @cached_property
    def snapper(self) -> Snapper:
        """The usable streets' index; it takes a second or two to make for a city."""
        return Snapper(self.streets, self.on)

    def place(self, xy: NDArray[np.float64]) -> tuple[Placed, Ints]:
        """Set points (p, 2), metres, on streets; also deciseconds to get there, else 0."""
        placed = self.snapper.place(xy, self.most_off_m)
        off = np.rint(np.nan_to_num(placed.off_m) * 36 / self.off_kmh)
        return placed, off.astype(np.int32)


@dataclass(frozen=True)
class StreetWalking:
    """Walking legs on streets; see ``legs.Walking``."""

    network: Network
    threads: int | None = None

    def legs(self, points: NDArray[np.float64], places: NDArray[np.float64], most_s: int) -> Legs:
        """See Walking.legs."""
        ways = self.network.ways
        here, leave = self.network.place(points)
        there, reach = self.network.place(places)
        found = rows(
            ways.graph,
            ways.leaving(here, leave),
            ways.reaching(there, reach),
            ways.between(here, leave, there, reach),
            most_s,
            threads=self.threads,
        )
        by_point = turned(len(points), found.at, found.point, found.seconds.astype(np.int32))
        return Legs(by_point.at, by_point.node, by_point.cost)

    def nearest(self, points: NDArray[np.float64], places: NDArray[np.float64], k: int) -> Legs:
        """See Walking.nearest."""
        ways = self.network.ways
        here, leave = self.network.place(points)
        there, reach = self.network.place(places)
        time, who = nearest(
            ways.graph,
            ways.leaving(here, leave),
            ways.reaching(there, reach),
            ways.between(here, leave, there, reach),
            min(k, len(places)),
        )
        order = np.argsort(np.where(who >= 0, who, len(places)), axis=1)
        who, time = (np.take_along_axis(x, order, axis=1) for x in (who, time))
        found = who >= 0  # the first few of every row
        return Legs(_starts(found.sum(axis=1)), who[found], seconds_of(time[found]))


@dataclass(frozen=True)
class StreetEngine:
    """Times by one profile's network; a TravelEngine.

    Attributes
    ----------
    area : StudyArea
    network : Network
    mode : Mode
    engine : str
        How it is named where times are shown.
    unsure_s_per_m : float
        Seconds a metre of a venue's precision may add or take.
    terminal_s : float
        Seconds added to every trip: to the car, parking, and in.
    hierarchy : Hierarchy, optional
        The network's graph, contracted before: many venues are then found much faster.
    """

    area: StudyArea
    network: Network
    mode: Mode
    engine: str
    unsure_s_per_m: float
    terminal_s: float = 0
    hierarchy: Hierarchy | None = None
    threads: int | None = None
    _last: dict[str, object] = field(default_factory=dict, repr=False, compare=False)

    def times(
        self,
        demand: DemandPoints,
        venues: Sequence[LocatedVenue],
        cutoff_s: int,
        progress: Progress | None = None,
    ) -> TravelTimes:
        """See TravelEngine.times; progress is told in cells."""
        ways = self.network.ways
        n, samples = demand.sample_xy.shape[:2]
        here, leave, points = self._origins(demand)
        xy = np.column_stack(
            self.area.metric([v.lon for v in venues], [v.lat for v in venues])
        ).reshape(-1, 2)
        there, reach = self.network.place(xy)
        reach = reach + np.int32(round(10 * self.terminal_s))
        ends = ways.reaching(there, reach)
        direct = ways.between(here, leave, there, reach)
        unsure = np.rint([10 * self.unsure_s_per_m * v.precision_m for v in venues]).astype(
            np.int32
        )

        near_s, near_venue = self._near(points, ends, direct, unsure, venues, (n, samples))
        asked = (_every(points, samples), ends, _of_centres(direct, samples), cutoff_s)
        told = _scaled(progress, len(venues), n)
        if len(venues) == 1:  # everybody's nearest: the search has been made
            found = _one_row(near_s[0, KINDS.index(venues[0].kind), 0, :, 0], cutoff_s)
        elif self.hierarchy is None:
            found = rows(ways.graph, *asked, threads=self.threads, progress=told)
        else:
            found = rows_by_sweep(self.hierarchy, *asked, threads=self.threads, progress=told)
        lost = (near_s[0, :, 0, :, 0] == UNREACHED).all(axis=0)
        street = here.street[::samples] >= 0
        why = np.where(street, REASONS.index("no_way"), REASONS.index("no_street"))
        reason = np.where(lost, why, REASONS.index("reached"))
        return TravelTimes(
            mode=self.mode,
            engine=self.engine,
            surface_transit=False,
            estimated=False,
            period=None,
            cutoff_s=cutoff_s,
            venue_ids=tuple(v.venue_id for v in venues),
            indptr=found.at,
            cell=found.point,
            seconds=found.seconds,
            near_s=near_s,
            near_venue=near_venue,
            samples=samples,
            reason=reason.astype(np.uint8),
            snap_m=here.off_m[::samples].astype(np.float32),
        )

    def _origins(self, demand: DemandPoints) -> tuple[Placed, Ints, Ends]:
        """Return the cells' points on their streets; kept, since the next question has the same."""
        if self._last.get("demand") is not demand:
            here, leave = self.network.place(demand.sample_xy.reshape(-1, 2))
            points = self.network.ways.leaving(here, leave)
            self._last.update(demand=demand, origins=(here, leave, points))
        return self._last["origins"]  # type: ignore[return-value]

    def _near(
        self,
        points: Ends,
        ends: Ends,
        direct: Direct,
        unsure: Ints,
        venues: Sequence[LocatedVenue],
        shape: tuple[int, int],
    ) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """Find the nearest few of each kind, as placed and with every venue farther and nearer.

        A shift of venue v adds to every way to it alike. So "nearer" is found by adding what the
        least sure venue has over v, and taking that venue's off the sum.
        """
        near_s = np.full((len(VARIANTS), len(KINDS), NEAREST, *shape), UNREACHED, dtype=np.int32)
        near_venue = np.full((len(KINDS), NEAREST, shape[0]), -1, dtype=np.int16)
        kind = np.array([KINDS.index(v.kind) for v in venues], dtype=np.int64)
        most = int(unsure.max(initial=0))
        changes = {"point": (0 * unsure, 0), "late": (unsure, 0), "early": (most - unsure, most)}

        def keep(variant: str, k: int, time: Ints) -> None:
            few = time.shape[1]
            near_s[VARIANTS.index(variant), k, :few] = seconds_of(time).T.reshape(few, *shape)

        def find(task: tuple[int, Variant]) -> None:
            k, variant = task
            mine = np.flatnonzero(kind == k)
            more, less = changes[variant]
            some = _some(ends, direct, mine, more[mine])
            time, who = nearest(self.network.ways.graph, points, *some, min(NEAREST, len(mine)))
            keep(variant, k, _sooner(time, less))
            if variant == "point":
                centre = who[:: shape[1]]
                near_venue[k, : who.shape[1]] = np.where(centre >= 0, mine[centre], -1).T
            if len(mine) <= NEAREST:  # all are kept, so a shift needs no search
                shift = np.where(who >= 0, unsure[mine[who]], 0)
                keep("late", k, np.sort(_sooner(time, -shift), axis=1))
                keep("early", k, np.sort(_sooner(time, shift), axis=1))

        tasks = [
            (int(k), variant)
            for k in np.unique(kind)
            for variant in VARIANTS
            if variant == "point" or np.count_nonzero(kind == k) > NEAREST
        ]
        with ThreadPoolExecutor(self.threads or cpu_count()) as pool:
            list(pool.map(find, tasks))
        return near_s, near_venue


def _sooner(time: Ints, by: Ints | int) -> Ints:
    """Take deciseconds off all times that are any; nobody arrives before leaving."""
    return np.where(time < FAR, np.maximum(time - by, 0), FAR).astype(np.int32)


def _one_row(seconds: NDArray[np.int32], most_s: int) -> Rows:
    """Return a matrix of one venue from all cells' seconds to it."""
    cell = np.flatnonzero(seconds <= most_s)
    return Rows(
        np.array([0, len(cell)], dtype=np.int64),
        cell.astype(np.int32),
        seconds[cell].astype(np.uint16),
    )


def _every(points: Ends, step: int) -> Ends:
    """Keep every so many-th point: the cells' centres."""
    count = (points.at[1:] - points.at[:-1])[::step]
    keep = spans(points.at[:-1:step], count)
    return Ends(_starts(count), points.node[keep], points.cost[keep])


def _of_centres(direct: Direct, samples: int) -> Direct:
    """Keep the ways from cells' centres, points numbered by cell."""
    keep = direct.point % samples == 0
    venue = np.repeat(np.arange(len(direct.at) - 1), np.diff(direct.at))
    count = np.bincount(venue[keep], minlength=len(direct.at) - 1)
    return Direct(_starts(count), direct.point[keep] // samples, direct.cost[keep])


def _some(ends: Ends, direct: Direct, mine: NDArray[np.int64], change: Ints) -> tuple[Ends, Direct]:
    """Keep some venues, with ``change`` deciseconds more to each."""
    count, straight = np.diff(ends.at)[mine], np.diff(direct.at)[mine]
    at, on = spans(ends.at[mine], count), spans(direct.at[mine], straight)
    return (
        Ends(_starts(count), ends.node[at], ends.cost[at] + np.repeat(change, count)),
        Direct(_starts(straight), direct.point[on], direct.cost[on] + np.repeat(change, straight)),
    )


def _starts(count: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.concatenate([[0], np.cumsum(count)]).astype(np.int64)


def _scaled(progress: Progress | None, of: int, to: int) -> Progress | None:
    """Tell steps out of ``of`` as steps out of ``to``, adding up exactly."""
    if progress is None:
        return None
    done = 0

    def tell(steps: int) -> None:
        nonlocal done
        before, done = done * to // of, done + steps
        progress(done * to // of - before)

    return tell
