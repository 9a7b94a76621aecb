"""What the commands take: the options several of them share."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer


class Format(StrEnum):
    """How answers are printed."""

    table = "table"
    json = "json"
    csv = "csv"


DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", help="成果目录（默认：用户数据目录或 VENUENET_DATA）· Where snapshots live."
    ),
]
ModeOption = Annotated[str | None, typer.Option(help="walk | transit | drive（默认 transit）")]
MinutesOption = Annotated[str | None, typer.Option(help="1-120 分钟（默认 45）· Whole minutes.")]
StandardOption = Annotated[
    str | None,
    typer.Option(help="标准编号，如 walk15；与 --mode/--minutes 互斥 · A standard's id."),
]
GroupOption = Annotated[str | None, typer.Option(help="人群，如 seniors（默认 all）· Group.")]
KindsOption = Annotated[str | None, typer.Option(help="science（默认）| all | base,… · Kinds.")]
SurfaceOption = Annotated[
    bool, typer.Option("--surface-transit", help="按假设加入地面公交 · Add assumed buses.")
]
OwnOption = Annotated[
    bool, typer.Option("--own-district", help="只计本区场馆 · Only venues of the own district.")
]
CapacitatedOption = Annotated[
    bool,
    typer.Option("--capacitated", help="已知容量的场馆不超额 · Known capacities hold."),
]
FormatOption = Annotated[Format, typer.Option("--format", help="table | json | csv")]
DistrictsArgument = Annotated[
    list[str] | None, typer.Argument(help="区：代码、中文、英文或拼音 · Districts; none means all.")
]
AsOfOption = Annotated[
    dt.datetime | None,
    typer.Option(
        "--as-of",
        formats=["%Y-%m-%d"],
        help="还原当日状况，如 2025-12-31 · As things stood on a day.",
    ),
]
WhoOption = Annotated[
    str | None,
    typer.Option("--who", help="经手人（默认 VENUENET_WHO 或登录名）· Who decides."),
]
WhyOption = Annotated[str, typer.Option("--why", help="原因，记入历史 · Why; kept in the history.")]
