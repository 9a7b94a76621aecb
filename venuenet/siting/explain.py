"""What each site of a plan adds, whom a plan leaves out, and why there is no plan. Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from venuenet.siting.elastic import cheapest, least_relaxation
from venuenet.siting.explain_words import Reason
from venuenet.siting.rows import checked, shared_places, site_bounds
from venuenet.siting.types import Floats, Rules
from venuenet.siting.wishes import Wish, as_people, as_reach, as_rooms, wish

_TOLERANCE = 1e-6

STANDINGS = ("served", "not_chosen", "no_site_in_reach")
"""Of a place under a plan: it has a chosen or fixed site in reach; only candidates that were not
chosen; none at all."""


@dataclass(frozen=True)
class Catchment:
    """Whom one chosen site has in reach.

    Attributes
    ----------
    site : int
    people : float
        In reach.
    adds : float
        Of them, those with no other chosen and no fixed site in reach: lost if it is dropped.
    shared : float
        The others; ``adds + shared = people``.
    """

    site: int
    people: float
    adds: float
    shared: float


def catchments(
    reach: ArrayLike | csr_array,
    people: ArrayLike,
    chosen: Sequence[int],
    fixed: Sequence[int] = (),
) -> tuple[Catchment, ...]:
    """Tell for each chosen site whom it reaches and whom it adds.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    people : (places,) array_like
    chosen, fixed : sequence of int
        Columns of ``reach``.

    Returns
    -------
    tuple of Catchment
        In the order of ``chosen``. What two sites share is added by neither, so the ``adds`` of a
        plan sum up to no more than the plan's own.
    """
    table = as_reach(reach)
    weight = as_people(people, table.shape[0])
    by_site = table[:, list(chosen)].astype(np.float64)
    alone = table[:, [*fixed, *chosen]].sum(axis=1) == 1
    everybody, adds = by_site.T @ weight, by_site.T @ (weight * alone)
    return tuple(
        Catchment(site, float(all_), float(own), float(all_ - own))
        for site, all_, own in zip(chosen, everybody, adds, strict=True)
    )


def left_out(
    reach: ArrayLike | csr_array,
    chosen: Sequence[int],
    fixed: Sequence[int] = (),
    forbidden: Sequence[int] = (),
) -> NDArray[np.uint8]:
    """Tell how each place stands under a plan.

    Parameters
    ----------
    reach : (places, sites) array_like or csr_array of bool
    chosen, fixed, forbidden : sequence of int
        Columns of ``reach``; forbidden ones are no candidates.

    Returns
    -------
    (places,) uint8
        Position in ``STANDINGS``.
    """
    table = as_reach(reach)
    served = table[:, [*fixed, *chosen]].sum(axis=1) > 0
    candidate = np.ones(table.shape[1], dtype=np.bool_)
    candidate[list(forbidden)] = False
    possible = table[:, np.flatnonzero(candidate)].sum(axis=1) > 0
    return np.where(served, 0, np.where(possible, 1, 2)).astype(np.uint8)


def why_infeasible(
    rules: Rules,
    sites: int,
    *,
    reach: ArrayLike | csr_array | None = None,
    people: ArrayLike | None = None,
    share: float | None = None,
    every: bool = False,
    room: ArrayLike | None = None,
    seconds: float = 20.0,
) -> list[Reason]:
    """Say why no choice keeps the rules.

    First every contradiction of one or two rules, each a proof by itself, all of them at once;
    mending them may bring further ones to light. Where there is none, the rules contradict one
    another only together: then the fewest that would have to give way (``least_relaxation``).

    Parameters
    ----------
    rules : Rules
    sites : int
        Columns of the model's matrix.
    reach : (places, sites) array_like or csr_array of bool, optional
        Needed by ``share`` and ``every``.
    people : (places,) array_like, optional
        Needed by ``share`` and ``room``.
    share : float, optional
        0..1 of all people is to be served.
    every : bool
        Every place is to be served; with ``room``, all its people.
    room : (sites,) array_like, optional
        Persons each site can serve, infinite where there is no limit.
    seconds : float
        Of thinking in all.

    Returns
    -------
    list of Reason
        Empty when some choice keeps the rules. One ``not_known`` when time ran out.

    Raises
    ------
    ValueError
        When the rules are malformed, or something needed is missing.
    """
    end = time.monotonic() + seconds
    rules = checked(rules, sites)
    if share is not None and not 0 <= share <= 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    reasons = [*_forced(rules, sites), *_counts(rules, sites)]
    asked = None
    if every or share is not None:
        if reach is None:
            raise ValueError("reaching a share or every place takes reach")
        table = as_reach(reach)
        if table.shape[1] != sites:
            raise ValueError(f"reach has {table.shape[1]} sites, the rules {sites}")
        weight = None if people is None else as_people(people, table.shape[0])
        rooms = None if room is None else as_rooms(room, sites)
        asked = wish(table, weight, rules.fixed, share=None if every else share, room=rooms)
        reasons += _reachable(rules, table, asked, weight, rooms)
    each = seconds / 5
    reasons += _spaced(rules, sites, {reason.code for reason in reasons}, each)
    reasons += _cheapest(rules, sites, {reason.code for reason in reasons}, each)
    if asked is not None and not reasons:
        reasons += _least(rules, sites, asked, each)
    return reasons or least_relaxation(
        rules, sites, asked, seconds=max(end - time.monotonic(), each)
    )


def _forced(rules: Rules, sites: int) -> Iterator[Reason]:
    """Give the contradictions of the forced sites with another rule."""
    forced, fixed = set(rules.forced), set(rules.fixed)
    if both := forced & set(rules.forbidden):
        yield Reason("forced_forbidden", sites=_sorted(both))
    near = [set(p) for p in rules.apart if forced & set(p) and set(p) <= forced | fixed]
    if near:
        yield Reason("forced_too_near", {"pairs": len(near)}, _sorted(set().union(*near)))
    for options in shared_places(rules, sites):
        if len(same := forced.intersection(options.tolist())) > 1:
            yield Reason("forced_same_place", sites=_sorted(same))
    cost = 0.0 if rules.cost is None else float(rules.cost[sorted(forced)].sum())
    if rules.budget is not None and cost > rules.budget + _TOLERANCE:
        numbers = {"cost": cost, "budget": rules.budget}
        yield Reason("forced_cost", numbers, _sorted(forced))
    if rules.count is not None and len(forced) > rules.count:
        numbers = {"forced": len(forced), "count": rules.count}
        yield Reason("forced_above_count", numbers, _sorted(forced))
    for district, most in rules.at_most.items():
        mine = {j for j in forced if rules.district is not None and rules.district[j] == district}
        if len(mine) > most:
            numbers = {"forced": len(mine), "at_most": most}
            yield Reason("forced_above_district", numbers, _sorted(mine), districts=(district,))


def _counts(rules: Rules, sites: int) -> Iterator[Reason]:
    """Give the numbers asked for that the candidates or other numbers cannot give."""
    free = np.ones(sites, dtype=np.bool_)
    free[[*rules.fixed, *rules.forbidden]] = False
    district = np.full(sites, -1) if rules.district is None else rules.district
    for name, least in rules.at_least.items():
        candidates = int((free & (district == name)).sum())
        if least > candidates:
            numbers = {"at_least": least, "candidates": candidates}
            yield Reason("district_above_candidates", numbers, districts=(name,))
        if least > (most := rules.at_most.get(name, least)):
            numbers = {"at_least": least, "at_most": most}
            yield Reason("district_limits", numbers, districts=(name,))
    if rules.count is None:
        return
    candidates = int(free.sum())
    if rules.count > candidates:
        yield Reason("count_above_candidates", {"count": rules.count, "candidates": candidates})
        return
    least = sum(rules.at_least.values())
    if least > rules.count:
        numbers = {"at_least": least, "count": rules.count}
        yield Reason("at_least_above_count", numbers, districts=tuple(rules.at_least))
    most = int((free & ~np.isin(district, list(rules.at_most))).sum())
    for name, limit in rules.at_most.items():
        most += min(limit, int((free & (district == name)).sum()))
    if most < rules.count:
        numbers = {"at_most": most, "count": rules.count}
        yield Reason("at_most_below_count", numbers, districts=tuple(rules.at_most))
    # What is forbidden may be the only reason a place gives nothing, so only free options count.
    spare = sum(max(int(free[options].sum()) - 1, 0) for options in shared_places(rules, sites))
    if candidates - spare < rules.count:
        yield Reason("places_below_count", {"largest": candidates - spare, "count": rules.count})


def _reachable(
    rules: Rules, reach: csr_array, asked: Wish, weight: Floats | None, room: Floats | None
) -> Iterator[Reason]:
    """Give the wishes that all candidates together could not grant."""
    usable = site_bounds(replace(rules, forced=()), reach.shape[1])[1] > 0
    usable[list(rules.fixed)] = True
    at_all = reach.sum(axis=1) > 0
    possible = reach[:, np.flatnonzero(usable)].sum(axis=1) > 0
    if asked.kind == "every":
        at_issue = asked.classes >= 0
        for code, lost in (
            ("no_site_in_reach", at_issue & ~at_all),
            ("only_forbidden_in_reach", at_issue & at_all & ~possible),
        ):
            if lost.any():
                numbers = {} if weight is None else {"people": float(weight[lost].sum())}
                yield Reason(code, numbers, places=tuple(np.flatnonzero(lost).tolist()))
    if weight is None:
        return
    needed = asked.total - asked.allowed
    slack = _TOLERANCE * max(1.0, asked.total)
    reachable = float(weight[possible].sum())
    if asked.kind == "share" and reachable < needed - slack:
        numbers = {"share": needed / asked.total, "reachable": reachable / asked.total}
        yield Reason("share_above_reachable", numbers)
    if room is None:
        return
    most = _most_room(rules, np.where(usable, np.minimum(room, reach.T @ weight), 0.0))
    if most < needed - slack:
        yield Reason("room_below_people", {"room": most, "people": needed})


def _most_room(rules: Rules, room: Floats) -> float:
    """Add up the most room that one option per place and the count allow."""
    fixed = list(rules.fixed)
    there, free = float(room[fixed].sum()), room.copy()
    free[fixed] = 0
    for options in shared_places(rules, len(room)):
        free[options[np.argsort(free[options])[:-1]]] = 0
    return there + float(np.sort(free)[::-1][: rules.count].sum())


def _spaced(rules: Rules, sites: int, known: set[str], seconds: float) -> Iterator[Reason]:
    """Tell when more sites are asked for than the spacing leaves room for."""
    if rules.count is None or not rules.apart:
        return
    if known & {"count_above_candidates", "places_below_count"}:
        return
    alone = Rules(
        fixed=rules.fixed, forbidden=rules.forbidden, place=rules.place, apart=rules.apart
    )
    found = cheapest(alone, sites, None, -np.ones(sites), seconds=seconds)
    largest = float(np.floor(_TOLERANCE - found.bound))
    if largest < rules.count:
        yield Reason("spacing_below_count", {"largest": largest, "count": rules.count})


def _cheapest(rules: Rules, sites: int, known: set[str], seconds: float) -> Iterator[Reason]:
    """Tell when the budget is below what the other rules cost."""
    if rules.budget is None or rules.cost is None or "forced_cost" in known:
        return
    others = replace(rules, budget=None, other_than=())
    found = cheapest(others, sites, None, rules.cost, seconds=seconds)
    if found.bound > rules.budget + _TOLERANCE:
        numbers = {"budget": rules.budget, "cheapest": found.bound}
        yield Reason("budget_below_cheapest", numbers)


def _least(rules: Rules, sites: int, asked: Wish, seconds: float) -> Iterator[Reason]:
    """Tell when the count, or the budget, is below what it takes to grant the wish."""
    others = replace(rules, count=None, budget=None, other_than=())
    if rules.count is not None:
        found = cheapest(others, sites, asked, np.ones(sites), seconds=seconds)
        least = float(np.ceil(found.bound - _TOLERANCE))
        if least > rules.count:
            yield Reason("count_below_reach", {"least": least, "count": rules.count})
    if rules.budget is not None and rules.cost is not None:
        found = cheapest(others, sites, asked, rules.cost, seconds=seconds)
        if found.bound > rules.budget + _TOLERANCE:
            numbers = {"budget": rules.budget, "cheapest": found.bound}
            yield Reason("budget_below_reach", numbers)


def _sorted(sites: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(sites))
