"""Who reaches which site, and how long it takes: the matrix a siting model chooses from.

Places are what coverage counts: the points every cell is sampled at, each with an equal share of
the cell's people, so that the best plan is the best by the published figures. Travel times come
from the engine of the snapshot, with the sites as its venues.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import h3.api.numpy_int as h3n
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array, hstack

from venuenet.coverage import group_people, sample_seconds
from venuenet.errors import BadQueryError
from venuenet.model import UNREACHED, DemandPoints, LocatedVenue, Question, TravelTimes
from venuenet.proposals.types import BY_TIME, WITH_ROOM, Request, Site
from venuenet.publish.evidence import rooms_of
from venuenet.publish.how import ADULT, table_for, tables_for
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.ready import counted, ready

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Done = Callable[[int, int], None]
"""Told how much of how much is done; may raise to stop the work."""

CHUNK = 512
"""Sites whose times are searched for at a time: what a search prepares is shared by so many."""
LONGEST_S = 65_534
"""Seconds beyond which a way counts as none where times are weighed: 18 hours."""
MOST_PAIRS: Mapping[str, int] = {
    "nearest_on_average": 30_000_000,
    "nearest_at_worst": 30_000_000,
    "nearest_with_room": 300_000,
}
"""Pairs of place and site a goal that weighs times can take; places are put together until then."""
COARSEST = 5


@dataclass(frozen=True)
class Places:
    """Where people are.

    Attributes
    ----------
    point : (p,) int64
        Position in the flattened ``DemandPoints.sample_xy`` of the point each place stands at.
    cell : (p,) int64
        The cell of that point.
    people : (p,) float64
        Residents times ``scale``, with the group weights asked for.
    persons : (p,) float64
        The same without weights.
    scale : int
        Divide by it to have persons.
    resolution : int, optional
        H3 resolution of the cells put together to one place; None where nothing was.
    """

    point: NDArray[np.int64]
    cell: NDArray[np.int64]
    people: Floats
    persons: Floats
    scale: int
    resolution: int | None = None


@dataclass(frozen=True)
class Matrix:
    """Everything a model needs of a snapshot: the first columns are what there is already.

    Attributes
    ----------
    places : Places
    fixed : int
        How many columns stand for existing venues.
    reach : (places, fixed + sites) csr_array of bool
        Who has which within the minutes asked for.
    cost : (places, fixed + sites) float64, optional
        Seconds, infinite where there is no way; only for goals that weigh times.
    room : (fixed + sites,) float64
        Persons each column has room for, times ``places.scale``; infinite where unknown.
    """

    places: Places
    fixed: int
    reach: csr_array
    cost: Floats | None
    room: Floats


def matrix_of(
    snapshot: Snapshot,
    request: Request,
    sites: Sequence[Site],
    networks: Path | None = None,
    done: Done | None = None,
) -> Matrix:
    """Search the times to all sites, and put them beside those of the existing venues.

    Raises
    ------
    BadQueryError
        Times of the mode asked for were imported as a matrix: nobody knows them for new places.
    """
    question = request.question
    standing = existing(snapshot, question) if request.goal in WITH_ROOM else []
    places = places_of(snapshot, request, len(sites) + len(standing) + 1)
    venues = [*standing, *(s.venue for s in sites)]
    seconds = times_to(snapshot, question, places, venues, request.goal in BY_TIME, networks, done)
    cutoff = 60 * question.minutes
    beside = None if request.goal in WITH_ROOM else _nearest(snapshot, request, places)
    cost = _dense(seconds, beside) if request.goal in BY_TIME else None
    inside = seconds.copy()
    # Zero seconds are stored as one more, so that a way of no time is not taken for none.
    inside.data = inside.data <= cutoff + 1
    inside.eliminate_zeros()
    parts = [csc_array(inside, dtype=np.bool_)]
    if beside is not None:
        parts.insert(0, csc_array(beside <= cutoff))
    room = np.full(sum(p.shape[1] for p in parts), np.inf)
    if request.goal in WITH_ROOM:
        rooms = rooms_of(snapshot)
        known = [float(rooms.get(v.venue_id, np.inf)) for v in standing]
        room = np.array([*known, *(s.room for s in sites)]) * places.scale
    reach = csr_array(hstack(parts, format="csr"))
    return Matrix(places, len(room) - len(sites), reach, cost, room)


def existing(snapshot: Snapshot, question: Question) -> list[LocatedVenue]:
    """Return the venues that count under a question."""
    return [v for v in counted(snapshot.area) if v.kind in question.kinds]


def places_of(snapshot: Snapshot, request: Request, columns: int) -> Places:
    """Say where the people asked for are: sample points, or cells where times are weighed."""
    demand = snapshot.demand
    m = demand.sample_xy.shape[1]
    persons, people = _weighted(snapshot, request)
    if request.goal not in BY_TIME:
        here = np.flatnonzero(np.repeat(people, m) > 0)
        return Places(here, here // m, people[here // m], persons[here // m], m)
    cells = np.flatnonzero(people > 0)
    resolution = None
    group = cells
    most = MOST_PAIRS[request.goal]
    finer = snapshot.area.meta.h3_resolution
    while len(np.unique(group)) * columns > most and finer > COARSEST:
        finer -= 1
        resolution = finer
        group = np.array([h3n.cell_to_parent(c, finer) for c in demand.cell[cells]])
    names, which = np.unique(group, return_inverse=True)
    if len(names) * columns > most:
        raise BadQueryError(
            f"goal={request.goal} 的候选太多（{columns:,} 个），请限定 districts 或减少 sources",
            f"too many candidates for goal={request.goal} ({columns:,}); name districts or fewer "
            "sources",
            param="sources",
            allowed=[f"..{most // max(len(names), 1)}"],
        )
    order = np.lexsort((cells, -people[cells], which))
    first = order[np.flatnonzero(np.diff(which[order], prepend=-1))]
    weights, counts = (np.bincount(which, w[cells]).astype(float) for w in (people, persons))
    return Places(cells[first] * m, cells[first], weights, counts, 1, resolution)


def _weighted(snapshot: Snapshot, request: Request) -> tuple[Floats, Floats]:
    """Residents of each cell that are asked for, (n,), and those with weights of groups added."""
    demand = snapshot.demand
    found = group_people(demand, request.question.group)
    if found is None:
        raise ValueError("nobody is known of this group")
    persons = found * _counted(snapshot, request)
    total = persons
    for group, weight in request.weights.items():
        total = total + weight * demand.groups[group] * _counted(snapshot, request)
    n = len(demand.cell)
    return (
        np.bincount(demand.row_cell, persons, minlength=n).astype(np.float64),
        np.bincount(demand.row_cell, total, minlength=n).astype(np.float64),
    )


def _counted(snapshot: Snapshot, request: Request) -> Floats:
    """1 for the rows of the demand whose people count, else 0."""
    demand = snapshot.demand
    if not request.residents:
        return np.ones(len(demand.people))
    home = snapshot.area.townships["adcode"].to_numpy()[demand.row_township]
    return np.isin(home, request.residents).astype(np.float64)


def times_to(
    snapshot: Snapshot,
    question: Question,
    places: Places,
    venues: Sequence[LocatedVenue],
    all_times: bool,
    networks: Path | None = None,
    done: Done | None = None,
) -> csc_array:
    """Search the seconds from places to venues.

    Returns
    -------
    (places, venues) csc_array of int32
        One second more than it takes; nothing where it takes longer than the minutes asked for
        (or, with ``all_times``, ``LONGEST_S``), or the venue does not count for the place.
    """
    # What stands at one point in one district is one destination.
    keys = [(v.lon, v.lat, v.adcode) for v in venues]
    distinct = list(dict(zip(keys, venues, strict=True)).values())
    at = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    points = points_demand(snapshot.demand, places.point)
    engines = ready(snapshot, networks).engines(traveller_of(snapshot, question))
    if engines.imported(question.mode) and not question.surface_transit:
        raise BadQueryError(
            "该出行方式的时间取自导入的矩阵，没有到新地点的时间，请换一种出行方式",
            "the times of this mode were imported as a matrix, which holds none to new places; "
            "ask for another mode",
            param="mode",
            allowed=[m for m in snapshot.times if not engines.imported(m)],
        )
    cutoff = LONGEST_S if all_times else 60 * question.minutes
    parts: list[csc_array] = []
    for start in range(0, len(distinct), CHUNK):
        some = distinct[start : start + CHUNK]
        engine = engines.one(question.mode, points, some, surface=question.surface_transit)
        advance = _advance(done, start, len(some), len(distinct), len(points.cell))
        found = engine.times(points, some, cutoff, advance)
        parts.append(_columns(found, len(points.cell)))
    seconds = csc_array(hstack(parts, format="csc"))
    if question.own_district:
        seconds = _own_only(snapshot, places, distinct, seconds)
    return csc_array(seconds[:, [at[key] for key in keys]])


def traveller_of(snapshot: Snapshot, question: Question) -> str | None:
    """Name the traveller of a group that has times of its own; None for everybody's."""
    who = snapshot.groups.of(question.group).traveller.value if question.group != "all" else ADULT
    own = snapshot.others.get(who, {})
    surface = question.surface_transit
    if surface or tables_for(snapshot, question.group)[question.mode] is not own.get(question.mode):
        return None
    return who


def _advance(
    done: Done | None, start: int, some: int, of: int, n: int
) -> Callable[[int], None] | None:
    if done is None:
        return None
    count = told = 0

    def advance(cells: int) -> None:
        nonlocal count, told
        count += cells
        # Twenty times in all: whoever listens has to write each of them somewhere.
        if (now := 20 * (start + some * count / n) // of) > told:
            told = int(now)
            done(start + some * count // n, of)

    return advance


def points_demand(demand: DemandPoints, point: NDArray[np.int64]) -> DemandPoints:
    """Make cells of sample points: what a travel engine needs of people, one point each."""
    n, m = demand.sample_xy.shape[:2]
    xy = np.ascontiguousarray(demand.sample_xy.reshape(n * m, 2)[point])
    cell = point // m
    nobody = np.zeros(0, dtype=np.int32)
    return dataclasses.replace(
        demand,
        cell=np.arange(len(point), dtype=np.uint64),
        lon=demand.lon[cell],
        lat=demand.lat[cell],
        x=np.ascontiguousarray(xy[:, 0]),
        y=np.ascontiguousarray(xy[:, 1]),
        area_km2=np.zeros(len(point)),
        cell_district=np.ascontiguousarray(demand.cell_district[cell]),
        cell_township=np.ascontiguousarray(demand.cell_township[cell]),
        sample_xy=xy[:, None, :],
        neighbours=np.zeros((0, 2), dtype=np.int32),
        row_cell=nobody,
        row_township=nobody,
        people=np.zeros(0, dtype=np.int64),
        groups={},
    )


def _columns(times: TravelTimes, places: int) -> csc_array:
    seconds = times.seconds.astype(np.int32) + 1
    return csc_array((seconds, times.cell, times.indptr), shape=(places, len(times.venue_ids)))


def _own_only(
    snapshot: Snapshot, places: Places, venues: Sequence[LocatedVenue], seconds: csc_array
) -> csc_array:
    """Keep the ways to venues of the own district: that of the venue's address."""
    code = {a: i for i, a in enumerate(snapshot.area.districts["adcode"])}
    there = np.array([code.get(v.adcode or "", -1) for v in venues])
    pairs = seconds.tocoo()
    own = snapshot.demand.cell_district[places.cell][pairs.coords[0]] == there[pairs.coords[1]]
    kept = (pairs.data[own], (pairs.coords[0][own], pairs.coords[1][own]))
    return csc_array(kept, shape=seconds.shape)


def _nearest(snapshot: Snapshot, request: Request, places: Places) -> NDArray[np.int32]:
    """Seconds to the nearest existing venues, (places, 1); also to the second for two."""
    question = request.question
    times = table_for(snapshot, question)
    ranks = (1, 2) if request.goal == "cover_twice" else (1,)
    if question.own_district and len(ranks) > 1:
        raise ValueError("the second venue of the own district is not kept")
    found = [
        sample_seconds(times, question.kinds, k, own=question.own_district).ravel()[places.point]
        for k in ranks
    ]
    return np.column_stack(found)


def _dense(seconds: csc_array, beside: NDArray[np.int32] | None) -> Floats:
    """Seconds as a table, infinite where there is no way, what is there already first."""
    first = 0 if beside is None else beside.shape[1]
    cost = np.full((seconds.shape[0], first + seconds.shape[1]), np.inf)
    if beside is not None:
        cost[:, :first] = np.where(beside == UNREACHED, np.inf, beside)
    pairs = seconds.tocoo()
    cost[pairs.coords[0], first + pairs.coords[1]] = pairs.data - 1
    return cost
