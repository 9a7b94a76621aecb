"""Models of coverage: who has a site in reach, with a proven bound. Pure.

In all of them x_j = 1 when site j is chosen, a_ij = 1 when it reaches place i, w_i are people, and
x keeps the rules (``rows.rule_rows``). Fixed sites are folded into the data.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import block_array, csr_array, eye_array

from venuenet.siting.least import least
from venuenet.siting.most import bound_of, coverage_of, most, start_of
from venuenet.siting.reduce import merged, needed, task, weights
from venuenet.siting.solver import Solved
from venuenet.siting.swap import improved
from venuenet.siting.types import Limits, Rules, Sites
from venuenet.siting.written import answer, at_least, integral, programme

Reach = ArrayLike | csr_array

_WORK = 50_000_000
"""Annealing for a choice to begin with."""


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
    return most(asked, groups.reach, groups.total(open_weight), sites, base)


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
    every = groups.shape[0]
    return least(asked, groups, np.ones(every), sites, every)


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
    if integral(weight):
        short = np.ceil(short)
    return least(asked, groups.reach, mass, sites, short)


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
    written = programme(
        asked, asked.sites, np.zeros(n), np.concatenate([-(1 - second) * mass, -second * mass]),
        csr_array(rows), np.full(2 * m, -np.inf), np.concatenate([had, np.zeros(m)]),
    )  # fmt: skip
    if second > 0.5:  # else first comes first by itself
        written = replace(written, integer=np.ones(n + 2 * m, dtype=np.bool_))
    written = replace(written, offset=-float(weight[already == 2].sum()))
    worth = mass * np.where(had > 0, second, 1 - second)  # of a first site in reach
    near = coverage_of(asked, groups.reach, worth, asked.sites)
    start = start_of(asked, near, asked.sites)
    if isinstance(start, Solved):
        return answer(asked, asked.sites, start, -1)
    start = improved(
        near, start, asked.slots(asked.sites), work=min(_WORK, 1000 * groups.reach.nnz)
    )
    reached = had + groups.reach @ start.astype(np.float64)
    x = np.concatenate([start, reached >= 1, reached >= 2]).astype(np.float64)
    # Nobody counts for more than once, whoever had one already only for the second.
    once = coverage_of(asked, groups.reach, mass * np.where(had > 0, second, 1.0), asked.sites)
    highest = bound_of(asked, once, asked.sites) + float((1 - second) * (mass @ had))
    found = asked.solve(written, start=x, sign=-1)
    return answer(asked, asked.sites, at_least(written, found, x, written.offset - highest), -1)
