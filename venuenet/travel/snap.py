"""Setting points on the streets nearest to them: on the street itself, not on its junctions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from venuenet.travel.graph import spans
from venuenet.travel.streets import Streets


@dataclass(frozen=True)
class Placed:
    """Points on streets.

    Attributes
    ----------
    street : (p,) int32
        -1 where no usable street is near enough.
    along : (p,) float64
        How far along the street, 0 at its start, 1 at its end.
    off_m : (p,) float64
        Metres from the point to the street, straight; NaN where there is none.
    """

    street: NDArray[np.int32]
    along: NDArray[np.float64]
    off_m: NDArray[np.float64]


class Snapper:
    """The streets some profile may use, indexed."""

    def __init__(self, streets: Streets, usable: NDArray[np.bool_]) -> None:
        self._street = np.flatnonzero(usable).astype(np.int32)
        corner = np.arange(len(streets.line_xy))
        of = np.searchsorted(streets.line_at, corner, side="right") - 1
        keep = usable[of]
        self._lines = shapely.linestrings(
            streets.line_xy[keep], indices=(np.cumsum(usable) - 1)[of[keep]]
        )
        self._tree = shapely.STRtree(self._lines)

    def place(self, xy: NDArray[np.float64], most_m: float) -> Placed:
        """Set points (p, 2), metres, on the nearest street up to ``most_m`` away (included).

        Of streets equally near, the one numbered first is taken.
        """
        points = shapely.points(xy)
        street = np.full(len(xy), -1, dtype=np.int32)
        along = np.zeros(len(xy))
        off = np.full(len(xy), np.nan)
        if len(self._lines) and len(xy):
            (point, line), metres = self._tree.query_nearest(
                points, max_distance=most_m, return_distance=True
            )
            order = np.lexsort((line, point))
            point, line, metres = point[order], line[order], metres[order]
            first = np.flatnonzero(np.diff(point, prepend=-1))
            point, line = point[first], line[first]
            street[point] = self._street[line]
            # Normalized by length, which is none where two junctions lie on one spot.
            along[point] = np.nan_to_num(
                shapely.line_locate_point(self._lines[line], points[point], normalized=True)
            )
            off[point] = metres[first]
        return Placed(street, along, off)


def same_street(points: Placed, venues: Placed) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return all pairs (point, venue) that lie on one street, by venue and then by point."""
    by_street = np.argsort(points.street, kind="stable")
    sorted_street = points.street[by_street]
    first = np.searchsorted(sorted_street, venues.street, side="left")
    last = np.searchsorted(sorted_street, venues.street, side="right")
    count = np.where(venues.street >= 0, last - first, 0)
    venue = np.repeat(np.arange(len(venues.street)), count)
    return by_street[spans(first, count)], venue
