"""The commands about snapshots: which are kept, and what changed since one of them."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.markup import escape

from venuenet.console import make_table, out, print_json
from venuenet.earlier import find_earlier
from venuenet.opened import ask, chosen, open_snapshot, snapshot_folder
from venuenet.options import (
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
from venuenet.publish.changes import changes, no_changes
from venuenet.publish.changes_why import CAUSES
from venuenet.publish.csv_files import to_csv
from venuenet.terminal import told

TABLE = (
    ("区", "area", False),
    ("前", "before", True),
    ("后", "after", True),
    ("百分点", "points", True),
    ("覆盖人口", "covered", True),
    ("原因", "why", False),
)
VENUES = (
    ("场馆", "venue", False),
    ("变化", "change", False),
    ("首达", "gained", True),
    ("失去", "lost", True),
)
VENUES_SHOWN = 30
COLUMNS = (
    "adcode", "name_zh", "name_en", "people_before", "people_after", "people_change",
    "covered_before", "covered_after", "covered_change", "share_before", "share_after", "points",
    *(f"{unit}_by_{cause}" for unit in ("people", "points") for cause in CAUSES),
    "text_zh", "text_en", "flags",
)  # fmt: skip
SNAPSHOTS = (
    ("快照", "snapshot", True),
    ("截至", "as of", True),
    ("生成", "built, UTC", True),
    ("版本", "version", True),
    ("人口", "people", True),
    ("场馆", "venues", True),
    ("使用中", "in force", False),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    app.command("changes")(changes_command)
    app.command("snapshots")(snapshots_command)


def changes_command(
    districts: DistrictsArgument = None,
    since: Annotated[
        str | None,
        typer.Option(help="较早快照的编号或其前 6 位以上（默认：上一份）· Since which snapshot."),
    ] = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    own_district: OwnOption = False,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """与较早快照相比有何变化、为什么 · What changed since an earlier snapshot, and why.

    例 Example:  venuenet changes 海淀区 --since 295c999e
    """
    with told():
        snapshot = open_snapshot(data)
        question = ask(
            snapshot, mode, minutes, standard, group, kinds, surface_transit, own_district
        )
        wanted = chosen(snapshot, districts)
        store = snapshot_folder(data)
        earlier = find_earlier(store.history(), snapshot.manifest, since)
        answer = (
            no_changes(question)
            if earlier is None
            else changes(store.open(earlier.id), snapshot, question, wanted)
        )
    if fmt is Format.json:
        rows = answer.pop("items")
        print_json(snapshot, question, rows, **answer)
    elif fmt is Format.csv:
        _print_csv(COLUMNS, [_flat(row) for row in answer["items"]])
    else:
        _print_changes(answer, snapshot.manifest.snapshot)


def snapshots_command(fmt: FormatOption = Format.table, data: DataOption = None) -> None:
    """保留的快照，新的在前 · The snapshots kept, newest first.

    例 Example:  venuenet snapshots
    """
    with told():
        store = snapshot_folder(data)
        current = store.current_id()
        rows: list[Row] = [
            {
                "snapshot": n.id,
                "as_of": n.as_of.isoformat(),
                "built": n.built.isoformat(timespec="seconds"),
                "version": n.version,
                "area": n.area,
                **{name: n.counts.get(name) for name in ("people", "venues")},
                "in_force": n.id == current,
            }
            for n in store.history()
        ]
    if fmt is Format.json:
        sys.stdout.write(json.dumps({"items": rows}, ensure_ascii=False, indent=1) + "\n")
    elif fmt is Format.csv:
        _print_csv(["snapshot", "as_of", "built", "version", "area", "people", "venues",
                    "in_force"], rows)  # fmt: skip
    else:
        table = make_table(SNAPSHOTS, None)
        for row in rows:
            built = f"{row['built'][:10]} {row['built'][11:16]}"
            counts = (_count(row[name]) for name in ("people", "venues"))
            table.add_row(row["snapshot"], row["as_of"], built, row["version"], *counts,
                          "✓" if row["in_force"] else "")  # fmt: skip
        out.print(table)


def _flat(row: Row) -> Row:
    """Spread a district's parts over columns; blank is no data."""
    parts = {
        f"{unit}_by_{part['cause']}": part[unit]
        for part in row["why"]
        for unit in ("people", "points")
    }
    return {**row, **parts}


def _print_csv(columns: Sequence[str], rows: Sequence[Row]) -> None:
    sys.stdout.buffer.write(to_csv(columns, rows))


def _print_changes(answer: Row, now: str) -> None:
    """Print a table of districts, then a sentence for each that changed, and what else did."""
    if answer["since"] is None:
        out.print("没有更早的快照可比较，见 venuenet snapshots · no earlier snapshot is kept")
        return
    since = answer["since"]
    table = make_table(TABLE, f"{since['snapshot']} ({since['as_of']}) → {now}")
    rows = [*answer["items"], answer["total"]]
    for row in rows:
        parts = [p for p in row["why"] if p["people"]]
        table.add_row(
            row["name_zh"],
            *(_share(row[f"share_{s}"]) for s in ("before", "after")),
            _signed(row["points"], "+.1f"),
            _signed(row["covered_change"], "+,"),
            "\n".join(f"{p['cause_zh']} {p['cause_en']} {p['people']:+,}" for p in parts),
        )
    out.print(table)
    if answer["venues"]:
        _print_venues(answer["venues"])
    counts = answer["gaps"]["counts"]
    if counts is not None:
        out.print(
            f"缺口：新出现 {counts['new']}、消失 {counts['closed']}、扩大 {counts['grown']}、"
            f"缩小 {counts['shrunk']} · gaps: {counts['new']} new, {counts['closed']} closed, "
            f"{counts['grown']} grown, {counts['shrunk']} shrunk"
        )
    inputs = answer["inputs"]
    out.print(
        f"不同的输入 {inputs['count']} 项，见 --format json · inputs that differ: {inputs['count']}"
    )
    for flag in answer["flags"]:
        out.print(f"标记 flag：{flag}")


def _print_venues(rows: Sequence[Row]) -> None:
    """Print the venues that differ, and the people they cover first or no longer do."""
    table = make_table(VENUES, None)
    for row in rows[:VENUES_SHOWN]:
        said = (f"{c['change_zh']} {c['change_en']}" for c in row["changes"])
        table.add_row(
            escape(row["name_zh"]),
            "\n".join(dict.fromkeys(said)),
            *(_count(row[f"{step}_people"]) for step in ("gained", "lost")),
        )
    out.print(table)
    if len(rows) > VENUES_SHOWN:
        more = len(rows) - VENUES_SHOWN
        out.print(f"另有 {more} 个，见 --format json · {more} more")


def _count(value: int | None) -> str:
    return "无数据" if value is None else f"{value:,}"


def _share(value: float | None) -> str:
    return "无数据" if value is None else f"{100 * value:.1f}%"


def _signed(value: float | None, how: str) -> str:
    return "无数据" if value is None else f"{value:{how}}"
