"""The commands that answer: coverage, gaps, quality, and the map and report to take away."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from venuenet.area import resolve_district
from venuenet.console import print_coverage, print_gaps, print_json, print_quality
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
    StandardOption,
    SurfaceOption,
)
from venuenet.publish.answers import causes, coverage, gap_rows
from venuenet.publish.csv_files import coverage_csv, gaps_csv, quality_csv
from venuenet.publish.geo import gap_geojson
from venuenet.publish.quality import quality, to_confirm
from venuenet.terminal import told, write_file


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
    level: Annotated[str, typer.Option(help="district | township")] = "district",
    as_of: AsOfOption = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """各区覆盖 · Coverage per district.

    例 Example:  venuenet coverage 海淀区 --mode transit --minutes 45
    """
    with told():
        snapshot = open_snapshot(data, as_of)
        question = ask(snapshot, mode, minutes, standard, group, kinds, surface_transit)
        wanted = chosen(snapshot, districts)
        if level not in ("district", "township"):
            raise typer.BadParameter("district | township", param_hint="--level")
        rows = [
            r for r in coverage(snapshot, question, level) if not wanted or r["adcode"] in wanted
        ]
    if fmt is Format.json:
        print_json(snapshot, question, rows)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(coverage_csv(rows))
    else:
        print_coverage(snapshot, question, rows)


def gaps_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
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
        question = ask(snapshot, mode, minutes, standard, group, kinds, surface_transit)
        wanted = chosen(snapshot, districts)
        if output is not None:
            write_file(output, gap_geojson(snapshot, question, wanted))
            return
        rows = gap_rows(snapshot, question, wanted)
    if fmt is Format.json:
        print_json(snapshot, question, rows, causes=causes(rows))
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
