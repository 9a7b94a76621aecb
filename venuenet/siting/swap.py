"""Good choices and bounds for coverage, compiled: interchange, Lagrangian prices. Pure.

A place has a row of the sites that reach it, a site a column of the places it reaches.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csc_array, csr_array

from venuenet.siting.types import Floats
from venuenet.travel.compiled import kernel

Bools = NDArray[np.bool_]
Indices = NDArray[np.int32]
Reach = tuple[Indices, Indices, Indices, Indices, Floats]
Rows = tuple[Indices, Indices, Floats, Floats, Floats]
State = tuple[Indices, Indices, Indices, Floats, Floats, Floats, Floats]

_TOLERANCE = 1e-7
_HOT, _COLD = 0.04, 0.004
"""People an exchange may lose with probability 1/e, at first and at last, as a share of those whom
a chosen site serves on average: at first a choice is half forgotten, at last hardly changed."""
_FAR = 0.1
"""Share of exchanges tried with a site anywhere; the others are with one that shares a place."""
_PATIENCE = 20
"""Steps without a better bound before they get shorter."""


@dataclass(frozen=True)
class Coverage:
    """Places, the sites that reach them, and rules ``low <= rules @ x <= high``.

    Attributes
    ----------
    reach : (places, sites) csr_array of float64
    people : (places,) float64
    rules : (rows, sites) csr_array of float64
    low, high : (rows,) float64
    lower, upper : (sites,) float64
        0 and 1; equal where there is no choice.
    """

    reach: csr_array
    people: Floats
    rules: csr_array
    low: Floats
    high: Floats
    lower: Floats
    upper: Floats

    def reached(self, chosen: Bools) -> float:
        """People that a choice reaches."""
        return float(self.people @ (self.reach @ chosen.astype(np.float64) > 0))

    def keeps(self, chosen: Bools) -> bool:
        """Whether a choice keeps the rules."""
        sums = self.rules @ chosen.astype(np.float64)
        return bool(
            (self.low - _TOLERANCE <= sums).all()
            and (sums <= self.high + _TOLERANCE).all()
            and (self.lower <= chosen).all()
            and (chosen <= self.upper).all()
        )


def improved(
    coverage: Coverage, start: Bools, slots: int, *, work: int = 0, seed: int = 0
) -> Bools:
    """Improve a choice by adding sites and exchanging pairs, until neither helps.

    The interchange of Teitz & Bart (1968): the best exchange of a chosen site for another that
    keeps the rules, again and again. All exchanges are valued in one pass over the places, since
    a place reached by one chosen site knows which it is. From there on simulated annealing
    (Kirkpatrick, Gelatt & Vecchi 1983; of sites, Murray & Church 1996): random exchanges, each
    made if it reaches more people or, less and less often, fewer.

    Parameters
    ----------
    coverage : Coverage
    start : (sites,) bool
        May fall short of the lower sides of rules: then sites are added as far as possible.
    slots : int
        No choice has more sites than this.
    work : int
        How much annealing: exchanges looked at, and entries of ``reach`` gone through for those
        made. A second is some 3e8.
    seed : int

    Returns
    -------
    (sites,) bool
        Reaches no fewer people than ``start``; keeps the rules if ``start`` does.
    """
    by_site, rules = csc_array(coverage.reach), csc_array(coverage.rules)
    reach = (*_parts(by_site), *_parts(coverage.reach), coverage.people)
    rows = (*_parts(rules), rules.data, coverage.low, coverage.high)
    chosen = start.copy()
    slots = max(slots, int(start.sum()))  # sites forced may be more than the rules allow
    _search(reach, rows, coverage.lower < coverage.upper, chosen, slots, work, seed)
    return chosen


def _parts(table: csr_array | csc_array) -> tuple[Indices, Indices]:
    return table.indptr.astype(np.int32), table.indices.astype(np.int32)


def prices(
    coverage: Coverage,
    weight: Floats,
    capacity: float,
    goal: float,
    start: Floats,
    *,
    steps: int,
    length: float,
) -> tuple[Floats, Bools]:
    """Find prices of the places that bound what can be reached, by subgradient steps.

    Relaxing y_i <= sum_j a_ij x_j with prices 0 <= u_i <= w_i (Galvão & ReVelle 1996) leaves::

        L(u) = sum_i (w_i - u_i) + max {sum_j (sum_i a_ij u_i) x_j : x in X}

    which no choice exceeds. While searching, X keeps one rule, sum weight_j x_j <= capacity with
    0 <= x <= 1, so that its best x is found by sorting; whoever uses the prices may add the others.

    Parameters
    ----------
    coverage : Coverage
    weight : (sites,) float64
        Positive.
    capacity : float
    goal : float
        People that some choice reaches: it sets the length of steps.
    start : (places,) float64
        Prices to begin with.
    steps : int
    length : float
        Of the first steps, 1 reaching the goal if the bound were linear; they get shorter.

    Returns
    -------
    prices : (places,) float64
        Those of the least bound.
    chosen : (sites,) bool
        The best choice met on the way; it may break rules.
    """
    by_site = csc_array(coverage.reach)
    best, chosen = start.copy(), np.zeros(len(weight), dtype=np.bool_)
    _descend(
        coverage.reach.indptr.astype(np.int32), coverage.reach.indices.astype(np.int32),
        by_site.indptr.astype(np.int32), by_site.indices.astype(np.int32),
        coverage.people, weight, float(capacity), float(goal), steps, length, best, chosen,
    )  # fmt: skip
    return best, chosen


@kernel
def _put(site: int, slot: int, sign: int, reach: Reach, rule: Rows, state: State) -> float:
    """Choose a site (sign 1) or give it up (-1); gives the change in people reached.

    A chosen site has a slot. Of each site is kept how many people it would newly reach (gain), of
    each slot how many are reached from it alone (alone), and of both how many of these the site
    would keep (kept): what an exchange changes is then gain - alone + kept.
    """
    first, places, row, sites, people = reach
    slot_of, count, owner, used, gain, alone, kept = state
    change = 0.0
    for at in range(first[site], first[site + 1]):
        place = places[at]
        weight = people[place]
        before = count[place]
        if before + sign >= 1 and before >= 1:
            sole = owner[place] if before == 1 else owner[place] ^ slot
        count[place] = before + sign
        owner[place] ^= slot
        if before == 0 or before + sign == 0:
            change += sign * weight
            alone[slot] += sign * weight
            for other in range(row[place], row[place + 1]):
                gain[sites[other]] -= sign * weight
                kept[sites[other], slot] += sign * weight
        elif before + sign == 1 or before == 1:
            alone[sole] -= sign * weight
            for other in range(row[place], row[place + 1]):
                kept[sites[other], sole] -= sign * weight
    rule_first, rows, value = rule[0], rule[1], rule[2]
    for at in range(rule_first[site], rule_first[site + 1]):
        used[rows[at]] += sign * value[at]
    slot_of[site] = slot if sign > 0 else -1
    return change


@kernel
def _allowed(enter: int, leave: int, rule: Rows, used: Floats) -> bool:
    """Whether rules stay kept, or at least get no worse, when one enters and one leaves (or -1)."""
    first, rows, value, low, high = rule
    for at in range(first[enter], first[enter + 1]):
        row = rows[at]
        now = used[row] + value[at]
        if leave >= 0:
            for other in range(first[leave], first[leave + 1]):
                if rows[other] == row:
                    now -= value[other]
        if now > high[row] + 1e-7 or (now < low[row] - 1e-7 and now < used[row]):
            return False
    if leave >= 0:
        for other in range(first[leave], first[leave + 1]):
            row = rows[other]
            now = used[row] - value[other]
            for at in range(first[enter], first[enter + 1]):
                if rows[at] == row:
                    now += value[at]
            if now < low[row] - 1e-7 and now < used[row]:
                return False
    return True


@kernel
def _climb(reach: Reach, rule: Rows, free: Bools, at_slot: Indices, state: State) -> float:
    """Make the best addition or exchange until none helps; gives the change in people reached."""
    slot_of, _, _, used, gain, alone, kept = state
    total = 0.0
    while True:
        best, enter, slot = 1e-6, -1, -1
        room = np.flatnonzero(at_slot < 0)
        for site in range(len(slot_of)):  # a site more, if one may be added
            wanted = (
                len(room) > 0
                and slot_of[site] < 0
                and free[site]
                and (enter < 0 or gain[site] > best)
            )
            if wanted and _allowed(site, -1, rule, used):
                best, enter = gain[site], site
        if enter >= 0:
            slot = room[0]
        else:
            for site in range(len(slot_of)):
                if slot_of[site] >= 0 or not free[site]:
                    continue
                for other in range(len(at_slot)):
                    change = gain[site] - alone[other] + kept[site, other]
                    better = change > best and at_slot[other] >= 0 and free[at_slot[other]]
                    if better and _allowed(site, at_slot[other], rule, used):
                        best, enter, slot = change, site, other
        if enter < 0:
            return total
        total += _exchange(enter, slot, reach, rule, at_slot, state)


@kernel
def _exchange(
    enter: int, slot: int, reach: Reach, rule: Rows, at_slot: Indices, state: State
) -> float:
    """Put a site into a slot, empty or not."""
    change = 0.0
    if at_slot[slot] >= 0:
        change += _put(at_slot[slot], slot, -1, reach, rule, state)
    at_slot[slot] = enter
    return change + _put(enter, slot, 1, reach, rule, state)


@kernel
def _proposed(leave: int, reach: Reach) -> int:
    """Draw a site that may come for one that goes: mostly one that shares a place with it."""
    first, places, row, sites, _ = reach
    if leave < 0 or first[leave] == first[leave + 1] or np.random.random() < _FAR:  # noqa: NPY002
        return np.random.randint(len(first) - 1)  # noqa: NPY002
    place = places[np.random.randint(first[leave], first[leave + 1])]  # noqa: NPY002
    enter: int = sites[np.random.randint(row[place], row[place + 1])]  # noqa: NPY002
    return enter


@kernel
def _anneal(
    reach: Reach, rule: Rows, free: Bools, at_slot: Indices, state: State, work: int, value: float
) -> Indices:
    """Exchange at random, ever more carefully; gives the slots of the best choice met.

    ``value`` is the people reached now.
    """
    slot_of, _, _, used, gain, alone, kept = state
    best, most = at_slot.copy(), value
    mean_row = len(reach[3]) / max(len(reach[4]), 1)
    hot, degree, tried, done = _HOT * value / len(at_slot), 0.0, 0, 0.0
    while done < work:
        if tried % 100 == 0:
            degree = max(hot * (_COLD / _HOT) ** (done / work), 1e-9)
        tried += 1
        done += 1.0
        slot = np.random.randint(len(at_slot))  # noqa: NPY002
        leave = at_slot[slot]
        enter = _proposed(leave, reach)
        if slot_of[enter] >= 0 or not free[enter] or (leave >= 0 and not free[leave]):
            continue
        change = gain[enter]
        if leave >= 0:
            change += kept[enter, slot] - alone[slot]
        if change < 0 and np.random.random() >= np.exp(change / degree):  # noqa: NPY002
            continue
        if _allowed(enter, leave, rule, used):
            value += _exchange(enter, slot, reach, rule, at_slot, state)
            done += mean_row * (reach[0][enter + 1] - reach[0][enter])
            if leave >= 0:
                done += mean_row * (reach[0][leave + 1] - reach[0][leave])
            if value > most + 1e-6:
                most = value
                best[:] = at_slot
    if value + _climb(reach, rule, free, at_slot, state) > most:
        best[:] = at_slot
    return best


@kernel
def _search(
    reach: Reach, rule: Rows, free: Bools, chosen: Bools, slots: int, work: int, seed: int
) -> None:
    """Improve ``chosen`` in place."""
    np.random.seed(seed)  # noqa: NPY002  compiled: numba's own, apart from Python's
    places, sites = len(reach[4]), len(chosen)
    at_slot = np.full(slots, -1, np.int32)
    gain = np.zeros(sites)
    for site in range(sites):
        for at in range(reach[0][site], reach[0][site + 1]):
            gain[site] += reach[4][reach[1][at]]
    state = (
        np.full(sites, -1, np.int32), np.zeros(places, np.int32), np.zeros(places, np.int32),
        np.zeros(len(rule[3])), gain, np.zeros(slots), np.zeros((sites, slots)),
    )  # fmt: skip
    slot, value = 0, 0.0
    for site in range(sites):
        if chosen[site]:
            value += _exchange(site, slot, reach, rule, at_slot, state)
            slot += 1
    value += _climb(reach, rule, free, at_slot, state)
    if work > 0:
        at_slot = _anneal(reach, rule, free, at_slot, state, work, value)
    chosen[:] = False
    chosen[at_slot[at_slot >= 0]] = True


@kernel
def _descend(  # noqa: PLR0912  one loop, compiled
    row: Indices, site_of: Indices, first: Indices, places: Indices,
    people: Floats, weight: Floats, capacity: float, goal: float, steps: int, length: float,
    best: Floats, met: Bools,
) -> None:  # fmt: skip
    """Leave the best prices in ``best`` and the best choice in ``met``."""
    sites = len(weight)
    price = best.copy()
    score = np.zeros(sites)
    cover = np.zeros(len(people))
    slope = np.zeros(len(people))
    least, most, idle = np.inf, -1.0, 0
    for _ in range(steps):
        score[:] = 0.0
        bound = 0.0
        for place in range(len(people)):
            bound += people[place] - price[place]
            if price[place] > 0:
                for at in range(row[place], row[place + 1]):
                    score[site_of[at]] += price[place]
        cover[:] = 0.0
        left = capacity
        order = np.argsort(-score / weight)
        last = 0
        for site in order:
            share = min(1.0, left / weight[site])
            if share <= 0 or score[site] <= 0:
                break
            left -= share * weight[site]
            bound += share * score[site]
            for at in range(first[site], first[site + 1]):
                cover[places[at]] += share
            if share == 1.0:
                last += 1
        reached = 0.0
        norm = 0.0
        for place in range(len(people)):
            if cover[place] >= 1.0:
                reached += people[place]
            # at u = w any y between 0 and 1 is best: the one that leaves no slope, if there is
            wanted = 1.0 if price[place] < people[place] else min(1.0, cover[place])
            if price[place] <= 0 and cover[place] > 1.0:
                cover[place] = 1.0
            slope[place] = 0.7 * slope[place] + cover[place] - wanted
            norm += people[place] * slope[place] ** 2
        if reached > most:
            most = reached
            met[:] = False
            met[order[:last]] = True
        if bound < least:
            if bound < least - 1e-5 * abs(least):
                idle = 0
            least = bound
            best[:] = price
        idle += 1
        if idle > _PATIENCE:
            idle = 0
            length *= 0.8
        if norm == 0.0 or length < 1e-4:
            return
        step = length * max(bound - max(goal, most), 1e-6 * bound) / norm
        for place in range(len(people)):
            moved = price[place] - step * people[place] * slope[place]
            price[place] = min(people[place], max(0.0, moved))
