"""The p-median problem: sites with the least way to the nearest, summed over people. Pure.

Prices and interchange first (``lagrange``), then branch and bound on what they leave open.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csc_array

from venuenet.siting.distances import checked_costs, without_idle
from venuenet.siting.lagrange import (
    Ascent,
    first_prices,
    interchange,
    served,
    site_values,
    total,
    ways,
)
from venuenet.siting.radius import left_open
from venuenet.siting.relaxed import Relaxed
from venuenet.siting.rows import checked, site_bounds
from venuenet.siting.solver import Status, solve
from venuenet.siting.types import Floats, Ints, Limits, Method, Rules, Sites

_STEPS = 1500
_SHORTEST = 5e-3
"""Subgradient steps at most, and the step length below which they raise the bound no more."""

_SAME = 1e-9
"""Share of the objective that floating point cannot tell from nothing."""


def nearest_on_average(
    cost: ArrayLike, people: ArrayLike, rules: Rules, limits: Limits | None = None
) -> Sites:
    """Choose sites with the least way to the nearest, summed over people (p-median).

    With F the fixed sites, c_i = min of c_ij over F, and the rules on x (``rule_rows``)::

        minimise    sum_i w_i (sum_j c_ij z_ij + c_i z_i)
        subject to  sum_j z_ij + z_i = 1,  z_ij <= x_j,  x whole, keeping the rules

    where z_i exists only if somebody at i can reach a fixed site (ReVelle & Swain 1970).

    Bounds come from prices on the places (``lagrange.Ascent``); vertex substitution improves the
    choices met on the way. A site whose reduced cost lifts the bound above the best plan is
    settled, and so is a pair of place and site. What is left is solved by HiGHS in its radius
    form (Cornuejols, Nemhauser & Wolsey 1980; Elloumi 2010): with the distinct costs
    D_1 < ... < D_K of place i, and s_k = 1 if no site within D_k is open ::

        D_1 + sum_k (D_k+1 - D_k) s_k,   s_k + sum over c_ij = D_k of x_j >= s_k-1,   s_0 = 1

    Parameters
    ----------
    cost : (places, sites) array_like
        Seconds or metres, not negative; infinite where there is no way.
    people : (places,) array_like
        Weights, not negative. A place with nobody in it asks for nothing.
    rules : Rules
        Without a count or a budget all sites that help are chosen.
    limits : Limits, optional
        A gap above 0 also lets plans be dropped that are better by less than that.

    Returns
    -------
    Sites
        ``infeasible`` when no choice keeps the rules and lets everybody reach a site.
        ``time_limit`` also when what is left open is too large for branch and bound.

    Raises
    ------
    ValueError
        When arrays or rules make no sense.
    """
    begun = time.perf_counter()
    limits = Limits() if limits is None else limits
    table, weight = checked_costs(cost, people)
    rules = checked(rules, table.shape[1])
    task = _Task(table, weight, rules, limits, begun)
    if task.relaxed.possible and task.servable:
        price, bound = _ascend(task)
        if task.open:
            _finish(task, price, bound)
    else:
        task.hopeless = True
    return task.answer()


@dataclass
class _Task:
    """What is asked, and what is known of the answer so far."""

    cost: Floats
    people: Floats
    rules: Rules
    limits: Limits
    begun: float
    best: Ints | None = None
    objective: float = np.inf
    bound: float = -np.inf
    hopeless: bool = False
    searched: bool = False
    _told: float = field(default=0.0, repr=False)

    def __post_init__(self) -> None:
        sites = self.cost.shape[1]
        asking = self.people > 0
        upper = site_bounds(self.rules, sites)[1]
        self.free = np.flatnonzero(upper > 0)
        self.seen = sites - len({*self.rules.fixed, *self.rules.forbidden})
        table, weight = self.cost[asking][:, self.free], self.people[asking]
        base = self.cost[asking][:, list(self.rules.fixed)].min(axis=1, initial=np.inf)
        self.needy = np.isinf(base)
        self.reach = np.isfinite(table[self.needy])
        self.servable = bool(self.reach.any(axis=1).all())
        self.ways = ways(*_capped(table, weight, base))
        self.relaxed = Relaxed(self.rules, sites, self.free)
        self.forced = self.relaxed.lower > 0
        numbers = (weight, self.ways.cap, self.ways.near)
        self.whole = all(bool((number % 1 == 0).all()) for number in numbers)

    @property
    def left(self) -> float:
        """Seconds."""
        return self.limits.seconds - (time.perf_counter() - self.begun)

    @property
    def goal(self) -> float:
        """What a plan must not cost more than to be worth finding."""
        if self.best is None:
            return np.inf
        better = self.objective * (1 - max(self.limits.gap * (1 - _SAME), _SAME))
        return min(better, self.objective - 0.5) if self.whole else better

    @property
    def open(self) -> bool:
        """Whether there is anything left to find, and time for it."""
        return not self.hopeless and self.bound < self.goal and self.left > 0

    def offer(self, chosen: Ints) -> None:
        """Take a choice that keeps the rules for the best if it is, and if everybody is served."""
        if self.serves(chosen) < self.objective:
            self.best, self.objective = chosen, self.serves(chosen)
            self.tell(now=True)

    def serves(self, chosen: Ints) -> float:
        """Give what a choice costs; infinite when somebody can reach no site."""
        everybody = self.reach[:, chosen].any(axis=1).all()
        return total(self.ways, chosen) if everybody else np.inf

    def prove(self, bound: float) -> None:
        """Take a lower bound for what ``goal`` has not excluded."""
        self.bound = max(self.bound, min(bound, self.goal))
        self.tell()

    def exhausted(self) -> None:
        """Know that nothing reaches the goal."""
        if self.best is None:
            self.hopeless = True
        else:
            self.bound = self.goal

    def tell(self, *, now: bool = False) -> None:
        clock = time.perf_counter()
        if self.limits.tell is not None and (now or clock - self._told > 0.1):
            self._told = clock
            self.limits.tell(
                np.nan if self.best is None else self.objective,
                self.bound if np.isfinite(self.bound) else np.nan,
            )

    def answer(self) -> Sites:
        """Say what is known."""
        seconds = time.perf_counter() - self.begun
        if self.best is None:
            status: Status = "infeasible" if self.hopeless else "time_limit"
            bound = np.nan if self.hopeless else self.bound
            return Sites((), np.nan, bound, np.inf, status, seconds, self.seen)
        bound, worth = self.bound, self.objective
        if self.whole:
            bound = float(np.ceil(bound - 1e-6 - 1e-12 * abs(bound)))
        if bound >= self.objective * (1 - _SAME):
            bound = self.objective
        gap = (self.objective - bound) / max(self.objective, 1e-9)
        method: Method = "exact" if gap == 0 or self.searched else "heuristic"
        chosen = self.free[self.best]
        if self.rules.count is None:
            column = np.full(self.cost.shape[1], -1)
            column[self.free] = np.arange(len(self.free))
            chosen = without_idle(
                self.rules, len(column), chosen, lambda rest: self.serves(column[rest]) <= worth
            )
        status = "optimal" if gap <= max(self.limits.gap, _SAME) else "time_limit"
        return Sites(
            tuple(int(j) for j in chosen),
            self.objective,
            bound,
            gap,
            status,
            seconds,
            self.seen,
            method,
        )


def _capped(table: Floats, weight: Floats, base: Floats) -> tuple[Floats, Floats, Floats]:
    """Replace ways that do not exist, or are longer than to a fixed site, by the cap.

    Whoever reaches no fixed site has a cap above all their ways. If they do not reach every site
    it is so dear that leaving them out costs more than the worst plan that serves everybody.
    """
    reach = np.isfinite(table)
    longest = np.where(reach, table, 0).max(axis=1, initial=0)
    worst = float(weight @ np.where(np.isinf(base), longest, base))
    dear = np.where(reach.all(axis=1), 1, 2 * (worst + 1) / weight)
    cap = np.where(np.isinf(base), np.ceil(longest + dear), base)
    return np.minimum(table, cap[:, None]), weight, cap


def _ascend(task: _Task) -> tuple[Floats, float]:
    """Raise the bound and improve plans until little more comes of it; give prices and bound."""
    found, relaxed = task.ways, task.relaxed
    count = task.rules.count or np.sqrt(len(task.free))
    ascent = Ascent(first_prices(found, count))
    tried: set[bytes] = set()
    for step in range(_STEPS):
        price, value = ascent.price, site_values(found, ascent.price)
        x, least, reduced = relaxed.cheapest(value)
        bound = float(found.people @ price) + least
        if relaxed.possible and step % 10 == 0:
            chosen = relaxed.whole(value, x, task.left, search=step % 50 == 0)
            if chosen is not None and chosen.tobytes() not in tried:
                tried.add(chosen.tobytes())
                task.offer(_improved(task, chosen))
        relaxed.settle(reduced, task.goal - bound)
        if not relaxed.possible:
            task.exhausted()
            break
        onward = ascent.heard(bound)
        task.prove(bound)
        if not task.open or ascent.length < _SHORTEST:
            break
        if onward:
            target = 1.05 * ascent.bound if task.best is None else task.objective
            ascent.step(found, served(found, price, x), bound, target)
    return ascent.best_price, ascent.bound


def _improved(task: _Task, chosen: Ints) -> Ints:
    """Improve a choice; what was settled about better ones does not bind this one."""
    found, relaxed = task.ways, task.relaxed
    rules = (csc_array(relaxed.rows), relaxed.low, relaxed.high)
    return interchange(found.by_site, found.people, found.cap, chosen, task.forced, rules)


def _finish(task: _Task, price: Floats, bound: float) -> None:
    """Ask branch and bound about what is left open, if that is not too much."""
    left = left_open(task.ways, task.relaxed, price, task.goal - bound, task.needy, task.best)
    if left is None:
        return
    programme, sites, start = left
    enough = max(task.limits.gap * (1 - 1e-6), _SAME)
    if task.whole and task.best is not None:
        enough = max(enough, 0.5 / max(task.objective, 1))
    found = solve(
        programme,
        time_limit_s=task.left,
        relative_gap=enough,
        tell=lambda _objective, proven: task.prove(proven),
        start=start,
    )
    if found.x is not None:
        task.offer(sites[found.x[: len(sites)] > 0.5])
    if found.status == "infeasible":
        task.exhausted()
    else:
        task.prove(found.bound)
    task.searched = found.status in ("optimal", "infeasible")
