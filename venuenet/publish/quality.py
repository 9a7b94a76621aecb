"""Which numbers are weak, and who can confirm them: the state of the records, per district."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from venuenet.model import REASONS, LocatedVenue, Venue
from venuenet.publish.answers import Row
from venuenet.publish.how import network_table
from venuenet.publish.snapshot import Snapshot

PRECISIONS = ((100, "within_100_m"), (500, "within_500_m"), (1000, "within_1000_m"))
BEYOND = "beyond_1000_m"
UNCONFIRMED = frozenset(
    {
        "status_unverified",
        "base_unverified",
        "base_term_ended",
        "validity_lapsed",
        "kind_unverified",
        "address_unverified",
        "name_unverified",
        "district_unverified",
        "district_conflict",
        "placeholder",
    }
)
OVER = frozenset({"base_term_ended", "validity_lapsed"})
QUALITY_COLUMNS = [
    "adcode", "name_zh", "name_en", "venues", "located", "unlocated", *(n for _, n in PRECISIONS),
    BEYOND, "status_unknown", "closed", "unconfirmed", "no_address", "no_exhibition_area",
    "no_visits", "branches_unlocated", "nodes_unlocated", "validity_over", "questions_open",
    "townships", "townships_without_census", "townships_without_point", "people_estimated",
    "cells_no_street", "people_no_street", "cells_no_way", "people_no_way",
    "confirm_zh", "confirm_en",
]  # fmt: skip


def quality(snapshot: Snapshot) -> list[Row]:
    """Count what is known and not known of each district's records.

    Returns
    -------
    list of dict
        The items of ``GET /quality``: districts in GB/T 2260 order, then the venues of no known
        district. Every venue of the list is in exactly one; ``unconfirmed`` counts venues with
        any flag that somebody has to settle, ``validity_over`` those whose term (有效期) has ended,
        ``questions_open`` what waits in the review. ``people_estimated`` are residents of townships
        whose number is shared out, not counted. Where a street network was used,
        ``cells_no_street`` and ``people_no_street`` count cells whose centre has no street near,
        ``cells_no_way`` and ``people_no_way`` those with no way to any venue: on foot, or by car
        where walking has no network. All four are None where nothing had one.
    """
    area = snapshot.area
    rows = [
        _row(
            snapshot,
            {"adcode": d.adcode, "name_zh": d.name_zh, "name_en": d.name_en},
            [v for v in area.venues if v.adcode == d.adcode],
            f"{d.name_zh}科学技术协会",
            f"{d.name_en} District Association for Science and Technology",
        )
        for d in area.districts.itertuples()
    ]
    lost = [v for v in area.venues if v.adcode is None]
    registry = snapshot.manifest.parameters.get("registry", {})
    if lost or registry.get("waiting", {}).get(""):
        names = {"adcode": None, "name_zh": "所属区不明", "name_en": "District unknown"}
        zh, en = "市科学技术协会", "the city's Association for Science and Technology"
        rows.append(_row(snapshot, names, lost, zh, en))
    return rows


def _row(snapshot: Snapshot, names: Row, venues: Sequence[Venue], zh: str, en: str) -> Row:
    placed = [v for v in venues if isinstance(v, LocatedVenue)]
    registry = snapshot.manifest.parameters.get("registry", {})
    waiting: dict[str, int] = registry.get("waiting", {})
    precision = Counter(_class(v.precision_m) for v in placed)
    return {
        **names,
        "venues": len(venues),
        "located": len(placed),
        "unlocated": len(venues) - len(placed),
        **{name: precision[name] for name in (*(n for _, n in PRECISIONS), BEYOND)},
        "status_unknown": sum(v.status == "unknown" for v in venues),
        "closed": sum(v.status == "closed" for v in venues),
        "unconfirmed": sum(bool(UNCONFIRMED & set(v.flags)) for v in venues),
        "no_address": sum(not v.address_zh for v in venues),
        "no_exhibition_area": sum(v.exhibition_m2 is None for v in venues),
        "no_visits": sum(v.visits_per_year is None for v in venues),
        "branches_unlocated": sum(
            v.tier == "branch" and not isinstance(v, LocatedVenue) for v in venues
        ),
        "nodes_unlocated": sum(
            v.tier == "node" and not isinstance(v, LocatedVenue) for v in venues
        ),
        "validity_over": sum(v.status == "lapsed" or bool(OVER & set(v.flags)) for v in venues),
        "questions_open": waiting.get(names["adcode"] or "", 0),
        **_townships(snapshot, names["adcode"]),
        **_streets(snapshot, names["adcode"]),
        "confirm_zh": zh,
        "confirm_en": en,
    }


def _class(precision_m: float) -> str:
    return next((name for limit, name in PRECISIONS if precision_m <= limit), BEYOND)


def _townships(snapshot: Snapshot, adcode: str | None) -> Row:
    towns, demand = snapshot.area.townships, snapshot.demand
    mine = [t for t, code in enumerate(towns["adcode"]) if code == adcode]
    guessed = [t for t in mine if "residents_estimated" in demand.township_flags[t]]
    lost = [t for t in mine if "point_unknown" in demand.township_flags[t]]
    people = np.bincount(demand.row_township, demand.people, minlength=len(towns))
    return {
        "townships": len(mine),
        "townships_without_census": len(guessed),
        "townships_without_point": len(lost),
        "people_estimated": int(people[guessed].sum()),
    }


def _streets(snapshot: Snapshot, adcode: str | None) -> Row:
    """Count cells, and the people in them, that the streets do not tie to any venue."""
    table, demand = network_table(snapshot), snapshot.demand
    found: Row = {}
    for reason in ("no_street", "no_way"):
        cells = people = None
        if table is not None and table.reason is not None:
            home = snapshot.area.districts["adcode"].to_numpy()[demand.cell_district]
            mine = (table.reason == REASONS.index(reason)) & (home == adcode)
            cells, people = int(mine.sum()), int(demand.people[mine[demand.row_cell]].sum())
        found |= {f"cells_{reason}": cells, f"people_{reason}": people}
    return found


def to_confirm(snapshot: Snapshot, adcodes: Sequence[str] = ()) -> list[Row]:
    """List the venues somebody has to settle: no position, or a flag that asks for it."""
    rows = []
    for v in snapshot.area.venues:
        why = [f for f in v.flags if f in UNCONFIRMED]
        if not isinstance(v, LocatedVenue):
            why.append("unlocated")
        if why and (not adcodes or v.adcode in adcodes):
            rows.append(
                {
                    "venue_id": v.venue_id,
                    "name_zh": v.name_zh,
                    "name_en": v.name_en,
                    "adcode": v.adcode,
                    "kind": v.kind,
                    "why": sorted(set(why)),
                    "source": v.source,
                }
            )
    return rows
