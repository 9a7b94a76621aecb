"""All sets of stops that fit a day, the best choice of them, and bounds on any plan of days. Pure.

A set of stops fits a day when the shortest round trip through it does (Held & Karp 1962). Every
plan of days is a choice of such sets, and a stop in two of them reaches nobody twice: so the best
plan is a maximal cover (Church & ReVelle 1974) in which sets stand for sites::

    maximise    sum_g w_g z_g
    subject to  z_g <= sum over sets r that reach g of x_r,   sum_r x_r <= days
                0 <= z <= 1,  x binary

Only sets that fit no further stop are needed, since more stops never reach fewer people.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array, eye_array, hstack, vstack

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

MOST_SETS = 60_000
"""Sets of one size, or candidates for them by ten, beyond which they are not listed."""
NODES = 5_000
"""Of branch and bound: a limit that is the same on every machine."""
MOST_ORDERED = 9
"""Stops of a day whose order is looked for among all orders."""


@dataclass(frozen=True)
class Season:
    """So many days, each at most ``day_s`` seconds from the depot and back.

    ``stop_s`` is what every stop takes: setting up, visiting and packing, seconds.
    """

    days: int
    day_s: int
    stop_s: int


def feasible_sets(near: Ints, season: Season, most: int = MOST_SETS) -> Bools | None:
    """List the sets of stops that fit a day and no further stop with them, (sets, stops).

    Parameters
    ----------
    near : (stops + 1, stops + 1) int64
        Seconds of the quickest ways, the depot first; they keep the triangle inequality.
    season : Season
    most : int

    Returns
    -------
    (sets, stops) bool, or None
        None when there are too many to list.
    """
    n = len(near) - 1
    members = np.arange(n)[:, None]
    spent = near[0, 1:][:, None] + season.stop_s
    fits = spent[:, 0] + near[1:, 0] <= season.day_s
    members, spent = members[fits], spent[fits]
    found: list[Bools] = []
    while len(members):
        grown = _grown(members, spent, near, season, 10 * most)
        if grown is None or len(grown[0]) > most or len(found) > n:
            return None
        larger, more_spent, under = grown
        last = members[~under]
        sets = np.zeros((len(last), n), dtype=np.bool_)
        np.put_along_axis(sets, last, True, axis=1)
        found.append(sets)
        members, spent = larger, more_spent
    return np.concatenate(found) if found else np.zeros((0, n), dtype=np.bool_)


def _grown(
    members: Ints, spent: Ints, near: Ints, season: Season, most: int
) -> tuple[Ints, Ints, Bools] | None:
    """Add a stop to sets of one size in every way that fits; None if that is too much work.

    ``members`` (m, k) ascending in rows and sorted by them; ``spent`` (m, k) least seconds from
    the depot until the end of the visit at each member, the others visited before. Returns both of
    the larger sets, and which of the given ones are part of one.
    """
    m, k = members.shape
    n = len(near) - 1
    under = np.zeros(m, dtype=np.bool_)
    if (k + 1) * np.log2(max(n, 2)) > 62:
        return None
    ways = np.where(np.arange(n) > members[:, -1:], 1, 0).sum(axis=1)
    if ways.sum() > most:
        return None
    of = np.repeat(np.arange(m), ways)
    nth = np.arange(len(of)) - np.repeat(np.cumsum(ways) - ways, ways)
    wide = np.column_stack([members[of], members[of, -1] + 1 + nth])
    keys = _key(members, n)
    inner = np.zeros((len(wide), k + 1), dtype=np.int64)
    fits = np.ones(len(wide), dtype=np.bool_)
    for x in range(k + 1):
        key = _key(np.delete(wide, x, axis=1), n)
        inner[:, x] = np.minimum(np.searchsorted(keys, key), m - 1)
        fits &= keys[inner[:, x]] == key
    wide, inner = wide[fits], inner[fits]
    least = np.zeros(wide.shape, dtype=np.int64)
    for x in range(k + 1):
        before = np.delete(wide, x, axis=1)
        drive = near[before + 1, wide[:, x : x + 1] + 1]
        least[:, x] = (spent[inner[:, x]] + drive).min(axis=1) + season.stop_s
    fits = (least + near[wide + 1, 0]).min(axis=1) <= season.day_s
    under[inner[fits].ravel()] = True
    return wide[fits], least[fits], under


def _key(members: Ints, n: int) -> Ints:
    """Give every set of one size a number, ascending with the rows."""
    return members @ (np.int64(n) ** np.arange(members.shape[1])[::-1])


def best_sets(
    trips: Bools, sets: Bools, weight: Ints, season: Season, known: int, seconds: float
) -> tuple[tuple[tuple[int, ...], ...] | None, int]:
    """Choose the sets of stops that reach the most people.

    Parameters
    ----------
    trips : (trips, stops) bool
        From :func:`feasible_sets`.
    sets : (groups, stops) bool
        Which stops each group of people reaches.
    weight : (groups,) int64
    season : Season
    known : int
        People a plan at hand reaches.
    seconds : float
        A safeguard: when it strikes the bound may be weaker than it need be.

    Returns
    -------
    tuple of tuple of int, or None
        A day's stops each; None when nothing better than ``known`` was found.
    int
        No plan reaches more.
    """
    covered = sets.astype(np.float32) @ trips.T.astype(np.float32) > 0
    covers = csr_array(covered.astype(np.float64))
    g, r = len(sets), len(trips)
    rows = _rows(covers, _days_row(g, r))
    high = np.concatenate([np.zeros(g), [season.days]])
    cost = np.concatenate([-weight.astype(np.float64), np.zeros(r)])
    top = np.concatenate([np.ones(g), np.full(r, np.inf)])
    limit = max(0.1, seconds)
    relaxed = linprog(  # type: ignore[call-overload]  # scipy takes sparse rows, its stubs do not
        cost,
        rows,
        high,
        bounds=np.column_stack([np.zeros(g + r), top]),
        options={"time_limit": limit},
    )
    if relaxed.status != 0:
        return None, int(weight.sum())
    bound = int(np.floor(-relaxed.fun + 1e-6))
    if bound <= known:
        return None, known
    # A set whose reduced cost eats up what is left to gain is in no better plan.
    worth = relaxed.lower.marginals[g:] <= -relaxed.fun - known - 1 + 1e-6
    keep = np.concatenate([np.ones(g, dtype=np.bool_), worth])
    integer = np.concatenate([np.zeros(g), np.ones(int(worth.sum()))])
    top[g:] = 1
    solved = milp(
        cost[keep],
        integrality=integer,
        bounds=Bounds(0, top[keep]),
        constraints=LinearConstraint(rows[:, keep], -np.inf, high),
        options={"time_limit": limit, "node_limit": NODES, "mip_rel_gap": 0.0},
    )
    if solved.mip_dual_bound is not None and np.isfinite(solved.mip_dual_bound):
        bound = min(bound, int(np.floor(-solved.mip_dual_bound + 1e-6)))
    bound = max(bound, known)
    if solved.x is None or round(-solved.fun) <= known:
        return None, bound
    chosen = np.flatnonzero(worth)[solved.x[g:] > 0.5]
    return tuple(tuple(np.flatnonzero(trips[t]).tolist()) for t in chosen), bound


def _rows(covers: csr_array, *more: NDArray[np.float64]) -> csr_array:
    """Write ``z <= covers @ x``, and further rows over (z, x) below."""
    groups = eye_array(covers.shape[0], dtype=np.float64, format="csr")
    linked = hstack((groups, -covers), format="csr")
    return csr_array(vstack((linked, csr_array(np.concatenate(more))), format="csr"))


def _days_row(groups: int, trips: int) -> NDArray[np.float64]:
    return np.concatenate([np.zeros(groups), np.ones(trips)])[None, :]


def knapsack_bound(near: Ints, sets: Bools, weight: Ints, season: Season, seconds: float) -> int:
    """Bound the people any plan reaches, without listing the sets.

    A stop takes its time, half the shortest way to it and half the shortest way from it; a day
    half the shortest ways from the depot and back to it. Stops that fit the season so counted,
    whichever day they are on, and never more a day than the quickest of them would allow.
    """
    g, n = sets.shape
    ways = near + np.where(np.eye(n + 1, dtype=np.bool_), near.max() + 1, 0)
    takes = season.stop_s + (ways[:, 1:].min(axis=0) + ways[1:].min(axis=1)) / 2
    day = season.day_s - (near[0, 1:].min() + near[1:, 0].min()) / 2
    a_day = np.searchsorted(np.cumsum(np.sort(takes)), day, side="right")
    covers = csr_array(sets.astype(np.float64))
    rows = _rows(covers, np.concatenate([np.zeros(g), takes])[None, :], _days_row(g, n))
    high = np.concatenate([np.zeros(g), [season.days * day, season.days * a_day]])
    solved = milp(
        np.concatenate([-weight.astype(np.float64), np.zeros(n)]),
        integrality=np.concatenate([np.zeros(g), np.ones(n)]),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(rows, -np.inf, high),
        options={"time_limit": max(0.1, seconds), "node_limit": NODES},
    )
    bound = solved.mip_dual_bound
    if bound is None or not np.isfinite(bound):
        return int(weight.sum())
    return min(int(np.floor(-bound + 1e-6)), int(weight.sum()))


def ordered(near: Ints, day: tuple[int, ...]) -> tuple[int, ...]:
    """Return a day's stops in the order that drives least; as given when there are too many."""
    if len(day) > MOST_ORDERED:
        return day
    # least[(visited, last)] = (seconds, order); Held and Karp's recursion over sets.
    least: dict[tuple[frozenset[int], int], tuple[int, tuple[int, ...]]]
    least = {(frozenset([s]), s): (int(near[0, s + 1]), (s,)) for s in day}
    for _ in range(len(day) - 1):
        grown: dict[tuple[frozenset[int], int], tuple[int, tuple[int, ...]]] = {}
        for (visited, last), (seconds, order) in least.items():
            for s in set(day) - visited:
                key = (visited | {s}, s)
                found = (seconds + int(near[last + 1, s + 1]), (*order, s))
                if key not in grown or found < grown[key]:
                    grown[key] = found
        least = grown
    return min((t + int(near[s + 1, 0]), order) for (_, s), (t, order) in least.items())[1]
