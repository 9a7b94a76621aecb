"""People who go to sites with limited room, as columns and rows of a programme. Pure.

Shared by the models of ``rooms``: they differ in the price of going and in who must go.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array, vstack

from venuenet.siting.rows import rule_rows, site_bounds
from venuenet.siting.solver import Heard, Programme, Solved, solve
from venuenet.siting.types import Floats, Rules

_ROUNDS = 12
"""Linear programmes at most before branch and bound."""


@dataclass(frozen=True)
class Flows:
    """Flows f of persons from places to sites at a price, and the rules on the sites x.

    Attributes
    ----------
    place, site : (flows,) int
        Site -1: any of the sites of ``any_of`` in reach.
    price : (flows,) float64
    people : (places,) float64
    rooms : (sites,) float64
    all_served : bool
        Whether everybody must be, or nobody need be.
    any_of : (places, sites) csr_array, optional
    """

    rules: Rules
    sites: int
    place: NDArray[np.intp]
    site: NDArray[np.intp]
    price: Floats
    people: Floats
    rooms: Floats
    all_served: bool
    any_of: csr_array | None = None


def programme_of(task: Flows, tight: NDArray[np.bool_]) -> Programme:
    """Write the programme of some flows; columns: f, in persons, then x.

    ``tight`` flows have a row f <= min(w, room) x of their own; without one, the room binds them.
    """
    flows, sites, places = len(task.place), task.sites, len(task.people)
    width = flows + sites
    fixed, _ = standing(task.rules, sites)
    flow = np.arange(flows)
    own = task.site >= 0
    rooms = np.minimum(
        task.rooms,
        np.bincount(task.site[own], task.people[task.place[own]], minlength=sites),
    )
    limited, opened = np.flatnonzero(own), np.flatnonzero(own & ~fixed[task.site] & tight)
    room_of, place_of = task.site[limited], task.place[opened]
    built = np.unique(room_of)
    row_of_site = np.full(sites, -1)
    row_of_site[built] = np.arange(len(built))
    to_build = ~fixed[built]
    leave = csr_array((np.ones(flows), (task.place, flow)), shape=(places, width))
    arrive = csr_array(
        (
            np.concatenate([np.ones(len(limited)), -rooms[built[to_build]]]),
            (
                np.concatenate([row_of_site[room_of], np.flatnonzero(to_build)]),
                np.concatenate([limited, flows + built[to_build]]),
            ),
        ),
        shape=(len(built), width),
    )
    most = np.minimum(task.people[place_of], rooms[task.site[opened]])
    row = np.arange(len(opened))
    only_open = csr_array(
        (
            np.concatenate([np.ones(len(opened)), -most]),
            (np.concatenate([row, row]), np.concatenate([opened, flows + task.site[opened]])),
        ),
        shape=(len(opened), width),
    )
    any_open = _any_open(task, width)
    rules, low, high = rule_rows(task.rules, sites, first=flows, width=width)
    lower, upper = site_bounds(task.rules, sites)
    least = task.people if task.all_served else np.full(places, -np.inf)
    return Programme(
        cost=np.concatenate([task.price, np.zeros(sites)]),
        rows=csr_array(vstack([leave, arrive, only_open, any_open, rules], format="csr")),
        row_low=np.concatenate(
            [least, np.full(len(built) + len(opened) + any_open.shape[0], -np.inf), low]
        ),
        row_high=np.concatenate(
            [
                task.people,
                np.where(to_build, 0.0, rooms[built]),
                np.zeros(len(opened) + any_open.shape[0]),
                high,
            ]
        ),
        lower=np.concatenate([np.zeros(flows), lower]),
        upper=np.concatenate([task.people[task.place], upper]),
        integer=np.arange(width) >= flows,
    )


def among(task: Flows, sites: NDArray[np.bool_]) -> tuple[Flows, NDArray[np.intp]]:
    """Leave out the flows to all but some sites; also give which flows stay."""
    kept = np.flatnonzero((task.site < 0) | sites[task.site])
    place, site, price = task.place[kept], task.site[kept], task.price[kept]
    return replace(task, place=place, site=site, price=price), kept


def shared_out(
    task: Flows, chosen: NDArray[np.bool_], seconds: float
) -> tuple[Solved, Floats | None]:
    """Share people out among the sites of a choice, exactly; also give the flows of the task."""
    fixed, _ = standing(task.rules, task.sites)
    part, kept = among(task, chosen | fixed)
    flows, x = len(kept), chosen.astype(np.float64)
    programme = programme_of(part, np.zeros(flows, dtype=np.bool_))
    found = solved(
        replace(
            programme,
            lower=np.concatenate([np.zeros(flows), x]),
            upper=np.concatenate([programme.upper[:flows], x]),
            integer=np.zeros(len(programme.cost), dtype=np.bool_),
        ),
        seconds,
    )
    if found.x is None:
        return found, None
    flow = np.zeros(len(task.place))
    flow[kept] = found.x[:flows]
    return found, flow


def tightened(task: Flows, end: float) -> Programme:
    """Write the programme with those tight rows that the linear answer would break.

    A few rounds of linear programmes, each with the rows the one before broke, find nearly the
    bound of all rows at a fraction of their number.
    """
    tight = np.zeros(len(task.place), dtype=np.bool_)
    programme = programme_of(task, tight)
    if not len(tight):
        return programme
    fixed, _ = standing(task.rules, task.sites)
    may = (task.site >= 0) & ~fixed[task.site]
    most = np.minimum(task.people[task.place], task.rooms[task.site])
    for _ in range(_ROUNDS):
        linear = replace(programme, integer=np.zeros(len(programme.cost), dtype=np.bool_))
        found = solved(linear, end - time.perf_counter())
        if found.x is None:
            break
        flow, x = found.x[: len(tight)], found.x[len(tight) :]
        broken = may & ~tight & (flow > most * x[task.site] + 1e-6)
        if not broken.any():
            break
        tight |= broken
        programme = programme_of(task, tight)
    return programme


def _any_open(task: Flows, width: int) -> csr_array:
    """Give the rows g_i <= w_i sum of x_j over the sites with room for everybody in reach."""
    flow = np.flatnonzero(task.site < 0)
    if task.any_of is None or not len(flow):
        return csr_array((0, width))
    place = task.place[flow]
    sites = coo_array(task.any_of[place])
    first = width - task.sites
    return csr_array(
        (
            np.concatenate([np.ones(len(flow)), -task.people[place][sites.row]]),
            (
                np.concatenate([np.arange(len(flow)), sites.row]),
                np.concatenate([flow, first + sites.col]),
            ),
        ),
        shape=(len(flow), width),
    )


def only_columns(rows: csr_array, keep: NDArray[np.bool_]) -> csr_array:
    """Empty the columns that are not kept."""
    pairs = coo_array(rows)
    kept = keep[pairs.col]
    return csr_array((pairs.data[kept], (pairs.row[kept], pairs.col[kept])), shape=rows.shape)


def standing(rules: Rules, sites: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which sites are fixed, and which are there or may be chosen."""
    fixed = np.zeros(sites, dtype=np.bool_)
    fixed[list(rules.fixed)] = True
    return fixed, fixed | (site_bounds(rules, sites)[1] > 0)


def solved(
    programme: Programme,
    seconds: float,
    *,
    gap: float = 0.0,
    tell: Heard | None = None,
    start: Floats | None = None,
) -> Solved:
    """Solve a programme whose bounds may cross, or that may have no columns at all."""
    lower = np.zeros(len(programme.cost)) if programme.lower is None else programme.lower
    crossed = bool((lower > programme.upper).any())
    if not crossed and len(programme.cost):
        return solve(programme, time_limit_s=seconds, relative_gap=gap, tell=tell, start=start)
    if crossed or (programme.row_low > 0).any() or (programme.row_high < 0).any():
        return Solved("infeasible", None, np.inf, -np.inf)
    return Solved("optimal", np.zeros(0), 0.0, 0.0)
