"""The numbers every outlet gives: map, API, CLI, report and files all read them from here."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from venuenet.coverage import NOBODY_KNOWS, AreaCoverage, coverage_by, located
from venuenet.gaps import Evidence, cause_words, find_gaps
from venuenet.model import SCIENCE_KINDS, Gap, LocatedVenue, Question, TravelTimes, Venue
from venuenet.publish.how import basis_of, table_for, travel_flags
from venuenet.publish.snapshot import Snapshot

Row = dict[str, Any]
CITY = "city"
VENUE_COLUMNS = [
    "venue_id", "name_zh", "name_en", "kind", "tier", "level", "adcode", "address_zh", "status",
    "lon", "lat", "precision_m", "confidence", "source", "flags", "note",
]  # fmt: skip
GAP_COLUMNS = [
    "gap_id", "adcode", "township_code", "township_zh", "township_en", "people", "area_km2",
    "nearest_venue_id", "nearest_venue_zh", "nearest_venue_en", "nearest_minutes", "cause",
    "cause_zh", "cause_en", "gap_type", "severity", "flags",
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


@lru_cache(maxsize=512)
def coverage(snapshot: Snapshot, question: Question, level: str = "district") -> list[Row]:
    """Answer a question for every district, every township or the whole city.

    Parameters
    ----------
    level : str
        ``district``, ``township`` or ``city``.

    Returns
    -------
    list of dict
        The items of ``GET /coverage``, districts in GB/T 2260 order. Do not change them: they
        are shared.
    """
    row_area, keys = _areas(snapshot, level)
    answerable = is_answerable(snapshot, question)
    answers = coverage_by(
        snapshot.demand,
        times_for(snapshot, question),
        question,
        row_area,
        len(keys),
        no_data=not answerable,
    )
    beside: Sequence[AreaCoverage | None] = [None] * len(keys)
    if question.mode == "transit" and not question.surface_transit:
        beside = coverage_by(
            snapshot.demand,
            snapshot.surface,
            question,
            row_area,
            len(keys),
            no_data=not answerable,
        )
    lost = _unknown_areas(snapshot, question, row_area)
    answers = [NOBODY_KNOWS if a in lost else answer for a, answer in enumerate(answers)]
    beside = [NOBODY_KNOWS if b and a in lost else b for a, b in enumerate(beside)]
    names = {v.venue_id: v for v in snapshot.area.venues}
    flags = _flags(snapshot, question, row_area, level, len(keys))
    rows = []
    for key, answer, extra, more in zip(keys, answers, beside, flags, strict=True):
        row = {**key, **_item(answer, names), "flags": [*answer.flags, *more]}
        if answer.low != answer.high:
            row["flags"].append("position_uncertain")
        if extra is not None:
            row["with_surface"] = {"covered": extra.covered, "share": extra.share}
        rows.append(row)
    return rows


def is_answerable(snapshot: Snapshot, question: Question) -> bool:
    """Whether enough of the venues asked for have a position."""
    share = located(snapshot.area.venues, question.kinds).share
    return share >= snapshot.assumptions.no_data.min_located_share.value


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
    out = [list(common) for _ in range(n)]
    for flag, name in (
        ("residents_estimated", "residents_estimated"),
        ("point_unknown", "townships_unplaced"),
    ):
        has = np.array([flag in f for f in demand.township_flags])
        for a in np.unique(row_area[has[demand.row_township]]):
            out[a].append(name)
    if question.group != "all":
        standing = demand.group_standing[question.group]
        codes = snapshot.area.districts["adcode"]
        district = demand.cell_district[demand.row_cell]
        estimated = np.array([standing[c] == "estimated" for c in codes])
        for a in np.unique(row_area[estimated[district]]):
            out[a].append("group_estimated")
    return out


def groups(snapshot: Snapshot, question: Question, adcode: str) -> list[Row]:
    """Answer the question for every group of one district."""
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


@lru_cache(maxsize=64)
def gaps(snapshot: Snapshot, question: Question) -> list[Gap]:
    """Find the gaps of a question, most people first. Do not change them: they are shared."""
    rules = snapshot.assumptions.gaps
    area, demand = snapshot.area, snapshot.demand
    pointless = np.array(["point_unknown" in f for f in demand.township_flags])
    evidence = Evidence(
        times=snapshot.times,
        unlocated_here=_unlocated_here(snapshot, question),
        unplaced=pointless[demand.row_township],
        answerable=is_answerable(snapshot, question),
        high_people=rules.severity_high.value,
        medium_people=rules.severity_medium.value,
    )
    return find_gaps(
        demand,
        times_for(snapshot, question),
        question,
        evidence,
        list(area.districts["adcode"]),
        list(area.townships["township_code"]),
    )


def _unlocated_here(snapshot: Snapshot, question: Question) -> frozenset[int]:
    """Townships named in the address of an open venue of the asked kinds without a position."""
    found = set()
    lost = [
        v
        for v in snapshot.area.venues
        if not isinstance(v, LocatedVenue)
        and v.kind in question.kinds
        and v.status in ("open", "unknown")
        and v.address_zh
    ]
    for t, row in enumerate(snapshot.area.townships.itertuples()):
        name = str(row.name_zh)
        if any(v.adcode == row.adcode and name in (v.address_zh or "") for v in lost):
            found.add(t)
    return frozenset(found)


def gap_rows(snapshot: Snapshot, question: Question, adcodes: Sequence[str] = ()) -> list[Row]:
    """Return the items of ``GET /gaps``, of some districts or all."""
    venues = {v.venue_id: v for v in snapshot.area.venues}
    towns = snapshot.area.townships.set_index("township_code")
    drive = snapshot.times["drive"]
    said = cause_words(estimated=drive.estimated, car=basis_of(drive) != "no_car")
    traveller = [f for f in travel_flags(snapshot, question) if f.startswith("traveller:")]
    rows = []
    for gap in gaps(snapshot, question):
        if adcodes and gap.adcode not in adcodes:
            continue
        venue = venues.get(gap.nearest_venue_id or "")
        town = towns.loc[gap.township_code]
        zh, en = said[gap.cause]
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
                "nearest_venue_zh": venue.name_zh if venue else None,
                "nearest_venue_en": venue.name_en if venue else None,
                "nearest_minutes": gap.nearest_minutes,
                "cause": gap.cause,
                "cause_zh": zh,
                "cause_en": en,
                "gap_type": gap.gap_type,
                "severity": gap.severity,
                "flags": [*gap.flags, *traveller],
            }
        )
    return rows


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
