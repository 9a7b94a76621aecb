"""What is known where people are out of reach, point by point: the ground causes stand on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from venuenet.capacitated import Rooms
from venuenet.coverage import inside
from venuenet.model import (
    KINDS,
    UNREACHED,
    DemandPoints,
    Kind,
    Mode,
    Question,
    Status,
    TravelTimes,
)

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Cells = NDArray[np.int32]


@dataclass(frozen=True)
class Evidence:
    """What the causes are decided from.

    Attributes
    ----------
    times : mapping of mode to TravelTimes
        Without surface transit; the question's own mode and the alternatives.
    unplaced : (r,) bool
        Rows of residents whose township has no point.
    answerable : bool
        False where most of the venues asked for have no position.
    high_people, medium_people : float
        People from which a gap's severity is high, or medium.
    located, open : int
        Open venues of the asked kinds, and those of them with a position.
    unlocated_here : mapping of township position to venue ids
        Open venues of the asked kinds without a position whose address names the township.
    district : mapping of venue id to int
        Position of the district of a venue's address, as ``cell_district`` counts.
    precision_m : mapping of venue id to float
        Metres by which a venue's position may be wrong.
    s_per_m : float
        Seconds a metre of a straight line takes on foot, its detour included.
    unconfirmed : frozenset of str
        Located open venues whose kind nobody has verified.
    shut : TravelTimes, optional
        Estimated times of the question's mode to the located venues that are not open.
    shut_status : mapping of venue id to Status
        What those are.
    surface : TravelTimes, optional
        Transit with assumed buses, to be told beside where transit has none.
    rooms : mapping of venue id to int, optional
        Persons venues have room for, under ``capacitated``.
    """

    times: Mapping[Mode, TravelTimes]
    unplaced: Bools
    answerable: bool
    high_people: float
    medium_people: float
    located: int = 0
    open: int = 0
    unlocated_here: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    district: Mapping[str, int] = field(default_factory=dict)
    precision_m: Mapping[str, float] = field(default_factory=dict)
    s_per_m: float = 0.0
    unconfirmed: frozenset[str] = frozenset()
    shut: TravelTimes | None = None
    shut_status: Mapping[str, Status] = field(default_factory=dict)
    surface: TravelTimes | None = None
    rooms: Rooms | None = None


@dataclass(frozen=True)
class Lacking:
    """People a question leaves uncovered, (n,) each; ``people = away + unserved``.

    ``away`` have too few venues in reach; ``unserved`` have one, but no room there. Of both,
    ``unplaced`` live in townships whose place is unknown.
    """

    away: Ints
    unserved: Ints
    unplaced: Ints

    @property
    def people(self) -> Ints:
        """All of them."""
        return self.away + self.unserved


@dataclass(frozen=True)
class Other:
    """Venues that would serve: which points have them, (n, m), and the nearest: seconds, venue."""

    where: Bools
    seconds: NDArray[np.int32]
    venue: NDArray[np.int16]
    ids: tuple[str, ...]


class Ground:
    """Points out of reach, the people each stands for, and the venues that would serve them.

    Parameters
    ----------
    demand, times, question, evidence
        See :func:`venuenet.gaps.find_gaps`.
    lacking : Lacking
    """

    def __init__(
        self,
        demand: DemandPoints,
        times: TravelTimes,
        question: Question,
        evidence: Evidence,
        lacking: Lacking,
    ) -> None:
        self.demand, self.times, self.question, self.evidence = demand, times, question, evidence
        self.lacking = lacking
        self.out = ~inside(times, question)
        self._each = lacking.away / np.maximum(np.count_nonzero(self.out, axis=1), 1)
        self._nearest: dict[int, Other] = {}  # by table: several causes ask for the same

    def people(self, where: Bools) -> Floats:
        """People out of reach at points (n, m) for which something holds, (n,)."""
        held: Floats = self._each * np.count_nonzero(self.out & where, axis=1)
        return held

    def minutes(self, cells: Cells, seconds: NDArray[np.int32], where: Bools) -> float | None:
        """Mean minutes of those of some cells for whom it holds and who arrive at all."""
        weight = self._weights(cells, where & (seconds < UNREACHED))
        if not weight.sum():
            return None
        return round(float(np.average(seconds[cells], weights=weight)) / 60, 1)

    def commonest(self, cells: Cells, other: Other) -> str | None:
        """Return the venue nearest to most of those for whom it holds."""
        who = other.venue[cells]
        weight = self._weights(cells, other.where) * (who >= 0)
        if not weight.sum():
            return None
        tally = np.bincount(np.maximum(who, 0).ravel(), weight.ravel())
        return other.ids[int(tally.argmax())]

    def _weights(self, cells: Cells, where: Bools) -> Floats:
        held: Floats = self._each[cells, None] * (self.out[cells] & where[cells])
        return held

    def counting(self, times: TravelTimes) -> Bools:
        """Which venues of a table count for a cell's district, (n, venues)."""
        home = self.demand.cell_district
        if not self.question.own_district:
            return np.ones((len(home), len(times.venue_ids)), dtype=np.bool_)
        at = [self.evidence.district.get(v, -1) for v in times.venue_ids]
        return np.asarray(home[:, None] == np.array(at, dtype=np.int64))

    def among(
        self, times: TravelTimes, kinds: Sequence[Kind], count: Bools, sooner: Floats | None = None
    ) -> tuple[Other, Ints]:
        """Find the nearest of some venues, and how many of them are within the cut-off, (n, m).

        Parameters
        ----------
        times : TravelTimes
            Searched are its ``NEAREST`` venues of each kind.
        kinds : sequence of Kind
        count : (n, venues) bool
            Which venues count for which cell.
        sooner : (venues,) float64, optional
            Seconds to take off.
        """
        rows = [KINDS.index(kind) for kind in kinds]
        near = times.near_s[0, rows].reshape(-1, *self.out.shape)
        who = times.near_venue[rows].reshape(near.shape)
        if not len(near) or not count.size:
            nowhere = np.full(self.out.shape, UNREACHED, dtype=np.int32)
            nobody = np.full(self.out.shape, -1, dtype=np.int16)
            none = np.zeros(self.out.shape, dtype=np.int64)
            return Other(none > 0, nowhere, nobody, times.venue_ids), none
        counts = (who >= 0) & count[np.arange(near.shape[1])[:, None], who]
        near = np.where(counts, near, UNREACHED)
        early = 0.0 if sooner is None else sooner[who]
        found = (near < UNREACHED) & (near - early <= 60 * self.question.minutes)
        best = near.argmin(axis=0)[None]
        one = Other(
            where=np.asarray(found.any(axis=0)),
            seconds=np.take_along_axis(near, best, 0)[0],
            venue=np.take_along_axis(who, best, 0)[0],
            ids=times.venue_ids,
        )
        return one, np.count_nonzero(found, axis=0)

    def nearest(self, times: TravelTimes) -> Other:
        """Find the nearest venues that count for the question, in one of the evidence's tables."""
        known = self._nearest.get(id(times))
        if known is None:
            known = self.among(times, self.question.kinds, self.counting(times))[0]
            self._nearest[id(times)] = known
        return known

    def with_more(self, times: TravelTimes, kinds: Sequence[Kind], count: Bools) -> Other | None:
        """Find points that reach enough venues once some more count, and the nearest of those."""
        if not count.any():
            return None
        more, found = self.among(times, kinds, count)
        have = self.among(self.times, self.question.kinds, self.counting(self.times))[1]
        return replace(more, where=(found > 0) & (have + found >= self.question.k))
