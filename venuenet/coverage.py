"""Who can reach what: people covered per district, township and group. Pure.

A person is covered when the k-th nearest venue of the chosen kinds takes at most the cut-off
(<=). ``low`` and ``high`` are worst cases: everything that is not known for sure (positions,
openings, a day's departures, where people live) against coverage, or for it all at once, so
``low <= share <= high``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.model import (
    BEYOND,
    KINDS,
    UNREACHED,
    VARIANTS,
    DemandPoints,
    Kind,
    LocatedVenue,
    Question,
    TravelTimes,
    Variant,
    Venue,
)
from venuenet.uncertainty import EXACT, DemandDoubt, area_bounds
from venuenet.weighted import means_of, nearest_of, quantiles_of, sums_of

NO_ACCESS_S = 120 * 60
"""Beyond the longest time that can be asked for, a person has no access."""

Seconds = NDArray[np.int32]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Located:
    """How many venues of the asked kinds are open, and how many of those have a position."""

    open: int
    located: int

    @property
    def share(self) -> float:
        """Share with a position; 0 where there is no venue at all."""
        return self.located / self.open if self.open else 0.0


@dataclass(frozen=True)
class AreaCoverage:
    """One area's answer; whole persons, minutes as decimals, None where there is no data."""

    people: int | None
    covered: int | None
    uncovered: int | None
    share: float | None
    low: float | None
    high: float | None
    mean_minutes: float | None
    median_minutes: float | None
    p90_minutes: float | None
    no_access: int | None
    nearest: tuple[str, float] | None
    flags: tuple[str, ...]


NOBODY_KNOWS = AreaCoverage(*(None,) * 11, flags=("no_data:group_unknown",))
"""The answer for a group of which nothing is known."""


def located(venues: Sequence[Venue], kinds: Sequence[Kind]) -> Located:
    """Count the open venues of some kinds and those of them with a position."""
    wanted = [v for v in venues if v.kind in kinds and v.status in ("open", "unknown")]
    return Located(len(wanted), sum(isinstance(v, LocatedVenue) for v in wanted))


def sample_seconds(
    times: TravelTimes,
    kinds: Sequence[Kind],
    k: int = 1,
    variant: Variant = "point",
    *,
    own: bool = False,
) -> Seconds:
    """Seconds to the k-th nearest venue of ``kinds`` for every point of every cell, (n, m).

    Under ``own`` to the nearest of the cell's own district, UNREACHED beyond ``times.cutoff_s``.
    """
    rows = [KINDS.index(kind) for kind in kinds]
    if own:
        if times.own_s is None or k != 1:
            raise ValueError("own-district times are kept for the nearest venue only")
        nearest = times.own_s[VARIANTS.index(variant), rows].min(axis=0)
        return np.where(nearest == BEYOND, UNREACHED, nearest.astype(np.int32)).astype(np.int32)
    near = times.near_s[VARIANTS.index(variant), rows].reshape(-1, *times.near_s.shape[3:])
    if k == 1:
        return np.asarray(near.min(axis=0, initial=UNREACHED), dtype=np.int32)
    return np.asarray(np.partition(near, k - 1, axis=0)[k - 1], dtype=np.int32)


def kth_seconds(
    times: TravelTimes,
    kinds: Sequence[Kind],
    k: int = 1,
    variant: Variant = "point",
    *,
    own: bool = False,
) -> Seconds:
    """Seconds to the k-th nearest venue of ``kinds`` for every cell, (n,); UNREACHED if fewer.

    The mean over the points a cell is sampled at.
    """
    samples = sample_seconds(times, kinds, k, variant, own=own)
    if samples.shape[1] == 1:
        return samples[:, 0]
    mean = np.rint(samples.mean(axis=1, dtype=np.float64)).astype(np.int64)
    lost = (samples == UNREACHED).any(axis=1)
    return np.where(lost, UNREACHED, mean).astype(np.int32)


def nearest_venue(times: TravelTimes, kinds: Sequence[Kind]) -> NDArray[np.int16]:
    """Venue of ``kinds`` nearest to each cell's centre: position in ``times.venue_ids``, or -1."""
    rows = [KINDS.index(kind) for kind in kinds]
    near = times.near_s[0, rows, 0, :, 0]
    best = near.argmin(axis=0)
    who = times.near_venue[rows, 0, :, 0]
    return np.asarray(who[best, np.arange(near.shape[1])], dtype=np.int16)


def inside(times: TravelTimes, question: Question, variant: Variant = "point") -> NDArray[np.bool_]:
    """Which points of each cell meet the question, (n, m)."""
    own = question.own_district
    seconds = sample_seconds(times, question.kinds, question.k, variant, own=own)
    return np.asarray(seconds <= 60 * question.minutes)


def inside_without(
    times: TravelTimes, question: Question, closed: frozenset[str]
) -> NDArray[np.bool_] | None:
    """Which points of each cell meet the question where some venues are closed, (n, m).

    Looked for among the ``NEAREST`` venues kept of each kind, so where all of those are closed a
    point may be left out that a farther venue serves, unless the ``late`` variant knows of it.

    Parameters
    ----------
    closed : frozenset of str
        Ids of venues.

    Returns
    -------
    (n, m) bool, or None
        None where times are kept without their venues (own district, capacities).
    """
    if question.own_district or question.capacitated:
        return None
    rows = [KINDS.index(kind) for kind in question.kinds]
    # The last one is "no venue", -1.
    shut = np.array([*(v in closed for v in times.venue_ids), True])
    near = times.near_s[0, rows] <= 60 * question.minutes
    left = np.count_nonzero(near & ~shut[times.near_venue[rows]], axis=(0, 1))
    return np.asarray((left >= question.k) | inside(times, question, "late"))


def covered_points(
    times: TravelTimes, question: Question, variant: Variant = "point"
) -> NDArray[np.int64]:
    """How many of a cell's ``times.samples`` points meet the question, (n,)."""
    return np.asarray(np.count_nonzero(inside(times, question, variant), axis=1))


def covered_people(
    demand: DemandPoints, persons: Ints, points: NDArray[np.int64], samples: int
) -> Ints:
    """Persons covered per row, (r,), whole: each point of a cell stands for an equal share.

    Shares are rounded along each township's rows so that a township is off by at most half a
    person, and no row gets more than its people or fewer than none.
    """
    exact = persons * points[demand.row_cell]
    if samples == 1:
        return exact
    order = np.argsort(demand.row_township, kind="stable")
    run = np.cumsum(exact[order])
    town = demand.row_township[order]
    first = np.flatnonzero(np.diff(town, prepend=-1))
    before = np.repeat(run[first] - exact[order][first], np.diff(first, append=len(town)))
    whole = (2 * (run - before) + samples) // (2 * samples)
    whole = np.diff(whole, prepend=0)
    whole[first] = (2 * exact[order][first] + samples) // (2 * samples)
    out = np.empty_like(exact)
    out[order] = whole
    return out


def covered_rows(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    persons: Ints,
    variant: Variant = "point",
    *,
    rooms: Mapping[str, int] | None = None,
) -> Ints:
    """Persons covered per row under a question, (r,), whole.

    Parameters
    ----------
    persons : (r,) int64
        Of the group asked for.
    rooms : mapping of venue id to int, optional
        Persons venues have room for, under ``capacitated``; a venue not in it is never full.
    """
    points = covered_points(times, question, variant)
    covered = covered_people(demand, persons, points, times.samples)
    if not question.capacitated or not rooms:
        return covered
    from venuenet.capacitated import served_rows  # noqa: PLC0415  most answers do without

    served = served_rows(demand, times, question, persons, covered, rooms, variant)
    if variant == "point":
        return served
    # Venues that move change who competes: a place may find less room where all are nearer. The
    # interval holds the answer as given all the same.
    given = covered_rows(demand, times, question, persons, rooms=rooms)
    return np.minimum(served, given) if variant == "late" else np.maximum(served, given)


def share_above(demand: DemandPoints, per_km2: float) -> float:
    """Share of people in cells denser than ``per_km2``: a check that the model is plausible."""
    people = np.bincount(demand.row_cell, demand.people, minlength=len(demand.cell))
    return float(people[people / demand.area_km2 > per_km2].sum() / people.sum())


def group_people(demand: DemandPoints, group: str) -> Ints | None:
    """Persons of a group per row, or None where nothing is known of it."""
    return demand.people if group == "all" else demand.groups.get(group)


def coverage_by(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    row_area: NDArray[np.int32],
    n_areas: int,
    *,
    no_data: bool = False,
    rooms: Mapping[str, int] | None = None,
    doubt: DemandDoubt = EXACT,
    doubtful: frozenset[str] = frozenset(),
) -> list[AreaCoverage]:
    """Answer a question for areas made of whole rows.

    Parameters
    ----------
    row_area : (r,) int32
        Area of every row of ``demand``; -1 leaves the row out. Areas hold whole townships.
    n_areas : int
        How many answers to give.
    no_data : bool
        The venues asked for are mostly without a position: people are known, coverage is not.
    rooms : mapping of venue id to int, optional
        Persons venues have room for, under ``question.capacitated``.
    doubt : DemandDoubt
        How far modelled people may be off: ``low`` and ``high`` hold it.
    doubtful : frozenset of str
        Ids of the venues whose opening is unknown, for the flags.

    Returns
    -------
    list of AreaCoverage
        ``covered + uncovered == people`` in each; None with a flag where nothing is known.
    """
    persons = group_people(demand, question.group)
    if persons is None:
        return [NOBODY_KNOWS] * n_areas
    rows = row_area >= 0
    area, cell, weight = row_area[rows], demand.row_cell[rows], persons[rows]
    people = sums_of(area, weight, n_areas)
    if no_data:
        blank = (None,) * 10
        return [AreaCoverage(int(p), *blank, flags=("no_data:venues_unlocated",)) for p in people]
    found = {v: covered_rows(demand, times, question, persons, v, rooms=rooms) for v in VARIANTS}
    sums = {v: sums_of(area, found[v][rows], n_areas) for v in VARIANTS}
    low, high = area_bounds(
        demand, persons, found["late"], found["early"], row_area, n_areas, doubt
    )
    sources = _sources(demand, times, question, persons, found, row_area, n_areas, doubtful)
    own = question.own_district
    seconds = kth_seconds(times, question.kinds, question.k, own=own)[cell]
    no_access = sums_of(area, weight * (seconds > NO_ACCESS_S), n_areas)
    quantiles = quantiles_of(area, seconds, weight, n_areas, (0.5, 0.9))
    means = means_of(area, seconds, weight, n_areas)
    venue = nearest_venue(times, question.kinds)[cell].astype(np.int64)
    soonest = kth_seconds(times, question.kinds)[cell]
    nearest = nearest_of(venue, times.venue_ids, area, soonest, weight, n_areas)
    out = []
    for a in range(n_areas):
        total = int(people[a])
        covered = int(sums["point"][a])
        out.append(
            AreaCoverage(
                people=total,
                covered=covered,
                uncovered=total - covered,
                share=covered / total if total else None,
                low=int(low[a]) / total if total else None,
                high=int(high[a]) / total if total else None,
                mean_minutes=means[a],
                median_minutes=quantiles[0][a],
                p90_minutes=quantiles[1][a],
                no_access=int(no_access[a]),
                nearest=nearest[a],
                flags=sources[a] if total else ("no_data:no_people",),
            )
        )
    return out


def _sources(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    persons: Ints,
    found: Mapping[Variant, Ints],
    row_area: NDArray[np.int32],
    n_areas: int,
    doubtful: frozenset[str],
) -> list[tuple[str, ...]]:
    """Name per area what moves its coverage, beside people: positions, departures, openings."""
    rows = row_area >= 0
    at = row_area[rows]

    def differ(a: Ints, b: Ints) -> NDArray[np.bool_]:
        return np.bincount(at, (a != b)[rows], n_areas) > 0

    closed = found["point"]
    moved = differ(found["late"], closed) | differ(found["early"], closed)
    opening = np.zeros_like(moved)
    asked = _asked(times, question, doubtful)
    if asked:
        where = inside_without(times, question, asked)
        # Where times are kept without their venues, nothing tells openings from positions.
        opening = moved
        if where is not None:
            points = np.count_nonzero(where, axis=1)
            closed = covered_people(demand, persons, points, times.samples)
            opening = differ(closed, found["point"])
            moved = differ(found["late"], closed) | differ(found["early"], found["point"])
    # A network's kept times tell positions and departures together only.
    told = {"position_uncertain": moved, "travel_varies": moved & bool(times.spread)}
    told["opening_unknown"] = opening
    return [tuple(flag for flag, here in told.items() if here[a]) for a in range(n_areas)]


def _asked(times: TravelTimes, question: Question, venues: frozenset[str]) -> frozenset[str]:
    """Return those of some venues that are among the nearest of a kind asked for."""
    rows = [KINDS.index(kind) for kind in question.kinds]
    some = [v for v, name in enumerate(times.venue_ids) if name in venues]
    near = times.near_venue[rows]
    return frozenset(times.venue_ids[v] for v in some if (near == v).any())
