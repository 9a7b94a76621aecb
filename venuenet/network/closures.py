"""What is lost when a venue closes: exact, for all venues at once. Pure.

A point that meets the question loses it with a venue among its k nearest exactly when the
(k + 1)-th is beyond the cut-off, and its k-th time then becomes the (k + 1)-th. With the
``k + 1 <= NEAREST`` nearest venues of every point at hand no search is needed, and the losses
equal a recomputation without the venue to the person. Ties need no rule: where the k-th and the
(k + 1)-th arrive in one second, nothing changes whichever of them closes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import Ints
from venuenet.model import UNREACHED, DemandPoints, Question, TravelTimes
from venuenet.network.ties import (
    by_district,
    choices,
    person_points,
    points_by_venue,
    served,
    whole,
)


@dataclass(frozen=True)
class Closures:
    """The loss if each venue closed alone, by venue and district of the residents, (v, d).

    Attributes
    ----------
    lost : int64
        Persons who meet the question now and would not any more.
    nearest : int64
        Persons who meet the question and whose nearest venue it is.
    moved : float64
        Persons who meet the question, have the venue among their k nearest, and would still find a
        k-th venue somewhere, within the cut-off or beyond; fractions of cells are kept.
    extra_s : float64
        Person-seconds by which the way of ``moved`` to their k-th nearest venue grows.
    stranded : float64
        Persons who meet the question, have the venue among their k nearest, and would find no
        k-th venue at all.
    """

    lost: Ints
    nearest: Ints
    moved: NDArray[np.float64]
    extra_s: NDArray[np.float64]
    stranded: NDArray[np.float64]


def closures(
    demand: DemandPoints, times: TravelTimes, question: Question, persons: Ints
) -> Closures:
    """Close every venue in turn.

    Parameters
    ----------
    demand, times : DemandPoints, TravelTimes
    question : Question
        ``k < NEAREST``; not under ``own_district``, where the runner-up is not kept.
    persons : (r,) int64
        People asked about, per row of ``demand``.

    Raises
    ------
    ValueError
        The question is under ``own_district`` or ``capacitated``, or its k is too large.
    """
    if question.own_district or question.capacitated:
        raise ValueError("closures are known for all districts' venues and without capacities")
    k, n_venues = question.k, len(times.venue_ids)
    few = choices(times, question.kinds, k + 1)
    kth, then = few.seconds[k - 1], few.seconds[k]
    covered = kth <= 60 * question.minutes
    users = few.venue[:k]

    def towns(take: NDArray[np.bool_], weight: Ints | None = None) -> Ints:
        """Person-points by township and venue of the points taken."""
        layers = np.broadcast_to(take, users.shape)
        more = None if weight is None else np.broadcast_to(weight, users.shape)
        count = points_by_venue(users, layers, n_venues, more)
        return person_points(demand, persons, count)

    now = person_points(demand, persons, np.count_nonzero(covered, axis=1))[:, None]
    m = times.samples
    lost = whole(now, m) - whole(now - towns(covered & (then > 60 * question.minutes)), m)
    finds = covered & (then < UNREACHED)
    extra = towns(finds, then.astype(np.int64) - kth)
    return Closures(
        lost=by_district(demand, lost).T,
        nearest=by_district(demand, served(demand, times, question, persons)).T,
        moved=by_district(demand, towns(finds)).T / m,
        extra_s=by_district(demand, extra).T / m,
        stranded=by_district(demand, towns(covered & (then == UNREACHED))).T / m,
    )
