"""The 1+16+N system: who reaches hub and branches, and which branch a base could join. Pure.

Hub, branches and nodes are asked for by kind (``center_city``, ``center_district``, ``center_n``),
so their reach is that of the coverage answers for these kinds.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import Ints, covered_points
from venuenet.model import KINDS, UNREACHED, DemandPoints, Kind, Question, TravelTimes
from venuenet.network.ties import by_district, choices, person_points, served, whole

HUB: Kind = "center_city"
BRANCH: Kind = "center_district"
SPAN = 0.9
"""Share of a branch's people who arrive within its span."""


@dataclass(frozen=True)
class Duty:
    """What the venues of one kind do for the city, each for the people it is nearest to.

    Attributes
    ----------
    reach : (districts,) int64
        Persons within the cut-off of any of them.
    within : (venues,) int64
        Persons within the cut-off and nearest to this one; adds up to ``reach``.
    nearest : (venues,) int64
        Persons nearest to this one, however far: its load if nobody went elsewhere.
    span_s : (venues,) float64
        Seconds by which ``SPAN`` of ``nearest`` have arrived; NaN where it serves nobody.
    """

    reach: Ints
    within: Ints
    nearest: Ints
    span_s: NDArray[np.float64]


def duty(
    demand: DemandPoints, times: TravelTimes, question: Question, persons: Ints, kind: Kind
) -> Duty:
    """Tell who reaches the venues of a kind within the question's minutes, and each one's load."""
    asked = dataclasses.replace(question, kinds=(kind,), k=1)
    points = covered_points(times, asked)
    reach = whole(person_points(demand, persons, points), times.samples)
    return Duty(
        reach=by_district(demand, reach),
        within=served(demand, times, asked, persons).sum(axis=0),
        nearest=served(demand, times, asked, persons, without_cutoff=True).sum(axis=0),
        span_s=_spans(demand, times, persons, kind),
    )


def _spans(
    demand: DemandPoints, times: TravelTimes, persons: Ints, kind: Kind
) -> NDArray[np.float64]:
    """Find the time by which a share of each venue's own people has arrived."""
    first = choices(times, (kind,), 1)
    cell = np.bincount(demand.row_cell, persons, minlength=len(demand.cell)).astype(np.int64)
    weight = np.broadcast_to(cell[:, None], first.venue[0].shape)
    used = (first.venue[0] >= 0) & (weight > 0)
    venue, seconds, weight = first.venue[0][used], first.seconds[0][used], weight[used]
    order = np.lexsort((seconds, venue))
    venue, seconds, weight = venue[order], seconds[order], weight[order]
    spans = np.full(len(times.venue_ids), np.nan)
    for v in np.unique(venue):
        mine = venue == v
        total = np.cumsum(weight[mine])
        spans[v] = seconds[mine][np.searchsorted(total, SPAN * total[-1])]
    return spans


@dataclass(frozen=True)
class Adoption:
    """Which branch reaches each base fastest, (bases,) each.

    Attributes
    ----------
    branch : int16
        Position in ``TravelTimes.venue_ids``; -1 where no branch has a way.
    seconds : int32
        From the centre of the base's cell to the branch; UNREACHED where there is no way.
    off_m : float64
        Metres from the base to the centre it stands for: the cell with people nearest to it.
    """

    branch: NDArray[np.int16]
    seconds: NDArray[np.int32]
    off_m: NDArray[np.float64]


def adopt(demand: DemandPoints, times: TravelTimes, xy: NDArray[np.float64]) -> Adoption:
    """Give each base to the branch it has the shortest way to.

    Ways between venues are not computed: that of the base's cell stands for it.

    Parameters
    ----------
    xy : (bases, 2) float64
        Metres in the area's projected CRS, as ``DemandPoints.x`` and ``y``.
    """
    from scipy.spatial import cKDTree  # noqa: PLC0415  only this needs it

    if not len(demand.cell):
        none = np.full(len(xy), -1, dtype=np.int16)
        never = np.full(len(xy), UNREACHED, dtype=np.int32)
        return Adoption(none, never, np.full(len(xy), np.nan))
    off, cell = cKDTree(np.column_stack([demand.x, demand.y])).query(xy.reshape(-1, 2))
    kind = KINDS.index(BRANCH)
    return Adoption(
        branch=times.near_venue[kind, 0, cell, 0],
        seconds=times.near_s[0, kind, 0, cell, 0],
        off_m=np.asarray(off),
    )
