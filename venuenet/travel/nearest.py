"""The compiled part of ``engine.collect``: the nearest few of each kind, and places in rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from venuenet.model import UNREACHED
from venuenet.travel.compiled import kernel


@kernel
def keep_nearest(
    seconds: NDArray[np.int32],
    order: NDArray[np.int64],
    bounds: NDArray[np.int64],
    first: int,
    near_s: NDArray[np.int32],
    near_venue: NDArray[np.int16],
    named: bool,
) -> None:
    """Keep the nearest few venues of each kind, nearest first, the earlier winning a tie.

    Parameters
    ----------
    seconds : (c * m, venues) int32
        Of the points of cells ``first``, ``first + 1`` and so on, m points each.
    order, bounds : (venues,) and (kinds + 1,) int64
        The venues of kind k are ``order[bounds[k]:bounds[k + 1]]``, ascending.
    first : int
        Position of the first of these cells.
    near_s : (kinds, few, n, m) int32
        Filled for these cells; must hold UNREACHED, which stays where there is none.
    near_venue : (kinds, few, n, m) int16
        Filled for these cells if ``named``; must hold -1, which stays where there is none.
    """
    few, samples = near_s.shape[1], near_s.shape[3]
    # Loops, not slices: numba takes seconds longer to compile those.
    best = np.empty(few, dtype=np.int32)
    who = np.empty(few, dtype=np.int16)
    for p in range(len(seconds)):
        cell, point = first + p // samples, p % samples
        for k in range(len(bounds) - 1):
            for i in range(few):
                best[i], who[i] = UNREACHED, -1
            for j in range(bounds[k], bounds[k + 1]):
                taken = seconds[p, order[j]]
                if taken < best[few - 1]:
                    i = few - 1
                    while i > 0 and taken < best[i - 1]:
                        best[i], who[i] = best[i - 1], who[i - 1]
                        i -= 1
                    best[i], who[i] = taken, order[j]
            for i in range(min(few, bounds[k + 1] - bounds[k])):
                near_s[k, i, cell, point] = best[i]
                if named:
                    near_venue[k, i, cell, point] = who[i]


@kernel
def keep_own(
    seconds: NDArray[np.int32],
    kind: NDArray[np.int64],
    district: NDArray[np.int32],
    home: NDArray[np.int32],
    first: int,
    most: int,
    own_s: NDArray[np.uint16],
) -> None:
    """Keep the time to the nearest venue of each kind in the cell's own district.

    Parameters
    ----------
    seconds : (c * m, venues) int32
        As in :func:`keep_nearest`.
    kind : (venues,) int64
    district : (venues,) int32
        Of each venue; -1 where unknown.
    home : (n,) int32
        District of every cell.
    first : int
        Position of the first of these cells.
    most : int
        Longer times are not kept.
    own_s : (kinds, n, m) uint16
        Made shorter for these cells where it can be.
    """
    samples = own_s.shape[2]
    for p in range(len(seconds)):
        cell, point = first + p // samples, p % samples
        for v in range(len(kind)):
            taken = seconds[p, v]
            if district[v] == home[cell] and taken <= most and taken < own_s[kind[v], cell, point]:
                own_s[kind[v], cell, point] = taken


@kernel
def take_places(venue: NDArray[np.int16], free: NDArray[np.int64]) -> NDArray[np.int64]:
    """Give each entry the next free place of its venue's row, and move ``free`` on.

    Parameters
    ----------
    venue : (e,) int16
        Venue of each entry.
    free : (venues,) int64
        Where the next entry of each venue goes; changed.

    Returns
    -------
    (e,) int64
    """
    place = np.empty(len(venue), dtype=np.int64)
    for i in range(len(venue)):
        place[i] = free[venue[i]]
        free[venue[i]] += 1
    return place
