"""Bounds and good plans for the p-median problem, compiled: multipliers, prices, interchange. Pure.

Places that must be served are relaxed; what a site is then worth is a sum, one per site.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array

from venuenet.siting.types import Floats, Ints
from venuenet.travel.compiled import kernel


@dataclass(frozen=True)
class Ways:
    """Costs between places and candidate sites, laid out for the searches below.

    Attributes
    ----------
    people : (places,) float64
        Positive weights.
    cap : (places,) float64
        What a place costs at most: the way to the nearest fixed site, or a stand-in that costs
        more than any plan.
    by_site : (sites, places) float64
        Costs, none above ``cap``; finite.
    near : (places, sites) float64
        The same costs, ascending within each place.
    site : (places, sites) int32
        The site each of ``near`` is the way to.
    """

    people: Floats
    cap: Floats
    by_site: Floats
    near: Floats
    site: NDArray[np.int32]


def ways(cost: Floats, people: Floats, cap: Floats) -> Ways:
    """Lay out finite costs, places by sites, that lie at or below ``cap``."""
    site = np.argsort(cost, axis=1, kind="stable").astype(np.int32)
    near = np.take_along_axis(cost, site, axis=1)
    return Ways(people, cap, np.ascontiguousarray(cost.T), near, site)


def first_prices(found: Ways, count: float) -> Floats:
    """Begin with the cost of the k-th nearest site, when one in k is chosen.

    In an answer evenly spread every place then sees one chosen site below its price.
    """
    sites = found.near.shape[1]
    k = min(round(sites / max(count, 1.0)), sites - 1)
    price: Floats = np.minimum(found.near[:, k : k + 1].min(axis=1, initial=np.inf), found.cap)
    return price


def site_values(found: Ways, price: Floats) -> Floats:
    """Say what opening each site saves at these prices: sum_i w_i min(0, c_ij - v_i).

    Parameters
    ----------
    found : Ways
    price : (places,) float64
        What each place would pay per head to be served, v_i.

    Returns
    -------
    (sites,) float64
        None above 0.
    """
    return _values(found.near, found.site, found.people, price)


def served(found: Ways, price: Floats, x: Floats) -> Floats:
    """Count the chosen sites each place would use at these prices, (places,) float64."""
    return _served(found.near, found.site, price, x)


@kernel
def _values(near: Floats, site: NDArray[np.int32], people: Floats, price: Floats) -> Floats:
    value = np.zeros(near.shape[1])
    for i in range(near.shape[0]):
        limit, weight = price[i], people[i]
        for k in range(near.shape[1]):
            if near[i, k] >= limit:
                break
            value[site[i, k]] += weight * (near[i, k] - limit)
    return value


@kernel
def _served(near: Floats, site: NDArray[np.int32], price: Floats, x: Floats) -> Floats:
    times = np.zeros(near.shape[0])
    for i in range(near.shape[0]):
        limit = price[i]
        for k in range(near.shape[1]):
            if near[i, k] >= limit:
                break
            times[i] += x[site[i, k]]
    return times


@dataclass
class Ascent:
    """Subgradient steps on the prices v of the relaxed p-median problem.

    Minimise sum_ij w_i c_ij z_ij with z_ij <= x_j and sum_j z_ij = 1; the last are put into the
    objective with the prices w_i v_i, which leaves ::

        L(v) = sum_i w_i v_i + min over x of sum_j x_j sum_i w_i min(0, c_ij - v_i)

    a lower bound for every v (Cornuejols, Fisher & Nemhauser 1977). Steps are Held, Wolfe &
    Crowder's (1974) as in Beasley (1985), measured per head, so that a place split in two changes
    nothing; directions are smoothed after Camerini, Fratta & Maffioli (1975).

    Attributes
    ----------
    price : (places,) float64
        Where it stands.
    best_price : (places,) float64
        Where the bound was highest.
    bound : float
    stale : int
        Steps since the bound was last raised noticeably.
    length, patience : float, int
        How far to step, as a share of the way to the target, and how long to wait for more.
    """

    price: Floats
    best_price: Floats = field(init=False)
    bound: float = -np.inf
    stale: int = 0
    length: float = 1.5
    patience: int = 20
    _way: Floats | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.best_price = self.price

    def heard(self, value: float) -> bool:
        """Take the bound at the present prices; say whether to go on from here.

        After ``patience`` steps without a better bound it goes back to the best prices instead,
        and the steps become half as long.
        """
        self.stale += 1
        if not value <= self.bound + 1e-5 * abs(self.bound):
            self.stale = 0
        if value > self.bound:
            self.bound, self.best_price = value, self.price
        if self.stale < self.patience:
            return True
        self.stale, self.length = 0, self.length / 2
        self.price, self._way = self.best_price, None
        return False

    def step(self, found: Ways, times: Floats, value: float, target: float) -> None:
        """Go on: places nobody serves offer more, those served twice less.

        Parameters
        ----------
        times : (places,) float64
            How often each place was served.
        value, target : float
            The bound here, and one that cannot be surpassed by much.
        """
        way = 1.0 - times
        way[(way > 0) & (self.price >= found.cap)] = 0
        if self._way is not None:
            way = 0.7 * way + 0.3 * self._way
        self._way = way
        size = float(found.people @ (way * way))
        if size > 0:
            by = self.length * max(target - value, 1e-9 * abs(target)) / size
            self.price = np.minimum(self.price + by * way, found.cap)


def total(found: Ways, chosen: Ints) -> float:
    """Sum what every place pays to its nearest chosen site, or its cap."""
    nearest = found.cap
    if len(chosen):
        nearest = np.minimum(nearest, found.by_site[chosen].min(axis=0))
    return float(found.people @ nearest)


def interchange(
    by_site: Floats,
    people: Floats,
    cap: Floats,
    chosen: Ints,
    keep: NDArray[np.bool_],
    rules: tuple[csc_array, Floats, Floats],
) -> Ints:
    """Swap sites one for one, or add one, as long as that helps and no rule is broken.

    Vertex substitution (Teitz & Bart 1968); all swaps with one newcomer are priced in one pass
    over the places (Whitaker 1983; Resende & Werneck 2007).

    Parameters
    ----------
    by_site : (sites, places) float64
        Costs, none above ``cap``.
    people, cap : (places,) float64
    chosen : (k,) int64
        Keeps the rules.
    keep : (sites,) bool
        Sites that must stay.
    rules : (rows, sites) csc_array, (rows,) float64, (rows,) float64
        ``low <= rows @ x <= high`` holds and goes on holding.

    Returns
    -------
    (k or more,) int64
        Ascending.
    """
    rows, low, high = rules
    inside = np.zeros(len(by_site), dtype=np.bool_)
    inside[chosen] = True
    _interchange(
        by_site, people, cap, inside, keep,
        rows.indptr.astype(np.int64), rows.indices.astype(np.int64), rows.data,
        rows @ inside.astype(np.float64), low - _SLACK, high + _SLACK,
    )  # fmt: skip
    return np.flatnonzero(inside)


_SLACK = 1e-7


@kernel
def _interchange(  # noqa: PLR0912  one loop over places and newcomers; calls would cost more
    by_site: Floats, people: Floats, cap: Floats, inside: NDArray[np.bool_],
    keep: NDArray[np.bool_], start: Ints, row: Ints, entry: Floats, sums: Floats, low: Floats,
    high: Floats,
) -> None:  # fmt: skip
    sites, places = by_site.shape
    first, second = cap.copy(), cap.copy()
    nearest = np.full(places, sites)  # `sites` stands for the cap
    for i in range(places):
        _two_nearest(i, by_site, cap, inside, first, second, nearest)
    loss = np.zeros(sites + 1)
    tried = new = 0
    while tried < sites:
        tried += 1
        new = (new + 1) % sites
        if inside[new]:
            continue
        loss[:] = 0
        gain = 0.0
        for i in range(places):
            cost = by_site[new, i]
            if cost < first[i]:
                gain += people[i] * (first[i] - cost)
            else:
                loss[nearest[i]] += people[i] * (min(cost, second[i]) - first[i])
        if gain <= 0:
            continue
        enough = gain * (1 - 1e-9) - 1e-9
        old, best = -1, enough
        if _allowed(new, sites, start, row, entry, sums, low, high):
            old, best = sites, 0.0
        for out in range(sites):
            if (
                inside[out] and not keep[out] and loss[out] < best
                and _allowed(new, out, start, row, entry, sums, low, high)
            ):  # fmt: skip
                old, best = out, loss[out]
        if old < 0 or best >= enough:
            continue
        _move(new, old, start, row, entry, sums)
        inside[new] = True
        if old < sites:
            inside[old] = False
        for i in range(places):
            cost = by_site[new, i]
            if nearest[i] == old or (old < sites and by_site[old, i] <= second[i]):
                _two_nearest(i, by_site, cap, inside, first, second, nearest)
            elif cost < first[i]:
                second[i], first[i], nearest[i] = first[i], cost, new
            elif cost < second[i]:
                second[i] = cost
        tried = 0


@kernel
def _two_nearest(
    i: int, by_site: Floats, cap: Floats, inside: NDArray[np.bool_], first: Floats, second: Floats,
    nearest: Ints,
) -> None:  # fmt: skip
    first[i] = second[i] = cap[i]
    nearest[i] = len(inside)
    for j in range(len(inside)):
        if inside[j]:
            cost = by_site[j, i]
            if cost < first[i]:
                second[i], first[i], nearest[i] = first[i], cost, j
            elif cost < second[i]:
                second[i] = cost


@kernel
def _move(new: int, old: int, start: Ints, row: Ints, entry: Floats, sums: Floats) -> None:
    for e in range(start[new], start[new + 1]):
        sums[row[e]] += entry[e]
    if old < len(start) - 1:
        for e in range(start[old], start[old + 1]):
            sums[row[e]] -= entry[e]


@kernel
def _allowed(
    new: int, old: int, start: Ints, row: Ints, entry: Floats, sums: Floats, low: Floats,
    high: Floats,
) -> bool:  # fmt: skip
    _move(new, old, start, row, entry, sums)
    fits = True
    for e in range(start[new], start[new + 1]):
        fits &= low[row[e]] <= sums[row[e]] <= high[row[e]]
    if old < len(start) - 1:
        for e in range(start[old], start[old + 1]):
            fits &= low[row[e]] <= sums[row[e]] <= high[row[e]]
        for e in range(start[old], start[old + 1]):
            sums[row[e]] += entry[e]
    for e in range(start[new], start[new + 1]):
        sums[row[e]] -= entry[e]
    return fits
