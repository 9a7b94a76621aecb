"""The p-median problem in its radius form, over the sites and pairs that prices left open. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, hstack, vstack

from venuenet.siting.lagrange import Ways
from venuenet.siting.relaxed import Relaxed
from venuenet.siting.solver import Programme
from venuenet.siting.types import Floats, Ints

_MOST_PAIRS = 200_000
"""Pairs of place and site HiGHS is still asked about: with many more it keeps no time limit."""


def left_open(
    found: Ways,
    relaxed: Relaxed,
    price: Floats,
    room: float,
    needy: NDArray[np.bool_],
    best: Ints | None,
) -> tuple[Programme, Ints, Floats | None] | None:
    """Write down what may still hold a better plan, together with the best one known.

    With the distinct costs D_1 < ... < D_K of place i, D_K+1 its cap, and s_k = 1 if no site
    within D_k is open, place i pays ::

        w_i (D_1 + sum_k (D_k+1 - D_k) s_k)
        s_k + sum over c_ij = D_k of x_j >= s_k-1,   s_0 = 1

    (Cornuejols, Nemhauser & Wolsey 1980 in the sparse writing of Elloumi 2010). A place that goes
    farther than its price v_i lifts the bound by w_i times the rest of the way: farther than there
    is room for it does not go in a better plan, so its last s is left out, and it must be reached.

    Parameters
    ----------
    found : Ways
    relaxed : Relaxed
        The rules, and the sites settled.
    price : (places,) float64
    room : float
        What a plan to be found may cost above the bound at these prices.
    needy : (places,) bool
        Places that reach no fixed site: their cap is no answer.
    best : (k,) int64, optional

    Returns
    -------
    Programme
        Variables: sites, levels that may be missed, and a constant.
    sites : (n,) int64
        What its first variables stand for.
    start : float64, optional
        The best plan in its variables.
    None when that is too large for branch and bound.
    """
    known = np.zeros(len(relaxed.free), dtype=np.bool_)
    radius = price + max(room, 0.0) / found.people
    radius += 1e-9 * radius
    lower = relaxed.lower.copy()
    if best is not None:
        known[best] = True
        radius = np.maximum(
            radius, np.minimum(found.by_site[best].min(axis=0, initial=np.inf), found.cap)
        )
        lower[~known] = 0
    sites = np.flatnonzero((relaxed.upper > 0) | known)
    column = np.full(len(known), -1)
    column[sites] = np.arange(len(sites))
    sure = found.by_site[lower > 0].min(axis=0, initial=np.inf)
    inside = found.near <= np.minimum(radius, sure)[:, None]
    inside &= (found.near < found.cap[:, None]) & (column[found.site] >= 0)
    if inside.sum() > _MOST_PAIRS:
        return None
    place, rank = np.nonzero(inside)
    end = np.where(needy | (found.cap > radius), np.inf, found.cap)
    levels = _Levels(
        place, column[found.site[place, rank]], found.near[place, rank], end, found.people
    )
    rows = relaxed.rows[:, sites]
    n, more = len(sites), levels.missed + 1
    programme = Programme(
        cost=np.concatenate([np.zeros(n), levels.cost, [levels.constant]]),
        rows=csr_array(
            vstack([hstack([rows, csr_array((rows.shape[0], more))]), levels.rows(n)], format="csr")
        ),
        row_low=np.concatenate([relaxed.low, levels.low]),
        row_high=np.concatenate([relaxed.high, np.full(len(levels.low), np.inf)]),
        upper=np.ones(n + more),
        integer=np.arange(n + more) < n,
        lower=np.concatenate([lower[sites], np.zeros(levels.missed), [1]]),
    )
    start = None if best is None else levels.start(known[sites])
    return programme, sites, start


class _Levels:
    """The distinct costs of every place, ascending, and what it pays for missing them.

    Parameters
    ----------
    place, site, cost : (pairs,)
        By place, and ascending in cost within each.
    end : (places,) float64
        What a place pays when it reaches none of them; infinite where it must.
    people : (places,) float64
    """

    def __init__(
        self,
        place: NDArray[np.intp],
        site: NDArray[np.intp],
        cost: Floats,
        end: Floats,
        people: Floats,
    ) -> None:
        opens = np.ones(len(place), dtype=np.bool_)
        opens[1:] = (np.diff(place) != 0) | (np.diff(cost) != 0)
        self._site, self._level = site, np.cumsum(opens) - 1
        at, level_cost = place[opens], cost[opens]
        self._first = np.ones(len(at), dtype=np.bool_)
        self._first[1:] = np.diff(at) != 0
        last = np.roll(self._first, -1)
        dearer = np.where(last, end[at], np.roll(level_cost, -1))
        may_miss = np.isfinite(dearer)
        self.missed = int(may_miss.sum())
        self._variable = np.where(may_miss, np.cumsum(may_miss) - 1, -1)
        self.cost = (people[at] * (dearer - level_cost))[may_miss]
        alone = np.ones(len(people), dtype=np.bool_)
        alone[at] = False
        self._lost = int(np.isinf(end[alone]).sum())
        self.constant = float(
            (people[at] * level_cost)[self._first].sum()
            + (people * np.where(np.isfinite(end), end, 0))[alone].sum()
        )
        self.low = np.concatenate([self._first, np.ones(self._lost)]).astype(np.float64)

    def rows(self, sites: int) -> csr_array:
        """Write one row per level, and an impossible one per place that reaches nothing."""
        missed = np.flatnonzero(self._variable >= 0)
        after = np.flatnonzero(~self._first)
        row = np.concatenate([self._level, missed, after])
        column = np.concatenate(
            [self._site, sites + self._variable[missed], sites + self._variable[after - 1]]
        )
        entry = np.repeat([1.0, 1.0, -1.0], [len(self._level), len(missed), len(after)])
        shape = (len(self.low), sites + self.missed + 1)
        return csr_array((entry, (row, column)), shape=shape)

    def start(self, chosen: NDArray[np.bool_]) -> Floats:
        """Give all variables of a choice of sites."""
        hit = np.zeros(len(self._first), dtype=np.bool_)
        hit[self._level[chosen[self._site]]] = True
        group = np.cumsum(self._first) - 1
        seen = np.cumsum(hit)
        before: NDArray[np.int64] = (seen - hit)[self._first]
        missed: NDArray[np.bool_] = seen == before[group]
        return np.concatenate([chosen, missed[self._variable >= 0], [True]]).astype(np.float64)
