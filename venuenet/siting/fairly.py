"""Fair coverage: the worst-served area first. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import block_array, csr_array, eye_array, vstack

from venuenet.siting.cover import Reach
from venuenet.siting.most import bounded, coverage_of, round_down, start_of
from venuenet.siting.prices import prices
from venuenet.siting.reduce import Task, merged, task, weights
from venuenet.siting.solver import Programme, Solved, Status
from venuenet.siting.swap import Bools, Coverage, improved
from venuenet.siting.types import Floats, Limits, Rules, Sites
from venuenet.siting.worst import levelled
from venuenet.siting.written import answer, programme, sites_of, unit_of

_ROUNDS, _ETA = 16, 6.0
"""Rounds of weighing areas; how strongly an area's share served lowers its weight."""
_WORK, _STEPS = 5_000_000, 100
"""Annealing and subgradient steps of a round."""
_LEVELS, _LEVEL_WORK = 12, 30_000_000
"""Shares asked for, and annealing for each."""
_FIRST = 0.5
"""Share of the time for the worst share; the rest is for the most people."""
_SAME, _NOISE = 1e-5, 1e-9
"""Shares that differ by less are the same: tens of people in a district. What floats differ by."""
_PER_MILLE = 1000.0
"""Rows of shares are written so: what HiGHS takes for equal is then a billionth."""


@dataclass(frozen=True)
class _Areas:
    """Groups of places that no fixed site reaches, each in one area that has people.

    Attributes
    ----------
    reach : (groups, sites) csr_array of float64
    people : (groups,) float64
    area : (groups,) int64
    total, had : (areas,) float64
        People of each area, and those whom fixed sites reach.
    """

    reach: csr_array
    people: Floats
    area: NDArray[np.int64]
    total: Floats
    had: Floats

    @cached_property
    def parts(self) -> csr_array:
        """Rows that add up the share of each area from its groups, (areas, groups)."""
        m = len(self.people)
        share = self.people / self.total[self.area]
        return csr_array((share, (self.area, np.arange(m))), shape=(len(self.total), m))

    @cached_property
    def alone(self) -> Floats:
        """Share of each area's people that each site reaches, (areas, sites)."""
        found: Floats = csr_array(self.parts @ self.reach).toarray()
        return found

    def shares(self, chosen: Bools) -> Floats:
        """Share of each area's people that a choice and the fixed sites reach, (areas,)."""
        reached = self.people * (self.reach @ chosen.astype(np.float64) > 0)
        found: Floats = (self.had + np.bincount(self.area, reached, len(self.total))) / self.total
        return found


def cover_fairly(
    reach: Reach, people: ArrayLike, area: ArrayLike, rules: Rules, limits: Limits = Limits()
) -> Sites:
    """Raise the share reached in the worst-served area first, then reach the most people.

    First maximise t with sum over i in a of w_i y_i >= t sum over i in a of w_i for every area a
    that has people; then, t kept, maximise sum w_i y_i (the order of Rawls's maximin, with
    efficiency second; cf. Ogryczak 1997). y_i <= sum_j a_ij x_j, 0 <= y_i <= 1.

    For weights v of the areas that add up to one, t is at most the largest sum of v_a times the
    share reached in a: weights that follow the worst-served areas (multiplicative weights; Arora,
    Hazan & Kale 2012) give, by prices, a bound. Choices come from asking for one share after the
    other; that no more is possible is proven by branch and bound. Shares that differ by less than
    a hundred-thousandth are the same.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    people : (places,) array_like
    area : (places,) array_like of int
        Area of each place, such as its district; not negative.
    rules : Rules
    limits : Limits

    Returns
    -------
    Sites
        ``objective`` and ``bound`` in people reached, of choices that serve the worst area best.
        When time runs out before the worst share is proven best, ``bound`` is of all choices.
    """
    asked = task(reach, rules, limits)
    weight = weights(people, asked.places)
    areas = np.asarray(area)
    if areas.shape != (asked.places,) or not np.issubdtype(areas.dtype, np.integer):
        raise ValueError("area must be one whole number per place")
    lived = weight > 0
    _, areas = np.unique(areas[lived], return_inverse=True)
    weight, there = weight[lived], asked.there[lived]
    total = np.bincount(areas, weight).astype(np.float64)
    groups = merged(csr_array(asked.reach[lived][~there][:, asked.sites]), areas[~there])
    city = _Areas(
        groups.reach, groups.total(weight[~there]), groups.any(areas[~there]), total,
        np.bincount(areas, weight * there, len(total)).astype(np.float64),
    )  # fmt: skip
    start = start_of(asked, coverage_of(asked, city.reach, city.people, asked.sites), asked.sites)
    if isinstance(start, Solved):
        return answer(asked, asked.sites, start, -1)
    chosen, highest = _weighed(asked, city, start)
    chosen = _raised(asked, city, chosen, highest)
    chosen, proven = _level(asked, city, chosen, highest)
    return _fullest(asked, city, chosen, proven)


def _weighed(asked: Task, city: _Areas, start: Bools) -> tuple[Bools, float]:
    """Find a choice that serves the worst area well, and a share it never exceeds."""
    slots = asked.slots(asked.sites)
    weight, capacity = asked.capacity(asked.sites)
    value = np.full(len(city.total), 1 / max(len(city.total), 1))
    best, chosen, highest = start, start, 1.0
    for turn in range(_ROUNDS):
        worst = city.shares(best).min(initial=1.0)
        if highest - worst <= _SAME or asked.left() < 0.8 * asked.limits.seconds:
            break
        worth = city.people * (value / city.total)[city.area]
        coverage = coverage_of(asked, city.reach, worth, asked.sites)
        chosen = improved(coverage, chosen, slots, work=_WORK, seed=turn)
        shares = city.shares(chosen)
        if shares.min() > worst:
            best = chosen
        price, _ = prices(
            coverage, weight, capacity, coverage.reached(chosen), 0.5 * worth,
            steps=_STEPS, length=1.0,
        )  # fmt: skip
        bound, _ = bounded(asked, coverage, price)
        highest = min(highest, bound + float(value @ (city.had / city.total)))
        value = value * np.exp(-_ETA * (shares - shares.min()))
        value /= value.sum()
    return best, highest


def _raised(asked: Task, city: _Areas, chosen: Bools, highest: float) -> Bools:
    """Ask for one share after the other, halfway between what was reached and what was not."""
    coverage = coverage_of(asked, city.reach, city.people / city.total[city.area], asked.sites)
    had, slots, missed = city.had / city.total, asked.slots(asked.sites), highest
    for turn in range(_LEVELS):
        worst = float(city.shares(chosen).min(initial=1.0))
        if missed - worst <= _SAME or asked.left() < 0.7 * asked.limits.seconds:
            break
        wanted = (worst + missed) / 2
        other = levelled(
            coverage, city.area, had, wanted, chosen, slots, work=_work(city), seed=turn
        )
        if city.shares(other).min() > worst:
            chosen = other
        if city.shares(chosen).min() < wanted - _SAME:
            missed = wanted
    return chosen


def _work(city: _Areas) -> int:
    return int(min(_LEVEL_WORK, 1000 * city.reach.nnz))


def _level(asked: Task, city: _Areas, chosen: Bools, highest: float) -> tuple[Bools, bool]:
    """Serve the worst area best; also tell whether that is proven.

    Asks for a little more than the worst share, again and again, until that is impossible.
    """
    end = (1 - _FIRST) * asked.limits.seconds
    while True:
        worst = float(city.shares(chosen).min(initial=1.0))
        wanted = worst + _SAME
        if highest < wanted:
            return chosen, True
        for model in (_summed, _anyhow):
            share = min(1.0, max(asked.left() - end, 0.0) / max(asked.left(), 1e-9))
            found = asked.solve(model(asked, city, wanted), gap=0.0, share=share)
            if found.status == "infeasible":
                return chosen, True
        if found.x is None:
            return chosen, False
        other = found.x[: len(asked.sites)] > 0.5
        if city.shares(other).min(initial=1.0) <= worst:
            return chosen, False
        chosen = _raised(asked, city, other, highest)


def _summed(asked: Task, city: _Areas, wanted: float) -> Programme:
    """Ask for a share of each area, shares of single sites added up: a few rows that must hold.

    What a site serves beyond all that is asked for helps no more than that (cf. the covers of
    knapsack rows; Carr, Fleischer, Leung & Phillips 2000).
    """
    rows, low = _sums(city, wanted)
    high = np.full(len(low), np.inf)
    n = len(asked.sites)
    return programme(asked, asked.sites, np.zeros(n), np.zeros(0), rows, low, high)


def _sums(city: _Areas, wanted: float) -> tuple[csr_array, Floats]:
    had = city.had / city.total
    some = np.flatnonzero(had < wanted)
    short = (wanted - had)[some]
    return csr_array(np.minimum(city.alone[some] / short[:, None], 1.0)), np.ones(len(some))


def _anyhow(asked: Task, city: _Areas, wanted: float) -> Programme:
    """Ask for a share of each area as it is served, and no more."""
    model = _served(asked, city, wanted, np.arange(len(asked.sites)))
    return replace(model, cost=np.zeros(len(model.cost)))


def _served(asked: Task, city: _Areas, wanted: float, mine: NDArray[np.intp]) -> Programme:
    """Ask for a share of each area as it is served by some sites, and reach the most people."""
    some = np.flatnonzero(city.had / city.total < wanted)
    n, m = len(mine), len(city.people)
    sums, least = _sums(city, wanted)
    rows = block_array(
        [
            [-city.reach[:, mine], eye_array(m)],
            [csr_array((len(some), n)), _PER_MILLE * city.parts[some]],
            [sums[:, mine], csr_array((len(some), m))],
        ],
        format="csr",
    )
    short = _PER_MILLE * (wanted - city.had / city.total)[some]
    no_end = np.full(2 * len(some), np.inf)
    return programme(
        asked, asked.sites[mine], np.zeros(n), -city.people,
        csr_array(rows), np.concatenate([np.full(m, -np.inf), short, least]),
        np.append(np.zeros(m), no_end),
    )  # fmt: skip


def _fullest(asked: Task, city: _Areas, chosen: Bools, proven: bool) -> Sites:
    """Reach the most people without serving the worst area less than a choice does."""
    wanted = float(city.shares(chosen).min(initial=1.0)) - _NOISE
    coverage = coverage_of(asked, city.reach, city.people, asked.sites)
    levels = coverage_of(asked, city.reach, city.people / city.total[city.area], asked.sites)
    chosen = levelled(
        levels, city.area, city.had / city.total, wanted, chosen, asked.slots(asked.sites),
        work=_work(city), seed=0, people=city.total,
    )  # fmt: skip
    base, value = float(city.had.sum()), coverage.reached(chosen)
    step = unit_of(np.append(city.people, base))
    highest, stays = _bounded(asked, city, coverage, wanted if proven else 0.0, value)
    highest = round_down(base + highest, step) - base
    asked.tell(base + value, base + highest)
    if highest - value > asked.limits.gap * (base + value) + _NOISE * value:
        mine = np.flatnonzero(stays | chosen)
        served = city.reach @ chosen.astype(np.float64) > 0
        start = np.append(chosen[mine], served).astype(np.float64)
        found = asked.solve(
            replace(_served(asked, city, wanted, mine), offset=-base),
            start=start, sign=-1, step=step, known=(base + value, base + highest),
        )  # fmt: skip
        if found.x is not None:  # people in whole groups, without the solver's tolerance
            other = np.zeros(len(chosen), dtype=np.bool_)
            other[mine[found.x[: len(mine)] > 0.5]] = True
            if city.shares(other).min(initial=1.0) >= wanted and coverage.reached(other) > value:
                chosen, value = other, coverage.reached(other)
        if proven:  # else what was found holds for this worst share only
            highest = min(highest, max(round_down(-found.bound, step) - base, value))
    gap = (highest - value) / max(base + value, _NOISE)
    # However many it reaches: another choice may serve the worst area better.
    status: Status = "optimal" if proven and gap <= asked.limits.gap + _NOISE else "time_limit"
    return sites_of(asked, asked.sites[chosen], base + value, base + highest, status)


def _bounded(
    asked: Task, city: _Areas, coverage: Coverage, wanted: float, value: float
) -> tuple[float, Bools]:
    """Bound the people reached where every area has its share; also say what sites may do so."""
    rows, low = _sums(city, wanted)
    ruled = replace(
        coverage,
        rules=csr_array(vstack([coverage.rules, rows], format="csr")),
        low=np.append(coverage.low, low),
        high=np.append(coverage.high, np.full(len(low), np.inf)),
    )
    weight, capacity = asked.capacity(asked.sites)
    price, _ = prices(
        ruled, weight, capacity, value, 0.5 * city.people, steps=4 * _STEPS, length=1.0
    )
    bound, reduced = bounded(asked, ruled, price)
    highest = min(bound, float(city.people[np.diff(city.reach.indptr) > 0].sum()))
    if reduced is None:
        return highest, np.ones(len(asked.sites), dtype=np.bool_)
    return highest, bound - reduced >= value
