"""How reaching the most people is solved: interchange, prices, what they rule out, and a search.

The model is :func:`venuenet.siting.cover.cover_most`'s. Pure.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array, eye_array

from venuenet.siting.reduce import Task, merged
from venuenet.siting.solver import Programme, Solved, Status
from venuenet.siting.swap import Coverage, improved, prices
from venuenet.siting.types import Floats, Sites
from venuenet.siting.written import answer, integral, programme, sites_of

SMALL = 30_000
"""Entries of a matrix that branch and bound alone deals with in a moment."""
SQUEEZE = 0.4
"""Share of the time for interchange and prices; branch and bound gets the rest."""
_STEPS, _CALM = 200, 4
"""Subgradient steps of a turn; turns without a gain that end it."""
_WORK, _WORK_PER_S = 20_000_000, 7_000_000
"""Annealing of the first turn, doubled from turn to turn; and at most, per second of the limit."""


def most(
    task: Task, reach: csr_array, people: Floats, sites: NDArray[np.intp], base: float
) -> Sites:
    """Reach the most people: interchange, prices, and branch and bound over what they leave.

    Parameters
    ----------
    task : Task
    reach : (groups, n) csr_array of float64
        Of places no fixed site reaches, and of ``sites`` only.
    people : (groups,) float64
    sites : (n,) intp
        Columns of the task.
    base : float
        People whom fixed sites reach.
    """
    coverage = coverage_of(task, reach, people, sites)
    start = start_of(task, coverage, sites)
    if isinstance(start, Solved):
        return answer(task, sites, start, -1)
    n = len(sites)
    step = 1.0 if integral(coverage.people) else 0.0
    bound, stays = float(coverage.people.sum()), np.ones(n, dtype=np.bool_)
    if coverage.reach.nnz > SMALL:
        start, bound, stays = _squeezed(task, coverage, sites, start, base)
    goal = base + coverage.reached(start)
    floor = np.floor(bound + base + 1e-6) if step and np.isfinite(bound) else bound + base
    if floor - goal <= (task.limits.gap + 1e-9) * goal:
        return sites_of(task, sites[start], goal, max(floor, goal), "optimal", "heuristic")
    mine = np.flatnonzero(stays)
    groups = merged(csr_array(coverage.reach[:, mine]))
    mass = groups.total(coverage.people)
    m = len(mass)
    rows = csr_array(block_array([[-groups.reach, eye_array(m)]], format="csr"))
    search = programme(
        task, sites[mine], np.zeros(len(mine)), -mass, rows, np.full(m, -np.inf), np.zeros(m)
    )
    search = replace(search, offset=-base)
    chosen = start[mine].astype(np.float64)
    first = np.append(chosen, np.minimum(groups.reach @ chosen, 1.0))
    done = task.solve(search, start=first, step=step, sign=-1, known=(goal, floor))
    picked = sites[start]
    value = goal
    if done.x is not None and -done.objective > goal:
        picked, value = sites[mine[done.x[: len(mine)] > 0.5]], -done.objective
    # sites ruled out belong to no choice better than the start
    proven = min(floor, max(-done.bound, goal * (1 + task.limits.gap), value))
    if step:
        proven = np.floor(proven + 1e-6)
    near = proven - value <= (task.limits.gap + 1e-9) * value
    status: Status = "optimal" if near else "time_limit"
    return sites_of(task, picked, value, max(proven, value), status)


def coverage_of(task: Task, reach: csr_array, people: Floats, sites: NDArray[np.intp]) -> Coverage:
    """Put places, people and rules together for interchange and prices."""
    return Coverage(
        reach, people, csr_array(task.rows[:, sites]), task.low, task.high,
        task.lower[sites], np.ones(len(sites)),
    )  # fmt: skip


def bounded(task: Task, coverage: Coverage, price: Floats) -> tuple[float, Floats | None]:
    """Bound all choices by prices of the places, all rules kept; see ``swap.prices``.

    Returns
    -------
    bound : float
        People; infinite where time ran out.
    reduced : (sites,) float64, optional
        By how much less at least any choice reaches that takes a site up, or leaves it.
    """
    score = np.asarray(price @ coverage.reach).ravel()
    best = task.solve(
        Programme(
            -score, coverage.rules, coverage.low, coverage.high, coverage.upper,
            np.zeros(len(score), dtype=np.bool_), coverage.lower,
        )
    )  # fmt: skip
    if best.reduced is None:
        return np.inf, None
    return float((coverage.people - price).sum()) - best.bound, best.reduced


def bound_of(task: Task, coverage: Coverage, sites: NDArray[np.intp]) -> float:
    """Bound what any choice among some sites reaches, by one run of prices."""
    weight, capacity = task.capacity(sites)
    price, _ = prices(
        coverage, weight, capacity, 0.0, 0.5 * coverage.people, steps=_STEPS, length=1.0
    )
    bound, _ = bounded(task, coverage, price)
    return min(bound, float(coverage.people[np.diff(coverage.reach.indptr) > 0].sum()))


def start_of(task: Task, coverage: Coverage, sites: NDArray[np.intp]) -> NDArray[np.bool_] | Solved:
    """Find a choice that keeps the rules and improve it, or what proves that there is none."""
    n = coverage.reach.shape[1]
    slots = task.slots(sites)
    chosen = improved(coverage, coverage.lower > 0.5, slots)
    if not coverage.keeps(chosen):
        worth = np.asarray(coverage.people @ coverage.reach).ravel()
        found = task.solve(
            Programme(
                -worth, coverage.rules, coverage.low, coverage.high, coverage.upper,
                np.ones(n, dtype=np.bool_), coverage.lower,
            ),
            gap=0.1,
        )  # fmt: skip
        if found.x is None:
            return replace(found, bound=-np.inf)
        chosen = improved(coverage, found.x > 0.5, slots)
    return chosen


def _squeezed(
    task: Task,
    coverage: Coverage,
    sites: NDArray[np.intp],
    start: NDArray[np.bool_],
    base: float,
) -> tuple[NDArray[np.bool_], float, NDArray[np.bool_]]:
    """Improve choice and bound in turns; also tell which sites a better choice may have."""
    n = len(start)
    weight, capacity = task.capacity(sites)
    slots, until = task.slots(sites), task.left() * SQUEEZE
    price = coverage.people * np.clip(1.0 - 0.5 * (coverage.reach @ start.astype(float)), 0, 1)
    least, stays, calm = float(coverage.people.sum()), np.ones(n, dtype=np.bool_), 0
    entries = np.bincount(coverage.reach.indices, minlength=n)
    for turn in range(1000):
        before = (coverage.reached(start), least)
        work = int(min(_WORK << min(turn, 20), _WORK_PER_S * task.limits.seconds))
        start = improved(coverage, start, slots, work=work, seed=turn)
        goal = coverage.reached(start)
        price, _ = prices(
            coverage, weight, capacity, goal, price, steps=_STEPS, length=max(0.6**turn, 0.02)
        )
        bound, reduced = bounded(task, coverage, price)
        if reduced is not None:
            stays &= bound - reduced >= goal * (1 + task.limits.gap) + base * task.limits.gap
            least = min(least, bound)
        task.tell(base + goal, base + least)
        calm = 0 if goal > before[0] or least < before[1] * (1 - 1e-5) else calm + 1
        enough = least - goal <= task.limits.gap * (base + goal)
        enough |= entries[stays | start].sum() <= SMALL / 3
        if enough or calm >= _CALM or task.left() < task.limits.seconds - until:
            break
    return start, least, stays | start
