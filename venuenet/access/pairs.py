"""Who reaches what in how many minutes: the sparse table all measures work on. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from venuenet.errors import BadQueryError
from venuenet.model import TravelTimes

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """Minutes from places to venues; a pair that is not there is beyond reach.

    One row per pair, ordered by place, then by venue: with ``at`` this is CSR by place. Sums by
    venue need no second order (``np.bincount`` over ``venue``).

    Attributes
    ----------
    places, venues : int
        How many there are, those in no pair included.
    place, venue : (p,) int32
    minutes : (p,) float64
        Finite, not negative. From place to venue: the matrix need not be symmetric.
    """

    places: int
    venues: int
    place: NDArray[np.int32]
    venue: NDArray[np.int32]
    minutes: Floats

    @property
    def at(self) -> NDArray[np.int64]:
        """Where each place's pairs begin, (places + 1,)."""
        # As narrow as what is searched: numpy would copy all of it otherwise.
        ends = np.arange(self.places + 1, dtype=np.int32)
        return np.searchsorted(self.place, ends).astype(np.int64, copy=False)

    def within(self, minutes: float) -> Pairs:
        """Keep the pairs of at most so many minutes (``<=``)."""
        keep = self.minutes <= minutes
        return self if keep.all() else self.only(keep)

    def only(self, keep: NDArray[np.bool_]) -> Pairs:
        """Keep some pairs; ``keep`` is (p,)."""
        return Pairs(
            self.places, self.venues, self.place[keep], self.venue[keep], self.minutes[keep]
        )

    def matrix(self, weights: Floats) -> csr_array:
        """Put (p,) weights into a sparse (places, venues) matrix: both sums are its products."""
        from scipy.sparse import csr_array  # noqa: PLC0415  most commands do without

        shape = (self.places, self.venues)
        return csr_array((weights, self.venue, self.at.astype(np.int32)), shape=shape)

    def per_place(self, values: Floats) -> Floats:
        """Sum (p,) values by place, (places,)."""
        return np.bincount(self.place, values, self.places).astype(np.float64, copy=False)

    def per_venue(self, values: Floats) -> Floats:
        """Sum (p,) values by venue, (venues,)."""
        return np.bincount(self.venue, values, self.venues).astype(np.float64, copy=False)


def from_arrays(
    places: int, venues: int, place: ArrayLike, venue: ArrayLike, minutes: ArrayLike
) -> Pairs:
    """Make pairs of plain arrays of one length, in any order.

    Raises
    ------
    ValueError
        The arrays differ in length, a position is not one of ``places`` or ``venues``, a pair is
        given twice, or its minutes are negative or not finite.
    """
    who, what = (np.asarray(a, dtype=np.int64).ravel() for a in (place, venue))
    cost = np.asarray(minutes, dtype=np.float64).ravel()
    if not len(who) == len(what) == len(cost):
        raise ValueError("place, venue and minutes must be of one length")
    for position, n, name in ((who, places, "place"), (what, venues, "venue")):
        if len(position) and not 0 <= position.min() <= position.max() < n:
            raise ValueError(f"{name} must lie in 0..{n - 1}")
    if not (np.isfinite(cost) & (cost >= 0)).all():
        raise ValueError("minutes must be finite and not negative")
    key = who * max(venues, 1) + what
    order = np.argsort(key, kind="stable")
    if (np.diff(key[order]) == 0).any():
        raise ValueError("a pair is given twice")
    return Pairs(
        places, venues, who[order].astype(np.int32), what[order].astype(np.int32), cost[order]
    )


def from_table(minutes: ArrayLike) -> Pairs:
    """Make pairs of a dense (places, venues) table; NaN and infinite are beyond reach.

    Raises
    ------
    ValueError
        Minutes are negative or the table has not two dimensions.
    """
    table = np.asarray(minutes, dtype=np.float64)
    if table.ndim != 2:
        raise ValueError("the table must be places x venues")
    place, venue = np.nonzero(~(np.isnan(table) | np.isposinf(table)))
    places, venues = table.shape
    return from_arrays(places, venues, place, venue, table[place, venue])


def from_times(
    times: TravelTimes,
    minutes: int,
    cells: int,
    venues: Sequence[bool] | NDArray[np.bool_] | None = None,
) -> Pairs:
    """Make pairs of a matrix: cells' centres to venues within some minutes (``<=``).

    Parameters
    ----------
    times : TravelTimes
    minutes : int
        How far; at most what the matrix holds.
    cells : int
        How many cells there are.
    venues : (v,) bool, optional
        Which of ``times.venue_ids`` count; all by default. Positions stay those of ``venue_ids``.

    Raises
    ------
    BadQueryError
        More minutes than the matrix holds.
    """
    longest = times.cutoff_s // 60
    if minutes > longest:
        raise BadQueryError(
            f"此项指标用到的时间矩阵只到 {longest} 分钟，收到 {minutes}",
            f"this measure needs the matrix of times, which ends at {longest} minutes; "
            f"got {minutes}",
            param="minutes",
            allowed=[f"1..{longest}"],
        )
    n = len(times.venue_ids)
    venue = np.repeat(np.arange(n, dtype=np.int32), np.diff(times.indptr))
    seconds = np.asarray(times.seconds)
    keep = seconds <= 60 * minutes
    if venues is not None:
        keep &= np.asarray(venues, dtype=np.bool_)[venue]
    cell, venue, seconds = np.asarray(times.cell)[keep], venue[keep], seconds[keep]
    order = np.argsort(cell, kind="stable")  # rows come by venue: within a cell they stay so
    return Pairs(cells, n, cell[order], venue[order], seconds[order] / 60.0)
