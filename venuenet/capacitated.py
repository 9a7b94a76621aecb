"""Coverage when venues can be full: who of the people in reach finds room. Pure.

Everybody who has a venue in reach wants to go. Rooms are persons; a venue whose room nobody knows
takes everybody, so missing data never makes a gap. How many people find room in all is a maximum
flow people → venues; who they are is its fairest solution (`access.capacity.served_share`): all
who compete for the same full venues find room in the same share, near or far, in any district.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from venuenet.access.capacity import served_share
from venuenet.access.pairs import Pairs
from venuenet.coverage import covered_people, covered_points
from venuenet.model import KINDS, VARIANTS, DemandPoints, Question, TravelTimes, Variant

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Rooms = Mapping[str, int]
"""Persons a venue has room for by venue id; a venue that is not there is never full."""


def in_reach(times: TravelTimes, question: Question, variant: Variant = "point") -> Bools:
    """Which venues some point of a cell reaches, (n, venues + 1).

    Looked for among the ``NEAREST`` venues of each kind only: of more in reach, the others help
    nobody. Which venues the moved variants reach is not kept; as many of each kind as are in reach
    there are taken, the nearest ones as given. The last column is a venue only those reach.
    """
    rows = [KINDS.index(kind) for kind in question.kinds]
    near = times.near_s[VARIANTS.index(variant), rows] <= 60 * question.minutes
    *_, cell, _ = found = np.nonzero(near)
    out = np.zeros((near.shape[2], len(times.venue_ids) + 1), dtype=np.bool_)
    out[cell, times.near_venue[rows][found]] = True  # -1, nobody knows which, is the last
    return out


def served_cells(wanting: Ints, reach: Bools, rooms: NDArray[np.float64]) -> Ints:
    """Persons of each cell who find room, (n,), whole.

    Parameters
    ----------
    wanting : (n,) int64
        Persons of a cell with a venue in reach.
    reach : (n, venues) bool
        Which venues they reach.
    rooms : (venues,) float64
        Persons a venue has room for; infinite where it is never full.

    Returns
    -------
    (n,) int64
        At most ``wanting``; all of it where a venue in reach is never full. The sum is the largest
        possible, and no more room lowers it.
    """
    free = np.isinf(rooms)
    out = np.where(reach[:, free].any(axis=1), wanting, 0)
    rest = np.flatnonzero((out == 0) & (wanting > 0) & reach.any(axis=1))
    if not len(rest):
        return out
    # Cells that reach the same venues have the same claim: they are one place with all their
    # people, which makes tens of thousands of cells some hundreds.
    sets, place = np.unique(np.packbits(reach[rest], axis=1), axis=0, return_inverse=True)
    place = place.ravel()
    first = np.zeros(len(sets), dtype=np.int64)
    first[place[::-1]] = rest[::-1]
    who, venue = np.nonzero(reach[first])
    pairs = Pairs(
        len(sets), len(rooms), who.astype(np.int32), venue.astype(np.int32), np.zeros(len(who))
    )
    together = np.bincount(place, wanting[rest], len(sets)).astype(np.int64)
    people = served_share(pairs, together, rooms).people
    out[rest] = split(wanting[rest], people, together, place)
    return out


def split(parts: Ints, whole: Ints, of: Ints, place: Ints) -> Ints:
    """Give each part its place's share ``whole / of``, in whole persons.

    Parameters
    ----------
    parts : (p,) int64
        Persons, each of one place.
    whole, of : (places,) int64
        The share of a place, as a fraction of at most 1; ``of`` at most 2^31.
    place : (p,) int64

    Returns
    -------
    (p,) int64
        At most ``parts``, off by less than one person each and by half a person per place: where
        a place's parts sum to ``of``, exactly ``whole``.
    """
    order = np.argsort(place, kind="stable")
    at, mine = place[order], parts[order]
    run = np.cumsum(mine)
    first = np.flatnonzero(np.diff(at, prepend=-1))
    before = np.repeat(run[first] - mine[first], np.diff(first, append=len(at)))
    share, total = whole[at], np.maximum(of[at], 1)
    # Rounded along the place's parts: what one part loses, the next one gets.
    until = (2 * (run - before) * share + total) // (2 * total)
    since = (2 * (run - mine - before) * share + total) // (2 * total)
    out = np.empty_like(parts)
    out[order] = until - since
    return out


def served_rows(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    persons: Ints,
    covered: Ints,
    rooms: Rooms,
    variant: Variant = "point",
) -> Ints:
    """Persons per row who have a venue in reach with room for them, (r,), whole.

    A group competes with all other residents: it finds room in the share its cell does. Others
    travel as the group does.

    Parameters
    ----------
    demand, times, question
        See :func:`venuenet.coverage.coverage_by`; one venue asked for (k = 1), of any district.
    persons, covered : (r,) int64
        Persons of the group asked for, and those of them with a venue in reach in ``variant``.
    rooms : mapping of venue id to int
    variant : Variant

    Returns
    -------
    (r,) int64
        At most ``covered``, and equal to it where no venue is full. When venues move nearer more
        people compete, so a place may lose what another wins; see ``covered_rows`` for how
        ``low`` and ``high`` still hold the point value.
    """
    everybody = covered
    if persons is not demand.people:
        points = covered_points(times, question, variant)
        everybody = covered_people(demand, demand.people, points, times.samples)
    wanting = np.bincount(demand.row_cell, everybody, len(demand.cell)).astype(np.int64)
    room = np.array([*(rooms.get(v, np.inf) for v in times.venue_ids), np.inf])
    served = served_cells(wanting, in_reach(times, question, variant), room)
    return split(covered, served, wanting, demand.row_cell.astype(np.int64))
