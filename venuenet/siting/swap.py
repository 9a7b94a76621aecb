"""Good choices for coverage, compiled: interchange and annealing. Pure.

A place has a row of the sites that reach it, a site a column of the places it reaches.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

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
HOT, COLD = 0.04, 0.004
"""People an exchange may lose with probability 1/e, at first and at last, as a share of those whom
a chosen site serves on average: at first a choice is half forgotten, at last hardly changed."""
_FAR = 0.1
"""Share of exchanges tried with a site anywhere; the others are with one that shares a place."""


@dataclass(frozen=True)
class Coverage:
    """Places, the sites that reach them, and rules ``low <= rules @ x <= high``.

    Attributes
    ----------
    reach : (places, sites) csr_array of float64
    people : (places,) float64
        What a site in reach counts.
    again : (places,) float64
        What a second one counts beside.
    rules : (rows, sites) csr_array of float64
    low, high : (rows,) float64
    lower, upper : (sites,) float64
        0 and 1; equal where there is no choice.
    """

    reach: csr_array
    people: Floats
    again: Floats
    rules: csr_array
    low: Floats
    high: Floats
    lower: Floats
    upper: Floats

    @cached_property
    def arrays(self) -> tuple[Reach, Rows]:
        """What compiled code takes: who reaches whom both ways round, and the rules by site."""
        by_site, rules = csc_array(self.reach), csc_array(self.rules)
        return (
            (*_parts(by_site), *_parts(self.reach), self.people),
            (*_parts(rules), rules.data, self.low, self.high),
        )

    def reached(self, chosen: Bools) -> float:
        """People that a choice reaches, and reaches again."""
        count = self.reach @ chosen.astype(np.float64)
        return float(self.people @ (count > 0) + self.again @ (count > 1))

    @property
    def worth(self) -> tuple[Floats, Floats]:
        """What a first and a second site in reach count at most, the first no less."""
        mean = (self.people + self.again) / 2
        return np.maximum(self.people, mean), np.minimum(self.again, mean)

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
    coverage: Coverage,
    start: Bools,
    slots: int,
    *,
    per: Floats | None = None,
    work: int = 0,
    seed: int = 0,
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
    per : (sites,) float64, optional
        Positive. Sites are added by the people they newly reach per so much, as by their cost
        where a budget limits the choice; None: by the people alone.
    work : int
        How much annealing: exchanges looked at, and entries of ``reach`` gone through for those
        made. A second is some 3e8.
    seed : int

    Returns
    -------
    (sites,) bool
        Reaches no fewer people than ``start``; keeps the rules if ``start`` does.
    """
    chosen = start.copy()
    slots = max(slots, int(start.sum()))  # sites forced may be more than the rules allow
    per = np.ones(len(start)) if per is None else per
    free = coverage.lower < coverage.upper
    _search(*coverage.arrays, free, per, chosen, slots, work, seed)
    return chosen


def _parts(table: csr_array | csc_array) -> tuple[Indices, Indices]:
    """Give where the rows, or columns, of a table begin and what they hold."""
    return table.indptr.astype(np.int32), table.indices.astype(np.int32)


@kernel
def use(site: int, sign: int, rule: Rows, used: Floats) -> None:
    """Count a site in (sign 1) or out (-1) of the rules' sums."""
    for at in range(rule[0][site], rule[0][site + 1]):
        used[rule[1][at]] += sign * rule[2][at]


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
    use(site, sign, rule, used)
    slot_of[site] = slot if sign > 0 else -1
    return change


@kernel
def allowed(enter: int, leave: int, rule: Rows, used: Floats) -> bool:
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
def _climb(
    reach: Reach, rule: Rows, free: Bools, per: Floats, at_slot: Indices, state: State
) -> float:
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
                and (enter < 0 or gain[site] / per[site] > best)
            )
            if wanted and allowed(site, -1, rule, used):
                best, enter = gain[site] / per[site], site
        if enter >= 0:
            slot = room[0]
        else:
            for site in range(len(slot_of)):
                if slot_of[site] >= 0 or not free[site]:
                    continue
                for other in range(len(at_slot)):
                    change = gain[site] - alone[other] + kept[site, other]
                    better = change > best and at_slot[other] >= 0 and free[at_slot[other]]
                    if better and allowed(site, at_slot[other], rule, used):
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
def proposed(leave: int, reach: Reach) -> int:
    """Draw a site that may come for one that goes: mostly one that shares a place with it."""
    first, places, row, sites, _ = reach
    if leave < 0 or first[leave] == first[leave + 1] or np.random.random() < _FAR:  # noqa: NPY002
        return np.random.randint(len(first) - 1)  # noqa: NPY002
    place = places[np.random.randint(first[leave], first[leave + 1])]  # noqa: NPY002
    enter: int = sites[np.random.randint(row[place], row[place + 1])]  # noqa: NPY002
    return enter


@kernel
def _anneal(
    reach: Reach, rule: Rows, free: Bools, per: Floats, at_slot: Indices, state: State, work: int,
    value: float,
) -> Indices:  # fmt: skip
    """Exchange at random, ever more carefully; gives the slots of the best choice met.

    ``value`` is the people reached now.
    """
    slot_of, _, _, used, gain, alone, kept = state
    best, most = at_slot.copy(), value
    mean_row = len(reach[3]) / max(len(reach[4]), 1)
    hot, degree, tried, done = HOT * value / len(at_slot), 0.0, 0, 0.0
    while done < work:
        if tried % 100 == 0:
            degree = max(hot * (COLD / HOT) ** (done / work), 1e-9)
        tried += 1
        done += 1.0
        slot = np.random.randint(len(at_slot))  # noqa: NPY002
        leave = at_slot[slot]
        enter = proposed(leave, reach)
        if slot_of[enter] >= 0 or not free[enter] or (leave >= 0 and not free[leave]):
            continue
        change = gain[enter]
        if leave >= 0:
            change += kept[enter, slot] - alone[slot]
        if change < 0 and np.random.random() >= np.exp(change / degree):  # noqa: NPY002
            continue
        if allowed(enter, leave, rule, used):
            value += _exchange(enter, slot, reach, rule, at_slot, state)
            done += mean_row * (reach[0][enter + 1] - reach[0][enter])
            if leave >= 0:
                done += mean_row * (reach[0][leave + 1] - reach[0][leave])
            if value > most + 1e-6:
                most = value
                best[:] = at_slot
    if value + _climb(reach, rule, free, per, at_slot, state) > most:
        best[:] = at_slot
    return best


@kernel
def _search(
    reach: Reach, rule: Rows, free: Bools, per: Floats, chosen: Bools, slots: int, work: int,
    seed: int,
) -> None:  # fmt: skip
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
    value += _climb(reach, rule, free, per, at_slot, state)
    if work > 0:
        at_slot = _anneal(reach, rule, free, per, at_slot, state, work, value)
    chosen[:] = False
    chosen[at_slot[at_slot >= 0]] = True
