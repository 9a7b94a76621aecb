"""A plan as plain values: the sites, what they bring, whom they leave out, and how sure it is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from venuenet.model import Question
from venuenet.proposals import words
from venuenet.proposals.candidates import ORIGIN_WORDS, Candidates
from venuenet.proposals.matrix import Matrix
from venuenet.proposals.types import BY_TIME, CHEAPEST, Request, Site
from venuenet.publish.answers import CITY, Row, coverage, envelope
from venuenet.publish.geo import describe
from venuenet.publish.how import describe_travel, travel_flags
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.edits import Open, Upgrade
from venuenet.scenarios.file import plain_edit
from venuenet.siting.explain import catchments, left_out, why_infeasible
from venuenet.siting.explain_words import Reason, worded
from venuenet.siting.types import Rules, Sites
from venuenet.standards.siting import load_siting_rules

FIGURES = (
    "people", "covered", "uncovered", "share", "low", "high", "mean_minutes", "median_minutes",
    "p90_minutes",
)  # fmt: skip
SITE_COLUMNS = (
    "rank", "site_id", "option", "option_zh", "option_en", "name_zh", "name_en", "source",
    "venue_id", "kind", "adcode", "district_zh", "district_en", "township_code", "township_zh",
    "township_en", "lon", "lat", "cost", "people_in_reach", "people_marginal", "people_shared",
    "in_all", "flags",
)  # fmt: skip
_CHANGES = ("kind", "tier", "status", "exhibition_m2", "visits_per_year")
_EXPLAIN_S = 20.0


def answer(
    snapshot: Snapshot,
    request: Request,
    candidates: Candidates,
    matrix: Matrix,
    rules: Rules,
    best: Sites,
    plans: Sequence[Sites],
    networks: Path | None = None,
) -> Row:
    """Say everything of a plan; see docs/siting.md for the fields.

    Parameters
    ----------
    snapshot, request, candidates, matrix, rules
        What the plan was worked out from.
    best : Sites
        Columns of ``matrix``.
    plans : sequence of Sites
        Near-optimal plans, the best one among them; empty where nobody asked.
    networks : Path, optional
        The folder of the user's own networks the snapshot was built with.
    """
    from venuenet.scenarios.apply import applied  # noqa: PLC0415  brings the engines

    best = plans[0] if plans else best
    found = not math.isnan(best.objective)
    sites = [candidates.sites[j - matrix.fixed] for j in best.chosen]
    edits = [edit_of(snapshot, site) for site in sites]
    items = _items(snapshot, candidates, matrix, best, plans) if found else []
    after = applied(snapshot, edits, networks=networks) if found else None
    city, districts = _figures(snapshot, after, request.question)
    scale = _scale(request, matrix)
    return {
        **envelope(snapshot),
        "request": said(snapshot, request),
        "goal_zh": words.GOALS[request.goal][0],
        "goal_en": words.GOALS[request.goal][1],
        "candidates": dict(candidates.seen),
        "candidate_sites": len(candidates.sites),
        "unplaced_townships": candidates.unplaced,
        "without_effect": dict(candidates.without_effect),
        "status": best.status,
        "status_zh": words.STATUS[best.status][0],
        "status_en": words.STATUS[best.status][1],
        "method": best.method,
        "objective": _told(best.objective / scale),
        "bound": _told(best.bound / scale),
        "gap": _told(best.gap),
        "unit": unit_of(request),
        "time_limit_s": request.time_limit_s,
        "items": items,
        "cost": sum(s.cost for s in sites) if found else None,
        "cost_unit": _cost_unit(request, candidates),
        "city": city,
        "districts": districts,
        "left_out": _left_out(snapshot, request, matrix, best, districts) if found else [],
        "alternatives": _alternatives(candidates, matrix, plans[1:], best, scale),
        "in_all": [i["site_id"] for i in items if i["in_all"]],
        "reasons": [] if found else _reasons(snapshot, request, candidates, matrix, rules, best),
        "edits": [plain_edit(edit) for edit in edits] if found else [],
        "flags": _flags(snapshot, request, sites or candidates.sites, matrix),
    }


def unit_of(request: Request) -> str:
    """Name the unit of a goal's objective."""
    if request.goal in CHEAPEST:
        return "cost"
    return "seconds" if request.goal in BY_TIME else "persons"


def _scale(request: Request, matrix: Matrix) -> float:
    from venuenet.proposals.solve import scale_of  # noqa: PLC0415  which imports this module

    return scale_of(request, matrix)


def said(snapshot: Snapshot, request: Request) -> Row:
    """Give the request as it was understood, in the words a request is made of."""
    question = request.question
    plain: Row = {
        "goal": request.goal,
        **describe(question),
        "travel": describe_travel(snapshot, question),
        "weights": dict(request.weights),
        "sources": list(request.sources),
        "resolution": request.resolution if "cells" in request.sources else None,
        "districts": list(request.districts),
        "residents": list(request.residents),
        "sites": len(request.sites),
        "options": list(request.options),
        "upgrades": list(request.upgrades),
        "costs": dict(request.costs),
        "min_per_district": dict(request.at_least),
        "max_per_district": dict(request.at_most),
        "force": list(request.force),
        "forbid": list(request.forbid),
    }
    same = (
        "unit", "count", "budget", "share", "spacing_km", "time_limit_s", "gap", "alternatives",
        "differ",
    )  # fmt: skip
    return plain | {name: getattr(request, name) for name in same}


def edit_of(snapshot: Snapshot, site: Site) -> Open | Upgrade:
    """Give the edit of a scenario that a site stands for."""
    if site.upgrades is None:
        return Open(site.venue)
    was = next(v for v in snapshot.area.venues if v.venue_id == site.upgrades)
    changes = {n: getattr(site.venue, n) for n in _CHANGES}
    return Upgrade(
        site.upgrades, {n: value for n, value in changes.items() if value != getattr(was, n)}
    )


def _items(
    snapshot: Snapshot,
    candidates: Candidates,
    matrix: Matrix,
    best: Sites,
    plans: Sequence[Sites],
) -> list[Row]:
    """One row per chosen site, the one that adds most people first."""
    from venuenet.siting.alternatives import in_all  # noqa: PLC0415  beside its only use

    names = snapshot.area.districts.set_index("adcode")
    everywhere = set(in_all(plans)) if len(plans) > 1 else set()
    persons = matrix.places.persons / matrix.places.scale
    rows = []
    for has in catchments(matrix.reach, persons, best.chosen, range(matrix.fixed)):
        site = candidates.sites[has.site - matrix.fixed]
        venue, rule = site.venue, _rule(site.option)
        here = names.loc[venue.adcode] if venue.adcode in names.index else None
        people, adds = round(has.people), round(has.adds)
        rows.append(
            {
                "site_id": site.site_id,
                "option": site.option,
                "option_zh": rule[0],
                "option_en": rule[1],
                "name_zh": venue.name_zh,
                "name_en": venue.name_en,
                "source": site.source,
                "venue_id": venue.venue_id,
                "kind": venue.kind,
                "adcode": venue.adcode,
                "district_zh": None if here is None else str(here["name_zh"]),
                "district_en": None if here is None else str(here["name_en"]),
                **_township(snapshot, site.township),
                "lon": venue.lon,
                "lat": venue.lat,
                "cost": site.cost,
                "people_in_reach": people,
                "people_marginal": adds,
                "people_shared": people - adds,
                "in_all": has.site in everywhere if len(plans) > 1 else None,
                "flags": [*site.flags, *(["costs_assumed"] if site.cost_assumed else [])],
            }
        )
    rows.sort(key=lambda r: (-r["people_marginal"], -r["people_in_reach"], r["site_id"]))
    return [{"rank": rank, **row} for rank, row in enumerate(rows, 1)]


def _township(snapshot: Snapshot, at: int) -> Row:
    if at < 0:
        return dict.fromkeys(("township_code", "township_zh", "township_en"))
    town = snapshot.area.townships.iloc[at]
    return {
        "township_code": str(town["township_code"]),
        "township_zh": str(town["name_zh"]),
        "township_en": str(town["name_en"]),
    }


def _rule(option: str) -> tuple[str, str]:
    rules = load_siting_rules()
    rule = rules.new.get(option) or rules.upgrades[option]
    return rule.name_zh, rule.name_en


def _figures(
    snapshot: Snapshot, after: Snapshot | None, question: Question
) -> tuple[Row, list[Row]]:
    """Coverage before and after, of the city and each district; ``after`` None without a plan."""

    def both(level: str) -> list[Row]:
        was = coverage(snapshot, question, level)
        now = coverage(after, question, level) if after is not None else [None] * len(was)
        return [_change(a, b) for a, b in zip(was, now, strict=True)]

    return both(CITY)[0], both("district")


def _change(was: Row, now: Row | None) -> Row:
    gained = None
    if now is not None and None not in (now["covered"], was["covered"]):
        gained = now["covered"] - was["covered"]
    return {
        **{name: was[name] for name in ("adcode", "name_zh", "name_en", "people")},
        "before": {name: was[name] for name in FIGURES[1:]},
        "after": None if now is None else {name: now[name] for name in FIGURES[1:]},
        "gained": gained,
        "flags": list(was["flags"]),
    }


def _left_out(
    snapshot: Snapshot, request: Request, matrix: Matrix, best: Sites, districts: Sequence[Row]
) -> list[Row]:
    """Whom the plan leaves out of reach by district, and of whom no candidate is in reach."""
    standing = left_out(matrix.reach, best.chosen, range(matrix.fixed))
    persons = matrix.places.persons / matrix.places.scale
    where = snapshot.demand.cell_district[matrix.places.cell]
    never = np.bincount(where[standing == 2], persons[standing == 2], minlength=len(districts))
    rows = []
    for row, lost in zip(districts, never, strict=True):
        people = row["after"]["uncovered"]
        if people and (not request.residents or row["adcode"] in request.residents):
            rows.append(
                {name: row[name] for name in ("adcode", "name_zh", "name_en")}
                | {"people": people, "no_candidate_in_reach": min(round(float(lost)), people)}
            )
    return sorted(rows, key=lambda r: -r["people"])


def _alternatives(
    candidates: Candidates, matrix: Matrix, others: Sequence[Sites], best: Sites, scale: float
) -> list[Row]:
    def ids(columns: Iterable[int]) -> list[str]:
        return [candidates.sites[j - matrix.fixed].site_id for j in columns]

    return [
        {
            "objective": _told(plan.objective / scale),
            "status": plan.status,
            "gap": _told(plan.gap),
            "chosen": ids(plan.chosen),
            "instead_of": ids(sorted(set(best.chosen) - set(plan.chosen))),
            "new": ids(sorted(set(plan.chosen) - set(best.chosen))),
        }
        for plan in others
    ]


def _reasons(
    snapshot: Snapshot,
    request: Request,
    candidates: Candidates,
    matrix: Matrix,
    rules: Rules,
    best: Sites,
) -> list[Row]:
    """Say why there is no plan; nothing where time was all that lacked."""
    if best.status != "infeasible":
        return []
    scale = matrix.places.scale
    reasons = why_infeasible(
        rules,
        matrix.reach.shape[1],
        reach=matrix.reach if matrix.cost is None else np.isfinite(matrix.cost),
        people=matrix.places.people / scale,
        share=request.share,
        every=request.goal == "cover_all" or request.goal in BY_TIME,
        room=matrix.room / scale if request.goal == "nearest_with_room" else None,
        seconds=_EXPLAIN_S,
    )
    return [_reason(snapshot, candidates, matrix, reason) for reason in reasons]


def _reason(snapshot: Snapshot, candidates: Candidates, matrix: Matrix, reason: Reason) -> Row:
    zh, en = worded(reason)
    districts = snapshot.area.districts
    here = [districts.iloc[d] for d in reason.districts if d >= 0]
    if here:
        zh = f"{'、'.join(str(d['name_zh']) for d in here)}：{zh}"
        en = f"{', '.join(str(d['name_en']) for d in here)}: {en}"
    own = [j - matrix.fixed for j in reason.sites if j >= matrix.fixed]
    return {
        "code": reason.code,
        "zh": zh,
        "en": en,
        "numbers": {name: _told(float(value)) for name, value in reason.numbers.items()},
        "districts": [str(d["adcode"]) for d in here],
        "sites": [candidates.sites[j].site_id for j in own[:100]],
        "places": len(reason.places),
    }


def _cost_unit(request: Request, candidates: Candidates) -> str:
    if candidates.sites[0].cost_assumed:
        return "相对单位 · relative units"
    return request.unit or "自有单位 · the user's own unit"


def _flags(
    snapshot: Snapshot, request: Request, sites: Sequence[Site], matrix: Matrix
) -> list[str]:
    """Flag what the plan rests on; of sites, the chosen ones."""
    flags = ["demand_modelled", *travel_flags(snapshot, request.question)]
    if request.question.surface_transit:
        flags.append("surface_transit_assumed")
    flags.append("options_assumed")
    if any(s.cost_assumed for s in sites):
        flags.append("costs_assumed")
    flags += dict.fromkeys(flag for s in sites for flag in s.flags)
    if request.weights:
        flags.append("weighted")
    if request.residents:
        flags.append("some_residents")
    if request.goal == "cover_with_room":
        flags.append("room_by_point")
    if request.goal in BY_TIME:
        coarse = matrix.places.resolution
        flags.append("cell_centres" if coarse is None else f"places_aggregated:{coarse}")
    return flags


def _told(value: float) -> float | None:
    """Return a number, None where there is none."""
    return float(value) if math.isfinite(value) else None


def sites_geojson(plan: Mapping[str, Any]) -> Row:
    """Give the chosen sites as a FeatureCollection; date and sources as foreign members."""
    features = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [item["lon"], item["lat"]]},
            "properties": {n: item[n] for n in SITE_COLUMNS if n not in ("lon", "lat")},
        }
        for item in plan["items"]
    ]
    beside = {n: plan[n] for n in ("snapshot", "as_of", "sources", "request", "status", "flags")}
    return {"type": "FeatureCollection", "features": features, **beside}


def origin_words(source: str) -> tuple[str, str]:
    """Name a source of candidates, zh and en."""
    return ORIGIN_WORDS[source]
