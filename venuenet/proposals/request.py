"""What may be asked of a proposal, and how it is understood: one parser for HTTP and CLI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args

from venuenet.area import resolve_district
from venuenet.coverage import group_people
from venuenet.errors import BadQueryError, UnknownNameError
from venuenet.model import Question
from venuenet.proposals.candidates import sites_of
from venuenet.proposals.types import BY_TIME, CHEAPEST, GOALS, WITH_ROOM, Request
from venuenet.proposals.user_sites import parse_sites
from venuenet.proposals.values import (
    maybe_number,
    maybe_whole,
    name_list,
    number_of,
    object_of,
    one_of,
    refuse,
    several_of,
    shown,
    text_of,
    whole_of,
)
from venuenet.publish.answers import is_answerable
from venuenet.publish.snapshot import Snapshot
from venuenet.questions import parse_question
from venuenet.standards.siting import Origin, load_siting_rules

__all__ = ["Request", "parse_request"]

ORIGINS: tuple[Origin, ...] = get_args(Origin)
FINEST = 8
"""H3 resolution of the smallest cells among candidates."""
LONGEST_S, MOST_ALTERNATIVES = 300, 5
ASKED = (
    "mode", "minutes", "standard", "group", "kinds", "surface_transit", "own_district",
    "capacitated",
)  # fmt: skip
SWITCHES = ("surface_transit", "own_district", "capacitated")
PARAMETERS = (
    "goal", *ASKED, "weights", "sources", "resolution", "districts", "residents", "sites", "datum",
    "options", "upgrades", "costs", "unit", "count", "budget", "share", "min_per_district",
    "max_per_district", "force", "forbid", "spacing_km", "time_limit_s", "gap", "alternatives",
    "differ",
)  # fmt: skip


def parse_request(snapshot: Snapshot, given: Mapping[str, Any]) -> Request:
    """Understand a request; everything that can be refused is refused here, before any work.

    Parameters
    ----------
    snapshot : Snapshot
    given : mapping of parameter to value
        As JSON has it; ``PARAMETERS`` names them all, docs/siting.md explains them. A list of
        names may also be one string joined by commas.

    Raises
    ------
    BadQueryError
        Naming the parameter at fault and what is allowed, zh and en.
    SourceError
        With every fault of the user's own list of sites.
    """
    if not isinstance(given, Mapping):
        refuse("request", "请求应为一个 JSON 对象", "the request must be a JSON object")
    given = {name: value for name, value in given.items() if value is not None}
    for name in given:
        if name not in PARAMETERS:
            text = str(name)[:60]
            refuse(text, f"没有参数“{text}”", f"there is no parameter {text!r}", allowed=PARAMETERS)
    goal = one_of("goal", given.get("goal", "cover_most"), GOALS)
    question = _question(snapshot, given, goal)
    rules = load_siting_rules()
    sources = _sources(given)
    costs = {
        name: number_of("costs", value, 0, 1e9)
        for name, value in object_of("costs", given.get("costs", {})).items()
    }
    districts = _districts(snapshot, "districts", given)
    sites = parse_sites(snapshot, given["sites"], given.get("datum")) if "sites" in given else ()
    # Without places for anything new a request is for upgrades alone.
    options: tuple[str, ...] = ("branch",) if sources else ()
    if "options" in given:
        options = several_of("options", given["options"], tuple(rules.new))
    request = Request(
        goal=goal,
        question=question,
        weights=_weights(snapshot, given, goal, question),
        sources=sources,
        resolution=_resolution(snapshot, given),
        districts=districts,
        residents=_residents(snapshot, given, goal),
        sites=sites,
        options=options,
        upgrades=several_of("upgrades", given.get("upgrades", ()), tuple(rules.upgrades)),
        costs=costs,
        unit=text_of("unit", given.get("unit")),
        count=maybe_whole(given, "count", 0, 5_000),
        budget=maybe_number(given, "budget", 0, 1e12),
        share=maybe_number(given, "share", 0, 1),
        at_least=_per_district(snapshot, given, "min_per_district", districts),
        at_most=_per_district(snapshot, given, "max_per_district", districts),
        force=name_list("force", given.get("force", ())),
        forbid=name_list("forbid", given.get("forbid", ())),
        spacing_km=maybe_number(given, "spacing_km", 0.001, 500),
        time_limit_s=number_of("time_limit_s", given.get("time_limit_s", 60), 1, LONGEST_S),
        gap=number_of("gap", given.get("gap", 0), 0, 0.5),
        alternatives=whole_of("alternatives", given.get("alternatives", 0), 0, MOST_ALTERNATIVES),
        differ=whole_of("differ", given.get("differ", 1), 1, 1_000),
    )
    _check_together(given, request)
    sites_of(snapshot, request)  # what it refuses is refused now
    return request


def _question(snapshot: Snapshot, given: Mapping[str, Any], goal: str) -> Question:
    groups = [g.id for g in snapshot.area.meta.groups]
    asked = {n: _plain(n, given[n]) for n in ASKED if n in given}
    if isinstance(asked.get("kinds"), list | tuple):
        asked["kinds"] = ",".join(name_list("kinds", asked["kinds"]))
    question = parse_question(
        snapshot.standards, groups, **asked, habits=snapshot.groups.habits(groups)
    )
    if question.k > 1:
        refuse(
            "standard",
            "选址只能按一个场馆可达（k=1）的标准计算；要两重保障请用 goal=cover_twice",
            "siting asks for one venue in reach (k=1); for a second one ask for goal=cover_twice",
            allowed=[s.id for s in snapshot.standards if s.k == 1],
        )
    if question.capacitated and goal not in WITH_ROOM:
        refuse(
            "capacitated",
            "要计入容量，请用 goal=cover_with_room 或 nearest_with_room",
            "to keep to capacities ask for goal=cover_with_room or nearest_with_room",
            allowed=["false"],
        )
    if question.own_district and goal in (*BY_TIME, *WITH_ROOM, "cover_twice"):
        refuse(
            "own_district",
            f"own_district 不适用于 goal={goal}，请去掉其一",
            f"own_district does not apply to goal={goal}; leave one of them out",
            allowed=["false"],
        )
    if not is_answerable(snapshot, question):
        refuse(
            "kinds",
            "所问类别的场馆多数没有位置，无法判断谁已被覆盖（数据缺口），请换一组类别",
            "most venues of these kinds have no position: nobody knows who is covered already "
            "(a data gap); ask for other kinds",
            allowed=["science", "all"],
        )
    if group_people(snapshot.demand, question.group) is None:
        refuse(
            "group",
            f"没有“{question.group}”的人口数据",
            f"nothing is known of how many people of {question.group!r} there are",
            allowed=["all", *snapshot.demand.groups],
        )
    return replace(question, capacitated=goal in WITH_ROOM)


def _weights(
    snapshot: Snapshot, given: Mapping[str, Any], goal: str, question: Question
) -> dict[str, float]:
    if "weights" not in given:
        return {}
    if goal in (*WITH_ROOM, "nearest_at_worst") or question.group != "all":
        refuse(
            "weights",
            "人群加权只适用于按全体居民（group=all）计人数的目标，请去掉 weights",
            "weights apply where all residents (group=all) are added up; leave them out",
            allowed=[],
        )
    known = tuple(snapshot.demand.groups)
    return {
        one_of("weights", name, known): number_of("weights", value, 0.001, 1000)
        for name, value in object_of("weights", given["weights"]).items()
    }


def _sources(given: Mapping[str, Any]) -> tuple[Origin, ...]:
    """Understand where candidates come from; a list of one's own stands alone unless said."""
    if "sources" not in given:
        return ("file",) if "sites" in given else ("townships",)
    if given["sources"] == "none":
        given = {**given, "sources": ()}
    sources = several_of("sources", given["sources"], ORIGINS)
    if ("file" in sources) != ("sites" in given):
        refuse(
            "sites",
            "sources 含 file 时须给出 sites（自有地点清单），反之亦然",
            "sources has file exactly when sites (one's own list) are given",
        )
    return sources


def _resolution(snapshot: Snapshot, given: Mapping[str, Any]) -> int:
    """Understand the size of cells: those of the area are the smallest there are."""
    finest = min(FINEST, snapshot.area.meta.h3_resolution)
    return whole_of("resolution", given.get("resolution", min(7, finest)), min(6, finest), finest)


def _check_together(given: Mapping[str, Any], request: Request) -> None:
    """Refuse parameters that contradict another, or would change nothing."""
    no_limit = request.count is None and request.budget is None
    if no_limit and request.goal not in CHEAPEST:
        refuse(
            "count",
            f"goal={request.goal} 须给出 count（个数）或 budget（预算）",
            f"goal={request.goal} needs count (how many sites) or budget",
        )
    if (request.share is not None) != (request.goal == "cover_share"):
        refuse(
            "share",
            "share（0 到 1）用于且必须用于 goal=cover_share",
            "share (0 to 1) goes with goal=cover_share, and only with it",
            allowed=["0..1"],
        )
    for name, needs, here in (
        ("resolution", "sources=cells", "cells" in request.sources),
        ("datum", "sites", bool(request.sites)),
        ("differ", "alternatives", request.alternatives > 0),
        ("options", "sources", bool(request.sources)),
        ("unit", "costs", bool(request.costs) or any(s.cost is not None for s in request.sites)),
    ):
        if name in given and not here:
            refuse(
                name, f"{name} 须与 {needs} 一同给出", f"{name} goes with {needs}; give that too"
            )
    offered = (*request.options, *request.upgrades)
    for name in request.costs:
        one_of("costs", name, offered)
    if not offered or (request.sources and not request.options):
        refuse(
            "options",
            "请用 options 或 upgrades 至少给出一种做法",
            "offer at least one thing to do with options or upgrades",
            allowed=[*load_siting_rules().new],
        )


def _districts(snapshot: Snapshot, param: str, given: Mapping[str, Any]) -> tuple[str, ...]:
    names = name_list(param, given.get(param, ()))
    return tuple(dict.fromkeys(_district(snapshot, param, n) for n in names))


def _residents(snapshot: Snapshot, given: Mapping[str, Any], goal: str) -> tuple[str, ...]:
    if "residents" in given and goal in WITH_ROOM:
        refuse(
            "residents",
            f"goal={goal} 计入容量，别区居民也占用名额，请去掉 residents",
            f"goal={goal} keeps to capacities, which people of other districts use too; leave "
            "residents out",
            allowed=[],
        )
    return _districts(snapshot, "residents", given)


def _district(snapshot: Snapshot, param: str, name: str) -> str:
    try:
        return resolve_district(snapshot.area, name)
    except UnknownNameError as error:
        raise BadQueryError(
            error.detail, error.detail_en, param=param, allowed=error.allowed
        ) from error


def _per_district(
    snapshot: Snapshot, given: Mapping[str, Any], param: str, districts: Sequence[str]
) -> dict[str, int]:
    """Understand 1 (each district looked in) or {district: number}."""
    value = given.get(param)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        number = whole_of(param, value, 0, 5_000)
        return dict.fromkeys(districts or snapshot.area.districts["adcode"], number)
    found: dict[str, int] = {}
    for name, number in object_of(param, value).items():
        adcode = _district(snapshot, param, name)
        if adcode in found or (districts and adcode not in districts):
            refuse(
                param,
                f"{param} 中的“{name[:60]}”重复，或不在 districts 之内",
                f"{param} names {name[:60]!r} twice, or it is not among districts",
                allowed=list(districts) or None,
            )
        found[adcode] = whole_of(param, number, 0, 5_000)
    return found


def _plain(param: str, value: object) -> Any:  # noqa: ANN401  whatever the question takes
    """Give a value the question's parser can read."""
    listed = param == "kinds" and isinstance(value, list | tuple)
    counted = param == "minutes" and isinstance(value, int)
    switch = isinstance(value, bool) and param in SWITCHES
    if not (
        listed or (counted and not isinstance(value, bool)) or switch or isinstance(value, str)
    ):
        refuse(param, f"{param} 的值“{shown(value)}”无效", f"{param} cannot be “{shown(value)}”")
    # Numbers of thousands of digits cannot even be written out.
    return "∞" if isinstance(value, int) and abs(value) > 10**6 else value
