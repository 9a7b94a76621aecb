"""Uncovered people as zones: where, how many, why, and whether we know or only lack data. Pure.

Cells with people whom a question leaves uncovered are merged where they share an edge, within
one township (the nearest placed one of the district). A gap's people are the uncovered people of
its cells. A service gap is people out of reach; a
data gap is people we cannot answer for. The cause is the first that holds:

====================  =======  ==================================================================
cause                 type     holds when
====================  =======  ==================================================================
venues_unlocated      data     too few of the asked venues have a position to answer at all
position_uncertain    data     most of its people are covered if venues lie where they may lie
venue_unlocated_here  data     an open venue of the asked kinds is known to be in this township,
                               by its address, but has no position
residents_unplaced    data     most of its people belong to townships whose place is unknown
too_few_choices       service  one venue is in reach, but the standard asks for more
too_far_to_walk       service  (walk) a venue is within 45 minutes by transit
poor_transit          service  (transit) a venue is within the same minutes by car
no_venue_near         service  none of these: nothing is near by any mode
====================  =======  ==================================================================
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from venuenet.coverage import (
    covered_people,
    covered_points,
    group_people,
    kth_seconds,
    nearest_venue,
)
from venuenet.model import UNREACHED, DemandPoints, Gap, Mode, Question, TravelTimes, Variant

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Cause = tuple[str, Literal["service", "data"]]

CAUSES: dict[str, tuple[str, str]] = {
    "venues_unlocated": ("相关场馆多数无位置，无法判断", "most venues asked for have no position"),
    "position_uncertain": ("场馆位置精度不足，无法判断", "venue positions are too vague to tell"),
    "venue_unlocated_here": ("本乡镇有场馆但位置不明", "a venue here has no known position"),
    "residents_unplaced": ("居民所在乡镇位置不明", "residents of townships whose place is unknown"),
    "too_few_choices": ("可选场馆不足", "fewer venues in reach than the standard asks"),
    "too_far_to_walk": ("步行太远，公共交通可达", "too far to walk, within reach by transit"),
    "poor_transit": (
        "驾车可达，公共交通不便（驾车为估算）",
        "reached by car (estimated), not by transit",
    ),
    "no_venue_near": ("附近无场馆", "no venue near"),
}
"""In words, where driving is estimated; see :func:`cause_words`."""
WALK_ALTERNATIVE_MIN = 45


def cause_words(*, estimated: bool, car: bool = True) -> dict[str, tuple[str, str]]:
    """Return the causes in words, zh and en.

    Parameters
    ----------
    estimated : bool
        Whether the driving times are.
    car : bool
        Whether the traveller has a car. Without one nobody knows whether driving would help.
    """
    words = dict(CAUSES)
    if not estimated:
        words["poor_transit"] = ("驾车可达，公共交通不便", "reached by car, not by transit")
    if not car:
        words["no_venue_near"] = ("不驾车到不了", "out of reach without a car")
    return words


@dataclass(frozen=True)
class Evidence:
    """What the causes are decided from.

    Attributes
    ----------
    times : mapping of mode to TravelTimes
        Without surface transit; the question's own mode and the alternatives.
    unlocated_here : set of int
        Townships (positions) whose name stands in the address of an open venue of the asked
        kinds that has no position.
    unplaced : (r,) bool
        Rows of residents whose township has no point.
    answerable : bool
        False where most of the venues asked for have no position.
    high_people, medium_people : float
        People from which a gap's severity is high, or medium.
    """

    times: Mapping[Mode, TravelTimes]
    unlocated_here: frozenset[int]
    unplaced: Bools
    answerable: bool
    high_people: float
    medium_people: float


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
    n = len(demand.cell)
    covered = covered_people(demand, persons, covered_points(times, question), times.samples)
    people = np.bincount(demand.row_cell, persons - covered, minlength=n).astype(np.int64)
    open_cells = np.flatnonzero(people > 0)
    zone = _zones(demand, open_cells)
    order = np.argsort(zone, kind="stable")
    pieces = np.split(open_cells[order], np.flatnonzero(np.diff(zone[order])) + 1)
    facts = _Facts(demand, times, question, evidence, people, persons - covered)
    gaps = [
        facts.gap(cells.astype(np.int32), adcodes, township_codes) for cells in pieces if len(cells)
    ]
    return sorted(gaps, key=lambda g: (-g.people, g.gap_id))


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


def _share(times: TravelTimes, question: Question, variant: Variant = "point") -> Floats:
    """Share of each cell that meets a question, (n,) 0..1."""
    return covered_points(times, question, variant) / times.samples


class _Facts:
    """Per-cell facts that the gaps of one question share."""

    def __init__(
        self,
        demand: DemandPoints,
        times: TravelTimes,
        question: Question,
        evidence: Evidence,
        people: NDArray[np.int64],
        persons: NDArray[np.int64],
    ) -> None:
        self.demand, self.times, self.question, self.evidence = demand, times, question, evidence
        self.people = people
        self.seconds = kth_seconds(times, question.kinds, question.k)
        self.venue = nearest_venue(times, question.kinds)
        self.outside = 1 - _share(times, question)
        early = _share(times, question, "early")
        self.maybe = (early - 1 + self.outside) / np.maximum(self.outside, 1e-9)
        unplaced = persons * evidence.unplaced
        self.unplaced = np.bincount(demand.row_cell, unplaced, minlength=len(demand.cell))
        self.service = self._service()

    def _service(self) -> list[tuple[str, Floats]]:
        """Service causes in order, each with the share of every cell it holds for."""
        q, times = self.question, self.evidence.times
        tests: list[tuple[str, Floats]] = []
        if q.k > 1:
            tests.append(("too_few_choices", _share(self.times, replace(q, k=1))))
        if q.mode == "walk":
            alternative = replace(q, minutes=WALK_ALTERNATIVE_MIN)
            tests.append(("too_far_to_walk", _share(times["transit"], alternative)))
        if q.mode == "transit":
            tests.append(("poor_transit", _share(times["drive"], q)))
        return tests

    def _cause(self, cells: NDArray[np.int32], home: int) -> Cause:
        """Return the first cause that holds for most of the gap's people."""
        weight = self.people[cells]
        half = weight.sum() / 2
        if not self.evidence.answerable:
            return "venues_unlocated", "data"
        if (weight * self.maybe[cells]).sum() > half:
            return "position_uncertain", "data"
        if home in self.evidence.unlocated_here:
            return "venue_unlocated_here", "data"
        if self.unplaced[cells].sum() > half:
            return "residents_unplaced", "data"
        for cause, holds in self.service:
            if (weight * holds[cells]).sum() > half:
                return cause, "service"
        return "no_venue_near", "service"

    def gap(
        self, cells: NDArray[np.int32], adcodes: Sequence[str], township_codes: Sequence[str]
    ) -> Gap:
        """Describe one zone."""
        demand = self.demand
        weight = self.people[cells]
        people = int(weight.sum())
        home = int(demand.cell_township[cells[0]])
        cause, gap_type = self._cause(cells, home)
        venue, minutes = self._nearest(cells, weight)
        high, medium = self.evidence.high_people, self.evidence.medium_people
        flags = ["demand_modelled"]
        if "residents_estimated" in demand.township_flags[home]:
            flags.append("residents_estimated")
        if self.unplaced[cells].sum() > 0:
            flags.append("residents_unplaced")
        if self.maybe[cells].any():
            flags.append("position_uncertain")
        return Gap(
            gap_id=f"{township_codes[home]}-{int(demand.cell[cells[0]]):x}",
            adcode=adcodes[demand.cell_district[cells[0]]],
            township_code=township_codes[home],
            people=people,
            area_km2=round(float((demand.area_km2 * self.outside)[cells].sum()), 2),
            cells=cells,
            nearest_venue_id=venue,
            nearest_minutes=minutes,
            cause=cause,
            gap_type=gap_type,
            severity="high" if people >= high else "medium" if people >= medium else "low",
            flags=tuple(flags),
        )

    def _nearest(
        self, cells: NDArray[np.int32], weight: NDArray[np.int64]
    ) -> tuple[str | None, float | None]:
        """Find the venue nearest to most people of the zone, and their mean minutes to the k-th."""
        reached = self.seconds[cells] < UNREACHED
        if not reached.any():
            return None, None
        cells, weight = cells[reached], weight[reached]
        tally = np.bincount(self.venue[cells], weight)
        seconds = float(np.average(self.seconds[cells], weights=weight))
        return self.times.venue_ids[int(tally.argmax())], round(seconds / 60, 1)
