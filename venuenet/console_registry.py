"""What the registry's commands print: what became of every row, questions, histories, receipts."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape

from venuenet.console import make_table, out, print_faults
from venuenet.intake import Result
from venuenet.publish.csv_files import safe_cell
from venuenet.registry.cards import QuestionView
from venuenet.registry.model import OUTCOMES, Row

SHOWN = 40
"""Rows printed; the rest is told and stands in --format csv."""

OUTCOME_NAMES: Mapping[str, tuple[str, str]] = {
    "added": ("新增", "added"),
    "changed": ("更新", "changed"),
    "unchanged": ("未变", "unchanged"),
    "merged": ("并入", "merged"),
    "queued": ("待核对", "queued"),
    "quarantined": ("已隔离", "quarantined"),
    "rejected": ("未采用", "rejected"),
}
_ROWS = (
    ("行", "row", True),
    ("名称", "name", False),
    ("结果", "outcome", False),
    ("编号", "venue", False),
    ("理由", "why", False),
)
_QUESTIONS = (
    ("编号", "id", False),
    ("区", "district", False),
    ("问题", "question", False),
    ("场馆", "venues", False),
    ("理由", "why", False),
    ("可答", "answers", False),
)
_RECEIPTS = (
    ("回执", "receipt", True),
    ("时间", "at", False),
    ("事项", "what", False),
    ("经手人", "who", False),
    ("原因", "why", False),
    ("行数", "rows", False),
)
_FIELDS = (
    ("字段", "field", False),
    ("值", "value", False),
    ("出处", "source", False),
    ("日期", "stated on", False),
    ("其他说法", "others say", False),
)
ROW_COLUMNS = ("file", "sheet", "row", "name", "outcome", "venue_id", "reason_zh", "reason_en")


def print_import(result: Result, *, dry_run: bool) -> None:
    """Print what an import did, or would do; reasons in short, see --format csv for the whole."""
    if result.faults:
        print_faults(result.faults[:SHOWN])
        _more(len(result.faults), "处问题", "faults")
    for file, verdict in result.verdicts.items():
        out.print(f"[bold]{escape(file)}[/] 坐标基准 datum: {verdict.datum or '未定 not settled'}")
        for reason in verdict.reasons:
            out.print(f"  {escape(reason.zh)} · {escape(reason.en)}", highlight=False)
    told = [r for r in result.rows if r.outcome != "unchanged"]
    if told:
        table = make_table(_ROWS, None)
        for r in told[:SHOWN]:
            zh, en = OUTCOME_NAMES[r.outcome]
            why = f"{r.reason.zh.partition('：')[0]}\n{r.reason.en.partition(':')[0]}"
            cells = (str(r.ref.row), _name(r, result), f"{zh} {en}", r.venue_id or "", why)
            table.add_row(*(escape(c) for c in cells))
        out.print(table)
        _more(len(told), "行", "rows")
    counts = result.counts
    parts = [
        f"{OUTCOME_NAMES[o][0]} {counts[o]} {OUTCOME_NAMES[o][1]}" for o in OUTCOMES if o in counts
    ]
    out.print(f"共 {len(result.rows)} 行 rows: " + "，".join(parts))
    if result.missing:
        out.print(
            f"上次有而这次没有的 {len(result.missing)} 行，未作处理 · "
            f"{len(result.missing)} rows of the last edition are gone; nothing was done about them"
        )
    if dry_run:
        out.print("[bold]预演，未写入 · dry run, nothing was written[/]")
    elif result.receipt is None:
        out.print("[bold]没有变化，未写入 · nothing changed, nothing was written[/]")
    else:
        number = result.receipt.number
        out.print(
            f"[bold]回执 receipt {number}[/]；撤销 to undo: venuenet undo {number}；"
            "更新成果 to renew the results: venuenet build"
        )
    if result.questions:
        n = len(result.questions)
        out.print(f"新增待核对问题 {n} 个 · {n} new questions: venuenet review")


def _more(total: int, zh: str, en: str) -> None:
    if total > SHOWN:
        out.print(f"另有 {total - SHOWN} {zh}，见 --format csv 或 json · {total - SHOWN} more {en}")


def _name(row: Row, result: Result) -> str:
    """Return a row's name as its list has it; else its first cell that holds letters."""
    columns = result.columns.get(row.ref.file, {})
    named = (row.raw.get(header, "") for header, field in columns.items() if field == "name_zh")
    return next((v for v in (*named, *row.raw.values()) if any(c.isalpha() for c in v)), "")[:60]


def _flat(row: Row, result: Result) -> dict[str, Any]:
    return {
        "file": row.ref.file,
        "sheet": row.ref.sheet,
        "row": row.ref.row,
        "name": _name(row, result),
        "outcome": row.outcome,
        "venue_id": row.venue_id,
        "reason_zh": row.reason.zh,
        "reason_en": row.reason.en,
    }


def rows_csv(result: Result) -> bytes:
    """Return every row with its outcome as CSV: UTF-8 with a mark, cells that cannot run."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(ROW_COLUMNS)
    for row in result.rows:
        writer.writerow(safe_cell(cell) for cell in _flat(row, result).values())
    return text.getvalue().encode("utf-8-sig")


def import_json(result: Result) -> str:
    """Return an import's whole account as JSON."""
    answer = {
        "receipt": result.receipt.number if result.receipt else None,
        "counts": result.counts,
        "items": [_flat(r, result) for r in result.rows],
        "faults": [
            {"file": f.file, "row": f.row, "column": f.column, "what_zh": f.what_zh,
             "what_en": f.what_en, "mend_zh": f.mend_zh, "mend_en": f.mend_en}
            for f in result.faults
        ],
        "columns": {file: dict(columns) for file, columns in result.columns.items()},
        "datums": {
            file: {"datum": v.datum, "standing": v.standing, "known": v.known,
                   "reasons": [{"zh": r.zh, "en": r.en} for r in v.reasons]}
            for file, v in result.verdicts.items()
        },
        "questions": len(result.questions),
        "missing": [{"key": key, "venue_id": venue_id} for key, venue_id in result.missing],
    }  # fmt: skip
    return json.dumps(answer, ensure_ascii=False, indent=1)


def print_questions(found: Sequence[QuestionView]) -> None:
    """Print open questions as a table."""
    if not found:
        out.print("[green]没有待核对的问题 · nothing to settle[/]")
        return
    table = make_table(_QUESTIONS, None)
    for q in found[:SHOWN]:
        names = "\n".join(f"{v['venue_id']} {v['name_zh']}" for v in q["venues"][:3])
        why = "\n".join(r["zh"] for r in q["reasons"][:4])
        cells = (
            q["id"], q["district_zh"] or "", f"{q['title_zh']}\n{q['title_en']}", names, why,
            " ".join(q["answers"]),
        )  # fmt: skip
        table.add_row(*(escape(c) for c in cells))
    out.print(table)
    _more(len(found), "个问题", "questions")


def print_history(found: Mapping[str, Any]) -> None:
    """Print a venue's fields with their sources, then what happened to it."""
    if found["resolved"] != found["venue_id"]:
        out.print(f"{found['venue_id']} 已并入 is now {found['resolved']}")
    table = make_table(_FIELDS, None)
    for f in found["fields"]:
        others = "\n".join(
            f"{o['value']}（{o['source_title']} {o['stated_on']}）" for o in f["others"]
        )
        cells = (
            f"{f['zh']} {f['en']}", _value(f["value"]), f["source_title"], f["stated_on"], others,
        )  # fmt: skip
        table.add_row(*(escape(c) for c in cells))
    out.print(table)
    for e in found["events"]:
        told = ", ".join(
            f"{k}: {_value(v)}" for k, v in e.items()
            if k in ("venue_id", "merged_into", "asked", "answer", "said")
        )  # fmt: skip
        head = f"回执 {e['receipt']} {e['at'][:16]} {e['kind']} {e['who']}"
        out.print(escape(f"{head} {e['why']} — {told}"), highlight=False)


def _value(value: Any) -> str:  # noqa: ANN401  a claim holds any JSON value
    if isinstance(value, dict):
        return "，".join(f"{k}={v}" for k, v in value.items() if not isinstance(v, list | dict))
    if isinstance(value, list):
        return "、".join(str(v) for v in value)
    return str(value)


def print_receipts(found: Sequence[Mapping[str, Any]]) -> None:
    """Print the registry's receipts as a table."""
    table = make_table(_RECEIPTS, None)
    for r in found:
        state = f"（已由 {r['undone_by']} 撤销 undone）" if r["undone_by"] else ""
        counts = " ".join(f"{k} {v}" for k, v in r["counts"].items() if v)
        cells = (
            str(r["receipt"]), r["at"][:16], f"{r['kind']} {r['title']}{state}", r["who"],
            r["why"], counts,
        )  # fmt: skip
        table.add_row(*(escape(c) for c in cells))
    out.print(table)
