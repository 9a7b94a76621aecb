"""Bounds of coverage by Lagrangian prices of the places, compiled. Pure."""

from __future__ import annotations

import numpy as np

from venuenet.siting.swap import Bools, Coverage, Indices
from venuenet.siting.types import Floats
from venuenet.travel.compiled import kernel

_PATIENCE = 20
"""Steps without a better bound before they get shorter."""


def prices(
    coverage: Coverage,
    weight: Floats,
    capacity: float,
    goal: float,
    start: Floats,
    *,
    steps: int,
    length: float,
) -> tuple[Floats, Bools]:
    """Find prices of the places that bound what can be reached, by subgradient steps.

    Relaxing y_i <= sum_j a_ij x_j with prices 0 <= u_i <= w_i (Galvão & ReVelle 1996) leaves::

        L(u) = sum_i (w_i - u_i) + max {sum_j (sum_i a_ij u_i) x_j : x in X}

    which no choice exceeds. Where a second site counts v_i <= w_i beside, y_i may be up to 2 and
    the first sum has max(w_i - u_i, 0) + max(v_i - u_i, 0). While searching, X keeps one rule,
    sum weight_j x_j <= capacity with 0 <= x <= 1, so that its best x is found by sorting; whoever
    uses the prices may add the others.

    Parameters
    ----------
    coverage : Coverage
    weight : (sites,) float64
        Positive.
    capacity : float
    goal : float
        People that some choice reaches: it sets the length of steps.
    start : (places,) float64
        Prices to begin with.
    steps : int
    length : float
        Of the first steps, 1 reaching the goal if the bound were linear; they get shorter.

    Returns
    -------
    prices : (places,) float64
        Those of the least bound.
    chosen : (sites,) bool
        The best choice met on the way; it may break rules.
    """
    first, places, row, site_of, _ = coverage.arrays[0]
    people, again = coverage.worth
    best, chosen = start.copy(), np.zeros(len(weight), dtype=np.bool_)
    _descend(
        row, site_of, first, places, people, again, weight, float(capacity), float(goal), steps,
        length, best, chosen,
    )  # fmt: skip
    return best, chosen


@kernel
def _wanted(price: float, first: float, second: float, cover: float) -> float:
    """How often a place is best reached at a price; where several are, the nearest to ``cover``."""
    fewest = (1.0 if price < first else 0.0) + (1.0 if price < second else 0.0)
    most = (2.0 if price <= second else 1.0) if price > 0 else np.inf
    return min(max(cover, fewest), most)


@kernel
def _descend(  # noqa: PLR0912  one loop, compiled
    row: Indices, site_of: Indices, first: Indices, places: Indices,
    people: Floats, again: Floats, weight: Floats, capacity: float, goal: float, steps: int,
    length: float, best: Floats, met: Bools,
) -> None:  # fmt: skip
    """Leave the best prices in ``best`` and the best choice in ``met``."""
    sites = len(weight)
    price = best.copy()
    score = np.zeros(sites)
    cover = np.zeros(len(people))
    slope = np.zeros(len(people))
    least, most, idle = np.inf, -1.0, 0
    for _ in range(steps):
        score[:] = 0.0
        bound = 0.0
        for place in range(len(people)):
            bound += people[place] - price[place] + max(again[place] - price[place], 0.0)
            if price[place] > 0:
                for at in range(row[place], row[place + 1]):
                    score[site_of[at]] += price[place]
        cover[:] = 0.0
        left = capacity
        order = np.argsort(-score / weight)
        last = 0
        for site in order:
            share = min(1.0, left / weight[site])
            if share <= 0 or score[site] <= 0:
                break
            left -= share * weight[site]
            bound += share * score[site]
            for at in range(first[site], first[site + 1]):
                cover[places[at]] += share
            if share == 1.0:
                last += 1
        reached = 0.0
        norm = 0.0
        for place in range(len(people)):
            if cover[place] >= 1.0:
                reached += people[place]
            if cover[place] >= 2.0:
                reached += again[place]
            wanted = _wanted(price[place], people[place], again[place], cover[place])
            slope[place] = 0.7 * slope[place] + cover[place] - wanted
            norm += people[place] * slope[place] ** 2
        if reached > most:
            most = reached
            met[:] = False
            met[order[:last]] = True
        if bound < least:
            if bound < least - 1e-5 * abs(least):
                idle = 0
            least = bound
            best[:] = price
        idle += 1
        if idle > _PATIENCE:
            idle = 0
            length *= 0.8
        if norm == 0.0 or length < 1e-4:
            return
        step = length * max(bound - max(goal, most), 1e-6 * bound) / norm
        for place in range(len(people)):
            moved = price[place] - step * people[place] * slope[place]
            price[place] = min(people[place], max(0.0, moved))
