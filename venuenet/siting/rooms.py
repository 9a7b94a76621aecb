"""Models in which a site serves no more people than it has room for. Pure.

Persons are shared out among sites in fractions: only where to build is a matter of yes or no.
"""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import coo_array, csr_array

from venuenet.siting.firstlook import Known, first_look
from venuenet.siting.flows import (
    Flows,
    among,
    only_columns,
    shared_out,
    solved,
    standing,
    tightened,
)  # fmt: skip
from venuenet.siting.most import SMALL
from venuenet.siting.reduce import task as reduced
from venuenet.siting.rows import checked, keeps
from venuenet.siting.solver import Heard, Solved, Status
from venuenet.siting.types import Floats, Ints, Limits, Rules, Sites, Tell
from venuenet.siting.wishes import as_people, as_reach, as_rooms, covering_classes

_SAME = 1e-9
"""Share of the objective that floating point cannot tell from nothing."""


def cover_with_room(
    reach: ArrayLike | csr_array,
    people: ArrayLike,
    room: ArrayLike,
    rules: Rules,
    limits: Limits = Limits(),
) -> Sites:
    """Choose sites that serve the most people, each no more than it has room for.

    The capacitated maximal covering location problem (Current & Storbeck 1988; Pirkul & Schilling
    1991). With f_ij persons of place i served by site j, only where j is in reach of i, and x_j = 1
    for fixed sites::

        maximise    sum_ij f_ij
        subject to  sum_j f_ij <= w_i,  sum_i f_ij <= room_j x_j,  x whole, keeping the rules

    Added are those rows f_ij <= min(w_i, room_j) x_j that the linear answer would break: they only
    draw its bound nearer. Sites with room for everybody in reach need no f of their own: with U
    those sites, g_i persons of i are served by one of them, g_i <= w_i sum of x_j over U in reach
    of i, as in the model without rooms (Church & ReVelle 1974). Places with the same sites in reach
    are one place.

    More room at an existing venue is a site of its own that reaches the same places and brings the
    extra room. Existing venues need their room even though they are never chosen.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    people : (places,) array_like
        Persons, not negative.
    room : (sites,) array_like
        Persons each site can serve, in the same measure as ``people``; infinite: no limit.
    rules : Rules
        Without a count, sites that would serve nobody are left out.
    limits : Limits

    Returns
    -------
    Sites
        ``objective``: people served, by fixed sites too.

    Raises
    ------
    ValueError
        When arrays or rules make no sense.
    """
    begun = time.perf_counter()
    table = as_reach(reach)
    sites = table.shape[1]
    rules = checked(rules, sites)
    weight, rooms = as_people(people, table.shape[0]), as_rooms(room, sites)
    fixed, usable = standing(rules, sites)
    unlimited = rooms >= table.T @ weight
    settled = table[:, np.flatnonzero(fixed & unlimited)].sum(axis=1) > 0
    classes, rows = covering_classes(table, np.flatnonzero(~settled & (weight > 0)))
    mine = classes >= 0
    people_of = np.zeros(rows.shape[0])
    np.add.at(people_of, classes[mine], weight[mine])
    pairs = coo_array(rows)
    own = (usable & ~unlimited)[pairs.col] & (rooms[pairs.col] > 0)
    place, site = pairs.row[own], pairs.col[own]
    shared = rows[:, np.flatnonzero(~fixed & usable & unlimited)].sum(axis=1) > 0
    task = Flows(
        rules=rules,
        sites=sites,
        place=np.concatenate([place, np.flatnonzero(shared)]),
        site=np.concatenate([site, np.full(int(shared.sum()), -1)]),
        price=np.full(len(place) + int(shared.sum()), -1.0),
        people=people_of,
        rooms=rooms,
        all_served=False,
        any_of=only_columns(rows, ~fixed & usable & unlimited),
    )
    known = None
    if rows.nnz > SMALL:
        known = first_look(task, rows, reduced(table, rules, limits))
    return _answer(task, limits, begun, sign=-1, already=float(weight[settled].sum()), known=known)


def nearest_with_room(
    cost: ArrayLike,
    people: ArrayLike,
    room: ArrayLike,
    rules: Rules,
    limits: Limits = Limits(),
) -> Sites:
    """Choose sites with the least way for everybody, each with no more people than room.

    The capacitated p-median problem with shared assignment. With f_ij persons of place i going to
    site j, only where there is a way, and x_j = 1 for fixed sites::

        minimise    sum_ij c_ij f_ij
        subject to  sum_j f_ij = w_i,  sum_i f_ij <= room_j x_j,  x whole, keeping the rules

    and those rows f_ij <= min(w_i, room_j) x_j that the linear answer would break. Who goes where
    is best for all together: not everybody goes to the nearest site that has room.

    Parameters
    ----------
    cost : (places, sites) array_like
        Seconds or metres, not negative; infinite where there is no way.
    people : (places,) array_like
        Persons, not negative. A place with nobody in it asks for nothing.
    room : (sites,) array_like
        Persons each site can serve; infinite: no limit.
    rules : Rules
    limits : Limits

    Returns
    -------
    Sites
        ``objective``: person-seconds or person-metres. ``infeasible`` when no choice within the
        rules has a way and room for everybody.

    Raises
    ------
    ValueError
        When arrays or rules make no sense.
    """
    begun = time.perf_counter()
    ways = np.asarray(cost, dtype=np.float64)
    if ways.ndim != 2 or np.isnan(ways).any() or (ways < 0).any():
        raise ValueError("cost must be a table of places by sites, not negative, without NaN")
    sites = ways.shape[1]
    rules = checked(rules, sites)
    weight, rooms = as_people(people, ways.shape[0]), as_rooms(room, sites)
    fixed, usable = standing(rules, sites)
    asking = weight > 0
    ways, weight = ways[asking], weight[asking]
    always = ways[:, fixed & (rooms >= weight.sum())].min(axis=1, initial=np.inf)
    sensible = np.isfinite(ways) & usable[None, :] & (rooms > 0)[None, :]
    place, site = np.nonzero(sensible & (ways <= always[:, None]))
    task = Flows(
        rules=rules,
        sites=sites,
        place=place,
        site=site,
        price=ways[place, site],
        people=weight,
        rooms=rooms,
        all_served=True,
    )
    return _answer(task, limits, begun, sign=1, already=0.0)


def _answer(
    task: Flows,
    limits: Limits,
    begun: float,
    *,
    sign: int,
    already: float,
    known: Known | None = None,
) -> Sites:
    """Solve, then share people out anew among the sites chosen: whole numbers leak a little."""
    end, gap = begun + limits.seconds, max(limits.gap, _SAME)
    seen = task.sites - len({*task.rules.fixed, *task.rules.forbidden})
    tell = None if limits.tell is None else _heard(limits.tell, sign, already)
    chosen, value, bound = np.zeros(0, dtype=np.int64), np.inf, -np.inf
    status: Status = "optimal"
    if known is not None:
        chosen = _without_idle(task, np.concatenate([known.flow, known.chosen]))
        value, bound = known.value, known.bound
        if tell is not None:
            tell(value, bound)
    if known is None or value - bound > gap * abs(sign * value + already):
        found, picked, worth = _searched(task, end, gap, tell, known)
        if worth < value:
            chosen, value = picked, worth
        bound = max(bound, found.bound)  # sites ruled out belong to no better choice
        status = found.status
    seconds = time.perf_counter() - begun
    if not np.isfinite(value):
        failed: Status = "failed" if status == "optimal" else status
        return Sites((), np.nan, sign * bound + already, np.inf, failed, seconds, seen)
    objective = sign * value + already
    bound = sign * min(bound, value) + already
    left = abs(objective - bound) / max(abs(objective), _SAME)
    left = 0.0 if left <= 2 * _SAME else left
    status = "optimal" if left <= gap else "time_limit"
    return Sites(tuple(chosen.tolist()), objective, bound, left, status, seconds, seen)


def _searched(
    task: Flows, end: float, gap: float, tell: Heard | None, known: Known | None
) -> tuple[Solved, Ints, float]:
    """Search by branch and bound; gives what was found, the sites, and their exact value."""
    start = None
    if known is not None:
        tell = None if tell is None else _at_least(tell, known)
        ruled_out = tuple(np.flatnonzero(~known.stays).tolist())
        task, kept = among(task, known.stays)
        rules = replace(task.rules, forbidden=(*task.rules.forbidden, *ruled_out))
        task = replace(task, rules=rules)
        start = np.concatenate([known.flow[kept], known.chosen.astype(np.float64)])
    now = time.perf_counter()
    programme = tightened(task, now + (end - now) / 2)
    left = end - time.perf_counter()
    found = solved(programme, left, gap=gap, tell=tell, start=start)
    if found.x is None:
        return found, np.zeros(0, dtype=np.int64), np.inf
    chosen = _without_idle(task, found.x)
    settled, _ = shared_out(
        task, np.isin(np.arange(task.sites), chosen), max(end - time.perf_counter(), 1.0)
    )
    return found, chosen, settled.objective


def _without_idle(task: Flows, x: Floats) -> Ints:
    """Leave out chosen sites nobody would go to, as far as the rules allow."""
    flow, opened = x[: len(task.place)] > _SAME, x[len(task.place) :] > 0.5
    chosen = np.flatnonzero(opened)
    goes = np.unique(task.site[flow & (task.site >= 0)])
    by_any = task.place[flow & (task.site < 0)]
    for site in chosen[~np.isin(chosen, goes)]:
        rest = chosen[chosen != site]
        missed = (
            task.any_of is not None
            and (task.any_of[by_any][:, chosen].sum(axis=1) > 0).sum()
            > (task.any_of[by_any][:, rest].sum(axis=1) > 0).sum()
        )
        if not missed and keeps(task.rules, task.sites, rest.tolist()):
            chosen = rest
    return chosen


def _at_least(tell: Heard, known: Known) -> Heard:
    def heard(objective: float, bound: float) -> None:
        tell(min(objective, known.value), max(bound, known.bound))

    return heard


def _heard(tell: Tell, sign: int, already: float) -> Heard:
    def heard(objective: float, bound: float) -> None:
        tell(
            sign * objective + already if np.isfinite(objective) else np.nan,
            sign * bound + already if np.isfinite(bound) else np.nan,
        )

    return heard
