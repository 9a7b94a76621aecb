"""The 1+16+N system as rows: hub, branches, nodes, and the bases no branch looks after."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import cast

import numpy as np

from venuenet.model import KINDS, UNREACHED, Kind, LocatedVenue, Question, Venue
from venuenet.network.system import BRANCH, HUB, Duty, adopt, duty
from venuenet.publish.answers import Row, times_for
from venuenet.publish.network import (
    asked_people,
    city_flags,
    district_names,
    no_data,
    residents,
    travelled,
    venue_names,
)
from venuenet.publish.remembered import remembered
from venuenet.publish.snapshot import Snapshot

NODE: Kind = "center_n"
LOOKED_AT = cast("tuple[Kind, ...]", tuple(k for k in KINDS if k in ("base", HUB, BRANCH, NODE)))
FAR_M = 2000
"""Metres from which the cell that stands for a base is said to be far."""


@remembered(most=64)
def system(snapshot: Snapshot, question: Question) -> Row:
    """Tell what 1+16+N does for each district, and which branch each orphan base could join.

    ``question.kinds`` and ``k`` play no part. A district's ``branch_reach`` counts residents within
    reach of any branch. Do not change it: it is shared.

    Returns
    -------
    dict
        ``items`` per district, ``hub``, ``branches``, ``nodes``, ``bases``, ``flags``.
    """
    hub, hub_flags = _duty(snapshot, question, HUB)
    branch, branch_flags = _duty(snapshot, question, BRANCH)
    people = residents(snapshot, dataclasses.replace(question, kinds=(HUB,)))
    items = []
    for d, name in enumerate(district_names(snapshot)):
        own = [v for v in _of(snapshot, BRANCH) if v.adcode == name["adcode"]]
        items.append(
            {
                **name,
                "people": people[d],
                "branches": [v.venue_id for v in own],
                "branches_located": sum(isinstance(v, LocatedVenue) for v in own),
                **_reach("branch", branch, d, people[d]),
                **_reach("hub", hub, d, people[d]),
                "flags": list(
                    dict.fromkeys(
                        [f"branch:{f}" for f in no_data(branch_flags)]
                        + [f"hub:{f}" for f in no_data(hub_flags)]
                    )
                ),
            }
        )
    return {
        "items": items,
        "hub": _members(snapshot, question, HUB, hub, hub_flags),
        "branches": _members(snapshot, question, BRANCH, branch, branch_flags),
        "nodes": _nodes(snapshot),
        "bases": _bases(snapshot, question, branch_flags),
        "flags": [f for f in hub_flags if not f.startswith("no_data")],
    }


def _of(snapshot: Snapshot, kind: Kind) -> list[Venue]:
    """List the venues of a kind that may be open."""
    return [v for v in snapshot.area.venues if v.kind == kind and v.status in ("open", "unknown")]


def _duty(snapshot: Snapshot, question: Question, kind: Kind) -> tuple[Duty | None, list[str]]:
    """Ask about one kind; None where the city has no data."""
    asked = dataclasses.replace(question, kinds=(kind,))
    flags, persons = city_flags(snapshot, asked), asked_people(snapshot, asked)
    if persons is None:
        return None, flags
    return duty(snapshot.demand, times_for(snapshot, asked), asked, persons, kind), flags


def _reach(name: str, found: Duty | None, district: int, people: int | None) -> Row:
    reach = None if found is None else int(found.reach[district])
    share = reach / people if reach is not None and people else None
    return {f"{name}_reach": reach, f"{name}_share": share}


def _members(
    snapshot: Snapshot, question: Question, kind: Kind, found: Duty | None, flags: list[str]
) -> list[Row]:
    """Tell the load and the span of the hub or of each branch."""
    place = {i: n for n, i in enumerate(times_for(snapshot, question).venue_ids)}
    tier = {HUB: "hub", BRANCH: "branch"}[kind]
    out = []
    for venue in _of(snapshot, kind):
        v = place.get(venue.venue_id)
        why = [f for f in venue.flags if f != "unlocated"]
        why += [] if venue.tier == tier else ["tier_not_kind"]
        row: Row = {
            **venue_names(venue),
            "status": venue.status,
            "located": isinstance(venue, LocatedVenue),
            "within": None,
            "nearest": None,
            "span_minutes": None,
        }
        if v is None:
            why.append("no_data:venues_unlocated")
        elif found is None:
            why += no_data(flags)
        else:
            span = float(found.span_s[v])
            row |= {
                "within": int(found.within[v]),
                "nearest": int(found.nearest[v]),
                "span_minutes": None if np.isnan(span) else round(span / 60, 1),
            }
        out.append({**row, "flags": list(dict.fromkeys(why))})
    return out


def _nodes(snapshot: Snapshot) -> Row:
    """Count the N by level. What each is about (its theme) is in no list there is."""
    nodes = _of(snapshot, NODE)
    return {
        "count": len(nodes),
        "located": sum(isinstance(v, LocatedVenue) for v in nodes),
        "by_level": dict(sorted(Counter(v.level for v in nodes).items())),
        "by_theme": None,
        "venues": [venue_names(v) for v in nodes],
        "flags": ["no_data:theme"],
    }


def _bases(snapshot: Snapshot, question: Question, flags: list[str]) -> list[Row]:
    """Give each base that no tie names to the branch with the shortest way from it."""
    bases = [v for v in _of(snapshot, "base") if v.tier == "-"]
    placed = [v for v in bases if isinstance(v, LocatedVenue)]
    times = times_for(snapshot, question)
    branches = travelled(snapshot, times)
    x, y = snapshot.area.metric([v.lon for v in placed], [v.lat for v in placed])
    found = adopt(snapshot.demand, times, np.column_stack([x, y]).reshape(-1, 2))
    answerable = "no_data:venues_unlocated" not in flags
    at = {v.venue_id: i for i, v in enumerate(placed)}
    out = []
    for base in bases:
        row: Row = {**venue_names(base), "branch": None, "minutes": None, "off_m": None}
        i = at.get(base.venue_id)
        why = []
        if not answerable:
            why.append("no_data:venues_unlocated")
        elif i is not None and found.seconds[i] < UNREACHED:
            row |= {
                "branch": venue_names(branches[found.branch[i]]),
                "minutes": round(float(found.seconds[i]) / 60, 1),
                "off_m": round(float(found.off_m[i])),
            }
            why += ["by_cell", *(["cell_far"] if found.off_m[i] > FAR_M else [])]
        elif i is not None:
            why.append("no_data:no_way")
        if i is None:
            why.append("no_data:base_unlocated")
        out.append({**row, "flags": why})
    return out
