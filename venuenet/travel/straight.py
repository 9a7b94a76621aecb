"""The compiled part of the estimates: legs on straight lines, and the best way by rail.

Every leg is rounded to whole seconds, half to even, before it is added to another.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from venuenet.model import UNREACHED
from venuenet.travel.compiled import kernel

Floats = NDArray[np.float64]
Seconds = NDArray[np.int32]

FAR = UNREACHED // 4
"""Stand-in for "no way" inside sums of int32 seconds: about 17 years."""

NEAREST_STATIONS = 4
"""How many stations a point's other stations are compared with; no result depends on it."""


@kernel
def _seconds(
    metres: float, pace: float, fixed: float, bus_pace: float, bus_fixed: float, bus_reach: float
) -> np.int32:
    taken = metres * pace + fixed
    if metres <= bus_reach:
        taken = min(taken, metres * bus_pace + bus_fixed)
    return np.int32(np.rint(min(taken, UNREACHED)))


@kernel
def leg_seconds(
    here: Floats, there: Floats, off: Floats, pace: Floats, fixed: float, bus: Floats
) -> Seconds:
    """Seconds from points to places that may lie ``off`` metres farther or nearer.

    Parameters
    ----------
    here : (p, 2) float64
        Metres.
    there : (2, k) float64
        Metres.
    off : (k,) float64
        Metres by which each place's position may be wrong.
    pace : (g, k) float64
        Seconds per metre; each row stands for p / g points, one after the other.
    fixed : float
        Seconds that every leg takes beside.
    bus : (3,) float64
        An assumed bus: seconds per metre, seconds beside, and metres up to which it may be taken
        if faster; negative for none.

    Returns
    -------
    (3, p, k) int32
        In the order of ``model.VARIANTS``: as given, farther, nearer.
    """
    each = len(here) // len(pace)
    bus_pace, bus_fixed, bus_reach = bus
    out = np.empty((3, len(here), len(off)), dtype=np.int32)
    for p in range(len(here)):
        row, x, y = pace[p // each], here[p, 0], here[p, 1]
        for k in range(len(off)):
            dx, dy = x - there[0, k], y - there[1, k]
            d = math.sqrt(dx * dx + dy * dy)
            out[0, p, k] = _seconds(d, row[k], fixed, bus_pace, bus_fixed, bus_reach)
            out[1, p, k] = _seconds(d + off[k], row[k], fixed, bus_pace, bus_fixed, bus_reach)
            nearer = max(d - off[k], 0.0)
            out[2, p, k] = _seconds(nearer, row[k], fixed, bus_pace, bus_fixed, bus_reach)
    return out


@kernel
def onward_seconds(rides: Seconds, walk_out: Seconds) -> Seconds:
    """Seconds from entering each station to each venue: the least over stations one leaves by.

    Parameters
    ----------
    rides : (s, s) int32
        At most FAR.
    walk_out : (3, s, v) int32
        From each station to each venue, by variant.

    Returns
    -------
    (3, s, v) int32
        At most FAR.
    """
    out = np.empty(walk_out.shape, dtype=np.int32)
    for n in range(len(walk_out)):
        for enter in range(len(rides)):
            for v in range(walk_out.shape[2]):
                out[n, enter, v] = FAR
            for leave in range(len(rides)):
                ride = rides[enter, leave]
                if ride < FAR:
                    for v in range(walk_out.shape[2]):
                        taken = np.int32(ride + walk_out[n, leave, v])
                        out[n, enter, v] = min(out[n, enter, v], taken)
    return out


@kernel
def lost_by_staying(rides: Seconds) -> Seconds:
    """Seconds by which staying at each station may lose against passing through it, (s,), >= 0.

    The most by which a ride from anywhere to anywhere is longer than two rides that end and begin
    at the station: the walk between its platforms, mostly.
    """
    lost = np.zeros(len(rides), dtype=np.int32)
    for via in range(len(rides)):
        most = np.int32(0)
        for a in range(len(rides)):
            come = rides[a, via]
            for b in range(len(rides)):
                most = max(most, np.int32(rides[a, b] - come - rides[via, b]))
        lost[via] = most
    return lost


@kernel
def worthwhile_legs(
    here: Floats, there: Floats, pace: float, bus: Floats, rides: Seconds, lost: Seconds
) -> tuple[NDArray[np.int64], NDArray[np.int32], Seconds]:
    """Find the walks from points to the stations worth walking to, as rows of a sparse matrix.

    Walking to station s is pointless where walking to one of the nearest stations and riding to
    s is faster by more than ``lost[s]``: going on from there cannot take longer.

    Parameters
    ----------
    here : (p, 2) float64
        Metres.
    there : (2, s) float64
        Stations, metres.
    pace : float
        Seconds per metre.
    bus : (3,) float64
        See :func:`leg_seconds`.
    rides : (s, s) int32
    lost : (s,) int32
        See :func:`lost_by_staying`.

    Returns
    -------
    at : (p + 1,) int64
        Point i owns entries ``at[i]:at[i + 1]``.
    to, seconds : (entries,) int32
        Station and walk of each.
    """
    stations = len(rides)
    bus_pace, bus_fixed, bus_reach = bus
    few = min(NEAREST_STATIONS, stations)
    nearest = np.empty(few, dtype=np.int64)
    by_train = np.empty(stations, dtype=np.int32)
    walk = np.empty(stations, dtype=np.int32)
    at = np.zeros(len(here) + 1, dtype=np.int64)
    to = np.empty(8 * len(here) + stations, dtype=np.int32)
    seconds = np.empty(len(to), dtype=np.int32)
    n = 0
    for p in range(len(here)):
        for s in range(stations):
            dx, dy = here[p, 0] - there[0, s], here[p, 1] - there[1, s]
            d = math.sqrt(dx * dx + dy * dy)
            walk[s] = _seconds(d, pace, 0.0, bus_pace, bus_fixed, bus_reach)
        _nearest_stations(walk, nearest)
        by_train[:] = FAR
        for c in nearest:
            for s in range(stations):
                by_train[s] = min(by_train[s], np.int32(walk[c] + rides[c, s]))
        if n + stations > len(to):
            longer = 2 * len(to) + stations
            to = np.concatenate((to, np.empty(longer - len(to), dtype=np.int32)))
            seconds = np.concatenate((seconds, np.empty(longer - len(seconds), dtype=np.int32)))
        for s in range(stations):
            if walk[s] <= by_train[s] + lost[s]:
                to[n], seconds[n] = s, walk[s]
                n += 1
        at[p + 1] = n
    return at, to[:n].copy(), seconds[:n].copy()


@kernel
def improve_by_rail(
    best: Seconds,
    points: NDArray[np.int64],
    at: NDArray[np.int64],
    to: NDArray[np.int32],
    walk: Seconds,
    onward: Seconds,
) -> None:
    """Lower the direct times where walking to a station and riding on is faster.

    Parameters
    ----------
    best : (3, p, v) int32
        From each point to each venue without rail; changed.
    points : (p,) int64
        Which row of the walks each of them is.
    at, to, walk
        See :func:`worthwhile_legs`.
    onward : (3, s, v) int32
        See :func:`onward_seconds`.
    """
    for p in range(len(points)):
        for leg in range(at[points[p]], at[points[p] + 1]):
            s = to[leg]
            for n in range(len(best)):
                for v in range(best.shape[2]):
                    taken = np.int32(walk[leg] + onward[n, s, v])
                    best[n, p, v] = min(best[n, p, v], taken)


@kernel
def _nearest_stations(walk: Seconds, nearest: NDArray[np.int64]) -> None:
    """Fill ``nearest`` with the positions of the least of ``walk``."""
    found = 0
    for s in range(len(walk)):
        if found < len(nearest):
            i, found = found, found + 1
        elif walk[s] < walk[nearest[-1]]:
            i = found - 1
        else:
            continue
        while i > 0 and walk[s] < walk[nearest[i - 1]]:
            nearest[i] = nearest[i - 1]
            i -= 1
        nearest[i] = s
