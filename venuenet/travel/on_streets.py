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
    BEYOND,
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
from venuenet.travel.engine import Progress, Told
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

        told = Told.of(demand, venues)
        near_s, near_venue = self._near(points, ends, direct, unsure, told, (n, samples))
        asked = (
            _every(points, samples),
            ends,
            _among(direct, np.arange(0, n * samples, samples), n * samples),
            cutoff_s,
        )
        tell = _scaled(progress, len(venues), n)
        if len(venues) == 1:  # everybody's nearest: the search has been made
            found = _one_row(near_s[0, KINDS.index(venues[0].kind), 0, :, 0], cutoff_s)
        elif self.hierarchy is None:
            found = rows(ways.graph, *asked, threads=self.threads, progress=tell)
        else:
            found = rows_by_sweep(self.hierarchy, *asked, threads=self.threads, progress=tell)
        own_s = self._own((points, ends, direct), unsure, told, demand, cutoff_s)
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
            own_s=own_s,
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
        told: Told,
        shape: tuple[int, int],
    ) -> tuple[NDArray[np.int32], NDArray[np.int16]]:
        """Find the nearest few of each kind, as placed and with every venue farther and nearer.

        A shift of venue v adds to every way to it alike. So "nearer" is found by adding what the
        least sure venue has over v, and taking that venue's off the sum. Venues that may be
        closed are left out of "farther".
        """
        near_s = np.full((len(VARIANTS), len(KINDS), NEAREST, *shape), UNREACHED, dtype=np.int32)
        near_venue = np.full(near_s.shape[1:], -1, dtype=np.int16)
        kind = told.kind
        most = int(unsure.max(initial=0))
        changes = {"point": (0 * unsure, 0), "late": (unsure, 0), "early": (most - unsure, most)}

        def keep(variant: str, k: int, time: Ints) -> None:
            few = time.shape[1]
            near_s[VARIANTS.index(variant), k, :few] = seconds_of(time).T.reshape(few, *shape)

        def find(task: tuple[int, Variant]) -> None:
            k, variant = task
            mine = np.flatnonzero((kind == k) & ~((variant == "late") & told.doubtful))
            if len(mine) == 0:
                return
            more, less = changes[variant]
            some = _some(ends, direct, mine, more[mine])
            time, who = nearest(self.network.ways.graph, points, *some, min(NEAREST, len(mine)))
            keep(variant, k, _sooner(time, less))
            if variant == "point":
                named = np.where(who >= 0, mine[who], -1)
                near_venue[k, : who.shape[1]] = named.T.reshape(-1, *shape)
            if np.count_nonzero(kind == k) <= NEAREST:  # all are kept: a shift needs no search
                shift = np.where(who >= 0, unsure[mine[who]], 0)
                sure = np.where((who >= 0) & told.doubtful[mine[who]], FAR, time)
                keep("late", k, np.sort(_sooner(sure, -shift), axis=1))
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

    def _own(
        self,
        net: tuple[Ends, Ends, Direct],
        unsure: Ints,
        told: Told,
        demand: DemandPoints,
        cutoff_s: int,
    ) -> NDArray[np.uint16]:
        """Find the nearest venue of each kind in everybody's own district, up to the cut-off.

        District by district, so that each venue is searched from once more for each variant and
        no more. Nearer and farther are found as in :meth:`_near`; what is added and taken off
        again is a whole number of seconds, so that rounding is the same.
        """
        points, ends, direct = net
        n, samples = demand.sample_xy.shape[:2]
        own_s = np.full((len(VARIANTS), len(KINDS), n, samples), BEYOND, dtype=np.uint16)
        flat = own_s.reshape(len(VARIANTS), len(KINDS), -1)
        most_s = -(-int(unsure.max(initial=0)) // 10)
        changes = ((0 * unsure, 0), (unsure, 0), (10 * np.int32(most_s) - unsure, most_s))
        longest = min(cutoff_s, int(BEYOND) - 1)
        home = np.repeat(demand.cell_district, samples)
        for d in np.unique(told.district[told.district >= 0]):
            here = np.flatnonzero(home == d)
            from_here, all_here = _picked(points, here), _among(direct, here, n * samples)
            for variant, (more, less_s) in enumerate(changes):
                late = VARIANTS[variant] == "late"
                mine = np.flatnonzero((told.district == d) & ~(late & told.doubtful))
                if len(mine) == 0 or len(here) == 0:
                    continue
                far = min(longest + less_s, int(BEYOND) - 1)
                asked = (from_here, *_some(ends, all_here, mine, more[mine]), far)
                if self.hierarchy is None:
                    found = rows(self.network.ways.graph, *asked, threads=self.threads)
                else:
                    found = rows_by_sweep(self.hierarchy, *asked, threads=self.threads)
                kind = np.repeat(told.kind[mine], np.diff(found.at))
                seconds = np.maximum(found.seconds.astype(np.int32) - less_s, 0).astype(np.uint16)
                np.minimum.at(flat[variant], (kind, here[found.point]), seconds)
        return own_s


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
    return _picked(points, np.arange(0, len(points.at) - 1, step))


def _picked(points: Ends, here: NDArray[np.int64]) -> Ends:
    """Keep some points, numbered anew."""
    count = np.diff(points.at)[here]
    keep = spans(points.at[here], count)
    return Ends(_starts(count), points.node[keep], points.cost[keep])


def _among(direct: Direct, here: NDArray[np.int64], points: int) -> Direct:
    """Keep the ways from some of ``points`` points, numbered anew."""
    place = np.full(points, -1, dtype=np.int32)
    place[here] = np.arange(len(here), dtype=np.int32)
    keep = place[direct.point] >= 0
    venue = np.repeat(np.arange(len(direct.at) - 1), np.diff(direct.at))
    count = np.bincount(venue[keep], minlength=len(direct.at) - 1)
    return Direct(_starts(count), place[direct.point[keep]], direct.cost[keep])


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
