"""A first look at coverage with limited room: a good choice, a bound, sites ruled out. Pure.

What branch and bound of :func:`venuenet.siting.rooms.cover_with_room` begins with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array

from venuenet.siting.filling import filled, room_prices
from venuenet.siting.flows import Flows, shared_out, standing
from venuenet.siting.most import coverage_of, start_of
from venuenet.siting.reduce import Task
from venuenet.siting.rows import site_bounds
from venuenet.siting.solver import Programme, Solved
from venuenet.siting.swap import Bools, Coverage
from venuenet.siting.types import Floats

_STEPS, _ROUNDS = 300, 30
"""Subgradient steps; rounds of exchanges at most."""
_SHARE = 0.4
"""Share of the time for exchanges."""


@dataclass(frozen=True)
class Known:
    """What is known of a task of flows before the search; values as its programme has them.

    Attributes
    ----------
    chosen : (sites,) bool
    flow : (flows,) float64
        Of the choice, shared out exactly.
    value, bound : float
        People served, with the sign turned.
    stays : (sites,) bool
        Sites that a better choice may have, and fixed ones.
    """

    chosen: Bools
    flow: Floats
    value: float
    bound: float
    stays: Bools


def first_look(flows: Flows, reach: csr_array, task: Task) -> Known | None:
    """Find a choice that keeps the rules, a bound, and what the prices rule out.

    Parameters
    ----------
    flows : Flows
    reach : (places, sites) csr_array of float64
        Of the places of ``flows``.
    task : Task
        The same rules.

    Returns
    -------
    Known, optional
        None where no choice was found.
    """
    there, usable = standing(flows.rules, flows.sites)
    lower, upper = site_bounds(flows.rules, flows.sites)
    coverage = Coverage(
        reach, flows.people, np.zeros(len(flows.people)), task.rows, task.low, task.high,
        np.minimum(lower, upper), upper,
    )  # fmt: skip
    near = coverage_of(task, csr_array(reach[:, task.sites]), flows.people, task.sites)
    start = start_of(task, near, task.sites)
    if isinstance(start, Solved):
        return None
    room = flows.rooms
    best: Known | None = None
    for first in (np.isin(np.arange(flows.sites), task.sites[start]), coverage.lower > 0.5):
        chosen = first
        for _ in range(_ROUNDS):
            before = chosen
            chosen = filled(coverage, room, there, before, task.slots(task.sites))
            if (chosen == before).all() or task.left() < (1 - _SHARE) * task.limits.seconds:
                break
        if not coverage.keeps(chosen):
            continue
        found, flow = shared_out(flows, chosen, task.left())
        if flow is not None and (best is None or found.objective < best.value):
            best = Known(chosen, flow, found.objective, -np.inf, usable)
    return None if best is None else _with_bound(best, coverage, room, there, task)


def _with_bound(known: Known, coverage: Coverage, room: Floats, there: Bools, task: Task) -> Known:
    """Bound what any choice serves, by prices of the places and by the room alone."""
    weight, capacity = np.ones(len(room)), 0.0
    weight[task.sites], capacity = task.capacity(task.sites)
    price, worth = room_prices(coverage, room, there, weight, capacity, -known.value, steps=_STEPS)
    full = np.minimum(room, coverage.people @ coverage.reach)
    bound, stays = known.bound, known.stays.copy()
    for spare, each in (
        (float(coverage.people @ (1 - price)), worth),
        (0.0, full),  # prices of 1: everybody a site reaches, up to its room
    ):
        best = task.solve(
            Programme(
                -each[task.sites], csr_array(task.rows[:, task.sites]), task.low, task.high,
                np.ones(len(task.sites)), np.zeros(len(task.sites), dtype=np.bool_),
                task.lower[task.sites],
            )
        )  # fmt: skip
        if best.reduced is None:
            continue
        least = best.bound - spare - float(each[there].sum())
        bound = max(bound, least)
        stays[task.sites] &= least + best.reduced <= known.value
    return Known(known.chosen, known.flow, known.value, bound, stays | known.chosen)
