"""One routing model, solved by OR-tools in a process of its own.

OR-tools brings a HiGHS that cannot be loaded beside highspy's: whichever comes second fails. It
also holds Python's lock while it searches, which would stall every other answer of a service.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context

import numpy as np

from venuenet.siting.daytrips import Ints, Season

SOLUTIONS, LEAST_SOLUTIONS = 4_000, 50
"""Solutions guided local search looks at before it stops, over the number of stops, and the least:
the same on every machine."""

Days = tuple[tuple[int, ...], ...]

_LOCK = threading.Lock()
_POOL: list[ProcessPoolExecutor] = []


def routed(
    near: Ints, prizes: Ints, season: Season, first: Days, until: float
) -> tuple[Days, bool]:
    """Look for routes that gather the most prizes, and among those for the least driving.

    Parameters
    ----------
    near : (s + 1, s + 1) int64
        Seconds from row to column, the depot first; the triangle inequality holds.
    prizes : (s,) int64
    season : Season
    first : Days
        Routes to begin with; may be empty.
    until : float
        On ``time.monotonic()``: then the best found is given.

    Returns
    -------
    (Days, bool)
        Stops of each day, numbered from 0 without the depot; whether the clock ended the search.

    Raises
    ------
    BrokenProcessPool
        The process died twice.
    """
    if len(near) == 2:
        return ((0,),), False
    left = max(0.1, until - time.monotonic())
    with _LOCK:
        try:
            return _pool().submit(_routed, near, prizes, season, first, left).result()
        except BrokenProcessPool:
            _POOL.clear()
            return _pool().submit(_routed, near, prizes, season, first, left).result()


def _pool() -> ProcessPoolExecutor:
    if not _POOL:
        _POOL.append(ProcessPoolExecutor(1, mp_context=get_context("spawn")))
    return _POOL[0]


def _routed(
    near: Ints, prizes: Ints, season: Season, first: Days, left: float
) -> tuple[Days, bool]:
    """Solve the routing model in this process, within some seconds."""
    from ortools.constraint_solver import (  # noqa: PLC0415  never where HiGHS is: see above
        pywrapcp,
        routing_enums_pb2,
    )

    n, days = len(near), min(season.days, len(near) - 1)
    manager = pywrapcp.RoutingIndexManager(n, days, 0)
    routing = pywrapcp.RoutingModel(manager)
    ways = np.minimum(near, season.day_s + 1)
    stopping = np.where(np.arange(n) == 0, 0, season.stop_s)[:, None]
    spent = routing.RegisterTransitMatrix((ways + stopping).tolist())
    # Guided local search penalises ways that cost something: without any it would never end.
    driven = routing.RegisterTransitMatrix((ways + 1).tolist())
    routing.SetArcCostEvaluatorOfAllVehicles(driven)
    routing.AddDimension(spent, 0, season.day_s, True, "time")
    worth = (days + n) * (season.day_s + 2)
    for stop in range(1, n):
        routing.AddDisjunction([manager.NodeToIndex(stop)], int(prizes[stop - 1]) * worth)
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = (
        routing_enums_pb2.FirstSolutionStrategy.PARALLEL_CHEAPEST_INSERTION
    )
    search.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    search.solution_limit = max(LEAST_SOLUTIONS, SOLUTIONS // n)
    search.time_limit.FromMilliseconds(int(1000 * left))
    begun = time.monotonic()
    routing.CloseModelWithParameters(search)
    hint = None
    if first:
        nodes = [[s + 1 for s in day] for day in first] + [[]] * (days - len(first))
        hint = routing.ReadAssignmentFromRoutes(nodes, True)
    answer = (
        routing.SolveFromAssignmentWithParameters(hint, search)
        if hint is not None
        else routing.SolveWithParameters(search)
    )
    late = time.monotonic() - begun >= left
    if answer is None:
        return first, late
    found = []
    for day in range(days):
        index, stops = routing.Start(day), []
        while not routing.IsEnd(index):
            index = answer.Value(routing.NextVar(index))
            if not routing.IsEnd(index):
                stops.append(manager.IndexToNode(index) - 1)
        if stops:
            found.append(tuple(stops))
    return tuple(found), late
