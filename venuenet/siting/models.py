"""The classical models of siting, each from a matrix to a proven answer. Pure.

A matrix has one row per place with people and one column per site that may be chosen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import block_array, csr_array, eye_array, hstack, vstack

from venuenet.siting.solver import Programme, Solved, Status, solve


@dataclass(frozen=True)
class Sites:
    """Which sites to choose, and what is proven of the choice.

    Attributes
    ----------
    chosen : tuple of int
        Columns of the matrix, ascending; empty when there is no answer.
    objective : float
        What they reach, in the model's own unit; NaN when there is no answer.
    bound : float
        No choice does better than this.
    gap : float
        Distance between the two as a share of the objective; 0 when the choice is proven best.
    status : Status
    """

    chosen: tuple[int, ...]
    objective: float
    bound: float
    gap: float
    status: Status


def cover_all(reach: ArrayLike, *, time_limit_s: float = 60) -> Sites:
    """Choose the fewest sites such that every place has one in reach (LSCP).

    Minimise sum(x_j) with sum over the sites j in reach of i of x_j >= 1 for every place i
    (Toregas, Swain, ReVelle & Bergman 1971).

    Parameters
    ----------
    reach : (places, sites) array_like of bool
    time_limit_s : float

    Returns
    -------
    Sites
        ``infeasible`` when a place has no site in reach.
    """
    rows = _as_rows(reach)
    places, sites = rows.shape
    programme = Programme(
        cost=np.ones(sites),
        rows=rows,
        row_low=np.ones(places),
        row_high=np.full(places, np.inf),
        upper=np.ones(sites),
        integer=np.ones(sites, dtype=np.bool_),
    )
    return _sites(solve(programme, time_limit_s=time_limit_s), sites)


def cover_most(reach: ArrayLike, people: ArrayLike, p: int, *, time_limit_s: float = 60) -> Sites:
    """Choose ``p`` sites that have the most people in reach (MCLP).

    Maximise sum(w_i y_i) with y_i <= sum over the sites j in reach of i of x_j, sum(x_j) = p,
    x whole, y between 0 and 1 (Church & ReVelle 1974).

    Parameters
    ----------
    reach : (places, sites) array_like of bool
    people : (places,) array_like
        Weights, not negative.
    p : int
        Between 0 and the number of sites.
    time_limit_s : float
    """
    rows = _as_rows(reach)
    places, sites = rows.shape
    _check(p, sites)
    weight = _weights(people, places)
    total = csr_array(np.concatenate([np.zeros(places), np.ones(sites)])[None, :])
    programme = Programme(
        cost=np.concatenate([-weight, np.zeros(sites)]),
        rows=csr_array(vstack([hstack([eye_array(places), -rows]), total], format="csr")),
        row_low=np.append(np.full(places, -np.inf), p),
        row_high=np.append(np.zeros(places), p),
        upper=np.ones(places + sites),
        integer=np.arange(places + sites) >= places,
    )
    return _sites(solve(programme, time_limit_s=time_limit_s), sites, sign=-1)


def nearest_on_average(
    cost: ArrayLike, people: ArrayLike, p: int, *, time_limit_s: float = 60
) -> Sites:
    """Choose ``p`` sites with the least way to the nearest, summed over people (p-median).

    Minimise sum(w_i c_ij z_ij) with sum over j of z_ij = 1, z_ij <= x_j, sum(x_j) = p, x whole
    (ReVelle & Swain 1970).

    Parameters
    ----------
    cost : (places, sites) array_like
        Metres or minutes; infinite where there is no way.
    people : (places,) array_like
        Weights, not negative.
    p : int
        Between 1 and the number of sites.
    time_limit_s : float

    Returns
    -------
    Sites
        ``infeasible`` when somebody has a way to none of any ``p`` sites.
    """
    ways = np.asarray(cost, dtype=np.float64)
    places, sites = ways.shape
    _check(p, sites)
    weight = _weights(people, places)
    place, site = np.nonzero(np.isfinite(ways))
    n = len(place)
    pair = np.arange(n)
    ones = np.ones(n)
    served = csr_array((ones, (place, pair)), shape=(places, n))
    via = csr_array((ones, (pair, site)), shape=(n, sites))
    programme = Programme(
        cost=np.concatenate([weight[place] * ways[place, site], np.zeros(sites)]),
        rows=csr_array(
            block_array(
                [
                    [served, csr_array((places, sites))],
                    [eye_array(n), -via],
                    [csr_array((1, n)), csr_array(np.ones((1, sites)))],
                ],
                format="csr",
            )
        ),
        row_low=np.concatenate([np.ones(places), np.full(n, -np.inf), [p]]),
        row_high=np.concatenate([np.ones(places), np.zeros(n), [p]]),
        upper=np.ones(n + sites),
        integer=np.arange(n + sites) >= n,
    )
    return _sites(solve(programme, time_limit_s=time_limit_s), sites)


def _as_rows(reach: ArrayLike) -> csr_array:
    table = np.asarray(reach)
    if table.ndim != 2 or table.dtype != np.bool_:
        raise ValueError("reach must be a table of places by sites, true or false")
    return csr_array(table.astype(np.float64))


def _weights(people: ArrayLike, places: int) -> NDArray[np.float64]:
    weight = np.asarray(people, dtype=np.float64)
    if weight.shape != (places,) or not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("people must be one finite number per place, not negative")
    return weight


def _check(p: int, sites: int) -> None:
    if not 0 <= p <= sites:
        raise ValueError(f"p must lie between 0 and the {sites} sites, got {p}")


def _sites(solved: Solved, sites: int, *, sign: int = 1) -> Sites:
    if solved.x is None:
        return Sites((), np.nan, sign * solved.bound, np.inf, solved.status)
    chosen = np.flatnonzero(solved.x[-sites:] > 0.5)
    return Sites(
        tuple(int(j) for j in chosen),
        sign * solved.objective,
        sign * solved.bound,
        solved.gap,
        solved.status,
    )
