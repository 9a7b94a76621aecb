"""What an import would append to the registry: every row's outcome, worked out in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from venuenet.area import StudyArea
from venuenet.geocode.cascade import outside_m
from venuenet.geocode.model import GeoAnswer, Geocoder, GeoQuery
from venuenet.intake.model import LIST_PRECISION_M, Fresh, Options, Plan
from venuenet.intake.rows import known_of, place_list, sort_rows
from venuenet.progress import Stage
from venuenet.registry.model import (
    Actor,
    Ledger,
    Question,
    Reason,
    RegisteredVenue,
    SourceList,
    Subject,
)
from venuenet.registry.resolve import register, resolve_id
from venuenet.registry.settle import Newcomer, Settled, answered_point, is_usable, settle, wordy


def plan_import(
    lists: Sequence[SourceList],
    area: StudyArea,
    ledger: Ledger,
    geocoder: Geocoder,
    actor: Actor,
    options: Options,
    stage: Stage,
) -> Plan:
    """Work out what every row of every list becomes; writes nothing."""
    venues = register(ledger)
    plan = Plan()
    fresh: list[Fresh] = []
    known = known_of(area, venues)
    with stage("核对坐标基准", "telling the datum", len(lists)) as progress:
        for li in lists:
            rows = sort_rows(li, area, ledger, actor, options, plan)
            fresh += place_list(li, rows, area, known, options, plan)
            progress(1)
    metres = _metres_outside(fresh, area)
    new = []
    for f, far in zip(fresh, metres, strict=True):
        # What waits for a decision is settled anew: its list may have been mended.
        waiting = f.venue_id in venues and venues[f.venue_id].standing in ("pending", "quarantined")
        if f.venue_id not in ledger.claims or waiting:
            new.append((f, _newcomer(f, far, area.meta.tolerances.venue_m)))
        else:
            _change(f, far, area, ledger, venues, plan)
    _settle(new, area, ledger, venues, geocoder, plan, stage)
    plan.questions = [q for q in plan.questions if q.key not in ledger.questions]
    plan.rows.sort(key=lambda r: (r.source, r.ref.sheet or "", r.ref.row))
    return plan


def _metres_outside(fresh: Sequence[Fresh], area: StudyArea) -> list[float]:
    """How far each row's point lies outside the district it names; NaN without a point."""
    at = [i for i, f in enumerate(fresh) if f.lon is not None]
    metres = np.full(len(fresh), np.nan)
    if at:
        lon = np.array([fresh[i].lon for i in at], dtype=np.float64)
        lat = np.array([fresh[i].lat for i in at], dtype=np.float64)
        metres[at], _ = outside_m(area, lon, lat, [fresh[i].record.adcode for i in at])
    return [float(m) for m in metres]


def _change(
    f: Fresh,
    far: float,
    area: StudyArea,
    ledger: Ledger,
    venues: Mapping[str, RegisteredVenue],
    plan: Plan,
) -> None:
    """Take what a row says now that its list, or our own id, made known before."""
    fields = f.fields()
    kept = resolve_id(ledger, f.venue_id)
    if far <= area.meta.tolerances.venue_m and f.doubt is None:
        if kept == f.venue_id or _agrees(f, venues.get(kept), area):
            fields["point"] = f.point()
    elif f.lon is not None:
        doubt = f.doubt or _outside(far)
        evidence = {"reasons": [wordy(doubt)], "candidates": [_shown(f)]}
        key = f"place:{f.venue_id}:{f.lon:.5f},{f.lat:.5f}"
        plan.questions.append(Question(key, "place", (f.venue_id,), f.record.adcode, evidence))
    plan.claims.append(f.claim(fields))
    why = Reason("内容较上次有变化", "says something else than before")
    plan.rows.append(f.row("changed", kept, why))


def _outside(metres: float) -> Reason:
    if not np.isfinite(metres):
        return Reason("坐标不在本市", "the point lies outside the city")
    return Reason(
        f"坐标在所写的区之外 {metres:,.0f} 米",
        f"the point lies {metres:,.0f} m outside the district named",
    )


def _shown(f: Fresh) -> dict[str, object]:
    labels = {"label_zh": "清单所给坐标", "label_en": "the list's own point", "usable": False}
    return {**f.point(), **labels}


def _newcomer(f: Fresh, far: float, tolerance_m: float) -> Newcomer:
    """Make a row a newcomer; a point outside the district named is shown, not used."""
    r = f.record
    good = far <= tolerance_m and f.doubt is None
    doubt = f.doubt or _outside(far) if f.lon is not None and not good else None
    subject = Subject(
        id=f.venue_id,
        names=tuple(dict.fromkeys(n for n in (r.name_zh, *r.aliases, r.name_en) if n)),
        adcode=r.adcode,
        address=r.address_zh,
        phone=r.phone,
        lon=f.lon if good else None,
        lat=f.lat if good else None,
        precision_m=(r.precision_m or LIST_PRECISION_M) if good else None,
        kind=r.kind,
    )
    shown = () if doubt is None else (_shown(f),)
    return Newcomer(subject, good, f.confidence == "high", doubt, shown)


def _settle(
    new: Sequence[tuple[Fresh, Newcomer]],
    area: StudyArea,
    ledger: Ledger,
    venues: Mapping[str, RegisteredVenue],
    geocoder: Geocoder,
    plan: Plan,
    stage: Stage,
) -> None:
    """Match, place and settle the rows that introduce a venue."""
    rows = {f.venue_id: f.record for f, _ in new}
    others = {i: v for i, v in venues.items() if i not in rows}
    with stage("查重与定位", "matching and placing", len(new)) as progress:

        def locate(n: Newcomer) -> GeoAnswer | None:
            r = rows[n.subject.id]
            return geocoder.locate(GeoQuery(r.name_zh, r.address_zh, r.adcode))

        settled = settle([n for _, n in new], ledger, others, locate, progress)
    for f, n in new:
        _write_down(f, n, settled[f.venue_id], area, venues, plan)


def _write_down(
    f: Fresh,
    n: Newcomer,
    s: Settled,
    area: StudyArea,
    venues: Mapping[str, RegisteredVenue],
    plan: Plan,
) -> None:
    """Turn what a newcomer became into claims, links, questions and its row."""
    fields = f.fields()
    if n.located and (not s.links or _agrees(f, venues.get(s.links[0].kept or ""), area)):
        fields["point"] = f.point()
    elif s.standing == "confirmed" and s.answer is not None and is_usable(s.answer):
        fields["point"] = answered_point(s.answer)
    fields["memo"] = n.memo(s.answer)
    if s.standing is not None:
        fields["standing"] = s.standing
    plan.claims.append(f.claim(fields))
    plan.links += s.links
    plan.questions += s.questions
    plan.rows.append(f.row(s.outcome, s.links[0].kept if s.links else f.venue_id, s.reason))


def _agrees(f: Fresh, kept: RegisteredVenue | None, area: StudyArea) -> bool:
    """Whether a merged row's point may speak: not when it contradicts the venue's own.

    Both are taken at their precision and the polygons' tolerance; a point that lies further off
    stays in the row, and the venue where it was.
    """
    point = kept.get("point") if kept else None
    if not point:
        return True
    mine = f.point()
    x, y = area.metric([mine["lon"], point["lon"]], [mine["lat"], point["lat"]])
    apart = float(np.hypot(x[1] - x[0], y[1] - y[0]))
    slack = mine["precision_m"] + point["precision_m"] + area.meta.tolerances.venue_m
    return bool(apart <= slack)
