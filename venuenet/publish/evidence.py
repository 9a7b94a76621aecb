"""What a snapshot tells of why people are out of reach: everything the causes are decided from."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from venuenet.access.capacity import capacities, persons_served
from venuenet.coverage import located
from venuenet.evidence import Evidence
from venuenet.model import MODES, LocatedVenue, Mode, Question, TravelTimes, Venue
from venuenet.publish.how import basis_of, table_for, traveller_of
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.standards import Assumptions
from venuenet.standards.capacity import load_capacity_rules
from venuenet.travel.estimate import DriveEstimate, TransitEstimate, WalkEstimate

KIND_UNVERIFIED = "kind_unverified"


def gap_evidence(snapshot: Snapshot, question: Question, *, answerable: bool) -> Evidence:
    """Gather what the causes of a question's gaps are decided from."""
    rules, demand = snapshot.assumptions.gaps, snapshot.demand
    venues = snapshot.area.venues
    placed = [v for v in venues if isinstance(v, LocatedVenue)]
    count = located(venues, question.kinds)
    at = {code: i for i, code in enumerate(snapshot.area.districts["adcode"])}
    pointless = np.array(["point_unknown" in f for f in demand.township_flags])
    shut = shut_times(snapshot, question.mode, question.surface_transit)
    return Evidence(
        times={m: table_for(snapshot, _plain(question, m)) for m in MODES},
        unplaced=pointless[demand.row_township],
        answerable=answerable,
        high_people=rules.severity_high.value,
        medium_people=rules.severity_medium.value,
        located=count.located,
        open=count.open,
        unlocated_here=_unlocated_here(snapshot, question),
        district={v.venue_id: at[v.adcode] for v in venues if v.adcode in at},
        precision_m={v.venue_id: v.precision_m for v in placed},
        s_per_m=_pace(_travellers(snapshot)),
        unconfirmed=frozenset(v.venue_id for v in placed if KIND_UNVERIFIED in v.flags),
        shut=shut,
        shut_status={v.venue_id: v.status for v in placed if not v.counts},
        surface=None if question.surface_transit else snapshot.surface,
        rooms=rooms_of(snapshot) if question.capacitated else None,
    )


def _plain(question: Question, mode: Mode) -> Question:
    """Ask for the table of a mode for the same group, never with assumed buses."""
    return Question(mode=mode, group=question.group)


def _travellers(snapshot: Snapshot) -> Assumptions:
    """Return the assumptions with the walking speed of the snapshot's traveller."""
    who = traveller_of(snapshot.manifest)["id"]
    travel = snapshot.manifest.parameters.get("travel") or {}
    known = travel.get("rules", {}).get("travellers", {}).get(who)
    given = snapshot.assumptions
    if known is None:
        return given
    speed = given.walk.speed_kmh
    own = speed.model_copy(update={"value": speed.value * known["walk_ratio"]["value"]})
    return given.model_copy(update={"walk": given.walk.model_copy(update={"speed_kmh": own})})


def _pace(rules: Assumptions) -> float:
    """Seconds a metre of a straight line takes on foot, its detour included."""
    return rules.walk.detour.value * 3.6 / rules.walk.speed_kmh.value


@remembered(most=8)
def shut_times(snapshot: Snapshot, mode: Mode, surface_transit: bool = False) -> TravelTimes | None:
    """Estimate the times to the located venues that are closed, lapsed or planned.

    A build computes no times to them. They are estimated here as times are where there is no
    network (docs/method.md), whatever network the other times come from.

    Returns
    -------
    TravelTimes or None
        None where there is no such venue, or the traveller has no car to drive.
    """
    shut = [v for v in snapshot.area.venues if isinstance(v, LocatedVenue) and not v.counts]
    if not shut or (mode == "drive" and basis_of(snapshot.times["drive"]) == "no_car"):
        return None
    area, rules = snapshot.area, _travellers(snapshot)
    if mode == "transit":
        engine = TransitEstimate(area, rules, surface_transit)
        return engine.times(snapshot.demand, shut, cutoff_s=0)
    plain = WalkEstimate(area, rules) if mode == "walk" else DriveEstimate(area, rules)
    return plain.times(snapshot.demand, shut, cutoff_s=0)


def _unlocated_here(snapshot: Snapshot, question: Question) -> Mapping[int, tuple[str, ...]]:
    """Open venues of the asked kinds without a position, by the township their address names."""
    lost = [
        v
        for v in snapshot.area.venues
        if not isinstance(v, LocatedVenue)
        and v.kind in question.kinds
        and v.status in ("open", "unknown")
        and v.address_zh
    ]
    found = {
        t: tuple(
            v.venue_id
            for v in lost
            if v.adcode == row.adcode and str(row.name_zh) in (v.address_zh or "")
        )
        for t, row in enumerate(snapshot.area.townships.itertuples())
    }
    return {t: ids for t, ids in found.items() if ids}


@remembered(most=8)
def rooms_of(snapshot: Snapshot) -> Mapping[str, int]:
    """Persons each venue has room for, where that is known; the others are not in it.

    A venue has room for as many persons as its visits a year allow, at the visits a person makes
    (``standards/capacity.yaml``); the visits are known, or worked out from the exhibition area.
    """
    rules = load_capacity_rules()
    venues = snapshot.area.venues
    capacity = capacities(
        np.array([_or_nan(v.visits_per_year) for v in venues]),
        np.array([_or_nan(v.exhibition_m2) for v in venues]),
        [v.kind for v in venues],
        rules.visits_per_m2.value,
        {},
    )
    persons = persons_served(capacity, rules.visits_per_person.value)
    return {v.venue_id: int(p) for v, p in zip(venues, persons, strict=True) if np.isfinite(p)}


def _or_nan(value: float | None) -> float:
    return np.nan if value is None else value


def rooms_known(snapshot: Snapshot, question: Question) -> tuple[int, int]:
    """Count the located open venues of the asked kinds whose room is known, and is not."""
    rooms = rooms_of(snapshot)
    asked = [v for v in snapshot.area.venues if _counts(v) and v.kind in question.kinds]
    known = sum(v.venue_id in rooms for v in asked)
    return known, len(asked) - known


def _counts(venue: Venue) -> bool:
    return isinstance(venue, LocatedVenue) and venue.counts
