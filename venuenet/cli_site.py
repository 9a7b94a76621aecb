"""The command that says where to build and what to improve: ``venuenet site``."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from venuenet.cli_network import networks_folder
from venuenet.console import err, make_table, out, say
from venuenet.errors import BadQueryError, SourceError
from venuenet.opened import open_snapshot
from venuenet.options import (
    DataOption,
    GroupOption,
    KindsOption,
    MinutesOption,
    ModeOption,
    OwnOption,
    StandardOption,
    SurfaceOption,
)
from venuenet.publish.csv_files import to_csv
from venuenet.terminal import told, write_file

SITES = (
    ("序", "no.", True),
    ("地点", "site", False),
    ("做法", "what", False),
    ("区", "district", False),
    ("范围内", "in reach", True),
    ("新增", "added", True),
    ("费用", "cost", True),
)
CHANGES = (
    ("区", "area", False),
    ("人口", "people", True),
    ("现状", "today", True),
    ("方案", "plan", True),
    ("新增", "added", True),
    ("仍不可达", "left out", True),
)


class Shape(StrEnum):
    """How a plan is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    geojson = "geojson"


def site_command(
    goal: Annotated[
        str, typer.Option(help="cover_most（默认）| cover_share | cover_all | … · The goal.")
    ] = "cover_most",
    count: Annotated[str | None, typer.Option(help="选几个 · How many sites.")] = None,
    budget: Annotated[str | None, typer.Option(help="总费用上限 · Most it may cost.")] = None,
    share: Annotated[
        str | None, typer.Option(help="覆盖比例 0-1（cover_share）· Share of people.")
    ] = None,
    source: Annotated[
        list[str] | None,
        typer.Option(help="townships | stations | cells | none，可多次 · Candidates."),
    ] = None,
    resolution: Annotated[
        str | None, typer.Option(help="格网 6-8（默认 7）· Of the cells.")
    ] = None,
    sites: Annotated[
        Path | None, typer.Option(help="自有地点清单 CSV/XLSX/JSON · A list of one's own.")
    ] = None,
    datum: Annotated[
        str | None, typer.Option(help="清单坐标系：WGS84 | GCJ-02 | BD-09 · The list's datum.")
    ] = None,
    district: Annotated[
        list[str] | None, typer.Option(help="只在这些区选址，可多次 · Only in these districts.")
    ] = None,
    residents: Annotated[
        list[str] | None,
        typer.Option(help="只计这些区的居民，可多次 · Only these districts' people count."),
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(help="branch（默认）| node | base | corner | mobile_stop · What to build."),
    ] = None,
    upgrade: Annotated[
        list[str] | None,
        typer.Option(help="reopen | raise_to_node | extend_hours | add_capacity · Upgrades."),
    ] = None,
    cost: Annotated[
        list[str] | None, typer.Option(help="自有造价，如 branch=300 · One's own costs.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="造价单位，如 万元 · Their unit.")] = None,
    weight: Annotated[
        list[str] | None, typer.Option(help="人群加权，如 seniors=1 · Weight of a group.")
    ] = None,
    min_per_district: Annotated[
        list[str] | None, typer.Option(help="每区至少 1，或 延庆=1 · At least, per district.")
    ] = None,
    max_per_district: Annotated[
        list[str] | None, typer.Option(help="每区至多 1，或 延庆=1 · At most, per district.")
    ] = None,
    force: Annotated[list[str] | None, typer.Option(help="必选 · Must be chosen.")] = None,
    forbid: Annotated[list[str] | None, typer.Option(help="禁选 · Must not be.")] = None,
    spacing_km: Annotated[
        str | None, typer.Option(help="新点最小间距，公里 · Least distance between new sites.")
    ] = None,
    time_limit: Annotated[
        str | None, typer.Option(help="秒，至多 300（默认 60）· Seconds to think.")
    ] = None,
    gap: Annotated[
        str | None, typer.Option(help="允许与最优的差距，如 0.01 · Gap allowed.")
    ] = None,
    alternatives: Annotated[
        str | None, typer.Option(help="另给几个方案，至多 5 · Other plans.")
    ] = None,
    differ: Annotated[
        str | None, typer.Option(help="方案之间至少差几个点 · Sites in which they differ.")
    ] = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    shape: Annotated[Shape, typer.Option("--format", help="table | json | csv | geojson")] = (
        Shape.table
    ),
    map_file: Annotated[
        Path | None, typer.Option("--map", help="另写离线地图 FILE.html · A map as well.")
    ] = None,
    save_scenario: Annotated[
        Path | None, typer.Option(help="存为情景 FILE.yaml · The plan as a scenario.")
    ] = None,
    data: DataOption = None,
) -> None:
    """选址建议：在哪里建、提升什么，并证明有多好 · Where to build and what to improve.

    例 Example:  venuenet site --count 5 --map 选址.html

    例 Example:  venuenet site --goal cover_share --share 0.9 --option corner --upgrade reopen

    例 Example:  venuenet site --goal cover_share --share 0.5 --district 延庆 --residents 延庆
    """
    with told():
        _check_file("map", map_file, (".html", ".htm"))
        _check_file("save_scenario", save_scenario, (".yaml", ".yml"))
        snapshot = open_snapshot(data)
        # numba, scipy and the solver come with them.
        from venuenet.proposals.request import parse_request  # noqa: PLC0415
        from venuenet.proposals.solve import propose  # noqa: PLC0415
        from venuenet.proposals.user_sites import read_sites  # noqa: PLC0415

        given: dict[str, Any] = {
            "goal": goal, "count": count, "budget": budget, "share": share,
            "sources": _joined(source), "resolution": resolution, "datum": datum,
            "districts": _joined(district), "residents": _joined(residents),
            "options": _joined(option), "upgrades": _joined(upgrade),
            "costs": _pairs("cost", cost), "unit": unit, "weights": _pairs("weight", weight),
            "min_per_district": _per_district("min_per_district", min_per_district),
            "max_per_district": _per_district("max_per_district", max_per_district),
            "force": force, "forbid": forbid, "spacing_km": spacing_km,
            "time_limit_s": time_limit, "gap": gap, "alternatives": alternatives,
            "differ": differ, "mode": mode, "minutes": minutes, "standard": standard,
            "group": group, "kinds": kinds, "surface_transit": surface_transit or None,
            "own_district": own_district or None,
            "sites": read_sites(sites) if sites else None,
        }  # fmt: skip
        try:
            request = parse_request(snapshot, {n: v for n, v in given.items() if v is not None})
        except SourceError as error:
            # The faults of the list are those of its file.
            name = sites.name if sites else "sites"
            raise SourceError([replace(f, file=name) for f in error.faults]) from error
        with err.status("…") as status:

            def tell(zh: str, en: str, best: float | None, bound: float | None) -> None:
                figures = "" if best is None else f" {best:,.0f} ≤ {bound or 0:,.0f}"
                status.update(f"{zh} · {en}{figures}")

            plan = propose(snapshot, request, networks_folder(data), tell)
        _print(plan, shape)
        if map_file is not None:
            from venuenet.proposals.map import plan_html  # noqa: PLC0415  folium is slow to load

            write_file(map_file, plan_html(snapshot, request.question, plan))
        if save_scenario is not None and plan["edits"]:
            write_file(save_scenario, scenario_yaml(plan))
        if not plan["edits"] and plan["status"] in ("infeasible", "failed"):
            raise typer.Exit(1)


def scenario_yaml(plan: dict[str, Any]) -> str:
    """Write a plan as a scenario file."""
    scenario = {
        "name_zh": f"选址建议：{plan['goal_zh']}",
        "name_en": f"proposal: {plan['goal_en']}",
        "note": f"venuenet site，快照 snapshot {plan['snapshot']}",
        "edits": plan["edits"],
    }
    return yaml.safe_dump(scenario, allow_unicode=True, sort_keys=False)


def _check_file(param: str, path: Path | None, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that could not be written before the work is done."""
    if path is not None and path.suffix.lower() not in suffixes:
        raise BadQueryError(
            f"{param} 应为 {' 或 '.join(suffixes)} 文件",
            f"{param} must name a file ending in {' or '.join(suffixes)}",
            param=param,
            allowed=suffixes,
        )
    if path is not None and not path.absolute().parent.is_dir():
        raise BadQueryError(
            f"没有文件夹 {path.parent}", f"there is no folder {path.parent}", param=param
        )


def _joined(names: list[str] | None) -> str | None:
    return None if names is None else ",".join(names)


def _pairs(param: str, texts: list[str] | None) -> dict[str, str] | None:
    """Understand name=number, each name once."""
    if texts is None:
        return None
    found: dict[str, str] = {}
    for text in texts:
        name, sign, number = text.replace("＝", "=").partition("=")
        if not sign or not name.strip() or name.strip() in found:
            raise BadQueryError(
                f"{param} 应写作 名称=数值，每个名称一次，收到“{text[:60]}”",
                f"{param} is written name=number, each name once; got {text[:60]!r}",
                param=param,
            )
        found[name.strip()] = number.strip()
    return found


def _per_district(param: str, texts: list[str] | None) -> str | dict[str, str] | None:
    if texts is not None and len(texts) == 1 and "=" not in texts[0].replace("＝", "="):
        return texts[0]
    return _pairs(param, texts)


def _print(plan: dict[str, Any], shape: Shape) -> None:
    from venuenet.proposals.answer import SITE_COLUMNS, sites_geojson  # noqa: PLC0415  as above

    if shape is Shape.json:
        sys.stdout.write(json.dumps(plan, ensure_ascii=False, indent=1) + "\n")
    elif shape is Shape.geojson:
        sys.stdout.write(json.dumps(sites_geojson(plan), ensure_ascii=False, indent=1) + "\n")
    elif shape is Shape.csv:
        sys.stdout.buffer.write(to_csv(SITE_COLUMNS, plan["items"]))
        sys.stdout.flush()
    else:
        _print_table(plan)


def _print_table(plan: dict[str, Any]) -> None:
    from venuenet.proposals.words import flag_words  # noqa: PLC0415  as above

    asked = plan["request"]
    caption = (
        f"{plan['goal_zh']} · {plan['goal_en']}\n{asked['mode']} {asked['minutes']} min · "
        f"截至 as of {plan['as_of']} · 快照 snapshot {plan['snapshot']}"
    )
    table = make_table(SITES, caption)
    for item in plan["items"]:
        table.add_row(
            str(item["rank"]),
            f"{item['name_zh']}\n{item['site_id']}",
            f"{item['option_zh']}\n{item['option_en']}",
            item["district_zh"] or "-",
            f"{item['people_in_reach']:,}",
            f"{item['people_marginal']:,}",
            f"{item['cost']:g}",
        )
    if plan["items"]:
        out.print(table)
    if plan["city"]["after"] is not None:
        _print_changes(plan)
    for reason in plan["reasons"]:
        say(f"[bold red]无方案 · no plan[/] {reason['zh']} · {reason['en']}")
    for line in summary(plan):
        out.print(line, highlight=False, markup=False)
    for flag in plan["flags"]:
        if (said := flag_words(flag)) is not None:
            out.print(f"* {said[0]} · {said[1]}", highlight=False, markup=False)


def _print_changes(plan: dict[str, Any]) -> None:
    """Print coverage before and after, of the districts that gain and of the city."""
    table = make_table(CHANGES, None)
    gaining = [row for row in plan["districts"] if row["gained"]]
    for row in (*gaining, plan["city"]):
        table.add_row(
            row["name_zh"],
            _whole(row["people"]),
            _percent(row["before"]["share"]),
            _percent(row["after"]["share"]),
            _whole(row["gained"]),
            _whole(row["after"]["uncovered"]),
        )
    out.print(table)


def summary(plan: dict[str, Any]) -> list[str]:
    """Say in lines, zh and en, how the plan was found and how sure it is."""
    seen = "、".join(f"{source} {n:,}" for source, n in plan["candidates"].items())
    lines = [f"候选 · candidates: {seen}（{plan['candidate_sites']:,} 个选项 options）"]
    gap = "-" if plan["gap"] is None else f"{100 * plan['gap']:.2f} %"
    lines.append(
        f"{plan['status_zh']} · {plan['status_en']}；目标 objective {_figure(plan['objective'])}，"
        f"界 bound {_figure(plan['bound'])}（{plan['unit']}），差距 gap {gap}，"
        f"{plan['seconds']:.1f} s / {plan['time_limit_s']:g} s"
    )
    if plan["cost"] is not None:
        lines.append(f"费用 · cost: {plan['cost']:g}（{plan['cost_unit']}）")
    never = sum(row["no_candidate_in_reach"] for row in plan["left_out"])
    if plan["left_out"]:
        lost = sum(row["people"] for row in plan["left_out"])
        lines.append(
            f"仍不可达 {lost:,} 人，其中 {never:,} 人附近没有任何候选 · "
            f"still out of reach: {lost:,}, of whom {never:,} have no candidate in reach"
        )
    for number, other in enumerate(plan["alternatives"], 1):
        lines.append(
            f"方案 plan {number + 1}: {_figure(other['objective'])}，以 "
            f"{'、'.join(other['new'])} 代替 instead of {'、'.join(other['instead_of'])}"
        )
    if plan["alternatives"]:
        lines.append(f"各方案共有 · in all plans: {'、'.join(plan['in_all']) or '无 none'}")
    return lines


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:,.1f}"


def _whole(value: int | None) -> str:
    return "无数据" if value is None else f"{value:,}"


def _percent(value: float | None) -> str:
    return "无数据" if value is None else f"{100 * value:.1f}%"
