"""How an area stands against a yardstick: measures, statuses, distances, ranks. Pure.

A measure is a value with the interval it may lie in: what a list does not tell (areas, visits, a
venue's state) leaves the interval open, and a status is given only if both its ends agree on it.
NaN is no data, never 0; ``inf`` stands for people per venue where there is no venue.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Status = Literal["met", "near", "unmet", "no_data"]
Direction = Literal["at_least", "at_most"]

STATUS_ZH: dict[Status, str] = {
    "met": "达标",
    "near": "接近",
    "unmet": "未达",
    "no_data": "无数据",
}
TOLERANCE = 1e-9
"""Share of a target that is noise of floating point: a value this close has reached it."""


@dataclass(frozen=True)
class Measured:
    """One metric of n areas.

    Attributes
    ----------
    value : (n,) float64
        As far as known; NaN where nothing is.
    low, high : (n,) float64
        Between which the true value lies; NaN where nothing can be said.
    amount : (n,) float64
        What is known of it: m², venues, persons covered; NaN where the metric has none.
    known, unknown : (n,) int64
        Venues whose figure is known, and not.
    """

    value: Floats
    low: Floats
    high: Floats
    amount: Floats
    known: Ints
    unknown: Ints


def sum_known(area: NDArray[np.int32], amounts: Floats, n: int) -> tuple[Floats, Ints, Ints]:
    """Add up what is known of each area's venues.

    Parameters
    ----------
    area : (v,) int32
        Area of every venue; -1 leaves it out.
    amounts : (v,) float64
        Of every venue, at least 0; NaN unknown.
    n : int
        Areas.

    Returns
    -------
    total : (n,) float64
        Of the known ones.
    known, unknown : (n,) int64
        How many venues were added up, and how many could not be.
    """
    here, told = area >= 0, np.isfinite(amounts)
    known = np.bincount(area[here & told], minlength=n).astype(np.int64)
    unknown = np.bincount(area[here & ~told], minlength=n).astype(np.int64)
    total = np.bincount(area[here & told], amounts[here & told], n).astype(np.float64)
    return total, known, unknown


def per_head(
    total: Floats, known: Ints, unknown: Ints, people: Floats, per: float, *, complete: bool = True
) -> Measured:
    """Measure an amount per ``per`` people.

    The value is what the known venues give. With venues of unknown amount, or a list that is not
    ``complete``, it is a lower bound. Nothing known is NaN; so are areas of unknown ``people``.
    """
    amount = np.where(known > 0, total, np.nan)
    value = _over(amount * per, people)
    low = _over(np.where(known + unknown > 0, total, np.nan) * per, people)
    high = low if complete else np.full_like(low, np.inf)
    return Measured(value, low, np.where(unknown > 0, np.inf, high), amount, known, unknown)


def count(known: Ints, unknown: Ints, *, complete: bool = True) -> Measured:
    """Measure how many venues there are: 0 is an answer here, for the list was read."""
    low = known.astype(np.float64)
    high = low + unknown if complete else np.full_like(low, np.inf)
    return Measured(low, low, high, low, known, unknown)


def counted_per_head(
    known: Ints, unknown: Ints, people: Floats, per: float, *, complete: bool = True
) -> Measured:
    """Measure venues per ``per`` people; see :func:`count`."""
    n = count(known, unknown, complete=complete)
    value, low, high = (_over(x * per, people) for x in (n.value, n.low, n.high))
    return Measured(value, low, high, n.amount, known, unknown)


def heads_per(known: Ints, unknown: Ints, people: Floats) -> Measured:
    """Measure people per venue; ``inf`` where there is no venue.

    Venues that may be open (``unknown``) could only lower it.
    """
    venues = known.astype(np.float64)
    return Measured(
        _over(people, venues, none=np.inf),
        _over(people, venues + unknown, none=np.inf),
        _over(people, venues, none=np.inf),
        venues,
        known,
        unknown,
    )


def ratio(top: Floats, bottom: Floats, known: Ints, unknown: Ints) -> Measured:
    """Measure one sum over another; with unknown venues it is their sample's, and decides nothing.

    A sum of venues left out could move it either way.
    """
    value = _over(np.where(known > 0, top, np.nan), bottom)
    sure = np.where(unknown > 0, np.nan, value)
    return Measured(value, sure, sure, np.full_like(value, np.nan), known, unknown)


def _over(top: Floats, bottom: Floats, none: float = np.nan) -> Floats:
    """Divide; ``none`` where there is nothing to divide by, NaN where that is not known."""
    some = bottom > 0
    out = np.where(np.isnan(bottom) | np.isnan(top), np.nan, none)
    np.divide(top, bottom, out=out, where=some)
    return out


def statuses(
    low: ArrayLike, high: ArrayLike, target: ArrayLike, direction: Direction, near: float
) -> list[Status]:
    """Tell how areas stand.

    Parameters
    ----------
    low, high : (n,) float
        Between which the value lies; the same where it is known.
    target : (n,) float
        In the same unit; NaN where there is none.
    direction : str
        ``at_least``: reached from below; ``at_most``: from above. The target itself has reached.
    near : float
        Share of the target within which an area that has not reached it is near it.

    Returns
    -------
    list of Status
        ``no_data`` where a number is missing, or where the ends of the interval disagree.
    """
    low, high, target = (np.asarray(x, dtype=np.float64) for x in (low, high, target))
    ends = [_grade(x, target, direction, near) for x in (low, high)]
    sure = (ends[0] == ends[1]) & ~np.isnan(low) & ~np.isnan(high) & ~np.isnan(target)
    names: tuple[Status, ...] = ("unmet", "near", "met")
    return [names[g] if ok else "no_data" for g, ok in zip(ends[0], sure, strict=True)]


def _grade(value: Floats, target: Floats, direction: Direction, near: float) -> Ints:
    """Grade values: 2 reached, 1 within ``near`` of the target, 0 neither."""
    slack, within = TOLERANCE * target, (near + TOLERANCE) * target
    if direction == "at_least":
        reached, close = value >= target - slack, value >= target - within
    else:
        reached, close = value <= target + slack, value <= target + within
    return reached.astype(np.int64) + close


def implied(people: ArrayLike, target: ArrayLike, per: ArrayLike) -> Floats:
    """Return what a target of so much per ``per`` people means in all: m², venues, persons.

    This is question 15 of an officer: 30 m² per 10,000 people are 6,000 m² for 2 million.
    """
    people, target, per = (np.asarray(x, dtype=np.float64) for x in (people, target, per))
    return np.asarray(target * people / per)


def missing(
    amount: ArrayLike,
    people: ArrayLike,
    target: ArrayLike,
    per: ArrayLike,
    *,
    whole: bool = False,
) -> Floats:
    """Return what lacks to the target, in the amount's own unit: m², or ``whole`` venues, persons.

    0 where the target is reached and only there; NaN where anything is unknown.
    """
    wanted = implied(people, target, per)
    lack = wanted * (1 - TOLERANCE) - np.asarray(amount, dtype=np.float64)
    rest = np.ceil(lack) if whole else wanted - np.asarray(amount, dtype=np.float64)
    return np.where(np.isnan(lack), np.nan, np.where(lack <= 0, 0.0, rest))


def people_beyond(
    amount: ArrayLike, people: ArrayLike, target: ArrayLike, per: ArrayLike
) -> Floats:
    """Return the persons for whom there is nothing at the target's rate: whole, 0 once reached."""
    amount, target, per = (np.asarray(x, dtype=np.float64) for x in (amount, target, per))
    with np.errstate(divide="ignore", invalid="ignore"):
        served = np.where(target > 0, amount * per / target, np.inf)
    return missing(served, people, 1.0, 1.0, whole=True)


def ranks(value: ArrayLike, direction: Direction) -> Ints:
    """Rank areas, the best first: 1, 2, 2, 4 (competition ranking); 0 where there is no data.

    Equal values share a rank: one more than the number of areas that are better.
    """
    value = np.asarray(value, dtype=np.float64)
    better = value[:, None] > value if direction == "at_least" else value[:, None] < value
    return np.where(np.isnan(value), 0, 1 + better.sum(axis=0)).astype(np.int64)


def ranks_within(value: ArrayLike, direction: Direction, zone: ArrayLike) -> Ints:
    """Rank areas among those of their own zone; 0 where there is no data or no zone (``""``)."""
    value, zone = np.asarray(value, dtype=np.float64), np.asarray(zone, dtype=str)
    out = np.zeros(len(value), dtype=np.int64)
    for name in np.unique(zone[zone != ""]):
        here = zone == name
        out[here] = ranks(value[here], direction)
    return out
