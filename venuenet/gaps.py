"""Uncovered people as zones: where, how many, why, and whether we know or only lack data. Pure.

Cells with people whom a question leaves uncovered are merged where they share an edge, within
one township (the nearest placed one of the district). A gap's people are the uncovered people of
its cells: those with no venue in reach, and when venues can be full those for whom none has room.
A service gap is people out of reach; a data gap is people we cannot answer for. `causes` says
which it is, and why.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from venuenet.causes import TYPES, Causes
from venuenet.coverage import (
    covered_people,
    covered_points,
    covered_rows,
    group_people,
    kth_seconds,
    nearest_venue,
)
from venuenet.evidence import Evidence, Ground, Lacking
from venuenet.model import UNREACHED, DemandPoints, Gap, Question, TravelTimes

Ints = NDArray[np.int64]


def find_gaps(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    evidence: Evidence,
    adcodes: Sequence[str],
    township_codes: Sequence[str],
) -> list[Gap]:
    """Merge uncovered cells into gaps, most people first.

    Returns
    -------
    list of Gap
        Every uncovered cell with people of the group is in exactly one; their people sum to the
        uncovered people of each district. Empty when nothing is known of the group.
    """
    persons = group_people(demand, question.group)
    if persons is None:
        return []
    lacking = _lacking(demand, times, question, evidence, persons)
    open_cells = np.flatnonzero(lacking.people > 0)
    zone = _zones(demand, open_cells)
    order = np.argsort(zone, kind="stable")
    pieces = np.split(open_cells[order], np.flatnonzero(np.diff(zone[order])) + 1)
    describe = _Describer(Ground(demand, times, question, evidence, lacking))
    gaps = [
        describe.gap(cells.astype(np.int32), adcodes, township_codes)
        for cells in pieces
        if len(cells)
    ]
    return sorted(gaps, key=lambda g: (-g.people, g.gap_id))


def _lacking(
    demand: DemandPoints,
    times: TravelTimes,
    question: Question,
    evidence: Evidence,
    persons: Ints,
) -> Lacking:
    """Count the uncovered people of every cell."""

    def by_cell(rows: Ints) -> Ints:
        return np.bincount(demand.row_cell, rows, minlength=len(demand.cell)).astype(np.int64)

    reached = covered_people(demand, persons, covered_points(times, question), times.samples)
    served = covered_rows(demand, times, question, persons, rooms=evidence.rooms)
    return Lacking(
        away=by_cell(persons - reached),
        unserved=by_cell(reached - served),
        unplaced=by_cell((persons - served) * evidence.unplaced),
    )


def _zones(demand: DemandPoints, cells: NDArray[np.int64]) -> NDArray[np.int32]:
    """Label cells that hang together within one township, (len(cells),)."""
    at = np.full(len(demand.cell), -1)
    at[cells] = np.arange(len(cells))
    a, b = at[demand.neighbours[:, 0]], at[demand.neighbours[:, 1]]
    home = demand.cell_township
    same = home[demand.neighbours[:, 0]] == home[demand.neighbours[:, 1]]
    keep = (a >= 0) & (b >= 0) & same
    graph = coo_array((np.ones(int(keep.sum()), bool), (a[keep], b[keep])), shape=(len(cells),) * 2)
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int32)


class _Describer:
    """Describes the zones of one question."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.causes = Causes(ground)
        times, question = ground.times, ground.question
        # The nearest of all, also where only the own district's count: the pair belongs together.
        self.seconds = kth_seconds(times, question.kinds, question.k)
        self.venue = nearest_venue(times, question.kinds)
        share = ground.out.mean(axis=1)
        # A cell none of whose points is out of reach is in a gap for want of room, all of it.
        self.outside = np.where(share > 0, share, 1.0)

    def gap(
        self, cells: NDArray[np.int32], adcodes: Sequence[str], township_codes: Sequence[str]
    ) -> Gap:
        """Describe one zone."""
        demand, evidence, lacking = self.ground.demand, self.ground.evidence, self.ground.lacking
        people = int(lacking.people[cells].sum())
        first = int(cells[0])
        home = int(demand.cell_township[first])
        cause, numbers = self.causes.of(cells)
        venue, minutes = self._nearest(cells)
        high, medium = evidence.high_people, evidence.medium_people
        return Gap(
            gap_id=f"{township_codes[home]}-{int(demand.cell[first]):x}",
            adcode=adcodes[demand.cell_district[first]],
            township_code=township_codes[home],
            people=people,
            area_km2=round(float((demand.area_km2 * self.outside)[cells].sum()), 2),
            cells=cells,
            nearest_venue_id=venue,
            nearest_minutes=minutes,
            cause=cause,
            gap_type=TYPES[cause],
            severity="high" if people >= high else "medium" if people >= medium else "low",
            flags=self._flags(cells, venue),
            evidence=numbers,
        )

    def _flags(self, cells: NDArray[np.int32], venue: str | None) -> tuple[str, ...]:
        demand, ground = self.ground.demand, self.ground
        first = cells[0]
        flags = ["demand_modelled"]
        if "residents_estimated" in demand.township_flags[demand.cell_township[first]]:
            flags.append("residents_estimated")
        if ground.lacking.unplaced[cells].sum() > 0:
            flags.append("residents_unplaced")
        if self.causes.maybe[cells].any():
            flags.append("position_uncertain")
        elsewhere = ground.evidence.district.get(venue or "", demand.cell_district[first])
        if elsewhere != demand.cell_district[first]:
            flags.append("relies_on_next_district")
        return tuple(flags)

    def _nearest(self, cells: NDArray[np.int32]) -> tuple[str | None, float | None]:
        """Find the venue nearest to most people of the zone, and their mean minutes to the k-th."""
        reached = self.seconds[cells] < UNREACHED
        if not reached.any():
            return None, None
        cells = cells[reached]
        weight = self.ground.lacking.people[cells]
        tally = np.bincount(self.venue[cells], weight)
        seconds = float(np.average(self.seconds[cells], weights=weight))
        return self.ground.times.venue_ids[int(tally.argmax())], round(seconds / 60, 1)
