"""Why no choice keeps the rules, as a code with its numbers, and as a sentence. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Reason:
    """One reason why no choice keeps the rules, or one rule whose relaxing would help.

    Attributes
    ----------
    code : str
        Key of ``REASONS``; stable.
    numbers : mapping of str to float
        What the sentence says. Costs in the unit of ``Rules.cost``, rooms and people in persons,
        shares 0..1. Beside places, ``people``: how many live there or go without, where known.
    sites, places, districts : tuple of int
        Which ones it is about: columns and rows of the model, numbers of ``Rules.district``.
    """

    code: str
    numbers: Mapping[str, float] = field(default_factory=dict)
    sites: tuple[int, ...] = ()
    places: tuple[int, ...] = ()
    districts: tuple[int, ...] = ()


# zh, en. Gaps: the reason's numbers; {n_sites}, {n_places}, {n_districts}: how many it names.
REASONS: dict[str, tuple[str, str]] = {
    # One rule, or two that contradict each other: each is a proof by itself.
    "forced_forbidden": (
        "{n_sites} 个候选点既被列为必选，又被列为禁选",
        "{n_sites} candidate(s) are both required and ruled out",
    ),
    "forced_too_near": (
        "必选的候选点彼此（或与现有场馆）的间距小于最小间距，涉及 {n_sites} 个点",
        "{n_sites} required candidate(s) are too near each other or an existing venue",
    ),
    "forced_same_place": (
        "同一地点有 {n_sites} 个方案被列为必选，只能选其一",
        "{n_sites} options at one place are required; only one can be chosen",
    ),
    "forced_cost": (
        "必选的 {n_sites} 个候选点合计费用 {cost:,.10g}，超过预算 {budget:,.10g}",
        "the {n_sites} required candidates cost {cost:,.10g}, more than the budget of"
        " {budget:,.10g}",
    ),
    "forced_above_count": (
        "必选 {forced:.0f} 个，多于要选的 {count:.0f} 个",
        "{forced:.0f} candidates are required, more than the {count:.0f} to be chosen",
    ),
    "forced_above_district": (
        "该区必选 {forced:.0f} 个，多于该区上限 {at_most:.0f} 个",
        "{forced:.0f} candidates are required in the district, which may have {at_most:.0f} at"
        " most",
    ),
    "count_above_candidates": (
        "要选 {count:.0f} 个，可选的候选点只有 {candidates:.0f} 个",
        "{count:.0f} sites are asked for; there are {candidates:.0f} candidates",
    ),
    "district_above_candidates": (
        "该区至少要选 {at_least:.0f} 个，区内可选的候选点只有 {candidates:.0f} 个",
        "the district must have at least {at_least:.0f}; it has {candidates:.0f} candidates",
    ),
    "district_limits": (
        "该区下限 {at_least:.0f} 个高于上限 {at_most:.0f} 个",
        "the district must have at least {at_least:.0f} and at most {at_most:.0f}",
    ),
    "at_least_above_count": (
        "各区下限合计 {at_least:.0f} 个，多于要选的 {count:.0f} 个",
        "the districts must have at least {at_least:.0f} in all, more than the {count:.0f} to be"
        " chosen",
    ),
    "at_most_below_count": (
        "按各区上限和候选点最多可选 {at_most:.0f} 个，少于要选的 {count:.0f} 个",
        "limits per district and their candidates allow {at_most:.0f} at most; {count:.0f} are"
        " asked for",
    ),
    "places_below_count": (
        "每个地点只能选一个方案，最多可选 {largest:.0f} 个，少于要选的 {count:.0f} 个",
        "with one option per place {largest:.0f} can be chosen at most; {count:.0f} are asked for",
    ),
    "spacing_below_count": (
        "按最小间距最多可选 {largest:.0f} 个，少于要选的 {count:.0f} 个",
        "the minimum spacing leaves room for {largest:.0f} at most; {count:.0f} are asked for",
    ),
    "budget_below_cheapest": (
        "满足其余各项要求最少需要 {cheapest:,.10g}，超过预算 {budget:,.10g}",
        "the cheapest choice that keeps the other rules costs {cheapest:,.10g}; the budget is"
        " {budget:,.10g}",
    ),
    "no_site_in_reach": (
        "{n_places} 处居民点在限定时间内没有任何候选点或现有场馆",
        "{n_places} place(s) have no candidate and no venue in reach",
    ),
    "only_forbidden_in_reach": (
        "{n_places} 处居民点可达的候选点都被排除（禁选或距现有场馆过近）",
        "{n_places} place(s) have only ruled-out candidates in reach",
    ),
    "share_above_reachable": (
        "要求覆盖 {share:.4%} 的居民，全部候选点都建也只能覆盖 {reachable:.4%}",
        "{share:.4%} of the people are to be reached; all candidates together reach"
        " {reachable:.4%}",
    ),
    "room_below_people": (
        "可用的接待能力合计 {room:,.0f} 人，少于要服务的 {people:,.0f} 人",
        "there is room for {room:,.0f} people in all; {people:,.0f} are to be served",
    ),
    "count_below_reach": (
        "达到覆盖要求至少要选 {least:.0f} 个，多于要选的 {count:.0f} 个",
        "reaching as many as asked takes at least {least:.0f} sites; {count:.0f} are to be chosen",
    ),
    "budget_below_reach": (
        "达到覆盖要求最少需要 {cheapest:,.10g}，超过预算 {budget:,.10g}",
        "reaching as many as asked costs at least {cheapest:,.10g}; the budget is {budget:,.10g}",
    ),
    # Rules that contradict one another only together: what giving way would look like.
    "relax_count": (
        "若选 {possible:.0f} 个（现要求 {asked:.0f} 个）即可行",
        "possible with {possible:.0f} sites instead of {asked:.0f}",
    ),
    "relax_budget": (
        "若预算由 {asked:,.10g} 增至 {possible:,.10g} 即可行",
        "possible with a budget of {possible:,.10g} instead of {asked:,.10g}",
    ),
    "relax_forced": (
        "若不再必选这 {n_sites} 个候选点即可行",
        "possible if {n_sites} candidate(s) are no longer required",
    ),
    "relax_forbidden": (
        "若允许选用这 {n_sites} 个禁选的候选点即可行",
        "possible if {n_sites} ruled-out candidate(s) may be chosen",
    ),
    "relax_at_least": (
        "若该区下限由 {asked:.0f} 个降至 {possible:.0f} 个即可行",
        "possible if the district must have {possible:.0f} instead of {asked:.0f}",
    ),
    "relax_at_most": (
        "若该区上限由 {asked:.0f} 个升至 {possible:.0f} 个即可行",
        "possible if the district may have {possible:.0f} instead of {asked:.0f}",
    ),
    "relax_spacing": (
        "若允许 {pairs:.0f} 对点的间距小于最小间距即可行",
        "possible if {pairs:.0f} pair(s) may be nearer than the minimum spacing",
    ),
    "relax_other_than": (
        "若不要求与 {plans:.0f} 个已知方案不同即可行",
        "possible if the plan need not differ from {plans:.0f} known one(s)",
    ),
    "relax_every": (
        "若允许 {n_places} 处居民点未被（完全）服务即可行",
        "possible if {n_places} place(s) may go without, in part or in whole",
    ),
    "relax_share": (
        "若覆盖要求由 {asked:.4%} 降至 {possible:.4%} 即可行",
        "possible if {possible:.4%} of the people are to be reached instead of {asked:.4%}",
    ),
    "not_known": (
        "在 {seconds:.0f} 秒内未能判明原因；请放宽部分要求后重试",
        "no reason was found within {seconds:.0f} seconds; relax some of the rules and try again",
    ),
}


def worded(reason: Reason) -> tuple[str, str]:
    """Word a reason in Chinese and in English; whom it names is left to who knows the names."""
    gaps = {
        **reason.numbers,
        "n_sites": len(reason.sites),
        "n_places": len(reason.places),
        "n_districts": len(reason.districts),
    }
    zh, en = REASONS[reason.code]
    if reason.places and "people" in reason.numbers:
        zh, en = zh + "，涉及 {people:,.0f} 人", en + " ({people:,.0f} people)"
    return zh.format(**gaps), en.format(**gaps)
