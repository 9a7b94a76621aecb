"""Who serves whose residents, and how many choices they have. Pure.

Everything is counted in person-points: a cell's people times those of its sample points that meet
a condition. Sums of them over a township, divided by the points of a cell and rounded half up, are
the whole persons of :func:`venuenet.coverage.covered_people`, so the numbers here agree with the
coverage answers to the person.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import Ints, Seconds, covered_points
from venuenet.model import (
    KINDS,
    LONGEST_OWN_MIN,
    NEAREST,
    DemandPoints,
    Kind,
    Question,
    TravelTimes,
)
from venuenet.rounding import apportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scipy.sparse import csr_array

COUNTED = NEAREST
"""Choices are counted as 0, 1, 2 ... and "this many or more"."""


@dataclass(frozen=True)
class Choices:
    """The nearest few venues of every sample point, nearest first.

    Of venues in one second the earlier kind comes first, and within a kind the earlier venue.

    Attributes
    ----------
    venue : (few, n, m) int16
        Position in ``TravelTimes.venue_ids``; -1 where there is none.
    seconds : (few, n, m) int32
        UNREACHED where there is none.
    """

    venue: NDArray[np.int16]
    seconds: Seconds


def choices(times: TravelTimes, kinds: Sequence[Kind], few: int) -> Choices:
    """Merge the nearest of each kind into the ``few`` nearest of all ``kinds``.

    Exact for ``few <= NEAREST``: even if all of them are of one kind, they are at hand.

    Raises
    ------
    ValueError
        More are asked for than are kept.
    """
    if not 1 <= few <= NEAREST:
        raise ValueError(f"the {NEAREST} nearest of each kind are kept, not {few}")
    shape = times.near_s.shape[3:]
    rows = [KINDS.index(kind) for kind in kinds]
    seconds = times.near_s[0, rows, :few].reshape(-1, *shape)
    venue = times.near_venue[rows, :few].reshape(-1, *shape)
    if len(rows) == 1:
        return Choices(venue, seconds)
    # Seconds and place in one number: sorting these few numbers sorts stably by seconds.
    places = len(seconds)
    key = seconds.astype(np.int64) * places + np.arange(places).reshape(-1, 1, 1)
    key = np.sort(np.partition(key, few - 1, axis=0)[:few], axis=0)
    who = np.take_along_axis(venue, key % places, axis=0)
    return Choices(who, (key // places).astype(np.int32))


def person_points(
    demand: DemandPoints,
    persons: Ints,
    points: Ints | csr_array[np.int64, tuple[int, int]],
) -> Ints:
    """Add up points per cell, times the people of it, by township.

    Parameters
    ----------
    persons : (r,) int64
        Per row of ``demand``.
    points : (n,) int64 or (n, venues) sparse

    Returns
    -------
    (townships,) or (townships, venues) int64
    """
    from scipy.sparse import csr_array, issparse  # noqa: PLC0415  most answers need none

    shape = (len(demand.township_flags), len(demand.cell))
    people = csr_array((persons, (demand.row_township, demand.row_cell)), shape=shape)
    found = people @ points
    return np.asarray(found.toarray() if issparse(found) else found, dtype=np.int64)


def points_by_venue(
    venue: NDArray[np.int16], take: NDArray[np.bool_], n_venues: int, weight: Ints | None = None
) -> csr_array[np.int64, tuple[int, int]]:
    """Count, by cell and venue (n, venues), the points at which a venue stands.

    Parameters
    ----------
    venue : (..., n, m) int16
        Venue at each point; several layers add up.
    take : same shape, bool
        Which of them count; there ``venue >= 0``.
    n_venues : int
    weight : same shape, int64, optional
        What each counts for; 1 by default.
    """
    from scipy.sparse import csr_array  # noqa: PLC0415

    cell = np.broadcast_to(np.arange(venue.shape[-2])[:, None], venue.shape)[take]
    value = np.ones(len(cell), dtype=np.int64) if weight is None else weight[take]
    return csr_array((value, (cell, venue[take])), shape=(venue.shape[-2], n_venues))


def whole(person_points: Ints, samples: int) -> Ints:
    """Round person-points to whole persons, half up, as coverage does along a township."""
    return (2 * person_points + samples) // (2 * samples)


def town_district(demand: DemandPoints) -> NDArray[np.int32]:
    """District of every township, (townships,); -1 where nobody lives in it."""
    home = np.full(len(demand.township_flags), -1, dtype=np.int32)
    home[demand.row_township] = demand.cell_district[demand.row_cell]
    return home


def by_district(demand: DemandPoints, towns: NDArray[np.int64]) -> NDArray[np.int64]:
    """Add townships up to districts along the first axis, (townships, ...) to (districts, ...)."""
    home = town_district(demand)
    out = np.zeros((len(demand.adcodes), *towns.shape[1:]), dtype=towns.dtype)
    np.add.at(out, home[home >= 0], towns[home >= 0])
    return out


def served(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    persons: Ints,
    *,
    without_cutoff: bool = False,
) -> Ints:
    """Count the people of each township by the venue nearest to them, (townships, venues).

    Of the people who meet the question; ``without_cutoff`` of all who can reach a venue at all.
    Whole persons by largest remainder: a township's row adds up to its covered people.
    """
    first = choices(times, question.kinds, 1).venue[0]
    if without_cutoff:
        take = first >= 0
    else:
        take = choices(times, question.kinds, question.k).seconds[-1] <= 60 * question.minutes
    count = points_by_venue(first, take, len(times.venue_ids))
    exact = person_points(demand, persons, count)
    if not len(times.venue_ids):
        return exact
    total = whole(exact.sum(axis=1), times.samples)
    return np.array([apportion(int(t), row) for t, row in zip(total, exact, strict=True)])


@dataclass(frozen=True)
class Dependence:
    """Whose residents are served by whom.

    Attributes
    ----------
    people : (districts, districts + 1) int64
        Residents of a district, of those who meet the question, by the address district of the
        venue nearest to them; the last column for venues whose district is unknown. Rows add up
        to the covered people exactly.
    towns : (townships, districts + 1) int64
        The same by township.
    own_reach : (districts,) int64, optional
        Residents who have a venue of their own district within the cut-off, whichever is nearer;
        None where these times are not kept (k > 1, or longer than ``LONGEST_OWN_MIN``).
    """

    people: Ints
    towns: Ints
    own_reach: Ints | None

    @property
    def imported(self) -> Ints:
        """Residents served by venues of other districts, (districts,)."""
        return np.asarray(self.people[:, :-1].sum(axis=1) - np.diag(self.people))

    @property
    def exported(self) -> Ints:
        """Residents of other districts served here, (districts,)."""
        return np.asarray(self.people[:, :-1].sum(axis=0) - np.diag(self.people))


def dependence(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    persons: Ints,
    venue_district: NDArray[np.int32],
) -> Dependence:
    """Tell who serves whose residents.

    Parameters
    ----------
    persons : (r,) int64
        People asked about, per row of ``demand``.
    venue_district : (venues,) int32
        Address district of each of ``times.venue_ids``, a position in ``demand.adcodes``; -1
        where unknown.
    """
    n = len(demand.adcodes)
    table = served(demand, times, question, persons)
    towns = np.zeros((len(table), n + 1), dtype=np.int64)
    np.add.at(towns.T, np.where(venue_district < 0, n, venue_district), table.T)
    own = None
    if times.own_s is not None and question.k == 1 and question.minutes <= LONGEST_OWN_MIN:
        asked = dataclasses.replace(question, own_district=True)
        points = covered_points(times, asked)
        own = by_district(demand, whole(person_points(demand, persons, points), times.samples))
    return Dependence(by_district(demand, towns), towns, own)


def redundancy(
    demand: DemandPoints, times: TravelTimes, question: Question, persons: Ints
) -> tuple[Ints, Ints]:
    """Count people by how many venues they can choose from within the cut-off.

    The question's ``k`` plays no part.

    Returns
    -------
    by_choices : (townships, COUNTED + 1) int64
        People with exactly 0, 1, 2 ... choices, the last with that many or more. They add up to
        the township, and those with at least j to the coverage answer for ``k = j``.
    only : (townships, venues) int64
        People whose one and only choice each venue is; rows add up to ``by_choices[:, 1]``.
    """
    few = choices(times, question.kinds, COUNTED)
    limit = 60 * question.minutes
    number = np.count_nonzero(few.seconds <= limit, axis=0)

    def persons_where(take: NDArray[np.bool_]) -> Ints:
        points = np.count_nonzero(take, axis=1)
        return whole(person_points(demand, persons, points), times.samples)

    least = [persons_where(number >= j) for j in range(1, COUNTED + 1)]
    everyone = persons_where(number >= 0)
    steps = np.stack([everyone, *least, np.zeros_like(everyone)], axis=1)
    by_choices = steps[:, :-1] - steps[:, 1:]
    points = points_by_venue(few.venue[0], number == 1, len(times.venue_ids))
    exact = person_points(demand, persons, points)
    if not len(times.venue_ids):
        return by_choices, exact
    only = [apportion(int(t), row) for t, row in zip(by_choices[:, 1], exact, strict=True)]
    return by_choices, np.array(only)
