"""Rules and rows written as one programme, and what its solution says of sites. Pure."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import block_array, csr_array, vstack

from venuenet.siting.reduce import Task
from venuenet.siting.solver import Programme, Solved, Status
from venuenet.siting.types import Floats, Method, Sites


def programme(
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


def answer(task: Task, sites: NDArray[np.intp], solved: Solved, sign: int) -> Sites:
    """Say what branch and bound found, in the model's own unit."""
    if solved.x is None:
        bound = np.nan if solved.status == "infeasible" else sign * solved.bound
        return sites_of(task, sites[:0], np.nan, bound, solved.status)
    bound = min(solved.bound, solved.objective)
    gap = (solved.objective - bound) / max(abs(solved.objective), 1e-9)
    status: Status = "optimal" if gap <= task.limits.gap + 1e-9 else "time_limit"
    chosen = sites[solved.x[: len(sites)] > 0.5]
    return sites_of(task, chosen, sign * solved.objective, sign * bound, status)


def sites_of(
    task: Task,
    chosen: NDArray[np.intp],
    objective: float,
    bound: float,
    status: Status,
    method: Method = "exact",
) -> Sites:
    """Give the answer of a model, with the gap between its objective and its bound."""
    gap = abs(objective - bound) / max(abs(objective), 1e-9)
    return Sites(
        chosen=tuple(sorted(int(site) for site in chosen)),
        objective=float(objective) + 0.0,  # no minus before a zero
        bound=float(bound) + 0.0,
        gap=float(gap) if np.isfinite(gap) else np.inf,
        status=status,
        seconds=time.monotonic() - task.begun,
        seen=task.seen,
        method=method,
    )


def integral(values: Floats) -> bool:
    """Whether all values are whole."""
    return bool((values == np.rint(values)).all())


def unit_of(cost: Floats) -> float:
    """Give a number whose multiples all costs are, down to a thousandth; 0 where there is none."""
    thousands = np.rint(1000 * cost)
    if not len(cost) or np.abs(1000 * cost - thousands).max() > 1e-6 or thousands.max() > 2**53:
        return 0.0
    return float(np.gcd.reduce(thousands.astype(np.int64))) / 1000
