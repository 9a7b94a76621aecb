"""Good choices for coverage where a second site in reach counts too, compiled: annealing. Pure."""

from __future__ import annotations

import numpy as np

from venuenet.siting.swap import (
    COLD,
    HOT,
    Bools,
    Coverage,
    Indices,
    Reach,
    Rows,
    allowed,
    proposed,
    use,
)  # fmt: skip
from venuenet.siting.types import Floats
from venuenet.travel.compiled import kernel


def improved_again(
    coverage: Coverage, start: Bools, slots: int, *, work: int, seed: int = 0
) -> Bools:
    """Improve a choice by annealing where a second site in reach counts too.

    As :func:`improved`, but every exchange is tried out, place by place: with two sites in reach
    there is no short way to say what an exchange changes.
    """
    reach, rows = coverage.arrays
    chosen = start.copy()
    slots = max(slots, int(start.sum()))
    free = coverage.lower < coverage.upper
    _search_again(reach, coverage.again, rows, free, chosen, slots, work, seed)
    return chosen


@kernel
def _take(
    site: int, sign: int, reach: Reach, again: Floats, rule: Rows, count: Indices, used: Floats
) -> float:
    """Choose a site (sign 1) or give it up (-1); gives the change in what is reached."""
    first, places, _, _, people = reach
    change = 0.0
    for at in range(first[site], first[site + 1]):
        place = places[at]
        higher = max(count[place], count[place] + sign)
        count[place] += sign
        if higher == 1:
            change += sign * people[place]
        elif higher == 2:
            change += sign * again[place]
    use(site, sign, rule, used)
    return change


@kernel
def _search_again(
    reach: Reach, again: Floats, rule: Rows, free: Bools, chosen: Bools, slots: int, work: int,
    seed: int,
) -> None:  # fmt: skip
    """Improve ``chosen`` in place."""
    np.random.seed(seed)  # noqa: NPY002  compiled: numba's own, apart from Python's
    first = reach[0]
    count, used = np.zeros(len(again), np.int32), np.zeros(len(rule[3]))
    at_slot = np.full(slots, -1, np.int32)
    slot, value = 0, 0.0
    for site in range(len(chosen)):
        if chosen[site]:
            value += _take(site, 1, reach, again, rule, count, used)
            at_slot[slot] = site
            slot += 1
    inside, most = chosen.copy(), value
    hot, degree, tried, done = HOT * value / slots, 0.0, 0, 0.0
    while done < work:
        if tried % 100 == 0:
            degree = max(hot * (COLD / HOT) ** (done / work), 1e-9)
        tried += 1
        slot = np.random.randint(slots)  # noqa: NPY002
        leave = at_slot[slot]
        enter = proposed(leave, reach)
        done += 1.0
        barred = inside[enter] or not free[enter] or (leave >= 0 and not free[leave])
        if barred or not allowed(enter, leave, rule, used):
            continue
        change = 0.0
        if leave >= 0:
            change += _take(leave, -1, reach, again, rule, count, used)
            done += 2.0 * (first[leave + 1] - first[leave])
        change += _take(enter, 1, reach, again, rule, count, used)
        done += 2.0 * (first[enter + 1] - first[enter])
        if change < 0 and np.random.random() >= np.exp(change / degree):  # noqa: NPY002
            _take(enter, -1, reach, again, rule, count, used)
            if leave >= 0:
                _take(leave, 1, reach, again, rule, count, used)
            continue
        at_slot[slot] = enter
        inside[enter] = True
        if leave >= 0:
            inside[leave] = False
        value += change
        if value > most + 1e-6:
            most = value
            chosen[:] = inside
