"""The commands that answer: coverage, gaps, quality, and the map and report to take away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from venuenet.access.ask import AccessSpec, parse_access
from venuenet.area import resolve_district
from venuenet.console import make_table, out, print_coverage, print_gaps, print_json, print_quality
from venuenet.model import Question
from venuenet.opened import ask, chosen, open_snapshot
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
from venuenet.publish.access import access_csv, access_rows, describe_access
from venuenet.publish.answers import Row, capacity_count, causes, coverage, gap_rows
from venuenet.publish.csv_files import coverage_csv, gaps_csv, quality_csv
from venuenet.publish.geo import gap_geojson
from venuenet.publish.quality import quality, to_confirm
from venuenet.publish.snapshot import Snapshot
from venuenet.terminal import told, write_file

ACCESS = (
    ("区", "area", False),
    ("人口", "people", True),
    ("均值", "mean", True),
    ("10%", "p10", True),
    ("中位", "median", True),
    ("90%", "p90", True),
    ("为零人口", "people at 0", True),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("coverage")(coverage_command)
    app.command("gaps")(gaps_command)
    app.command("map")(map_command)
    app.command("report")(report_command)
    app.command("quality")(quality_command)


def coverage_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    capacitated: CapacitatedOption = False,
    level: Annotated[str, typer.Option(help="district | township")] = "district",
    measure: Annotated[
        str | None,
        typer.Option(
            help="covered（默认）| nearest | cumulative | cumulative_interval | gravity | 2sfca | "
            "e2sfca | 3sfca | balanced | availability"
        ),
    ] = None,
    decay: Annotated[
        str | None,
        typer.Option(help="exponential | power | gaussian | logistic | stepped | binary"),
    ] = None,
    decay_at: Annotated[
        str | None,
        typer.Option(help="权重降到一半的分钟数 · Minutes where the weight is one half."),
    ] = None,
    decay_spread: Annotated[
        str | None, typer.Option(help="logistic 的标准差，分钟 · Its standard deviation.")
    ] = None,
    steps: Annotated[
        str | None, typer.Option(help="stepped 的分级，如 10:1,30:0.68,60:0.22 · Its steps.")
    ] = None,
    interval: Annotated[
        str | None, typer.Option(help="cumulative_interval 的区间，如 30-60 · Its minutes.")
    ] = None,
    k: Annotated[
        str | None, typer.Option("--k", help="nearest：第几近 · Which nearest, 1-3.")
    ] = None,
    supply: Annotated[
        str | None, typer.Option(help="venues（每馆计 1，默认）| capacity（年接待人次）")
    ] = None,
    unknown_capacity: Annotated[
        str | None, typer.Option(help="leave_out（默认）| minimum | median")
    ] = None,
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """各区覆盖，或可达性指标 · Coverage per district, or a measure of access.

    例 Example:  venuenet coverage 海淀区 --mode transit --minutes 45 --measure e2sfca
    """
    told_of = {
        "measure": measure,
        "decay": decay,
        "decay_at": decay_at,
        "decay_spread": decay_spread,
        "steps": steps,
        "interval": interval,
        "k": k,
        "supply": supply,
        "unknown_capacity": unknown_capacity,
    }
    with told():
        snapshot = open_snapshot(data, as_of)
        given = (mode, minutes, standard, group, kinds, surface_transit, own_district, capacitated)
        question = ask(snapshot, *given)
        wanted = chosen(snapshot, districts)
        if level not in ("district", "township"):
            raise typer.BadParameter("district | township", param_hint="--level")
        access = parse_access(question, told_of)
        rows = coverage(snapshot, question, level)
        if access is not None:
            rows = access_rows(snapshot, question, access, level)
        rows = [r for r in rows if not wanted or r["adcode"] in wanted]
    if access is not None:
        _show_access(snapshot, question, access, rows, fmt)
    elif fmt is Format.json:
        print_json(snapshot, question, rows)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(coverage_csv(rows))
    else:
        print_coverage(snapshot, question, rows)


def _show_access(
    snapshot: Snapshot, question: Question, access: AccessSpec, rows: list[Row], fmt: Format
) -> None:
    about = describe_access(snapshot, question, access)
    if fmt is Format.json:
        print_json(snapshot, question, rows, **about)
        return
    if fmt is Format.csv:
        sys.stdout.buffer.write(access_csv(rows, access))
        return
    worth, supply = about["decay"], about["supply"]
    caption = (
        f"{about['measure']}：{about['unit']}\n{question.mode} {question.minutes} min"
        f"{' · ' + worth['formula'] if worth else ''} · 供给 supply {supply['unit']}："
        f"已知 known {supply['known']}，假设 assumed {supply['assumed']}，"
        f"未计 left out {supply['left_out']}\n"
        f"截至 as of {snapshot.manifest.as_of} · 快照 snapshot {snapshot.manifest.snapshot} · "
        "人口分布为模型估算 residents modelled"
    )
    table = make_table(ACCESS, caption)
    for row in rows:
        one = row["access"]
        figures = (row["people"], *(one[c] for c in ("value", "p10", "median", "p90")))
        shown = (
            "无数据" if v is None else f"{v:,.4g}" if isinstance(v, float) else f"{v:,}"
            for v in (*figures, one["people_zero"])
        )
        table.add_row(row["name_zh"], *shown)
    out.print(table)


def gaps_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    capacitated: CapacitatedOption = False,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="写出 GeoJSON · Write GeoJSON.")
    ] = None,
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """缺口清单或 GeoJSON · Gaps as a list or a GeoJSON file.

    例 Example:  venuenet gaps 昌平区 --standard transit45 -o gaps.geojson
    """
    with told():
        snapshot = open_snapshot(data, as_of)
        given = (mode, minutes, standard, group, kinds, surface_transit, own_district, capacitated)
        question = ask(snapshot, *given)
        wanted = chosen(snapshot, districts)
        if output is not None:
            write_file(output, gap_geojson(snapshot, question, wanted))
            return
        rows = gap_rows(snapshot, question, wanted)
    if fmt is Format.json:
        count = capacity_count(snapshot, question)
        print_json(snapshot, question, rows, causes=causes(rows), capacity=count)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(gaps_csv(rows))
    else:
        print_gaps(snapshot, question, rows)


def map_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="HTML 文件 · The page.")],
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    data: DataOption = None,
) -> None:
    """单文件离线地图，双击即开 · One page that works offline by double click.

    例 Example:  venuenet map -o map.html --standard walk15
    """
    from venuenet.publish.folium_page import folium_html  # noqa: PLC0415  other commands need not

    with told():
        snapshot = open_snapshot(data)
        question = ask(snapshot, mode, minutes, standard)
        write_file(output, folium_html(snapshot, question))


def report_command(
    district: Annotated[str, typer.Argument(help="区：代码、中文、英文或拼音 · The district.")],
    output: Annotated[
        Path, typer.Option("-o", "--output", help="FILE.html 或 FILE.xlsx · The file.")
    ],
    lang: Annotated[str, typer.Option(help="zh | en")] = "zh",
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    data: DataOption = None,
) -> None:
    """区级缺口报告 · One district's report, as a page or a workbook.

    例 Example:  venuenet report 海淀区 -o 海淀.html
    """
    from venuenet.publish.report import report_html  # noqa: PLC0415  other commands need not
    from venuenet.publish.tables import report_xlsx  # noqa: PLC0415

    with told():
        snapshot = open_snapshot(data)
        question = ask(snapshot, mode, minutes, standard)
        adcode = resolve_district(snapshot.area, district)
        if output.suffix == ".xlsx":
            write_file(output, report_xlsx(snapshot, adcode, question))
        else:
            write_file(output, report_html(snapshot, adcode, question, lang))


def quality_command(
    districts: DistrictsArgument = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """数据质量：哪些数字薄弱、由谁核实 · Which numbers are weak, and who can confirm them.

    例 Example:  venuenet quality 房山 --format csv > quality.csv
    """
    with told():
        snapshot = open_snapshot(data)
        wanted = chosen(snapshot, districts)
    rows = [r for r in quality(snapshot) if not wanted or r["adcode"] in wanted]
    if fmt is Format.json:
        print_json(snapshot, None, rows, to_confirm=to_confirm(snapshot, wanted))
    elif fmt is Format.csv:
        sys.stdout.buffer.write(quality_csv(rows))
    else:
        print_quality(snapshot, rows)
