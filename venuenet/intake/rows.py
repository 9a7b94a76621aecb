"""The rows of a list sorted: turned down, repeated, as before, or saying something new."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from venuenet.area import StudyArea
from venuenet.intake.model import Fresh, Options, Plan
from venuenet.registry.claims import fingerprint, new_id, row_key, source_id
from venuenet.registry.model import (
    Actor,
    Datum,
    Ledger,
    Question,
    Reason,
    RegisteredVenue,
    Row,
    SourceInfo,
    SourceList,
)
from venuenet.registry.names import normalise
from venuenet.registry.resolve import resolve_id
from venuenet.registry.settle import wordy
from venuenet.sources.datum import DatumVerdict, judge, known_places, to_wgs84

ODD = Reason(
    "此行坐标与清单其余各行的基准不符",
    "this row's point fits another datum than the rest of the list",
)
KnownPlaces = Mapping[str, tuple[float, float, float]]
LINE = "|row:"
"""Marks the key of a row that has none of its own."""


def source_of(file: str, options: Options) -> SourceInfo:
    """Return the source a file's rows are claims of."""
    stated_on = options.stated_on or dt.datetime.now(dt.UTC).date()
    title = options.source or Path(file).stem
    return SourceInfo(options.source or source_id(file), title, stated_on, options.licence)


def sort_rows(
    li: SourceList, area: StudyArea, ledger: Ledger, actor: Actor, options: Options, plan: Plan
) -> list[Fresh]:
    """Account for the rows that are settled at once; return those that say something new."""
    source = source_of(li.file, options)
    plan.sources[source.id] = source
    for ref, raw, fault in li.rejected:
        why = Reason(f"{fault.what_zh}（{fault.mend_zh}）", f"{fault.what_en} ({fault.mend_en})")
        key = f"{ref.where()}{LINE}{ref.row}"
        plan.rows.append(Row(source.id, key, "", ref, "rejected", None, why, raw))
    first: dict[str, Fresh] = {}
    fresh = []
    for record in li.records:
        key = row_key(record)
        mark = fingerprint(record, f"{options.datum or li.datum or ''}|{options.confidence}")
        if key in first and first[key].fingerprint != mark:
            key = f"{key}|{normalise(record.address_zh) or mark[:8]}"
        earlier = ledger.rows.get((source.id, key))
        own = record.venue_id if record.venue_id in ledger.claims else None
        # A row introduces the same id in every edition, whatever it was merged with meanwhile.
        venue_id = own or new_id(area, source.id, key)
        sure = record.confidence or options.confidence
        f = Fresh(record, source, key, venue_id, mark, sure)
        if actor.district is not None and record.adcode != actor.district:
            why = Reason("不属于本区，无权写入", "not of your district; you may not write it")
            plan.rows.append(f.row("rejected", None, why))
        elif key in first:
            row = first[key].record.ref.row
            why = Reason(f"与第 {row} 行相同", f"the same as row {row}")
            f = replace(f, key=f"{key}{LINE}{record.ref.row}")
            plan.rows.append(f.row("merged", first[key].venue_id, why))
        elif earlier is not None and earlier[0] == mark and earlier[1] is not None:
            why = Reason("与上次导入相同", "as imported before")
            plan.rows.append(f.row("unchanged", resolve_id(ledger, venue_id), why))
        else:
            fresh.append(f)
        first.setdefault(key, f)
    plan.missing += [
        (key, resolve_id(ledger, venue_id))
        for (at, key), (_mark, venue_id) in sorted(ledger.rows.items())
        if at == source.id and key not in first and LINE not in key and venue_id is not None
    ]
    return fresh


def place_list(
    li: SourceList,
    fresh: list[Fresh],
    area: StudyArea,
    known: KnownPlaces,
    options: Options,
    plan: Plan,
) -> list[Fresh]:
    """Settle the list's datum and convert its points; without a sure one they are quarantined.

    The whole list speaks for its datum, also the rows that did not change. Where nothing can be
    told, a declared datum is believed; an undeclared one is asked about, never guessed.
    """
    pointed = [r for r in li.records if r.lon is not None and r.lat is not None]
    if not pointed or all(f.record.lon is None for f in fresh):
        return fresh
    declared = options.datum or li.datum
    verdict = judge(
        np.array([r.lon for r in pointed], dtype=np.float64),
        np.array([r.lat for r in pointed], dtype=np.float64),
        [r.adcode for r in pointed],
        [r.name_zh for r in pointed],
        known,
        area.districts,
        area.meta.crs_metric,
        declared,
        normalise,
    )
    plan.verdicts[li.file] = verdict
    datum = verdict.datum if verdict.standing == "sure" else None
    if verdict.standing == "cannot_tell":
        datum = declared
    if datum is not None:
        odd = {pointed[i].ref for i in verdict.odd}
        return [
            replace(f, doubt=ODD) if f.record.ref in odd else f for f in _converted(fresh, datum)
        ]
    held = [f for f in fresh if f.record.lon is not None]
    _quarantine(li, held, verdict, plan)
    return [f for f in fresh if f.record.lon is None]


def _converted(fresh: list[Fresh], datum: Datum) -> list[Fresh]:
    listed = [(f.record.lon, f.record.lat) for f in fresh]
    degrees = np.array(listed, dtype=np.float64).reshape(-1, 2)
    lon, lat = to_wgs84(degrees[:, 0], degrees[:, 1], datum)
    how = "list" if datum in ("WGS84", "CGCS2000") else f"list ({datum} converted)"
    return [
        f if np.isnan(x) else replace(f, lon=float(x), lat=float(y), method=how)
        for f, x, y in zip(fresh, lon, lat, strict=True)
    ]


def known_of(area: StudyArea, venues: Mapping[str, RegisteredVenue]) -> KnownPlaces:
    """Places whose coordinates do not come from the list at hand.

    Returns
    -------
    mapping of normalised name to (lon, lat, precision)
        WGS84 degrees and metres: rail stations, and confirmed venues under all their names.
    """
    at = area.stations[["lon", "lat", "precision_m"]].to_numpy(dtype=np.float64)
    places = [
        (f"{name}站", (float(x), float(y), float(p)))
        for name, (x, y, p) in zip(area.stations["name_zh"], at, strict=True)
    ]
    for venue in venues.values():
        point = venue.get("point")
        if point and venue.standing == "confirmed":
            there = (point["lon"], point["lat"], point["precision_m"])
            names = (venue.get("name_zh"), *(venue.get("aliases") or ()))
            places += [(name, there) for name in names]
    return known_places(places, normalise)


def _quarantine(li: SourceList, held: list[Fresh], verdict: DatumVerdict, plan: Plan) -> None:
    """Keep rows whose coordinates cannot be trusted out of everything, and ask about the list."""
    told = verdict.reasons[0] if verdict.reasons else Reason("坐标基准不明", "datum unknown")
    why = Reason(f"坐标基准未定，已隔离：{told.zh}", f"datum not settled, quarantined: {told.en}")
    for f in held:
        r = f.record
        held_back = {
            "standing": "quarantined",
            "listed_point": [r.lon, r.lat, f.point()["precision_m"]],
            "memo": {"trusted": f.confidence == "high"},
        }
        plan.claims.append(f.claim({**f.fields(), **held_back}))
        plan.rows.append(f.row("quarantined", f.venue_id, why))
    source = held[0].source
    evidence = {
        "source": source.id,
        "rows": len(held),
        "standing": verdict.standing,
        "known": verdict.known,
        "offsets_m": {k: round(v, 1) for k, v in verdict.offsets_m.items() if np.isfinite(v)},
        "reasons": [wordy(r) for r in verdict.reasons],
        "odd": list(verdict.odd[:100]),
    }
    some = tuple(f.venue_id for f in held[:20])
    key = f"datum:{source.id}:{li.sha256[:12]}"
    plan.questions.append(Question(key, "datum", some, None, evidence))
