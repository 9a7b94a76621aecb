"""Scenarios in the terminal: what they change, alone and side by side."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

from venuenet.console import make_table, out
from venuenet.model import Question
from venuenet.publish.answers import Row
from venuenet.publish.snapshot import Snapshot
from venuenet.scenarios.file import Scenario
from venuenet.scenarios.words import in_words

DELTA = (
    ("区", "area", False),
    ("已覆盖", "covered", True),
    ("变化", "change", True),
    ("覆盖率", "share", True),
    ("情景", "after", True),
    ("变化", "points", True),
    ("情景中位", "min", True),
    ("变化", "change", True),
)


def _caption(snapshot: Snapshot, question: Question) -> str:
    return (
        f"{question.mode} {question.minutes} min · 截至 as of {snapshot.manifest.as_of} · "
        f"快照 snapshot {snapshot.manifest.snapshot}\n"
        "情景为假设，人口分布为模型估算 · a scenario is assumed, residents are modelled"
    )


def print_delta(
    snapshot: Snapshot, after: Snapshot, question: Question, scenario: Scenario, rows: Sequence[Row]
) -> None:
    """Print a delta as a table, under what the scenario changes."""
    out.print(f"[bold]{escape(scenario.name_zh)}[/]")
    for zh, en in in_words(snapshot.area, scenario.edits):
        out.print(f"  {escape(zh)} · {escape(en)}", highlight=False)
    caption = f"{_caption(snapshot, question)} · 情景 scenario {after.manifest.snapshot}"
    table = make_table(DELTA, caption)
    for r in rows:
        before, later, change = r["before"], r["after"], r["change"]
        table.add_row(
            _named(r),
            _count(before["covered"]),
            _signed(change["covered"], ","),
            _share(before["share"]),
            _share(later["share"]),
            _signed(None if change["share"] is None else 100 * change["share"], ".1f"),
            _count(later["median_minutes"]),
            _signed(change["median_minutes"], ".1f"),
        )
    out.print(table)


def print_gap_delta(changed: Row | None) -> None:
    """Print how the people in gaps change, and how many gaps come and go."""
    if changed is None:
        return
    if changed["people_before"] is None:
        out.print("缺口：无数据 · gaps: no data")
        return
    out.print(
        f"缺口人口 people in gaps：{changed['people_before']:,} → {changed['people_after']:,}"
        f"（{changed['people_change']:+,}）；消失 gone {len(changed['gone'])}，"
        f"新增 new {len(changed['new'])}",
        highlight=False,
    )


def print_beside(
    snapshot: Snapshot, question: Question, scenarios: Sequence[Scenario], items: Sequence[Row]
) -> None:
    """Print scenarios side by side: share of people covered, and people more or fewer."""
    columns = [("区", "area", False), ("现状", "today", True)]
    columns += [(f"{i}", "±", True) for i in range(1, len(scenarios) + 1)]
    table = make_table(columns, _caption(snapshot, question))
    for item in items:
        cells = [
            f"{_share(one['after']['share'])}\n{_signed(one['change']['covered'], ',')}"
            for one in item["scenarios"]
        ]
        before = item["before"]
        table.add_row(
            item["name_zh"], f"{_share(before['share'])}\n{_count(before['covered'])}", *cells
        )
    for i, scenario in enumerate(scenarios, 1):
        out.print(f"{i}  {escape(scenario.name_zh)}", highlight=False)
    out.print(table)


def _named(row: Row) -> str:
    """Name an area, and the group; of the whole city the group is enough."""
    area = row["name_zh"] if row["adcode"] or "group_zh" not in row else None
    return " ".join(filter(None, (area, row.get("group_zh"))))


def _share(value: float | None) -> str:
    return "无数据" if value is None else f"{100 * value:.1f}%"


def _count(value: float | None) -> str:
    return "无数据" if value is None else f"{value:,}"


def _signed(value: float | None, form: str) -> str:
    """Write a change with its sign; nothing changed is a plain 0."""
    if value is None:
        return "无数据"
    text = format(value, f"+{form}")
    return "0" if not any(c in "123456789" for c in text) else text
