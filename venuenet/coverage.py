"""Who can reach what: people covered per district, township and group. Pure.

A person is covered when the k-th nearest venue of the chosen kinds takes at most the cut-off
(<=). ``low`` counts them with every venue moved away by its position precision, ``high`` with
every venue moved nearer, so ``low <= share <= high``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.model import (
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


def _samples(times: TravelTimes, kinds: Sequence[Kind], k: int, variant: Variant) -> Seconds:
    """Seconds to the k-th nearest venue of ``kinds`` for every point of every cell, (n, m)."""
    rows = [KINDS.index(kind) for kind in kinds]
    near = times.near_s[VARIANTS.index(variant), rows].reshape(-1, *times.near_s.shape[3:])
    if k == 1:
        return np.asarray(near.min(axis=0, initial=UNREACHED), dtype=np.int32)
    return np.asarray(np.partition(near, k - 1, axis=0)[k - 1], dtype=np.int32)


def kth_seconds(
    times: TravelTimes, kinds: Sequence[Kind], k: int = 1, variant: Variant = "point"
) -> Seconds:
    """Seconds to the k-th nearest venue of ``kinds`` for every cell, (n,); UNREACHED if fewer.

    The mean over the points a cell is sampled at.
    """
    samples = _samples(times, kinds, k, variant)
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
    return np.asarray(times.near_venue[rows, 0][best, np.arange(near.shape[1])], dtype=np.int16)


def inside(times: TravelTimes, question: Question, variant: Variant = "point") -> NDArray[np.bool_]:
    """Which points of each cell meet the question, (n, m)."""
    seconds = _samples(times, question.kinds, question.k, variant)
    return np.asarray(seconds <= 60 * question.minutes)


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
    people = _sum(area, weight, n_areas)
    if no_data:
        blank = (None,) * 10
        return [AreaCoverage(int(p), *blank, flags=("no_data:venues_unlocated",)) for p in people]
    covered_rows = {
        v: covered_people(demand, persons, covered_points(times, question, v), times.samples)
        for v in VARIANTS
    }
    sums = {v: _sum(area, covered_rows[v][rows], n_areas) for v in VARIANTS}
    seconds = kth_seconds(times, question.kinds, question.k)[cell]
    no_access = _sum(area, weight * (seconds > NO_ACCESS_S), n_areas)
    quantiles = _quantiles(area, seconds, weight, n_areas, (0.5, 0.9))
    means = _means(area, seconds, weight, n_areas)
    nearest = _nearest(times, question, area, cell, weight, n_areas)
    out = []
    for a in range(n_areas):
        total = int(people[a])
        share = {v: float(sums[v][a] / total) if total else None for v in VARIANTS}
        covered = int(sums["point"][a])
        out.append(
            AreaCoverage(
                people=total,
                covered=covered,
                uncovered=total - covered,
                share=share["point"],
                low=share["late"],
                high=share["early"],
                mean_minutes=means[a],
                median_minutes=quantiles[0][a],
                p90_minutes=quantiles[1][a],
                no_access=int(no_access[a]),
                nearest=nearest[a],
                flags=() if total else ("no_data:no_people",),
            )
        )
    return out


def _sum(area: NDArray[np.int32], weight: Ints, n: int) -> Ints:
    return np.bincount(area, weight, minlength=n).astype(np.int64)


def _minutes(seconds: float) -> float | None:
    return round(seconds / 60, 1) if seconds < UNREACHED else None


def _quantiles(
    area: NDArray[np.int32], seconds: Seconds, weight: Ints, n: int, levels: Sequence[float]
) -> list[list[float | None]]:
    """People-weighted quantiles: the time by which at least that share of people has arrived."""
    order = np.lexsort((seconds, area))
    area, seconds, weight = area[order], seconds[order], weight[order]
    bounds = np.searchsorted(area, np.arange(n + 1))
    out: list[list[float | None]] = [[] for _ in levels]
    for a in range(n):
        part = slice(bounds[a], bounds[a + 1])
        total = np.cumsum(weight[part])
        for level, row in zip(levels, out, strict=True):
            if len(total) == 0 or total[-1] == 0:
                row.append(None)
                continue
            at = int(np.searchsorted(total, np.ceil(level * total[-1])))
            row.append(_minutes(float(seconds[part][at])))
    return out


def _means(area: NDArray[np.int32], seconds: Seconds, weight: Ints, n: int) -> list[float | None]:
    """People-weighted mean minutes over people who can reach a venue at all."""
    ok = seconds < UNREACHED
    total = np.bincount(area[ok], weight[ok] * seconds[ok].astype(np.float64), minlength=n)
    people = np.bincount(area[ok], weight[ok], minlength=n)
    return [_minutes(float(t / p)) if p else None for t, p in zip(total, people, strict=True)]


def _nearest(
    times: TravelTimes,
    question: Question,
    area: NDArray[np.int32],
    cell: NDArray[np.int32],
    weight: Ints,
    n: int,
) -> list[tuple[str, float] | None]:
    """Find the venue nearest to most of an area's people, and those people's mean minutes."""
    venue = nearest_venue(times, question.kinds)[cell].astype(np.int64)
    seconds = kth_seconds(times, question.kinds)[cell]
    # On a network a cell's centre may have a way and another of its points none.
    ok = (venue >= 0) & (weight > 0) & (seconds < UNREACHED)
    n_venues = max(len(times.venue_ids), 1)
    key = area[ok].astype(np.int64) * n_venues + venue[ok]
    people = np.bincount(key, weight[ok], minlength=n * n_venues).reshape(n, n_venues)
    spent = np.bincount(
        key, weight[ok] * seconds[ok].astype(np.float64), minlength=n * n_venues
    ).reshape(n, n_venues)
    best = people.argmax(axis=1)
    return [
        (times.venue_ids[b], round(float(spent[a, b] / people[a, b]) / 60, 1))
        if people[a, b]
        else None
        for a, b in enumerate(best)
    ]
