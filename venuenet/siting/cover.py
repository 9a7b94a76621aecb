"""Models of coverage: who has a site in reach, with a proven bound. Pure.

In all of them x_j = 1 when site j is chosen, a_ij = 1 when it reaches place i, w_i are people, and
x keeps the rules (``rows.rule_rows``). Fixed sites are folded into the data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array

from venuenet.siting.least import least
from venuenet.siting.most import coverage_of, most
from venuenet.siting.reduce import merged, needed, task, weights
from venuenet.siting.types import Limits, Rules, Sites
from venuenet.siting.written import integral

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
    mass = groups.total(weight[~asked.there & (weight > 0)])
    coverage = coverage_of(asked, groups.reach, mass, sites)
    return most(asked, coverage, sites, float(weight[asked.there].sum()))


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
    had = groups.any(already[counted]) > 0
    coverage = coverage_of(
        asked, groups.reach, mass * np.where(had, second, 1 - second), asked.sites,
        again=mass * np.where(had, 0, second),
    )  # fmt: skip
    base = weight[already == 2].sum() + (1 - second) * weight[already == 1].sum()
    return most(asked, coverage, asked.sites, float(base))
