"""What lies within some minutes: cells to draw, and people counted from the travel times. Pure.

The picture and the count come from the same numbers; the count is never taken from the picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import h3.api.numpy_int as h3n
import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import covered_people, covered_points, inside
from venuenet.errors import BadQueryError
from venuenet.model import DemandPoints, Kind, Question, TravelTimes

MOST_CUTOFFS = 8
LONGEST_MIN = 120


@dataclass(frozen=True, eq=False)
class Reach:
    """What lies within one cut-off, inhabited cells only.

    Attributes
    ----------
    minutes : int
    cell : (c,) uint64
        H3 cells to draw, all of one resolution; none where nothing is within reach.
    area_km2 : float
        Sum of these cells' own areas.
    people : int
        Counted from the travel times.
    """

    minutes: int
    cell: NDArray[np.uint64]
    area_km2: float
    people: int


def venue_reach(
    demand: DemandPoints, times: TravelTimes, venue_id: str, minutes: Sequence[int]
) -> list[Reach]:
    """Find who reaches one venue: whole cells, by the time from their centre (<=).

    Parameters
    ----------
    venue_id : str
        One of ``times.venue_ids``.
    minutes : sequence of int
        Cut-offs, at most the matrix's own.

    Returns
    -------
    list of Reach
        Shortest cut-off first; each holds all cells of those before it.

    Raises
    ------
    BadQueryError
        Cut-offs that cannot be answered.
    """
    cutoffs = _checked(minutes, times.cutoff_s // 60)
    row = times.venue_ids.index(venue_id)
    entries = slice(times.indptr[row], times.indptr[row + 1])
    people = np.bincount(demand.row_cell, demand.people, minlength=len(demand.cell))
    found = []
    for cutoff in cutoffs:
        at = times.cell[entries][times.seconds[entries] <= 60 * cutoff]
        area = float(demand.area_km2[at].sum())
        found.append(Reach(cutoff, np.sort(demand.cell[at]), area, int(people[at].sum())))
    return found


def kinds_reach(
    demand: DemandPoints, times: TravelTimes, kinds: Sequence[Kind], minutes: Sequence[int]
) -> list[Reach]:
    """Find who reaches the nearest venue of some kinds, as coverage counts it.

    Cells are drawn by their children, the points they are sampled at; see :func:`venue_reach`.
    """
    found = []
    for cutoff in _checked(minutes, LONGEST_MIN):
        question = Question(times.mode, cutoff, tuple(kinds))
        points = inside(times, question)
        cells = demand.cell[points[:, 0]] if times.samples == 1 else _children(demand.cell, points)
        people = covered_people(
            demand, demand.people, covered_points(times, question), times.samples
        )
        area = float(sum(h3n.cell_area(c) for c in cells))
        found.append(Reach(cutoff, cells, area, int(people.sum())))
    return found


def _children(cell: NDArray[np.uint64], points: NDArray[np.bool_]) -> NDArray[np.uint64]:
    some = np.flatnonzero(points.any(axis=1))
    inner = [h3n.cell_to_children(c)[points[i]] for i, c in zip(some, cell[some], strict=True)]
    return np.concatenate([np.empty(0, dtype=np.uint64), *inner]).astype(np.uint64)


def _checked(minutes: Sequence[int], most: int) -> list[int]:
    """Return cut-offs ascending, each once."""
    cutoffs = sorted(set(minutes))
    if not cutoffs or len(cutoffs) > MOST_CUTOFFS or cutoffs[0] < 1 or cutoffs[-1] > most:
        given = ", ".join(map(str, minutes))[:60]
        raise BadQueryError(
            f"minutes 应为 1 到 {most} 的整数（分钟），至多 {MOST_CUTOFFS} 个，收到“{given}”",
            f"minutes must be 1 to {MOST_CUTOFFS} whole numbers from 1 to {most}, got “{given}”",
            param="minutes",
            allowed=[f"1..{most}"],
        )
    return cutoffs
