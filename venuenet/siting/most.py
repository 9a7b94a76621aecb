"""How reaching the most people is solved: interchange, prices, what they rule out, and a search.

The models are :func:`venuenet.siting.cover.cover_most`'s and
:func:`venuenet.siting.cover.cover_twice`'s. Pure.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array, eye_array, vstack

from venuenet.siting.again import improved_again
from venuenet.siting.prices import prices
from venuenet.siting.reduce import Task, merged
from venuenet.siting.solver import Programme, Solved, Status
from venuenet.siting.swap import Bools, Coverage, improved
from venuenet.siting.types import Floats, Sites
from venuenet.siting.written import answer, programme, sites_of, unit_of

SMALL = 30_000
"""Entries of a matrix that branch and bound alone deals with in a moment."""
SQUEEZE = 0.4
"""Share of the time for interchange and prices; branch and bound gets the rest."""
_STEPS, _CALM = 200, 4
"""Subgradient steps of a turn; turns without a gain that end it."""
_WORK, _WORK_PER_S = 20_000_000, 7_000_000
"""Annealing of the first turn, doubled from turn to turn; and at most, per second of the limit."""


def most(task: Task, coverage: Coverage, sites: NDArray[np.intp], base: float) -> Sites:
    """Reach the most people: interchange, prices, and branch and bound over what they leave.

    Parameters
    ----------
    task : Task
    coverage : Coverage
        Of places a site more counts for, and of ``sites`` only.
    sites : (n,) intp
        Columns of the task.
    base : float
        What fixed sites count already.
    """
    start = start_of(task, coverage, sites)
    if isinstance(start, Solved):
        return answer(task, sites, start, -1)
    step = unit_of(np.concatenate([coverage.people, coverage.again, [base]]))
    bound = float(coverage.people.sum() + coverage.again.sum())
    stays = np.ones(len(sites), dtype=np.bool_)
    if coverage.reach.nnz > SMALL:
        start, bound, stays = _squeezed(task, coverage, sites, start, base)
    goal = base + coverage.reached(start)
    floor = round_down(bound + base, step)
    if floor - goal <= (task.limits.gap + 1e-9) * goal:
        return sites_of(task, sites[start], goal, max(floor, goal), "optimal", "heuristic")
    mine = np.flatnonzero(stays)
    search, first = _written(task, coverage, sites[mine], mine, start)
    search = replace(search, offset=-base)
    done = task.solve(search, start=first, step=step, sign=-1, known=(goal, floor))
    picked = sites[start]
    value = goal
    if done.x is not None and -done.objective > goal:
        better = np.zeros(len(sites), dtype=np.bool_)
        better[mine[done.x[: len(mine)] > 0.5]] = True
        picked, value = sites[better], base + coverage.reached(better)
    # sites ruled out belong to no choice better than the start
    proven = round_down(min(floor, max(-done.bound, goal * (1 + task.limits.gap), value)), step)
    near = proven - value <= (task.limits.gap + 1e-9) * value
    status: Status = "optimal" if near else "time_limit"
    return sites_of(task, picked, value, max(proven, value), status)


def round_down(value: float, step: float) -> float:
    """Round down to what a choice can reach."""
    return float(np.floor(value / step + 1e-6) * step) if step and np.isfinite(value) else value


def _written(
    task: Task,
    coverage: Coverage,
    sites: NDArray[np.intp],
    mine: NDArray[np.intp],
    start: Bools,
) -> tuple[Programme, Floats]:
    """Write the model over some of the sites, and a choice among them as an answer of it."""
    groups = merged(csr_array(coverage.reach[:, mine]))
    people, again = groups.total(coverage.people), groups.total(coverage.again)
    two = np.flatnonzero(again > 0)
    n, m, k = len(mine), len(people), len(two)
    upon = csr_array((np.ones(k), (two, np.arange(k))), shape=(m, k))  # u's row of y
    rows = block_array([[-groups.reach, eye_array(m), upon]], format="csr")
    search = programme(
        task, sites, np.zeros(n), np.append(-people, -again[two]), rows, np.full(m, -np.inf),
        np.zeros(m),
    )  # fmt: skip
    if (again > people).any():  # else first comes first by itself
        first = block_array([[csr_array((k, n)), -upon.T, eye_array(k)]], format="csr")
        search = replace(
            search,
            rows=csr_array(vstack([search.rows, first], format="csr")),
            row_low=np.append(search.row_low, np.full(k, -np.inf)),
            row_high=np.append(search.row_high, np.zeros(k)),
            integer=np.ones(n + m + k, dtype=np.bool_),
        )
    count = groups.reach @ start[mine].astype(np.float64)
    return search, np.concatenate([start[mine], count > 0, count[two] > 1]).astype(np.float64)


def coverage_of(
    task: Task,
    reach: csr_array,
    people: Floats,
    sites: NDArray[np.intp],
    again: Floats | None = None,
) -> Coverage:
    """Put places, people and rules together for interchange and prices."""
    return Coverage(
        reach, people, np.zeros(len(people)) if again is None else again,
        csr_array(task.rows[:, sites]), task.low, task.high,
        task.lower[sites], np.ones(len(sites)),
    )  # fmt: skip


def bounded(task: Task, coverage: Coverage, price: Floats) -> tuple[float, Floats | None]:
    """Bound all choices by prices of the places, all rules kept; see :mod:`prices`.

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
    spare = sum(float(np.maximum(worth - price, 0).sum()) for worth in coverage.worth)
    return spare - best.bound, best.reduced


def start_of(task: Task, coverage: Coverage, sites: NDArray[np.intp]) -> NDArray[np.bool_] | Solved:
    """Find a choice that keeps the rules and improve it, or what proves that there is none."""
    n = coverage.reach.shape[1]
    slots = task.slots(sites)
    forced = coverage.lower > 0.5
    chosen = improved(coverage, forced, slots)
    if task.rules.budget is not None:  # a few dear sites, or many cheap ones
        cheap = improved(coverage, forced, slots, per=np.maximum(task.cost[sites], 1e-9))
        chosen = max(chosen, cheap, key=lambda x: (coverage.keeps(x), coverage.reached(x)))
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
    least = float(coverage.people.sum() + coverage.again.sum())
    stays, calm = np.ones(n, dtype=np.bool_), 0
    entries = np.bincount(coverage.reach.indices, minlength=n)
    improve = improved_again if coverage.again.any() else improved
    for turn in range(1000):
        before = (coverage.reached(start), least)
        work = int(min(_WORK << min(turn, 20), _WORK_PER_S * task.limits.seconds))
        start = improve(coverage, start, slots, work=work, seed=turn)
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
