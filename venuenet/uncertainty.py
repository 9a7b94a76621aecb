"""How far coverage may be off because people are modelled: exact bounds, totals kept. Pure.

Two things are modelled and two are counted. A cell's people may be ``cell`` times more or fewer
than the model says while their township's total stays; the total of a township without a census
figure may be ``township`` times more or fewer while the district's stays. All bounds are worst
cases that can be attained under these two factors: every error pushes the same way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.model import DemandPoints

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class DemandDoubt:
    """How far modelled people may be off, as factors of at least 1; 1 is exact.

    Attributes
    ----------
    cell : float
        Of a cell's people, their township's total kept. Above 1 the people of a township whose
        place is unknown may also live anywhere in their district.
    township : float
        Of the total of a township that was estimated, the district's total kept.
    """

    cell: float = 1.0
    township: float = 1.0


EXACT = DemandDoubt()
"""The model taken at its word."""


def flagged(demand: DemandPoints, flag: str) -> Bools:
    """Tell which townships carry a flag, (t,)."""
    return np.array([flag in flags for flags in demand.township_flags], dtype=np.bool_)


def township_bounds(
    covered: Floats, people: Floats, factor: float, anywhere: Bools
) -> tuple[Floats, Floats]:
    """Fewest and most persons who can be covered where cells are off and totals are not.

    Parameters
    ----------
    covered, people : (t,) or (t, draws) float64
        Persons covered as modelled, and in all.
    factor : float
        At least 1: a place's true people are between ``1 / factor`` and ``factor`` times the
        model's.
    anywhere : (t,) or (t, 1) bool
        Townships whose people may live wherever the district's do.

    Returns
    -------
    (low, high)
        Persons, of the shape of ``covered``: ``low <= covered <= high``.

    Notes
    -----
    With C covered and U uncovered people, sums C' + U' = C + U, C/f <= C' <= f C and
    U/f <= U' <= f U: C' lies in [max(C/f, C + U - f U), min(f C, C + U - U/f)]. Both ends are
    attained, and how people are divided into cells does not matter.
    """
    rest = people - covered
    low = np.maximum(covered / factor, people - factor * rest)
    high = np.minimum(factor * covered, people - rest / factor)
    if factor > 1:
        low = np.where(anywhere & (rest > 0), 0.0, low)
        high = np.where(anywhere & (covered > 0), people, high)
    return low, high


def exchange(value: Floats, people: Floats, group: Ints, n_groups: int, factor: float) -> Floats:
    """Largest sum of ``x * value`` per group when townships may trade people, (n_groups,).

    Parameters
    ----------
    value : (t,) float64
        What a township adds as estimated: persons covered, or their negative for the least sum.
    people : (t,) float64
        Its estimated persons.
    group : (t,) int64
        Who trades with whom; a group's people stay the same.
    factor : float
        At least 1: a township's true people are x times ``people``, ``1/factor <= x <= factor``.

    Notes
    -----
    max sum x v, subject to sum x p = sum p and bounds on x, is a fractional knapsack: all begin at
    ``1/factor``, and the people left over fill townships by falling v/p up to ``factor`` (Dantzig
    1957, Discrete-variable extremum problems, Operations Research 5). Greedy is exact.
    """
    worth = np.divide(value, people, out=np.zeros_like(value), where=people > 0)
    order = np.lexsort((-worth, group))
    group, value, people, worth = group[order], value[order], people[order], worth[order]
    room = people * (factor - 1 / factor)
    left = np.bincount(group, people, n_groups) * (1 - 1 / factor)
    ahead = np.cumsum(room) - room
    first = np.searchsorted(group, np.arange(n_groups))
    start = np.append(ahead, 0.0)[first]
    given = np.clip(left[group] - (ahead - start[group]), 0.0, room)
    return np.asarray(np.bincount(group, value / factor + given * worth, n_groups))


def area_bounds(
    demand: DemandPoints,
    persons: Ints,
    fewest: Ints,
    most: Ints,
    row_area: NDArray[np.int32],
    n_areas: int,
    doubt: DemandDoubt,
) -> tuple[Ints, Ints]:
    """Fewest and most persons an area may have covered, (n_areas,) each.

    Parameters
    ----------
    persons : (r,) int64
        Of the group asked for, per row of ``demand``.
    fewest, most : (r,) int64
        Persons covered per row at the worst and at the best for every other reason.
    row_area : (r,) int32
        Area of every row; -1 leaves it out. Areas hold whole townships.
    doubt : DemandDoubt

    Returns
    -------
    (low, high)
        Whole persons, rounded outwards. An area of several districts has the sum of theirs.
    """
    kept = row_area >= 0
    n_towns, n_districts = len(demand.township_flags), int(demand.cell_district.max(initial=0)) + 1
    key, place = np.unique(
        row_area[kept].astype(np.int64) * n_towns + demand.row_township[kept], return_inverse=True
    )
    area, town = key // n_towns, key % n_towns
    district = np.zeros(len(key), dtype=np.int64)
    district[place] = demand.cell_district[demand.row_cell[kept]]

    def total(values: Ints) -> Floats:
        return np.bincount(place, values[kept], len(key)).astype(np.float64)

    people = total(persons)
    anywhere = flagged(demand, "point_unknown")[town]
    low, _ = township_bounds(total(fewest), people, doubt.cell, anywhere)
    _, high = township_bounds(total(most), people, doubt.cell, anywhere)
    trades = flagged(demand, "residents_estimated")[town]
    group = (area * n_districts + district)[trades]
    n_groups = n_areas * n_districts
    home = np.arange(n_groups) // n_districts

    def added(values: Floats, sign: int) -> Floats:
        best = exchange(sign * values[trades], people[trades], group, n_groups, doubt.township)
        fixed = np.bincount(area[~trades], values[~trades], n_areas)
        return np.asarray(fixed + sign * np.bincount(home, best, n_areas))

    # Outwards to whole persons; what floats add or lose must not make one.
    return (
        np.floor(np.round(added(low, -1), 4)).astype(np.int64),
        np.ceil(np.round(added(high, 1), 4)).astype(np.int64),
    )


def kept_total(wanted: Floats, people: Floats, group: Ints, factor: float) -> Floats:
    """Scale drawn factors so that every group keeps its people, within bounds.

    Parameters
    ----------
    wanted : (draws, t) float64
        Factors drawn, between ``1 / factor`` and ``factor``.
    people : (t,) float64
    group : (t,) int64
        Who keeps their people together.
    factor : float

    Returns
    -------
    (draws, t) float64
        ``clip(scale * wanted, 1 / factor, factor)``, with one scale per draw and group such that
        ``sum x * people == sum people``. Found by halving: the sum rises with the scale.
    """
    if factor == 1 or not len(group):
        return np.ones_like(wanted)
    order = np.argsort(group, kind="stable")
    _, first, place = np.unique(group[order], return_index=True, return_inverse=True)
    drawn, weight = wanted[:, order], people[order]
    goal = np.add.reduceat(weight, first)
    most = np.full((len(wanted), len(first)), 2 * np.log(factor))
    least = -most
    for _ in range(50):
        middle = (least + most) / 2
        x = np.clip(np.exp(middle)[:, place] * drawn, 1 / factor, factor)
        over = np.add.reduceat(x * weight, first, axis=1) > goal
        most = np.where(over, middle, most)
        least = np.where(over, least, middle)
    out = np.empty_like(wanted)
    out[:, order] = np.clip(np.exp(least)[:, place] * drawn, 1 / factor, factor)
    return out
