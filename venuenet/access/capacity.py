"""What a venue can take in a year, and how many people are served when it is full. Pure.

Venues rarely tell their visits. A capacity is the visits a year that are known, else the exhibition
area times the visits a square metre takes, else unknown; what becomes of the unknown is a rule that
every answer names and counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from venuenet.access.pairs import Pairs

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
UnknownRule = Literal["leave_out", "minimum", "median"]
UNKNOWN_RULES: tuple[UnknownRule, ...] = get_args(UnknownRule)

INT32_MAX = np.iinfo(np.int32).max
FINEST = 1000
"""Parts a person is cut into at most when shares are made even."""


@dataclass(frozen=True)
class Capacity:
    """Visits a year by venue and where each number comes from; every field is (venues,).

    Attributes
    ----------
    visits : float64
        0 where the venue is left out.
    known : bool
        Known visits, or known area.
    from_area : bool
        Of the known: worked out from the exhibition area.
    assumed : bool
        By the rule for unknown capacities. Neither known nor assumed is left out.
    """

    visits: Floats
    known: Flags
    from_area: Flags
    assumed: Flags


def capacities(
    visits: Floats,
    area_m2: Floats,
    kinds: Sequence[str],
    visits_per_m2: float,
    least: dict[str, float],
    rule: UnknownRule = "leave_out",
) -> Capacity:
    """Work out what venues can take in a year.

    Parameters
    ----------
    visits, area_m2 : (venues,) float64
        Visits a year and exhibition area in m²; NaN where unknown.
    kinds : sequence of str
        Kind of every venue.
    visits_per_m2 : float
        Visits a square metre of exhibition takes in a year.
    least : dict of kind to float
        Visits a year that the title of a kind demands.
    rule : UnknownRule
        What stands for an unknown capacity: ``leave_out`` nothing, ``minimum`` what the title
        demands, ``median`` the median of the known of the same kind (left out where none is known).

    Raises
    ------
    ValueError
        A number is negative or infinite, or a kind has no ``least``.
    """
    visits, area = np.asarray(visits, dtype=np.float64), np.asarray(area_m2, dtype=np.float64)
    for values in (visits, area):
        if (values < 0).any() or np.isinf(values).any():
            raise ValueError("visits and areas must be finite and not negative")
    from_area = np.isnan(visits) & ~np.isnan(area)
    out = np.where(from_area, area * visits_per_m2, visits)
    known = ~np.isnan(out)
    named = np.array(kinds, dtype=str)
    if rule == "minimum":
        out = np.where(known, out, [least[k] for k in kinds])
    elif rule == "median":
        for kind in np.unique(named[~known]):
            some = out[known & (named == kind)]
            if len(some):
                out[~known & (named == kind)] = np.median(some)
    assumed = ~known & ~np.isnan(out)
    return Capacity(np.where(np.isnan(out), 0.0, out), known, from_area, assumed)


@dataclass(frozen=True)
class Served:
    """Who is served when venues can be full.

    Attributes
    ----------
    people : (places,) int64
        Persons served of each place, whole; sums to ``total``.
    load : (venues,) float64
        Persons each venue serves. Where several venues have room left, one way of many to share
        their visitors: only full venues' loads are certain.
    total : int
        The most people who can be served at once, exact.
    """

    people: Ints
    load: Floats
    total: int


def served_share(pairs: Pairs, demand: Ints, capacity: Floats) -> Served:
    """Send people to venues in reach so that most are served, and share what is short evenly.

    The number served is a maximum flow people → venues under the venues' capacities. It can be
    reached in many ways. Of them this takes the one in which the worst-served place is served as
    well as it can be, then the next, and so on (the lexicographically fairest flow: Megiddo 1974,
    Mathematical Programming 7, 97-107): all places that compete for the same full venues have the
    same share, whatever their order. It is unique per place. A person further away has no lesser
    claim than one nearby.

    Parameters
    ----------
    pairs : Pairs
        Who reaches what; pass ``pairs.within(minutes)`` of the question.
    demand : (places,) int64
        Persons.
    capacity : (venues,) float64
        Persons a venue can serve, parts are cut off; infinite means never full.

    Returns
    -------
    Served
        Even shares are worked out in parts of a person (a thousandth where numbers allow, as int32
        they must not exceed 2.1e9 parts in all) and then rounded: a place may be one person off.

    Raises
    ------
    ValueError
        A capacity is negative or NaN, a demand negative, or more than 2.1e9 people.
    """
    persons = np.asarray(demand, dtype=np.int64)
    room = np.asarray(capacity, dtype=np.float64)
    if persons.shape != (pairs.places,) or room.shape != (pairs.venues,):
        raise ValueError("one demand per place and one capacity per venue")
    if (persons < 0).any() or np.isnan(room).any() or (room < 0).any():
        raise ValueError("demand and capacity must not be negative, capacity not NaN")
    everybody = int(persons.sum())
    if everybody > INT32_MAX:
        raise ValueError("more people than 32 bits hold")
    whole = np.floor(np.minimum(room, everybody)).astype(np.int64)
    flow = _flow(pairs, persons, whole)
    total = int(flow.sum())
    reach = np.zeros(pairs.places, dtype=np.int64)
    reach[pairs.place] = persons[pairs.place]
    if total == reach.sum():
        return Served(reach, pairs.per_venue(flow.astype(np.float64)), total)
    parts = max(1, min(FINEST, INT32_MAX // max(everybody, 1)))
    even = _even(pairs, persons * parts, whole * parts) / parts
    people = _rounded(pairs.per_place(even), total, reach)
    return Served(people, pairs.per_venue(even), total)


def persons_served(
    capacity: Capacity, visits_per_person: float, *, unknown: float = np.inf
) -> Floats:
    """Turn visits a year into persons a venue can serve, (venues,), for :func:`served_share`.

    ``unknown`` stands for venues left out: infinite by default, as nobody can say that a venue of
    unknown size is full; 0 serves nobody there.

    Raises
    ------
    ValueError
        ``visits_per_person`` is not positive.
    """
    if not visits_per_person > 0:
        raise ValueError("visits per person must be positive")
    told = capacity.known | capacity.assumed
    return np.where(told, capacity.visits / visits_per_person, unknown)


def _flow(pairs: Pairs, supply: Ints, room: Ints) -> Ints:
    """Maximum flow places → venues, as what each pair carries, (p,). Whole numbers below 2^31."""
    from scipy.sparse import csr_array  # noqa: PLC0415  most answers do without
    from scipy.sparse.csgraph import maximum_flow  # noqa: PLC0415

    n, m = pairs.places, pairs.venues
    start, end = n + m, n + m + 1
    tail = np.concatenate([np.full(n, start), pairs.place, n + np.arange(m)])
    head = np.concatenate([np.arange(n), n + pairs.venue, np.full(m, end)])
    room = np.minimum(room, supply.sum())
    most = np.concatenate([supply, supply[pairs.place], room]).astype(np.int32)
    graph = csr_array((most, (tail, head)), shape=(n + m + 2, n + m + 2))
    carried = maximum_flow(graph, start, end).flow.tocoo()
    there = (carried.data > 0) & (carried.row < n)  # from places; the rest is sums and mirrors
    key = pairs.place.astype(np.int64) * m + pairs.venue
    out = np.zeros(len(key), dtype=np.int64)
    found = carried.row[there].astype(np.int64) * m + (carried.col[there] - n)
    out[np.searchsorted(key, found)] = carried.data[there]
    return out


def _even(pairs: Pairs, want: Ints, room: Ints) -> Ints:
    """Give what each pair carries in the fairest maximum flow, (p,), up to one part per place.

    All places are offered the same share of what they want. What cannot be carried shows which
    venues are the bottleneck and who depends on them: these and the others are solved apart.
    """
    out = np.zeros(len(pairs.place), dtype=np.int64)
    todo = [np.arange(len(pairs.place))]
    while todo:
        at = todo.pop()
        if not len(at):
            continue
        places, p = np.unique(pairs.place[at], return_inverse=True)
        venues, v = np.unique(pairs.venue[at], return_inverse=True)
        part = Pairs(
            len(places), len(venues), p.astype(np.int32), v.astype(np.int32), pairs.minutes[at]
        )
        share = min(1.0, float(room[venues].sum()) / max(float(want[places].sum()), 1.0))
        offer = np.floor(want[places] * share).astype(np.int64)
        flow = _flow(part, offer, room[venues])
        left = offer - part.per_place(flow.astype(np.float64)).astype(np.int64)
        if not left.any():
            out[at] = flow
            continue
        tight = _bottleneck(part, flow, left > 0)
        if tight.all():  # short by rounding alone
            out[at] = flow
            continue
        todo += [at[tight[p]], at[~tight[p] & ~np.isin(v, v[tight[p]])]]
    return out


def _bottleneck(pairs: Pairs, flow: Ints, short: Flags) -> Flags:
    """Places on the source's side of the minimum cut, (places,).

    Whoever is short, whoever is served by a venue the short can reach, and so on.
    """
    while True:
        touched = np.zeros(pairs.venues, dtype=np.bool_)
        touched[pairs.venue[short[pairs.place]]] = True
        grown = short.copy()
        grown[pairs.place[touched[pairs.venue] & (flow > 0)]] = True
        if (grown == short).all():
            return short
        short = grown


def _rounded(exact: Floats, total: int, most: Ints) -> Ints:
    """Round to whole persons that sum to ``total``, none above ``most``: largest remainder."""
    whole = np.minimum(np.floor(exact).astype(np.int64), most)
    while (missing := total - int(whole.sum())) > 0:
        rest = np.where(whole < most, exact - whole, -np.inf)
        order = np.argsort(-rest, kind="stable")[: min(missing, int((whole < most).sum()))]
        whole[order] += 1
    return whole
