"""The p-centre problem: sites with the shortest way for whoever has the longest. Pure."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csc_array, csr_array, vstack

from venuenet.siting.distances import checked_costs, without_idle
from venuenet.siting.lagrange import interchange
from venuenet.siting.rows import checked, rule_rows, site_bounds
from venuenet.siting.solver import Programme, Solved, Status, solve
from venuenet.siting.types import Floats, Ints, Limits, Rules, Sites


def nearest_at_worst(
    cost: ArrayLike,
    rules: Rules,
    limits: Limits | None = None,
    *,
    people: ArrayLike | None = None,
) -> Sites:
    """Choose sites such that the longest way to the nearest is as short as can be (p-centre).

    With F the fixed sites and the rules on x (``rule_rows``)::

        minimise  max over i of  min of c_ij over the sites j in F or with x_j = 1

    The answer is one of the costs, and a cost r can be kept if and only if some choice covers
    every place within r: sum over c_ij <= r of x_j >= 1 for every place without a fixed site
    within r. The costs are halved by such set covers (Minieka 1970), solved by HiGHS; every one
    moves either the best plan, to its own longest way, or the bound, to the next cost. Before
    that, interchange shortens the plan and covers with sites in part raise the bound.

    Parameters
    ----------
    cost : (places, sites) array_like
        Seconds or metres, not negative; infinite where there is no way.
    rules : Rules
    limits : Limits, optional
    people : (places,) array_like, optional
        Places with nobody in them are left out; the numbers do not matter otherwise.

    Returns
    -------
    Sites
        Objective and bound are costs; 0 when there is no place to serve. ``infeasible`` when no
        choice keeps the rules and lets everybody reach a site.

    Raises
    ------
    ValueError
        When arrays or rules make no sense.
    """
    begun = time.perf_counter()
    limits = Limits() if limits is None else limits
    table, weight = checked_costs(cost, people)
    search = _Search(table[weight > 0], checked(rules, table.shape[1]), limits, begun)
    search.run()
    return search.answer()


class _Search:
    """The costs that may still be the answer, and the best choice known."""

    def __init__(self, cost: Floats, rules: Rules, limits: Limits, begun: float) -> None:
        self._sites = cost.shape[1]
        self._rules, self._limits, self._begun = rules, limits, begun
        lower, upper = site_bounds(rules, self._sites)
        self._possible = bool((lower <= upper).all())
        self._free = np.flatnonzero(upper > 0)
        self._lower = lower[self._free]
        rows, self._low, self._high = rule_rows(rules, self._sites)
        self._rows = csr_array(rows[:, self._free])
        self._base = cost[:, list(rules.fixed)].min(axis=1, initial=np.inf)
        self._cost = cost[:, self._free]
        self._best: Ints | None = None
        shortest = np.minimum(self._cost.min(axis=1, initial=np.inf), self._base).max(initial=0)
        every = np.unique(np.concatenate([self._cost.ravel(), self._base, [shortest]]))
        self._steps = every[(every >= shortest) & np.isfinite(every)]
        self._first, self._last = 0, len(self._steps) - 1

    def run(self) -> None:
        """Ask about costs until plan and bound meet, or time is up."""
        self._possible &= self._last >= 0
        if not self._possible or not self._ask(self._last) or self._best is None:
            return
        self._improve()
        self._raise_bound()
        while self._left > 0 and not self._done:
            if not self._ask((self._first + self._last) // 2):
                break

    def _ask(self, step: int) -> bool:
        """Find out whether a cost can be kept; say whether that was found out."""
        answer = self._covered(self._steps[step], self._left)
        if answer.x is not None:
            self._take(np.flatnonzero(answer.x > 0.5))
        elif answer.status == "infeasible":
            self._possible = self._best is not None
            self._first = step + 1
        self._tell()
        return answer.status in ("optimal", "infeasible")

    def _take(self, chosen: Ints) -> None:
        step = int(np.searchsorted(self._steps, self._worst(chosen)))
        if self._best is None or step < self._last:
            self._best, self._last = chosen, step

    def _improve(self) -> None:
        """Halve the costs with interchange alone: it shortens what goes beyond, summed up."""
        by_site = np.ascontiguousarray(self._cost.T)
        rules = (csc_array(self._rows), self._low, self._high)
        first = self._first
        while first < self._last and self._left > 0 and self._best is not None:
            step = (first + self._last) // 2
            radius, most = self._steps[step], self._steps[-1] + 1
            cap = np.maximum(np.minimum(self._base, most) - radius, 0)
            beyond = np.minimum(np.maximum(by_site - radius, 0), cap)
            self._take(
                interchange(beyond, np.ones(len(cap)), cap, self._best, self._lower > 0, rules)
            )
            self._tell()
            if self._last > step:
                first = step + 1

    def _raise_bound(self) -> None:
        """Drop costs that not even sites chosen in part can keep: that is mostly soon known."""
        last, until = self._last, self._left / 2
        while self._first < last and self._left > until:
            step = (self._first + last) // 2
            status = self._covered(self._steps[step], self._left - until, whole=False).status
            if status == "infeasible":
                self._first = step + 1
            elif status == "optimal":
                last = step
            else:
                break
            self._tell()

    @property
    def _left(self) -> float:
        return self._limits.seconds - (time.perf_counter() - self._begun)

    @property
    def _done(self) -> bool:
        if self._best is None:
            return False
        longest, bound = self._steps[self._last], self._steps[self._first]
        return bool(longest - bound <= self._limits.gap * longest)

    def _worst(self, chosen: Ints) -> float:
        nearest = self._cost[:, chosen].min(axis=1, initial=np.inf)
        return float(np.minimum(nearest, self._base).max(initial=self._steps[0]))

    def _covered(self, radius: float, seconds: float, *, whole: bool = True) -> Solved:
        """Look for any choice that covers every place within a cost."""
        within = _distinct(self._cost[self._base > radius] <= radius)
        n, places = len(self._free), len(within)
        if not n:  # HiGHS has no opinion on nothing
            fits = not places and bool(((self._low <= 0) & (self._high >= 0)).all())
            return Solved("optimal" if fits else "infeasible", np.zeros(0) if fits else None, 0, 0)
        programme = Programme(
            cost=np.zeros(n),
            rows=csr_array(vstack([self._rows, csr_array(within.astype(np.float64))])),
            row_low=np.concatenate([self._low, np.ones(places)]),
            row_high=np.concatenate([self._high, np.full(places, np.inf)]),
            upper=np.ones(n),
            integer=np.full(n, whole),
            lower=self._lower,
        )
        return solve(programme, time_limit_s=seconds, tell=lambda *_: self._tell())

    def _tell(self) -> None:
        if self._limits.tell is not None:
            best = np.nan if self._best is None else self._steps[self._last]
            self._limits.tell(float(best), float(self._steps[self._first]))

    def answer(self) -> Sites:
        """Say what is known."""
        rules = self._rules
        seconds = time.perf_counter() - self._begun
        seen = self._sites - len({*rules.fixed, *rules.forbidden})
        status: Status = "time_limit"
        if self._best is None:
            if not self._possible:
                return Sites((), np.nan, np.nan, np.inf, "infeasible", seconds, seen)
            return Sites((), np.nan, float(self._steps[0]), np.inf, status, seconds, seen)
        longest, bound = float(self._steps[self._last]), float(self._steps[self._first])
        if self._done:
            status = "optimal"
        chosen = self._free[self._best]
        if rules.count is None:
            column = np.full(self._sites, -1)
            column[self._free] = np.arange(len(self._free))
            chosen = without_idle(
                rules, self._sites, chosen, lambda rest: self._worst(column[rest]) <= longest
            )
        gap = (longest - bound) / longest if longest > bound else 0.0
        return Sites(
            tuple(int(j) for j in chosen), longest, bound, gap, status, seconds, seen, "exact"
        )


def _distinct(within: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Keep one of the places that the same sites cover."""
    packed = np.packbits(within, axis=1)
    return within[np.unique(packed, axis=0, return_index=True)[1]] if packed.size else within
