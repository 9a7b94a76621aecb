"""The commands of groups: how each is served, and the shares users import."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from venuenet.area import StudyArea
from venuenet.area import load as load_area
from venuenet.console import make_table, out, print_json
from venuenet.demand.shares import Shares, merged, without
from venuenet.demand.shares_file import load_shares, read_list, store_shares, template, to_csv
from venuenet.errors import BadQueryError
from venuenet.opened import ask, chosen, inputs_folder, open_snapshot
from venuenet.options import (
    AsOfOption,
    CapacitatedOption,
    DataOption,
    DistrictsArgument,
    Format,
    FormatOption,
    GroupOption,
    KindsOption,
    MinutesOption,
    ModeOption,
    OwnOption,
    StandardOption,
    SurfaceOption,
)
from venuenet.publish.answers import CITY, Row
from venuenet.publish.groups import as_asked, group_rows, groups_csv
from venuenet.standards.groups import GroupRules, load_groups
from venuenet.terminal import told, write_file

app = typer.Typer(
    help="各类人群的覆盖，与自行导入的人群比例 · Groups of residents, and shares of your own.",
    no_args_is_help=True,
)
ANSWER = (
    ("区", "area", False),
    ("人群", "group", False),
    ("人口", "people", True),
    ("覆盖率", "share", True),
    ("低-高", "low-high", True),
    ("较全体", "points", True),
    ("出行者", "as", False),
    ("数据", "figure", False),
)
KEPT = (
    ("人群", "group", False),
    ("区", "area", False),
    ("街道乡镇", "township", False),
    ("比例", "share", True),
    ("年份", "year", True),
    ("来源", "source", False),
)
STANDINGS = {"known": "已知", "estimated": "估计", "unknown": "无数据"}
AreaOption = Annotated[
    Path | None, typer.Option("--area", help="区域数据包目录（默认内置北京）· Area pack.")
]
RulesOption = Annotated[
    Path | None, typer.Option("--groups", help="自定人群表 YAML · Own table of groups.")
]


@app.command("list")
def list_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    capacitated: CapacitatedOption = False,
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """各类人群的覆盖，与全体居民之差 · Whether each group is served as well as the average.

    例 Example:  venuenet groups list 海淀区 --standard walk15
    """
    with told():
        snapshot = open_snapshot(data, as_of)
        options = (mode, minutes, standard, group, kinds, surface_transit, own_district)
        question = ask(snapshot, *options, capacitated)
        given = {"mode": mode, "standard": standard, "kinds": kinds}
        asked = as_asked(question, [name for name, value in given.items() if value is not None])
        wanted = chosen(snapshot, districts)
        rows = [r for r in group_rows(snapshot, asked) if not wanted or r["adcode"] in wanted]
        total = group_rows(snapshot, asked, CITY)
    if fmt is Format.json:
        print_json(snapshot, question, rows, total=total)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(groups_csv(rows))
    else:
        _print_answer([*rows, *(() if wanted else total)])


def _print_answer(rows: list[Row]) -> None:
    table = make_table(ANSWER, "人口为模型估算 · residents are modelled; docs/groups.md")
    for r in rows:
        share = "无数据" if r["share"] is None else f"{100 * r['share']:.1f}%"
        span = "无数据" if r["low"] is None else f"{100 * r['low']:.1f}-{100 * r['high']:.1f}%"
        table.add_row(
            r["name_zh"],
            escape(r["group_zh"]),
            "无数据" if r["people"] is None else f"{r['people']:,}",
            share,
            span,
            "无数据" if r["points"] is None else f"{round(r['points'], 1) + 0.0:+.1f}",
            escape(r["traveller"]),
            STANDINGS[r["standing"]],
        )
    out.print(table)


def _kept(
    data: Path | None, area: Path | None, groups: Path | None
) -> tuple[StudyArea, GroupRules, Shares]:
    pack, rules = load_area(area), load_groups(groups)
    return pack, rules, load_shares(inputs_folder(data), pack, rules)


@app.command("import")
def import_command(
    file: Annotated[Path, typer.Argument(help="比例表 csv 或 xlsx · The table of shares.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="只检查，不写入 · Check only, write nothing.")
    ] = False,
    area: AreaOption = None,
    groups: RulesOption = None,
    data: DataOption = None,
) -> None:
    """导入人群比例，下次 build 起使用 · Take in shares of groups; the next build uses them.

    同一人群、同一地方以新值为准 · A new share takes the place of the old of its group and area.

    例 Example:  venuenet groups import 老年人.xlsx
    """
    with told():
        pack, rules, kept = _kept(data, area, groups)
        found = read_list(file, pack, rules, kept)
        after = merged(kept, found.shares)
        if not dry_run:
            store_shares(after, inputs_folder(data))
    before = {row.key: row for row in kept.rows}
    fresh = sum(row.key not in before for row in found.shares.rows)
    same = sum(before.get(row.key) == row for row in found.shares.rows)
    changed = len(found.shares.rows) - fresh - same
    out.print(
        f"新增 added {fresh} · 更改 changed {changed} · 未变 unchanged {same} · "
        f"未填比例而略过 blank, passed over {found.blank}"
    )
    for note in _partial(after, pack):
        out.print(note, highlight=False)
    out.print(
        "未写入（--dry-run）· nothing was written"
        if dry_run
        else "下次 venuenet build 起使用 · used from the next venuenet build on"
    )


def _partial(shares: Shares, area: StudyArea) -> list[str]:
    """Tell where townships have shares, the district has none, and some townships are missing."""
    own = {(r.group, r.adcode) for r in shares.rows if not r.township}
    for known in area.meta.groups:
        if known.district_column:
            told = area.districts.loc[area.districts[known.district_column].notna(), "adcode"]
            own |= {(known.id, adcode) for adcode in told}
    notes = []
    for district in area.districts.itertuples():
        towns = set(
            area.townships.loc[area.townships["adcode"] == district.adcode, "township_code"]
        )
        for group in shares.groups():
            given = {r.township for r in shares.of(group) if r.adcode == district.adcode} & towns
            if given and given != towns and (group, district.adcode) not in own:
                notes.append(
                    f"{district.name_zh} {escape(group)}：{len(towns)} 个街道乡镇中有 {len(given)} "
                    f"个，其余按估计或无数据 · {len(given)} of {len(towns)} townships; the rest is "
                    "estimated, or no data"
                )
    return notes


@app.command("show")
def show_command(
    fmt: FormatOption = Format.table,
    area: AreaOption = None,
    groups: RulesOption = None,
    data: DataOption = None,
) -> None:
    """已导入的比例 · The shares that were imported.

    例 Example:  venuenet groups show --format csv > shares.csv
    """
    with told():
        pack, _, kept = _kept(data, area, groups)
    if fmt is Format.csv:
        sys.stdout.buffer.write(to_csv(kept))
        return
    districts = dict(zip(pack.districts["adcode"], pack.districts["name_zh"], strict=True))
    towns = dict(zip(pack.townships["township_code"], pack.townships["name_zh"], strict=True))
    if fmt is Format.json:
        items = [{k: v for k, v in asdict(row).items() if k != "row"} for row in kept.rows]
        sys.stdout.write(json.dumps({"items": items}, ensure_ascii=False, indent=1) + "\n")
        return
    table = make_table(KEPT, None)
    for row in kept.rows:
        where = districts[row.adcode], towns.get(row.township, "全区")
        said = f"{100 * row.share:.2f}%", str(row.year), row.source
        table.add_row(row.group, *(escape(cell) for cell in (*where, *said)))
    out.print(table)


@app.command("remove")
def remove_command(
    group: Annotated[str | None, typer.Argument(help="人群编号，如 disabled · A group.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="删去全部 · Every group.")] = False,
    area: AreaOption = None,
    groups: RulesOption = None,
    data: DataOption = None,
) -> None:
    """删去已导入的比例 · Take imported shares out again; the next build goes without.

    例 Example:  venuenet groups remove disabled
    """
    with told():
        if (group is None) != all_:
            raise BadQueryError(
                "请给出一个人群编号，或用 --all", "name one group, or say --all", param="group"
            )
        # Out must be possible even of what cannot be read: an area that is no longer.
        if all_:
            store_shares(Shares(), inputs_folder(data))
            out.print("已全部删去 · all were taken out")
            return
        _, _, kept = _kept(data, area, groups)
        if group not in kept.groups():
            raise BadQueryError(
                f"没有导入过人群“{str(group)[:60]}”的比例",
                f"no shares of {str(group)[:60]!r} were imported",
                param="group",
                allowed=kept.groups(),
            )
        store_shares(without(kept, [str(group)]), inputs_folder(data))
    out.print(f"已删去 · taken out: {group}")


@app.command("template")
def template_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="FILE.csv")],
    area: AreaOption = None,
    groups: RulesOption = None,
) -> None:
    """写出待填的比例表 · Write a table of shares to fill in.

    例 Example:  venuenet groups template -o 人群比例.csv
    """
    with told():
        if output.suffix.lower() != ".csv":
            raise BadQueryError(
                f"模板只写 .csv，收到“{output.name[:60]}”",
                f"the template is a .csv, got {output.name[:60]!r}",
                param="output",
                allowed=[".csv"],
            )
        write_file(output, template(load_area(area), load_groups(groups)))
