"""Why people are out of reach: the one main cause of each gap, and the numbers that show it. Pure.

A cause holds for a gap when it holds for more than half of the gap's people. The first that holds,
in the order below, is the gap's cause: what keeps us from knowing comes before what keeps people
from arriving, what was meant to serve them before what never was there.

=======================  =======  ==============================================================
cause                    type     holds for
=======================  =======  ==============================================================
venues_unlocated         data     everybody, when too few of the asked venues have a position
unmapped                 data     people of cells with no street of the imported network near
position_uncertain       data     people covered if venues lie where they may lie
venue_unconfirmed        data     people covered if venues of unverified kind are what was asked
venue_unlocated_here     data     everybody, when the address of an open venue of the asked kinds
                                  that has no position names this township
residents_unplaced       data     people of townships whose place is unknown
full                     service  (capacitated) people with venues in reach and room in none
no_way                   service  people of cells from which the network leads to no venue
relies_on_next_district  service  (own district) people who reach a venue of another district
closed_or_lapsed         service  people covered if closed, lapsed or planned venues were open
too_few_choices          service  (k > 1) people with one venue in reach, but not as many as asked
too_far_to_walk          service  (walk) people with a venue within 45 minutes by transit
poor_transit             service  (transit) people with a venue within the same minutes by car
no_venue_near            service  everybody else
=======================  =======  ==============================================================

docs/causes.md says what each means to a planner, and names the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from venuenet.capacitated import in_reach
from venuenet.coverage import inside
from venuenet.evidence import Cells, Floats, Ground, Other
from venuenet.model import KINDS, REASONS, Question, Reason, TravelTimes

GapType = Literal["service", "data"]
Numbers = dict[str, Any]

TYPES: Mapping[str, GapType] = {
    "venues_unlocated": "data",
    "unmapped": "data",
    "position_uncertain": "data",
    "venue_unconfirmed": "data",
    "venue_unlocated_here": "data",
    "residents_unplaced": "data",
    "full": "service",
    "no_way": "service",
    "relies_on_next_district": "service",
    "closed_or_lapsed": "service",
    "too_few_choices": "service",
    "too_far_to_walk": "service",
    "poor_transit": "service",
    "no_venue_near": "service",
}
"""Causes in the order they are tried."""

WALK_ALTERNATIVE_MIN = 45


@dataclass(frozen=True)
class _Holding:
    """A cause, the people of each cell for whom it holds, (n,), and the numbers beside."""

    cause: str
    people: Floats
    more: Callable[[Cells], Numbers]


class Causes:
    """Decides the causes of the gaps on one ground.

    Attributes
    ----------
    maybe : (n,) float64
        People of each cell whose answer hangs on where venues lie exactly.
    """

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        moved = _position_uncertain(ground)
        self.maybe = moved.people
        tried = (
            _for_reason(ground, "unmapped", "no_street"),
            moved,
            _venue_unconfirmed(ground),
            _venue_unlocated_here(ground),
            _Holding("residents_unplaced", ground.lacking.unplaced.astype(np.float64), _nothing),
            _full(ground),
            _for_reason(ground, "no_way", "no_way"),
            _relies_on_next_district(ground),
            _closed_or_lapsed(ground),
            _too_few_choices(ground),
            _too_far_to_walk(ground),
            _poor_transit(ground),
        )
        self._holdings = [h for h in tried if h is not None]

    def of(self, cells: Cells) -> tuple[str, Numbers]:
        """Return the cause of a zone of cells, and its numbers in plain values."""
        evidence = self.ground.evidence
        if not evidence.answerable:
            known = {"open": evidence.open, "located": evidence.located}
            return "venues_unlocated", {"share": 1.0, **known}
        people = float(self.ground.lacking.people[cells].sum())
        for holding in self._holdings:
            mine = float(holding.people[cells].sum())
            if mine > people / 2:
                return holding.cause, {"share": round(mine / people, 3), **holding.more(cells)}
        return "no_venue_near", {"share": 1.0, **_minutes_by_mode(self.ground, cells)}


def _nothing(_: Cells) -> Numbers:
    return {}


def _others(
    ground: Ground, cause: str, other: Other, told: Mapping[str, Numbers] | None = None
) -> _Holding:
    """Hold for people whom other venues would serve; ``told`` is known of those, by id."""

    def more(cells: Cells) -> Numbers:
        venue = ground.commonest(cells, other)
        minutes = ground.minutes(cells, other.seconds, other.where)
        return {"venue_id": venue, "minutes": minutes, **(told or {}).get(venue or "", {})}

    return _Holding(cause, ground.people(other.where), more)


def _for_reason(ground: Ground, cause: str, reason: Reason) -> _Holding | None:
    """Hold for people of cells without a time, for one of the reasons a network gives."""
    why = ground.times.reason
    if why is None:
        return None
    people = np.where(why == REASONS.index(reason), ground.lacking.away, 0)
    return _Holding(cause, people.astype(np.float64), _nothing)


def _position_uncertain(ground: Ground) -> _Holding:
    times, question, precision = ground.times, ground.question, ground.evidence.precision_m
    where = inside(times, question, "early")
    if times.spread:
        # A quick departure is in `early` too: here only what a position explains counts.
        sooner = np.array([precision.get(v, 0.0) for v in times.venue_ids])
        sooner = sooner * ground.evidence.s_per_m
        _, found = ground.among(times, question.kinds, ground.counting(times), sooner)
        where &= found >= question.k
    told = {v: {"precision_m": m} for v, m in precision.items()}
    other = replace(ground.nearest(times), where=where)
    return _others(ground, "position_uncertain", other, told)


def _venue_unconfirmed(ground: Ground) -> _Holding | None:
    times, doubtful = ground.times, ground.evidence.unconfirmed
    count = np.array([v in doubtful for v in times.venue_ids], dtype=np.bool_)
    kinds = [k for k in KINDS if k not in ground.question.kinds]
    other = ground.with_more(times, kinds, ground.counting(times) & count)
    return None if other is None else _others(ground, "venue_unconfirmed", other)


def _venue_unlocated_here(ground: Ground) -> _Holding | None:
    here, home = ground.evidence.unlocated_here, ground.demand.cell_township
    if not here:
        return None
    people = np.where(np.isin(home, list(here)), ground.lacking.people, 0)

    def more(cells: Cells) -> Numbers:
        return {"venue_ids": list(here[int(home[cells[0]])])}

    return _Holding("venue_unlocated_here", people.astype(np.float64), more)


def _full(ground: Ground) -> _Holding | None:
    rooms, demand, unserved = ground.evidence.rooms, ground.demand, ground.lacking.unserved
    if rooms is None:
        return None
    ids = ground.times.venue_ids
    reach = in_reach(ground.times, ground.question)[:, :-1]
    residents = np.bincount(demand.row_cell, demand.people, len(demand.cell)).astype(np.int64)

    def more(cells: Cells) -> Numbers:
        venues = reach[cells[unserved[cells] > 0]].any(axis=0)
        names = [ids[v] for v in np.flatnonzero(venues)]
        return {
            "venue_id": max(names, key=lambda v: rooms.get(v, 0)),
            "venues": len(names),
            "room": sum(rooms.get(v, 0) for v in names),
            "residents_in_reach": int(residents[reach[:, venues].any(axis=1)].sum()),
        }

    return _Holding("full", unserved.astype(np.float64), more)


def _relies_on_next_district(ground: Ground) -> _Holding | None:
    if not ground.question.own_district:
        return None
    times, question = ground.times, replace(ground.question, own_district=False)
    every = np.ones((len(ground.demand.cell), len(times.venue_ids)), dtype=np.bool_)
    near, _ = ground.among(times, question.kinds, every)
    other = replace(near, where=inside(times, question))
    codes = ground.demand.adcodes
    told = {v: {"adcode": codes[d]} for v, d in ground.evidence.district.items() if d < len(codes)}
    return _others(ground, "relies_on_next_district", other, told)


def _closed_or_lapsed(ground: Ground) -> _Holding | None:
    shut = ground.evidence.shut
    if shut is None:
        return None
    other = ground.with_more(shut, ground.question.kinds, ground.counting(shut))
    status = ground.evidence.shut_status
    told = {v: {"status": status.get(v), "estimated": True} for v in shut.venue_ids}
    return None if other is None else _others(ground, "closed_or_lapsed", other, told)


def _too_few_choices(ground: Ground) -> _Holding | None:
    if ground.question.k == 1:
        return None
    one = inside(ground.times, replace(ground.question, k=1))
    told = {v: {"asked": ground.question.k} for v in ground.times.venue_ids}
    other = replace(ground.nearest(ground.times), where=one)
    return _others(ground, "too_few_choices", other, told)


def _too_far_to_walk(ground: Ground) -> _Holding | None:
    if ground.question.mode != "walk":
        return None
    question = replace(ground.question, minutes=WALK_ALTERNATIVE_MIN)
    return _by(ground, "too_far_to_walk", ground.evidence.times["transit"], question)


def _poor_transit(ground: Ground) -> _Holding | None:
    if ground.question.mode != "transit":
        return None
    holding = _by(ground, "poor_transit", ground.evidence.times["drive"], ground.question)
    buses = ground.evidence.surface
    if buses is None:
        return holding
    riding = ground.people(inside(buses, ground.question))

    def more(cells: Cells) -> Numbers:
        share = float(riding[cells].sum()) / int(ground.lacking.people[cells].sum())
        return {**holding.more(cells), "assumed_bus_share": round(share, 3)}

    return replace(holding, more=more)


def _by(ground: Ground, cause: str, times: TravelTimes, question: Question) -> _Holding:
    """Hold for people who would arrive by another mode."""
    other = replace(ground.nearest(times), where=inside(times, question))
    here = ground.nearest(ground.times)
    holding = _others(ground, cause, other)

    def more(cells: Cells) -> Numbers:
        return {
            **holding.more(cells),
            "within": question.minutes,
            "estimated": times.estimated,
            "asked_minutes": ground.minutes(cells, here.seconds, other.where),
        }

    return replace(holding, more=more)


def _minutes_by_mode(ground: Ground, cells: Cells) -> Numbers:
    """Mean minutes to the nearest venue by every mode; None where nobody arrives."""
    everywhere = np.ones_like(ground.out)
    return {
        f"{mode}_minutes": ground.minutes(cells, ground.nearest(table).seconds, everywhere)
        for mode, table in ground.evidence.times.items()
    }
