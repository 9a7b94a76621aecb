"""Mobile hall routes: days out from a depot that reach the most people, with a proven bound. Pure.

The model is a team orienteering problem (Chao, Golden & Wasil 1996) whose prizes are people within
reach of the stops, as in the maximal covering tour problem (Current & Schilling 1994). With places
``i`` of ``w_i`` people, stops ``j`` in reach of places ``N_i`` and days ``d``::

    maximise    sum_i w_i z_i
    subject to  z_i <= number of stops of N_i on any route,  z_i <= 1
                each day is one way depot - stops - depot, as long as driving and stopping allow
                no stop on two routes

How it is solved: OR-tools routing (guided local search over days as vehicles) gives a plan. Where
all sets of stops that fit a day can be listed (``daytrips``), the best choice of such sets is a
maximal cover whose linear relaxation bounds every plan, and what remains after fixing by reduced
costs is settled by HiGHS: mostly the proven best. Where there are too many sets, the bound is that
of a knapsack: each stop takes its time and half the shortest ways to and from it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.sparse.csgraph import shortest_path

from venuenet.siting import daytrips
from venuenet.siting.daytrips import Bools, Ints, Season
from venuenet.siting.routing import Days, routed
from venuenet.siting.solver import Status
from venuenet.siting.types import Limits, Method

FEW = 2_000
"""Sets of stops among which the best days are found without a plan to begin with."""
ROUNDS = 2
"""Times prizes are shared out anew over stops that reach the same people."""
TINY = 2.0**-20
FAR = 2**31
"""Seconds that stand for no way; far beyond any day."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Routes:
    """A plan of days, and what is proven of it.

    Attributes
    ----------
    days : tuple of tuple of int
        Stops of each day in the order of the visits, the day with the most people first. Days
        nobody would gain from are left out.
    people : int
        Reached by all stops together, each counted once.
    bound : int
        No plan reaches more.
    gap : float
        ``(bound - people) / people``; 0 when nothing better exists, inf when nobody is reached.
    status : Status
        ``optimal``: people = bound. ``time_limit``: a better plan may exist, whichever limit (of
        solutions, of nodes or of the clock) ended the search.
    method : Method
    seconds : float
    seen : int
        Stops that can be visited within a day.
    cut_short : bool
        The wall clock ended the search: another machine may find another plan.
    """

    days: Days
    people: int
    bound: int
    gap: float
    status: Status
    method: Method
    seconds: float
    seen: int
    cut_short: bool = False


def best_routes(
    drive: Floats,
    reach: Bools,
    people: Ints,
    season: Season,
    limits: Limits = Limits(seconds=10.0),
) -> Routes:
    """Find the days out that reach the most people.

    Parameters
    ----------
    drive : (stops + 1, stops + 1) float64
        Seconds from each row to each column, inf = no way; the first is the depot. Driving past
        other stops is allowed: the quickest way counts.
    reach : (places, stops) bool
        Who comes to which stop.
    people : (places,) int64
    season : Season
    limits : Limits
        ``seconds`` is a safeguard: the search ends by counts of solutions and nodes.

    Raises
    ------
    ValueError
        Shapes that do not fit, negative or NaN times, negative people.
    """
    begun = time.monotonic()
    _check(drive, reach, people, season)
    ways = shortest(drive)
    stops = np.flatnonzero(~too_far(ways, season) & (people @ reach > 0))
    if not len(stops) or season.days < 1:
        return Routes((), 0, 0, 0.0, "optimal", "exact", time.monotonic() - begun, len(stops))
    at = np.concatenate([[0], stops + 1])
    near = ways[np.ix_(at, at)]
    sets, weight = collapse(reach[:, stops], people)
    until = begun + limits.seconds

    trips = daytrips.feasible_sets(near, season)
    plan: Days = ()
    late = False
    if trips is None or len(trips) > FEW:
        plan, late = _searched(near, sets, weight, season, begun + limits.seconds / 2)
    if trips is None:
        bound = daytrips.knapsack_bound(near, sets, weight, season, until - time.monotonic())
    else:
        chosen, bound = daytrips.best_sets(
            trips, sets, weight, season, _reached(plan, sets, weight), until - time.monotonic()
        )
        plan = _once(chosen, sets, weight) if chosen is not None else plan
    plan, more_late = _in_order(near, _once(plan, sets, weight), season, until)
    plan = tuple(sorted(plan, key=lambda d: -_reached((d,), sets, weight)))
    found = _reached(plan, sets, weight)
    bound = max(bound, found)
    return Routes(
        days=tuple(tuple(int(stops[s]) for s in day) for day in plan),
        people=found,
        bound=bound,
        gap=(bound - found) / found if found else 0.0 if bound == 0 else float("inf"),
        status="optimal" if bound == found else "time_limit",
        method="heuristic" if trips is None else "exact",
        seconds=time.monotonic() - begun,
        seen=len(stops),
        cut_short=late or more_late or time.monotonic() > until,
    )


def shortest(drive: Floats) -> Ints:
    """Return the quickest ways, whole seconds rounded up, past other stops where that helps.

    Then leaving a stop out of a day never makes the day longer. FAR where there is no way.
    """
    # scipy's graphs hold zero for no way at all: between two places it is one like any other.
    whole = np.ascontiguousarray(np.maximum(np.ceil(drive), TINY), dtype=np.float64)
    quick = np.floor(shortest_path(whole, method="FW"))
    return np.where(np.isfinite(quick), quick, FAR).astype(np.int64)


def too_far(ways: Ints, season: Season) -> Bools:
    """Tell which stops cannot be visited within a day, even alone, (stops,)."""
    return np.asarray(ways[0, 1:] + season.stop_s + ways[1:, 0] > season.day_s)


def day_seconds(ways: Ints, day: Sequence[int], season: Season) -> int:
    """Seconds of a day that visits stops in this order: driving, stopping and the way back."""
    at = [0, *(s + 1 for s in day), 0]
    driving = sum(int(ways[a, b]) for a, b in pairwise(at))
    return driving + len(day) * season.stop_s


def collapse(reach: Bools, people: Ints) -> tuple[Bools, Ints]:
    """Merge places that reach the same stops; those that reach none are left out."""
    some = reach.any(axis=1) & (people > 0)
    sets, row = np.unique(reach[some], axis=0, return_inverse=True)
    weight = np.bincount(row.ravel(), people[some], minlength=len(sets))
    return sets, weight.astype(np.int64)


def _check(drive: Floats, reach: Bools, people: Ints, season: Season) -> None:
    n = reach.shape[1]
    if drive.shape != (n + 1, n + 1):
        raise ValueError(f"drive is {drive.shape}, and should be {(n + 1, n + 1)}: depot, stops")
    if people.shape != (reach.shape[0],):
        raise ValueError(f"people is {people.shape} for {reach.shape[0]} places")
    if np.isnan(drive).any() or (drive < 0).any() or (people < 0).any():
        raise ValueError("times are not negative and never NaN, people not negative")
    if season.days < 0 or season.day_s < 0 or season.stop_s < 0:
        raise ValueError("days, hours and stops are not negative")


def _reached(plan: Days, sets: Bools, weight: Ints) -> int:
    """People reached by all stops of a plan."""
    visited = [s for day in plan for s in day]
    return int(weight[sets[:, visited].any(axis=1)].sum())


def _prizes(plan: Days, sets: Bools, weight: Ints) -> Ints:
    """Give everybody to one stop: a visited one where there is one, the larger before the smaller.

    Prizes then add up, as OR-tools needs them to.
    """
    size = weight @ sets
    rank = size + np.isin(np.arange(sets.shape[1]), [s for d in plan for s in d]) * size.sum()
    mine = np.where(sets, rank + 1, 0).argmax(axis=1)
    return np.bincount(mine, weight, minlength=sets.shape[1]).astype(np.int64)


def _searched(
    near: Ints, sets: Bools, weight: Ints, season: Season, until: float
) -> tuple[Days, bool]:
    """Search with OR-tools; prizes are shared out anew around what was found."""
    best: Days = ()
    late = False
    for _ in range(ROUNDS):
        prizes = _prizes(best, sets, weight)
        plan, ended = routed(near, prizes, season, best, until)
        late = late or ended
        if _reached(plan, sets, weight) <= _reached(best, sets, weight):
            break
        best = plan
    return best, late


def _once(plan: Days, sets: Bools, weight: Ints) -> Days:
    """Drop stops that add nobody to those before them, and days that are left with none."""
    open_to = np.ones(len(sets), dtype=np.bool_)
    left = []
    for day in sorted(plan, key=lambda d: -_reached((d,), sets, weight)):
        kept = []
        for stop in sorted(day, key=lambda s: -int(weight[sets[:, s]].sum())):
            if weight[open_to & sets[:, stop]].sum() > 0:
                kept.append(stop)
                open_to &= ~sets[:, stop]
        if kept:
            left.append(tuple(s for s in day if s in kept))
    return tuple(left)


def _in_order(near: Ints, plan: Days, season: Season, until: float) -> tuple[Days, bool]:
    """Drive as little as can be found for the same stops; the day with the most first is kept."""
    plan = tuple(daytrips.ordered(near, day) for day in plan)
    if len(plan) < 2:
        return plan, False
    stops = sorted(s for day in plan for s in day)
    at = np.concatenate([[0], np.array(stops) + 1])
    local = tuple(tuple(stops.index(s) for s in day) for day in plan)
    same = np.ones(len(stops), dtype=np.int64)
    days = min(season.days, len(stops))
    few = Season(days, season.day_s, season.stop_s)
    found, late = routed(near[np.ix_(at, at)], same, few, local, until)
    again = tuple(tuple(stops[s] for s in day) for day in found)
    if sorted(s for day in again for s in day) != stops:
        return plan, late
    again = tuple(daytrips.ordered(near, day) for day in again)
    before, after = (sum(day_seconds(near, d, season) for d in p) for p in (plan, again))
    return (again if after < before else plan), late
