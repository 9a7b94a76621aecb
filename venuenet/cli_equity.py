"""The commands about equity: how evenly access is shared, and where it clusters."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from venuenet.console import WIDE, make_table, out, print_json
from venuenet.opened import ask, chosen, open_snapshot
from venuenet.options import (
    AsOfOption,
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
from venuenet.publish.answers import Row
from venuenet.publish.equity import describe_equity, equity_answer, equity_csv
from venuenet.publish.equity_ask import parse_equity, parse_spots
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.spots import spots_geojson
from venuenet.terminal import told, write_file

MeasureOption = Annotated[
    str | None,
    typer.Option(
        help="nearest（默认，分钟）| cumulative | gravity | 2sfca | e2sfca | … · Measure."
    ),
]
NearestOption = Annotated[
    str | None, typer.Option("--k", help="第几近的场馆，仅限 nearest · The k-th nearest.")
]
IntervalOption = Annotated[
    str | None, typer.Option(help="cumulative_interval 的分钟区间，如 30-60 · Minutes.")
]
DecayOption = Annotated[
    str | None,
    typer.Option(
        help="exponential | power | gaussian | logistic | stepped | binary · What distance does."
    ),
]
DecayAtOption = Annotated[
    str | None, typer.Option(help="权重减半的分钟数 · Minutes at which the weight has halved.")
]
SpreadOption = Annotated[
    str | None, typer.Option(help="logistic 的离散程度，分钟 · Its spread, minutes.")
]
StepsOption = Annotated[
    str | None, typer.Option(help="阶梯衰减，如 10:1,30:0.68,60:0.22 · Steps of decay.")
]
SupplyOption = Annotated[str | None, typer.Option(help="venues（默认）| capacity · Supply.")]
UnknownOption = Annotated[
    str | None,
    typer.Option(help="容量未知的场馆：leave_out | minimum | median · Unknown capacities."),
]
NUMBERS = (
    ("均值", "mean", "mean", ".4g"),
    ("基尼", "Gini", "gini", ".3f"),
    ("帕尔马", "Palma", "palma", ".2f"),
    ("泰尔", "Theil", "theil", ".3f"),
    ("未达标", "FGT0", "fgt0", ".1%"),
    ("差距", "FGT1", "fgt1", ".3f"),
    ("集中", "conc.", "concentration", ".3f"),
)
IF_WIDE = ("palma", "theil")


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("equity")(equity_command)
    app.command("spots")(spots_command)


def equity_command(
    districts: DistrictsArgument = None,
    by: Annotated[str | None, typer.Option(help="district（默认）| group | urban_rural")] = None,
    measure: MeasureOption = None,
    rank_by: Annotated[
        str | None, typer.Option(help="按人群占比排序求集中指数，如 seniors · Rank by a group.")
    ] = None,
    line: Annotated[
        str | None, typer.Option(help="达标线，按指标单位（nearest 默认取 --minutes）· The line.")
    ] = None,
    k: NearestOption = None,
    interval: IntervalOption = None,
    decay: DecayOption = None,
    decay_at: DecayAtOption = None,
    decay_spread: SpreadOption = None,
    steps: StepsOption = None,
    supply: SupplyOption = None,
    unknown_capacity: UnknownOption = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """公平性：可达性在各区、各人群间分布得多均匀 · How evenly access is shared.

    例 Example:  venuenet equity --by district --mode transit --rank-by rural
    """
    with told():
        snapshot = open_snapshot(data, as_of)
        options = (mode, minutes, standard, group, kinds, surface_transit, own_district)
        question = ask(snapshot, *options)
        given = {
            "by": by, "line": line, "rank_by": rank_by, "measure": measure, "k": k,
            "interval": interval, "decay": decay, "decay_at": decay_at,
            "decay_spread": decay_spread, "steps": steps, "supply": supply,
            "unknown_capacity": unknown_capacity,
        }  # fmt: skip
        wanted = parse_equity(snapshot, question, given, _asked(minutes))
        answer = equity_answer(snapshot, question, wanted, chosen(snapshot, districts))
        described = describe_equity(snapshot, question, wanted)
    if fmt is Format.json:
        print_json(snapshot, question, answer["items"], **described, total=answer["total"])
    elif fmt is Format.csv:
        sys.stdout.buffer.write(equity_csv(answer["items"]))
    else:
        _print(snapshot, answer, described)


def spots_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="GeoJSON 文件 · The file.")],
    districts: DistrictsArgument = None,
    statistic: Annotated[
        str | None, typer.Option(help="gi（默认，Getis-Ord Gi*）| moran（局部莫兰）")
    ] = None,
    band_m: Annotated[
        str | None, typer.Option(help="邻域距离，1000-6000 米（默认 3000）· Metres.")
    ] = None,
    significance: Annotated[
        str | None, typer.Option(help="显著性水平，至多 0.2（默认 0.05）· Significance.")
    ] = None,
    measure: MeasureOption = None,
    k: NearestOption = None,
    interval: IntervalOption = None,
    decay: DecayOption = None,
    decay_at: DecayAtOption = None,
    decay_spread: SpreadOption = None,
    steps: StepsOption = None,
    supply: SupplyOption = None,
    unknown_capacity: UnknownOption = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    as_of: AsOfOption = None,
    data: DataOption = None,
) -> None:
    """可达性好、差的聚集区（GeoJSON）· Where good and poor access cluster, as GeoJSON.

    例 Example:  venuenet spots -o spots.geojson --statistic moran --band-m 2000
    """
    with told():
        snapshot = open_snapshot(data, as_of)
        options = (mode, minutes, standard, None, kinds, surface_transit, own_district)
        question = ask(snapshot, *options)
        given = {
            "statistic": statistic, "band_m": band_m, "significance": significance,
            "measure": measure, "k": k, "interval": interval, "decay": decay,
            "decay_at": decay_at, "decay_spread": decay_spread, "steps": steps,
            "supply": supply, "unknown_capacity": unknown_capacity,
        }  # fmt: skip
        wanted = parse_spots(question, given, _asked(minutes))
        write_file(output, spots_geojson(snapshot, question, wanted, chosen(snapshot, districts)))


def _asked(minutes: str | None) -> set[str]:
    """Name the question's options that were given, of those that may change nothing."""
    return set() if minutes is None else {"minutes"}


def _print(snapshot: Snapshot, answer: Row, described: Row) -> None:
    """Print the numbers that were asked for, and below them what is counted apart."""
    total = {**answer["total"], "name_zh": "合计", "name_en": "Total"}
    hidden = set() if out.width >= WIDE else set(IF_WIDE)
    hidden |= {"fgt0", "fgt1"} if described["line"] is None else set()
    hidden |= {"concentration"} if described["rank_by"] is None else set()
    shown = [n for n in NUMBERS if n[2] not in hidden]
    columns = [("", "part", False), ("人口", "people", True)]
    columns += [(zh, en, True) for zh, en, *_ in shown]
    table = make_table(columns, _caption(snapshot, described))
    for row in (*answer["items"], total):
        numbers = (_short(row[name], form) for _, _, name, form in shown)
        table.add_row(row["name_zh"], _short(row["people"], ","), *numbers)
    out.print(table)
    if total["theil_between"] is not None:
        out.print(
            f"泰尔指数 = 组间 {total['theil_between']:.4f} + 组内 {total['theil_within']:.4f} · "
            "Theil = between + within"
        )
    if total["left_out"]:
        out.print(
            f"另有 {total['left_out']:,} 人没有数值（到不了），未计入 · "
            f"{total['left_out']:,} people have no value and are counted apart"
        )


def _caption(snapshot: Snapshot, described: Row) -> str:
    poor = ("高于", "above") if described["cost"] else ("低于", "below")
    line = ""
    if described["line"] is not None:
        line = f" · 未达标 = {poor[0]} {described['line']:g} · poor: {poor[1]} it"
    sources = "；".join(s.title for s in snapshot.manifest.sources)
    return (
        f"{described['measure']}：{described['unit']}{line}\n"
        f"截至 as of {snapshot.manifest.as_of} · 快照 snapshot {snapshot.manifest.snapshot} · "
        "按人口加权 people-weighted · 人口分布与时间为模型估算 modelled\n"
        f"数据来源 sources：{sources}"
    )


def _short(value: float | None, form: str) -> str:
    return "无数据" if value is None else format(value, form)
