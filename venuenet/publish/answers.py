"""The numbers every outlet gives: map, API, CLI, report and files all read them from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import NOBODY_KNOWS, AreaCoverage, coverage_by, located
from venuenet.gaps import find_gaps
from venuenet.model import SCIENCE_KINDS, Gap, LocatedVenue, Question, TravelTimes, Venue
from venuenet.publish.cause_words import cause_words, evidence_words
from venuenet.publish.evidence import gap_evidence, rooms_known, rooms_of
from venuenet.publish.how import basis_of, fitted, own_pace, table_for, travel_flags
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot
from venuenet.uncertainty import DemandDoubt

Row = dict[str, Any]
CITY = "city"
VENUE_COLUMNS = [
    "venue_id", "name_zh", "name_en", "kind", "tier", "level", "adcode", "address_zh", "status",
    "lon", "lat", "precision_m", "confidence", "source", "flags", "note",
]  # fmt: skip
GAP_COLUMNS = [
    "gap_id", "adcode", "township_code", "township_zh", "township_en", "people", "area_km2",
    "nearest_venue_id", "nearest_venue_zh", "nearest_venue_en", "nearest_minutes", "cause",
    "cause_zh", "cause_en", "evidence_zh", "evidence_en", "gap_type", "severity", "flags",
]  # fmt: skip


def envelope(snapshot: Snapshot) -> Row:
    """Give what every answer carries: snapshot id, date and sources."""
    m = snapshot.manifest
    return {
        "snapshot": m.snapshot,
        "as_of": m.as_of.isoformat(),
        "sources": [dataclasses.asdict(s) for s in m.sources],
    }


def times_for(snapshot: Snapshot, question: Question) -> TravelTimes:
    """Return the travel times a question is asked of."""
    return table_for(snapshot, question)


@remembered(most=512)
def coverage(
    snapshot: Snapshot, question: Question, level: str = "district", *, buses: bool = True
) -> list[Row]:
    """Answer a question for every district, every township or the whole city.

    Parameters
    ----------
    level : str
        ``district``, ``township`` or ``city``.
    buses : bool
        Whether to say beside transit what it would be with assumed buses.

    Returns
    -------
    list of dict
        The items of ``GET /coverage``, districts in GB/T 2260 order. Do not change them: they
        are shared.
    """
    row_area, keys = _areas(snapshot, level)
    answerable = is_answerable(snapshot, question)
    rooms = rooms_of(snapshot) if question.capacitated else None
    answers = coverage_by(
        snapshot.demand,
        times_for(snapshot, question),
        question,
        row_area,
        len(keys),
        no_data=not answerable,
        rooms=rooms,
        doubt=demand_doubt(snapshot),
        doubtful=doubtful_venues(snapshot),
    )
    beside: Sequence[AreaCoverage | None] = [None] * len(keys)
    # Assumed buses are everybody's: beside the times of a slower traveller they would mislead.
    if (
        buses
        and question.mode == "transit"
        and not question.surface_transit
        and not own_pace(snapshot, question)
    ):
        beside = coverage_by(
            snapshot.demand,
            snapshot.surface,
            question,
            row_area,
            len(keys),
            no_data=not answerable,
            rooms=rooms,
        )
    lost = _unknown_areas(snapshot, question, row_area)
    answers = [NOBODY_KNOWS if a in lost else answer for a, answer in enumerate(answers)]
    beside = [NOBODY_KNOWS if b and a in lost else b for a, b in enumerate(beside)]
    names = {v.venue_id: v for v in snapshot.area.venues}
    flags = _flags(snapshot, question, row_area, level, len(keys))
    rows = []
    for key, answer, extra, more in zip(keys, answers, beside, flags, strict=True):
        row = {**key, **_item(answer, names), "flags": [*answer.flags, *more]}
        if extra is not None:
            row["with_surface"] = {"covered": extra.covered, "share": extra.share}
        rows.append(row)
    return rows


def is_answerable(snapshot: Snapshot, question: Question) -> bool:
    """Whether enough of the venues asked for have a position."""
    share = located(snapshot.area.venues, question.kinds).share
    return share >= snapshot.assumptions.no_data.min_located_share.value


def demand_doubt(snapshot: Snapshot) -> DemandDoubt:
    """Return how far a snapshot's modelled people may be off."""
    rules = snapshot.assumptions.uncertainty
    return DemandDoubt(rules.cell_factor.value, rules.township_factor.value)


def doubtful_venues(snapshot: Snapshot) -> frozenset[str]:
    """Return the ids of the venues whose opening is unknown: they count, and may be closed."""
    return frozenset(v.venue_id for v in snapshot.area.venues if v.status == "unknown")


def _areas(snapshot: Snapshot, level: str) -> tuple[NDArray[np.int32], list[Row]]:
    """Area of every demand row, and the names of the areas."""
    demand, area = snapshot.demand, snapshot.area
    if level == "township":
        keys = [
            {"adcode": t.adcode, "township_code": t.township_code, "name_zh": t.name_zh}
            | {"name_en": t.name_en}
            for t in area.townships.itertuples()
        ]
        return demand.row_township, keys
    if level == CITY:
        meta = area.meta
        key = {"adcode": None, "name_zh": meta.name_zh, "name_en": meta.name_en}
        return np.zeros(len(demand.people), dtype=np.int32), [key]
    keys = [
        {"adcode": d.adcode, "name_zh": d.name_zh, "name_en": d.name_en}
        for d in area.districts.itertuples()
    ]
    return demand.cell_district[demand.row_cell], keys


def _item(answer: AreaCoverage, names: dict[str, Venue]) -> Row:
    nearest = None
    if answer.nearest is not None:
        venue = names[answer.nearest[0]]
        nearest = {
            "venue_id": venue.venue_id,
            "name_zh": venue.name_zh,
            "name_en": venue.name_en,
            "minutes": answer.nearest[1],
        }
    return {
        "people": answer.people,
        "covered": answer.covered,
        "uncovered": answer.uncovered,
        "share": answer.share,
        "low": answer.low,
        "high": answer.high,
        "mean_minutes": answer.mean_minutes,
        "median_minutes": answer.median_minutes,
        "p90_minutes": answer.p90_minutes,
        "no_access": answer.no_access,
        "nearest": nearest,
    }


def _unknown_areas(
    snapshot: Snapshot, question: Question, row_area: NDArray[np.int32]
) -> frozenset[int]:
    """Areas that reach into a district where nothing is known of the group asked for."""
    if question.group == "all":
        return frozenset()
    standing = snapshot.demand.group_standing[question.group]
    unknown = np.array([standing[c] == "unknown" for c in snapshot.area.districts["adcode"]])
    rows = unknown[snapshot.demand.cell_district[snapshot.demand.row_cell]]
    return frozenset(np.unique(row_area[rows]).tolist())


def _flags(
    snapshot: Snapshot, question: Question, row_area: NDArray[np.int32], level: str, n: int
) -> list[list[str]]:
    """Tell what is modelled, estimated or unknown behind each area's numbers."""
    demand = snapshot.demand
    common = ["demand_modelled", *travel_flags(snapshot, question)]
    if question.surface_transit:
        common.append("surface_transit_assumed")
    count = located(snapshot.area.venues, question.kinds)
    if count.located < count.open:
        common.append("venues_unlocated")
    if question.capacitated and rooms_known(snapshot, question)[1]:
        common.append("capacity_unknown")
    out = [list(common) for _ in range(n)]
    for flag, name in (
        ("residents_estimated", "residents_estimated"),
        ("point_unknown", "townships_unplaced"),
    ):
        has = np.array([flag in f for f in demand.township_flags])
        for a in np.unique(row_area[has[demand.row_township]]):
            out[a].append(name)
    if question.group != "all":
        if fitted(snapshot, question):
            for flags in out:
                flags.append("group_fit")
        standing = demand.group_standing[question.group]
        codes = snapshot.area.districts["adcode"]
        district = demand.cell_district[demand.row_cell]
        estimated = np.array([standing[c] == "estimated" for c in codes])
        for a in np.unique(row_area[estimated[district]]):
            out[a].append("group_estimated")
    return out


def groups(snapshot: Snapshot, question: Question, adcode: str) -> list[Row]:
    """Answer the question for every group of one district, each at its own pace."""
    rows = []
    position = list(snapshot.area.districts["adcode"]).index(adcode)
    for group in snapshot.area.meta.groups:
        asked = dataclasses.replace(question, group=group.id)
        row = dict(coverage(snapshot, asked)[position])
        row |= {
            "group": group.id,
            "group_zh": group.name_zh,
            "group_en": group.name_en,
            "standing": snapshot.demand.group_standing[group.id][adcode],
        }
        rows.append(row)
    return rows


@remembered(most=64)
def gaps(snapshot: Snapshot, question: Question) -> list[Gap]:
    """Find the gaps of a question, most people first. Do not change them: they are shared."""
    area = snapshot.area
    evidence = gap_evidence(snapshot, question, answerable=is_answerable(snapshot, question))
    return find_gaps(
        snapshot.demand,
        times_for(snapshot, question),
        question,
        evidence,
        list(area.districts["adcode"]),
        list(area.townships["township_code"]),
    )


def gap_rows(snapshot: Snapshot, question: Question, adcodes: Sequence[str] = ()) -> list[Row]:
    """Return the items of ``GET /gaps``, of some districts or all."""
    names = {v.venue_id: (v.name_zh, v.name_en) for v in snapshot.area.venues}
    towns = snapshot.area.townships.set_index("township_code")
    drive = snapshot.times["drive"]
    said = cause_words(estimated=drive.estimated, car=basis_of(drive) != "no_car")
    more = [f for f in travel_flags(snapshot, question) if f.startswith("traveller:")]
    if question.capacitated and rooms_known(snapshot, question)[1]:
        more.append("capacity_unknown")
    rows = []
    for gap in gaps(snapshot, question):
        if adcodes and gap.adcode not in adcodes:
            continue
        venue_zh, venue_en = names.get(gap.nearest_venue_id or "", (None, None))
        town = towns.loc[gap.township_code]
        zh, en = said[gap.cause]
        why_zh, why_en = evidence_words(gap.cause, gap.evidence, names)
        rows.append(
            {
                "gap_id": gap.gap_id,
                "adcode": gap.adcode,
                "township_code": gap.township_code,
                "township_zh": town["name_zh"],
                "township_en": town["name_en"],
                "people": gap.people,
                "area_km2": gap.area_km2,
                "nearest_venue_id": gap.nearest_venue_id,
                "nearest_venue_zh": venue_zh,
                "nearest_venue_en": venue_en,
                "nearest_minutes": gap.nearest_minutes,
                "cause": gap.cause,
                "cause_zh": zh,
                "cause_en": en,
                "evidence": dict(gap.evidence),
                "evidence_zh": why_zh,
                "evidence_en": why_en,
                "gap_type": gap.gap_type,
                "severity": gap.severity,
                "flags": [*gap.flags, *more],
            }
        )
    return rows


def capacity_count(snapshot: Snapshot, question: Question) -> Row | None:
    """Count the venues asked for whose room is known, and is not; None where nobody asked."""
    if not question.capacitated:
        return None
    known, unknown = rooms_known(snapshot, question)
    return {"known": known, "unknown": unknown}


def causes(rows: Sequence[Row]) -> list[Row]:
    """Sum gap items by cause, most people first."""
    out: dict[str, Row] = {}
    for row in rows:
        one = out.setdefault(
            row["cause"],
            {k: row[k] for k in ("cause", "cause_zh", "cause_en", "gap_type")}
            | {"gaps": 0, "people": 0},
        )
        one["gaps"] += 1
        one["people"] += row["people"]
    return sorted(out.values(), key=lambda r: -r["people"])


def venue_rows(snapshot: Snapshot, kinds: Sequence[str] = SCIENCE_KINDS) -> list[Row]:
    """Return the items of ``GET /venues``; unlocated venues are listed with null positions."""
    rows = []
    for v in snapshot.area.venues:
        if v.kind not in kinds:
            continue
        at = v if isinstance(v, LocatedVenue) else None
        rows.append(
            {
                "venue_id": v.venue_id,
                "name_zh": v.name_zh,
                "name_en": v.name_en,
                "kind": v.kind,
                "tier": v.tier,
                "level": v.level,
                "adcode": v.adcode,
                "address_zh": v.address_zh,
                "status": v.status,
                "lon": at.lon if at else None,
                "lat": at.lat if at else None,
                "precision_m": at.precision_m if at else None,
                "confidence": v.confidence,
                "source": v.source,
                "flags": list(v.flags),
                "note": v.note,
            }
        )
    return rows
