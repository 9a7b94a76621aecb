"""Answers and refusals in the terminal: tables whose numbers are never cut short."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from venuenet.errors import Fault
from venuenet.model import Question
from venuenet.publish.answers import Row, envelope, times_for
from venuenet.publish.geo import describe
from venuenet.publish.how import (
    asked_traveller_words,
    describe_travel,
    is_estimate,
    made_of,
    surface_differs,
    traveller_words,
)
from venuenet.publish.snapshot import Snapshot

GAPS_SHOWN = 40
WIDE = 100
"""Columns from which a table has room for English names too."""

COVERAGE = (
    ("区", "area", False),
    ("人口", "people", True),
    ("已覆盖", "covered", True),
    ("覆盖率", "share", True),
    ("低-高", "low-high", True),
    ("中位", "min", True),
    ("含公交*", "bus*", True),
)
GAPS = (
    ("区", "district", False),
    ("街道乡镇", "township", False),
    ("人口", "people", True),
    ("面积", "km²", True),
    ("原因", "cause", False),
    ("最近场馆", "nearest", False),
    ("分钟", "min", True),
)
QUALITY = (
    ("区", "area", False),
    ("场馆", "venues", True),
    ("无位置", "unplaced", True),
    ("待核实", "to settle", True),
    ("到期", "lapsed", True),
    ("待核对", "review", True),
    ("估计人口", "estimated", True),
)
QUALITY_NUMBERS = (
    "venues",
    "unlocated",
    "unconfirmed",
    "validity_over",
    "questions_open",
    "people_estimated",
)
FAULTS = (
    ("文件", "file", False),
    ("行", "row", True),
    ("列", "column", False),
    ("问题", "what", False),
    ("如何修正", "how to mend", False),
)
out = Console()
err = Console(stderr=True)


def say(text: str) -> None:
    """Print rich markup to stderr, unbroken; escape what comes from outside."""
    err.print(text, highlight=False, soft_wrap=True)


def print_json(
    snapshot: Snapshot, question: Question | None, rows: list[Row], **more: object
) -> None:
    """Print an answer as the HTTP interface gives it."""
    asked = {}
    if question:
        asked = {**describe(question), "travel": describe_travel(snapshot, question)}
    answer = {**envelope(snapshot), **asked, "items": rows, **more}
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, indent=1) + "\n")


def print_coverage(snapshot: Snapshot, question: Question, rows: list[Row]) -> None:
    """Print coverage items as a table."""
    table = make_table(COVERAGE, _caption(snapshot, question))
    wide = out.width >= WIDE
    for r in rows:
        low_high = "无数据" if r["low"] is None else f"{100 * r['low']:.1f}-{_share(r['high'])}"
        table.add_row(
            f"{r['name_zh']} {r['name_en']}" if wide else r["name_zh"],
            _count(r["people"]),
            _count(r["covered"]),
            _share(r["share"]),
            low_high,
            _count(r["median_minutes"]),
            _share(r["with_surface"]["share"]) if "with_surface" in r else "-",
        )
    out.print(table)
    if "with_surface" in rows[0]:
        out.print(
            "* 按直线、内置轨道和假设的地面公交估算，不能与前列相减 · "
            "estimated, with assumed buses: not to be compared with the share"
            if surface_differs(snapshot)
            else "* 按假设计入地面公交，没有公交数据 · an assumption: there is no bus data"
        )


def print_gaps(snapshot: Snapshot, question: Question, rows: list[Row]) -> None:
    """Print the largest gaps as a table."""
    names = snapshot.area.districts.set_index("adcode")["name_zh"]
    table = make_table(GAPS, _caption(snapshot, question))
    for r in rows[:GAPS_SHOWN]:
        table.add_row(
            names[r["adcode"]],
            r["township_zh"],
            _count(r["people"]),
            f"{r['area_km2']:.1f}",
            f"{r['cause_zh']}\n{r['cause_en']}",
            r["nearest_venue_zh"] or "无",
            _count(r["nearest_minutes"]),
        )
    out.print(table)
    if len(rows) > GAPS_SHOWN:
        more = len(rows) - GAPS_SHOWN
        out.print(f"另有 {more} 处，见 --format csv 或 -o · {more} more")


def print_quality(snapshot: Snapshot, rows: list[Row]) -> None:
    """Print the state of the records per district."""
    origin = (
        f"截至 as of {snapshot.manifest.as_of} · 快照 snapshot {snapshot.manifest.snapshot}"
        f"{_traveller(snapshot)}"
    )
    table = make_table(QUALITY, origin)
    for r in rows:
        table.add_row(r["name_zh"], *(f"{r[name]:,}" for name in QUALITY_NUMBERS))
    out.print(table)
    lost = [r for r in rows if r["people_no_street"] is not None]
    if lost:
        off, cut = (sum(r[f"people_{why}"] for r in lost) for why in ("no_street", "no_way"))
        out.print(
            f"所列各区合计：附近没有道路 {off:,} 人，有路但通不到场馆 {cut:,} 人 · "
            f"no street near: {off:,} people; no way to any venue: {cut:,}"
        )
    out.print(
        "待核实场馆逐条见 --format json，由各区科协核实 · "
        "--format json lists each venue to settle; the district's association can"
    )


def print_faults(faults: Sequence[Fault]) -> None:
    """Print an area pack's faults, all of them, to stderr."""
    table = make_table(FAULTS, None)
    for f in faults:
        cells = (
            f.file,
            str(f.row or ""),
            f.column or "",
            f"{f.what_zh}\n{f.what_en}",
            f"{f.mend_zh}\n{f.mend_en}",
        )
        table.add_row(*(escape(c) for c in cells))
    err.print(table)


def make_table(columns: Sequence[tuple[str, str, bool]], caption: str | None) -> Table:
    """Make a table of (zh, en, is a number) columns."""
    table = Table(caption=caption, caption_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for zh, en, number in columns:
        table.add_column(
            f"{zh}\n{en}",
            justify="right" if number else "left",
            no_wrap=number,
            overflow="fold",
        )
    return table


def _caption(snapshot: Snapshot, question: Question) -> str:
    sources = "；".join(s.title for s in snapshot.manifest.sources)
    choices = f" k≥{question.k}" if question.k > 1 else ""
    asked = asked_traveller_words(snapshot, question)
    made = "人口分布与时间为模型估算 modelled"
    times = times_for(snapshot, question)
    if not is_estimate(times):
        made = "人口分布为模型估算 residents modelled · " + " · ".join(made_of(snapshot, times))
    return (
        f"{question.mode} {question.minutes} min{choices}{_named(asked)} · "
        f"截至 as of {snapshot.manifest.as_of} · "
        f"快照 snapshot {snapshot.manifest.snapshot}\n{made} · "
        f"数据来源 sources：{sources}"
    )


def _traveller(snapshot: Snapshot) -> str:
    """Name the traveller, in both languages; nothing for an adult."""
    return _named(traveller_words(snapshot.manifest))


def _named(named: tuple[str, str] | None) -> str:
    return "" if named is None else " · " + " ".join(named)


def _share(value: float | None) -> str:
    return "无数据" if value is None else f"{100 * value:.1f}%"


def _count(value: float | None) -> str:
    return "无数据" if value is None else f"{value:,}"
