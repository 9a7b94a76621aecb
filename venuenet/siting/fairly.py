"""Fair coverage: the worst-served area first. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import block_array, csr_array, eye_array

from venuenet.siting.cover import Reach
from venuenet.siting.most import bound_of, bounded, coverage_of, start_of
from venuenet.siting.prices import prices
from venuenet.siting.reduce import Task, merged, task, weights
from venuenet.siting.solver import Programme, Solved
from venuenet.siting.swap import Bools, improved
from venuenet.siting.types import Floats, Limits, Rules, Sites
from venuenet.siting.written import answer, at_least, programme

_ROUNDS, _ETA = 16, 6.0
"""Rounds of weighing areas; how strongly an area's share served lowers its weight."""
_WORK, _STEPS = 5_000_000, 100
"""Annealing and subgradient steps of a round."""
_FIRST = 0.5
"""Share of the time for the worst share; the rest is for the most people."""
_SAME = 1e-9
"""Shares that differ by less are the same."""


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
    Hazan & Kale 2012) give good choices and, by prices, a bound. Areas served better than that
    bound already cannot be the worst and stay out of the first programme.

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
    chosen, proven = _level(asked, city, chosen, highest)
    found = answer(asked, asked.sites, _fullest(asked, city, chosen, proven), -1)
    # However many it reaches: another choice may serve the worst area better.
    return found if proven else replace(found, status="time_limit")


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


def _level(asked: Task, city: _Areas, chosen: Bools, highest: float) -> tuple[Bools, bool]:
    """Serve the worst area best; also tell whether that is proven."""
    worst = float(city.shares(chosen).min(initial=1.0))
    if highest - worst <= _SAME:
        return chosen, True
    some = np.flatnonzero(city.had / city.total < highest)
    here = np.isin(city.area, some)
    part = replace(
        city, reach=csr_array(city.reach[here]), people=city.people[here], area=city.area[here]
    )
    n, m = len(asked.sites), len(part.people)
    rows = block_array(
        [
            [-part.reach, eye_array(m), csr_array((m, 1))],
            [csr_array((len(some), n)), _shares(part)[some], csr_array(-np.ones((len(some), 1)))],
        ],
        format="csr",
    )
    model = programme(
        asked, asked.sites, np.zeros(n), np.append(np.zeros(m), -1.0), csr_array(rows),
        np.append(np.full(m, -np.inf), -(city.had / city.total)[some]),
        np.append(np.zeros(m), np.full(len(some), np.inf)),
    )  # fmt: skip
    model.upper[-1] = min(highest + _SAME, 1.0)
    found = asked.solve(model, start=_with_places(part, chosen, worst), gap=0.0, share=_FIRST)
    if found.x is not None:
        other = found.x[:n] > 0.5
        if city.shares(other).min() > worst:
            chosen = other
    return chosen, found.status == "optimal"


def _fullest(asked: Task, city: _Areas, chosen: Bools, proven: bool) -> Solved:
    """Reach the most people without serving the worst area less than a choice does."""
    worst = city.shares(chosen).min(initial=1.0) - _SAME
    some = np.flatnonzero(city.had / city.total < worst)
    n, m = len(asked.sites), len(city.people)
    rows = block_array(
        [[-city.reach, eye_array(m)], [csr_array((len(some), n)), _shares(city)[some]]],
        format="csr",
    )
    model: Programme = programme(
        asked, asked.sites, np.zeros(n), -city.people, csr_array(rows),
        np.append(np.full(m, -np.inf), (worst - city.had / city.total)[some]),
        np.append(np.zeros(m), np.full(len(some), np.inf)),
    )  # fmt: skip
    model = replace(model, offset=-float(city.had.sum()))
    start = _with_places(city, chosen)
    found = asked.solve(model, start=start, sign=-1)
    if found.x is not None:  # people in whole groups, without the solver's tolerance
        found = replace(found, x=_with_places(city, found.x[:n] > 0.5))
    highest = -_bound(asked, city)
    if not proven:  # what was found holds for this worst share only
        found = replace(found, bound=highest)
    return at_least(model, found, start, highest)


def _bound(asked: Task, city: _Areas) -> float:
    """People no choice exceeds, however it serves the worst area."""
    coverage = coverage_of(asked, city.reach, city.people, asked.sites)
    return float(city.had.sum()) + bound_of(asked, coverage, asked.sites)


def _shares(city: _Areas) -> csr_array:
    """Rows that add up the share of each area from its groups, (areas, groups)."""
    m = len(city.people)
    parts = city.people / city.total[city.area]
    return csr_array((parts, (city.area, np.arange(m))), shape=(len(city.total), m))


def _with_places(city: _Areas, chosen: Bools, *more: float) -> Floats:
    """Write a choice as an answer of a programme: sites, groups reached, and more."""
    x = chosen.astype(np.float64)
    return np.concatenate([x, np.minimum(city.reach @ x, 1.0), more])
