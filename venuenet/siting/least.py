"""How reaching enough people at the least cost is solved: budgets, prices, and a search.

The models are :func:`venuenet.siting.cover.cover_share`'s and
:func:`venuenet.siting.cover.cover_all`'s. A budget is enough when the most people it reaches are;
so choices come from :func:`venuenet.siting.swap.improved` under ever smaller budgets, and bounds
from the prices that bound what a budget reaches. Pure.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csc_array, csr_array, eye_array, vstack

from venuenet.siting.most import SMALL, SQUEEZE, coverage_of, start_of
from venuenet.siting.prices import prices
from venuenet.siting.reduce import Task, merged
from venuenet.siting.solver import Programme, Solved, Status
from venuenet.siting.swap import Bools, Coverage, improved
from venuenet.siting.types import Floats, Sites
from venuenet.siting.written import answer, programme, sites_of, unit_of

_STEPS, _CALM = 200, 6
"""Subgradient steps of a turn; turns without a gain that end it."""
_WORK, _MOST_WORK = 20_000_000, 300_000_000
"""Annealing under a budget, doubled where it found nothing; a second is some 3e8."""
_MORE = 1.25
"""A budget that reaches too few at first is raised so."""
_LEAST = 1e-3
"""Share of the cost by which a smaller budget is smaller at least, where costs are not whole."""


def least(
    task: Task, reach: csr_array, people: Floats, sites: NDArray[np.intp], enough: float
) -> Sites:
    """Reach enough people at the least cost.

    Parameters
    ----------
    task : Task
    reach : (groups, n) csr_array of float64
        Of places no fixed site reaches, and of ``sites`` only.
    people : (groups,) float64
        Positive.
    sites : (n,) intp
        Columns of the task.
    enough : float
        How many of them.
    """
    coverage = coverage_of(task, reach, people, sites)
    if coverage.reached(coverage.upper > 0) < enough:
        return answer(task, sites, Solved("infeasible", None, np.inf, -np.inf), 1)
    cost = task.cost[sites]
    step = unit_of(cost)
    everybody = enough > people.sum() - people.min(initial=np.inf) / 2
    start, floor, stays = None, 0.0, np.ones(len(sites), dtype=np.bool_)
    # Where nobody may be left out, the solver's own linear relaxation is as good and quicker.
    if reach.nnz > SMALL and not everybody:
        start = _start(task, coverage, sites, cost, enough)
    if start is not None:
        start, floor, stays = _squeezed(task, coverage, sites, cost, step, start, enough)
        start = _fuller(task, coverage, sites, start)
    known = np.inf if start is None else float(cost @ start)
    if start is not None and known - floor <= (task.limits.gap + 1e-9) * known:
        return sites_of(task, sites[start], known, floor, "optimal", "heuristic")
    mine = np.flatnonzero(stays)
    search, groups = _written(task, coverage, sites[mine], mine, None if everybody else enough)
    first = None
    if start is not None:
        chosen = start[mine].astype(np.float64)
        first = np.append(chosen, np.minimum(groups @ chosen, 1.0))
    done = task.solve(search, start=first, step=step, sign=1, known=(known, floor))
    if start is None and done.x is None:
        return answer(task, sites, done, 1)
    picked, value = (sites[:0], known) if start is None else (sites[start], known)
    if done.x is not None and done.objective < known:
        found = np.isin(np.arange(len(sites)), mine[done.x[: len(mine)] > 0.5])
        found = found if start is None else _fuller(task, coverage, sites, found)
        picked, value = sites[found], float(cost @ found)
    # sites ruled out belong to no choice cheaper than the start
    proven = max(floor, min(done.bound, known if step else known * (1 - task.limits.gap)))
    proven = min(_up(proven, step), value)
    near = value - proven <= (task.limits.gap + 1e-9) * value
    status: Status = "optimal" if near else "time_limit"
    return sites_of(task, picked, value, proven, status)


def _up(value: float, step: float) -> float:
    """Round up to what a choice can cost."""
    return float(np.ceil(value / step - 1e-6) * step) if step else value


def _written(
    task: Task,
    coverage: Coverage,
    sites: NDArray[np.intp],
    mine: NDArray[np.intp],
    enough: float | None,
) -> tuple[Programme, csr_array]:
    """Write the model over some of the sites, for enough people or for all.

    Also gives what the sites reach, by group of places.
    """
    groups = merged(csr_array(coverage.reach[:, mine]))
    mass = groups.total(coverage.people)
    n, m = len(mine), len(mass)
    if enough is None:
        one, no_end = np.ones(m), np.full(m, np.inf)
        written = programme(task, sites, task.cost[sites], np.zeros(0), groups.reach, one, no_end)
        return written, groups.reach
    rows = block_array(
        [[-groups.reach, eye_array(m)], [csr_array((1, n)), csr_array(mass[None, :])]], format="csr"
    )
    written = programme(
        task, sites, task.cost[sites], np.zeros(m), csr_array(rows),
        np.append(np.full(m, -np.inf), enough), np.append(np.zeros(m), np.inf),
    )  # fmt: skip
    return written, groups.reach


def _start(
    task: Task, coverage: Coverage, sites: NDArray[np.intp], cost: Floats, enough: float
) -> Bools | None:
    """Find a choice that keeps the rules and reaches enough; None where that is not so easy."""
    chosen = _greedy(coverage, cost, enough)
    if coverage.keeps(chosen):
        return _leaner(coverage, cost, chosen, enough, np.inf)
    most, budget = float(cost.sum()), float(cost @ chosen)
    while task.left() > 0:
        limited = _limited(task, budget)
        found = start_of(
            limited, coverage_of(limited, coverage.reach, coverage.people, sites), sites
        )
        if not isinstance(found, Solved) and coverage.reached(found) >= enough:
            return _leaner(coverage, cost, found, enough, np.inf)
        if budget >= most:
            return None
        budget = min(max(_MORE * budget, float(cost.max())), most)
    return None


def _greedy(coverage: Coverage, cost: Floats, enough: float) -> Bools:
    """Take the site that reaches the most new people for its cost, until enough are reached."""
    chosen = coverage.lower > 0.5
    by_site = csc_array(coverage.reach)
    missed = coverage.reach @ chosen.astype(np.float64) == 0
    gain = np.asarray((coverage.people * missed) @ coverage.reach).ravel()
    while float(coverage.people @ ~missed) < enough:
        site = int(np.argmax(np.where(chosen, -1.0, gain / np.maximum(cost, 1e-9))))
        places = by_site.indices[by_site.indptr[site] : by_site.indptr[site + 1]]
        new = places[missed[places]]
        chosen[site], missed[new] = True, False
        gain -= coverage.people[new] @ coverage.reach[new]
    return chosen


def _leaner(
    coverage: Coverage, cost: Floats, chosen: Bools, enough: float, budget: float
) -> Bools | None:
    """Give up sites that serve few alone for their cost: those not needed, then what is too dear.

    None where the rules let no more go.
    """
    chosen = chosen.copy()
    while True:
        count = coverage.reach @ chosen.astype(np.float64)
        alone = np.asarray((coverage.people * (count == 1)) @ coverage.reach).ravel()
        spare = coverage.people @ (count > 0) - enough
        held = coverage.rules @ chosen.astype(np.float64) <= coverage.low + 1e-7
        free = chosen & (coverage.lower < 0.5) & (held.astype(np.float64) @ coverage.rules == 0)
        over = cost @ chosen > budget + 1e-7
        may = free & (over | (alone <= spare)) & (over | (cost > 0))
        if not may.any():
            return None if over else chosen
        chosen[np.argmin(np.where(may, alone / np.maximum(cost, 1e-9), np.inf))] = False


def _limited(task: Task, budget: float) -> Task:
    """Give a task that may cost so much."""
    return replace(
        task,
        rules=replace(task.rules, budget=budget),
        rows=csr_array(vstack([task.rows, csr_array(task.cost[None, :])], format="csr")),
        low=np.append(task.low, -np.inf),
        high=np.append(task.high, budget + 1e-7),
    )


def _cheaper(
    task: Task,
    coverage: Coverage,
    sites: NDArray[np.intp],
    chosen: Bools,
    enough: float,
    work: int,
    seed: int,
) -> Bools | None:
    """Look for a choice within the task's budget that reaches enough, from a dearer one on."""
    cost, budget = task.cost[sites], task.rules.budget
    assert budget is not None
    tight = coverage_of(task, coverage.reach, coverage.people, sites)
    start: Bools | Solved | None = _leaner(coverage, cost, chosen, np.inf, budget)
    if start is None:
        start = start_of(task, tight, sites)
    if isinstance(start, Solved):
        return None
    found = improved(tight, start, task.slots(sites), work=work, seed=seed)
    if coverage.reached(found) < enough:
        return None
    return _leaner(coverage, cost, found, enough, np.inf)


def _fuller(task: Task, coverage: Coverage, sites: NDArray[np.intp], chosen: Bools) -> Bools:
    """Of choices that cost no more, take one that reaches more people, if there is."""
    limited = _limited(task, float(task.cost[sites] @ chosen))
    tight = coverage_of(limited, coverage.reach, coverage.people, sites)
    return improved(tight, chosen, limited.slots(sites), work=_WORK)


def _squeezed(
    task: Task,
    coverage: Coverage,
    sites: NDArray[np.intp],
    cost: Floats,
    step: float,
    start: Bools,
    enough: float,
) -> tuple[Bools, float, Bools]:
    """Make choices cheaper and the bound higher in turns; also say what cheaper ones may have."""
    until = task.left() * SQUEEZE
    price = coverage.people * np.clip(1.0 - 0.5 * (coverage.reach @ start.astype(float)), 0, 1)
    floor, stays, calm, leap, work = 0.0, np.ones(len(start), dtype=np.bool_), 0, 0.5, _WORK
    entries = np.bincount(coverage.reach.indices, minlength=len(start))
    for turn in range(1000):
        now, before = float(cost @ start), floor
        less = max(step, _LEAST * now * (step == 0))
        limited = _limited(task, max(now - less, 0.0))
        price, _ = prices(
            coverage, *limited.capacity(sites), enough, price,
            steps=_STEPS, length=max(0.6**turn, 0.02),
        )  # fmt: skip
        bound, reduced = _bounded(task, coverage, cost, price, enough)
        if reduced is not None:
            worth = now - step if step else now * (1 - task.limits.gap)
            stays &= bound + reduced <= worth + 1e-6 * max(step, 1e-3)
            floor = min(max(floor, _up(bound, step)), now)
        task.tell(now, floor)
        close = now - floor <= (task.limits.gap + 1e-9) * now
        if close or calm >= _CALM or task.left() < task.limits.seconds - until:
            break
        if entries[stays | start].sum() <= SMALL / 3:
            break
        aim = max(floor, now - max(less, leap * (now - floor)))
        found = _cheaper(_limited(task, aim), coverage, sites, start, enough, work, turn)
        if found is None:
            calm = calm + 1 if aim >= now - less - 1e-9 and floor <= before * (1 + 1e-5) else 0
            leap, work = leap / 2, min(2 * work, _MOST_WORK)
        else:
            start, calm = found, 0
    return start, floor, stays | start


def _bounded(
    task: Task, coverage: Coverage, cost: Floats, price: Floats, enough: float
) -> tuple[float, Floats | None]:
    """Bound the cost of all choices that reach enough, by prices of the places.

    With prices 0 <= u_i <= w_i a choice x reaches at most sum (w_i - u_i) + sum_j s_j x_j, where
    s_j = sum_i a_ij u_i (Galvão & ReVelle 1996); whoever reaches enough has that at least.

    Returns
    -------
    bound : float
        0 where time ran out.
    reduced : (sites,) float64, optional
        By how much more at least any choice costs that takes a site up, or leaves it.
    """
    score = np.asarray(price @ coverage.reach).ravel()
    rows = csr_array(vstack([coverage.rules, csr_array(score[None, :])], format="csr"))
    wanted = enough - float((coverage.people - price).sum())
    best = task.solve(
        Programme(
            cost, rows, np.append(coverage.low, wanted), np.append(coverage.high, np.inf),
            coverage.upper, np.zeros(len(score), dtype=np.bool_), coverage.lower,
        )
    )  # fmt: skip
    return (0.0, None) if best.reduced is None else (best.bound, best.reduced)
