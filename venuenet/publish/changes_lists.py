"""What differs between two snapshots: their venues, their gaps, what went into the builds.

Pure but for reading the snapshots' arrays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from pyproj import Geod
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from venuenet.model import Gap, LocatedVenue, Question, Venue
from venuenet.publish.answers import Row, gaps
from venuenet.publish.changes_why import Why
from venuenet.publish.changes_words import CHANGE_WORDS
from venuenet.publish.snapshot import Snapshot

INPUTS_TOLD = 100
"""How many differing inputs are listed; all are counted."""

ABSENT = "-"
"""Stands for an input that one of the snapshots does not have; null is a value of some."""

_GEOD = Geod(ellps="WGS84")
_TOLD_PLAINLY = {
    "name_zh": "renamed",
    "name_en": "renamed",
    "kind": "kind",
    "tier": "tier",
    "level": "level",
    "adcode": "district",
    "address_zh": "address",
}
_CAPACITY = ("exhibition_m2", "visits_per_year")


def venue_rows(
    before: Snapshot, after: Snapshot, question: Question, whys: Sequence[Why | None]
) -> list[Row]:
    """List the venues of the asked kinds that differ, by id, and whom they cover first."""
    was = {v.venue_id: v for v in before.area.venues}
    now = {v.venue_id: v for v in after.area.venues}
    sums: dict[tuple[str | None, str], list[int]] = {}
    for why in whys[:-1]:
        for step in ("gained", "lost") if why is not None else ():
            for share in getattr(why, step):
                tally = sums.setdefault((share.venue_id, step), [0, 0])
                tally[0] += share.people
                tally[1] += share.shared
    rows = []
    for name in sorted(was.keys() | now.keys()):
        one, other = was.get(name), now.get(name)
        shown = other or one
        found = _differences(one, other)
        if shown is None or not found:
            continue
        if not {v.kind for v in (one, other) if v is not None} & set(question.kinds):
            continue
        row: Row = {
            "venue_id": name,
            "name_zh": shown.name_zh,
            "name_en": shown.name_en,
            "kind": shown.kind,
            "adcode": shown.adcode,
            "adcode_before": one.adcode if one is not None else None,
            "changes": found,
        }
        for step in ("gained", "lost"):
            people, shared = sums.get((name, step), (0, 0))
            told = whys[-1] is not None
            row |= {f"{step}_people": people if told else None}
            row |= {f"{step}_shared": shared if told else None}
        rows.append(row)
    return rows


def _differences(one: Venue | None, other: Venue | None) -> list[Row]:
    """List how a venue differs; ``metres`` along the ellipsoid where it moved."""
    if one is None or other is None:
        return [] if one is other else [_change("removed" if other is None else "added", None)]
    found = []
    if one.status != other.status:
        counted = [v.status in ("open", "unknown") for v in (one, other)]
        named = "status" if counted[0] == counted[1] else "opened" if counted[1] else "closed"
        found.append(_change(named, "status", one.status, other.status))
    points = [[v.lon, v.lat] if isinstance(v, LocatedVenue) else None for v in (one, other)]
    if points[0] and points[1] and points[0] != points[1]:
        (lon, lat), (to_lon, to_lat) = points[0], points[1]
        metres = _GEOD.inv(lon, lat, to_lon, to_lat)[2]
        found.append(_change("moved", "point", *points) | {"metres": round(float(metres), 1)})
    elif points[0] != points[1]:
        found.append(_change("located" if points[1] else "unlocated", "point", *points))
    for field, named in _TOLD_PLAINLY.items():
        if getattr(one, field) != getattr(other, field):
            found.append(_change(named, field, getattr(one, field), getattr(other, field)))
    if isinstance(one, LocatedVenue) and isinstance(other, LocatedVenue):
        vague = [one.precision_m, other.precision_m]
        if vague[0] != vague[1]:
            named = "precision_improved" if vague[1] < vague[0] else "precision_worsened"
            found.append(_change(named, "precision_m", *vague))
    for field in _CAPACITY:
        values = [getattr(one, field), getattr(other, field)]
        if values[0] != values[1]:
            named = "learned" if values[0] is None else "lost" if values[1] is None else "changed"
            found.append(_change(f"capacity_{named}", field, *values))
    return found


def _change(named: str, field: str | None, before: object = None, after: object = None) -> Row:
    zh, en = CHANGE_WORDS[named]
    return {
        "change": named,
        "change_zh": zh,
        "change_en": en,
        "field": field,
        "before": before,
        "after": after,
        "metres": None,
    }


def gap_rows(
    before: Snapshot, asked: Question, after: Snapshot, question: Question, adcodes: set[str]
) -> Row:
    """Match gaps that share cells; those that split or merged are one entry."""
    # Past the cache, which would keep a past snapshot open.
    was, now = (
        [g for g in found if g.adcode in adcodes]
        for found in (gaps(before, asked), gaps(after, question))
    )
    both = [*was, *now]
    cells = [
        snapshot.demand.cell[g.cells]
        for snapshot, some in ((before, was), (after, now))
        for g in some
    ]
    count = dict.fromkeys(("new", "closed", "grown", "shrunk", "same", "cause_changed"), 0)
    if not both:
        return {"counts": count, "items": []}
    gap = np.repeat(np.arange(len(both)), [len(c) for c in cells])
    ids, cell = np.unique(np.concatenate(cells), return_inverse=True)
    size = len(both) + len(ids)
    tie = coo_array((np.ones(len(gap), bool), (gap, len(both) + cell)), shape=(size, size))
    label = connected_components(tie, directed=False)[1][: len(both)]
    items = []
    for one in np.unique(label):
        members = np.flatnonzero(label == one)
        row = _gap_item(
            [was[i] for i in members if i < len(was)],
            [now[i - len(was)] for i in members if i >= len(was)],
        )
        count[row["change"]] += 1
        count["cause_changed"] += row["cause_changed"]
        if row["change"] != "same" or row["cause_changed"]:
            items.append(row)
    items.sort(key=lambda r: (-abs(r["people_after"] - r["people_before"]), r["gap_ids"]))
    return {"counts": count, "items": items}


def _gap_item(was: Sequence[Gap], now: Sequence[Gap]) -> Row:
    """Compare gaps that hang together across the two snapshots; each list by people, downwards."""
    people = [sum(g.people for g in some) for some in (was, now)]
    change = "same" if people[0] == people[1] else "grown" if people[1] > people[0] else "shrunk"
    change = "new" if not was else "closed" if not now else change
    shown = (now or was)[0]
    causes = [some[0].cause if some else None for some in (was, now)]
    return {
        "change": change,
        "change_zh": CHANGE_WORDS[change][0],
        "change_en": CHANGE_WORDS[change][1],
        "adcode": shown.adcode,
        "township_code": shown.township_code,
        "gap_ids_before": [g.gap_id for g in was],
        "gap_ids": [g.gap_id for g in now],
        "people_before": people[0],
        "people_after": people[1],
        "cause_before": causes[0],
        "cause_after": causes[1],
        "cause_changed": bool(was and now and causes[0] != causes[1]),
        "flags": list(dict.fromkeys(f for g in (*was, *now) for f in g.flags)),
    }


def input_rows(before: Snapshot, after: Snapshot) -> Row:
    """List what went into the two builds and differs."""
    one, other = dict(_flat("", _described(before))), dict(_flat("", _described(after)))
    differ = [
        {"input": name, "before": one.get(name, ABSENT), "after": other.get(name, ABSENT)}
        for name in sorted(one.keys() | other.keys())
        if one.get(name, ABSENT) != other.get(name, ABSENT)
    ]
    return {"count": len(differ), "items": differ[:INPUTS_TOLD]}


def _described(snapshot: Snapshot) -> Row:
    m = snapshot.manifest
    return {
        "version": m.version,
        "as_of": m.as_of.isoformat(),
        "sources": [dataclasses.asdict(s) for s in m.sources],
        **m.parameters,
        "times": {
            name: {"engine": t.engine, "period": t.period}
            for name, t in (*snapshot.times.items(), ("transit_surface", snapshot.surface))
        },
    }


def _flat(path: str, value: object) -> Iterator[tuple[str, object]]:
    """Give every leaf by its dotted path; items of lists by their ``id`` where they have one."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _flat(f"{path}.{key}" if path else str(key), inner)
    elif isinstance(value, list | tuple) and all(isinstance(v, Mapping) for v in value):
        for i, inner in enumerate(value):
            yield from _flat(f"{path}.{inner.get('id', i)}", inner)
    else:
        yield path, list(value) if isinstance(value, tuple) else value
