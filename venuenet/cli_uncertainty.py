"""The command about uncertainty: how far coverage may be off, and what matters most."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from venuenet.console import WIDE, make_table, out, print_json
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
from venuenet.publish.answers import Row
from venuenet.publish.snapshot import Snapshot
from venuenet.publish.uncertainty import (
    describe_uncertainty,
    parse_draws,
    uncertainty_answer,
    uncertainty_csv,
)
from venuenet.terminal import told

COLUMNS = (
    ("区", "area", False),
    ("覆盖率", "share", True),
    ("低-高", "low-high", True),
    ("第5-95百分位", "p5-p95", True),
    ("主要来源", "main source", False),
)
SOURCE_WORDS = {
    "demand": ("人口分布", "people"),
    "position_travel": ("场馆位置与时间", "positions, times"),
    "opening": ("是否开放", "opening"),
}


def add_to(app: typer.Typer) -> None:
    """Add the command of this room."""
    app.command("uncertainty")(uncertainty_command)


def uncertainty_command(
    districts: DistrictsArgument = None,
    draws: Annotated[
        str | None, typer.Option(help="抽样次数，50-1000（默认 200）· How many draws.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(help="随机种子（默认 1）· The seed of the draws.")
    ] = None,
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
    """覆盖率可能偏差多少、主要来自哪里 · How far coverage may be off, and why.

    例 Example:  venuenet uncertainty 海淀 --mode walk --minutes 15 --draws 500
    """
    with told():
        snapshot = open_snapshot(data, as_of)
        options = (mode, minutes, standard, group, kinds, surface_transit)
        question = ask(snapshot, *options, own_district, capacitated)
        asked = parse_draws(snapshot, question, draws, seed)
        answer = uncertainty_answer(snapshot, question, asked, chosen(snapshot, districts))
        described = describe_uncertainty(snapshot, asked)
    if fmt is Format.json:
        print_json(snapshot, question, answer["items"], **described, total=answer["total"])
    elif fmt is Format.csv:
        sys.stdout.buffer.write(uncertainty_csv(answer))
    else:
        _print(snapshot, answer, described)


def _print(snapshot: Snapshot, answer: Row, described: Row) -> None:
    table = make_table(COLUMNS, _caption(snapshot, described))
    for row in (*answer["items"], answer["total"]):
        source = SOURCE_WORDS.get(row["main_source"], ("-", ""))
        table.add_row(
            row["name_zh"],
            _share(row["share"]),
            _between(row["low"], row["high"]),
            _between(row["p5"], row["p95"]),
            " ".join(source) if out.width >= WIDE else source[0],
        )
    out.print(table)


def _caption(snapshot: Snapshot, described: Row) -> str:
    sources = "；".join(s.title for s in snapshot.manifest.sources)
    return (
        f"低-高：同时最坏至最好 worst to best · 第5-95百分位：{described['draws']} 次抽样中常见 "
        f"usual among draws (seed {described['seed']})\n"
        f"截至 as of {snapshot.manifest.as_of} · 快照 snapshot {snapshot.manifest.snapshot} · "
        "人口分布与时间为模型估算，偏差倍数为假设 modelled, factors assumed\n"
        f"数据来源 sources：{sources}"
    )


def _share(value: float | None) -> str:
    return "无数据" if value is None else f"{100 * value:.1f}%"


def _between(low: float | None, high: float | None) -> str:
    return "无数据" if low is None else f"{100 * low:.1f}-{_share(high)}"
