"""The sites a plan may choose from: every place of the sources asked for, every upgrade."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from venuenet.errors import BadQueryError
from venuenet.model import Kind, LocatedVenue
from venuenet.proposals.spots import Spot, spots
from venuenet.proposals.types import MOST_SITES, WITH_ROOM, Request, Site
from venuenet.publish.evidence import rooms_of
from venuenet.publish.snapshot import Snapshot
from venuenet.standards.capacity import CapacityRules, load_capacity_rules
from venuenet.standards.siting import Improvement, NewSite, load_siting_rules

ORIGIN_WORDS: Mapping[str, tuple[str, str]] = {
    "townships": ("乡镇街道驻地（综合文化中心）", "township seats (culture centres)"),
    "stations": ("轨道站点", "rail stations"),
    "cells": ("有人居住的格网", "cells with people"),
    "file": ("自有地点清单", "a list of one's own"),
    "upgrade": ("现有场馆", "existing venues"),
}


@dataclass(frozen=True)
class Candidates:
    """All candidates of a request.

    Attributes
    ----------
    sites : tuple of Site
        Columns of the model, in the order of sources and options.
    seen : mapping of source to int
        Places looked at; under ``upgrade``, venues.
    unplaced : int
        Townships whose seat has no known position.
    without_effect : mapping of option to int
        Sites left out because nobody would gain by them under the question and goal.
    forced, forbidden : tuple of int
        Positions in ``sites``.
    """

    sites: tuple[Site, ...]
    seen: Mapping[str, int]
    unplaced: int
    without_effect: Mapping[str, int]
    forced: tuple[int, ...]
    forbidden: tuple[int, ...]


def sites_of(snapshot: Snapshot, request: Request) -> Candidates:
    """Gather the candidates.

    Raises
    ------
    BadQueryError
        There are none, or more than ``MOST_SITES``; costs are known of some only; ``force`` or
        ``forbid`` names no candidate, or one with several options.
    """
    found = list(spots(snapshot, request))
    seen = {str(s): sum(spot.origin == s for spot in found) for s in request.sources}
    effects: dict[str, int] = {}
    sites = list(_new_sites(snapshot, request, found, effects))
    if request.upgrades:
        seen["upgrade"] = 0
        for venue in _improvable(snapshot, request):
            seen["upgrade"] += 1
            sites += _upgrades(snapshot, request, venue, effects)
    if not sites:
        left = "、".join(f"{option} {n}" for option, n in effects.items()) or "0"
        raise BadQueryError(
            f"没有可选的地点：候选 {sum(seen.values()):,} 处，按所问口径无效果的做法 {left}",
            f"there is nothing to choose from: {sum(seen.values()):,} places seen; without effect "
            f"under the question: {left}",
            param="options",
            allowed=[*load_siting_rules().new, *load_siting_rules().upgrades],
        )
    if len(sites) > MOST_SITES:
        raise BadQueryError(
            f"候选有 {len(sites):,} 个，最多 {MOST_SITES:,} 个；请限定 districts、减少 sources 或 "
            "options，或把 resolution 调小",
            f"there are {len(sites):,} candidates, at most {MOST_SITES:,} are taken; name "
            "districts, fewer sources or options, or a smaller resolution",
            param="sources",
            allowed=[f"..{MOST_SITES}"],
        )
    _check_costs(request, sites)
    return Candidates(
        tuple(sites),
        seen,
        int(snapshot.area.townships["lon"].isna().sum()) if "townships" in request.sources else 0,
        effects,
        _positions(sites, request.force, "force"),
        _positions(sites, request.forbid, "forbid"),
    )


def _new_sites(
    snapshot: Snapshot, request: Request, found: Sequence[Spot], effects: dict[str, int]
) -> Iterator[Site]:
    rules = load_siting_rules().new
    taken = {v.venue_id for v in snapshot.area.venues}
    for spot in found:
        for option in request.options:
            rule = rules[option]
            if rule.kind not in request.question.kinds or not _fits(rule, spot):
                effects[option] = effects.get(option, 0) + 1
                continue
            yield _new_site(request, spot, option, rule, taken)


def _fits(rule: NewSite, spot: Spot) -> bool:
    hosted = spot.origin != "file" or not rule.hosts or spot.sort in rule.hosts
    return spot.origin in rule.at and hosted


def _new_site(request: Request, spot: Spot, option: str, rule: NewSite, taken: set[str]) -> Site:
    own = spot.cost if spot.cost is not None else request.costs.get(option)
    venue_id = f"P-{spot.place}-{option}"
    while venue_id in taken:
        venue_id += "x"
    flags = spot.flags if rule.permanent else (*spot.flags, "not_permanent")
    venue = LocatedVenue(
        venue_id=venue_id,
        name_zh=f"{spot.name_zh}（拟建{rule.name_zh}）",
        name_en=f"{spot.name_en} (proposed {rule.name_en})",
        kind=rule.kind,
        tier=rule.tier,
        level=rule.level,
        adcode=spot.adcode,
        address_zh=None,
        status="open",
        source="proposal",
        confidence="low",
        flags=("proposed", *flags),
        visits_per_year=rule.visits.value,
        lon=spot.lon,
        lat=spot.lat,
        precision_m=spot.precision_m,
        method="proposal",
    )
    return Site(
        f"{spot.place}:{option}",
        spot.place,
        option,
        spot.origin,
        venue,
        spot.township,
        rule.cost.value if own is None else own,
        own is None,
        _persons(rule.visits.value),
        flags=flags,
    )


@lru_cache(maxsize=1)
def _capacity() -> CapacityRules:
    return load_capacity_rules()


def _persons(visits: float) -> float:
    """Persons that so many visits a year serve, as ``evidence.rooms_of`` counts them."""
    return float(int(visits / _capacity().visits_per_person.value))


def _improvable(snapshot: Snapshot, request: Request) -> Iterator[LocatedVenue]:
    """Give the venues with a position, in the districts asked for."""
    for venue in snapshot.area.venues:
        here = not request.districts or venue.adcode in request.districts
        if isinstance(venue, LocatedVenue) and here and venue.status != "planned":
            yield venue


def _upgrades(
    snapshot: Snapshot, request: Request, venue: LocatedVenue, effects: dict[str, int]
) -> Iterator[Site]:
    rules = load_siting_rules().upgrades
    for option in request.upgrades:
        rule = rules[option]
        better = _better(venue, rule)
        if better is None:
            continue
        room = _gain(snapshot, request, venue, better)
        if room <= 0:
            effects[option] = effects.get(option, 0) + 1
            continue
        own = request.costs.get(option)
        place = f"V{venue.venue_id}"
        yield Site(
            f"{place}:{option}",
            place,
            option,
            "upgrade",
            better,
            -1,
            rule.cost.value if own is None else own,
            own is None,
            room,
            upgrades=venue.venue_id,
        )


def _better(venue: LocatedVenue, rule: Improvement) -> LocatedVenue | None:
    """Return the venue after an upgrade, None where it is not for that venue."""
    if rule.from_status:
        return replace(venue, status="open") if venue.status in rule.from_status else None
    if not venue.counts or (rule.from_kinds and venue.kind not in rule.from_kinds):
        return None
    if rule.to_kind is not None:
        tier = rule.to_tier or venue.tier
        return None if venue.kind == rule.to_kind else replace(venue, kind=rule.to_kind, tier=tier)
    return _with_more_room(venue, rule.visits_factor.value if rule.visits_factor else 1.0)


def _with_more_room(venue: LocatedVenue, factor: float) -> LocatedVenue | None:
    """Return the venue with more room; None where nobody knows its room: it is never full."""
    if venue.visits_per_year is not None:
        return replace(venue, visits_per_year=venue.visits_per_year * factor)
    if venue.exhibition_m2 is not None:
        return replace(venue, exhibition_m2=venue.exhibition_m2 * factor)
    return None


def _gain(snapshot: Snapshot, request: Request, before: LocatedVenue, after: LocatedVenue) -> float:
    """Persons for whom an upgrade makes room under the question; infinite where room is unknown.

    0 where it changes nothing: the venue counts already (or still does not) and has no more room,
    or nobody asked for room.
    """
    kinds: tuple[Kind, ...] = request.question.kinds
    counts = [v.counts and v.kind in kinds for v in (before, after)]
    if not counts[1]:
        return 0.0
    if not counts[0]:
        return _room(snapshot, after)
    if request.goal not in WITH_ROOM:
        return 0.0
    more, had = _room(snapshot, after), _room(snapshot, before)
    return 0.0 if math.isinf(had) else more - had


def _room(snapshot: Snapshot, venue: LocatedVenue) -> float:
    """Persons a venue has room for; infinite where nobody knows."""
    if venue.visits_per_year is not None:
        return _persons(venue.visits_per_year)
    if venue.exhibition_m2 is not None:
        return _persons(venue.exhibition_m2 * _capacity().visits_per_m2.value)
    return float(rooms_of(snapshot).get(venue.venue_id, math.inf))


def _check_costs(request: Request, sites: Sequence[Site]) -> None:
    """Money and relative units do not add up."""
    own = sum(not s.cost_assumed for s in sites)
    if own in (0, len(sites)):
        return
    lacking = sorted({s.option for s in sites if s.cost_assumed})
    raise BadQueryError(
        f"部分候选用自有造价，部分用假设的相对单位，不能相加；请用 costs 给出{'、'.join(lacking)}",
        "some candidates have costs of your own, others assumed relative units, which do not add "
        f"up; give costs for {', '.join(lacking)}",
        param="costs",
        allowed=lacking,
    )


def _plain_name(site: Site) -> str:
    return site.venue.name_zh.partition("（拟建")[0]


def _positions(sites: Sequence[Site], names: Sequence[str], param: str) -> tuple[int, ...]:
    """Find the sites somebody names by site id, place or (if only one has it) name."""
    out: list[int] = []
    for name in names:
        found = [i for i, s in enumerate(sites) if s.site_id == name]
        found = found or [i for i, s in enumerate(sites) if s.place == name]
        found = found or [i for i, s in enumerate(sites) if name in (s.upgrades, _plain_name(s))]
        places = {sites[i].place for i in found}
        if not found:
            shown = name[:60]
            raise BadQueryError(
                f"{param} 中的“{shown}”不是候选地点，请用候选编号，如 {sites[0].place}",
                f"{param}: {shown!r} is no candidate; give its id, such as {sites[0].place}",
                param=param,
                allowed=[s.site_id for s in sites[:20]],
            )
        if len(places) > 1 or (param == "force" and len(found) > 1):
            raise BadQueryError(
                f"{param} 中的“{name[:60]}”可指多个候选，请写明编号和做法",
                f"{param}: {name[:60]!r} may mean several candidates; give place and option",
                param=param,
                allowed=[sites[i].site_id for i in found[:20]],
            )
        out += found
    return tuple(dict.fromkeys(out))
