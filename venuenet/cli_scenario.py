"""The commands that ask what if: ``venuenet scenario try | save | list | show | compare | …``."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from venuenet.cli_network import networks_folder
from venuenet.console import make_table, out, print_json, say
from venuenet.console_scenario import print_beside, print_delta, print_gap_delta
from venuenet.errors import BadQueryError
from venuenet.opened import ask, chosen, open_snapshot
from venuenet.options import (
    CapacitatedOption,
    DataOption,
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
from venuenet.publish.answers import Row
from venuenet.publish.delta import delta, delta_csv, gap_delta, side_by_side
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.apply import applied, edited
from venuenet.scenarios.file import Scenario, parse_scenario, read_scenario, scenario_text
from venuenet.scenarios.pack import write_scenario_pack
from venuenet.scenarios.words import in_words
from venuenet.settings import Settings
from venuenet.store.scenarios import MOST, ScenarioFolder
from venuenet.terminal import told

app = typer.Typer(help="情景推演 · What if: scenarios and what they change.", no_args_is_help=True)

LIST = (
    ("编号", "id", False),
    ("名称", "name", False),
    ("改动", "edits", True),
    ("保存", "saved (UTC)", False),
)
_ID = re.compile(r"[0-9a-f]{12}")
MOST_COMPARED = 5

NamedArgument = Annotated[
    str, typer.Argument(help="情景文件，或已保存的编号 · A scenario file, or a saved id.")
]
IdArgument = Annotated[str, typer.Argument(help="已保存的编号 · A saved id.")]
DistrictOption = Annotated[
    list[str] | None, typer.Option("--district", help="区，可多次 · Districts; none means all.")
]


@app.command("try")
def try_command(
    named: NamedArgument,
    district: DistrictOption = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    capacitated: CapacitatedOption = False,
    level: Annotated[str, typer.Option(help="district | township | city | group")] = "district",
    gaps: Annotated[
        bool, typer.Option("--gaps", help="另列缺口的变化（表格、JSON）· The gaps that change too.")
    ] = False,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """试算情景：各区覆盖的前、后与变化 · Try a scenario: coverage before, after and its change.

    例 Example:  venuenet scenario try 关闭一馆.yaml --mode transit --minutes 45
    """
    with told():
        if gaps and fmt is Format.csv:
            raise BadQueryError(
                "--gaps 不能与 --format csv 同用", "--gaps has no csv", param="gaps"
            )
        snapshot = open_snapshot(data)
        given = (mode, minutes, standard, group, kinds, surface_transit, own_district, capacitated)
        question = ask(snapshot, *given)
        wanted = chosen(snapshot, district)
        scenario = _scenario(snapshot, data, named)
        after = _applied(snapshot, data, scenario)
        rows = delta(snapshot, after, question, level, wanted)
        changed = gap_delta(snapshot, after, question, wanted) if gaps else None
        if fmt is Format.csv:
            sys.stdout.buffer.write(delta_csv(rows))
        elif fmt is Format.json:
            more = {"base": snapshot.manifest.snapshot, "scenario": _told(snapshot, scenario)}
            print_json(after, question, rows, **more, level=level, gaps=changed)
        else:
            print_delta(snapshot, after, question, scenario, rows)
            print_gap_delta(changed)


@app.command("save")
def save_command(
    file: Annotated[Path, typer.Argument(help="情景文件 YAML 或 JSON · A scenario file.")],
    data: DataOption = None,
) -> None:
    """保存情景，给出编号 · Keep a scenario; prints its id.

    例 Example:  venuenet scenario save 关闭一馆.yaml
    """
    with told():
        snapshot = open_snapshot(data)
        scenario = read_scenario(snapshot.area, file)
        _applied(snapshot, data, scenario)  # what cannot be applied is not kept
        id_, new = _folder(data).save(scenario_text(scenario))
    say("已保存 · kept" if new else "早已保存，内容相同 · kept already, the same")
    sys.stdout.write(f"{id_}\n")


@app.command("list")
def list_command(fmt: FormatOption = Format.table, data: DataOption = None) -> None:
    """列出已保存的情景 · List the scenarios kept."""
    with told():
        if fmt is Format.csv:
            raise BadQueryError(
                "list 只有 table 与 json", "list is a table or json", param="format",
                allowed=["table", "json"],
            )  # fmt: skip
        notes = _folder(data).notes()
    if fmt is Format.json:
        items = [
            {"id": n.id, "name_zh": n.name_zh, "name_en": n.name_en, "edits": n.edits,
             "saved": n.saved.isoformat(timespec="seconds")}
            for n in notes
        ]  # fmt: skip
        sys.stdout.write(
            json.dumps({"most": MOST, "items": items}, ensure_ascii=False, indent=1) + "\n"
        )
        return
    table = make_table(LIST, None if notes else "还没有保存的情景 · none yet")
    for n in notes:
        name = n.name_zh if n.name_en == n.name_zh else f"{n.name_zh}\n{n.name_en}"
        table.add_row(n.id, escape(name), str(n.edits), n.saved.strftime("%Y-%m-%d %H:%M"))
    out.print(table)


@app.command("show")
def show_command(
    id_: Annotated[str, typer.Argument(metavar="ID")], data: DataOption = None
) -> None:
    """显示一个情景：逐条说明，并输出其文件 · Tell its edits in words; prints its file.

    例 Example:  venuenet scenario show 0f3c9a7be03d > 情景.yaml
    """
    with told():
        snapshot = open_snapshot(data)
        scenario = _scenario(snapshot, data, id_, files=False)
        for zh, en in in_words(snapshot.area, scenario.edits):
            say(f"{escape(zh)} · {escape(en)}")
    sys.stdout.write(scenario_text(scenario))


@app.command("compare")
def compare_command(
    ids: Annotated[
        list[str], typer.Argument(help="2 至 5 个情景编号或文件 · Two to five ids or files.")
    ],
    district: DistrictOption = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    capacitated: CapacitatedOption = False,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """并列比较几个情景：全市与各区 · Scenarios side by side: the city and its districts.

    例 Example:  venuenet scenario compare 0f3c9a7be03d 方案二.yaml --standard walk15
    """
    with told():
        if fmt is Format.csv:
            raise BadQueryError(
                "compare 只有 table 与 json；逐个情景的 CSV 用 try",
                "compare is a table or json; try gives the csv of one", param="format",
                allowed=["table", "json"],
            )  # fmt: skip
        if not 2 <= len(ids) <= MOST_COMPARED or len(set(ids)) < len(ids):
            raise BadQueryError(
                f"须给出 2 至 {MOST_COMPARED} 个不同的情景",
                f"give 2 to {MOST_COMPARED} different scenarios",
                param="id",
            )
        snapshot = open_snapshot(data)
        given = (mode, minutes, standard, group, kinds, surface_transit, own_district, capacitated)
        question = ask(snapshot, *given)
        wanted = chosen(snapshot, district)
        found = [(named, _scenario(snapshot, data, named)) for named in ids]
        opened = [(n, lambda s=s: _applied(snapshot, data, s)) for n, s in found]
        items = side_by_side(snapshot, opened, question, wanted)
    if fmt is Format.json:
        scenarios = [{"id": n} | _told(snapshot, s) for n, s in found]
        print_json(snapshot, question, items, scenarios=scenarios)
    else:
        print_beside(snapshot, question, [s for _, s in found], items)


@app.command("delete")
def delete_command(
    id_: Annotated[str, typer.Argument(metavar="ID")], data: DataOption = None
) -> None:
    """删除已保存的情景 · Forget a scenario."""
    with told():
        _folder(data).delete(id_)
    say("已删除 · deleted")


@app.command("export")
def export_command(
    named: NamedArgument,
    to: Annotated[Path, typer.Option("--to", help="新文件夹 · A folder that is not there yet.")],
    data: DataOption = None,
) -> None:
    """导出情景的区域数据包，可完整重算 · The edited area pack, for a full rebuild.

    例 Example:  venuenet scenario export 0f3c9a7be03d --to 情景包 &&
    venuenet build --area 情景包 --data 情景成果
    """
    with told():
        snapshot = open_snapshot(data)
        scenario = _scenario(snapshot, data, named)
        write_scenario_pack(edited(snapshot.area, scenario.edits), to)
    say(f"已写出 · wrote [bold]{escape(str(to))}[/]；完整重算 · rebuild: venuenet build --area …")


def _folder(data: Path | None) -> ScenarioFolder:
    return ScenarioFolder(data or Settings().data)


def _scenario(snapshot: Snapshot, data: Path | None, named: str, *, files: bool = True) -> Scenario:
    """Read a scenario: the file of that name where there is one, else the one kept."""
    path = Path(named)
    if files and (path.suffix or path.exists() or not _ID.fullmatch(named)):
        return read_scenario(snapshot.area, path)
    return parse_scenario(snapshot.area, _folder(data).read(named), f"{named}.yaml")


def _applied(snapshot: Snapshot, data: Path | None, scenario: Scenario) -> Snapshot:
    names = scenario.name_zh, scenario.name_en
    return applied(snapshot, scenario.edits, networks=networks_folder(data), name=names)


def _told(snapshot: Snapshot, scenario: Scenario) -> Row:
    words = in_words(snapshot.area, scenario.edits)
    return {
        "name_zh": scenario.name_zh,
        "name_en": scenario.name_en,
        "edits": [{"zh": zh, "en": en} for zh, en in words],
    }
