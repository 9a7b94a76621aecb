"""The same choice from less: places of one covering set as one, sites no better than another gone.

Pure.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, issparse, vstack

from venuenet.siting.rows import checked, rule_rows, site_bounds
from venuenet.siting.solver import Programme, Solved, solve
from venuenet.siting.types import Floats, Limits, Rules

_PAIRS = 5e7
"""Pairs of sites that share a place: beyond that, looking for dominated ones costs too much."""


@dataclass(frozen=True)
class Merged:
    """Places of one covering set, and of one area, as one.

    Attributes
    ----------
    reach : (groups, sites) csr_array of float64
    group : (places,) int64
        Which group each place is in.
    """

    reach: csr_array
    group: NDArray[np.int64]

    def any(self, values: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give a value that all places of a group share."""
        shared = np.zeros(self.reach.shape[0], dtype=np.int64)
        shared[self.group] = values
        return shared

    def total(self, values: Floats) -> Floats:
        """Add up a value of places by group."""
        return np.bincount(self.group, values, self.reach.shape[0]).astype(np.float64)


def table(reach: ArrayLike | csr_array) -> csr_array:
    """Give a table of places by sites, true or false, as rows of ones.

    Raises
    ------
    ValueError
        When it is none.
    """
    given = reach if issparse(reach) else np.asarray(reach)
    if given.ndim != 2 or given.dtype != np.bool_:
        raise ValueError("reach must be a table of places by sites, true or false")
    rows = csr_array(given).astype(np.float64)
    rows.sum_duplicates()
    rows.eliminate_zeros()
    rows.data[:] = 1
    return rows


def weights(people: ArrayLike, places: int) -> Floats:
    """Give the people of each place.

    Raises
    ------
    ValueError
        When there is not one number per place, finite and not negative.
    """
    weight = np.asarray(people, dtype=np.float64)
    if weight.shape != (places,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("people must be one finite number per place, not negative")
    return weight


def merged(reach: csr_array, apart: NDArray[np.int64] | None = None) -> Merged:
    """Put places that the same sites reach into one group.

    Sites have two random numbers of 64 bits each; a place's two sums name its covering set. Two
    different sets share both in one of 10^38 cases.

    Parameters
    ----------
    reach : (places, sites) csr_array of float64
    apart : (places,) int64, optional
        Only places of one number are put together.
    """
    places, sites = reach.shape
    if places == 0:
        return Merged(reach, np.zeros(0, dtype=np.int64))
    names = np.random.default_rng(0).integers(2**64, size=(2, sites), dtype=np.uint64)
    keys = np.zeros((3, places), dtype=np.uint64)
    for key, name in zip(keys, names, strict=False):
        ends = np.concatenate([[np.uint64(0)], np.cumsum(name[reach.indices], dtype=np.uint64)])
        key[:] = ends[reach.indptr[1:]] - ends[reach.indptr[:-1]]
    if apart is not None:
        keys[2] = apart.astype(np.uint64)
    _, first, group = np.unique(keys, axis=1, return_index=True, return_inverse=True)
    return Merged(csr_array(reach[first]), group.astype(np.int64).ravel())


def needed(reach: csr_array, rules: Rules, candidates: NDArray[np.intp]) -> NDArray[np.intp]:
    """Leave out candidates that another one replaces in any choice, at no higher cost.

    A site is dominated by one that reaches all it reaches and costs no more. Its place in a choice
    can go to the other or, if that one is chosen too, to nobody or to any site left. That is sure
    only where no rule looks at which sites are chosen beyond their costs, and with a count of p
    only while p candidates stay and all cost the same.

    Parameters
    ----------
    reach : (places, sites) csr_array of float64
    rules : Rules
        Checked.
    candidates : (n,) intp
        Columns that may be chosen, ascending.

    Returns
    -------
    (m,) intp
        Those of the candidates that are needed.
    """
    picky = bool(
        rules.at_least or rules.at_most or rules.apart or rules.other_than
        or rules.place is not None or (rules.count is not None and not _one_price(rules))
    )  # fmt: skip
    if picky or float(np.square(np.diff(reach.indptr).astype(np.float64)).sum()) > _PAIRS:
        return candidates
    mine = csr_array(reach[:, candidates])
    size = np.asarray(mine.sum(axis=0)).ravel()
    shared = (mine.T @ mine).tocoo()
    small, big = shared.coords[0], shared.coords[1]
    cost = np.ones(len(candidates)) if rules.cost is None else rules.cost[candidates]
    forced = np.isin(candidates, list(rules.forced))
    same = (size[big] == size[small]) & (cost[big] == cost[small])
    first = forced[big] | (~forced[small] & (big < small))  # of equals, one stays
    worse = (
        (shared.data == size[small]) & (cost[big] <= cost[small]) & ~forced[small]
        & (small != big) & (~same | first)
    )  # fmt: skip
    dropped = np.zeros(len(candidates), dtype=np.bool_)
    dropped[small[worse]] = True
    dropped |= (size == 0) & ~forced
    spare = len(candidates) - (rules.count or 0)
    gone = np.flatnonzero(dropped)[: max(spare, 0)]
    return np.delete(candidates, gone)


def _one_price(rules: Rules) -> bool:
    return rules.cost is None or len(np.unique(rules.cost)) < 2


@dataclass(frozen=True)
class Task:
    """What a model is asked, with fixed and forbidden sites out of the way.

    Attributes
    ----------
    reach : (places, all sites) csr_array of float64
    rules : Rules
        Checked.
    limits : Limits
    sites : (n,) intp
        Columns that may be chosen.
    fixed_reach : (places,) int64
        How many fixed sites each place has in reach.
    rows : (m, all sites) csr_array of float64
    low, high : (m,) float64
    lower : (all sites,) float64
        1 for forced sites.
    begun : float
        By the monotonic clock.
    """

    reach: csr_array
    rules: Rules
    limits: Limits
    sites: NDArray[np.intp]
    fixed_reach: NDArray[np.int64]
    rows: csr_array
    low: Floats
    high: Floats
    lower: Floats
    begun: float

    @property
    def places(self) -> int:
        """How many places there are."""
        return int(self.reach.shape[0])

    @property
    def there(self) -> NDArray[np.bool_]:
        """Places that a fixed site reaches."""
        return self.fixed_reach > 0

    @property
    def cost(self) -> Floats:
        """Of each site."""
        return np.ones(self.reach.shape[1]) if self.rules.cost is None else self.rules.cost

    @property
    def seen(self) -> int:
        """Candidates: neither fixed nor forbidden."""
        return int(self.reach.shape[1]) - len({*self.rules.fixed, *self.rules.forbidden})

    def left(self) -> float:
        """Seconds left."""
        return self.limits.seconds - (time.monotonic() - self.begun)

    def tell(self, objective: float, bound: float) -> None:
        """Tell whoever wants to hear; infinite means none yet."""
        if self.limits.tell is not None:
            self.limits.tell(
                objective if np.isfinite(objective) else np.nan,
                bound if np.isfinite(bound) else np.nan,
            )

    def solve(
        self,
        programme: Programme,
        *,
        start: Floats | None = None,
        sign: int = 0,
        step: float = 0.0,
        gap: float | None = None,
        known: tuple[float, float] | None = None,
        share: float = 1.0,
    ) -> Solved:
        """Solve a programme within the limits.

        Parameters
        ----------
        programme : Programme
        start : (n,) float64, optional
        sign : int
            What turns its objective into the model's; 0 when that is not told.
        step : float
            Values of choices differ by no less; 0 when unknown.
        gap : float, optional
            Instead of the limits'.
        known : tuple of float, optional
            An objective and a bound already told, in the model's own unit.
        share : float
            Of the time left.
        """

        def heard(objective: float, bound: float) -> None:
            told = (sign * objective, sign * bound) if sign else (np.inf, np.inf)
            if known is not None:
                better, other = (min, max) if sign > 0 else (max, min)
                told = (better(told[0], known[0]), other(told[1], known[1]))
            self.tell(*told)

        return solve(
            programme,
            time_limit_s=max(share * self.left(), 0.0),
            relative_gap=self.limits.gap if gap is None else gap,
            absolute_gap=0.999 * step,
            start=start,
            tell=None if self.limits.tell is None else heard,
        )

    def slots(self, sites: NDArray[np.intp]) -> int:
        """No choice among some sites has more than this many."""
        most = len(sites)
        if self.rules.count is not None:
            most = min(most, self.rules.count)
        if self.rules.budget is not None:
            spent = np.cumsum(np.sort(self.cost[sites]))
            most = min(most, int((spent <= self.rules.budget + 1e-6).sum()))
        return max(most, 1)

    def capacity(self, sites: NDArray[np.intp]) -> tuple[Floats, float]:
        """One rule that stands for all: positive weights of sites and what they may add up to."""
        if self.rules.count is None and self.rules.budget is not None:
            return np.maximum(self.cost[sites], 1e-9), self.rules.budget + 1e-6
        return np.ones(len(sites)), float(self.slots(sites))


def task(reach: ArrayLike | csr_array, rules: Rules, limits: Limits) -> Task:
    """Read what a model is asked.

    Raises
    ------
    ValueError
        When the arrays or the rules make no sense.
    """
    begun = time.monotonic()
    given = table(reach)
    sites = given.shape[1]
    rules = checked(rules, sites)
    lower, upper = site_bounds(rules, sites)
    rows, low, high = rule_rows(rules, sites)
    impossible = np.flatnonzero(lower > upper)
    if len(impossible):  # forced and forbidden: a row nobody can keep
        rows = csr_array(vstack([rows, csr_array((1, sites))], format="csr"))
        low, high = np.append(low, 1.0), np.append(high, np.inf)
    return Task(
        reach=given,
        rules=rules,
        limits=limits,
        sites=np.flatnonzero(upper > 0),
        fixed_reach=np.rint(given[:, sorted(set(rules.fixed))].sum(axis=1))
        .astype(np.int64)
        .ravel(),
        rows=rows,
        low=low,
        high=high,
        lower=np.minimum(lower, upper),
        begun=begun,
    )
