"""The command that plans routes of the mobile science hall."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from venuenet.cli_network import networks_folder
from venuenet.console import make_table, out, print_json
from venuenet.opened import ask, chosen, open_snapshot
from venuenet.options import (
    CapacitatedOption,
    DataOption,
    GroupOption,
    KindsOption,
    MinutesOption,
    ModeOption,
    OwnOption,
    StandardOption,
    SurfaceOption,
)
from venuenet.proposals.mobile import mobile_answer, mobile_csv, mobile_geojson
from venuenet.proposals.mobile_ask import parse_mobile
from venuenet.publish.answers import Row
from venuenet.publish.snapshot import Snapshot
from venuenet.terminal import told, write_file

COLUMNS = (
    ("天-站", "day-stop", False),
    ("乡镇街道", "township", False),
    ("到", "arrive", True),
    ("离", "leave", True),
    ("车程", "drive min", True),
    ("人", "people", True),
)
LEFT_SHOWN = 8


class Format(StrEnum):
    """How a plan is printed."""

    table = "table"
    json = "json"
    csv = "csv"
    geojson = "geojson"


def mobile_command(
    district: Annotated[
        list[str] | None, typer.Option(help="区，可重复；不填为全市 · District; repeatable.")
    ] = None,
    days: Annotated[str | None, typer.Option(help="出车天数（默认 10）· Days out.")] = None,
    hours: Annotated[
        str | None, typer.Option(help="每天小时，含往返（默认 8）· Hours a day.")
    ] = None,
    stop_minutes: Annotated[
        str | None, typer.Option(help="每站开放分钟（默认 90）· Minutes open at a stop.")
    ] = None,
    set_up_minutes: Annotated[
        str | None, typer.Option(help="每站布展收展分钟（默认 30）· Setting up and packing.")
    ] = None,
    reach_km: Annotated[
        str | None, typer.Option(help="居民前来的直线公里（默认 3）· How far people come.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="出发时刻（默认 08:00）· HH:MM.")] = None,
    depot: Annotated[
        str | None, typer.Option("--from", help="起点：场馆编号、全称或 lon,lat · The depot.")
    ] = None,
    stops: Annotated[
        str | None, typer.Option(help="townships（默认）,gaps · Where it may stop.")
    ] = None,
    time_limit_s: Annotated[str | None, typer.Option(help="1-20 秒 · Seconds at most.")] = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    capacitated: CapacitatedOption = False,
    fmt: Annotated[
        Format, typer.Option("--format", help="table | json | csv | geojson")
    ] = Format.table,
    page: Annotated[
        Path | None, typer.Option("--map", help="另存离线地图 FILE.html · An offline map.")
    ] = None,
    data: DataOption = None,
) -> None:
    """流动科技馆路线：去哪些站、每天怎么走、服务多少人 · Where the mobile hall should go.

    例 Example:  venuenet mobile --district 延庆 --days 10 --hours 8 --map 延庆.html
    """
    with told():
        snapshot = open_snapshot(data)
        options = (mode, minutes, standard, group, kinds, surface_transit)
        question = ask(snapshot, *options, own_district, capacitated)
        request = parse_mobile(
            question,
            chosen(snapshot, district),
            days=days,
            hours=hours,
            stop_minutes=stop_minutes,
            set_up_minutes=set_up_minutes,
            reach_km=reach_km,
            start=start,
            depot=depot,
            stops=stops,
            time_limit_s=time_limit_s,
        )
        answer = mobile_answer(snapshot, request, networks_folder(data))
        if page is not None:
            from venuenet.proposals.mobile_map import mobile_html  # noqa: PLC0415  folium is slow

            write_file(page, mobile_html(snapshot, request, answer))
    if fmt is Format.json:
        more = {k: v for k, v in answer.items() if k != "items"}
        print_json(snapshot, question, answer["items"], **more)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(mobile_csv(answer))
    elif fmt is Format.geojson:
        sys.stdout.buffer.write(mobile_geojson(snapshot, request, answer))
    else:
        _print(snapshot, answer)


def _print(snapshot: Snapshot, answer: Row) -> None:
    table = make_table(COLUMNS, _caption(snapshot, answer))
    for day in answer["day_totals"]:
        for r in answer["items"]:
            if r["day"] == day["day"]:
                table.add_row(
                    f"{r['day']}-{r['order']}", r["name_zh"], r["arrive"], r["leave"],
                    f"{r['drive_minutes']:.0f}", f"{r['people']:,}",
                )  # fmt: skip
        table.add_row(
            f"{day['day']} 合计", f"{day['stops']} 站", day["start"], day["back"],
            f"{day['drive_minutes']:.0f}", f"{day['people']:,}", end_section=True,
        )  # fmt: skip
    out.print(table)
    for r in answer["left_out"][:LEFT_SHOWN]:
        out.print(
            f"未安排 left out: {r['name_zh']} {r['people_unserved']:,} 人 · "
            f"{r['reason_zh']} {r['reason_en']}"
        )
    if len(answer["left_out"]) > LEFT_SHOWN:
        out.print(f"另有 {len(answer['left_out']) - LEFT_SHOWN} 站，见 --format json · more")


def _caption(snapshot: Snapshot, answer: Row) -> str:
    if answer["people"] is None:
        served = f"无数据 no data ({', '.join(answer['flags'])})"
    else:
        served = (
            f"未覆盖 uncovered {answer['uncovered']:,} · 服务 served {answer['people']:,} · "
            f"任何方案至多 no plan more than {answer['bound']:,}"
        )
        if answer["gap"]:
            served += f"（差距 gap {100 * answer['gap']:.1f}%）"
    drive = answer["drive"]
    made = "" if drive is None else f"{drive['zh']} {drive['en']}\n"
    assumed = "；".join(
        f"{a['zh']} {a['value']} {a['unit']}".strip() for a in answer["assumptions"][:5]
    )
    sources = "；".join(s.title for s in snapshot.manifest.sources)
    return (
        f"{served}\n起点 depot {answer['depot']['name_zh']} · 假设 assumed：{assumed}\n{made}"
        f"截至 as of {snapshot.manifest.as_of} · 快照 snapshot {snapshot.manifest.snapshot}\n"
        f"数据来源 sources：{sources}"
    )
