"""The commands of yardsticks and the plan: where districts stand, own numbers in, progress."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from typer.core import TyperGroup

from venuenet.area import load as load_area
from venuenet.console import make_table, out, print_json, say
from venuenet.errors import BadQueryError
from venuenet.indicators import read_extras, read_table, store, template
from venuenet.opened import chosen, inputs_folder, open_snapshot, snapshot_folder
from venuenet.options import DataOption, Format, FormatOption
from venuenet.planformat import WHATS, What
from venuenet.publish.answers import Row
from venuenet.publish.plan import periods, plan_csv, plan_rows
from venuenet.publish.snapshot import read as read_snapshot
from venuenet.publish.yardsticks import ask_yardsticks, definitions, yardstick_rows, yardsticks_csv
from venuenet.standards import load_standards
from venuenet.standards.yardsticks import load_yardsticks
from venuenet.terminal import told, write_file

STANDING = (
    ("对标项", "yardstick", True),
    ("区", "area", True),
    ("现值", "value", True),
    ("目标", "target", True),
    ("状态", "status", True),
    ("差距人数", "people", True),
    ("位次", "rank", True),
    ("差距m²", "m² short", True),
)
PLAN = (
    ("编号", "objective", True),
    ("区", "area", True),
    ("基期", "base", True),
    ("现值", "now", True),
    ("目标", "target", True),
    ("进度/应达", "progress", True),
    ("按期", "on track", True),
)
BOUNDS = frozenset({"partial", "as_listed"})


class _ShowFirst(TyperGroup):
    """``venuenet standards 海淀`` shows: what is no command is given to ``show``."""

    # Typer's own context has no public name.
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401
        if not args or args[0] not in {*self.commands, "--help"}:
            args = ["show", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(cls=_ShowFirst, help="对标、自定指标与规划目标 · Yardsticks, indicators, plan.")
DistrictsArgument = Annotated[
    list[str] | None, typer.Argument(help="区：代码、中文、英文或拼音 · Districts; none means all.")
]
WhatOption = Annotated[
    str, typer.Option("--what", help="population 户籍人口 | indicators 指标 | objectives 目标")
]


def add_to(main: typer.Typer) -> None:
    """Add the commands of this room."""
    main.add_typer(app, name="standards")
    main.command("plan")(plan_command)


@app.command("show")
def show(
    districts: DistrictsArgument = None,
    basis: Annotated[
        str | None, typer.Option(help="resident 常住（默认）| registered 户籍")
    ] = None,
    yardstick: Annotated[str | None, typer.Option(help="对标项编号 · One yardstick.")] = None,
    level: Annotated[str | None, typer.Option(help="district（默认）| city")] = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """各区对标：现值、目标、达标/接近/未达/无数据、位次 · Where districts stand.

    例 Example:  venuenet standards 海淀 --yardstick venue_china
    """
    with told():
        snapshot = open_snapshot(data)
        wanted = chosen(snapshot, districts)
        ask = ask_yardsticks(snapshot, basis, yardstick, level, wanted)
        rows = yardstick_rows(snapshot, ask)
        rows = [r for r in rows if not wanted or r["adcode"] in wanted]
    about = [y for y in definitions(snapshot) if yardstick in (None, y["id"])]
    if fmt is Format.json:
        more = {"yardsticks": about, "districts": rows, "basis": ask.basis, "level": ask.level}
        print_json(snapshot, None, _standards(snapshot.standards), **more)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(yardsticks_csv(rows))
    else:
        _print_standing(rows)
        _print_about(rows, about)
        m = snapshot.manifest
        out.print(f"截至 as of {m.as_of} · 快照 snapshot {m.snapshot}", highlight=False)


@app.command("import")
def import_table(
    file: Annotated[Path, typer.Argument(help="csv 或 xlsx · The table.")],
    what: WhatOption,
    area: Annotated[
        Path | None, typer.Option(help="区域数据包目录（默认内置北京）· Area pack.")
    ] = None,
    data: DataOption = None,
) -> None:
    """导入户籍人口、指标或规划目标，整表替换 · Take a table in; it replaces the one before.

    例 Example:  venuenet standards import 户籍人口.xlsx --what population
    """
    with told():
        kind = _what(what)
        metrics = _metrics(data) if kind == "objectives" else None
        rows = read_table(file, kind, load_area(area), metrics)
        kept = store(rows, kind, inputs_folder(data))
    say(
        f"已导入 {len(rows)} 行 → {escape(str(kept))}，下次 venuenet build 起使用\n"
        f"imported {len(rows)} rows; used from the next venuenet build on"
    )


@app.command("template")
def template_command(
    output: Annotated[Path, typer.Option("-o", "--output", help="CSV 文件 · The file.")],
    what: WhatOption,
) -> None:
    """写出带表头的空表 · Write an empty table with its headings.

    例 Example:  venuenet standards template -o 指标.csv --what indicators
    """
    with told():
        write_file(output, template(_what(what)))


def plan_command(
    districts: DistrictsArgument = None,
    since: Annotated[
        str | None, typer.Option(help="较早的快照编号或目录 · An earlier snapshot's id or folder.")
    ] = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """规划目标的进度 · How far the plan's objectives have come.

    例 Example:  venuenet plan 海淀 --since 2f1c9a7be03d4512
    """
    with told():
        snapshot = open_snapshot(data)
        wanted = chosen(snapshot, districts)
        earlier = read_snapshot(_earlier(data, since)) if since else None
        rows = plan_rows(snapshot, earlier, wanted)
    if fmt is Format.json:
        print_json(snapshot, None, rows, periods=periods())
    elif fmt is Format.csv:
        sys.stdout.buffer.write(plan_csv(rows))
    else:
        _print_plan(rows)


def _standards(standards: Sequence[object]) -> list[Row]:
    return [dict(vars(s)) for s in standards]


def _what(text: str) -> What:
    for what in WHATS:
        if what == text:
            return what
    raise BadQueryError(
        f"--what 的值“{text[:60]}”无效",
        f"--what cannot be {text[:60]!r}",
        param="what",
        allowed=list(WHATS),
    )


def _metrics(data: Path | None) -> Collection[str]:
    """Return what objectives may be about: the tool's metrics, standards, imported indicators."""
    snapshots = snapshot_folder(data)
    standards = snapshots.current().standards if snapshots.current_id() else load_standards()
    own = {r["indicator"] for r in read_extras(inputs_folder(data)).get("indicators", [])}
    return {*(m.id for m in load_yardsticks().metrics), *(s.id for s in standards), *own}


def _earlier(data: Path | None, since: str) -> Path:
    """Return the folder of an earlier snapshot, by id or path."""
    plain = since.isalnum() and snapshot_folder(data).folder(since)
    if plain and plain.is_dir():
        return plain
    if "\0" not in since and Path(since).is_dir():
        return Path(since)
    raise BadQueryError(
        f"没有快照“{since[:60]}”，请给出 snapshots 中的编号，或另存的快照目录",
        f"there is no snapshot {since[:60]!r}; give an id in snapshots, or a folder kept elsewhere",
        param="since",
    )


def _print_standing(rows: Sequence[Row]) -> None:
    areas = any(r["distance_m2"] is not None for r in rows)
    table = make_table(STANDING if areas else STANDING[:-1], None)
    for r in rows:
        bound = BOUNDS & set(r["flags"])
        sign = "" if not bound else "≤" if r["metric"] == "people_per_venue" else "≥"
        table.add_row(
            escape(r["yardstick"]),
            escape(r["name_zh"]),
            "无馆" if "no_venue" in r["flags"] else _measure(r, "value", "无数据", sign),
            _measure(r, "target", "-"),
            r["status_zh"],
            _figure(r["distance_people"], none="-"),
            f"{r['rank']}/{r['of']}" if r["rank"] else "-",
            *([_figure(r["distance_m2"], none="-")] if areas else []),
        )
    out.print(table)
    out.print("≥ ≤ 只知道一部分，为下限或上限 · a bound: only part is known")


def _print_about(rows: Sequence[Row], about: Sequence[Row]) -> None:
    """Say of every yardstick what it measures, how binding it is, and who says so."""
    standing = {r["yardstick"]: r["standing_zh"] for r in rows}
    for y in about:
        year = f" {y['year']}" if y["year"] else ""
        words = (y["id"], f"{y['name_zh']}（{y['unit']}）", standing[y["id"]], y["source"] + year)
        out.print(escape(" · ".join(words)), highlight=False)


def _print_plan(rows: Sequence[Row]) -> None:
    if not rows:
        out.print(
            "没有规划目标，用 venuenet standards import 导入后再 build · "
            "no objectives: import them, then build"
        )
        return
    table = make_table(PLAN, None)
    words = {True: "是", False: "否", None: "无数据"}
    for r in rows:
        table.add_row(
            escape(r["objective"]),
            escape(r["area_zh"] or r["adcode"]),
            *(_figure(r[name]) for name in ("baseline", "now", "target")),
            "/".join(_percent(r[name]) for name in ("progress", "expected")),
            words[r["on_track"]],
        )
    out.print(table)
    for r in rows:
        about = (r["objective"], r["name_zh"], r["target_date"], r["period_zh"], r["owner"])
        out.print(escape(" · ".join(filter(None, about))), highlight=False)


def _measure(row: Row, name: str, none: str, sign: str = "") -> str:
    """Show a value in its unit: shares of people as per cent."""
    if row["unit_en"] == "share" and row[name] is not None:
        return f"{sign}{100 * row[name]:.1f}%"
    return _figure(row[name], sign, none)


def _figure(value: float | None, sign: str = "", none: str = "无数据") -> str:
    if value is None:
        return none
    shown = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.3g}"
    return sign + shown


def _percent(value: float | None) -> str:
    return "无数据" if value is None else f"{100 * value:.0f}%"
