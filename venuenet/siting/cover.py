"""Models of coverage: who has a site in reach, with a proven bound. Pure.

In all of them x_j = 1 when site j is chosen, a_ij = 1 when it reaches place i, w_i are people, and
x keeps the rules (``rows.rule_rows``). Fixed sites are folded into the data.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import block_array, csr_array, eye_array, vstack

from venuenet.siting.reduce import Task, merged, needed, task, weights
from venuenet.siting.solver import Programme, Solved, Status
from venuenet.siting.swap import Coverage, improved, prices
from venuenet.siting.types import Floats, Limits, Method, Rules, Sites

Reach = ArrayLike | csr_array

_SMALL = 30_000
"""Entries of a matrix that branch and bound alone deals with in a moment."""
_SQUEEZE = 0.4
"""Share of the time for interchange and prices; branch and bound gets the rest."""
_KICKS, _STEPS, _CALM = 500, 200, 4
"""Kicks and subgradient steps of a turn; turns without a gain that end it."""


def cover_most(reach: Reach, people: ArrayLike, rules: Rules, limits: Limits = Limits()) -> Sites:
    """Reach the most people (MCLP; Church & ReVelle 1974).

    Maximise sum w_i y_i with y_i <= sum_j a_ij x_j, 0 <= y_i <= 1.

    Places of one covering set become one, dominated sites go, an interchange gives a choice,
    Lagrangian prices give a bound and tell which sites no better choice has (reduced costs);
    branch and bound does the rest.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    people : (places,) array_like
        Weights, not negative.
    rules : Rules
    limits : Limits

    Returns
    -------
    Sites
        ``objective`` and ``bound`` in people, those that fixed sites reach included.

    Raises
    ------
    ValueError
        When the arrays or the rules make no sense.
    """
    asked = task(reach, rules, limits)
    weight = weights(people, asked.places)
    bare = csr_array(asked.reach[~asked.there & (weight > 0)])
    sites = needed(bare, asked.rules, asked.sites)
    groups = merged(csr_array(bare[:, sites]))
    open_weight = weight[~asked.there & (weight > 0)]
    base = float(weight[asked.there].sum())
    coverage = _coverage(asked, groups.reach, groups.total(open_weight), sites)
    return _most(asked, coverage, sites, base)


def cover_all(reach: Reach, rules: Rules = Rules(), limits: Limits = Limits()) -> Sites:
    """Reach every place at the least cost (LSCP; Toregas, Swain, ReVelle & Bergman 1971).

    Minimise sum c_j x_j with sum_j a_ij x_j >= 1 for every place no fixed site reaches.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    rules : Rules
    limits : Limits

    Returns
    -------
    Sites
        ``objective`` and ``bound`` are costs; ``infeasible`` when a place has no site that may be
        chosen.
    """
    asked = task(reach, rules, limits)
    bare = csr_array(asked.reach[~asked.there])
    sites = needed(bare, asked.rules, asked.sites)
    groups = merged(csr_array(bare[:, sites])).reach
    whole = groups.shape[0]
    programme = _programme(
        asked, sites, asked.cost[sites], np.zeros(0), groups, np.ones(whole), np.full(whole, np.inf)
    )
    return _finish(asked, sites, programme)


def cover_share(
    reach: Reach,
    people: ArrayLike,
    share: float,
    rules: Rules = Rules(),
    limits: Limits = Limits(),
) -> Sites:
    """Reach a share of all people at the least cost (partial set covering; Daskin & Owen 1999).

    Minimise sum c_j x_j with sum_i w_i y_i >= share sum_i w_i, y_i <= sum_j a_ij x_j,
    0 <= y_i <= 1.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    people : (places,) array_like
    share : float
        Between 0 and 1.
    rules : Rules
    limits : Limits

    Returns
    -------
    Sites
        ``objective`` and ``bound`` are costs.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    asked = task(reach, rules, limits)
    weight = weights(people, asked.places)
    counted = ~asked.there & (weight > 0)
    bare = csr_array(asked.reach[counted])
    sites = needed(bare, asked.rules, asked.sites)
    groups = merged(csr_array(bare[:, sites]))
    mass = groups.total(weight[counted])
    wanted = share * weight.sum()
    short = wanted * (1 - 1e-12) - weight[asked.there].sum()
    if _integral(weight):
        short = np.ceil(short)
    n, m = len(sites), len(mass)
    rows = block_array(
        [[-groups.reach, eye_array(m)], [csr_array((1, n)), csr_array(mass[None, :])]], format="csr"
    )
    programme = _programme(
        asked, sites, asked.cost[sites], np.zeros(m), csr_array(rows),
        np.append(np.full(m, -np.inf), short), np.append(np.zeros(m), np.inf),
    )  # fmt: skip
    return _finish(asked, sites, programme)


def cover_twice(
    reach: Reach,
    people: ArrayLike,
    rules: Rules,
    limits: Limits = Limits(),
    *,
    second: float = 0.5,
) -> Sites:
    """Reach many people, and many of them twice (BACOP2; Hogan & ReVelle 1986).

    Maximise sum w_i ((1 - s) y_i + s u_i) with y_i + u_i <= sum_j a_ij x_j, u_i <= y_i <= 1, y and
    u whole; for s <= 1/2 they are so by themselves.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    people : (places,) array_like
    rules : Rules
    limits : Limits
    second : float
        What a second site in reach counts, s, between 0 and 1.

    Returns
    -------
    Sites
        ``objective`` and ``bound`` in people so weighted.
    """
    if not 0 <= second <= 1:
        raise ValueError(f"second must lie between 0 and 1, got {second}")
    asked = task(reach, rules, limits)
    weight = weights(people, asked.places)
    already = np.minimum(asked.fixed_reach, 2)
    counted = (already < 2) & (weight > 0)
    groups = merged(csr_array(asked.reach[counted][:, asked.sites]), already[counted])
    mass = groups.total(weight[counted])
    had = groups.any(already[counted]).astype(np.float64)
    n, m = len(asked.sites), len(mass)
    eye = eye_array(m)
    rows = block_array([[-groups.reach, eye, eye], [csr_array((m, n)), -eye, eye]], format="csr")
    programme = _programme(
        asked, asked.sites, np.zeros(n), np.concatenate([-(1 - second) * mass, -second * mass]),
        csr_array(rows), np.full(2 * m, -np.inf), np.concatenate([had, np.zeros(m)]),
    )  # fmt: skip
    if second > 0.5:  # else first comes first by itself
        programme = replace(programme, integer=np.ones(n + 2 * m, dtype=np.bool_))
    programme = replace(programme, offset=-float(weight[already == 2].sum()))
    return _finish(asked, asked.sites, programme, -1, step=0.0)


def cover_fairly(
    reach: Reach, people: ArrayLike, area: ArrayLike, rules: Rules, limits: Limits = Limits()
) -> Sites:
    """Raise the share reached in the worst-served area first, then reach the most people.

    First maximise t with sum over i in a of w_i y_i >= t sum over i in a of w_i for every area a
    that has people; then, t kept, maximise sum w_i y_i (the order of Rawls's maximin, with
    efficiency second; cf. Ogryczak 1997). y_i <= sum_j a_ij x_j, 0 <= y_i <= 1.

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
        When time runs out before the worst share is proven best, ``bound`` counts everybody whom
        any choice could reach.
    """
    asked = task(reach, rules, limits)
    weight = weights(people, asked.places)
    areas = np.asarray(area)
    if areas.shape != (asked.places,) or not np.issubdtype(areas.dtype, np.integer):
        raise ValueError("area must be one whole number per place")
    _, areas = np.unique(areas, return_inverse=True)
    total = np.bincount(areas, weight)
    had = np.bincount(areas, weight * asked.there, len(total))
    counted = ~asked.there & (weight > 0)
    groups = merged(csr_array(asked.reach[counted][:, asked.sites]), areas[counted])
    mass, where = groups.total(weight[counted]), groups.any(areas[counted])
    peopled = np.flatnonzero(total > 0)
    n, m, k = len(asked.sites), len(mass), len(peopled)
    shares = csr_array((mass / total[where], (where, np.arange(m))), shape=(len(total), m))
    level = csr_array(-np.ones((k, 1)))
    rows = block_array(
        [
            [-groups.reach, eye_array(m), csr_array((m, 1))],
            [csr_array((k, n)), shares[peopled], level],
        ],
        format="csr",
    )
    worst = _programme(
        asked, asked.sites, np.zeros(n), np.append(np.zeros(m), -1.0), csr_array(rows),
        np.append(np.full(m, -np.inf), -had[peopled] / total[peopled]),
        np.append(np.zeros(m), np.full(k, np.inf)),
    )  # fmt: skip
    first = asked.solve(worst, gap=0.0)
    if first.x is None:
        return _answer(asked, asked.sites, first, -1)
    reached = groups.reach @ np.rint(first.x[:n]) > 0
    served = (had + np.bincount(where, mass * reached, len(total)))[peopled] / total[peopled]
    lower = np.append(asked.lower[asked.sites], np.zeros(m + 1))
    lower[-1] = max(float(served.min(initial=1.0)) - 1e-9, 0.0)
    most = replace(
        worst, cost=np.concatenate([np.zeros(n), -mass, [0.0]]), lower=lower, offset=-had.sum()
    )
    then = asked.solve(most, start=first.x)
    if first.status != "optimal":
        known = first.x if then.x is None else then.x
        value = float(most.cost @ np.append(np.rint(known[:n]), known[n:])) + most.offset
        bound = -float(had.sum() + mass[np.diff(groups.reach.indptr) > 0].sum())
        then = Solved("time_limit", known, value, bound)
    return _answer(asked, asked.sites, then, -1)


def _most(task: Task, coverage: Coverage, sites: NDArray[np.intp], base: float) -> Sites:
    """Interchange, prices, what they rule out, and branch and bound over the rest."""
    start = _start(task, coverage, sites)
    if isinstance(start, Solved):
        return _answer(task, sites, start, -1)
    n = len(sites)
    step = 1.0 if _integral(coverage.people) else 0.0
    bound, stays = float(coverage.people.sum()), np.ones(n, dtype=np.bool_)
    if coverage.reach.nnz > _SMALL:
        start, bound, stays = _squeezed(task, coverage, sites, start, base)
    goal = base + coverage.reached(start)
    floor = np.floor(bound + base + 1e-6) if step and np.isfinite(bound) else bound + base
    if floor - goal <= (task.limits.gap + 1e-9) * goal:
        return _sites(task, sites[start], goal, max(floor, goal), "optimal", "heuristic")
    mine = np.flatnonzero(stays)
    groups = merged(csr_array(coverage.reach[:, mine]))
    mass = groups.total(coverage.people)
    m = len(mass)
    rows = csr_array(block_array([[-groups.reach, eye_array(m)]], format="csr"))
    programme = _programme(
        task, sites[mine], np.zeros(len(mine)), -mass, rows, np.full(m, -np.inf), np.zeros(m)
    )
    programme = replace(programme, offset=-base)
    chosen = start[mine].astype(np.float64)
    first = np.append(chosen, np.minimum(groups.reach @ chosen, 1.0))
    done = task.solve(programme, start=first, step=step, sign=-1, known=(goal, floor))
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
    return _sites(task, picked, value, max(proven, value), status)


def _start(task: Task, coverage: Coverage, sites: NDArray[np.intp]) -> NDArray[np.bool_] | Solved:
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
            return replace(found, bound=-float(coverage.people.sum()))
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
    slots, until = task.slots(sites), task.left() * _SQUEEZE
    price = coverage.people * np.clip(1.0 - 0.5 * (coverage.reach @ start.astype(float)), 0, 1)
    least, stays, calm = float(coverage.people.sum()), np.ones(n, dtype=np.bool_), 0
    entries = np.bincount(coverage.reach.indices, minlength=n)
    for turn in range(1000):
        before = (coverage.reached(start), least)
        start = improved(coverage, start, slots, kicks=_KICKS, seed=turn)
        goal = coverage.reached(start)
        price, _ = prices(
            coverage, weight, capacity, goal, price, steps=_STEPS, length=max(0.6**turn, 0.02)
        )
        score = np.asarray(price @ coverage.reach).ravel()
        best = task.solve(
            Programme(
                -score, coverage.rules, coverage.low, coverage.high, coverage.upper,
                np.zeros(n, dtype=np.bool_), coverage.lower,
            )
        )  # fmt: skip
        if best.reduced is not None:
            bound = float((coverage.people - price).sum()) - best.bound
            stays &= bound - best.reduced >= goal * (1 + task.limits.gap) + base * task.limits.gap
            least = min(least, bound)
        task.tell(base + goal, base + least)
        calm = 0 if goal > before[0] or least < before[1] * (1 - 1e-5) else calm + 1
        enough = least - goal <= task.limits.gap * (base + goal)
        enough |= entries[stays | start].sum() <= _SMALL / 3
        if enough or calm >= _CALM or task.left() < task.limits.seconds - until:
            break
    return start, least, stays | start


def _coverage(task: Task, reach: csr_array, people: Floats, sites: NDArray[np.intp]) -> Coverage:
    return Coverage(
        reach, people, csr_array(task.rows[:, sites]), task.low, task.high,
        task.lower[sites], np.ones(len(sites)),
    )  # fmt: skip


def _programme(
    task: Task,
    sites: NDArray[np.intp],
    cost: Floats,
    more: Floats,
    rows: csr_array,
    low: Floats,
    high: Floats,
) -> Programme:
    """Write the rules of the sites above rows over sites and more variables, these up to 1."""
    n, m = len(sites), len(more)
    mine = task.rows[:, sites]
    above = mine if m == 0 else block_array([[mine, csr_array((mine.shape[0], m))]], format="csr")
    return Programme(
        cost=np.concatenate([cost, more]),
        rows=csr_array(vstack([csr_array(above), rows], format="csr")),
        row_low=np.concatenate([task.low, low]),
        row_high=np.concatenate([task.high, high]),
        upper=np.ones(n + m),
        integer=np.arange(n + m) < n,
        lower=np.append(task.lower[sites], np.zeros(m)),
    )


def _finish(
    task: Task, sites: NDArray[np.intp], programme: Programme, sign: int = 1, step: float = 1.0
) -> Sites:
    whole = step if _integral(programme.cost) else 0.0
    return _answer(task, sites, task.solve(programme, sign=sign, step=whole), sign, whole)


def _answer(
    task: Task, sites: NDArray[np.intp], solved: Solved, sign: int, step: float = 0.0
) -> Sites:
    """Say what branch and bound found, in the model's own unit."""
    if solved.x is None:
        bound = np.nan if solved.status == "infeasible" else sign * solved.bound
        return _sites(task, sites[:0], np.nan, bound, solved.status)
    bound = float(np.ceil(solved.bound - 1e-6)) if step else solved.bound
    bound = min(bound, solved.objective)
    gap = (solved.objective - bound) / max(abs(solved.objective), 1e-9)
    status: Status = "optimal" if gap <= task.limits.gap + 1e-9 else "time_limit"
    chosen = sites[solved.x[: len(sites)] > 0.5]
    return _sites(task, chosen, sign * solved.objective, sign * bound, status)


def _sites(
    task: Task,
    chosen: NDArray[np.intp],
    objective: float,
    bound: float,
    status: Status,
    method: Method = "exact",
) -> Sites:
    gap = abs(objective - bound) / max(abs(objective), 1e-9)
    return Sites(
        chosen=tuple(sorted(int(site) for site in chosen)),
        objective=float(objective),
        bound=float(bound),
        gap=float(gap) if np.isfinite(gap) else np.inf,
        status=status,
        seconds=time.monotonic() - task.begun,
        seen=task.seen,
        method=method,
    )


def _integral(values: Floats) -> bool:
    return bool((values == np.rint(values)).all())
