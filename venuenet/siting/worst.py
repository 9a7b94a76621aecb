"""Good choices for the worst-served area, compiled: annealing up to a share asked for. Pure."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

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


def levelled(
    coverage: Coverage,
    area: NDArray[np.int64],
    had: Floats,
    wanted: float,
    start: Bools,
    slots: int,
    *,
    work: int,
    seed: int,
    people: Floats | None = None,
) -> Bools:
    """Bring every area up to a share, as far as exchanges do it; then reach the most people.

    Maximises the sum over areas of the share reached, what is above ``wanted`` not counted
    (Krause, McMahan, Guestrin & Gupta 2008): all areas have that share where the sum is full.

    Parameters
    ----------
    coverage : Coverage
        With each place's share of its area's people in the place of people.
    area : (places,) int64
    had : (areas,) float64
        Share of each area that fixed sites reach.
    wanted : float
    start : (sites,) bool
    slots : int
        No choice has more sites than this.
    work, seed : int
        As for :func:`venuenet.siting.swap.improved`.
    people : (areas,) float64, optional
        Of each area: then people count too, but far less than what areas fall short.

    Returns
    -------
    (sites,) bool
        Keeps the rules if ``start`` does; what is maximised is no smaller.
    """
    reach, rows = coverage.arrays
    chosen = start.copy()
    free = coverage.lower < coverage.upper
    slots = max(slots, int(start.sum()))
    if people is None:
        short, more, hot = 1.0, np.zeros(len(had)), HOT * wanted
    else:
        more = people / max(float(people.sum()), 1e-9)
        short, hot = 1000.0, HOT / slots
    _anneal_level(
        reach, rows, area.astype(np.int32), had, wanted, short, more, hot, free, chosen, slots,
        work, seed,
    )  # fmt: skip
    return chosen


@kernel
def _put(
    site: int, sign: int, reach: Reach, rule: Rows, area: Indices, count: Indices, used: Floats,
    share: Floats,
) -> None:  # fmt: skip
    """Choose a site (sign 1) or give it up (-1)."""
    first, places, _, _, people = reach
    for at in range(first[site], first[site + 1]):
        place = places[at]
        if max(count[place], count[place] + sign) == 1:
            share[area[place]] += sign * people[place]
        count[place] += sign
    use(site, sign, rule, used)


@kernel
def _anneal_level(
    reach: Reach, rule: Rows, area: Indices, had: Floats, wanted: float, short: float,
    more: Floats, hot: float, free: Bools, chosen: Bools, slots: int, work: int, seed: int,
) -> None:  # fmt: skip
    """Improve ``chosen`` in place."""
    np.random.seed(seed)  # noqa: NPY002  compiled: numba's own, apart from Python's
    first = reach[0]
    count, used, share = np.zeros(len(reach[4]), np.int32), np.zeros(len(rule[3])), had.copy()
    at_slot = np.full(slots, -1, np.int64)
    for slot, site in enumerate(np.flatnonzero(chosen)):
        _put(int(site), 1, reach, rule, area, count, used, share)
        at_slot[slot] = site
    value = (short * np.minimum(share, wanted) + more * share).sum()
    full = short * wanted * len(had) + more.sum() - 1e-9
    inside, most, degree, tried, done = chosen.copy(), value, 0.0, 0, 0.0
    while done < work and most < full:
        if tried % 100 == 0:
            degree = max(hot * (COLD / HOT) ** (done / work), 1e-12)
        tried += 1
        done += 1.0
        slot = np.random.randint(slots)  # noqa: NPY002
        leave = at_slot[slot]
        enter = proposed(leave, reach)
        barred = inside[enter] or not free[enter] or (leave >= 0 and not free[leave])
        if barred or not allowed(enter, leave, rule, used):
            continue
        if leave >= 0:
            _put(leave, -1, reach, rule, area, count, used, share)
            done += 2.0 * (first[leave + 1] - first[leave])
        _put(enter, 1, reach, rule, area, count, used, share)
        done += 2.0 * (first[enter + 1] - first[enter]) + len(share)
        now = (short * np.minimum(share, wanted) + more * share).sum()
        if now < value and np.random.random() >= np.exp((now - value) / degree):  # noqa: NPY002
            _put(enter, -1, reach, rule, area, count, used, share)
            if leave >= 0:
                _put(leave, 1, reach, rule, area, count, used, share)
            continue
        at_slot[slot] = enter
        inside[enter] = True
        if leave >= 0:
            inside[leave] = False
        value = now
        if value > most + 1e-9:
            most = value
            chosen[:] = inside
