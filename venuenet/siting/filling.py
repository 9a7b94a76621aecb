"""Good choices and bounds for coverage with limited room, compiled: filling up, prices. Pure.

Columns are all sites of a model: those that may be chosen, and fixed ones, which are always there.
"""

from __future__ import annotations

import numpy as np

from venuenet.siting.swap import Bools, Coverage, Indices, Reach, Rows, allowed, use
from venuenet.siting.types import Floats
from venuenet.travel.compiled import kernel

_PATIENCE = 20
"""Steps without a better bound before they get shorter."""


def filled(coverage: Coverage, room: Floats, there: Bools, start: Bools, slots: int) -> Bools:
    """Improve a choice where sites have limited room, by exchanging every site once if that helps.

    One chosen site after the other is taken away, the people of the others are shared out (places
    that only one site reaches first, then to wherever most room is left), and the site comes that
    has room for most of those left over.

    Parameters
    ----------
    coverage : Coverage
    room : (sites,) float64
        People each site has room for; may be infinite.
    there : (sites,) bool
        Fixed sites.
    start : (sites,) bool
        May fall short of the lower sides of rules.
    slots : int
        No choice has more sites than this.

    Returns
    -------
    (sites,) bool
        Keeps the rules if ``start`` does; the same where no exchange helps.
    """
    reach, rows = coverage.arrays
    chosen = start.copy()
    free = (coverage.lower < coverage.upper) & ~there
    _exchange_all(reach, rows, free, room, there, chosen, max(slots, int(start.sum())))
    return chosen


def room_prices(
    coverage: Coverage,
    room: Floats,
    there: Bools,
    weight: Floats,
    capacity: float,
    goal: float,
    *,
    steps: int,
) -> tuple[Floats, Floats]:
    """Find prices of a person of each place that bound how many can be served.

    With f_ij persons of place i served by site j, relaxing y_i <= sum_j f_ij with prices
    0 <= p_i <= 1 (Pirkul & Schilling 1991) leaves::

        L(p) = sum_i w_i (1 - p_i) + max {sum_j s_j x_j : x in X}
        s_j  = max {sum_i p_i f_ij : 0 <= f_ij <= w_i a_ij, sum_i f_ij <= room_j}

    which no choice exceeds: a site takes the dearest people it reaches until it is full. While
    searching, X keeps one rule, as for :func:`venuenet.siting.prices.prices`.

    Parameters
    ----------
    coverage : Coverage
    room : (sites,) float64
    there : (sites,) bool
    weight : (sites,) float64
        Positive.
    capacity : float
    goal : float
        People that some choice serves.
    steps : int

    Returns
    -------
    prices : (places,) float64
        Those of the least bound.
    worth : (sites,) float64
        The sites' s at these prices.
    """
    price, worth = np.full(len(coverage.people), 0.5), np.zeros(len(room))
    _, _, row, site_of, people = coverage.arrays[0]
    _descend(
        row, site_of, people, room, there, weight, float(capacity), float(goal),
        steps, price, worth,
    )  # fmt: skip
    return price, worth


@kernel
def _fill(reach: Reach, room: Floats, chosen: Bools, served: Floats, left: Floats) -> float:
    """Share the people out among the chosen sites; gives how many are served."""
    first, places, row, sites, people = reach
    count = np.zeros(len(people), np.int32)
    for site in range(len(room)):
        left[site] = room[site] if chosen[site] else 0.0
        if chosen[site]:
            for at in range(first[site], first[site + 1]):
                count[places[at]] += 1
    served[:] = 0.0
    total = 0.0
    for turn in range(2):
        for place in range(len(people)):
            if count[place] == 0 or (count[place] == 1) != (turn == 0):
                continue
            wanted = people[place]
            while wanted > 0:
                best = -1
                for at in range(row[place], row[place + 1]):
                    if left[sites[at]] > 0 and (best < 0 or left[sites[at]] > left[best]):
                        best = sites[at]
                if best < 0:
                    break
                taken = min(wanted, left[best])
                left[best] -= taken
                wanted -= taken
            served[place] = people[place] - wanted
            total += served[place]
    return total


@kernel
def _comer(
    leave: int, reach: Reach, rule: Rows, free: Bools, room: Floats, now: Bools, served: Floats,
    used: Floats,
) -> int:  # fmt: skip
    """Give the site that has room for most of those not served; ``leave`` if none has for more."""
    first, places, _, _, people = reach
    best, enter = -1.0, -1
    for site in range(len(room)):
        if now[site] or not (free[site] or site == leave):
            continue
        more = 0.0
        for at in range(first[site], first[site + 1]):
            more += people[places[at]] - served[places[at]]
        more = min(more, room[site]) + (1e-6 if site == leave else 0.0)
        if more > best and (site == leave or allowed(site, leave, rule, used)):
            best, enter = more, site
    return enter


@kernel
def _exchange_all(
    reach: Reach, rule: Rows, free: Bools, room: Floats, there: Bools, chosen: Bools, slots: int
) -> None:
    """Improve ``chosen`` in place."""
    at_slot = np.full(slots, -1, np.int64)
    used, now = np.zeros(len(rule[3])), there.copy()
    for slot, site in enumerate(np.flatnonzero(chosen)):
        at_slot[slot] = site
        now[site] = True
        use(int(site), 1, rule, used)
    served, left = np.zeros(len(reach[4])), np.zeros(len(room))
    most = _fill(reach, room, now, served, left)
    for slot in range(slots):
        leave = at_slot[slot]
        if leave >= 0 and not free[leave]:
            continue
        if leave >= 0:
            now[leave] = False
        _fill(reach, room, now, served, left)
        enter = _comer(leave, reach, rule, free, room, now, served, used)
        if enter >= 0:
            now[enter] = True
        if enter != leave:
            at_slot[slot] = enter
            use(enter, 1, rule, used)
            if leave >= 0:
                use(leave, -1, rule, used)
    more_sites = (at_slot >= 0).sum() > chosen.sum()
    if more_sites or _fill(reach, room, now, served, left) > most + 1e-6:
        chosen[:] = False
        chosen[at_slot[at_slot >= 0]] = True


@kernel
def _descend(  # noqa: PLR0912  one loop, compiled
    row: Indices, site_of: Indices, people: Floats, room: Floats, there: Bools, weight: Floats,
    capacity: float, goal: float, steps: int, best: Floats, worth: Floats,
) -> None:  # fmt: skip
    """Leave the best prices in ``best`` and what the sites are worth at them in ``worth``."""
    sites = len(weight)
    price = best.copy()
    slope, cover = np.zeros(len(people)), np.zeros(len(people))
    least, length, idle = np.inf, 1.0, 0
    for _ in range(steps):
        order = np.argsort(-price)
        score, left = np.zeros(sites), room.copy()
        bound = 0.0
        for place in order:  # the dearest first, until a site is full
            bound += people[place] * (1.0 - price[place])
            for at in range(row[place], row[place + 1]):
                taken = min(people[place], left[site_of[at]])
                left[site_of[at]] -= taken
                score[site_of[at]] += price[place] * taken
        share = np.zeros(sites)
        spare = capacity
        for site in np.argsort(-score / weight):
            if there[site]:
                share[site] = 1.0
            elif spare > 0 and score[site] > 0:
                share[site] = min(1.0, spare / weight[site])
                spare -= share[site] * weight[site]
            bound += share[site] * score[site]
        left[:] = room
        norm = 0.0
        for place in order:
            cover[place] = 0.0
            for at in range(row[place], row[place + 1]):
                site = site_of[at]
                taken = min(people[place], left[site])
                left[site] -= taken
                cover[place] += share[site] * taken / people[place]
            # at p = 1 any y between 0 and 1 is best, at p = 0 any more is
            wanted = 1.0 if price[place] < 1.0 else min(1.0, cover[place])
            if price[place] <= 0 and cover[place] > 1.0:
                wanted = cover[place]
            slope[place] = 0.7 * slope[place] + cover[place] - wanted
            norm += people[place] * slope[place] ** 2
        if bound < least:
            if bound < least - 1e-5 * abs(least):
                idle = 0
            least = bound
            best[:] = price
            worth[:] = score
        idle += 1
        if idle > _PATIENCE:
            idle = 0
            length *= 0.8
        if norm == 0.0 or length < 1e-4:
            return
        step = length * max(bound - goal, 1e-6 * bound) / norm
        for place in range(len(people)):
            price[place] = min(1.0, max(0.0, price[place] - step * slope[place]))
