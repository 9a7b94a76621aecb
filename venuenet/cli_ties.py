"""The commands of the network's ties: who serves whom, what a closure loses, 1+16+N, flows."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from venuenet.console import make_table, out, print_json
from venuenet.model import Question
from venuenet.opened import ask, chosen, open_snapshot
from venuenet.options import (
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
from venuenet.publish import network, network_shape, network_system
from venuenet.publish.answers import Row
from venuenet.publish.csv_files import to_csv
from venuenet.publish.snapshot import Snapshot
from venuenet.terminal import told

SHOWN = 40
Column = tuple[str, str, str]
"""Name of a field, and how a table calls it in zh and en."""

VENUE: tuple[Column, ...] = (("venue_id", "编号", "id"), ("name_zh", "场馆", "venue"))
DISTRICT: Column = ("name_zh", "区", "district")
DEPENDENCE: tuple[Column, ...] = (
    DISTRICT,
    ("covered", "达标居民", "covered"),
    ("own_share", "本区场馆", "own"),
    ("imported", "靠外区", "imported"),
    ("exported", "服务外区", "exported"),
    ("needs_others", "离不开外区", "needs others"),
)
CLOSURES: tuple[Column, ...] = (
    *VENUE,
    ("lost", "失去覆盖", "lost"),
    ("nearest", "最近于此", "nearest"),
    ("mean_extra_minutes", "人均多走", "extra min"),
    ("stranded", "无处可去", "stranded"),
)
REDUNDANCY: tuple[Column, ...] = (
    DISTRICT,
    ("none", "0 处", "none"),
    ("one", "1 处", "one"),
    ("two", "2 处", "two"),
    ("three_plus", "3 处以上", "3+"),
)
SYSTEM: tuple[Column, ...] = (
    DISTRICT,
    ("branches_located", "分中心有坐标", "located"),
    ("branch_share", "到分中心", "branch"),
    ("hub_share", "到中心", "hub"),
)
COMMUNITIES: tuple[Column, ...] = (
    ("community", "群", "no."),
    ("size", "场馆数", "venues"),
    ("districts_zh", "所跨区", "districts"),
)
FLOW: tuple[Column, ...] = (
    ("from_zh", "居住区", "from"),
    ("venue_zh", "场馆", "venue"),
    ("to_zh", "场馆区", "to"),
    ("people", "人数", "people"),
)

Answer = Callable[[Snapshot, Question], Row]
PLAIN: Mapping[str, tuple[str, Answer, tuple[Column, ...]]] = {
    "dependence": (
        "跨区依赖：居民的最近场馆在哪个区 · Whose venues serve whose residents.\n\n"
        "例 Example:  venuenet network dependence --mode transit --minutes 45",
        network.dependence,
        DEPENDENCE,
    ),
    "redundancy": (
        "可选场馆数：0、1、2、3 处以上各多少人 · How many venues people can choose from.\n\n"
        "例 Example:  venuenet network redundancy --mode walk --minutes 15",
        network.redundancy,
        REDUNDANCY,
    ),
    "flow": (
        "服务流向：居住区到最近场馆 · From which district people go to which venue.\n\n"
        "例 Example:  venuenet network flow --kinds science_museum --format csv",
        network_shape.flow,
        FLOW,
    ),
}
"""Commands that take a question and nothing else: their help, their answer, their table."""


def add_to(app: typer.Typer) -> None:
    """Add the commands of this room."""
    for name, (about, answer, columns) in PLAIN.items():
        app.command(name, help=about)(_plain_command(answer, columns))
    app.command("closures")(closures_command)
    app.command("system")(system_command)
    app.command("communities")(communities_command)


def _plain_command(answer: Answer, columns: Sequence[Column]) -> Callable[..., None]:
    """Make a command of an answer to a question."""

    def command(
        mode: ModeOption = None,
        minutes: MinutesOption = None,
        standard: StandardOption = None,
        group: GroupOption = None,
        kinds: KindsOption = None,
        surface_transit: SurfaceOption = False,
        fmt: FormatOption = Format.table,
        data: DataOption = None,
    ) -> None:
        with told():
            given = (mode, minutes, standard, group, kinds, surface_transit)
            snapshot, question = _opened(data, *given)
            found = answer(snapshot, question)
        _print(snapshot, question, found, columns, fmt)

    return command


def closures_command(
    districts: DistrictsArgument = None,
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    top: Annotated[str | None, typer.Option(help="1-1000（默认 50）· How many venues.")] = None,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """关停影响：每个场馆若关闭，谁失去覆盖 · What is lost if a venue closes, for each.

    例 Example:  venuenet network closures 大兴 --standard transit45 --top 10
    """
    with told():
        snapshot, question = _opened(data, mode, minutes, standard, group, kinds, surface_transit)
        wanted, many = chosen(snapshot, districts), network.parse_top(top)
        answer = network.closure_rows(snapshot, question, wanted, many)
    more: Row = {"district": list(wanted), "top": many}
    _print(snapshot, question, {**more, **answer}, CLOSURES, fmt)


def system_command(
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    group: GroupOption = None,
    surface_transit: SurfaceOption = False,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """1+16+N：各区能否到达中心与分中心 · What hub and branches do for each district.

    例 Example:  venuenet network system --minutes 60
    """
    with told():
        snapshot, question = _opened(data, mode, minutes, None, group, None, surface_transit)
        question = replace(question, kinds=network_system.LOOKED_AT)
        answer = network_system.system(snapshot, question)
    _print(snapshot, question, answer, SYSTEM, fmt)


def communities_command(
    mode: ModeOption = None,
    minutes: MinutesOption = None,
    standard: StandardOption = None,
    group: GroupOption = None,
    kinds: KindsOption = None,
    surface_transit: SurfaceOption = False,
    fmt: FormatOption = Format.table,
    data: DataOption = None,
) -> None:
    """场馆群：共享服务人口的场馆，与区界比较 · Venues that share people, beside the borders.

    例 Example:  venuenet network communities --mode transit --minutes 30
    """
    with told():
        snapshot, question = _opened(data, mode, minutes, standard, group, kinds, surface_transit)
        answer = network_shape.communities(snapshot, question)
    if fmt is not Format.json:
        answer = {**answer, "items": [_flat(item) for item in answer["items"]]}
    _print(snapshot, question, answer, COMMUNITIES, fmt)
    if fmt is Format.table and answer["borders"]:
        out.print(f"{answer['borders']['zh']} · {answer['borders']['en']}")


def _opened(
    data: Path | None,
    mode: str | None,
    minutes: str | None,
    standard: str | None,
    group: str | None,
    kinds: str | None,
    surface: bool,
) -> tuple[Snapshot, Question]:
    """Open the snapshot and understand a question the network can answer."""
    snapshot = open_snapshot(data)
    question = ask(snapshot, mode, minutes, standard, group, kinds, surface)
    network.refuse_unknown(snapshot, question)
    return snapshot, question


def _flat(item: Row) -> Row:
    """Put a community on one line."""
    return {
        "community": item["community"],
        "size": len(item["venues"]),
        "districts_zh": "、".join(f"{d['name_zh']} {d['venues']}" for d in item["districts"]),
        "venue_ids": [v["venue_id"] for v in item["venues"]],
    }


def _print(
    snapshot: Snapshot, question: Question, answer: Row, columns: Sequence[Column], fmt: Format
) -> None:
    """Print an answer as the HTTP interface gives it, as CSV, or as a table of some columns."""
    items: list[Row] = answer["items"]
    if fmt is Format.json:
        more = {name: value for name, value in answer.items() if name != "items"}
        print_json(snapshot, question, items, **more)
    elif fmt is Format.csv:
        sys.stdout.buffer.write(_csv(items, [name for name, *_ in columns]))
    else:
        _table(snapshot, question, answer, columns)


def _csv(items: Sequence[Row], otherwise: Sequence[str]) -> bytes:
    """Write items as CSV, UTF-8 with BOM: parts of an item that are lists of rows are left out."""
    nested = {n for item in items for n, v in item.items() if _is_nested(v)}
    names = [n for n in (items[0] if items else otherwise) if n not in nested]
    return to_csv(names, items)


def _is_nested(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(one, dict) for one in value)
    )


def _table(snapshot: Snapshot, question: Question, answer: Row, columns: Sequence[Column]) -> None:
    m = snapshot.manifest
    caption = (
        f"{question.mode} {question.minutes} min · 截至 as of {m.as_of} · "
        f"快照 snapshot {m.snapshot}\n"
        f"{'、'.join(answer['flags'])} · 数据来源 sources：{'；'.join(s.title for s in m.sources)}"
    )
    items: list[Row] = answer["items"]
    words = {c[0] for c in columns if c[0].endswith(("_zh", "_id"))}
    table = make_table([(zh, en, name not in words) for name, zh, en in columns], caption)
    for item in items[:SHOWN]:
        table.add_row(*(_shown(name, item[name]) for name, *_ in columns))
    out.print(table)
    if len(items) > SHOWN:
        more = len(items) - SHOWN
        out.print(f"另有 {more} 行，见 --format csv · {more} more")


def _shown(name: str, value: object) -> str:
    if value is None:
        return "无数据"
    if name.endswith("_share") and isinstance(value, float):
        return f"{100 * value:.1f}%"
    return value if isinstance(value, str) else f"{value:,}"
